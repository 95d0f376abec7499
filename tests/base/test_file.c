#include "base/file.h"

#include "tests/base/scratch.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(file, .init = scratch_open, .fini = scratch_close);

static void assert_content(const char *path, const char *expected, size_t size) {
    struct hny_buffer found = {0};
    cr_assert_eq(hny_file_read(path, 1 << 24, &found), HNY_OK, "%s", hny_message());
    cr_assert_eq(found.size, size);
    cr_assert_arr_eq(found.data, expected, size);
    hny_buffer_free(&found);
}

Test(file, reading_appends_the_whole_file) {
    const char *path = scratch_put("a", "x\0y", 3);
    struct hny_buffer found = {0};
    hny_buffer_append(&found, "-", 1);
    cr_assert_eq(hny_file_read(path, 3, &found), HNY_OK);
    cr_assert_eq(found.size, 4);
    cr_assert_arr_eq(found.data, "-x\0y", 5);
    hny_buffer_free(&found);
}

Test(file, an_empty_file_reads_as_an_empty_text) {
    struct hny_buffer found = {0};
    cr_assert_eq(hny_file_read(scratch_put("a", "", 0), 0, &found), HNY_OK);
    cr_assert_str_eq(found.data, "");
    hny_buffer_free(&found);
}

Test(file, more_than_the_limit_is_refused_and_the_buffer_is_as_before) {
    struct hny_buffer found = {0};
    hny_buffer_append(&found, "kept", 4);
    cr_assert_eq(hny_file_read(scratch_put("a", "1234", 4), 3, &found), HNY_ERROR_INPUT);
    cr_assert_neq(strstr(hny_message(), "/a: longer than 3 bytes"), NULL);
    cr_assert_str_eq(found.data, "kept");
    cr_assert_eq(hny_file_read(scratch_path("missing"), 3, &found), HNY_ERROR_IO);
    cr_assert_eq(hny_file_read(scratch_path("."), 3, &found), HNY_ERROR_IO);
    cr_assert_str_eq(found.data, "kept");
    hny_buffer_free(&found);
}

Test(file, writing_makes_and_replaces_a_file_and_leaves_no_other) {
    const char *path = scratch_path("a");
    cr_assert_eq(hny_file_write(path, "first", 5), HNY_OK, "%s", hny_message());
    assert_content(path, "first", 5);
    cr_assert_eq(hny_file_write(path, NULL, 0), HNY_OK);
    assert_content(path, "", 0);
    cr_assert_eq(scratch_count(), 1);
}

Test(file, a_writer_shows_nothing_before_it_commits) {
    const char *path = scratch_put("a", "old", 3);
    struct hny_writer *writer = NULL;
    cr_assert_eq(hny_writer_open(&writer, path), HNY_OK);
    for (int i = 0; i < 100000; i++) cr_assert_eq(hny_writer_write(writer, "0123456", 7), HNY_OK);
    cr_assert_eq(hny_writer_size(writer), 700000);
    assert_content(path, "old", 3);
    cr_assert_eq(hny_writer_commit(&writer), HNY_OK);
    cr_assert_null(writer);
    struct stat about;
    cr_assert_eq(stat(path, &about), 0);
    cr_assert_eq(about.st_size, 700000);
    cr_assert_eq(scratch_count(), 1);
}

Test(file, pieces_small_and_large_keep_their_order) {
    struct hny_writer *writer = NULL;
    size_t size = 3 << 20, at = 0;
    char *data = malloc(size);
    for (size_t i = 0; i < size; i++) data[i] = (char)(i * 2654435761u >> 13);
    cr_assert_eq(hny_writer_open(&writer, scratch_path("a")), HNY_OK);
    for (size_t piece = 1; at < size; piece = piece * 3 % 600011) {
        if (piece > size - at) piece = size - at;
        cr_assert_eq(hny_writer_write(writer, data + at, piece), HNY_OK);
        at += piece;
        cr_assert_eq(hny_writer_size(writer), at);
    }
    cr_assert_eq(hny_writer_commit(&writer), HNY_OK);
    assert_content(scratch_path("a"), data, size);
    free(data);
}

Test(file, an_abandoned_writer_leaves_the_old_file_and_no_other) {
    const char *path = scratch_put("a", "old", 3);
    struct hny_writer *writer = NULL;
    cr_assert_eq(hny_writer_open(&writer, path), HNY_OK);
    cr_assert_eq(hny_writer_write(writer, "new", 3), HNY_OK);
    hny_writer_abandon(&writer);
    cr_assert_null(writer);
    hny_writer_abandon(&writer);
    assert_content(path, "old", 3);
    cr_assert_eq(scratch_count(), 1);
}

