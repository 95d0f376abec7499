/* The gradient of an update: the sum over the shards of its batches, in one block whatever their number.
 *
 * The shards' passes note what the gradients of matrices and tables are made of (nn/notes.h). When all are
 * through, each tensor's gradient is computed from the notes of all shards: work is dealt to the threads by
 * tensors, largest first, and sums go by shard, so that the bytes do not depend on the threads.
 *
 * Of tables that are only looked up (tensor->lookup) there is memory for the rows that this update has looked
 * up alone; the numbers are those that a whole table would hold. */
#ifndef HNY_NN_GRADIENTS_H
#define HNY_NN_GRADIENTS_H

#include "nn/compute.h"

struct hny_gradient_table;

struct hny_gradients {
    const struct hny_parameters *parameters; /* borrowed */
    size_t shards;
    struct hny_notes *notes;            /* [shards] what each shard's compute->notes points to */
    hny_real *block;                    /* as parameters->values, as far as the tensors that are no lookups */
    size_t block_count, vector_count;   /* elements */
    size_t *vector_at;                  /* [tensors] */
    bool *filled;                       /* [tensors] the block holds something of this update */
    struct hny_gradient_table **tables; /* [tensors] NULL but for lookups */
    struct hny_gradient_task *tasks;    /* scratch of hny_gradients_compute */
    size_t task_capacity;
};

/* Lookups have to be the last tensors of PARAMETERS, which must outlive the gradients. */
hny_status hny_gradients_create(struct hny_gradients **gradients, const struct hny_parameters *parameters,
                                size_t shards);
void hny_gradients_destroy(struct hny_gradients **gradients); /* nulls; NULL is allowed */

/* Adds what the notes of all shards say and empties them. COMPUTES: one a thread of THREADS. */
hny_status hny_gradients_compute(struct hny_gradients *gradients, struct hny_compute *const *computes,
                                 struct hny_threads *threads);

/* Adds the shards' vectors to the block: once an update, before its parts are read. */
void hny_gradients_sum_vectors(struct hny_gradients *gradients);

/* COUNT numbers of TENSOR's gradient from its element FIRST on: where they lie, or in SCRATCH [COUNT]. NULL
 * where all are zero. */
const hny_real *hny_gradients_part(const struct hny_gradients *gradients, const struct hny_tensor *tensor,
                                   size_t first, size_t count, hny_real *scratch);

/* Forgets all, notes too: the gradient is zero. */
void hny_gradients_clear(struct hny_gradients *gradients);

/* Memory held while nothing is noted, for reports; a table's rows come to it, of each update's words. */
size_t hny_gradients_bytes(const struct hny_gradients *gradients);

#endif
