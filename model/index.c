#include "model/index.h"

#include "base/json.h"
#include "base/memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KIND "honyaku corpus index"
#define VERSION 1
#define RECORDS_ENDING ".index"
#define ABOUT_ENDING ".json"

/* Readers number pairs and their sides in 32 bits, for the streams of random numbers. */
#define MOST_PAIRS ((uint64_t)1 << 31)

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "records lie in the file as in memory");
_Static_assert(sizeof(struct hny_index_record) == 40, "records have no holes");

const char *const hny_side_names[HNY_SIDES] = {"source", "target"};

static const struct drop {
    const char *key;    /* in the file */
    const char *reason; /* for people */
} drops[HNY_DROPS] = {
    [HNY_DROP_EMPTY_SOURCE] = {"empty_source", "the source is empty"},
    [HNY_DROP_EMPTY_TARGET] = {"empty_target", "the target is empty"},
    [HNY_DROP_LONG_SOURCE] = {"long_source", "the source is longer than max_length"},
    [HNY_DROP_LONG_TARGET] = {"long_target", "the target is longer than max_length"},
    [HNY_DROP_RATIO] = {"ratio", "the lengths differ by more than max_ratio"},
};

hny_status hny_index_describe(const struct hny_index_about *about, struct hny_buffer *text) {
    HNY_TRY(hny_buffer_print(text, "%llu lines, %llu pairs\n", (unsigned long long)about->lines,
                             (unsigned long long)about->pairs));
    for (size_t i = 0; i < HNY_DROPS; i++) {
        if (about->dropped[i] == 0) continue;
        HNY_TRY(hny_buffer_print(text, "left out %llu: %s (first: line %llu)\n",
                                 (unsigned long long)about->dropped[i], drops[i].reason,
                                 (unsigned long long)about->first_dropped[i]));
    }
    for (enum hny_side side = 0; side < HNY_SIDES; side++) {
        if (about->text[side].replaced == 0) continue;
        HNY_TRY(hny_buffer_print(text, "%s: %llu broken parts of UTF-8 replaced\n", hny_side_names[side],
                                 (unsigned long long)about->text[side].replaced));
    }
    return HNY_OK;
}

hny_status hny_index_path(char **path, const char *folder, const char *name, const char *ending) {
    if (asprintf(path, "%s/%s%s", folder, name, ending) >= 0) return HNY_OK;
    *path = NULL;
    return hny_fail(HNY_ERROR_MEMORY, "%s: out of memory", folder);
}

hny_status hny_index_exists(const char *folder, const char *name, bool *exists) {
    char *path = NULL;
    HNY_TRY(hny_index_path(&path, folder, name, ABOUT_ENDING));
    *exists = hny_path_exists(path);
    free(path);
    return HNY_OK;
}

/* --- NAME.json ----------------------------------------------------------------------------------------- */

static json_t *print_text(const struct hny_index_about *about, enum hny_side side) {
    const struct hny_index_text *text = &about->text[side];
    return json_pack("{s:I, s:s, s:b, s:s, s:s, s:I, s:I, s:I}", "bytes", (json_int_t)text->bytes, "sha256",
                     text->digest, "packed", (int)text->packed, "copy_sha256", text->copy_digest, "tokens_by",
                     text->tokens, "replaced", (json_int_t)text->replaced, "tokens",
                     (json_int_t)about->tokens[side], "longest", (json_int_t)about->longest[side]);
}

static json_t *print_drops(const struct hny_index_about *about) {
    json_t *all = json_object();
    for (size_t i = 0; i < HNY_DROPS; i++) {
        json_t *drop = json_pack("{s:I, s:I}", "count", (json_int_t)about->dropped[i], "first_line",
                                 (json_int_t)about->first_dropped[i]);
        if (json_object_set_new(all, drops[i].key, drop) == 0) continue;
        json_decref(all);
        return NULL;
    }
    return all;
}

