#include "model/folder.h"
#include "model/folder_weights.h"

#include "base/file.h"
#include "base/progress.h"
#include "tests/base/scratch.h"
#include "tokenizer/trainer.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(folder, .init = scratch_open, .fini = scratch_close);

enum { VOCABULARY = 300 };

static struct hny_model *small_model(size_t source, size_t target) {
    struct hny_config config;
    struct hny_model *model = NULL;
    hny_config_defaults(&config);
    cr_assert_eq(hny_config_preset(&config, "tiny"), HNY_OK);
    config.hidden = 8;
    config.embedding = config.readout = 6;
    config.dropout = 0.3;
    cr_assert_eq(hny_config_check(&config), HNY_OK, "%s", hny_message());
    cr_assert_eq(hny_model_create(&model, &config, source, target), HNY_OK, "%s", hny_message());
    hny_model_initialise(model, 3);
    return model;
}

/* Writes a model of ids into the scratch folder's NAME. */
static void write_model(const char *name) {
    struct hny_model *model = small_model(VOCABULARY, VOCABULARY);
    json_t *training = json_pack("{s:i}", "update", 12);
    cr_assert_eq(hny_directory_create(scratch_path(name)), HNY_OK);
    cr_assert_eq(hny_folder_write(scratch_path(name), model, model->parameters.values, NULL, 0, training),
                 HNY_OK, "%s", hny_message());
    json_decref(training);
    hny_model_destroy(&model);
}

static void refuse(const char *name, const char *message) {
    struct hny_model *model = NULL;
    json_t *training = NULL;
    cr_assert_neq(hny_folder_read(&model, scratch_path(name), &training), HNY_OK, "taken, not: %s", message);
    cr_assert_not_null(strstr(hny_message(), message), "%s", hny_message());
    cr_assert_null(model);
    cr_assert_null(training);
}

static void check_model(const char *name) {
    struct hny_model *written = small_model(VOCABULARY, VOCABULARY), *read = NULL;
    json_t *training = NULL;
    cr_assert_eq(hny_folder_read(&read, scratch_path(name), &training), HNY_OK, "%s", hny_message());
    cr_assert_eq(hny_config_same(&written->config, &read->config, HNY_CONFIG_RUN), HNY_OK, "%s",
                 hny_message());
    cr_assert_eq(read->source_vocabulary, VOCABULARY);
    cr_assert_eq(read->parameters.count, written->parameters.count);
    cr_assert_arr_eq(read->parameters.values, written->parameters.values,
                     written->parameters.count * sizeof(hny_real));
    cr_assert_eq(json_integer_value(json_object_get(training, "update")), 12);
    json_decref(training);
    hny_model_destroy(&read);
    hny_model_destroy(&written);
}

Test(folder, a_model_is_read_back_bit_for_bit) {
    write_model("model");
    check_model("model");
}

Test(folder, a_model_that_does_not_name_its_first_residual_layer_has_it_third) {
    struct hny_model *model = NULL;
    json_t *config = NULL;
    write_model("model");
    for (uint64_t expected = 2; expected <= 3; expected++) {
        cr_assert_eq(hny_folder_read(&model, scratch_path("model"), NULL), HNY_OK, "%s", hny_message());
        cr_assert_eq(model->config.residual, expected);
        hny_model_destroy(&model);
        cr_assert_eq(hny_json_load(scratch_path("model/config.json"), &config), HNY_OK);
        json_object_del(json_object_get(config, "settings"), "residual");
        cr_assert_eq(hny_json_save(scratch_path("model/config.json"), config), HNY_OK);
        json_decref(config);
    }
}

Test(folder, the_pointer_best_leads_to_a_model) {
    write_model("out/checkpoints/step-5.2");
    refuse("out", "neither config.json nor best");
    scratch_put("out/best", "checkpoints/step-5.2\n", 21);
    check_model("out");
    static const char *const wrong[] = {"", "\n", "/etc\n", "checkpoints/../../secret\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        scratch_put("out/best", wrong[i], strlen(wrong[i]));
        refuse("out", "out/best: expected the name of a folder beside it");
    }
    refuse("nowhere", "nor the folder itself");
}

