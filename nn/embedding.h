/* A table of vectors, one an id. */
#ifndef HNY_NN_EMBEDDING_H
#define HNY_NN_EMBEDDING_H

#include "nn/compute.h"

struct hny_embedding {
    size_t vocabulary;
    size_t width;
    struct hny_tensor *table; /* [vocabulary][width] */
    uint32_t number;          /* keys the masks of word dropout */
};

/* x[rows][width] = table[ids[rows]], ids inside the vocabulary. While training, a word's row is zero with
 * probability WORD_DROPOUT (Gal & Ghahramani 2016; the others scaled by 1 / (1 - p)). */
void hny_embedding_forward(const struct hny_embedding *embedding, struct hny_compute *compute, size_t rows,
                           const int32_t *ids, double word_dropout, hny_real *x);

/* Adds dx [rows][width] to the table's gradient, in row order, under the same mask. */
hny_status hny_embedding_backward(const struct hny_embedding *embedding, struct hny_compute *compute,
                                  size_t rows, const int32_t *ids, double word_dropout, const hny_real *dx);

#endif
