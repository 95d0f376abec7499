#include "model/folder.h"

#include "base/digest.h"
#include "base/file.h"
#include "model/file_check.h"
#include "model/folder_shortlist.h"
#include "model/folder_weights.h"
#include "nn/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WEIGHTS "model.safetensors"

static const char kind[] = "honyaku model";
enum { VERSION = 1 };
enum { POINTER_BYTES_MOST = 4096, TOKENIZER_BYTES_MOST = 256 << 20 };

const char *const hny_folder_tokenizers[] = {"tokenizer.model", "source.model", "target.model"};

const char *hny_folder_tokenizer(size_t count, size_t i) {
    return hny_folder_tokenizers[count == 1 ? 0 : 1 + i];
}

static hny_status copy_file(const char *from, const char *to) {
    struct hny_buffer bytes = {0};
    hny_status status = hny_file_read(from, TOKENIZER_BYTES_MOST, &bytes);
    if (status == HNY_OK) status = hny_file_write(to, bytes.data, bytes.size);
    hny_buffer_free(&bytes);
    return status;
}

/* Adds the digest of FOLDER/NAME to FILES under NAME. */
static hny_status add_digest(json_t *files, const char *folder, const char *name) {
    struct hny_buffer path = {0};
    char text[HNY_DIGEST_TEXT];
    hny_status status = hny_path_join(&path, folder, name);
    if (status == HNY_OK) status = hny_digest_file(path.data, text);
    if (status == HNY_OK && json_object_set_new(files, name, json_string(text)) != 0)
        status = hny_fail(HNY_ERROR_MEMORY, "out of memory for the digests of %s", folder);
    hny_buffer_free(&path);
    return status;
}

static hny_status write_config(const char *folder, const struct hny_model *model, json_t *files,
                               json_t *training) {
    json_t *settings = hny_config_object(&model->config, HNY_CONFIG_RUN);
    if (!settings) return HNY_ERROR_MEMORY;
    json_t *config =
        json_pack("{s:s, s:i, s:s, s:{s:I, s:I}, s:o, s:O}", "kind", kind, "version", VERSION, "task",
                  "translation", "vocabulary", "source", (json_int_t)model->source_vocabulary, "target",
                  (json_int_t)model->target_vocabulary, "settings", settings, "files", files);
    if (!config || (training && json_object_set(config, "training", training) != 0)) {
        json_decref(config);
        return hny_fail(HNY_ERROR_MEMORY, "out of memory for %s/config.json", folder);
    }
    struct hny_buffer path = {0};
    hny_status status = hny_path_join(&path, folder, "config.json");
    if (status == HNY_OK) status = hny_json_save(path.data, config);
    hny_buffer_free(&path);
    json_decref(config);
    return status;
}

static hny_status write_parts(const char *folder, const struct hny_model *model, const hny_real *values,
                              const char *const *tokenizers, size_t tokenizer_count, json_t *files,
                              struct hny_buffer *path) {
    HNY_TRY(hny_path_join(path, folder, WEIGHTS));
    HNY_TRY(hny_folder_write_blocks(path->data, &model->parameters, &values, (const char *const[]){""}, 1));
    HNY_TRY(add_digest(files, folder, WEIGHTS));
    for (size_t i = 0; i < tokenizer_count; i++) {
        const char *name = hny_folder_tokenizer(tokenizer_count, i);
        HNY_TRY(hny_path_join(path, folder, name));
        HNY_TRY(copy_file(tokenizers[i], path->data));
        HNY_TRY(add_digest(files, folder, name));
    }
    return HNY_OK;
}

hny_status hny_folder_write(const char *folder, const struct hny_model *model, const hny_real *values,
                            const char *const *tokenizers, size_t tokenizer_count, json_t *training) {
    json_t *files = json_object();
    if (!files) return hny_fail(HNY_ERROR_MEMORY, "out of memory for %s/config.json", folder);
    struct hny_buffer path = {0};
    hny_status status = write_parts(folder, model, values, tokenizers, tokenizer_count, files, &path);
    if (status == HNY_OK) status = write_config(folder, model, files, training);
    hny_buffer_free(&path);
    json_decref(files);
    return status;
}