Test(folder, one_block_of_several_is_found_by_its_prefix) {
    struct hny_model *model = small_model(VOCABULARY, VOCABULARY);
    size_t count = model->parameters.count;
    hny_real *first = calloc(count, sizeof *first), *second = calloc(count, sizeof *second);
    for (size_t i = 0; i < count; i++) first[i] = (hny_real)i;
    const char *prefixes[] = {"first.", "weights."};
    cr_assert_eq(hny_folder_write_blocks(scratch_path("blocks"), &model->parameters,
                                         (const hny_real *const[]){first, model->parameters.values}, prefixes,
                                         2),
                 HNY_OK, "%s", hny_message());
    hny_real *blocks[] = {second, model->parameters.values};
    hny_model_initialise(model, 4);
    cr_assert_eq(hny_folder_read_blocks(scratch_path("blocks"), &model->parameters, blocks, prefixes, 2),
                 HNY_OK, "%s", hny_message());
    for (size_t i = 0; i < model->parameters.tensor_count; i++) {
        const struct hny_tensor *tensor = model->parameters.tensors[i];
        cr_assert_arr_eq(first + tensor->offset, second + tensor->offset, tensor->count * sizeof *first);
    }
    struct hny_model *again = small_model(VOCABULARY, VOCABULARY);
    cr_assert_arr_eq(model->parameters.values, again->parameters.values, count * sizeof *first);
    cr_assert_eq(hny_folder_read_blocks(scratch_path("blocks"), &model->parameters, blocks, prefixes, 1),
                 HNY_ERROR_INPUT);
    prefixes[0] = "second.";
    cr_assert_eq(hny_folder_read_blocks(scratch_path("blocks"), &model->parameters, blocks, prefixes, 2),
                 HNY_ERROR_INPUT);
    cr_assert_not_null(strstr(hny_message(), "the tensor second."), "%s", hny_message());
    hny_model_destroy(&again);
    hny_model_destroy(&model);
    free(first);
    free(second);
}

Test(folder, damage_of_any_file_is_refused_with_its_name) {
    write_model("model");
    struct hny_buffer weights = {0};
    cr_assert_eq(hny_file_read(scratch_path("model/model.safetensors"), 1 << 20, &weights), HNY_OK);
    weights.data[weights.size - 1] ^= 1;
    scratch_put("model/model.safetensors", weights.data, weights.size);
    refuse("model", "model.safetensors: damaged: its SHA-256 is");
    cr_assert_eq(unlink(scratch_path("model/model.safetensors")), 0);
    struct hny_model *model = NULL;
    cr_assert_neq(hny_folder_read(&model, scratch_path("model"), NULL), HNY_OK);
    cr_assert_not_null(strstr(hny_message(), "model.safetensors"), "%s", hny_message());
    cr_assert_null(model);
    hny_buffer_free(&weights);
}

/* Replaces the first FROM in model/config.json, which has one, and expects a refusal. */
static void refuse_changed(const char *from, const char *to, const char *message) {
    struct hny_buffer text = {0}, changed = {0};
    write_model("model");
    cr_assert_eq(hny_file_read(scratch_path("model/config.json"), 1 << 20, &text), HNY_OK);
    const char *at = strstr(text.data, from);
    cr_assert_not_null(at, "no %s in %s", from, text.data);
    cr_assert_eq(
        hny_buffer_print(&changed, "%.*s%s%s", (int)(at - text.data), text.data, to, at + strlen(from)),
        HNY_OK);
    scratch_put("model/config.json", changed.data, changed.size);
    refuse("model", message);
    hny_buffer_free(&text);
    hny_buffer_free(&changed);
}

