#include "bundle/inputs.h"

#include "base/json.h"
#include "model/checkpoint.h"
#include "model/folder.h"
#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 1 << 16, FILES_MOST = 64 };
static const char config_name[] = "config.json";

struct opening {
    struct hny_bundle *bundle;
    struct hny_bundle_input *inputs; /* FILES_MOST */
    struct hny_buffer path;
};

const void *hny_bundle_input_first(const struct hny_bundle_input *input, size_t *size) {
    static const char nothing[1];
    if (input->text.data) {
        *size = input->text.size;
        return input->text.data;
    }
    *size = input->map.size;
    if (input->tensors && hny_safetensors_count(input->tensors) > 0)
        *size =
            (size_t)((const unsigned char *)hny_safetensors_at(input->tensors, 0)->data - input->map.data);
    return *size ? (const void *)input->map.data : nothing;
}

/* Matrices alone are quantised: vectors are added to sums, not multiplied. */
static enum hny_planes_layout layout_of(const struct hny_bundle *bundle,
                                        const struct hny_safetensors_tensor *tensor) {
    enum hny_planes_layout wanted = bundle->precision == HNY_PRECISION_INT8   ? HNY_PLANES_INT8
                                    : bundle->precision == HNY_PRECISION_BF16 ? HNY_PLANES_BF16
                                                                              : HNY_PLANES_BYTES;
    bool rounded = wanted != HNY_PLANES_BYTES && hny_planes_fit(wanted, tensor);
    return rounded ? wanted : hny_planes_exact(tensor->type);
}

static hny_status add_tensors(struct opening *opening, struct hny_bundle_file *file,
                              const struct hny_safetensors *tensors) {
    file->tensors = hny_allocate(hny_safetensors_count(tensors), sizeof *file->tensors);
    if (!file->tensors) return HNY_ERROR_MEMORY;
    file->tensor_count = hny_safetensors_count(tensors);
    for (size_t i = 0; i < file->tensor_count; i++) {
        struct hny_bundle_tensor *tensor = &file->tensors[i];
        tensor->tensor = *hny_safetensors_at(tensors, i);
        const char *name = tensor->tensor.name;
        if (!hny_bundle_lay_out(tensor, layout_of(opening->bundle, &tensor->tensor)))
            return hny_fail(HNY_ERROR_INPUT, "%s: the tensor %s is too large for a bundle", file->name, name);
        tensor->tensor.name = hny_arena_text(opening->bundle->names, name, strlen(name));
        if (!tensor->tensor.name) return HNY_ERROR_MEMORY;
    }
    return HNY_OK;
}

static bool is_split(const char *name) {
    const char *end = strrchr(name, '.');
    return end && strcmp(end, ".safetensors") == 0;
}

/* Opens FOLDER/NAME, which the bundle calls by PREFIX and NAME. */
static hny_status add_file(struct opening *opening, const char *folder, const char *prefix,
                           const char *name) {
    struct hny_bundle *bundle = opening->bundle;
    if (bundle->file_count == FILES_MOST)
        return hny_fail(HNY_ERROR_INPUT, "%s: over %d files", folder, FILES_MOST);
    struct hny_bundle_file *file = &bundle->files[bundle->file_count];
    struct hny_bundle_input *input = &opening->inputs[bundle->file_count++];
    HNY_TRY(hny_path_join(&opening->path, prefix, name));
    file->name = hny_arena_text(bundle->names, opening->path.data, opening->path.size);
    if (!file->name) return HNY_ERROR_MEMORY;
    HNY_TRY(hny_path_join(&opening->path, folder, name));
    if (!hny_bundle_name_fits(file->name))
        return hny_fail(HNY_ERROR_INPUT, "%s: a name that a bundle cannot hold", opening->path.data);
    HNY_TRY(hny_map_open(&input->map, opening->path.data));
    file->split = is_split(name);
    if (!file->split && input->map.size > HNY_BUNDLE_PLAIN_MOST)
        return hny_fail(HNY_ERROR_INPUT, "%s: longer than %llu bytes", opening->path.data,
                        (unsigned long long)HNY_BUNDLE_PLAIN_MOST);
    file->bytes = input->map.size;
    if (!file->split) return HNY_OK;
    HNY_TRY(hny_safetensors_parse(&input->tensors, opening->path.data, input->map.data, input->map.size));
    return add_tensors(opening, file, input->tensors);
}

/* Adds the files that the object in FOLDER/LIST names in "files", small ones first: who reads a bundle from
 * its beginning knows soon what it is. LIST comes before them. */