hny_status hny_folder_resolve(const char *folder, struct hny_buffer *path) {
    struct hny_buffer name = {0}, at = {0};
    hny_status status = hny_path_join(&at, folder, "config.json");
    if (status == HNY_OK && hny_path_exists(at.data)) {
        status = hny_buffer_print(path, "%s", folder);
        goto done;
    }
    if (status == HNY_OK) status = hny_path_join(&at, folder, "best");
    if (status == HNY_OK && !hny_path_exists(at.data))
        status = hny_fail(HNY_ERROR_INPUT, "%s: no model here: there is neither config.json nor best%s",
                          folder, hny_path_exists(folder) ? "" : ", nor the folder itself");
    if (status == HNY_OK) status = hny_file_read(at.data, POINTER_BYTES_MOST, &name);
    if (status == HNY_OK) {
        size_t length = name.data ? strcspn(name.data, "\r\n") : 0;
        if (length == 0 || name.data[0] == '/' || memmem(name.data, length, "..", 2))
            status = hny_fail(HNY_ERROR_INPUT, "%s: expected the name of a folder beside it", at.data);
        else
            status = hny_buffer_print(path, "%s/%.*s", folder, (int)length, name.data);
    }
done:
    hny_buffer_free(&name);
    hny_buffer_free(&at);
    return status;
}

/* Begins to check FOLDER/NAME, or (CHECKING is NULL) checks it. */
static hny_status check_file(const char *folder, const char *name, const json_t *wanted,
                             struct hny_file_checking **checking) {
    struct hny_buffer path = {0};
    const char *digest = json_string_value(wanted);
    hny_status status = hny_path_join(&path, folder, name);
    if (status == HNY_OK)
        status =
            checking ? hny_file_check_begin(checking, path.data, digest) : hny_file_check(path.data, digest);
    hny_buffer_free(&path);
    return status;
}

static hny_status check_names(const char *folder, json_t *files) {
    const char *name;
    json_t *wanted;
    json_object_foreach(files, name, wanted) {
        if (strchr(name, '/') || !json_is_string(wanted))
            return hny_fail(HNY_ERROR_INPUT,
                            "%s/config.json: \"files\" must map names to digests, not \"%s\"", folder, name);
    }
    return HNY_OK;
}

/* Every file named in config.json must have the digest that stands there; the weights' is being computed. */
static hny_status check_files(const char *folder, json_t *files) {
    const char *name;
    json_t *wanted;
    json_object_foreach(files, name, wanted) {
        if (strcmp(name, WEIGHTS) != 0) HNY_TRY(check_file(folder, name, wanted, NULL));
    }
    return HNY_OK;
}

/* What config.json says, taken apart; the pointers live as long as the object. */
struct contents {
    struct hny_config config;
    json_int_t source, target;
    json_t *files, *training;
};

