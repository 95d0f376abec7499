#include "pipeline/position.h"

#include "base/file.h"
#include "base/json.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Keys with a number, and where it goes. */
struct field {
    const char *key;
    uint64_t *value;
};
enum { FIELDS = 4 };

static void list_fields(struct hny_position *position, struct field fields[FIELDS]) {
    fields[0] = (struct field){"record", &position->at.stored};
    fields[1] = (struct field){"refused", &position->at.refused};
    fields[2] = (struct field){"bytes", &position->bytes};
    fields[3] = (struct field){"end", &position->end};
}

static hny_status fail(const char *path, const char *key) {
    return hny_fail(HNY_ERROR_INPUT, "%s: is no position of a stream: \"%s\"", path, key);
}

static bool take_number(const json_t *value, uint64_t *number) {
    if (!json_is_integer(value) || json_integer_value(value) < 0) return false;
    if ((uint64_t)json_integer_value(value) > HNY_STREAM_MOST) return false;
    *number = (uint64_t)json_integer_value(value);
    return true;
}

/* Rising, and within a window behind what is stored. */
static bool take_seen(const json_t *array, struct hny_stream_position *at) {
    const json_t *value;
    size_t i;
    if (!json_is_array(array) || json_array_size(array) > HNY_STREAM_WINDOW) return false;
    json_array_foreach(array, i, value) {
        if (!take_number(value, &at->seen[i]) || at->seen[i] <= (i ? at->seen[i - 1] : at->stored))
            return false;
    }
    at->seen_count = i;
    return true;
}

static const char *kind(bool of_sink) {
    return of_sink ? "output" : "input";
}

static hny_status take(const char *path, bool of_sink, const json_t *json, struct hny_position *position) {
    struct field fields[FIELDS];
    const char *stream = json_string_value(json_object_get(json, "stream"));
    const char *of = json_string_value(json_object_get(json, "of"));
    char *behind = NULL;
    list_fields(position, fields);
    if (of && strcmp(of, kind(of_sink)) != 0 && strcmp(of, kind(!of_sink)) == 0)
        return hny_fail(HNY_ERROR_INPUT, "%s: is the position of an %s, not of an %s", path, of,
                        kind(of_sink));
    if (!of || strcmp(of, kind(of_sink)) != 0) return fail(path, "of");
    if (!stream || strlen(stream) != 16) return fail(path, "stream");
    position->at.stream = strtoull(stream, &behind, 16);
    if (*behind) return fail(path, "stream");
    for (size_t i = 0; i < FIELDS; i++)
        if (!take_number(json_object_get(json, fields[i].key), fields[i].value))
            return fail(path, fields[i].key);
    return take_seen(json_object_get(json, "seen"), &position->at) ? HNY_OK : fail(path, "seen");
}

hny_status hny_position_load(const char *path, bool of_sink, struct hny_position *position, bool *found) {
    json_t *json = NULL;
    *position = (struct hny_position){0};
    *found = hny_path_exists(path);
    if (!*found) return HNY_OK;
    HNY_TRY(hny_json_load(path, &json));
    hny_status status = take(path, of_sink, json, position);
    json_decref(json);
    return status;
}

static json_t *make(bool of_sink, const struct hny_position *position) {
    struct hny_position copy = *position;
    struct field fields[FIELDS];
    char stream[17];
    json_t *json = json_object(), *seen = json_array();
    list_fields(&copy, fields);
    snprintf(stream, sizeof stream, "%016" PRIx64, copy.at.stream);
    bool fine = json && seen && json_object_set_new(json, "of", json_string(kind(of_sink))) == 0 &&
                json_object_set_new(json, "stream", json_string(stream)) == 0;
    for (size_t i = 0; fine && i < FIELDS; i++)
        fine = json_object_set_new(json, fields[i].key, json_integer((json_int_t)*fields[i].value)) == 0;
    for (size_t i = 0; fine && i < copy.at.seen_count; i++)
        fine = json_array_append_new(seen, json_integer((json_int_t)copy.at.seen[i])) == 0;
    fine = fine && json_object_set(json, "seen", seen) == 0;
    json_decref(seen);
    if (fine) return json;
    json_decref(json);
    return NULL;
}

hny_status hny_position_save(const char *path, bool of_sink, const struct hny_position *position) {
    struct hny_buffer text = {0};
    json_t *json = make(of_sink, position);
    if (!json) return hny_fail(HNY_ERROR_MEMORY, "%s: out of memory", path);
    hny_status status = hny_json_print(&text, json, false);
    if (status == HNY_OK) status = hny_buffer_append(&text, "\n", 1);
    if (status == HNY_OK) status = hny_file_write(path, text.data, text.size);
    hny_buffer_free(&text);
    json_decref(json);
    return status;
}
