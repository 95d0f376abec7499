#include "model/safetensors.h"

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "lengths and tensors are taken as they lie in the file");

static const struct element {
    const char *name;
    size_t bytes; /* also its alignment */
} elements[HNY_ELEMENT_TYPES] = {
    [HNY_ELEMENT_F64] = {"F64", 8},   [HNY_ELEMENT_F32] = {"F32", 4}, [HNY_ELEMENT_F16] = {"F16", 2},
    [HNY_ELEMENT_BF16] = {"BF16", 2}, [HNY_ELEMENT_I64] = {"I64", 8}, [HNY_ELEMENT_I32] = {"I32", 4},
    [HNY_ELEMENT_I16] = {"I16", 2},   [HNY_ELEMENT_I8] = {"I8", 1},   [HNY_ELEMENT_U64] = {"U64", 8},
    [HNY_ELEMENT_U32] = {"U32", 4},   [HNY_ELEMENT_U16] = {"U16", 2}, [HNY_ELEMENT_U8] = {"U8", 1},
    [HNY_ELEMENT_BOOL] = {"BOOL", 1},
};

const char *hny_element_name(enum hny_element type) {
    return elements[type].name;
}

size_t hny_element_bytes(enum hny_element type) {
    return elements[type].bytes;
}

size_t hny_safetensors_elements(const struct hny_safetensors_tensor *tensor) {
    size_t count = 1;
    for (size_t i = 0; i < tensor->rank; i++) count *= tensor->shape[i];
    return count;
}

bool hny_safetensors_bytes(const struct hny_safetensors_tensor *tensor, size_t *bytes) {
    *bytes = elements[tensor->type].bytes;
    for (size_t i = 0; i < tensor->rank; i++)
        if (__builtin_mul_overflow(*bytes, tensor->shape[i], bytes)) return false;
    return true;
}

/* Tensors are in order of their ranges, which fill the data without overlap or hole. */
struct hny_safetensors {
    char *path;
    struct hny_map map;        /* empty where the caller owns the bytes */
    const unsigned char *data; /* behind the header */
    size_t data_size;
    json_t *header; /* owns the names and the metadata */
    struct hny_safetensors_tensor *tensors;
    size_t count;
};

static hny_status fail_tensor(const struct hny_safetensors *file, const char *name, const char *expected) {
    return hny_fail(HNY_ERROR_INPUT, "%s: tensor \"%s\": expected %s", file->path, name, expected);
}

/* The header's JSON from the SIZE bytes of the whole file. */
static hny_status parse_header(struct hny_safetensors *file, const unsigned char *bytes, size_t size) {
    uint64_t length = 0;
    if (size < HNY_SAFETENSORS_LENGTH_BYTES)
        return hny_fail(HNY_ERROR_INPUT, "%s: %zu bytes are too few for a safetensors file", file->path,
                        size);
    memcpy(&length, bytes, HNY_SAFETENSORS_LENGTH_BYTES);
    if (length > HNY_SAFETENSORS_HEADER_LIMIT)
        return hny_fail(HNY_ERROR_INPUT,
                        "%s: not a safetensors file: a header of %llu bytes, expected at most %zu",
                        file->path, (unsigned long long)length, HNY_SAFETENSORS_HEADER_LIMIT);
    if (length > size - HNY_SAFETENSORS_LENGTH_BYTES)
        return hny_fail(HNY_ERROR_INPUT, "%s: cut short: a header of %llu bytes in a file of %zu", file->path,
                        (unsigned long long)length, size);
    const char *text = (const char *)bytes + HNY_SAFETENSORS_LENGTH_BYTES;
    if (length == 0 || text[0] != '{')
        return hny_fail(HNY_ERROR_INPUT, "%s: not a safetensors file: expected a header that begins with {",
                        file->path);
    HNY_TRY(hny_json_parse(file->path, text, length, &file->header));
    file->data = bytes + HNY_SAFETENSORS_LENGTH_BYTES + length;
    file->data_size = size - HNY_SAFETENSORS_LENGTH_BYTES - length;
    return HNY_OK;
}

