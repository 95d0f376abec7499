/* What a thread computes with: its products, its scratch memory, where gradients go, and what the random
 * masks of this pass are keyed by. One for each shard of a batch; everything a pass allocates comes from the
 * arena, which the owner resets between passes. */
#ifndef HNY_NN_COMPUTE_H
#define HNY_NN_COMPUTE_H

#include "base/memory.h"
#include "base/random.h"
#include "nn/notes.h"

struct hny_compute {
    struct hny_products *products;
    struct hny_arena *arena;
    const struct hny_parameters *parameters;
    enum hny_precision precision; /* of the weight gradients' products */
    /* Where gradients go: to a block like parameters->values, or to notes of them. Both NULL: none are
     * wanted. */
    hny_real *gradients;
    struct hny_notes *notes;
    bool training; /* dropout is on */
    uint64_t seed;
    uint32_t update; /* keys the masks, with the shard and the layer's number */
    uint32_t shard;  /* counts through the micro-batches of the update too */
};

/* COUNT reals from the arena, or NULL with a message. _zeroed: all zero. */
hny_real *hny_compute_take(struct hny_compute *compute, size_t rows, size_t columns);
hny_real *hny_compute_zeroed(struct hny_compute *compute, size_t rows, size_t columns);

static inline bool hny_compute_wants_gradients(const struct hny_compute *compute) {
    return compute->gradients || compute->notes;
}

/* The values of TENSOR, and the gradient of a vector (without notes, of any tensor), to be added to. */
static inline const hny_real *hny_compute_values(const struct hny_compute *compute,
                                                 const struct hny_tensor *tensor) {
    return compute->parameters->values + tensor->offset;
}
static inline hny_real *hny_compute_gradient(const struct hny_compute *compute,
                                             const struct hny_tensor *tensor) {
    return compute->notes ? hny_notes_vector(compute->notes, tensor) : compute->gradients + tensor->offset;
}

/* Adds dyᵀ · x over ROWS rows to the gradient of MATRIX [out][in]; or notes it, and then dy and x have to
 * stay until the notes are computed. */
hny_status hny_compute_weight_gradient(struct hny_compute *compute, const struct hny_tensor *matrix,
                                       size_t rows, const hny_real *dy, size_t dy_stride, const hny_real *x,
                                       size_t x_stride);

/* Adds dx [rows][width], each row r times FACTOR[r] (all 1 where FACTOR is NULL), to the rows IDS of the
 * gradient of TABLE [vocabulary][width], in order; or notes it, as above. */
hny_status hny_compute_row_gradient(struct hny_compute *compute, const struct hny_tensor *table, size_t rows,
                                    const int32_t *ids, const hny_real *factor, const hny_real *dx);

#endif
