/* What a depot keeps and what is collected. */
#include "base/file.h"
#include "tests/base/scratch.h"
#include "tests/bundle/depot_scene.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

TestSuite(depot_keep, .init = open_depot, .fini = scratch_close);

Test(depot_keep, the_last_releases_of_each_name_are_kept) {
    static const char *const bundles[][4] = {
        {"a", "1", "a", "-"}, {"a", "2", "b", "-"}, {"a", "10", "c", "-"}, {"b", "1", "d", "-"}};
    struct hny_depot_removed removed;
    make_folder();
    write_index(bundles, 4);
    keep(2, &removed);
    check_releases("a@2 a@10 b@1 ");
    cr_assert_eq(removed.bundles, 1);
    cr_assert_eq(removed.files, 1);
    cr_assert_eq(count_files(), 3);
    keep(2, &removed);
    cr_assert_eq(removed.bundles + removed.files, 0);
    cr_assert_eq(hny_depot_keep(scratch_path("depot"), 0, &removed), HNY_ERROR_USAGE);
}

Test(depot_keep, what_a_kept_delta_builds_on_is_kept_all_the_way_down) {
    static const char *const bundles[][4] = {{"base", "1", "a", "-"}, {"base", "2", "e", "-"},
                                             {"a", "1", "b", "a"},    {"a", "2", "c", "b"},
                                             {"a", "3", "d", "c"},    {"a", "4", "f", "-"}};
    struct hny_depot_removed removed;
    make_folder();
    write_index(bundles, 5);
    keep(1, &removed);
    check_releases("a@1+ a@2+ a@3+ base@1 base@2 ");
    cr_assert_eq(count_files(), 5);
    write_index(bundles, 6);
    keep(1, &removed);
    check_releases("a@4 base@2 ");
    cr_assert_eq(count_files(), 2);
}

Test(depot_keep, a_delta_beside_its_whole_bundle_goes_with_its_parent) {
    static const char *const bundles[][4] = {{"a", "1", "a", "-"}, {"a", "2", "b", "-"},
                                             {"a", "3", "c", "-"}, {"a", "3", "c", "b"},
                                             {"a", "3", "c", "a"}, {"a", "3", "c", "9"}};
    struct hny_depot_removed removed;
    make_folder();
    write_index(bundles, 6);
    keep(2, &removed);
    check_releases("a@2 a@3 a@3+ a@3+ "); /* from a@2, and from one that was never here */
}

Test(depot_keep, collecting_takes_what_publishers_left_and_nothing_else) {
    struct hny_depot_removed removed;
    char stray[128];
    publish_release("en-ja", 1);
    snprintf(stray, sizeof stray, "depot/bundles/%064d.tar.zst", 7);
    scratch_put(stray, "stray", 5);
    scratch_put("depot/bundles/publishing.tmp", "half", 4);
    scratch_put("depot/bundles/notes.txt", "mine", 4);
    scratch_put("depot/bundles/0123.tar.zst", "mine", 4);
    scratch_put("depot/index.json.1-0.tmp", "half", 4);
    cr_assert_eq(hny_depot_collect(scratch_path("depot"), &removed), HNY_OK, "%s", hny_message());
    cr_assert_eq(removed.bundles, 0);
    cr_assert_eq(removed.files, 2);
    cr_assert_eq(removed.bytes, 9);
    cr_assert_eq(count_files(), 3);
    cr_assert_not(hny_path_exists(scratch_path("depot/index.json.1-0.tmp")));
    cr_assert_eq(hny_depot_collect(scratch_path("nowhere"), &removed), HNY_ERROR_IO);
}

/* An upload of a file called by 64 times DIGIT, last written to AGE seconds ago; opened. */
static int put_upload(char digit, long age) {
    char name[128], digits[65];
    memset(digits, digit, sizeof digits - 1);
    digits[sizeof digits - 1] = '\0';
    snprintf(name, sizeof name, "depot/uploads/%s.partial", digits);
    scratch_put(name, "begun", 5);
    int file = open(scratch_path(name), O_RDWR);
    cr_assert(file >= 0);
    const struct timespec times[] = {{.tv_sec = time(NULL) - age}, {.tv_sec = time(NULL) - age}};
    cr_assert_eq(futimens(file, times), 0);
    return file;
}

static bool is_linked(int file) {
    struct stat about;
    cr_assert_eq(fstat(file, &about), 0);
    close(file);
    return about.st_nlink == 1;
}

Test(depot_keep, collecting_takes_pushes_that_nobody_has_gone_on_with_for_a_day) {
    struct hny_depot_removed removed;
    publish_release("en-ja", 1);
    cr_assert_eq(hny_directory_create(scratch_path("depot/uploads")), HNY_OK);
    scratch_put("depot/uploads/notes", "", 0);
    int old = put_upload('a', 86401), fresh = put_upload('b', 86300), busy = put_upload('c', 86401);
    int locked =
        open(scratch_path("depot/uploads/"
                          "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc.partial"),
             O_RDWR);
    cr_assert_eq(flock(locked, LOCK_EX | LOCK_NB), 0);
    cr_assert_eq(hny_depot_collect(scratch_path("depot"), &removed), HNY_OK, "%s", hny_message());
    cr_assert_eq(removed.files, 1);
    cr_assert_eq(removed.bytes, 5);
    cr_assert(!is_linked(old) && is_linked(fresh) && is_linked(busy));
    cr_assert(hny_path_exists(scratch_path("depot/uploads/notes")));
    close(locked);
    cr_assert_eq(hny_depot_collect(scratch_path("depot"), &removed), HNY_OK, "%s", hny_message());
    cr_assert_eq(removed.files, 1, "once nobody receives it any more");
}

Test(depot_keep, an_open_file_can_be_read_after_it_was_collected) {
    struct hny_depot_removed removed;
    struct hny_depot_index index;
    struct hny_buffer path = {0};
    char bytes[64];
    publish_release("en-ja", 1);
    read_depot(&index);
    cr_assert_eq(hny_depot_path(&path, scratch_path("depot"), index.bundles[0].file), HNY_OK);
    int file = open(path.data, O_RDONLY);
    cr_assert_geq(file, 0);
    publish_release("en-ja", 2);
    keep(1, &removed);
    cr_assert_eq(removed.files, 1);
    cr_assert_not(hny_path_exists(path.data));
    uint64_t size = 0;
    for (ssize_t got; (got = read(file, bytes, sizeof bytes)) > 0;) size += (uint64_t)got;
    cr_assert_eq(size, index.bundles[0].bytes);
    close(file);
    hny_depot_index_free(&index);
    hny_buffer_free(&path);
}
