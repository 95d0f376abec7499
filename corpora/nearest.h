/* A memory of training pairs: the translation of a sentence is that of the training sentence most like it.
 * What it scores is what can be had without learning to translate, so a corpus is worth learning from as far
 * as it scores low. */
#ifndef HNY_CORPORA_NEAREST_H
#define HNY_CORPORA_NEAREST_H

#include "base/status.h"
#include <stddef.h>

/* Likenesses of two sentences, several because none is the strongest on every corpus. Ties go to the earlier
 * pair. */
enum hny_likeness {
    HNY_LIKENESS_WORDS,      /* shared words, of all words of both (Jaccard) */
    HNY_LIKENESS_RARE_WORDS, /* the same, a word weighing the logarithm of how rare it is */
    HNY_LIKENESS_PHRASES,    /* cosine of the words and word pairs, by rarity */
    HNY_LIKENESS_NGRAMS,     /* cosine of n-grams of 1 to 4 words, all alike: what BLEU counts */
    HNY_LIKENESS_LETTERS,    /* cosine of runs of 4 bytes, by rarity */
    HNY_LIKENESS_EDITS,      /* fewest words inserted, deleted or replaced, by the longer sentence */
    HNY_LIKENESSES,
};

const char *hny_likeness_name(enum hny_likeness likeness);

/* NUL-terminated sentences. */
struct hny_sentences {
    const char *const *texts; /* [count] */
    size_t count;
};

/* Sets NEAREST [QUERIES.count] to the index in MEMORY (of at least one sentence) of the sentence most like
 * each query. */
hny_status hny_nearest(enum hny_likeness likeness, struct hny_sentences memory, struct hny_sentences queries,
                       size_t *nearest);

#endif
