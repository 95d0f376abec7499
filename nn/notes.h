/* What a shard's pass notes of the gradients of matrices and tables, to be computed when the passes of all
 * shards are through (nn/gradients.h). The gradients of vectors are small: each shard sums its own at once.
 */
#ifndef HNY_NN_NOTES_H
#define HNY_NN_NOTES_H

#include "nn/parameters.h"

/* A share of a tensor's gradient: dyᵀ · x over ROWS rows; or, where IDS is given, row r of dy, times
 * factor[r], for the tensor's row ids[r]. All but the tensor lies in the arena of the shard's compute. */
struct hny_note {
    const struct hny_tensor *tensor;
    size_t rows;
    const hny_real *dy, *x;
    size_t dy_stride, x_stride;
    const int32_t *ids;
    const hny_real *factor; /* NULL: all 1 */
};

struct hny_notes {
    struct hny_note *list;
    size_t count, capacity;
    hny_real *vectors;       /* the gradients of all vectors… */
    const size_t *vector_at; /* …and where each tensor's begin: borrowed */
};

hny_status hny_notes_add(struct hny_notes *notes, const struct hny_note *note);

/* Adds the rows that NOTE, which has ids, says to a whole TABLE, in order. */
void hny_note_add_rows(const struct hny_note *note, hny_real *table);

/* The gradient of VECTOR, to be added to. */
static inline hny_real *hny_notes_vector(const struct hny_notes *notes, const struct hny_tensor *vector) {
    return notes->vectors + notes->vector_at[vector->number];
}

#endif
