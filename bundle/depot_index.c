#include "bundle/depot_index.h"

#include "base/json.h"
#include <stdlib.h>
#include <string.h>

static const char kind[] = "honyaku depot";
enum { VERSION = 1, TEXT_MOST = 128, SCORES_MOST = 4096, ARENA_BYTES = 1 << 16 };

void hny_depot_index_free(struct hny_depot_index *index) {
    free(index->bundles);
    hny_arena_destroy(&index->texts);
    *index = (struct hny_depot_index){0};
}

/* --- Order --------------------------------------------------------------------------------------------- */

static int compare(const struct hny_depot_bundle *a, const struct hny_depot_bundle *b) {
    int order = strcmp(a->name, b->name);
    if (order == 0) order = (a->release > b->release) - (a->release < b->release);
    return order ? order : strcmp(a->parent, b->parent);
}

static int compare_entries(const void *a, const void *b) {
    return compare(a, b);
}

static bool same_release(const struct hny_depot_bundle *a, const struct hny_depot_bundle *b) {
    return a->release == b->release && strcmp(a->name, b->name) == 0;
}

static hny_status fail_conflict(const char *source, const struct hny_depot_bundle *bundle) {
    char text[HNY_RELEASE_TEXT];
    hny_release_print(bundle->name, bundle->release, text);
    return hny_fail(HNY_ERROR_INPUT, "%s: %s is there with other content", source, text);
}

/* --- Writing ------------------------------------------------------------------------------------------- */

static json_t *text_or_null(const char *text) {
    return text && *text ? json_string(text) : json_null();
}

static json_t *describe(const struct hny_depot_bundle *bundle) {
    json_t *scores = bundle->scores ? json_loads(bundle->scores, 0, NULL) : json_null();
    return json_pack("{s:s, s:I, s:s, s:I, s:s, s:s, s:o, s:s, s:o, s:o, s:s, s:o}", "name", bundle->name,
                     "release", (json_int_t)bundle->release, "file", bundle->file, "bytes",
                     (json_int_t)bundle->bytes, "digest", bundle->digest, "restores", bundle->restores,
                     "parent", text_or_null(bundle->parent), "precision",
                     hny_precision_name(bundle->precision), "languages", text_or_null(bundle->languages),
                     "scores", scores, "published", bundle->published, "key", text_or_null(bundle->key));
}

hny_status hny_depot_bundle_print(const struct hny_depot_bundle *bundle, struct hny_buffer *text) {
    json_t *json = describe(bundle);
    hny_status status = json ? hny_json_print(text, json, false)
                             : hny_fail(HNY_ERROR_MEMORY, "out of memory for the depot's index");
    json_decref(json);
    return status;
}

hny_status hny_depot_index_print(const struct hny_depot_index *index, struct hny_buffer *text) {
    json_t *bundles = json_array();
    bool good = true;
    for (size_t i = 0; good && i < index->count; i++)
        good = json_array_append_new(bundles, describe(&index->bundles[i])) == 0;
    json_t *all =
        good ? json_pack("{s:s, s:i, s:O}", "kind", kind, "version", VERSION, "bundles", bundles) : NULL;
    hny_status status = all ? hny_json_print(text, all, true)
                            : hny_fail(HNY_ERROR_MEMORY, "out of memory for the depot's index");
    json_decref(all);
    json_decref(bundles);
    return status;
}

/* --- Reading ------------------------------------------------------------------------------------------- */

/* What is being read, for messages: SOURCE, the number of the bundle and the key. */
struct place {
    const char *source;
    size_t number;
    const json_t *json;
};

static hny_status fail_place(const struct place *place, const char *key, const char *expected) {
    return hny_fail(HNY_ERROR_INPUT, "%s: bundle %zu: %s: expected %s", place->source, place->number, key,
                    expected);
}

static hny_status take_digest(const struct place *place, const char *key, char digest[HNY_DIGEST_TEXT]) {
    const char *text = json_string_value(json_object_get(place->json, key));
    if (!text || !hny_digest_at(text) || text[HNY_DIGEST_TEXT - 1])
        return fail_place(place, key, "a SHA-256 of 64 hexadecimal digits");
    memcpy(digest, text, HNY_DIGEST_TEXT);
    return HNY_OK;
}

static hny_status take_number(const struct place *place, const char *key, uint64_t *number) {
    const json_t *json = json_object_get(place->json, key);
    json_int_t value = json_integer_value(json);
    if (!json_is_integer(json) || value < 1 || (uint64_t)value > HNY_RELEASE_MOST)
        return fail_place(place, key, "a whole number from 1 to 2^53 - 1");
    *number = (uint64_t)value;
    return HNY_OK;
}

/* What can stand in a table on a terminal. */
static bool plain(const char *text) {
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i++)
        if (text[i] < ' ' || text[i] > '~') return false;
    return length > 0 && length < TEXT_MOST;
}