static hny_status write_about(const char *path, const struct hny_index_about *about) {
    json_t *json = json_pack(
        "{s:s, s:i, s:I, s:f, s:I, s:I, s:o, s:o, s:o, s:s}", "kind", KIND, "version", VERSION, "max_length",
        (json_int_t)about->max_length, "max_ratio", about->max_ratio, "lines", (json_int_t)about->lines,
        "pairs", (json_int_t)about->pairs, "source", print_text(about, HNY_SOURCE), "target",
        print_text(about, HNY_TARGET), "dropped", print_drops(about), "records_sha256", about->digest);
    if (!json) return hny_fail(HNY_ERROR_MEMORY, "out of memory for the description of a corpus");
    hny_status status = hny_json_save(path, json);
    json_decref(json);
    return status;
}

/* What a value of the file has to be; the reader below is a row of these. */
struct reading {
    const char *path;
    hny_status status; /* the first failure */
};

static void fail_reading(struct reading *reading, const char *key, const char *expected) {
    if (reading->status != HNY_OK) return;
    reading->status = hny_fail(HNY_ERROR_INPUT, "%s: \"%s\": expected %s", reading->path, key, expected);
}

static uint64_t read_count(struct reading *reading, const json_t *json, const char *key) {
    const json_t *value = json_object_get(json, key);
    if (json_is_integer(value) && json_integer_value(value) >= 0) return (uint64_t)json_integer_value(value);
    fail_reading(reading, key, "a whole number from 0 on");
    return 0;
}

static void read_word(struct reading *reading, const json_t *json, const char *key, char *text, size_t room) {
    const char *value = json_string_value(json_object_get(json, key));
    if (value && strlen(value) < room)
        memcpy(text, value, strlen(value) + 1);
    else
        fail_reading(reading, key, "a short text");
}

static void read_text(struct reading *reading, const json_t *json, enum hny_side side,
                      struct hny_index_about *about) {
    struct hny_index_text *text = &about->text[side];
    const json_t *value = json_object_get(json, hny_side_names[side]);
    text->bytes = read_count(reading, value, "bytes");
    read_word(reading, value, "sha256", text->digest, sizeof text->digest);
    text->packed = json_is_true(json_object_get(value, "packed"));
    read_word(reading, value, "copy_sha256", text->copy_digest, sizeof text->copy_digest);
    read_word(reading, value, "tokens_by", text->tokens, sizeof text->tokens);
    text->replaced = read_count(reading, value, "replaced");
    about->tokens[side] = read_count(reading, value, "tokens");
    about->longest[side] = read_count(reading, value, "longest");
}

static hny_status read_about(const char *path, const json_t *json, struct hny_index_about *about) {
    struct reading reading = {.path = path};
    const char *kind = json_string_value(json_object_get(json, "kind"));
    if (!kind || strcmp(kind, KIND) != 0) fail_reading(&reading, "kind", "\"" KIND "\"");
    if (read_count(&reading, json, "version") != VERSION) fail_reading(&reading, "version", "1");
    about->max_length = read_count(&reading, json, "max_length");
    about->max_ratio = json_number_value(json_object_get(json, "max_ratio"));
    about->lines = read_count(&reading, json, "lines");
    about->pairs = read_count(&reading, json, "pairs");
    if (about->pairs < 1 || about->pairs > MOST_PAIRS) fail_reading(&reading, "pairs", "1 to 2147483648");
    for (enum hny_side side = 0; side < HNY_SIDES; side++) read_text(&reading, json, side, about);
    for (size_t i = 0; i < HNY_DROPS; i++) {
        const json_t *drop = json_object_get(json_object_get(json, "dropped"), drops[i].key);
        about->dropped[i] = read_count(&reading, drop, "count");
        about->first_dropped[i] = read_count(&reading, drop, "first_line");
    }
    read_word(&reading, json, "records_sha256", about->digest, sizeof about->digest);
    return reading.status;
}

static hny_status load_about(const char *path, struct hny_index_about *about) {
    json_t *json = NULL;
    HNY_TRY(hny_json_load(path, &json));
    hny_status status = read_about(path, json, about);
    json_decref(json);
    return status;
}

