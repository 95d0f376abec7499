#include "model/safetensors.h"

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/utf8.h"
#include <stdlib.h>
#include <string.h>

#define DATA_ALIGNMENT ((size_t)64)

static bool writable_name(const char *name) {
    return name && strcmp(name, HNY_SAFETENSORS_METADATA) != 0 && hny_utf8_valid(name, strlen(name));
}

static bool writable_shape(const struct hny_safetensors_tensor *tensor) {
    size_t bytes = 0;
    if (tensor->rank > HNY_SAFETENSORS_RANK) return false;
    for (size_t i = 0; i < tensor->rank; i++)
        if (tensor->shape[i] == 0) return false;
    return hny_safetensors_bytes(tensor, &bytes) && bytes <= INT64_MAX;
}

/* {"dtype": …, "shape": […], "data_offsets": [BEGIN, END]}; NULL where memory is out. */
static json_t *describe_tensor(const struct hny_safetensors_tensor *tensor, uint64_t begin, uint64_t end) {
    json_t *shape = json_array();
    for (size_t i = 0; i < tensor->rank; i++)
        if (json_array_append_new(shape, json_integer((json_int_t)tensor->shape[i])) != 0) goto failed;
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", hny_element_name(tensor->type), "shape", shape,
                     "data_offsets", (json_int_t)begin, (json_int_t)end);
failed:
    json_decref(shape);
    return NULL;
}

static hny_status add_key(const char *path, json_t *object, const char *key, json_t *value) {
    if (json_object_get(object, key)) {
        json_decref(value);
        return hny_fail(HNY_ERROR_USAGE, "%s: \"%s\" would be written twice", path, key);
    }
    if (json_object_set_new(object, key, value) == 0) return HNY_OK;
    return hny_fail(HNY_ERROR_MEMORY, "%s: out of memory", path);
}

static hny_status describe_texts(const char *path, json_t *header, const struct hny_safetensors_text *texts,
                                 size_t count) {
    if (count == 0) return HNY_OK;
    json_t *map = json_object();
    HNY_TRY(add_key(path, header, HNY_SAFETENSORS_METADATA, map));
    for (size_t i = 0; i < count; i++) {
        if (!hny_utf8_valid(texts[i].key, strlen(texts[i].key)) ||
            !hny_utf8_valid(texts[i].value, strlen(texts[i].value)))
            return hny_fail(HNY_ERROR_USAGE, "%s: metadata is not valid UTF-8", path);
        HNY_TRY(add_key(path, map, texts[i].key, json_string(texts[i].value)));
    }
    return HNY_OK;
}

static hny_status describe_all(const char *path, json_t *header,
                               const struct hny_safetensors_tensor *const *order, size_t count) {
    uint64_t offset = 0;
    for (size_t i = 0; i < count; i++) {
        size_t bytes = 0;
        if (!writable_name(order[i]->name))
            return hny_fail(HNY_ERROR_USAGE, "%s: not a tensor's name: \"%s\"", path,
                            order[i]->name ? order[i]->name : "");
        if (!writable_shape(order[i]) || !hny_safetensors_bytes(order[i], &bytes))
            return hny_fail(HNY_ERROR_USAGE, "%s: tensor \"%s\" has a shape that cannot be written", path,
                            order[i]->name);
        json_t *value = describe_tensor(order[i], offset, offset + bytes);
        HNY_TRY(add_key(path, header, order[i]->name, value));
        offset += bytes;
    }
    return HNY_OK;
}

/* The header's text behind its length in BUFFER, padded by spaces to where data may start. */
static hny_status print_header(const char *path, struct hny_buffer *buffer, const json_t *header) {
    static const char spaces[] = "                                                                ";
    const uint64_t unknown = 0;
    HNY_TRY(hny_buffer_append(buffer, &unknown, HNY_SAFETENSORS_LENGTH_BYTES));
    HNY_TRY(hny_json_print(buffer, header, false));
    HNY_TRY(
        hny_buffer_append(buffer, spaces, (DATA_ALIGNMENT - buffer->size % DATA_ALIGNMENT) % DATA_ALIGNMENT));
    const uint64_t length = buffer->size - HNY_SAFETENSORS_LENGTH_BYTES;
    if (length > HNY_SAFETENSORS_HEADER_LIMIT)
        return hny_fail(HNY_ERROR_USAGE, "%s: names and shapes take more than %zu bytes", path,
                        HNY_SAFETENSORS_HEADER_LIMIT);
    memcpy(buffer->data, &length, HNY_SAFETENSORS_LENGTH_BYTES);
    return HNY_OK;
}

static hny_status write_all(const char *path, const struct hny_buffer *header,
                            const struct hny_safetensors_tensor *const *order, size_t count) {
    struct hny_writer *writer = NULL;
    HNY_TRY(hny_writer_open(&writer, path));
    hny_status status = hny_writer_write(writer, header->data, header->size);
    for (size_t i = 0; i < count && status == HNY_OK; i++) {
        size_t bytes = hny_element_bytes(order[i]->type) * hny_safetensors_elements(order[i]);
        status = hny_writer_write(writer, order[i]->data, bytes);
    }
    if (status == HNY_OK) return hny_writer_commit(&writer);
    hny_writer_abandon(&writer);
    return status;
}

/* By falling alignment, else as they were given. */
static void sort_by_alignment(const struct hny_safetensors_tensor **order,
                              const struct hny_safetensors_tensor *tensors, size_t count) {
    size_t placed = 0;
    for (size_t alignment = 8; alignment > 0; alignment /= 2)
        for (size_t i = 0; i < count; i++)
            if (hny_element_bytes(tensors[i].type) == alignment) order[placed++] = &tensors[i];
}

hny_status hny_safetensors_write(const char *path, const struct hny_safetensors_tensor *tensors, size_t count,
                                 const struct hny_safetensors_text *texts, size_t text_count) {
    struct hny_buffer text = {0};
    json_t *header = json_object();
    const struct hny_safetensors_tensor **order = hny_allocate(count, sizeof *order);
    hny_status status = header && order ? HNY_OK : hny_fail(HNY_ERROR_MEMORY, "%s: out of memory", path);
    if (status == HNY_OK) {
        sort_by_alignment(order, tensors, count);
        status = describe_texts(path, header, texts, text_count);
    }
    if (status == HNY_OK) status = describe_all(path, header, order, count);
    if (status == HNY_OK) status = print_header(path, &text, header);
    if (status == HNY_OK) status = write_all(path, &text, order, count);
    json_decref(header);
    hny_buffer_free(&text);
    free(order);
    return status;
}
