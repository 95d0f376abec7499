/* The index of a depot. What is taken is printed and parsed again, found by each of its names and digests,
 * and added to another index, which holds the same.
 * Reader: bundle/depot_index.c
 * Reader: bundle/depot_index_find.c */
#include "tests/fuzz/fuzz.h"

#include "bundle/depot_index.h"
#include <string.h>

static void check_found(const struct hny_depot_index *index, const char *wanted, const char *restores) {
    const struct hny_depot_bundle *found;
    hny_status status = hny_depot_index_find(index, "index", wanted, &found);
    /* Different bundles may have digests of the same first digits. */
    FUZZ_CHECK(status == HNY_OK ? strcmp(found->restores, restores) == 0 : status == HNY_ERROR_INPUT);
}

static void check_bundle(const struct hny_depot_index *index, const struct hny_depot_bundle *bundle) {
    const struct hny_depot_bundle *found;
    char name[HNY_RELEASE_TEXT], prefix[HNY_DEPOT_PREFIX + 1];
    struct hny_buffer line = {0};
    hny_release_print(bundle->name, bundle->release, name);
    check_found(index, name, bundle->restores);
    check_found(index, bundle->restores, bundle->restores);
    snprintf(prefix, sizeof prefix, "%.*s", HNY_DEPOT_PREFIX, bundle->digest);
    check_found(index, prefix, bundle->restores);
    FUZZ_CHECK(hny_depot_is_fixed(name) && hny_depot_is_fixed(prefix) && !hny_depot_is_fixed(bundle->name));
    FUZZ_CHECK(hny_depot_index_find(index, "index", bundle->name, &found) == HNY_OK);
    FUZZ_CHECK(found->release >= bundle->release);
    FUZZ_CHECK(hny_depot_bundle_print(bundle, &line) == HNY_OK);
    hny_buffer_free(&line);
}

static void check_index(const struct hny_depot_index *index) {
    struct hny_buffer text = {0}, again = {0};
    struct hny_depot_index added = {0};
    bool changed;
    for (size_t i = index->count; i-- > 0;) {
        check_bundle(index, &index->bundles[i]);
        FUZZ_CHECK(hny_depot_index_add(&added, "added", &index->bundles[i], &changed) == HNY_OK && changed);
        FUZZ_CHECK(hny_depot_index_add(&added, "added", &index->bundles[i], &changed) == HNY_OK && !changed);
        struct hny_depot_bundle other = index->bundles[i];
        other.file[0] = other.file[0] == '0' ? '1' : '0';
        FUZZ_CHECK(hny_depot_index_add(&added, "added", &other, &changed) == HNY_ERROR_INPUT);
        other.release = 0;
        FUZZ_CHECK(hny_depot_index_add(&added, "added", &other, &changed) == HNY_ERROR_INPUT);
    }
    FUZZ_CHECK(hny_depot_index_print(index, &text) == HNY_OK);
    FUZZ_CHECK(hny_depot_index_print(&added, &again) == HNY_OK);
    FUZZ_CHECK(text.size == again.size && memcmp(text.data, again.data, text.size) == 0);
    hny_depot_index_free(&added);
    FUZZ_CHECK(hny_depot_index_parse(&added, "printed", text.data, text.size) == HNY_OK);
    FUZZ_CHECK(added.count == index->count);
    hny_depot_index_free(&added);
    hny_buffer_free(&text);
    hny_buffer_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct hny_depot_index index;
    const struct hny_depot_bundle *found;
    hny_status status = hny_depot_index_parse(&index, "index", (const char *)data, size);
    if (status == HNY_OK) {
        check_index(&index);
        FUZZ_CHECK(hny_depot_index_find(&index, "index", "no name", &found) == HNY_ERROR_USAGE);
    } else {
        FUZZ_CHECK(status == HNY_ERROR_INPUT && *hny_message() && !index.texts && !index.bundles);
    }
    hny_depot_index_free(&index);
    return 0;
}
