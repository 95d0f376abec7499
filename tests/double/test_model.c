/* The whole translator, from ids to the loss and back to every tensor. */
#include "model/pass.h"

#include "base/random.h"
#include "nn/gradients.h"
#include "tests/double/gradient_check.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EXPECT_OK(expression) cr_assert_eq((expression), HNY_OK, "%s", hny_message())

enum { VOCABULARY = 9, PAIRS = 4, LONGEST = 6, MOST_TENSORS = 64 };

/* Both sides are sorted by length, each into an order of its own. */
static const int32_t first_source[] = {4, 7, 5}, first_target[] = {8, 5, 4, 6, 5};
static const int32_t second_source[] = {6, 6, 8, 5, 4}, second_target[] = {7};
static const int32_t third_source[] = {5}, third_target[] = {4, 4, 8};
static const int32_t fourth_source[] = {8, 4, 7}, fourth_target[] = {6, 7};
static const struct hny_pair pairs[PAIRS] = {{first_source, first_target, 3, 5},
                                             {second_source, second_target, 5, 1},
                                             {third_source, third_target, 1, 3},
                                             {fourth_source, fourth_target, 3, 2}};

struct translator {
    struct hny_model *model;
    struct hny_compute *compute;
    hny_real *gradients;
};

/* SETTINGS: "name=value" separated by spaces, over small and lively standard values. */
static void make(struct translator *translator, const char *settings) {
    static const char standard[] = "hidden=4 embedding=4 initial=uniform initial_scale=0.6 bias_scale=0.3 "
                                   "label_smoothing=0.1 dropout=0 seed=3 ";
    struct hny_config config;
    char text[512], *rest = text;
    hny_config_defaults(&config);
    cr_assert((size_t)snprintf(text, sizeof text, "%s%s", standard, settings) < sizeof text);
    for (char *word; (word = strsep(&rest, " "));) {
        if (*word == '\0') continue;
        char *value = strchr(word, '=');
        *value++ = '\0';
        EXPECT_OK(hny_config_set(&config, word, value));
    }
    EXPECT_OK(hny_model_create(&translator->model, &config, VOCABULARY, VOCABULARY));
    hny_model_initialise(translator->model, 3);
    struct hny_parameters *parameters = &translator->model->parameters;
    EXPECT_OK(hny_parameters_prepare(parameters, HNY_PRECISION_F32, true));
    EXPECT_OK(hny_parameters_pack(parameters, NULL));
    EXPECT_OK(hny_model_compute_create(&translator->compute, translator->model, HNY_PRECISION_F32));
    translator->compute->training = true;
    translator->gradients = hny_allocate(parameters->count, sizeof *translator->gradients);
    cr_assert_not_null(translator->gradients);
}

static void unmake(struct translator *translator) {
    free(translator->gradients);
    hny_compute_destroy(&translator->compute);
    hny_model_destroy(&translator->model);
}

/* The smoothed loss of all pairs; the gradients' block is zeroed before. */
static hny_status examine(void *context, bool gradients, double *value) {
    struct translator *translator = context;
    size_t count = translator->model->parameters.count;
    struct hny_loss loss = {0};
    hny_real *block = gradients ? translator->gradients : hny_allocate(count, sizeof *block);
    cr_assert_not_null(block);
    memset(block, 0, count * sizeof *block);
    translator->compute->gradients = block; /* or the loss would be the unsmoothed one */
    hny_status status = hny_parameters_pack(&translator->model->parameters, NULL);
    if (status == HNY_OK)
        status = hny_model_pass(translator->model, translator->compute, pairs, PAIRS, &loss, NULL);
    if (!gradients) free(block);
    *value = loss.smoothed;
    return status;
}

static void check(const char *settings) {
    struct translator translator;
    struct gradient_block blocks[MOST_TENSORS];
    struct gradient_report report;
    make(&translator, settings);
    const struct hny_parameters *parameters = &translator.model->parameters;
    cr_assert(parameters->tensor_count <= MOST_TENSORS);
    for (size_t i = 0; i < parameters->tensor_count; i++) {
        const struct hny_tensor *tensor = parameters->tensors[i];
        blocks[i] = (struct gradient_block){.name = tensor->name,
                                            .values = parameters->values + tensor->offset,
                                            .gradient = translator.gradients + tensor->offset,
                                            .count = tensor->count};
    }
    hny_status status = gradient_check(examine, &translator, blocks, parameters->tensor_count, 20, &report);
    cr_assert_eq(status, HNY_OK, "%s: %s", settings, hny_message());
    unmake(&translator);
}

#define ALL_DROPOUTS " dropout=0.2 recurrent_dropout=0.2 source_word_dropout=0.2 target_word_dropout=0.2"