static hny_status add_listed(struct opening *opening, const char *folder, const char *prefix,
                             const char *list) {
    json_t *object = NULL, *value;
    const char *name;
    HNY_TRY(add_file(opening, folder, prefix, list));
    HNY_TRY(hny_json_load(opening->path.data, &object));
    json_t *files = json_object_get(object, "files");
    hny_status status = json_is_object(files)
                            ? HNY_OK
                            : hny_fail(HNY_ERROR_INPUT, "%s: expected \"files\"", opening->path.data);
    for (int split = 0; split < 2; split++) json_object_foreach(files, name, value) {
            if (status != HNY_OK || is_split(name) != (split != 0)) continue;
            if (strchr(name, '/')) {
                status = hny_fail(HNY_ERROR_INPUT, "%s/%s: \"files\" must name files beside it, not \"%s\"",
                                  folder, list, name);
                continue;
            }
            status = add_file(opening, folder, prefix, name);
            struct hny_bundle_input *input = &opening->inputs[opening->bundle->file_count - 1];
            const char *digest = json_string_value(value);
            if (digest && strlen(digest) < sizeof input->stated)
                memcpy(input->stated, digest, strlen(digest) + 1);
        }
    json_decref(object);
    return status;
}

/* --- A training ---------------------------------------------------------------------------------------- */

static hny_status add_checkpoint(struct opening *opening, const char *out, const char *folder) {
    const char *prefix = strncmp(folder, out, strlen(out)) == 0 ? folder + strlen(out) : folder;
    while (*prefix == '/') prefix++;
    HNY_TRY(hny_checkpoint_verify(folder));
    return add_listed(opening, folder, prefix, "manifest.json");
}

static hny_status add_training(struct opening *opening, const char *out) {
    static const char *const beside[] = {
        "settings.json", "log.jsonl", "tokenizer.model", "source.model", "target.model", "current", "best"};
    struct hny_buffer folders[HNY_CHECKPOINT_POINTERS] = {0};
    hny_status status = HNY_OK;
    for (size_t i = 0; status == HNY_OK && i < sizeof beside / sizeof *beside; i++) {
        status = hny_path_join(&opening->path, out, beside[i]);
        if (status == HNY_OK && hny_path_exists(opening->path.data))
            status = add_file(opening, out, "", beside[i]);
    }
    for (int pointer = 0; status == HNY_OK && pointer < HNY_CHECKPOINT_POINTERS; pointer++) {
        uint64_t step;
        bool found = false;
        status =
            hny_checkpoint_find(out, (enum hny_checkpoint_pointer)pointer, &folders[pointer], &step, &found);
        bool again =
            pointer > 0 && folders[0].data && found && strcmp(folders[0].data, folders[pointer].data) == 0;
        if (status == HNY_OK && found && !again) status = add_checkpoint(opening, out, folders[pointer].data);
    }
    for (int pointer = 0; pointer < HNY_CHECKPOINT_POINTERS; pointer++) hny_buffer_free(&folders[pointer]);
    return status;
}

static hny_status add_with_training(struct opening *opening, const char *model) {
    HNY_TRY(hny_path_join(&opening->path, model, "settings.json"));
    if (hny_path_exists(opening->path.data)) return add_training(opening, model);
    HNY_TRY(hny_path_join(&opening->path, model, "manifest.json"));
    if (hny_path_exists(opening->path.data)) return add_checkpoint(opening, model, model);
    return hny_fail(HNY_ERROR_USAGE, "%s: no training was begun here, and it is no checkpoint", model);
}

/* --- Opening ------------------------------------------------------------------------------------------- */

static hny_status add_all(struct opening *opening, const char *model, bool training) {
    struct hny_buffer place = {0};
    if (training) return add_with_training(opening, model);
    hny_status status = hny_folder_resolve(model, &place);
    if (status == HNY_OK) status = add_listed(opening, place.data, "", config_name);
    hny_buffer_free(&place);
    return status;
}

hny_status hny_bundle_inputs_open(struct hny_bundle *bundle, struct hny_bundle_input **inputs,
                                  const char *model, bool training) {
    struct opening opening = {.bundle = bundle};
    bundle->names = hny_arena_create(ARENA_BYTES);
    bundle->files = hny_allocate(FILES_MOST, sizeof *bundle->files);
    *inputs = opening.inputs = hny_allocate(FILES_MOST, sizeof **inputs);
    if (!bundle->names || !bundle->files || !*inputs) return HNY_ERROR_MEMORY;
    hny_status status = add_all(&opening, model, training);
    hny_buffer_free(&opening.path);
    for (size_t i = 0; i < bundle->file_count; i++) bundle->bytes += bundle->files[i].bytes;
    return status;
}

void hny_bundle_inputs_close(struct hny_bundle_input **inputs, size_t count) {
    for (size_t i = 0; *inputs && i < count; i++) {
        hny_safetensors_close(&(*inputs)[i].tensors);
        hny_map_close(&(*inputs)[i].map);
        hny_buffer_free(&(*inputs)[i].text);
    }
    free(*inputs);
    *inputs = NULL;
}
