/* The normal form of a text: what the tokenizer sees, and what decoding gives back. Private to the room.
 *
 * In this order:
 *  1. Broken UTF-8 is replaced: U+FFFD for each maximal broken part.
 *  2. Every code point meets the written table (normalise.c): controls and invisible marks of layout are
 * dropped, spaces of all kinds become U+0020. U+3000, the ideographic space, is kept: Japanese writes it
 * behind ！ and ？, so it is a sign of its own there (NFKC makes it U+0020). Joiners that change what is seen
 * (U+200C, U+200D) and variation selectors are kept; so is everything that the table does not name.
 *  3. The Unicode normal form (UAX #15): NFC, NFKC or none.
 *  4. A run of spaces becomes one; spaces at the beginning and the end are dropped.
 *
 * The result is valid UTF-8 without controls (so without LF and NUL), and its own normal form. */
#ifndef HNY_TOKENIZER_NORMALISE_H
#define HNY_TOKENIZER_NORMALISE_H

#include "base/buffer.h"
#include "tokenizer/trainer.h"
#include <stdbool.h>
#include <stdint.h>

struct hny_normaliser;
hny_status hny_normaliser_create(struct hny_normaliser **normaliser, enum hny_normal_form form);
void hny_normaliser_destroy(struct hny_normaliser **normaliser); /* nulls; NULL is allowed */

/* What composing needs, kept from text to text so that a warm one allocates nothing. Zero-initialise to
 * begin. */
struct hny_normal_space {
    int32_t *codes;
    size_t capacity;
};
void hny_normal_space_free(struct hny_normal_space *space); /* back to the zero state */

/* Appends the normal form of TEXT (SIZE bytes, any bytes) to OUT. SPACE is one thread's, or NULL. On failure
 * OUT is as it was. */
hny_status hny_normaliser_run(const struct hny_normaliser *normaliser, const char *text, size_t size,
                              struct hny_normal_space *space, struct hny_buffer *out);

/* What the table says of CODE. */
enum hny_character { HNY_CHARACTER_KEEP, HNY_CHARACTER_DROP, HNY_CHARACTER_SPACE };
enum hny_character hny_character(uint32_t code);

#endif
