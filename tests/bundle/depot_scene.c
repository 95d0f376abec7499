#include "tests/bundle/depot_scene.h"

#include "base/file.h"
#include "tests/base/scratch.h"
#include "tests/bundle/small.h"
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void open_depot(void) {
    scratch_open();
    small_write("model");
}

void make(const char *file, const char *name, uint64_t release) {
    small_pack_release("model", file, name, release, HNY_PRECISION_F32);
}

hny_status publish(const char *file, bool *changed) {
    return hny_depot_publish(scratch_path("depot"), scratch_path(file), &small_options, NULL, changed);
}

void publish_release(const char *name, uint64_t release) {
    bool changed = false;
    make("release", name, release);
    cr_assert_eq(publish("release", &changed), HNY_OK, "%s", hny_message());
    cr_assert(changed);
}

void read_depot(struct hny_depot_index *index) {
    cr_assert_eq(hny_depot_read(scratch_path("depot"), index), HNY_OK, "%s", hny_message());
}

size_t count_files(void) {
    size_t count = 0;
    DIR *entries = opendir(scratch_path("depot/bundles"));
    cr_assert_not_null(entries);
    for (const struct dirent *entry; (entry = readdir(entries));) count += entry->d_name[0] != '.';
    closedir(entries);
    return count;
}

void check_releases(const char *expected) {
    struct hny_depot_index index;
    struct hny_buffer text = {0};
    char name[HNY_RELEASE_TEXT];
    read_depot(&index);
    for (size_t i = 0; i < index.count; i++) {
        hny_release_print(index.bundles[i].name, index.bundles[i].release, name);
        cr_assert_eq(hny_buffer_print(&text, "%s%s ", name, *index.bundles[i].parent ? "+" : ""), HNY_OK);
    }
    cr_assert_str_eq(text.data ? text.data : "", expected);
    hny_buffer_free(&text);
    hny_depot_index_free(&index);
}

void write_index(const char *const (*bundles)[4], size_t count) {
    struct hny_depot_index index = {0};
    struct hny_buffer text = {0}, path = {0};
    for (size_t i = 0; i < count; i++) {
        bool changed;
        struct hny_depot_bundle bundle = {.name = bundles[i][0],
                                          .release = strtoul(bundles[i][1], NULL, 10),
                                          .bytes = 1,
                                          .published = "2026-11-26T21:00:00Z"};
        bool delta = bundles[i][3][0] != '-';
        memset(bundle.restores, bundles[i][2][0], HNY_DIGEST_TEXT - 1);
        memset(bundle.digest, delta ? '0' + (int)i : bundles[i][2][0], HNY_DIGEST_TEXT - 1);
        if (delta) memset(bundle.parent, bundles[i][3][0], HNY_DIGEST_TEXT - 1);
        snprintf(bundle.file, sizeof bundle.file, "%064zx", i);
        cr_assert_eq(hny_depot_index_add(&index, "index", &bundle, &changed), HNY_OK, "%s", hny_message());
        cr_assert_eq(hny_depot_path(&path, "depot", bundle.file), HNY_OK);
        scratch_put(path.data, "x", 1);
    }
    cr_assert_eq(hny_depot_index_print(&index, &text), HNY_OK);
    scratch_put("depot/index.json", text.data, text.size);
    hny_depot_index_free(&index);
    hny_buffer_free(&text);
    hny_buffer_free(&path);
}

void keep(size_t releases, struct hny_depot_removed *removed) {
    cr_assert_eq(hny_depot_keep(scratch_path("depot"), releases, removed), HNY_OK, "%s", hny_message());
}

void make_folder(void) {
    cr_assert_eq(hny_directory_create(scratch_path("depot/bundles")), HNY_OK);
}
