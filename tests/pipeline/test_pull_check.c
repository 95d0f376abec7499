/* Verifying a bundle while it comes. */
#include "base/file.h"
#include "pipeline/pull_check.h"
#include "tests/base/scratch.h"
#include "tests/bundle/small.h"
#include "tests/pipeline/pull_scene.h"
#include <criterion/criterion.h>
#include <stdio.h>

TestSuite(pull_check, .init = open_pulling, .fini = scratch_close);

/* Verifies a file that holds PART of "file2" at first and then more, by pieces; the byte ALTERED, if not 0,
 * is another, LEFT_OUT are missing at the end, and with SPOIL it is told that what it has read was replaced.
 */
static bool verify_growing(double part, size_t altered, size_t left_out, bool spoil) {
    struct hny_pull_check *check = NULL;
    struct hny_buffer bytes = {0};
    struct hny_bundle contents = {0};
    cr_assert_eq(hny_file_read(scratch_path("file2"), 1 << 20, &bytes), HNY_OK);
    if (altered > 0) bytes.data[altered] ^= 1;
    size_t at = (size_t)((double)bytes.size * part), end = bytes.size - left_out;
    scratch_put("growing", bytes.data, at);
    cr_assert_eq(hny_pull_check_start(&check, scratch_path("growing"), at, &small_options), HNY_OK);
    FILE *file = fopen(scratch_path("growing"), "a");
    cr_assert_not_null(file);
    while (at < end) {
        size_t piece = end - at < 100 ? end - at : 100;
        cr_assert_eq(fwrite(bytes.data + at, 1, piece, file), piece);
        cr_assert_eq(fflush(file), 0);
        hny_pull_check_tell(check, at += piece);
    }
    fclose(file);
    if (spoil) hny_pull_check_spoil(check);
    bool good = hny_pull_check_end(&check, &contents);
    cr_assert_null(check);
    if (good) cr_assert_eq(contents.release, 2);
    hny_bundle_free(&contents);
    hny_buffer_free(&bytes);
    return good;
}

Test(pull_check, a_bundle_is_verified_while_it_comes) {
    cr_assert(verify_growing(0, 0, 0, false));
    cr_assert(verify_growing(0.5, 0, 0, false));
    cr_assert(verify_growing(1, 0, 0, false));
    cr_assert_not(verify_growing(0, 2000, 0, false), "altered");
    cr_assert_not(verify_growing(0.5, 0, 1, false), "cut short");
    cr_assert_not(verify_growing(0.5, 0, 0, true), "it did not stay as it was");
}

Test(pull_check, what_stops_coming_is_waited_for_no_longer) {
    struct hny_pull_check *check = NULL;
    scratch_put("growing", "", 0);
    cr_assert_eq(hny_pull_check_start(&check, scratch_path("growing"), 0, &small_options), HNY_OK);
    hny_pull_check_abandon(&check);
    cr_assert_null(check);
    cr_assert_not(hny_pull_check_end(&check, &(struct hny_bundle){0}));
    hny_pull_check_abandon(&check);
}