static hny_status read_contents(json_t *object, const char *path, struct contents *contents) {
    const char *named = NULL, *task = NULL;
    int version = 0;
    json_t *settings = NULL;
    json_error_t error;
    if (json_unpack_ex(object, &error, 0, "{s:s, s:i, s:s, s:{s:I, s:I}, s:o, s:o, s?o}", "kind", &named,
                       "version", &version, "task", &task, "vocabulary", "source", &contents->source,
                       "target", &contents->target, "settings", &settings, "files", &contents->files,
                       "training", &contents->training) != 0)
        return hny_fail(HNY_ERROR_INPUT, "%s: not the config.json of a model: %s", path, error.text);
    if (strcmp(named, kind) != 0)
        return hny_fail(HNY_ERROR_INPUT, "%s: kind is \"%s\", expected \"%s\"", path, named, kind);
    if (version != VERSION)
        return hny_fail(HNY_ERROR_INPUT, "%s: version is %d, this program reads %d", path, version, VERSION);
    if (strcmp(task, "translation") != 0)
        return hny_fail(HNY_ERROR_INPUT, "%s: task is \"%s\", this program knows \"translation\"", path,
                        task);
    if (contents->source <= HNY_ID_BYTES || contents->target <= HNY_ID_BYTES ||
        contents->source > INT32_MAX || contents->target > INT32_MAX)
        return hny_fail(HNY_ERROR_INPUT, "%s: vocabularies of %lld and %lld ids make no sense", path,
                        (long long)contents->source, (long long)contents->target);
    if (!json_is_object(contents->files) || !json_object_get(contents->files, WEIGHTS))
        return hny_fail(HNY_ERROR_INPUT, "%s: \"files\" must hold the digest of model.safetensors", path);
    hny_config_saved(&contents->config);
    return hny_config_merge(&contents->config, settings, path);
}

static hny_status open_tokenizer(const char *folder, const char *name, size_t vocabulary,
                                 struct hny_tokenizer **tokenizer) {
    struct hny_buffer path = {0};
    hny_status status = hny_path_join(&path, folder, name);
    if (status == HNY_OK) status = hny_tokenizer_open(tokenizer, path.data);
    if (status == HNY_OK && hny_tokenizer_size(*tokenizer) != vocabulary)
        status = hny_fail(HNY_ERROR_INPUT, "%s: %zu subwords, but the model has %zu", path.data,
                          hny_tokenizer_size(*tokenizer), vocabulary);
    hny_buffer_free(&path);
    return status;
}

static hny_status open_tokenizers(struct hny_model *model, const char *folder, const json_t *files) {
    const char *joint = hny_folder_tokenizer(1, 0), *source = hny_folder_tokenizer(2, 0),
               *target = hny_folder_tokenizer(2, 1);
    if (json_object_get(files, joint)) {
        HNY_TRY(open_tokenizer(folder, joint, model->source_vocabulary, &model->source_tokenizer));
        model->target_tokenizer = model->source_tokenizer;
        return HNY_OK;
    }
    if (!json_object_get(files, source)) return HNY_OK; /* a model of bare ids */
    HNY_TRY(open_tokenizer(folder, source, model->source_vocabulary, &model->source_tokenizer));
    return open_tokenizer(folder, target, model->target_vocabulary, &model->target_tokenizer);
}

/* What is to become of the weights. */
enum weights { BARE, PACKED, SHARED };

struct opening {
    enum weights weights;
    enum hny_precision precision; /* unless BARE */
    int *file;                    /* SHARED: the image, or -1 where it is to be made */
    bool early;                   /* the model keeps the check of its weights, which may go on */

    struct hny_model *model;
    const char *folder;
    const json_t *digest; /* of the weights' file */
};

/* Out of the open file that CHECKING digests, PATH; or (CHECKING is NULL) out of the image. */
static hny_status prepare_weights(const struct opening *opening, const struct hny_file_checking *checking,
                                  const char *path) {
    struct hny_parameters *parameters = &opening->model->parameters;
    const char *image = json_string_value(opening->digest);
    if (!checking) {
        hny_parameters_shed(parameters);
        return hny_image_map(parameters, opening->precision, image, *opening->file);
    }
    int weights = hny_file_check_descriptor(checking);
    if (opening->weights == BARE) return hny_folder_read_weights(weights, path, parameters);
    if (opening->weights == PACKED)
        return hny_folder_pack_weights(weights, path, parameters, opening->precision);
    return hny_folder_share_weights(weights, path, parameters, opening->precision, image, opening->file);
}