static hny_status take_text(const struct place *place, const char *key, struct hny_arena *texts,
                            const char **text) {
    const json_t *json = json_object_get(place->json, key);
    if (json_is_null(json)) return HNY_OK;
    if (!json_is_string(json) || !plain(json_string_value(json)))
        return fail_place(place, key, "null, or a short text of ASCII's printable characters");
    *text = hny_arena_text(texts, json_string_value(json), json_string_length(json));
    return *text ? HNY_OK : HNY_ERROR_MEMORY;
}

static hny_status take_scores(const struct place *place, struct hny_arena *texts, const char **scores) {
    const json_t *json = json_object_get(place->json, "scores");
    struct hny_buffer text = {0};
    if (json_is_null(json)) return HNY_OK;
    if (!json_is_object(json)) return fail_place(place, "scores", "null or an object");
    hny_status status = hny_json_print(&text, json, false);
    if (status == HNY_OK && text.size > SCORES_MOST)
        status = fail_place(place, "scores", "an object of at most 4,096 bytes");
    if (status == HNY_OK && !(*scores = hny_arena_text(texts, text.data, text.size)))
        status = HNY_ERROR_MEMORY;
    hny_buffer_free(&text);
    return status;
}

/* As 2026-11-26T21:00:00Z. */
static bool is_date(const char *text) {
    static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
    for (size_t i = 0; i < sizeof form; i++)
        if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i]) return false;
    return true;
}

static hny_status take_precision(const struct place *place, enum hny_precision *precision) {
    const char *text = json_string_value(json_object_get(place->json, "precision"));
    int known = HNY_PRECISION_F32;
    while (text && known <= HNY_PRECISION_INT8 &&
           strcmp(text, hny_precision_name((enum hny_precision)known)) != 0)
        known++;
    if (!text || known > HNY_PRECISION_INT8) return fail_place(place, "precision", "f32, bf16 or int8");
    *precision = (enum hny_precision)known;
    return HNY_OK;
}

static hny_status take_digests(const struct place *place, struct hny_depot_bundle *bundle) {
    HNY_TRY(take_digest(place, "file", bundle->file));
    HNY_TRY(take_digest(place, "digest", bundle->digest));
    HNY_TRY(take_digest(place, "restores", bundle->restores));
    if (!json_is_null(json_object_get(place->json, "parent")))
        HNY_TRY(take_digest(place, "parent", bundle->parent));
    bool whole = strcmp(bundle->digest, bundle->restores) == 0;
    if (whole == (*bundle->parent != '\0') || strcmp(bundle->parent, bundle->restores) == 0)
        return fail_place(place, "restores", "the digest itself without a parent, and another with one");
    return HNY_OK;
}

static hny_status take_bundle(const struct place *place, struct hny_arena *texts,
                              struct hny_depot_bundle *bundle) {
    *bundle = (struct hny_depot_bundle){0};
    if (!json_is_object(place->json)) return fail_place(place, "it", "an object");
    HNY_TRY(take_text(place, "name", texts, &bundle->name));
    if (!bundle->name || !hny_depot_name_fits(bundle->name))
        return fail_place(
            place, "name",
            "1 to 64 letters, digits, \".\", \"_\" and \"-\", the first no \".\", and no digest");
    HNY_TRY(take_number(place, "release", &bundle->release));
    HNY_TRY(take_number(place, "bytes", &bundle->bytes));
    HNY_TRY(take_digests(place, bundle));
    HNY_TRY(take_precision(place, &bundle->precision));
    HNY_TRY(take_text(place, "languages", texts, &bundle->languages));
    HNY_TRY(take_scores(place, texts, &bundle->scores));
    HNY_TRY(take_text(place, "key", texts, &bundle->key));
    const char *date = json_string_value(json_object_get(place->json, "published"));
    if (!date || !is_date(date)) return fail_place(place, "published", "a date as 2026-11-26T21:00:00Z");
    memcpy(bundle->published, date, sizeof bundle->published);
    return HNY_OK;
}

static hny_status check_order(const struct hny_depot_index *index, const char *source) {
    for (size_t i = 1; i < index->count; i++) {
        const struct hny_depot_bundle *before = &index->bundles[i - 1], *here = &index->bundles[i];
        if (compare(before, here) == 0 ||
            (same_release(before, here) && strcmp(before->restores, here->restores) != 0))
            return fail_conflict(source, here);
    }
    return HNY_OK;
}

