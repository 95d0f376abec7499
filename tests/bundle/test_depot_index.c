/* A depot's index: what is found in it, and what it must not say. */
#include "base/file.h"
#include "tests/base/scratch.h"
#include "tests/bundle/depot_scene.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(depot_index, .init = open_depot, .fini = scratch_close);

static void expect(const struct hny_depot_index *index, const char *wanted, const char *expected) {
    const struct hny_depot_bundle *found;
    char name[HNY_RELEASE_TEXT];
    hny_status status = hny_depot_index_find(index, "index", wanted, &found);
    cr_assert_eq(status == HNY_OK, expected != NULL, "%s: %s", wanted, hny_message());
    if (!expected) return;
    hny_release_print(found->name, found->release, name);
    cr_assert_str_eq(name, expected);
    cr_assert_str_empty(found->parent);
}

Test(depot_index, names_releases_and_digests_are_found) {
    struct hny_depot_index index;
    char prefix[HNY_DIGEST_TEXT];
    publish_release("en-ja", 9);
    publish_release("en-ja", 10);
    publish_release("en", 11);
    read_depot(&index);
    expect(&index, "en-ja@9", "en-ja@9");
    expect(&index, "en-ja", "en-ja@10");
    expect(&index, "en-ja@latest", "en-ja@10");
    expect(&index, "en", "en@11");
    expect(&index, "en-ja@11", NULL);
    expect(&index, "ja", NULL);
    expect(&index, "en-ja@0", NULL);
    expect(&index, "", NULL);
    for (size_t i = 0; i < index.count; i++) {
        char name[HNY_RELEASE_TEXT];
        hny_release_print(index.bundles[i].name, index.bundles[i].release, name);
        expect(&index, index.bundles[i].digest, name);
        snprintf(prefix, sizeof prefix, "%.12s", index.bundles[i].digest);
        expect(&index, prefix, name);
        prefix[11] = '\0';
        expect(&index, prefix, NULL);
    }
    expect(&index, "000000000000", NULL);
    hny_depot_index_free(&index);
}

static void refuse(const char *from, const char *to, const char *expected) {
    static const char *const bundles[][4] = {{"a", "1", "a", "-"}, {"a", "2", "c", "a"}};
    struct hny_buffer text = {0}, changed = {0};
    struct hny_depot_index index;
    write_index(bundles, 2);
    cr_assert_eq(hny_file_read(scratch_path("depot/index.json"), 1 << 20, &text), HNY_OK);
    const char *place = strstr(text.data, from);
    cr_assert_not_null(place, "%s", from);
    cr_assert_eq(
        hny_buffer_print(&changed, "%.*s%s%s", (int)(place - text.data), text.data, to, place + strlen(from)),
        HNY_OK);
    cr_assert_eq(hny_depot_index_parse(&index, "index", changed.data, changed.size), HNY_ERROR_INPUT,
                 "%s for %s is taken", to, from);
    cr_assert_not_null(strstr(hny_message(), expected), "\"%s\", expected: %s", hny_message(), expected);
    cr_assert_null(index.texts);
    hny_buffer_free(&text);
    hny_buffer_free(&changed);
}

Test(depot_index, an_index_is_read_strictly) {
    make_folder();
    refuse("honyaku depot", "honyaku bundle", "kind");
    refuse("\"version\": 1", "\"version\": 2", "version");
    refuse("\"bundles\": [", "\"bundles\": {}, \"more\": [", "bundles");
    refuse("\"name\": \"a\"", "\"name\": \"../a\"", "name");
    refuse("\"name\": \"a\"", "\"name\": \"abcdef012345\"", "name");
    refuse("\"name\": \"a\"", "\"name\": null", "name");
    refuse("\"name\": \"a\"", "\"name\": \"a\", \"name\": \"b\"", "duplicate");
    refuse("\"release\": 1", "\"release\": 0", "release");
    refuse("\"release\": 1", "\"release\": 9007199254740992", "release");
    refuse("\"release\": 1", "\"release\": \"1\"", "release");
    refuse("\"release\": 2", "\"release\": 1", "other content");
    refuse("\"bytes\": 1", "\"bytes\": -1", "bytes");
    refuse("\"bytes\": 1", "\"bytes\": 1.5", "bytes");
    refuse("\"file\": \"0", "\"file\": \"g", "file");
    refuse("\"file\": \"0", "\"file\": \"../0", "file");
    refuse("\"digest\": \"a", "\"digest\": \"b", "restores");
    refuse("\"parent\": null", "\"parent\": 1", "parent");
    refuse("\"precision\": \"f32\"", "\"precision\": \"f64\"", "precision");
    refuse("\"languages\": null", "\"languages\": \"\\u001b[2J\"", "languages");
    refuse("\"languages\": null", "\"languages\": \"a\\u0000b\"", "not valid JSON");
    refuse("\"scores\": null", "\"scores\": [1]", "scores");
    refuse("\"published\": \"2026-11-26T21:00:00Z\"", "\"published\": \"2026-11-26T21:00:00Z \"",
           "published");
    refuse("\"published\": \"2026-11-26T21:00:00Z\"", "\"published\": \"yesterday\"", "published");
    refuse("\"key\": null", "\"key\": \"\"", "key");
}