static hny_status read_parts(const struct contents *contents, struct opening *opening) {
    HNY_TRY(check_files(opening->folder, contents->files));
    HNY_TRY(hny_model_create_empty(&opening->model, &contents->config, (size_t)contents->source,
                                   (size_t)contents->target));
    HNY_TRY(open_tokenizers(opening->model, opening->folder, contents->files));
    if (opening->weights != BARE && json_object_get(contents->files, hny_folder_shortlist_name))
        HNY_TRY(hny_folder_read_shortlist(opening->folder, opening->model));
    return HNY_OK;
}

/* What is wrong with the file comes before what is wrong with that which was made of it. */
static hny_status open_weights(struct opening *opening, struct hny_file_checking *checking) {
    bool made = opening->weights == SHARED && checking;
    struct hny_buffer path = {0};
    hny_status status = hny_path_join(&path, opening->folder, WEIGHTS);
    if (status == HNY_OK) status = prepare_weights(opening, checking, path.data);
    hny_buffer_free(&path);
    bool settle = checking && (status != HNY_OK || !opening->early);
    hny_status checked = settle ? hny_file_check_result(checking) : HNY_OK;
    if (checked != HNY_OK) status = checked;
    if (status != HNY_OK && made && *opening->file >= 0) { /* made of a damaged file */
        close(*opening->file);
        *opening->file = -1;
    }
    return status;
}

/* The digest of the weights takes longer than all else, so it begins first; an image was made of weights that
 * had theirs. */
static hny_status read_model(json_t *object, const char *path, struct opening *opening, json_t **training) {
    struct contents contents = {0};
    struct hny_file_checking *checking = NULL;
    HNY_TRY(read_contents(object, path, &contents));
    HNY_TRY(check_names(opening->folder, contents.files));
    opening->digest = json_object_get(contents.files, WEIGHTS);
    if (opening->weights != SHARED || *opening->file < 0)
        HNY_TRY(check_file(opening->folder, WEIGHTS, opening->digest, &checking));
    hny_status status = read_parts(&contents, opening);
    if (status == HNY_OK) status = open_weights(opening, checking);
    if (status == HNY_OK && opening->early) {
        opening->model->checking = checking;
        checking = NULL;
    }
    hny_file_check_destroy(&checking);
    if (status == HNY_OK && training) *training = json_incref(contents.training);
    return status;
}

static hny_status open_folder(const char *folder, struct opening *opening, struct hny_model **model,
                              json_t **training) {
    struct hny_buffer place = {0}, path = {0};
    json_t *object = NULL;
    if (training) *training = NULL;
    hny_status status = hny_folder_resolve(folder, &place);
    opening->folder = place.data;
    if (status == HNY_OK) status = hny_path_join(&path, place.data, "config.json");
    if (status == HNY_OK) status = hny_json_load(path.data, &object);
    if (status == HNY_OK) status = read_model(object, path.data, opening, training);
    if (status != HNY_OK) hny_model_destroy(&opening->model);
    *model = opening->model;
    json_decref(object);
    hny_buffer_free(&place);
    hny_buffer_free(&path);
    return status;
}

hny_status hny_folder_read(struct hny_model **model, const char *folder, json_t **training) {
    return open_folder(folder, &(struct opening){.weights = BARE}, model, training);
}

hny_status hny_folder_open(struct hny_model **model, const char *folder, enum hny_precision precision,
                           json_t **training) {
    return open_folder(folder, &(struct opening){.weights = PACKED, .precision = precision}, model, training);
}

hny_status hny_folder_open_early(struct hny_model **model, const char *folder, enum hny_precision precision) {
    return open_folder(folder, &(struct opening){.weights = PACKED, .precision = precision, .early = true},
                       model, NULL);
}

hny_status hny_folder_open_shared(struct hny_model **model, const char *folder, enum hny_precision precision,
                                  int *file) {
    return open_folder(folder, &(struct opening){.weights = SHARED, .precision = precision, .file = file},
                       model, NULL);
}