static hny_status take_all(struct hny_depot_index *index, const char *source, const json_t *json) {
    const char *named = json_string_value(json_object_get(json, "kind"));
    const json_t *bundles = json_object_get(json, "bundles");
    if (!named || strcmp(named, kind) != 0)
        return hny_fail(HNY_ERROR_INPUT, "%s: kind: expected \"%s\"", source, kind);
    if (json_integer_value(json_object_get(json, "version")) != VERSION)
        return hny_fail(HNY_ERROR_INPUT, "%s: version: expected 1: a later program wrote this index", source);
    if (!json_is_array(bundles) || json_array_size(bundles) > HNY_DEPOT_BUNDLES_MOST)
        return hny_fail(HNY_ERROR_INPUT, "%s: bundles: expected a list of at most %d", source,
                        HNY_DEPOT_BUNDLES_MOST);
    for (size_t i = 0; i < json_array_size(bundles); i++) {
        const struct place place = {source, i + 1, json_array_get(bundles, i)};
        if (hny_grow(&index->bundles, &index->room, i + 1, sizeof *index->bundles) != 0)
            return HNY_ERROR_MEMORY;
        HNY_TRY(take_bundle(&place, index->texts, &index->bundles[i]));
        index->count++;
    }
    if (index->count > 0) qsort(index->bundles, index->count, sizeof *index->bundles, compare_entries);
    return check_order(index, source);
}

hny_status hny_depot_index_parse(struct hny_depot_index *index, const char *source, const char *text,
                                 size_t size) {
    json_t *json = NULL;
    *index = (struct hny_depot_index){.texts = hny_arena_create(ARENA_BYTES)};
    hny_status status = index->texts ? HNY_OK : HNY_ERROR_MEMORY;
    if (status == HNY_OK && size > HNY_DEPOT_INDEX_MOST)
        status = hny_fail(HNY_ERROR_INPUT, "%s: longer than %zu bytes", source, HNY_DEPOT_INDEX_MOST);
    if (status == HNY_OK) status = hny_json_parse(source, text, size, &json);
    if (status == HNY_OK) status = take_all(index, source, json);
    json_decref(json);
    if (status != HNY_OK) hny_depot_index_free(index);
    return status;
}

/* --- Adding -------------------------------------------------------------------------------------------- */

static hny_status copy_text(struct hny_arena *texts, const char *source, const char *from, size_t most,
                            const char *what, const char **to) {
    *to = NULL;
    if (!from) return HNY_OK;
    if (strlen(from) > most || (most == TEXT_MOST - 1 && !plain(from)))
        return hny_fail(HNY_ERROR_INPUT, "%s: the %s of a bundle is nothing that a depot's index can hold",
                        source, what);
    *to = hny_arena_text(texts, from, strlen(from));
    return *to ? HNY_OK : HNY_ERROR_MEMORY;
}

static hny_status copy_texts(struct hny_arena *texts, const char *source,
                             const struct hny_depot_bundle *bundle, struct hny_depot_bundle *copy) {
    *copy = *bundle;
    HNY_TRY(copy_text(texts, source, bundle->name, HNY_RELEASE_NAME - 1, "name", &copy->name));
    HNY_TRY(
        copy_text(texts, source, bundle->languages, TEXT_MOST - 1, "pair of languages", &copy->languages));
    HNY_TRY(copy_text(texts, source, bundle->scores, SCORES_MOST, "list of scores", &copy->scores));
    return copy_text(texts, source, bundle->key, TEXT_MOST - 1, "signer's key", &copy->key);
}

hny_status hny_depot_index_add(struct hny_depot_index *index, const char *source,
                               const struct hny_depot_bundle *bundle, bool *changed) {
    struct hny_depot_bundle copy;
    *changed = false;
    if (!hny_depot_name_fits(bundle->name) || bundle->release < 1 || bundle->release > HNY_RELEASE_MOST)
        return hny_fail(HNY_ERROR_INPUT,
                        "%s: a bundle in a depot has a name, not a digest's digits, and a release: pack "
                        "--name NAME@RELEASE",
                        source);
    if (strcmp(bundle->parent, bundle->restores) == 0)
        return hny_fail(HNY_ERROR_INPUT, "%s: a delta that makes what it builds on is of no use", source);
    for (size_t i = 0; i < index->count; i++) {
        const struct hny_depot_bundle *here = &index->bundles[i];
        if (!same_release(here, bundle)) continue;
        bool same = strcmp(here->parent, bundle->parent) == 0;
        if (same && strcmp(here->file, bundle->file) == 0) return HNY_OK;
        if (same || strcmp(here->restores, bundle->restores) != 0) return fail_conflict(source, bundle);
    }
    if (index->count >= HNY_DEPOT_BUNDLES_MOST)
        return hny_fail(HNY_ERROR_INPUT, "%s: holds %zu bundles, and no more", source, index->count);
    if (!index->texts && !(index->texts = hny_arena_create(ARENA_BYTES))) return HNY_ERROR_MEMORY;
    if (hny_grow(&index->bundles, &index->room, index->count + 1, sizeof *index->bundles) != 0)
        return HNY_ERROR_MEMORY;
    HNY_TRY(copy_texts(index->texts, source, bundle, &copy));
    index->bundles[index->count++] = copy;
    qsort(index->bundles, index->count, sizeof *index->bundles, compare_entries);
    *changed = true;
    return HNY_OK;
}
