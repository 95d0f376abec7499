/* Sentence pairs drawn at random from an expanded grammar. A pair is a function of grammar, seed and number
 * alone. */
#ifndef HNY_CORPORA_DERIVATION_H
#define HNY_CORPORA_DERIVATION_H

#include "base/buffer.h"
#include "corpora/expansion.h"

/* A sentence of one language, written down and as the words that the grammar made it of. */
struct hny_sentence {
    struct hny_buffer text;  /* "I bought three books." */
    struct hny_buffer words; /* each with a NUL behind it, without punctuation, no capital for the sentence */
    size_t word_count;
};

struct hny_pair {
    struct hny_sentence sides[HNY_GRAMMAR_SIDES];
    bool repeats; /* a word that may come only once came twice: not a pair to keep */
};

struct hny_derivation;
hny_status hny_derivation_create(struct hny_derivation **derivation, const struct hny_expansion *expansion);
void hny_derivation_destroy(struct hny_derivation **derivation); /* nulls; NULL is allowed */

/* Writes pair number INDEX of SEED into *PAIR, whose buffers are reused; zero-initialise it before the first
 * call. */
hny_status hny_derivation_draw(struct hny_derivation *derivation, uint64_t seed, uint64_t index,
                               struct hny_pair *pair);
void hny_pair_free(struct hny_pair *pair); /* back to the zero state */

#endif
