#include "tests/bench/updates.h"

#include "base/progress.h"
#include "base/random.h"
#include "tests/bench/limit.h"
#include <stdlib.h>

const struct bench_shape bench_shapes[BENCH_SHAPES] = {{"2+2×512 V 8000", 2, 512, 8000, 1120},
                                                       {"2+2×512 V 8000", 2, 512, 8000, 4096},
                                                       {"4+4×1024 V 32000", 4, 1024, 32000, 1120}};

struct hny_model *bench_model(const struct bench_shape *shape) {
    struct hny_config config;
    struct hny_model *model = NULL;
    hny_config_defaults(&config);
    config.encoder_layers = config.decoder_layers = shape->layers;
    config.hidden = config.embedding = config.readout = shape->hidden;
    bench_demand(hny_model_create(&model, &config, shape->vocabulary, shape->vocabulary) == HNY_OK, "model");
    hny_model_initialise(model, 1);
    return model;
}

static int compare_pairs(const void *left, const void *right) {
    const struct hny_pair *a = left, *b = right;
    if (a->target_length != b->target_length) return a->target_length > b->target_length ? -1 : 1;
    return a->source_length > b->source_length ? -1 : a->source_length < b->source_length;
}

void bench_pool_fill(struct bench_pool *pool, const struct bench_shape *shape) {
    const size_t words = sizeof pool->words / sizeof *pool->words;
    struct hny_random stream = hny_random_stream(1, HNY_RANDOM_CORPUS, 0, 0);
    for (size_t i = 0; i < words; i++)
        pool->words[i] = (int32_t)(4 + hny_random_word(&stream, i) % (shape->vocabulary - 4));
    for (size_t i = 0; i < PAIRS; i++) {
        const unsigned char *length = length_pairs[i % LENGTH_PAIRS];
        pool->pairs[i] = (struct hny_pair){pool->words + i * 7 % (words - 256),
                                           pool->words + i * 13 % (words - 256), length[0], length[1]};
    }
    qsort(pool->pairs, PAIRS, sizeof *pool->pairs, compare_pairs);
    pool->count = 0;
    for (size_t first = 0, size; first < PAIRS; first += size) {
        size_t tokens = 0;
        for (size = 0; first + size < PAIRS; size++) {
            tokens += pool->pairs[first + size].target_length + 1;
            if (tokens > shape->batch_tokens && size > 0) break;
        }
        pool->batches[pool->count++] = (struct hny_trainer_batch){pool->pairs + first, size};
    }
    for (size_t i = pool->count - 1; i > 0; i--) { /* short and long ones in turn */
        size_t other = hny_random_word(&stream, words + i) % (i + 1);
        struct hny_trainer_batch batch = pool->batches[i];
        pool->batches[i] = pool->batches[other];
        pool->batches[other] = batch;
    }
}

double bench_updates(struct hny_trainer *trainer, const struct bench_pool *pool, size_t first, size_t count,
                     double *tokens) {
    double begin = hny_seconds();
    for (size_t i = first; i < first + count; i++) {
        struct hny_loss loss;
        double norm;
        bench_demand(hny_trainer_update(trainer, &pool->batches[i % pool->count], 1, i + 1, 1e-4, &loss,
                                        &norm) == HNY_OK,
                     "update");
        *tokens += (double)loss.tokens;
    }
    return hny_seconds() - begin;
}
