/* What a folder holds, found without a depot. */
#include "bundle/depot.h"
#include "bundle/peek.h"
#include "pipeline/pull_held.h"
#include "tests/base/scratch.h"
#include "tests/pipeline/pull_scene.h"
#include <criterion/criterion.h>
#include <stdio.h>

TestSuite(pull_held, .init = open_pulling, .fini = scratch_close);

static void find(const char *wanted, uint64_t expected) {
    struct hny_buffer path = {0};
    struct hny_bundle contents;
    cr_assert_eq(hny_held_find(scratch_path("here"), wanted, &options.reading, &path, &contents), HNY_OK,
                 "%s", hny_message());
    cr_assert_eq(contents.release, expected, "%s: %llu", wanted, (unsigned long long)contents.release);
    cr_assert_eq(path.size > 0, expected > 0);
    hny_buffer_free(&path);
    hny_bundle_free(&contents);
}

Test(pull_held, what_a_folder_holds_is_found_without_a_depot) {
    struct hny_bundle contents;
    char digits[HNY_DEPOT_PREFIX + 1];
    find("en-ja@latest", 0);
    copy_part("file1", "here/en-ja@1.tar.zst", 1);
    copy_part("file2", "here/en-ja@2.tar.zst", 1);
    copy_part("file2", "here/en-ja@3.tar.zst", 1);   /* is another than it says */
    copy_part("file2", "here/en-ja@4.tar.zst", 0.9); /* and this one too */
    copy_part("file2", "here/ja-en@5.tar.zst", 1);
    find("en-ja@latest", 2);
    find("en-ja", 2);
    find("en-ja@1", 1);
    find("en-ja@3", 0);
    find("ja-en", 0);
    cr_assert_eq(hny_bundle_peek(scratch_path("file1"), &contents), HNY_OK);
    snprintf(digits, sizeof digits, "%.12s", contents.digest);
    hny_bundle_free(&contents);
    find(digits, 1);
    find("000000000000", 0);
    copy_part("file2", "here/en-ja@2.tar.zst", 0.9);
    find("en-ja", 1);
}
