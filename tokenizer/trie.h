/* A double-array trie over byte strings (Aoe 1989, with the exclusive-or addressing of Yata's darts-clone):
 * the child of a node by byte B lies in unit base ^ B, so a step is one memory access. Private to the room.
 *
 * Keys hold no NUL byte: label 0 marks an empty unit. */
#ifndef HNY_TOKENIZER_TRIE_H
#define HNY_TOKENIZER_TRIE_H

#include "base/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HNY_TRIE_VALUE_LIMIT ((uint32_t)1 << 24) /* values are 1…LIMIT-1 */

struct hny_trie_unit {
    uint32_t base;   /* where the children lie; a base without children leads to empty units */
    uint32_t tagged; /* value << 8 | label; value 0 where no key ends here */
};

struct hny_trie {
    struct hny_trie_unit *units; /* a multiple of 256 of them, so every base ^ byte is inside */
    size_t count;
    uint32_t root; /* base of the root */
};

struct hny_trie_key {
    const char *text;
    uint32_t size; /* at least 1 */
    uint32_t value;
};

/* Builds *TRIE from COUNT keys, sorted by hny_trie_key_order, all different. */
hny_status hny_trie_build(struct hny_trie *trie, const struct hny_trie_key *keys, size_t count);
void hny_trie_free(struct hny_trie *trie); /* back to the zero state; allowed on it */

/* Orders keys by their bytes: a comparison for qsort. */
int hny_trie_key_order(const void *left, const void *right);

/* Steps from the node whose base is *BASE by BYTE: false where no key goes on, else *BASE is the child's and
 * *VALUE that of the key that ends there, or 0. */
static inline bool hny_trie_step(const struct hny_trie *trie, uint32_t *base, unsigned char byte,
                                 uint32_t *value) {
    const struct hny_trie_unit *unit = &trie->units[*base ^ byte];
    uint32_t tagged = unit->tagged;
    if ((unsigned char)tagged != byte) return false;
    *base = unit->base;
    *value = tagged >> 8;
    return true;
}

/* The bytes of the longest key that TEXT (SIZE bytes) begins with, 0 where there is none; its value in
 * *VALUE. */
size_t hny_trie_longest(const struct hny_trie *trie, const char *text, size_t size, uint32_t *value);

/* The value of the key TEXT (SIZE bytes without NUL), 0 where there is none. */
uint32_t hny_trie_find(const struct hny_trie *trie, const char *text, size_t size);

#endif
