/* What a thread computes with: its products, its scratch memory, where gradients go, and what the random
 * masks of this pass are keyed by. One for each shard of a batch; everything a pass allocates comes from the
 * arena, which the owner resets between passes. */
#ifndef HNY_NN_COMPUTE_H
#define HNY_NN_COMPUTE_H

#include "base/memory.h"
#include "base/random.h"
#include "nn/parameters.h"

struct hny_compute {
    struct hny_products *products;
    struct hny_arena *arena;
    const struct hny_parameters *parameters;
    enum hny_precision precision; /* of the weight gradients' products */
    hny_real *gradients;          /* a block like parameters->values, or NULL where none are wanted */
    bool training;                /* dropout is on */
    uint64_t seed;
    uint32_t update; /* keys the masks, with the shard and the layer's number */
    uint32_t shard;  /* counts through the micro-batches of the update too */
};

/* COUNT reals from the arena, or NULL with a message. _zeroed: all zero. */
hny_real *hny_compute_take(struct hny_compute *compute, size_t rows, size_t columns);
hny_real *hny_compute_zeroed(struct hny_compute *compute, size_t rows, size_t columns);

/* The values and the gradient of TENSOR. */
static inline const hny_real *hny_compute_values(const struct hny_compute *compute,
                                                 const struct hny_tensor *tensor) {
    return compute->parameters->values + tensor->offset;
}
static inline hny_real *hny_compute_gradient(const struct hny_compute *compute,
                                             const struct hny_tensor *tensor) {
    return compute->gradients + tensor->offset;
}

#endif
