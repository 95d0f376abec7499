/* One update of the weights from batches of pairs, and the loss of held-out pairs, over a team of threads.
 * Which batches come when, and what is kept of it, is model/train.h's. */
#ifndef HNY_MODEL_TRAINER_H
#define HNY_MODEL_TRAINER_H

#include "model/pass.h"
#include "nn/gradients.h"
#include "nn/optimiser.h"

/* A batch is dealt into config.shards parts, whatever the number of threads. What the weights become depends
 * on the shards, not on the threads. */
struct hny_trainer_part;
struct hny_trainer {
    struct hny_model *model;         /* borrowed */
    struct hny_threads *threads;     /* borrowed */
    struct hny_optimiser *optimiser; /* owned, as what follows */
    size_t shards;
    struct hny_compute **computes; /* [shards] */
    struct hny_gradients *gradients;
    struct hny_trainer_part *parts; /* [shards] */
    bool averaged;                  /* the model's values and the optimiser's average have changed places */
};

/* Prepares MODEL's products for training in PRECISION and packs its weights. THREADS are at most as many as
 * the shards: HNY_ERROR_USAGE. */
hny_status hny_trainer_create(struct hny_trainer **trainer, struct hny_model *model,
                              struct hny_threads *threads, enum hny_precision precision);
void hny_trainer_destroy(struct hny_trainer **trainer); /* nulls; NULL is allowed */

struct hny_trainer_batch {
    const struct hny_pair *pairs;
    size_t count;
};

/* Update number UPDATE (from 1; it keys dropout) from COUNT batches together, with learning rate RATE. *LOSS
 * is theirs, *NORM the gradient's before clipping. HNY_ERROR_NUMERIC: the gradient is not finite, and the
 * weights are as before.
 */
hny_status hny_trainer_update(struct hny_trainer *trainer, const struct hny_trainer_batch *batches,
                              size_t count, uint64_t update, double rate, struct hny_loss *loss,
                              double *norm);

/* Adds the unsmoothed loss of COUNT pairs under the model's current values, without dropout. HNY_INTERRUPTED
 * where a stop was requested meanwhile. */
hny_status hny_trainer_evaluate(struct hny_trainer *trainer, const struct hny_pair *pairs, size_t count,
                                struct hny_loss *loss);

/* Puts the averaged weights in the model's place (AVERAGED true), or the trained ones back, and packs them.
 * Without averaging it does nothing. */
hny_status hny_trainer_average(struct hny_trainer *trainer, bool averaged);

/* Bytes that training needs while batches have at most SOURCE_ROWS and TARGET_ROWS words, ends counted:
 * weights, gradients, optimiser, packed weights (all *FIXED), and the activations, estimated from three small
 * batches that are run (their gradients are thrown away): what a shard, a source row and a target row take.
 */
hny_status hny_trainer_bytes(struct hny_trainer *trainer, size_t source_rows, size_t target_rows,
                             size_t *fixed, size_t *activations);

#endif