Test(file, a_full_disk_leaves_the_old_file_and_no_other) {
    const char *path = scratch_put("a", "old", 3);
    struct rlimit limit = {.rlim_cur = 1 << 16, .rlim_max = RLIM_INFINITY};
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, SIG_IGN);
    size_t size = 1 << 20;
    char *data = calloc(size, 1);
    cr_assert_eq(hny_file_write(path, data, size), HNY_ERROR_IO);
    cr_assert_neq(strstr(hny_message(), "/a: cannot be written: File too large"), NULL, "%s", hny_message());
    free(data);
    assert_content(path, "old", 3);
    cr_assert_eq(scratch_count(), 1);
}

Test(file, two_writers_of_one_path_do_not_mix) {
    struct hny_writer *one = NULL, *two = NULL;
    const char *path = scratch_path("a");
    cr_assert_eq(hny_writer_open(&one, path), HNY_OK);
    cr_assert_eq(hny_writer_open(&two, path), HNY_OK);
    cr_assert_eq(hny_writer_write(one, "one", 3), HNY_OK);
    cr_assert_eq(hny_writer_write(two, "second", 6), HNY_OK);
    cr_assert_eq(hny_writer_commit(&two), HNY_OK);
    assert_content(path, "second", 6);
    cr_assert_eq(hny_writer_commit(&one), HNY_OK);
    assert_content(path, "one", 3);
    cr_assert_eq(scratch_count(), 1);
}

Test(file, a_link_stays_a_link_and_its_target_is_replaced) {
    const char *target = scratch_put("target", "old", 3), *link = scratch_path("link");
    cr_assert_eq(symlink("target", link), 0);
    cr_assert_eq(hny_file_write(link, "new", 3), HNY_OK);
    struct stat about;
    cr_assert_eq(lstat(link, &about), 0);
    cr_assert(S_ISLNK(about.st_mode));
    assert_content(target, "new", 3);
}

Test(file, devices_are_written_in_place_and_folders_refused) {
    cr_assert_eq(hny_file_write("/dev/null", "x", 1), HNY_OK, "%s", hny_message());
    struct stat about;
    cr_assert_eq(stat("/dev/null", &about), 0);
    cr_assert(S_ISCHR(about.st_mode));
    cr_assert_eq(hny_file_write("/dev/full", "x", 1), HNY_ERROR_IO);
    cr_assert_eq(hny_file_write(scratch_path("."), "x", 1), HNY_ERROR_USAGE);
    cr_assert_eq(hny_file_write(scratch_path("missing/a"), "x", 1), HNY_ERROR_IO);
    cr_assert_neq(strstr(hny_message(), "missing/a"), NULL, "%s", hny_message());
}

Test(file, files_are_made_with_the_mode_of_the_umask) {
    umask(027);
    cr_assert_eq(hny_file_write(scratch_path("a"), "x", 1), HNY_OK);
    struct stat about;
    cr_assert_eq(stat(scratch_path("a"), &about), 0);
    cr_assert_eq(about.st_mode & 0777, 0640);
}

Test(file, a_map_shows_the_bytes_of_a_file) {
    struct hny_map map = {0};
    cr_assert_eq(hny_map_open(&map, scratch_put("a", "x\0y", 3)), HNY_OK);
    cr_assert_eq(map.size, 3);
    cr_assert_arr_eq(map.data, "x\0y", 3);
    hny_map_close(&map);
    cr_assert_null(map.data);
    hny_map_close(&map);
    cr_assert_eq(hny_map_open(&map, scratch_put("b", "", 0)), HNY_OK);
    cr_assert_eq(map.size, 0);
    hny_map_close(&map);
    cr_assert_eq(hny_map_open(&map, scratch_path("missing")), HNY_ERROR_IO);
    cr_assert_eq(hny_map_open(&map, scratch_path(".")), HNY_ERROR_INPUT);
}