Test(model, gradients_of_the_whole_are_those_of_finite_differences) {
    static const char *const settings[] = {
        "",
        "tie=two",
        "tie=three",
        "tie=three" ALL_DROPOUTS,
        "tie=three cell=gru readout=4 decoder_layers=1 encoder_layers=1 heads=2" ALL_DROPOUTS,
        "cell=rnn encoder_layers=3 decoder_layers=3 bidirectional=true" ALL_DROPOUTS,
        "encoder_layers=3 decoder_layers=3 hidden=6 layer_norm=true" ALL_DROPOUTS,
        "encoder_layers=3 decoder_layers=3 residual=2" ALL_DROPOUTS,
        "decoder_start=false source_end=false hidden=8 embedding=3 readout=5 heads=4 "
        "label_smoothing=0" ALL_DROPOUTS,
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) check(settings[i]);
}

Test(model, the_gradient_of_a_batch_is_the_sum_of_its_sentences) {
    struct translator translator;
    double loss;
    make(&translator, "tie=three layer_norm=true encoder_layers=3 decoder_layers=3");
    EXPECT_OK(examine(&translator, true, &loss));
    size_t count = translator.model->parameters.count;
    hny_real *sum = hny_allocate(count, sizeof *sum), largest = 0;
    struct hny_loss apart = {0};
    cr_assert_not_null(sum);
    translator.compute->gradients = sum;
    for (size_t i = 0; i < PAIRS; i++)
        EXPECT_OK(hny_model_pass(translator.model, translator.compute, &pairs[i], 1, &apart, NULL));
    cr_assert(fabs(apart.smoothed - loss) < 1e-12);
    for (size_t k = 0; k < count; k++) {
        largest = fmax(largest, fabs(sum[k]));
        cr_assert(fabs(sum[k] - translator.gradients[k]) < 1e-12, "%g, not %g", translator.gradients[k],
                  sum[k]);
    }
    cr_assert(largest > 0.1);
    free(sum);
    unmake(&translator);
}

/* More words than logits are made for at a time. */
Test(model, the_gradient_of_a_large_batch_is_the_sum_of_its_parts) {
    enum { TIMES = 30 };
    struct hny_pair many[TIMES * PAIRS];
    struct translator translator;
    double loss;
    make(&translator, "tie=two");
    EXPECT_OK(examine(&translator, true, &loss));
    size_t count = translator.model->parameters.count;
    hny_real *sum = hny_allocate(count, sizeof *sum);
    struct hny_loss all = {0};
    cr_assert_not_null(sum);
    for (size_t i = 0; i < TIMES * PAIRS; i++) many[i] = pairs[i % PAIRS];
    translator.compute->gradients = sum;
    EXPECT_OK(hny_model_pass(translator.model, translator.compute, many, TIMES * PAIRS, &all, NULL));
    cr_assert_gt(all.tokens, 256);
    cr_assert(fabs(all.smoothed - TIMES * loss) < 1e-10);
    for (size_t k = 0; k < count; k++) cr_assert(fabs(sum[k] - TIMES * translator.gradients[k]) < 1e-10);
    free(sum);
    unmake(&translator);
}

/* The pairs dealt out to shards that note their gradients. */
static void run_shards(struct translator *translator, struct hny_gradients *gradients,
                       struct hny_compute **computes, size_t shards, struct hny_threads *threads) {
    struct hny_pass *passes[PAIRS];
    struct hny_loss loss = {0};
    for (size_t s = 0; s < shards; s++) {
        computes[s]->notes = &gradients->notes[s];
        computes[s]->training = true;
        size_t first = s * PAIRS / shards, end = (s + 1) * PAIRS / shards;
        EXPECT_OK(hny_pass_begin(translator->model, computes[s], pairs + first, end - first, &passes[s]));
    }
    for (bool more = true; more;) {
        more = false;
        for (size_t s = 0; s < shards; s++) {
            bool mine;
            EXPECT_OK(hny_pass_words(passes[s], &loss, &mine));
            more = more || mine;
        }
        EXPECT_OK(hny_gradients_compute(gradients, computes, threads));
    }
    for (size_t s = 0; s < shards; s++) EXPECT_OK(hny_pass_end(passes[s]));
    EXPECT_OK(hny_gradients_compute(gradients, computes, threads));
    hny_gradients_sum_vectors(gradients);
}

