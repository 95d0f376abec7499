/* The pairs of neighbouring symbols in byte-pair training: how often and where each stands, and which is the
 * most frequent. Private to the room.
 *
 * Counts are kept up to date; the list of a pair's places and the queue may hold what is no longer so, and
 * are checked when they are used. */
#ifndef HNY_TOKENIZER_PAIRS_H
#define HNY_TOKENIZER_PAIRS_H

#include "base/buffer.h"
#include <stdbool.h>
#include <stdint.h>

#define HNY_NO_INDEX UINT32_MAX

/* A character or what merges made of characters. */
struct hny_symbol {
    uint32_t text; /* offset in the symbols' texts */
    uint32_t size; /* bytes */
    uint32_t characters;
};

/* All symbols, found by their text. */
struct hny_symbols {
    struct hny_buffer texts;
    struct hny_symbol *list;
    size_t count, capacity;
    uint32_t *slots; /* open addressing: indices, or HNY_NO_INDEX */
    size_t slot_count;
};

/* The symbol that LEFT's and RIGHT's texts make together, or HNY_NO_INDEX. */
uint32_t hny_symbols_join(const struct hny_symbols *symbols, uint32_t left, uint32_t right);
uint32_t hny_symbols_find(const struct hny_symbols *symbols, const char *text, size_t size);
hny_status hny_symbols_add(struct hny_symbols *symbols, const char *text, size_t size, uint32_t characters);
void hny_symbols_free(struct hny_symbols *symbols); /* back to the zero state */

struct hny_counted_pair {
    uint32_t left, right; /* symbols */
    uint64_t times;
    uint32_t seen;   /* its places, a list in struct hny_pair_queue, or HNY_NO_INDEX */
    uint32_t joined; /* the symbol that both make, or HNY_NO_INDEX while there is none */
    bool grown;      /* its count or rank rose since it was last queued */
};

struct hny_pair_queue {
    const struct hny_symbols *symbols;
    struct hny_counted_pair *pairs;
    size_t count, capacity;
    uint32_t *slots;
    size_t slot_count;
    struct hny_seen {
        uint32_t place, next;
    } * seen;
    size_t seen_count, seen_capacity;
    uint32_t seen_free; /* list of unused ones */
    struct hny_queued {
        uint64_t times;
        uint32_t pair;
    } * heap;
    size_t heap_count, heap_capacity;
    uint32_t *grown;
    size_t grown_count, grown_capacity;
};

void hny_pairs_begin(struct hny_pair_queue *queue, const struct hny_symbols *symbols);
void hny_pairs_free(struct hny_pair_queue *queue);

/* Adds TIMES occurrences of (LEFT, RIGHT), the left one at PLACE. */
hny_status hny_pairs_add(struct hny_pair_queue *queue, uint32_t left, uint32_t right, uint32_t place,
                         uint64_t times);

/* Takes TIMES occurrences of (LEFT, RIGHT) away, which were added before. */
void hny_pairs_remove(struct hny_pair_queue *queue, uint32_t left, uint32_t right, uint64_t times);

/* Says that LEFT and RIGHT, where they are a pair, make the symbol JOINED. */
hny_status hny_pairs_know(struct hny_pair_queue *queue, uint32_t left, uint32_t right, uint32_t joined);

/* The pair to merge next, in *PAIR, or HNY_NO_INDEX: first those that make a symbol known already, then the
 * most frequent; of equal ones the least text of both together in byte order, then the shortest left one.
 * Pairs with fewer than LEAST times are not given. */
hny_status hny_pairs_next(struct hny_pair_queue *queue, uint64_t least, uint32_t *pair);

/* Moves the pair's places to PLACES (grown as needed), in rising order, and their number to *COUNT. */
hny_status hny_pairs_take_places(struct hny_pair_queue *queue, uint32_t pair, uint32_t **places,
                                 size_t *capacity, size_t *count);

#endif