static hny_status check_metadata(const struct hny_safetensors *file) {
    json_t *map = json_object_get(file->header, HNY_SAFETENSORS_METADATA), *value = NULL;
    const char *key = NULL;
    if (map && !json_is_object(map))
        return hny_fail(HNY_ERROR_INPUT, "%s: %s: expected a map of texts", file->path,
                        HNY_SAFETENSORS_METADATA);
    json_object_foreach(map, key, value) {
        if (!json_is_string(value))
            return hny_fail(HNY_ERROR_INPUT, "%s: %s: \"%s\": expected a text", file->path,
                            HNY_SAFETENSORS_METADATA, key);
    }
    return HNY_OK;
}

/* Whether JSON is a whole number from LEAST on. */
static bool take_count(const json_t *json, json_int_t least, size_t *count) {
    if (!json_is_integer(json) || json_integer_value(json) < least) return false;
    *count = (size_t)json_integer_value(json);
    return true;
}

static hny_status take_type(const struct hny_safetensors *file, const json_t *json,
                            struct hny_safetensors_tensor *tensor) {
    const char *name = json_string_value(json_object_get(json, "dtype"));
    for (size_t i = 0; name && i < HNY_ELEMENT_TYPES; i++) {
        if (strcmp(elements[i].name, name) != 0) continue;
        tensor->type = (enum hny_element)i;
        return HNY_OK;
    }
    return fail_tensor(file, tensor->name, "a dtype like F32, BF16 or I8");
}

static hny_status take_shape(const struct hny_safetensors *file, const json_t *json,
                             struct hny_safetensors_tensor *tensor) {
    const json_t *shape = json_object_get(json, "shape");
    if (!json_is_array(shape) || json_array_size(shape) > HNY_SAFETENSORS_RANK)
        return fail_tensor(file, tensor->name, "a shape of at most 8 dimensions");
    tensor->rank = json_array_size(shape);
    for (size_t i = 0; i < tensor->rank; i++)
        if (!take_count(json_array_get(shape, i), 1, &tensor->shape[i]))
            return fail_tensor(file, tensor->name, "a shape of whole numbers from 1 on: no empty tensor");
    return HNY_OK;
}

static hny_status take_range(const struct hny_safetensors *file, const json_t *json,
                             struct hny_safetensors_tensor *tensor) {
    const json_t *range = json_object_get(json, "data_offsets");
    size_t begin = 0, end = 0, bytes = 0;
    if (json_array_size(range) != 2 || !take_count(json_array_get(range, 0), 0, &begin) ||
        !take_count(json_array_get(range, 1), 0, &end) || begin > end || end > file->data_size)
        return fail_tensor(file, tensor->name, "data_offsets [begin, end] within the file: is it cut short?");
    if (!hny_safetensors_bytes(tensor, &bytes) || bytes != end - begin)
        return fail_tensor(file, tensor->name, "as many bytes in data_offsets as dtype and shape ask for");
    tensor->data = file->data + begin;
    if ((uintptr_t)tensor->data % elements[tensor->type].bytes != 0)
        return fail_tensor(file, tensor->name, "data at a multiple of its element's size");
    return HNY_OK;
}

static hny_status take_tensor(const struct hny_safetensors *file, const char *name, const json_t *json,
                              struct hny_safetensors_tensor *tensor) {
    tensor->name = name;
    if (json_object_size(json) != 3) return fail_tensor(file, name, "the keys dtype, shape and data_offsets");
    HNY_TRY(take_type(file, json, tensor));
    HNY_TRY(take_shape(file, json, tensor));
    return take_range(file, json, tensor);
}

static int compare_places(const void *left, const void *right) {
    const unsigned char *a = ((const struct hny_safetensors_tensor *)left)->data;
    const unsigned char *b = ((const struct hny_safetensors_tensor *)right)->data;
    return a < b ? -1 : a > b;
}

