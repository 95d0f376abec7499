/* The two ways to learn pieces from segments. Private to the room. */
#ifndef HNY_TOKENIZER_LEARN_H
#define HNY_TOKENIZER_LEARN_H

#include "base/threads.h"
#include "tokenizer/segments.h"
#include "tokenizer/vocabulary.h"

/* What both get and give. */
struct hny_learning {
    const struct hny_segments *segments;
    const struct hny_characters *characters; /* all of them become pieces */
    const struct hny_tokenizer_options *options;
    struct hny_threads *threads;
    size_t target; /* pieces wanted, at least the characters' number; fewer where the text has no more */
    struct hny_piece *pieces; /* [target], to be filled in order of ids */
    size_t count;
    char *texts; /* what pieces point into; the caller frees it */
};

/* Unigram language model by expectation maximisation and pruning (Kudo 2018, section 3.2). */
hny_status hny_learn_unigram(struct hny_learning *learning);

/* Byte-pair encoding (Sennrich et al. 2016): the most frequent pair of neighbours becomes a piece, again and
 * again. */
hny_status hny_learn_bpe(struct hny_learning *learning);

#endif
