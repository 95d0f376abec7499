/* What translates and scores reads the packed weights of a matrix and never its values, except where the
 * parameters' header says so: whatever is computed is the same bytes without them. */
#include "model/folder_weights.h"

#include "base/file.h"
#include "model/folder.h"
#include "model/folder_shortlist.h"
#include "model/scoring.h"
#include "model/shortlist_training.h"
#include "model/translator.h"
#include "tests/base/scratch.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(folder_weights, .init = scratch_open, .fini = scratch_close, .timeout = 120);

enum { VOCABULARY = 300 };
static const char *const lines[] = {"270 271 299 280", "290", "271 272 273 270 270 271 265 266 267",
                                    "299 298 297"};
static const char *const targets[] = {"280 281", "282 283 284 285", "261 261", "299"};
enum { LINES = sizeof lines / sizeof *lines };

/* Every kind of tensor, and both that a matrix may be read by row for. */
static const char *const shapes[] = {
    "cell=lstm tie=none heads=2 decoder_start=true bidirectional=true",
    "cell=lstm tie=three layer_norm=true readout=16 decoder_start=true",
    "cell=gru tie=two heads=4 layer_norm=true bidirectional=false",
    "cell=gru tie=none readout=24 decoder_start=true encoder_layers=3 decoder_layers=3",
    "cell=rnn tie=three heads=2 encoder_layers=1 decoder_layers=1",
    "cell=rnn tie=none layer_norm=true readout=16",
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static void check(hny_status status) {
    cr_assert_eq(status, HNY_OK, "%s", hny_message());
}

static struct hny_model *draw(const char *shape) {
    char text[256];
    struct hny_config config;
    struct hny_model *model = NULL;
    hny_config_defaults(&config);
    config.hidden = config.embedding = 16;
    config.encoder_layers = config.decoder_layers = 2;
    snprintf(text, sizeof text, "%s", shape);
    for (char *at = text, *word; (word = strsep(&at, " "));) {
        char *value = strchr(word, '=');
        *value = '\0';
        check(hny_config_set(&config, word, value + 1));
    }
    check(hny_model_create(&model, &config, VOCABULARY, VOCABULARY));
    hny_model_initialise(model, 7);
    for (size_t i = 0; i < model->parameters.count; i++) model->parameters.values[i] *= 3;
    return model;
}

/* Into the scratch folder's "model", with a shortlist, which MODEL has afterwards too. */
static void write_folder(struct hny_model *model) {
    char source[4096];
    struct hny_buffer from = {0}, to = {0};
    struct hny_shortlist_options options;
    uint64_t pairs;
    for (size_t i = 0; i < LINES; i++) {
        check(hny_buffer_print(&from, "%s\n", lines[i]));
        check(hny_buffer_print(&to, "%s\n", targets[i]));
    }
    hny_shortlist_defaults(&options);
    snprintf(source, sizeof source, "%s", scratch_put("source", from.data, from.size));
    options.source = source;
    options.target = scratch_put("target", to.data, to.size);
    check(hny_shortlist_train(&model->shortlist, model, &options, &pairs));
    check(hny_directory_create(scratch_path("model")));
    check(hny_folder_write(scratch_path("model"), model, model->parameters.values, NULL, 0, NULL));
    check(hny_folder_write_shortlist(scratch_path("model"), model->shortlist));
    hny_buffer_free(&from);
    hny_buffer_free(&to);
}

static void describe(const struct hny_line_translation *line, struct hny_buffer *out) {
    for (size_t i = 0; i < line->count; i++)
        check(hny_buffer_print(out, "%a %s\n", line->choices[i].score,
                               line->texts[i].data ? line->texts[i].data : ""));
    const struct hny_translation *translation = &line->translations[0];
    for (size_t h = 0; h < translation->count; h++)
        for (size_t w = 0; w <= translation->hypotheses[h].count; w++) {
            const struct hny_hypothesis *hypothesis = &translation->hypotheses[h];
            check(hny_buffer_print(out, " %a", (double)hypothesis->word_log_probability[w]));
            for (size_t s = 0; s < translation->source_length; s++)
                check(hny_buffer_print(out, " %a",
                                       (double)hypothesis->attention[w * translation->source_length + s]));
        }
}

static void translate(const struct hny_model *model, bool shortlist, struct hny_buffer *out) {
    struct hny_translator_options options;
    struct hny_translator *translator = NULL;
    hny_translator_defaults(&options);
    options.best = 3;
    options.attention = true;
    options.shortlist = shortlist;
    check(hny_translator_create(&translator, model, &options));
    for (size_t i = 0; i < LINES; i++) check(hny_translator_add(translator, i, lines[i], strlen(lines[i])));
    for (bool taken = true; taken;) {
        struct hny_line_translation line;
        check(hny_translator_take(translator, true, &line, &taken));
        if (!taken) break;
        describe(&line, out);
        hny_line_translation_free(&line);
    }
    hny_translator_destroy(&translator);
}

static hny_status add_score(void *context, uint64_t line, const struct hny_pair_score *score) {
    check(hny_buffer_print(context, "\nscore %d", (int)line));
    for (size_t i = 0; i < score->tokens; i++)
        check(hny_buffer_print(context, " %a", (double)score->words[i]));
    return HNY_OK;
}

/* All that MODEL says: translations with scores and attention, from all words and from the shortlist's, and
 * scores of pairs. */
static void say(const struct hny_model *model, struct hny_buffer *out) {
    struct hny_lines *source = NULL, *target = NULL;
    struct hny_scoring_total total;
    hny_buffer_clear(out);
    translate(model, false, out);
    translate(model, true, out);
    check(hny_lines_open(&source, scratch_path("source")));
    check(hny_lines_open(&target, scratch_path("target")));
    check(hny_scoring_run(model, source, target, 1, add_score, out, &total));
    hny_lines_close(&source);
    hny_lines_close(&target);
    cr_assert_null(strstr(out->data, "nan"), "%s", out->data);
}

static void expect(const struct hny_model *model, const struct hny_buffer *expected, const char *what) {
    struct hny_buffer said = {0};
    say(model, &said);
    cr_assert_str_eq(said.data, expected->data, "%s", what);
    hny_buffer_free(&said);
}

/* Fills what should never be read with what would be seen in every result; returns how much there was. */
static size_t spoil(struct hny_parameters *parameters) {
    size_t spoilt = 0;
    for (size_t i = 0; i < parameters->tensor_count; i++) {
        const struct hny_tensor *tensor = parameters->tensors[i];
        if (hny_tensor_stays(tensor)) continue;
        for (size_t k = 0; k < tensor->count; k++) parameters->values[tensor->offset + k] = NAN;
        spoilt += tensor->count;
    }
    return spoilt;
}

static void expect_of_folder(enum hny_precision precision, const struct hny_buffer *expected, size_t count) {
    struct hny_model *alone = NULL, *first = NULL, *second = NULL;
    int file = -1;
    const char *folder = scratch_path("model"), *weights = scratch_path("model/model.safetensors");
    check(hny_folder_open(&alone, folder, precision, NULL));
    check(hny_folder_open_shared(&first, folder, precision, &file));
    check(hny_folder_open_shared(&second, folder, precision, &file));
    cr_assert_eq(alone->parameters.count, count);
    cr_assert_eq(second->parameters.count, count);
    cr_assert_eq(truncate(weights, 0), 0); /* whoever still has it mapped would crash */
    expect(alone, expected, "packed");
    expect(first, expected, "the image's maker");
    expect(second, expected, "mapped");
    hny_model_destroy(&alone);
    hny_model_destroy(&first);
    hny_model_destroy(&second);
    close(file);
}

Test(folder_weights, what_is_computed_is_the_same_bytes_without_the_values_of_matrices) {
    for (size_t shape = 0; shape < SHAPES; shape++)
        for (int p = HNY_PRECISION_F32; p <= HNY_PRECISION_INT8; p++) {
            if (!hny_precision_supported((enum hny_precision)p)) continue;
            struct hny_model *model = draw(shapes[shape]);
            struct hny_parameters *parameters = &model->parameters;
            struct hny_buffer expected = {0};
            write_folder(model);
            check(hny_parameters_prepare(parameters, (enum hny_precision)p, false));
            check(hny_parameters_pack(parameters, NULL));
            say(model, &expected);
            size_t spoilt = spoil(parameters), left = parameters->count - spoilt;
            cr_assert_gt(spoilt, 0);
            expect(model, &expected, shapes[shape]);
            expect_of_folder((enum hny_precision)p, &expected, left);
            check(hny_directory_remove(scratch_path("model")));
            hny_buffer_free(&expected);
            hny_model_destroy(&model);
        }
}

Test(folder_weights, a_matrix_stays_where_its_rows_are_read_too) {
    static const struct {
        const char *shape, *name;
        bool stays;
    } cases[] = {
        {"tie=none", "head.weight", true},
        {"tie=none", "source_embedding", true},
        {"tie=two", "target_embedding", true},
        {"tie=three", "embedding", true},
        {"tie=none", "decoder.attention.vector", true},
        {"tie=none", "encoder.2.bias", true},
        {"tie=none", "encoder.2.input_weight", false},
        {"tie=none", "decoder.1.recurrent_weight", false},
        {"tie=none", "decoder.attention.key_weight", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hny_model *model = draw(cases[i].shape);
        const struct hny_tensor *tensor = hny_parameters_find(&model->parameters, cases[i].name);
        cr_assert_not_null(tensor, "%s", cases[i].name);
        cr_assert_eq(hny_tensor_stays(tensor), cases[i].stays, "%s", cases[i].name);
        hny_model_destroy(&model);
    }
}

/* The least of the last number's bits: all that is computed of it looks right. */
static void damage(void) {
    FILE *weights = fopen(scratch_path("model/model.safetensors"), "r+b");
    cr_assert(weights && fseek(weights, -4, SEEK_END) == 0);
    int byte = fgetc(weights);
    cr_assert(fseek(weights, -4, SEEK_END) == 0 && fputc(byte ^ 1, weights) != EOF && fclose(weights) == 0);
}

static void refuse(hny_status status) {
    cr_assert_eq(status, HNY_ERROR_INPUT);
    cr_assert_not_null(strstr(hny_message(), "model.safetensors: damaged"), "%s", hny_message());
}

Test(folder_weights, an_early_model_of_a_damaged_file_gives_no_line_away) {
    struct hny_model *model = draw(shapes[0]), *early = NULL;
    struct hny_buffer said = {0};
    char folder[4096];
    snprintf(folder, sizeof folder, "%s", scratch_path("model"));
    write_folder(model);
    check(hny_folder_open_early(&early, folder, HNY_PRECISION_F32));
    translate(early, false, &said); /* while it is whole */
    hny_buffer_free(&said);
    check(hny_model_settle(early));
    hny_model_destroy(&early);
    damage();
    refuse(hny_folder_open(&early, folder, HNY_PRECISION_F32, NULL));
    check(hny_folder_open_early(&early, folder, HNY_PRECISION_F32));
    for (int round = 0; round < 2; round++) {
        struct hny_translator *translator = NULL;
        struct hny_line_translation line;
        struct hny_buffer out = {0};
        bool taken = true;
        check(hny_translator_create(&translator, early, NULL));
        if (round == 0) {
            check(hny_translator_add(translator, 1, lines[0], strlen(lines[0])));
            refuse(hny_translator_take(translator, true, &line, &taken));
            cr_assert_not(taken);
        } else {
            refuse(hny_translator_translate(translator, "270\n271 272\n", 12, &out));
            cr_assert_eq(out.size, 0);
        }
        hny_buffer_free(&out);
        hny_translator_destroy(&translator);
    }
    refuse(hny_model_settle(early));
    hny_model_destroy(&early);
    hny_model_destroy(&model);
}