/* --- NAME.index ---------------------------------------------------------------------------------------- */

static hny_status check_records(const char *path, const struct hny_index *index) {
    char digest[HNY_DIGEST_TEXT];
    uint64_t expected = index->about.pairs * sizeof *index->records;
    if (index->map.size != expected)
        return hny_fail(HNY_ERROR_INPUT, "%s: %zu bytes, expected %llu for %llu pairs", path, index->map.size,
                        (unsigned long long)expected, (unsigned long long)index->about.pairs);
    HNY_TRY(hny_digest_file(path, digest)); /* not through the map, whose pages would count as ours */
    if (strcmp(digest, index->about.digest) == 0) return HNY_OK;
    return hny_fail(HNY_ERROR_INPUT, "%s: damaged: SHA-256 %s, expected %s", path, digest,
                    index->about.digest);
}

hny_status hny_index_open(struct hny_index *index, const char *folder, const char *name) {
    struct hny_index opened = {0};
    char *about = NULL, *records = NULL;
    hny_status status = hny_index_path(&about, folder, name, ABOUT_ENDING);
    if (status == HNY_OK) status = hny_index_path(&records, folder, name, RECORDS_ENDING);
    if (status == HNY_OK) status = load_about(about, &opened.about);
    if (status == HNY_OK) status = hny_map_open(&opened.map, records);
    if (status == HNY_OK) status = check_records(records, &opened);
    opened.records = (const struct hny_index_record *)(const void *)opened.map.data;
    if (status == HNY_OK)
        *index = opened;
    else
        hny_map_close(&opened.map);
    free(about);
    free(records);
    return status;
}

void hny_index_close(struct hny_index *index) {
    hny_map_close(&index->map);
    *index = (struct hny_index){0};
}

/* --- Writing ------------------------------------------------------------------------------------------- */

struct hny_index_writer {
    struct hny_writer *records;
    struct hny_digest *digest;
    char *about_path;
    uint64_t pairs;
};

hny_status hny_index_writer_open(struct hny_index_writer **writer, const char *folder, const char *name) {
    struct hny_index_writer *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    char *path = NULL;
    hny_status status = hny_index_path(&made->about_path, folder, name, ABOUT_ENDING);
    if (status == HNY_OK) status = hny_index_path(&path, folder, name, RECORDS_ENDING);
    if (status == HNY_OK) status = hny_digest_open(&made->digest);
    if (status == HNY_OK) status = hny_writer_open(&made->records, path);
    free(path);
    if (status == HNY_OK)
        *writer = made;
    else
        hny_index_writer_abandon(&made);
    return status;
}

hny_status hny_index_writer_add(struct hny_index_writer *writer, const struct hny_index_record *record) {
    if (writer->pairs == MOST_PAIRS)
        return hny_fail(HNY_ERROR_INPUT, "line %llu: a corpus has at most %llu pairs",
                        (unsigned long long)record->line, (unsigned long long)MOST_PAIRS);
    writer->pairs++;
    HNY_TRY(hny_digest_add(writer->digest, record, sizeof *record));
    return hny_writer_write(writer->records, record, sizeof *record);
}

static hny_status commit(struct hny_index_writer *writer, struct hny_index_about *about) {
    about->pairs = writer->pairs;
    HNY_TRY(hny_digest_close(&writer->digest, about->digest));
    HNY_TRY(hny_writer_commit(&writer->records));
    return write_about(writer->about_path, about);
}

hny_status hny_index_writer_commit(struct hny_index_writer **writer, struct hny_index_about *about) {
    hny_status status = commit(*writer, about);
    hny_index_writer_abandon(writer);
    return status;
}

void hny_index_writer_abandon(struct hny_index_writer **writer) {
    if (!*writer) return;
    hny_writer_abandon(&(*writer)->records);
    hny_digest_close(&(*writer)->digest, NULL);
    free((*writer)->about_path);
    free(*writer);
    *writer = NULL;
}
