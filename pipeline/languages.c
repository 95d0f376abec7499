#include "pipeline/languages.h"

#include "base/memory.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/uloc.h>
#include <unicode/ustring.h>

void hny_languages_free(struct hny_languages *languages) {
    free(languages->pairs);
    *languages = (struct hny_languages){0};
}

/* How many characters of KIND stand at TEXT. */
static size_t span_of(const char *text, int (*kind)(int character)) {
    size_t size = 0;
    while ((unsigned char)text[size] < 128 && kind((unsigned char)text[size])) size++;
    return size;
}

/* The end of the subtag that stands behind the hyphen at TEXT where it is a script, or with REGION a region;
 * TEXT itself where it is none. */
static const char *skip_subtag(const char *text, bool region) {
    if (*text != '-') return text;
    const char *tag = text + 1;
    size_t size = 0;
    if (!region && span_of(tag, isupper) == 1 && span_of(tag + 1, islower) == 3) size = 4;
    if (region && span_of(tag, isupper) == 2) size = 2;
    if (region && span_of(tag, isdigit) == 3) size = 3;
    return size > 0 && !isalnum((unsigned char)tag[size]) ? tag + size : text;
}

/* The end of the code at TEXT; NULL where none stands there. */
static const char *skip_code(const char *text) {
    size_t size = span_of(text, islower);
    if (size < 2 || size > 3) return NULL;
    return skip_subtag(skip_subtag(text + size, false), true);
}

bool hny_pair_read(const char *text, struct hny_pair *pair) {
    const char *hyphen = skip_code(text), *end = hyphen && *hyphen == '-' ? skip_code(hyphen + 1) : NULL;
    if (!end || (*end != '\0' && *end != '=')) return false;
    const char *model = *end == '=' ? end + 1 : text;
    if (strlen(model) >= sizeof pair->model) return false;
    *pair = (struct hny_pair){0};
    memcpy(pair->source, text, (size_t)(hyphen - text));
    memcpy(pair->target, hyphen + 1, (size_t)(end - hyphen - 1));
    memcpy(pair->model, model, strlen(model) + 1);
    return true;
}

const struct hny_pair *hny_languages_find(const struct hny_languages *languages, const char *source,
                                          const char *target) {
    for (size_t i = 0; i < languages->count; i++) {
        const struct hny_pair *pair = &languages->pairs[i];
        if (strcmp(pair->source, source) == 0 && strcmp(pair->target, target) == 0) return pair;
    }
    return NULL;
}

hny_status hny_languages_add(struct hny_languages *languages, const struct hny_pair *pair) {
    if (hny_languages_find(languages, pair->source, pair->target)) return HNY_OK;
    if (hny_grow(&languages->pairs, &languages->capacity, languages->count + 1, sizeof *languages->pairs))
        return HNY_ERROR_MEMORY;
    languages->pairs[languages->count++] = *pair;
    return HNY_OK;
}

hny_status hny_languages_learn(struct hny_languages *languages, const json_t *state) {
    size_t i;
    json_t *model;
    json_array_foreach(json_object_get(state, "models"), i, model) {
        const char *name = json_string_value(json_object_get(model, "name"));
        struct hny_pair pair;
        if (!name || strchr(name, '=') || json_integer_value(json_object_get(model, "workers")) <= 0)
            continue;
        if (hny_pair_read(name, &pair)) HNY_TRY(hny_languages_add(languages, &pair));
    }
    return HNY_OK;
}

bool hny_languages_has(const struct hny_languages *languages, const char *code) {
    for (size_t i = 0; i < languages->count; i++)
        if (strcmp(languages->pairs[i].source, code) == 0 || strcmp(languages->pairs[i].target, code) == 0)
            return true;
    return false;
}

static bool is_source_before(const struct hny_languages *languages, size_t end, const char *code) {
    for (size_t i = 0; i < end; i++)
        if (strcmp(languages->pairs[i].source, code) == 0) return true;
    return false;
}

size_t hny_languages_sources(const struct hny_languages *languages, const char **codes, size_t limit) {
    size_t count = 0;
    for (size_t i = 0; i < languages->count; i++) {
        const char *code = languages->pairs[i].source;
        if (is_source_before(languages, i, code)) continue;
        if (count < limit) codes[count] = code;
        count++;
    }
    return count;
}

void hny_language_name(const char *code, char *name, size_t size) {
    UChar wide[128];
    UErrorCode error = U_ZERO_ERROR;
    uloc_getDisplayName(code, "en", wide, sizeof wide / sizeof *wide, &error);
    if (error != U_STRING_NOT_TERMINATED_WARNING) u_strToUTF8(name, (int32_t)size, NULL, wide, -1, &error);
    if (U_FAILURE(error) || error == U_STRING_NOT_TERMINATED_WARNING) snprintf(name, size, "%s", code);
}

/* The JSON functions that fail for want of memory hand NULL on, which the last one refuses. */
static json_t *language(const struct hny_languages *languages, const char *code) {
    char name[128];
    json_t *targets = json_array();
    bool fine = json_array_append_new(targets, json_string(code)) == 0;
    for (size_t i = 0; i < languages->count; i++) {
        const struct hny_pair *pair = &languages->pairs[i];
        if (strcmp(pair->source, code) == 0 && strcmp(pair->target, code) != 0)
            fine = json_array_append_new(targets, json_string(pair->target)) == 0 && fine;
    }
    hny_language_name(code, name, sizeof name);
    if (!fine) {
        json_decref(targets);
        return NULL;
    }
    return json_pack("{s:s, s:s, s:o}", "code", code, "name", name, "targets", targets);
}

static bool is_listed(const json_t *list, const char *code) {
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item) {
        if (strcmp(json_string_value(json_object_get(item, "code")), code) == 0) return true;
    }
    return false;
}

hny_status hny_languages_write(const struct hny_languages *languages, struct hny_buffer *out) {
    json_t *list = json_array();
    bool fine = list != NULL;
    for (size_t i = 0; i < 2 * languages->count; i++) { /* sources, then what is a target alone */
        const struct hny_pair *pair = &languages->pairs[i % languages->count];
        const char *code = i < languages->count ? pair->source : pair->target;
        if (!is_listed(list, code))
            fine = json_array_append_new(list, language(languages, code)) == 0 && fine;
    }
    hny_status status = fine ? hny_json_print(out, list, false)
                             : hny_fail(HNY_ERROR_MEMORY, "out of memory for the list of languages");
    json_decref(list);
    return status;
}