static void check_shards(const char *settings, size_t shards) {
    struct translator translator;
    struct hny_gradients *gradients = NULL;
    struct hny_threads *threads = NULL;
    struct hny_compute *computes[PAIRS] = {NULL};
    double loss;
    make(&translator, settings);
    const struct hny_parameters *parameters = &translator.model->parameters;
    EXPECT_OK(examine(&translator, true, &loss));
    EXPECT_OK(hny_threads_create(&threads, shards < 2 ? 1 : 2));
    EXPECT_OK(hny_gradients_create(&gradients, parameters, shards));
    for (size_t s = 0; s < shards; s++)
        EXPECT_OK(hny_model_compute_create(&computes[s], translator.model, HNY_PRECISION_F32));
    for (int update = 0; update < 2; update++) { /* the second finds what the first left */
        hny_gradients_clear(gradients);
        run_shards(&translator, gradients, computes, shards, threads);
        for (size_t t = 0; t < parameters->tensor_count; t++) {
            const struct hny_tensor *tensor = parameters->tensors[t];
            for (size_t first = 0, some = 3; first < tensor->count; first += some) {
                hny_real scratch[3];
                if (tensor->count - first < some) some = tensor->count - first;
                const hny_real *part = hny_gradients_part(gradients, tensor, first, some, scratch);
                for (size_t k = 0; k < some; k++) {
                    hny_real expected = translator.gradients[tensor->offset + first + k];
                    cr_assert(fabs((part ? part[k] : 0) - expected) < 1e-12, "%s, %zu shards, %s: %g, not %g",
                              settings, shards, tensor->name, part ? part[k] : 0, expected);
                }
            }
        }
    }
    for (size_t s = 0; s < shards; s++) hny_compute_destroy(&computes[s]);
    hny_gradients_destroy(&gradients);
    hny_threads_destroy(&threads);
    unmake(&translator);
}

Test(model, gradients_noted_by_shards_are_those_of_one_pass) {
    static const char *const settings[] = {
        "",
        "tie=two cell=gru readout=4 decoder_layers=1",
        "tie=three encoder_layers=3 decoder_layers=3",
        "cell=rnn layer_norm=true heads=2 readout=6",
        "cell=gru layer_norm=true decoder_start=false",
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        for (size_t shards = 1; shards <= PAIRS; shards++) check_shards(settings[i], shards);
}

/* log_probability[i] of pair i, in TABLE. */
static void word_scores(struct translator *translator, const struct hny_pair *some, size_t count,
                        hny_real table[][LONGEST], struct hny_loss *loss) {
    hny_real *rows[PAIRS];
    for (size_t i = 0; i < count; i++) rows[i] = table[i];
    translator->compute->training = false;
    translator->compute->gradients = NULL;
    EXPECT_OK(hny_model_pass(translator->model, translator->compute, some, count, loss, rows));
}

Test(model, a_sentence_is_scored_alone_as_among_others) {
    static const char *const settings[] = {"", "cell=gru layer_norm=true heads=2 readout=6",
                                           "cell=rnn bidirectional=true encoder_layers=3 tie=three"};
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        struct translator translator;
        hny_real together[PAIRS][LONGEST], alone[1][LONGEST];
        struct hny_loss all = {0}, sum = {0};
        double said = 0;
        make(&translator, settings[i]);
        word_scores(&translator, pairs, PAIRS, together, &all);
        for (size_t p = 0; p < PAIRS; p++) {
            word_scores(&translator, &pairs[p], 1, alone, &sum);
            for (size_t t = 0; t <= pairs[p].target_length; t++) {
                cr_assert(fabs(alone[0][t] - together[p][t]) < 1e-13, "pair %zu, word %zu", p, t);
                said -= alone[0][t];
            }
        }
        cr_assert(fabs(all.cross_entropy - said) < 1e-12);
        cr_assert(fabs(all.cross_entropy - all.smoothed) < 1e-12, "scores are not smoothed");
        cr_assert_eq(all.tokens, 5 + 1 + 3 + 2 + PAIRS);
        cr_assert_eq(all.tokens, sum.tokens);
        unmake(&translator);
    }
}

Test(model, update_and_shard_draw_other_masks_and_the_same_ones_again) {
    struct translator translator;
    double first, again, update, shard, seed;
    make(&translator, "dropout=0.3");
    EXPECT_OK(examine(&translator, true, &first));
    EXPECT_OK(examine(&translator, true, &again));
    translator.compute->update++;
    EXPECT_OK(examine(&translator, true, &update));
    translator.compute->update--;
    translator.compute->shard++;
    EXPECT_OK(examine(&translator, true, &shard));
    translator.compute->shard--;
    translator.compute->seed++;
    EXPECT_OK(examine(&translator, true, &seed));
    cr_assert_eq(first, again);
    cr_assert(first != update && first != shard && first != seed && update != shard && update != seed);
    unmake(&translator);
}
