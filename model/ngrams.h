/* N-grams of two or more sequences counted against each other, without hashing away any difference: the
 * counts are exact. For model/bleu.h and model/chrf.h; it knows numbers only, not what they stand for. */
#ifndef HNY_MODEL_NGRAMS_H
#define HNY_MODEL_NGRAMS_H

#include "base/status.h"
#include <stddef.h>
#include <stdint.h>

/* A sequence of symbols: words by their numbers, or characters by their code points. Zero-initialise to
 * begin. */
struct hny_ngram_symbols {
    uint32_t *values; /* [size] */
    size_t size;
    size_t capacity;
};

hny_status hny_ngram_symbols_append(struct hny_ngram_symbols *symbols, uint32_t value);
void hny_ngram_symbols_clear(struct hny_ngram_symbols *symbols); /* size 0, memory kept */
void hny_ngram_symbols_free(struct hny_ngram_symbols *symbols);  /* back to the zero state */

/* A workspace, kept from sentence to sentence so that a warm one allocates nothing. */
struct hny_ngrams;

struct hny_ngrams *hny_ngrams_create(void);          /* NULL with a message on failure */
void hny_ngrams_destroy(struct hny_ngrams **ngrams); /* nulls the pointer; NULL is allowed */

/* Writes the number of a word to *NUMBER: the same bytes, the same number, until hny_ngrams_next is called.
 * TEXT is copied. */
hny_status hny_ngrams_word(struct hny_ngrams *ngrams, const char *text, size_t size, uint32_t *number);

/* To be called between sentences: words may be forgotten, so that memory is bounded on any corpus. */
void hny_ngrams_next(struct hny_ngrams *ngrams);

/* Counts, for each n from 1 to ORDERS, the n-grams of HYPOTHESIS that a reference has too, each at most as
 * often as in the reference of REFERENCES [COUNT] that has it most often (clipped counts, Papineni et al.,
 * ACL 2002). Writes MATCHES [ORDERS]; on failure its content is undefined. */
hny_status hny_ngrams_match(struct hny_ngrams *ngrams, const struct hny_ngram_symbols *hypothesis,
                            const struct hny_ngram_symbols *references, size_t count, size_t orders,
                            uint64_t *matches);

/* How many n-grams a sequence of SIZE symbols has. */
static inline uint64_t hny_ngrams_total(size_t size, size_t n) {
    return size < n ? 0 : size - n + 1;
}

#endif
