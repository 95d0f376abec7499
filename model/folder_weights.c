#include "model/folder_weights.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "model/safetensors.h"
#include "nn/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

hny_status hny_folder_write_blocks(const char *path, const struct hny_parameters *parameters,
                                   const hny_real *const *blocks, const char *const *prefixes, size_t count) {
    size_t all = count * parameters->tensor_count;
    struct hny_safetensors_tensor *tensors = calloc(all, sizeof *tensors);
    struct hny_buffer names = {0};
    hny_status status = tensors ? HNY_OK : hny_fail(HNY_ERROR_MEMORY, "out of memory for %zu tensors", all);
    enum { NAME_BYTES = 128 };
    if (status == HNY_OK) status = hny_buffer_reserve(&names, all * NAME_BYTES);
    for (size_t i = 0; status == HNY_OK && i < all; i++) {
        const struct hny_tensor *tensor = parameters->tensors[i % parameters->tensor_count];
        size_t block = i / parameters->tensor_count;
        char *name = names.data + i * NAME_BYTES;
        snprintf(name, NAME_BYTES, "%s%s", prefixes[block], tensor->name);
        tensors[i] = (struct hny_safetensors_tensor){.name = name,
                                                     .type = HNY_ELEMENT_F32,
                                                     .rank = tensor->rank,
                                                     .shape = {tensor->shape[0], tensor->shape[1]},
                                                     .data = blocks[block] + tensor->offset};
    }
    if (status == HNY_OK) status = hny_safetensors_write(path, tensors, all, NULL, 0);
    hny_buffer_free(&names);
    free(tensors);
    return status;
}

/* Where FILE, which is that of PATH, has the numbers of TENSOR, called PREFIX and its name. */
static hny_status find_tensor(const char *path, const struct hny_safetensors *file, const char *prefix,
                              const struct hny_tensor *tensor, const hny_real **numbers) {
    char name[128];
    snprintf(name, sizeof name, "%s%s", prefix, tensor->name);
    const struct hny_safetensors_tensor *found = hny_safetensors_find(file, name);
    if (!found) return hny_fail(HNY_ERROR_INPUT, "%s: the tensor %s is missing", path, name);
    bool fits = found->type == HNY_ELEMENT_F32 && found->rank == tensor->rank;
    for (size_t d = 0; fits && d < tensor->rank; d++) fits = found->shape[d] == tensor->shape[d];
    if (!fits)
        return hny_fail(HNY_ERROR_INPUT, "%s: the tensor %s has not the type F32 and the shape %zu by %zu",
                        path, name, tensor->shape[0], tensor->shape[1]);
    *numbers = found->data;
    return HNY_OK;
}

/* A file of COUNT blocks: where it has each tensor of each of them, SOURCES [COUNT][tensor_count]. */
static hny_status find_tensors(const char *path, const struct hny_safetensors *file,
                               const struct hny_parameters *parameters, const char *const *prefixes,
                               size_t count, const hny_real **sources) {
    size_t tensors = parameters->tensor_count, wanted = count * tensors;
    if (hny_safetensors_count(file) != wanted)
        return hny_fail(HNY_ERROR_INPUT, "%s: %zu tensors, but the model has %zu", path,
                        hny_safetensors_count(file), wanted);
    for (size_t i = 0; i < wanted; i++)
        HNY_TRY(
            find_tensor(path, file, prefixes[i / tensors], parameters->tensors[i % tensors], &sources[i]));
    return HNY_OK;
}

/* A mapped file and where its tensors are: nothing of either is read any more once it is closed. */
struct weights_file {
    struct hny_safetensors *file;
    const hny_real **sources;
};

static void close_file(struct weights_file *opened) {
    hny_safetensors_close(&opened->file);
    free(opened->sources);
}

/* Finds the tensors of OPENED's file. */
static hny_status find_sources(struct weights_file *opened, const char *name,
                               const struct hny_parameters *parameters, const char *const *prefixes,
                               size_t count) {
    opened->sources = hny_allocate(count * parameters->tensor_count, sizeof *opened->sources);
    hny_status status = opened->sources
                            ? find_tensors(name, opened->file, parameters, prefixes, count, opened->sources)
                            : HNY_ERROR_MEMORY;
    if (status != HNY_OK) close_file(opened);
    return status;
}

hny_status hny_folder_read_blocks(const char *path, const struct hny_parameters *parameters,
                                  hny_real *const *blocks, const char *const *prefixes, size_t count) {
    struct weights_file opened = {0};
    HNY_TRY(hny_safetensors_open(&opened.file, path));
    HNY_TRY(find_sources(&opened, path, parameters, prefixes, count));
    for (size_t i = 0; i < count; i++)
        hny_parameters_copy(parameters, opened.sources + i * parameters->tensor_count, blocks[i]);
    close_file(&opened);
    return HNY_OK;
}

/* The file of a model's weights. */
static hny_status open_weights(struct weights_file *opened, int weights, const char *name,
                               const struct hny_parameters *parameters) {
    *opened = (struct weights_file){0};
    HNY_TRY(hny_safetensors_open_descriptor(&opened->file, weights, name));
    return find_sources(opened, name, parameters, (const char *const[]){""}, 1);
}

hny_status hny_folder_read_weights(int weights, const char *name, struct hny_parameters *parameters) {
    struct weights_file opened;
    HNY_TRY(hny_parameters_allocate(parameters));
    HNY_TRY(open_weights(&opened, weights, name, parameters));
    hny_parameters_copy(parameters, opened.sources, parameters->values);
    close_file(&opened);
    return HNY_OK;
}

static hny_status pack(struct hny_parameters *parameters, enum hny_precision precision,
                       const hny_real *const *sources) {
    HNY_TRY(hny_parameters_allocate(parameters));
    hny_parameters_copy(parameters, sources, parameters->values);
    HNY_TRY(hny_parameters_prepare(parameters, precision, false));
    return hny_parameters_pack_from(parameters, sources);
}

hny_status hny_folder_pack_weights(int weights, const char *name, struct hny_parameters *parameters,
                                   enum hny_precision precision) {
    struct weights_file opened;
    hny_parameters_shed(parameters);
    HNY_TRY(open_weights(&opened, weights, name, parameters));
    hny_status status = pack(parameters, precision, opened.sources);
    close_file(&opened);
    return status;
}

hny_status hny_folder_share_weights(int weights, const char *name, struct hny_parameters *parameters,
                                    enum hny_precision precision, const char *image, int *file) {
    struct weights_file opened;
    hny_parameters_shed(parameters);
    HNY_TRY(open_weights(&opened, weights, name, parameters));
    hny_status status = hny_image_make(parameters, precision, image, opened.sources, file);
    close_file(&opened);
    return status;
}
