/* What the tokenizer's tests share. A failure inside ends the test. */
#ifndef TESTS_TOKENIZER_HELPERS_H
#define TESTS_TOKENIZER_HELPERS_H

#include "tokenizer/tokenizer.h"
#include "tokenizer/trainer.h"

/* A piece in its internal form (a space for ▁); for BPE the score is the rank. */
struct piece {
    const char *text;
    int32_t score;
};

/* A tokenizer with these pieces, of which the first SYMBOLS are user-defined; the list ends with text NULL.
 */
struct hny_tokenizer *tokenizer_of(enum hny_tokenizer_kind kind, const struct piece *pieces, size_t symbols);

/* Trains with OPTIONS on the texts whose LF-terminated lines are given, the list ending with NULL; appends to
 * FILE. */
hny_status train_on(const char *const *texts, const struct hny_tokenizer_options *options, size_t threads,
                    struct hny_buffer *file);

/* The same, parsed. */
struct hny_tokenizer *trained_on(const char *const *texts, const struct hny_tokenizer_options *options);

/* The written pieces of TEXT with a space between them, in a buffer that the next call overwrites. */
const char *pieces_of(const struct hny_tokenizer *tokenizer, const char *text,
                      const struct hny_sampling *sampling);

/* The same with an encoding of that tokenizer's which is open already: making one is slow under a sanitizer.
 */
const char *pieces_with(struct hny_encoding *encoding, const struct hny_tokenizer *tokenizer,
                        const char *text, const struct hny_sampling *sampling);

/* Fails unless decode(encode(TEXT)) is normalise(TEXT), which is its own normal form, valid, and has no
 * control. */
void assert_round_trip(const struct hny_tokenizer *tokenizer, struct hny_encoding *encoding, const char *text,
                       size_t size, const struct hny_sampling *sampling);

/* A repeatable number below LIMIT; *STATE is any start. */
uint32_t next_random(uint64_t *state, uint32_t limit);

/* A few lines in English, German and Japanese. */
extern const char sample_text[];

#endif
