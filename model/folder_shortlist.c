#include "model/folder_shortlist.h"

#include "base/file.h"
#include "base/json.h"
#include "model/folder.h"
#include "model/manifest.h"
#include <string.h>

enum { FILE_BYTES_MOST = 256 << 20 };

const char hny_folder_shortlist_name[] = "shortlist.bin";

hny_status hny_folder_tokenizer_digest(const struct hny_tokenizer *tokenizer, char digest[HNY_DIGEST_TEXT]) {
    struct hny_buffer file = {0};
    memset(digest, '0', HNY_DIGEST_TEXT - 1);
    digest[HNY_DIGEST_TEXT - 1] = '\0';
    if (!tokenizer) return HNY_OK;
    hny_status status = hny_tokenizer_write(tokenizer, &file);
    if (status == HNY_OK) status = hny_digest_bytes(file.data, file.size, digest);
    hny_buffer_free(&file);
    return status;
}

/* --- Reading ------------------------------------------------------------------------------------------- */

static hny_status check_model(const char *path, const struct hny_model *model) {
    const struct hny_shortlist *shortlist = model->shortlist;
    const struct hny_tokenizer *const tokenizers[2] = {model->source_tokenizer, model->target_tokenizer};
    char digest[HNY_DIGEST_TEXT];
    if (shortlist->source != model->source_vocabulary || shortlist->target != model->target_vocabulary)
        return hny_fail(HNY_ERROR_INPUT, "%s: made for %zu and %zu subwords, but the model has %zu and %zu",
                        path, shortlist->source, shortlist->target, model->source_vocabulary,
                        model->target_vocabulary);
    for (size_t i = 0; i < 2; i++) {
        HNY_TRY(hny_folder_tokenizer_digest(tokenizers[i], digest));
        if (strcmp(digest, shortlist->tokenizers[i]) != 0)
            return hny_fail(HNY_ERROR_INPUT, "%s: made for another tokenizer of the %s", path,
                            i == 0 ? "source" : "target");
    }
    return HNY_OK;
}

hny_status hny_folder_read_shortlist(const char *folder, struct hny_model *model) {
    struct hny_buffer path = {0}, file = {0};
    hny_status status = hny_path_join(&path, folder, hny_folder_shortlist_name);
    if (status == HNY_OK) status = hny_file_read(path.data, FILE_BYTES_MOST, &file);
    if (status == HNY_OK)
        status = hny_shortlist_parse(&model->shortlist, path.data, file.data ? file.data : "", file.size);
    if (status == HNY_OK) status = check_model(path.data, model);
    hny_buffer_free(&file);
    hny_buffer_free(&path);
    return status;
}

hny_status hny_folder_find_shortlist(const char *folder, struct hny_model *model) {
    struct hny_buffer place = {0}, path = {0};
    json_t *config = NULL;
    hny_status status = hny_folder_resolve(folder, &place);
    if (status == HNY_OK) status = hny_path_join(&path, place.data, "config.json");
    if (status == HNY_OK) status = hny_json_load(path.data, &config);
    if (status == HNY_OK && json_object_get(json_object_get(config, "files"), hny_folder_shortlist_name))
        status = hny_folder_read_shortlist(place.data, model);
    json_decref(config);
    hny_buffer_free(&path);
    hny_buffer_free(&place);
    return status;
}

hny_status hny_folder_demand_shortlist(const struct hny_model *model, const char *folder) {
    if (model->shortlist) return HNY_OK;
    return hny_fail(HNY_ERROR_USAGE, "%s: has no %s: honyaku shortlist makes one", folder,
                    hny_folder_shortlist_name);
}

/* --- Writing ------------------------------------------------------------------------------------------- */

static hny_status write_config(const char *path, json_t *config, const char *digest) {
    json_t *files = json_object_get(config, "files");
    if (!json_is_object(files)) return hny_fail(HNY_ERROR_INPUT, "%s: expected \"files\"", path);
    if (!digest) {
        if (json_object_del(files, hny_folder_shortlist_name) != 0) return HNY_OK;
    } else if (json_object_set_new(files, hny_folder_shortlist_name, json_string(digest)) != 0) {
        return hny_fail(HNY_ERROR_MEMORY, "out of memory for %s", path);
    }
    return hny_json_save(path, config);
}

static hny_status write_all(const char *folder, const struct hny_buffer *file, json_t *config,
                            const char *config_path) {
    static const char *const changed[] = {"config.json", hny_folder_shortlist_name};
    struct hny_buffer path = {0};
    char digest[HNY_DIGEST_TEXT];
    hny_status status = write_config(config_path, config, NULL);
    if (status == HNY_OK) status = hny_path_join(&path, folder, hny_folder_shortlist_name);
    if (status == HNY_OK) status = hny_file_write(path.data, file->data, file->size);
    if (status == HNY_OK) status = hny_digest_bytes(file->data, file->size, digest);
    if (status == HNY_OK) status = write_config(config_path, config, digest);
    if (status == HNY_OK) status = hny_manifest_renew(folder, changed, 2);
    hny_buffer_free(&path);
    return status;
}

hny_status hny_folder_write_shortlist(const char *folder, const struct hny_shortlist *shortlist) {
    struct hny_buffer place = {0}, path = {0}, file = {0};
    json_t *config = NULL;
    hny_status status = hny_folder_resolve(folder, &place);
    if (status == HNY_OK) status = hny_path_join(&path, place.data, "config.json");
    if (status == HNY_OK) status = hny_json_load(path.data, &config);
    if (status == HNY_OK) status = hny_shortlist_print(shortlist, &file);
    if (status == HNY_OK) status = write_all(place.data, &file, config, path.data);
    json_decref(config);
    hny_buffer_free(&file);
    hny_buffer_free(&path);
    hny_buffer_free(&place);
    return status;
}
