/* honyaku average: the mean of several checkpoints' weights as a model of its own. */
#include "base/digest.h"
#include "base/file.h"
#include "base/progress.h"
#include "model/folder.h"
#include "model/folder_shortlist.h"
#include "tools/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct hny_option options[] = {
    {"out", 'o', "DIR", false, false, "folder of the new model; must not exist"},
    {NULL, 0, NULL, false, false, NULL},
};

/* The digests of FOLDER's tokenizer files; empty where there is no such one. */
static hny_status digest_tokenizers(const char *folder,
                                    char digests[HNY_FOLDER_TOKENIZERS][HNY_DIGEST_TEXT]) {
    struct hny_buffer resolved = {0}, path = {0};
    hny_status status = hny_folder_resolve(folder, &resolved);
    for (size_t i = 0; status == HNY_OK && i < HNY_FOLDER_TOKENIZERS; i++) {
        digests[i][0] = '\0';
        status = hny_path_join(&path, resolved.data, hny_folder_tokenizers[i]);
        if (status == HNY_OK && hny_path_exists(path.data)) status = hny_digest_file(path.data, digests[i]);
    }
    hny_buffer_free(&resolved);
    hny_buffer_free(&path);
    return status;
}

/* An id must mean the same subword in all models. */
static hny_status check_tokenizers(const struct hny_arguments *arguments) {
    char own[HNY_FOLDER_TOKENIZERS][HNY_DIGEST_TEXT], wanted[HNY_FOLDER_TOKENIZERS][HNY_DIGEST_TEXT];
    const char *first = hny_argument_rest_at(arguments, 0);
    HNY_TRY(digest_tokenizers(first, wanted));
    for (size_t m = 1; m < hny_argument_rest(arguments); m++) {
        const char *folder = hny_argument_rest_at(arguments, m);
        HNY_TRY(digest_tokenizers(folder, own));
        for (size_t i = 0; i < HNY_FOLDER_TOKENIZERS; i++)
            if (strcmp(own[i], wanted[i]) != 0)
                return hny_fail(HNY_ERROR_INPUT,
                                "%s: its %s is not that of %s: the same ids mean other words", folder,
                                hny_folder_tokenizers[i], first);
    }
    return HNY_OK;
}

/* What becomes of the models. */
struct mean {
    struct hny_model *first; /* whose weights become the mean */
    double *sum;
    struct hny_shortlist *shortlist; /* the first that a model has; NULL: none so far */
    char shortlist_digest[HNY_DIGEST_TEXT];
    const char *shortlist_from; /* the model's folder */
};

/* A shortlist says what the texts say, and nothing of weights: that of any model with these tokenizers fits
 * the mean. Several may have been made of other texts, or with other numbers. */
static hny_status take_shortlist(struct mean *mean, const char *folder, struct hny_model *model) {
    struct hny_buffer file = {0};
    char digest[HNY_DIGEST_TEXT];
    HNY_TRY(hny_folder_find_shortlist(folder, model));
    if (!model->shortlist) return HNY_OK;
    hny_status status = hny_shortlist_print(model->shortlist, &file);
    if (status == HNY_OK) status = hny_digest_bytes(file.data, file.size, digest);
    hny_buffer_free(&file);
    HNY_TRY(status);
    if (mean->shortlist) {
        if (strcmp(digest, mean->shortlist_digest) != 0)
            hny_progress_note("%s: its %s is not that of %s, which the mean gets", folder,
                              hny_folder_shortlist_name, mean->shortlist_from);
        return HNY_OK;
    }
    mean->shortlist = model->shortlist;
    model->shortlist = NULL;
    memcpy(mean->shortlist_digest, digest, sizeof digest);
    mean->shortlist_from = folder;
    return HNY_OK;
}

