/* Updates to measure: a model of a given shape, and batches as training makes them, of one length, by target
 * words. Lengths are those of real captions (lengths.h), the words drawn. */
#ifndef HNY_TESTS_BENCH_UPDATES_H
#define HNY_TESTS_BENCH_UPDATES_H

#include "model/trainer.h"
#include "tests/bench/lengths.h"

struct bench_shape {
    const char *name;
    size_t layers, hidden, vocabulary, batch_tokens;
};
enum { BENCH_SHAPES = 3 };
extern const struct bench_shape
    bench_shapes[BENCH_SHAPES]; /* the small model, with larger batches, the large */

struct hny_model *bench_model(const struct bench_shape *shape);

enum { COPIES = 8, PAIRS = COPIES * LENGTH_PAIRS };

struct bench_pool {
    struct hny_pair pairs[PAIRS];
    struct hny_trainer_batch batches[PAIRS];
    size_t count;
    int32_t words[4096];
};

void bench_pool_fill(struct bench_pool *pool, const struct bench_shape *shape);

/* COUNT updates with the batches from FIRST on; adds their target words to *TOKENS and returns the seconds.
 */
double bench_updates(struct hny_trainer *trainer, const struct bench_pool *pool, size_t first, size_t count,
                     double *tokens);

#endif
