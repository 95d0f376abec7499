#include "model/file_check.h"

#include "base/digest.h"
#include "base/file.h"
#include "tests/base/scratch.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

TestSuite(file_check, .init = scratch_open, .fini = scratch_close);

static const char text[] = "an old book about the sea";

static struct hny_file_checking *begin(const char *path, const char *wanted) {
    struct hny_file_checking *checking = NULL;
    cr_assert_eq(hny_file_check_begin(&checking, path, wanted), HNY_OK, "%s", hny_message());
    return checking;
}

Test(file_check, a_file_of_the_digest_is_right_though_its_name_is_gone) {
    char digest[HNY_DIGEST_TEXT];
    const char *path = scratch_put("book", text, sizeof text);
    cr_assert_eq(hny_digest_bytes(text, sizeof text, digest), HNY_OK);
    cr_assert_eq(hny_file_check(path, digest), HNY_OK);
    struct hny_file_checking *checking = begin(path, digest);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(hny_file_check_result(checking), HNY_OK);
    cr_assert_eq(hny_file_check_result(checking), HNY_OK);
    hny_file_check_destroy(&checking);
    cr_assert_null(checking);
}

Test(file_check, who_reads_the_descriptor_reads_what_is_digested_whatever_takes_its_name) {
    char digest[HNY_DIGEST_TEXT];
    const char *path = scratch_put("book", text, sizeof text);
    struct hny_map map = {0};
    cr_assert_eq(hny_digest_bytes(text, sizeof text, digest), HNY_OK);
    struct hny_file_checking *checking = begin(path, digest);
    cr_assert_eq(rename(scratch_put("other", "a new one", 9), path), 0);
    cr_assert_eq(hny_map_descriptor(&map, hny_file_check_descriptor(checking), path), HNY_OK);
    cr_assert_eq(hny_file_check_result(checking), HNY_OK);
    hny_file_check_destroy(&checking);
    cr_assert_eq(map.size, sizeof text);
    cr_assert_eq(memcmp(map.data, text, sizeof text), 0);
    hny_map_close(&map);
}

Test(file_check, another_digest_is_named_as_often_as_asked_for) {
    char digest[HNY_DIGEST_TEXT], message[1024];
    const char *path = scratch_put("book", text, sizeof text);
    cr_assert_eq(hny_digest_bytes(text, sizeof text - 1, digest), HNY_OK);
    cr_assert_eq(hny_file_check(path, digest), HNY_ERROR_INPUT);
    snprintf(message, sizeof message, "%s", hny_message());
    cr_assert_not_null(strstr(message, "book: damaged: its SHA-256 is "), "%s", message);
    struct hny_file_checking *checking = begin(path, digest);
    for (int i = 0; i < 2; i++) {
        hny_fail(HNY_ERROR_IO, "something else");
        cr_assert_eq(hny_file_check_result(checking), HNY_ERROR_INPUT);
        cr_assert_str_eq(hny_message(), message);
    }
    hny_file_check_destroy(&checking);
}

Test(file_check, one_that_nobody_waits_for_ends_and_a_missing_file_begins_none) {
    struct hny_file_checking *checking = begin(scratch_put("book", text, sizeof text), "0");
    hny_file_check_destroy(&checking);
    hny_file_check_destroy(&checking);
    cr_assert_eq(hny_file_check_begin(&checking, scratch_path("none"), "0"), HNY_ERROR_IO);
    cr_assert_not_null(strstr(hny_message(), "none: cannot be opened"), "%s", hny_message());
    cr_assert_null(checking);
}
