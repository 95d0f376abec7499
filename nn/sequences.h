/* How the sentences of a batch lie in memory: time-major without padding. Sentences are sorted by falling
 * length, so step t has the rows of the first alive[t] sentences, and [rows][H] holds all steps one after
 * another. What the comments call [T][B][H] is laid out so: row offset[t] + b is sentence b at step t. */
#ifndef HNY_NN_SEQUENCES_H
#define HNY_NN_SEQUENCES_H

#include "base/memory.h"
#include "base/status.h"

struct hny_sequences {
    size_t batch;   /* sentences */
    size_t steps;   /* length of the longest */
    size_t rows;    /* sum of the lengths */
    size_t *length; /* [batch], falling, each at least 1 */
    size_t *alive;  /* [steps], falling */
    size_t *offset; /* [steps + 1]; offset[steps] = rows */
};

/* Lays out BATCH sentences of the given lengths (falling, else HNY_ERROR_USAGE) in memory of ARENA. */
hny_status hny_sequences_make(struct hny_sequences *sequences, struct hny_arena *arena, const size_t *length,
                              size_t batch);

#endif
