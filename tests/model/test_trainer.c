#include "model/trainer.h"

#include <criterion/criterion.h>

TestSuite(trainer);

static struct hny_trainer *open_trainer(size_t shards, struct hny_model **model,
                                        struct hny_threads **threads) {
    struct hny_config config;
    struct hny_trainer *trainer = NULL;
    hny_config_defaults(&config);
    config.encoder_layers = config.decoder_layers = 2;
    config.hidden = config.embedding = config.readout = 64;
    config.shards = shards;
    cr_assert_eq(hny_model_create(model, &config, 1000, 1000), HNY_OK, "%s", hny_message());
    hny_model_initialise(*model, 1);
    cr_assert_eq(hny_threads_create(threads, 1), HNY_OK);
    cr_assert_eq(hny_trainer_create(&trainer, *model, *threads, HNY_PRECISION_F32), HNY_OK, "%s",
                 hny_message());
    return trainer;
}

/* What a training is told to need beside its weights is what its updates then take, however long the one side
 * and short the other. */
Test(trainer, memory_is_foretold) {
    enum { PAIRS = 600, LONG = 30, SHORT = 6 };
    static int32_t ids[LONG];
    static struct hny_pair pairs[PAIRS];
    const size_t lengths[][2] = {{LONG, SHORT}, {SHORT, LONG}, {LONG, LONG}};
    for (size_t i = 0; i < LONG; i++) ids[i] = (int32_t)(300 + i);
    for (size_t shards = 1; shards <= 2; shards++)
        for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
            struct hny_model *model = NULL;
            struct hny_threads *threads = NULL;
            struct hny_trainer *trainer = open_trainer(shards, &model, &threads);
            size_t fixed, activations, used = 0, source = lengths[l][0], target = lengths[l][1];
            for (size_t p = 0; p < PAIRS; p++) pairs[p] = (struct hny_pair){ids, ids, source, target};
            struct hny_trainer_batch batch = {.pairs = pairs, .count = PAIRS};
            struct hny_loss loss;
            double norm;
            cr_assert_eq(
                hny_trainer_bytes(trainer, PAIRS * (source + 1), PAIRS * (target + 1), &fixed, &activations),
                HNY_OK, "%s", hny_message());
            cr_assert_eq(hny_trainer_update(trainer, &batch, 1, 1, 0.001, &loss, &norm), HNY_OK, "%s",
                         hny_message());
            for (size_t s = 0; s < shards; s++) used += hny_arena_used(trainer->computes[s]->arena);
            double ratio = (double)activations / (double)used;
            cr_assert(ratio > 0.9 && ratio < 1.1, "%zu shards, %zu to %zu words: told %zu, used %zu", shards,
                      source, target, activations, used);
            /* Weights, two means, an average and one gradient, whatever the number of shards. */
            size_t tables = 2 * 1000 * 64, count = model->parameters.count;
            cr_assert_geq(fixed, (5 * count - tables) * sizeof(hny_real));
            hny_trainer_destroy(&trainer);
            hny_model_destroy(&model);
            hny_threads_destroy(&threads);
        }
}

/* The weights after some updates with tables whose gradients are kept WHOLE or by row. */
static hny_real *train(bool whole, struct hny_model **model) {
    enum { PAIRS = 40, LONGEST = 12, UPDATES = 4 };
    static int32_t ids[PAIRS][LONGEST];
    struct hny_pair pairs[PAIRS];
    struct hny_threads *threads = NULL;
    struct hny_config config;
    struct hny_trainer *trainer = NULL;
    hny_config_defaults(&config);
    config.hidden = config.embedding = 48;
    config.source_word_dropout = config.target_word_dropout = 0.1;
    cr_assert_eq(hny_model_create(model, &config, 3000, 3000), HNY_OK, "%s", hny_message());
    hny_model_initialise(*model, 1);
    struct hny_tensor *tables[] = {(*model)->source_embedding.table, (*model)->target_embedding.table};
    for (size_t i = 0; i < 2; i++) {
        cr_assert(tables[i]->lookup && !tables[i]->product);
        tables[i]->lookup = !whole;
        tables[i]->product = whole;
    }
    cr_assert_eq(hny_threads_create(&threads, 2), HNY_OK);
    cr_assert_eq(hny_trainer_create(&trainer, *model, threads, hny_precision_fastest()), HNY_OK, "%s",
                 hny_message());
    for (size_t update = 1; update <= UPDATES; update++) {
        struct hny_trainer_batch batch = {pairs, PAIRS};
        struct hny_loss loss;
        double norm;
        for (size_t p = 0; p < PAIRS; p++) {
            for (size_t i = 0; i < LONGEST; i++)
                ids[p][i] = (int32_t)(300 + (update * 7 + p * 13 + i * i) % 2700);
            pairs[p] = (struct hny_pair){ids[p], ids[PAIRS - 1 - p], 1 + p % LONGEST, LONGEST - p % LONGEST};
        }
        cr_assert_eq(hny_trainer_update(trainer, &batch, 1, update, 0.01, &loss, &norm), HNY_OK, "%s",
                     hny_message());
    }
    hny_trainer_destroy(&trainer);
    hny_threads_destroy(&threads);
    return (*model)->parameters.values;
}

Test(trainer, gradients_kept_by_row_give_the_bytes_of_whole_ones) {
    struct hny_model *whole = NULL, *rows = NULL;
    const hny_real *expected = train(true, &whole), *found = train(false, &rows);
    cr_assert_arr_eq(found, expected, rows->parameters.count * sizeof *found);
    hny_model_destroy(&whole);
    hny_model_destroy(&rows);
}
