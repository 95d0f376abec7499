#include "base/json.h"

#include "base/file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_LIMIT ((size_t)64 << 20)
#define REAL_DIGITS 17 /* enough to tell any two doubles apart */
/* What a person types comes back as it was typed: 0.1 and not 0.10000000000000001. */
#define SHORT_DIGITS 15

hny_status hny_json_parse(const char *name, const char *text, size_t size, json_t **json) {
    json_error_t error;
    json_t *value = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!value) {
        hny_status status =
            json_error_code(&error) == json_error_out_of_memory ? HNY_ERROR_MEMORY : HNY_ERROR_INPUT;
        return hny_fail(status, "%s:%d: not valid JSON: %s", name, error.line < 1 ? 1 : error.line,
                        error.text);
    }
    *json = value;
    return HNY_OK;
}

hny_status hny_json_load(const char *path, json_t **json) {
    struct hny_buffer text = {0};
    hny_status status = hny_file_read(path, FILE_LIMIT, &text);
    if (status == HNY_OK) status = hny_json_parse(path, text.data, text.size, json);
    hny_buffer_free(&text);
    return status;
}

static int append(const char *text, size_t size, void *context) {
    return hny_buffer_append(context, text, size) == HNY_OK ? 0 : -1;
}

/* Whether all its reals are; DEPTH ends the search in a value within itself, which printing refuses. */
static bool is_short(const json_t *json, int depth) {
    const char *name;
    json_t *value;
    size_t i;
    char text[32];
    if (depth == 0) return false;
    json_object_foreach((json_t *)json, name, value) if (!is_short(value, depth - 1)) return false;
    json_array_foreach(json, i, value) if (!is_short(value, depth - 1)) return false;
    if (!json_is_real(json)) return true;
    snprintf(text, sizeof text, "%.*g", SHORT_DIGITS, json_real_value(json));
    return strtod(text, NULL) == json_real_value(json);
}

hny_status hny_json_print(struct hny_buffer *buffer, const json_t *json, bool indented) {
    size_t before = buffer->size;
    size_t flags = JSON_ENCODE_ANY;
    flags |= is_short(json, 16) ? JSON_REAL_PRECISION(SHORT_DIGITS) : JSON_REAL_PRECISION(REAL_DIGITS);
    flags |= indented ? JSON_INDENT(2) : JSON_COMPACT;
    hny_status status = HNY_OK;
    if (json_dump_callback(json, append, buffer, flags) != 0)
        status = hny_fail(HNY_ERROR_MEMORY, "JSON cannot be printed: out of memory or a value within itself");
    if (status == HNY_OK && indented) status = hny_buffer_append(buffer, "\n", 1);
    if (status != HNY_OK && buffer->data) {
        buffer->size = before;
        buffer->data[before] = '\0';
    }
    return status;
}

hny_status hny_json_save(const char *path, const json_t *json) {
    struct hny_buffer text = {0};
    hny_status status = hny_json_print(&text, json, true);
    if (status == HNY_OK) status = hny_file_write(path, text.data, text.size);
    hny_buffer_free(&text);
    return status;
}