/* Adds the weights of FOLDER to the sum, in double: the order of models does not matter beyond rounding. */
static hny_status add_model(struct mean *mean, const char *folder) {
    const struct hny_model *first = mean->first;
    struct hny_model *model;
    HNY_TRY(hny_folder_read(&model, folder, NULL));
    hny_status status = hny_config_same(&first->config, &model->config, HNY_CONFIG_MODEL);
    if (status == HNY_OK && first->parameters.count != model->parameters.count)
        status = hny_fail(HNY_ERROR_INPUT, "other vocabulary");
    if (status != HNY_OK) status = hny_fail_within(status, "%s is not of the same shape", folder);
    if (status == HNY_OK) status = take_shortlist(mean, folder, model);
    for (size_t i = 0; status == HNY_OK && i < model->parameters.count; i++)
        mean->sum[i] += model->parameters.values[i];
    hny_model_destroy(&model);
    return status;
}

static hny_status write_model(const struct hny_arguments *arguments, const struct mean *mean,
                              const char *out) {
    struct hny_buffer folder = {0}, paths[2] = {{0}, {0}};
    const struct hny_model *model = mean->first;
    size_t names = 0;
    hny_status status = hny_folder_resolve(hny_argument_rest_at(arguments, 0), &folder);
    for (size_t i = 0; status == HNY_OK && i < HNY_FOLDER_TOKENIZERS && names < 2; i++) {
        status = hny_path_join(&paths[names], folder.data, hny_folder_tokenizers[i]);
        if (status == HNY_OK && hny_path_exists(paths[names].data)) names++;
    }
    json_t *training = json_pack("{s:I}", "averaged", (json_int_t)hny_argument_rest(arguments));
    if (status == HNY_OK) status = hny_directory_create(out);
    if (status == HNY_OK)
        status = hny_folder_write(out, model, model->parameters.values,
                                  (const char *const[]){paths[0].data, paths[1].data}, names, training);
    if (status == HNY_OK && mean->shortlist) status = hny_folder_write_shortlist(out, mean->shortlist);
    json_decref(training);
    for (size_t i = 0; i < 2; i++) hny_buffer_free(&paths[i]);
    hny_buffer_free(&folder);
    return status;
}

static hny_status write_mean(const struct hny_arguments *arguments, struct hny_model *first,
                             const char *out) {
    size_t count = hny_argument_rest(arguments), size = first->parameters.count;
    struct mean mean = {.first = first, .sum = hny_allocate(size, sizeof *mean.sum)};
    hny_status status = mean.sum ? check_tokenizers(arguments) : HNY_ERROR_MEMORY;
    for (size_t i = 0; status == HNY_OK && i < count; i++)
        status = add_model(&mean, hny_argument_rest_at(arguments, i));
    for (size_t i = 0; status == HNY_OK && i < size; i++)
        first->parameters.values[i] = (hny_real)(mean.sum[i] / (double)count);
    if (status == HNY_OK) status = write_model(arguments, &mean, out);
    hny_shortlist_destroy(&mean.shortlist);
    free(mean.sum);
    return status;
}

static hny_status run(const struct hny_arguments *arguments) {
    const char *out = hny_argument_text(arguments, "out");
    if (!out) return hny_fail(HNY_ERROR_USAGE, "average: --out is needed");
    if (hny_path_exists(out)) return hny_fail(HNY_ERROR_USAGE, "average: %s exists already", out);
    struct hny_model *first;
    HNY_TRY(hny_folder_read(&first, hny_argument_rest_at(arguments, 0), NULL));
    hny_status status = write_mean(arguments, first, out);
    hny_model_destroy(&first);
    return status;
}

const struct hny_command hny_command_average = {
    .name = "average",
    .arguments = "MODEL…",
    .summary = "the mean of several models' weights, as a new model",
    .description =
        "The models must be of one training, or at least of one shape and with the same tokenizers. The mean "
        "gets the shortlist (honyaku shortlist) of the first of them that has one; another's that differs is "
        "told.",
    .example = "honyaku average -o mean/ model/checkpoints/step-4000 model/checkpoints/step-4500",
    .options = options,
    .least = 1,
    .most = 1000,
    .run = run};