/* Sorted by place, each tensor must begin where the one before it ends, and the last end with the file. */
static hny_status check_ranges(const struct hny_safetensors *file) {
    const unsigned char *expected = file->data;
    for (size_t i = 0; i < file->count; i++) {
        const struct hny_safetensors_tensor *tensor = &file->tensors[i];
        if (tensor->data != expected)
            return fail_tensor(file, tensor->name,
                               "data where the tensor before it ends: no overlap and no hole");
        expected += elements[tensor->type].bytes * hny_safetensors_elements(tensor);
    }
    if (expected != file->data + file->data_size)
        return hny_fail(HNY_ERROR_INPUT, "%s: %zu bytes behind the last tensor, expected the end of the file",
                        file->path, (size_t)(file->data + file->data_size - expected));
    return HNY_OK;
}

static hny_status take_tensors(struct hny_safetensors *file) {
    file->tensors = hny_allocate(json_object_size(file->header), sizeof *file->tensors);
    if (!file->tensors) return HNY_ERROR_MEMORY;
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(file->header, name, value) {
        if (strcmp(name, HNY_SAFETENSORS_METADATA) == 0) continue;
        HNY_TRY(take_tensor(file, name, value, &file->tensors[file->count]));
        file->count++;
    }
    qsort(file->tensors, file->count, sizeof *file->tensors, compare_places);
    return check_ranges(file);
}

static hny_status read_all(struct hny_safetensors *file, const void *data, size_t size) {
    HNY_TRY(parse_header(file, data, size));
    HNY_TRY(check_metadata(file));
    return take_tensors(file);
}

hny_status hny_safetensors_parse(struct hny_safetensors **file, const char *name, const void *data,
                                 size_t size) {
    struct hny_safetensors *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->path = strdup(name);
    hny_status status =
        made->path ? read_all(made, data, size) : hny_fail(HNY_ERROR_MEMORY, "%s: out of memory", name);
    if (status == HNY_OK)
        *file = made;
    else
        hny_safetensors_close(&made);
    return status;
}

/* Takes MAP, also where it fails. */
static hny_status parse_map(struct hny_safetensors **file, const char *name, struct hny_map map) {
    hny_status status = hny_safetensors_parse(file, name, map.data, map.size);
    if (status == HNY_OK)
        (*file)->map = map;
    else
        hny_map_close(&map);
    return status;
}

hny_status hny_safetensors_open(struct hny_safetensors **file, const char *path) {
    struct hny_map map = {0};
    HNY_TRY(hny_map_open(&map, path));
    return parse_map(file, path, map);
}

hny_status hny_safetensors_open_descriptor(struct hny_safetensors **file, int descriptor, const char *name) {
    struct hny_map map = {0};
    HNY_TRY(hny_map_descriptor(&map, descriptor, name));
    return parse_map(file, name, map);
}

void hny_safetensors_close(struct hny_safetensors **file) {
    if (!*file) return;
    json_decref((*file)->header);
    hny_map_close(&(*file)->map);
    free((*file)->tensors);
    free((*file)->path);
    free(*file);
    *file = NULL;
}

size_t hny_safetensors_count(const struct hny_safetensors *file) {
    return file->count;
}

const struct hny_safetensors_tensor *hny_safetensors_at(const struct hny_safetensors *file, size_t index) {
    return index < file->count ? &file->tensors[index] : NULL;
}

const struct hny_safetensors_tensor *hny_safetensors_find(const struct hny_safetensors *file,
                                                          const char *name) {
    for (size_t i = 0; i < file->count; i++)
        if (strcmp(file->tensors[i].name, name) == 0) return &file->tensors[i];
    return NULL;
}

const char *hny_safetensors_text(const struct hny_safetensors *file, const char *key) {
    return json_string_value(json_object_get(json_object_get(file->header, HNY_SAFETENSORS_METADATA), key));
}
