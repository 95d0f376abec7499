/* honyaku info: what a model is. */
#include "tools/about_bundle.h"
#include "tools/commands.h"
#include "tools/signers.h"

#include <stdio.h>
#include <stdlib.h>

static const struct hny_option options[] = {
    {"json", 0, NULL, false, false, "one JSON object"},
    {"tensors", 0, NULL, false, false, "every tensor with its shape"},
    {"key", 'k', "KEY", false, false,
     "whose signature a bundle must have: a public key, or a file of some; may come again"},
    {NULL, 0, NULL, false, false, NULL},
};

/* The shapes by name. */
static json_t *shapes_of(const struct hny_parameters *parameters) {
    json_t *shapes = json_object();
    for (size_t i = 0; shapes && i < parameters->tensor_count; i++) {
        const struct hny_tensor *tensor = parameters->tensors[i];
        json_t *shape = json_array();
        for (size_t d = 0; d < tensor->rank; d++)
            json_array_append_new(shape, json_integer((json_int_t)tensor->shape[d]));
        json_object_set_new(shapes, tensor->name, shape);
    }
    return shapes;
}

static hny_status describe(const struct hny_model *model, json_t *training, json_t **description) {
    json_t *settings = hny_config_object(&model->config, HNY_CONFIG_RUN);
    if (!settings) return HNY_ERROR_MEMORY;
    size_t numbers =
        hny_parameters_numbers(&model->parameters, false) + hny_parameters_numbers(&model->parameters, true);
    *description =
        json_pack("{s:I, s:I, s:I, s:I, s:o, s:O?}", "parameters", (json_int_t)numbers, "tensors",
                  (json_int_t)model->parameters.tensor_count, "source_vocabulary",
                  (json_int_t)model->source_vocabulary, "target_vocabulary",
                  (json_int_t)model->target_vocabulary, "settings", settings, "training", training);
    return *description ? HNY_OK : hny_fail(HNY_ERROR_MEMORY, "out of memory for the description");
}

/* Under "bundle", where the model came in one. */
static hny_status add_bundle(const struct hny_bundle *bundle, json_t *description) {
    if (!bundle) return HNY_OK;
    json_t *about = hny_about_bundle(bundle);
    if (about && json_object_set_new(description, "bundle", about) == 0) return HNY_OK;
    return hny_fail(HNY_ERROR_MEMORY, "out of memory for the description");
}

static void print_tensors(const struct hny_parameters *parameters) {
    for (size_t i = 0; i < parameters->tensor_count; i++) {
        const struct hny_tensor *tensor = parameters->tensors[i];
        printf("%-40s %zu", tensor->name, tensor->shape[0]);
        if (tensor->rank > 1) printf(" x %zu", tensor->shape[1]);
        printf("\n");
    }
}

static void print_object(const json_t *object, int indent) {
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)object, name, value) {
        if (json_is_object(value)) {
            printf("%*s%s:\n", indent, "", name);
            print_object(value, indent + 2);
            continue;
        }
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(8));
        printf("%*s%-*s %s\n", indent, "", 24 - indent, name, text ? text : "");
        free(text);
    }
}

static hny_status run(const struct hny_arguments *arguments) {
    struct hny_model *model = NULL;
    json_t *training = NULL, *description = NULL;
    struct hny_place *place = NULL;
    HNY_TRY(hny_argument_place(arguments, "key", hny_argument_rest_at(arguments, 0), &place));
    hny_status status = hny_folder_read(&model, hny_place_folder(place), &training);
    if (status == HNY_OK) status = describe(model, training, &description);
    if (status == HNY_OK) status = add_bundle(hny_place_bundle(place), description);
    hny_place_close(&place);
    bool json = hny_argument_given(arguments, "json"), tensors = hny_argument_given(arguments, "tensors");
    if (status == HNY_OK && json && tensors &&
        json_object_set_new(description, "shapes", shapes_of(&model->parameters)) != 0)
        status = hny_fail(HNY_ERROR_MEMORY, "out of memory for the description");
    if (status == HNY_OK && json) {
        struct hny_buffer text = {0};
        status = hny_json_print(&text, description, true);
        if (status == HNY_OK) fwrite(text.data, 1, text.size, stdout);
        hny_buffer_free(&text);
    } else if (status == HNY_OK) {
        print_object(description, 0);
    }
    if (status == HNY_OK && tensors && !json) print_tensors(&model->parameters);
    json_decref(description);
    json_decref(training);
    hny_model_destroy(&model);
    return status;
}

const struct hny_command hny_command_info = {
    .name = "info",
    .arguments = "MODEL",
    .summary = "tell what a model is: sizes, settings, how it was trained",
    .description = "Of a bundle also what its manifest says: name, release, languages, scores, who signed.",
    .example = "honyaku info model/\nhonyaku info en-ja.tar.zst --json",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run};
