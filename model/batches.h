/* The order in which training meets a corpus: every epoch in a new order, cut into batches of sentences of
 * like length.
 *
 * An epoch's order is a keyed permutation of the pairs, cut into pools. A pool is tokenised, sorted by target
 * length, then source length, then order; cut into batches; and its batches are taken in a keyed order. All
 * of it is a function of seed, epoch and pool: memory does not grow with the corpus, and a reader put to a
 * position goes on from there as one that came the whole way. */
#ifndef HNY_MODEL_BATCHES_H
#define HNY_MODEL_BATCHES_H

#include "model/corpus.h"

struct hny_batches_options {
    uint64_t seed;
    size_t tokens; /* of a batch at most: target tokens with an end each, and source tokens at most twice as
                      many; a pair that is larger is a batch alone. 0: by sentences */
    size_t sentences;             /* of a batch, where tokens is 0 */
    struct hny_sampling sampling; /* temperature and dropout; its stream is set for each line */
};

/* Where a reader stands: before this batch. Zero is the very beginning. */
struct hny_batch_position {
    uint32_t epoch;
    uint64_t pool;
    uint64_t batch; /* in the order in which the pool's batches are taken */
};

/* One side of a batch, in order of falling length. */
struct hny_batch_side {
    size_t rows;        /* tokens of all sentences */
    size_t *length;     /* [pairs], tokens without begin and end, each at least 1 */
    size_t *begin;      /* [pairs], of each sentence in ids */
    struct hny_ids ids; /* of all sentences, one behind the other */
};

/* The caller's: zero-initialised it holds none. Every batch read into it overwrites the one before. */
struct hny_batch {
    size_t pairs;
    size_t capacity; /* pairs that the arrays have room for; they lie in `numbers` */
    size_t *numbers;
    struct hny_batch_side side[HNY_SIDES];
    size_t *source_of; /* [pairs]: target sentence b translates source sentence source_of[b] */
    size_t *pair;      /* [pairs]: of target sentence b, in the corpus */
    struct hny_batch_position position; /* of this batch */
    struct hny_batch_position after;    /* of the next one: what a checkpoint after this batch keeps */
};
void hny_batch_free(struct hny_batch *batch); /* back to the zero state */

struct hny_batches;

/* CORPUS and THREADS (which tokenise a pool; NULL: the caller alone; the batches are the same) must outlive
 * it. */
hny_status hny_batches_create(struct hny_batches **batches, const struct hny_corpus *corpus,
                              const struct hny_batches_options *options, struct hny_threads *threads);
void hny_batches_destroy(struct hny_batches **batches); /* nulls; NULL is allowed */

/* Goes to POSITION. One that no batch has is HNY_ERROR_INPUT (at hny_batches_next where the pool has fewer
 * batches): it comes from another corpus or other options. */
hny_status hny_batches_seek(struct hny_batches *batches, struct hny_batch_position position);

/* Reads the next batch; behind the last of an epoch comes the first of the next. Not from two threads at
 * once, but from another thread than the one that works on the batch before. On failure BATCH may be half
 * filled and the position is as it was. */
hny_status hny_batches_next(struct hny_batches *batches, struct hny_batch *batch);

uint64_t hny_batches_pools(const struct hny_batches *batches); /* of an epoch */

/* Bounds that no batch passes, whatever is drawn. Ends are counted in the rows of both sides. */
struct hny_batch_bounds {
    size_t pairs;
    size_t rows[HNY_SIDES];
    size_t steps[HNY_SIDES]; /* the longest sentence */
};
void hny_batches_bounds(const struct hny_batches *batches, struct hny_batch_bounds *bounds);

#endif