Test(folder, a_config_of_another_kind_version_or_shape_is_refused) {
    refuse_changed("honyaku model", "honyaku lattice", "kind is \"honyaku lattice\"");
    refuse_changed("\"version\": 1", "\"version\": 2", "version is 2");
    refuse_changed("\"translation\"", "\"series\"", "task is \"series\"");
    refuse_changed("\"source\": 300", "\"source\": -3", "make no sense");
    refuse_changed("\"source\": 300", "\"source\": 301", "has not the type F32 and the shape");
    refuse_changed("\"hidden\": 8", "\"hidden\": 16", "has not the type F32 and the shape");
    refuse_changed("\"hidden\": 8", "\"hidden\": 0", "from 1 to 65536");
    refuse_changed("\"hidden\"", "\"hiden\"", "unknown setting \"hiden\"");
    refuse_changed("\"files\"", "\"field\"", "not the config.json of a model");
    refuse_changed("\"model.safetensors\"", "\"../model.safetensors\"", "digest of model.safetensors");
    refuse_changed("{", "[", "not valid JSON");
}

/* Learns a tokenizer from a few words into the scratch file NAME; its size. */
static size_t learn_tokenizer(const char *name, const char *text) {
    struct hny_tokenizer_options options;
    struct hny_threads *threads = NULL;
    struct hny_tokenizer *tokenizer = NULL;
    struct hny_buffer file = {0};
    hny_progress_quiet(true);
    hny_tokenizer_defaults(&options);
    options.vocabulary = HNY_ID_PIECES + 20;
    const char *path = scratch_put("text", text, strlen(text));
    cr_assert_eq(hny_threads_create(&threads, 1), HNY_OK);
    cr_assert_eq(hny_tokenizer_train(&path, 1, &options, threads, &file), HNY_OK, "%s", hny_message());
    scratch_put(name, file.data, file.size);
    cr_assert_eq(hny_tokenizer_open(&tokenizer, scratch_path(name)), HNY_OK, "%s", hny_message());
    size_t size = hny_tokenizer_size(tokenizer);
    hny_tokenizer_close(&tokenizer);
    hny_buffer_free(&file);
    hny_threads_destroy(&threads);
    return size;
}

/* Writes a model whose sides have COUNT tokenizers into "model". */
static void write_with_tokenizers(const char *const *paths, size_t count, size_t source, size_t target) {
    struct hny_model *model = small_model(source, target);
    cr_assert_eq(hny_directory_create(scratch_path("model")), HNY_OK);
    cr_assert_eq(hny_folder_write(scratch_path("model"), model, model->parameters.values, paths, count, NULL),
                 HNY_OK, "%s", hny_message());
    hny_model_destroy(&model);
}

Test(folder, a_joint_tokenizer_serves_both_sides_and_separate_ones_a_side_each) {
    struct hny_model *read = NULL;
    size_t more = learn_tokenizer("more", "a few words and a few more words of a few letters\n");
    size_t less = learn_tokenizer("less", "b b b b\n");
    cr_assert_neq(more, less);
    char kept[2][512]; /* scratch_path's own are soon used again */
    const char *const paths[] = {kept[0], kept[1]};
    snprintf(kept[0], sizeof kept[0], "%s", scratch_path("more"));
    snprintf(kept[1], sizeof kept[1], "%s", scratch_path("less"));
    write_with_tokenizers(paths, 1, more, more);
    cr_assert_eq(hny_folder_read(&read, scratch_path("model"), NULL), HNY_OK, "%s", hny_message());
    cr_assert_eq(read->source_tokenizer, read->target_tokenizer);
    cr_assert_eq(hny_tokenizer_size(read->source_tokenizer), more);
    hny_model_destroy(&read);
    write_with_tokenizers(paths, 2, more, less);
    cr_assert_eq(hny_folder_read(&read, scratch_path("model"), NULL), HNY_OK, "%s", hny_message());
    cr_assert_eq(hny_tokenizer_size(read->source_tokenizer), more);
    cr_assert_eq(hny_tokenizer_size(read->target_tokenizer), less);
    hny_model_destroy(&read);
    write_with_tokenizers(paths, 2, less, less);
    refuse("model", "subwords, but the model has");
    scratch_put("less", "no tokenizer\n", 13);
    write_with_tokenizers(paths, 2, more, less);
    refuse("model", "model/target.model");
}