Test(file, folders_are_made_with_their_parents_and_removed_with_their_content) {
    cr_assert_eq(hny_directory_create(scratch_path("a/b//c/")), HNY_OK, "%s", hny_message());
    cr_assert_eq(hny_directory_create(scratch_path("a/b/c")), HNY_OK);
    cr_assert_eq(hny_file_write(scratch_path("a/b/c/file"), "x", 1), HNY_OK);
    cr_assert_eq(hny_directory_sync(scratch_path("a/b")), HNY_OK);
    cr_assert_eq(hny_directory_sync_parent(scratch_path("a/b/none//")), HNY_OK, "%s", hny_message());
    cr_assert_eq(hny_directory_sync_parent(scratch_path("a/none/file")), HNY_ERROR_IO);
    cr_assert_eq(hny_directory_sync_parent("none"), HNY_OK);
    cr_assert_eq(hny_directory_sync_parent("/none"), HNY_OK);
    cr_assert_eq(hny_directory_remove(scratch_path("a")), HNY_OK, "%s", hny_message());
    cr_assert_not(hny_path_exists(scratch_path("a")));
    cr_assert_eq(hny_directory_remove(scratch_path("a")), HNY_OK, "a missing folder is fine");
}

Test(file, a_file_in_the_way_of_a_folder_is_an_error) {
    scratch_put("a", "x", 1);
    cr_assert_eq(hny_directory_create(scratch_path("a")), HNY_ERROR_IO);
    cr_assert_eq(hny_directory_create(scratch_path("a/b")), HNY_ERROR_IO);
    cr_assert_eq(hny_directory_sync(scratch_path("a")), HNY_ERROR_IO);
}

Test(file, removing_a_folder_follows_no_link) {
    cr_assert_eq(hny_directory_create(scratch_path("folder")), HNY_OK);
    cr_assert_eq(hny_directory_create(scratch_path("other")), HNY_OK);
    scratch_put("other/kept", "x", 1);
    cr_assert_eq(symlink("../other", scratch_path("folder/link")), 0);
    cr_assert_eq(hny_directory_remove(scratch_path("folder")), HNY_OK);
    assert_content(scratch_path("other/kept"), "x", 1);
    cr_assert_eq(symlink("other", scratch_path("link")), 0);
    cr_assert_eq(hny_directory_remove(scratch_path("link")), HNY_OK);
    assert_content(scratch_path("other/kept"), "x", 1);
}

Test(file, paths_are_joined_with_one_slash) {
    struct hny_buffer path = {0};
    cr_assert_eq(hny_path_join(&path, "a", "b"), HNY_OK);
    cr_assert_str_eq(path.data, "a/b");
    cr_assert_eq(hny_path_join(&path, "a/", "b"), HNY_OK);
    cr_assert_str_eq(path.data, "a/b");
    cr_assert_eq(hny_path_join(&path, "", "b"), HNY_OK);
    cr_assert_str_eq(path.data, "b");
    hny_buffer_free(&path);
}

Test(file, what_killed_writers_left_is_removed_and_nothing_else) {
    static const char *const halves[] = {"model.1-0.tmp", "a.b.12345-17.tmp"};
    static const char *const others[] = {"model",         "model.tmp",    "model.1-.tmp", "model.-0.tmp",
                                         ".1-0.tmp",      "1-0.tmp",      "model.1-0.tm", "model.1-0.tmp.gz",
                                         "model.x-0.tmp", "model.1-x.tmp"};
    for (size_t i = 0; i < sizeof halves / sizeof *halves; i++) scratch_put(halves[i], "half", 4);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) scratch_put(others[i], "kept", 4);
    cr_assert_eq(hny_directory_clean(scratch_path(".")), HNY_OK, "%s", hny_message());
    for (size_t i = 0; i < sizeof halves / sizeof *halves; i++)
        cr_assert(!hny_path_exists(scratch_path(halves[i])), "%s", halves[i]);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_assert(hny_path_exists(scratch_path(others[i])), "%s", others[i]);
    cr_assert_neq(hny_directory_clean(scratch_path("nowhere")), HNY_OK);
}

Test(file, what_killed_writers_of_one_file_left_is_removed) {
    scratch_put("out.7-0.tmp", "half", 4);
    scratch_put("out.more.7-0.tmp", "half", 4);
    scratch_put("other.7-0.tmp", "kept", 4);
    scratch_put("out", "kept", 4);
    cr_assert_eq(hny_file_clean(scratch_path("out.more")), HNY_OK, "%s", hny_message());
    cr_assert(hny_path_exists(scratch_path("out.7-0.tmp")));
    cr_assert(!hny_path_exists(scratch_path("out.more.7-0.tmp")));
    cr_assert_eq(hny_file_clean(scratch_path("out")), HNY_OK, "%s", hny_message());
    cr_assert(!hny_path_exists(scratch_path("out.7-0.tmp")));
    cr_assert(hny_path_exists(scratch_path("other.7-0.tmp")) && hny_path_exists(scratch_path("out")));
}
