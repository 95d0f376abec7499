#include "model/checkpoint.h"

#include "base/file.h"
#include "tests/base/scratch.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(checkpoint, .init = scratch_open, .fini = scratch_close);

/* OUT is the scratch folder's "out". */
static const char *out(void) {
    return scratch_path("out");
}

static void put(const struct hny_checkpoint *checkpoint, const char *name, const char *text) {
    struct hny_buffer path = {0};
    cr_assert_eq(hny_path_join(&path, hny_checkpoint_folder(checkpoint), name), HNY_OK);
    cr_assert_eq(hny_file_write(path.data, text, strlen(text)), HNY_OK);
    hny_buffer_free(&path);
}

static struct hny_checkpoint *begin(uint64_t step) {
    struct hny_checkpoint *checkpoint = NULL;
    cr_assert_eq(hny_checkpoint_begin(&checkpoint, out(), step), HNY_OK, "%s", hny_message());
    return checkpoint;
}

static void save(uint64_t step) {
    struct hny_checkpoint *checkpoint = begin(step);
    char text[32];
    snprintf(text, sizeof text, "weights of %d", (int)step);
    put(checkpoint, "weights", text);
    put(checkpoint, "state", "state");
    cr_assert_eq(hny_checkpoint_commit(&checkpoint), HNY_OK, "%s", hny_message());
    cr_assert_null(checkpoint);
}

/* The step that POINTER names; -1 where there is no such pointer. */
static int named(enum hny_checkpoint_pointer pointer) {
    struct hny_buffer folder = {0};
    uint64_t step = 0;
    bool found = false;
    cr_assert_eq(hny_checkpoint_find(out(), pointer, &folder, &step, &found), HNY_OK, "%s", hny_message());
    if (found) cr_assert_eq(hny_checkpoint_verify(folder.data), HNY_OK, "%s", hny_message());
    hny_buffer_free(&folder);
    return found ? (int)step : -1;
}

/* The steps of the whole checkpoints, as text. */
static const char *listed(void) {
    static char text[256];
    uint64_t *steps = NULL;
    size_t count = 0;
    text[0] = '\0';
    cr_assert_eq(hny_checkpoint_list(out(), &steps, &count), HNY_OK, "%s", hny_message());
    for (size_t i = 0; i < count; i++) sprintf(text + strlen(text), "%s%d", i ? " " : "", (int)steps[i]);
    free(steps);
    return text;
}

Test(checkpoint, what_was_committed_is_current) {
    cr_assert_eq(named(HNY_CHECKPOINT_CURRENT), -1);
    cr_assert_str_eq(listed(), "");
    save(7);
    cr_assert_eq(named(HNY_CHECKPOINT_CURRENT), 7);
    cr_assert_eq(named(HNY_CHECKPOINT_BEST), -1);
    save(100);
    cr_assert_eq(named(HNY_CHECKPOINT_CURRENT), 100);
    cr_assert_str_eq(listed(), "7 100");
    struct hny_buffer text = {0}, folder = {0};
    uint64_t step = 0;
    bool found = false;
    cr_assert_eq(hny_checkpoint_find(out(), HNY_CHECKPOINT_CURRENT, &folder, &step, &found), HNY_OK);
    cr_assert_str_eq(folder.data, scratch_path("out/checkpoints/step-100"));
    cr_assert_eq(hny_file_read(scratch_path("out/checkpoints/step-100/weights"), 100, &text), HNY_OK);
    cr_assert_str_eq(text.data, "weights of 100");
    hny_buffer_clear(&text);
    cr_assert_eq(hny_file_read(scratch_path("out/current"), 100, &text), HNY_OK);
    cr_assert_str_eq(text.data, "checkpoints/step-100\n");
    hny_buffer_free(&text);
    hny_buffer_free(&folder);
}

Test(checkpoint, an_abandoned_one_was_never_there) {
    save(1);
    struct hny_checkpoint *checkpoint = begin(2);
    put(checkpoint, "weights", "half");
    hny_checkpoint_abandon(&checkpoint);
    cr_assert_null(checkpoint);
    cr_assert_eq(named(HNY_CHECKPOINT_CURRENT), 1);
    cr_assert_str_eq(listed(), "1");
    cr_assert(!hny_path_exists(scratch_path("out/checkpoints/step-2.part")));
    hny_checkpoint_abandon(&checkpoint);
}

Test(checkpoint, what_a_crash_left_half_written_is_removed_and_the_rest_stays) {
    cr_assert_eq(hny_checkpoint_clean(out()), HNY_OK); /* nothing there yet */
    save(1);
    cr_assert_eq(hny_directory_create(scratch_path("out/checkpoints/step-2.part")), HNY_OK);
    scratch_put("out/checkpoints/step-2.part/weights", "half", 4);
    cr_assert_eq(hny_directory_create(scratch_path("out/checkpoints/step-0.old.part")), HNY_OK);
    cr_assert_eq(hny_directory_create(scratch_path("out/checkpoints/notes")), HNY_OK);
    cr_assert_str_eq(listed(), "1");
    cr_assert_eq(hny_checkpoint_clean(out()), HNY_OK, "%s", hny_message());
    cr_assert(!hny_path_exists(scratch_path("out/checkpoints/step-2.part")));
    cr_assert(!hny_path_exists(scratch_path("out/checkpoints/step-0.old.part")));
    cr_assert(hny_path_exists(scratch_path("out/checkpoints/notes")));
    cr_assert_eq(named(HNY_CHECKPOINT_CURRENT), 1);
}

Test(checkpoint, a_half_written_one_of_the_same_step_makes_way) {
    cr_assert_eq(hny_directory_create(scratch_path("out/checkpoints/step-5.part")), HNY_OK);
    scratch_put("out/checkpoints/step-5.part/old", "half", 4);
    save(5);
    cr_assert_eq(named(HNY_CHECKPOINT_CURRENT), 5);
    cr_assert(!hny_path_exists(scratch_path("out/checkpoints/step-5/old")));
}

Test(checkpoint, a_whole_one_that_no_pointer_names_is_replaced) {
    save(5);
    cr_assert_eq(unlink(scratch_path("out/current")), 0); /* as if killed before the pointer was written */
    save(5);
    cr_assert_eq(named(HNY_CHECKPOINT_CURRENT), 5);
    cr_assert_str_eq(listed(), "5");
}

/* What the pointer file NAME holds. */
static const char *pointer_text(const char *name) {
    static char text[256];
    struct hny_buffer read = {0};
    cr_assert_eq(hny_file_read(scratch_path(name), sizeof text - 1, &read), HNY_OK, "%s", hny_message());
    memcpy(text, read.data, read.size + 1);
    hny_buffer_free(&read);
    return text;
}

Test(checkpoint, one_that_a_pointer_names_is_never_touched_but_followed_by_another_revision) {
    save(5);
    save(5);
    cr_assert_str_eq(pointer_text("out/current"), "checkpoints/step-5.2\n");
    cr_assert(hny_path_exists(scratch_path("out/checkpoints/step-5/weights")));
    cr_assert_eq(named(HNY_CHECKPOINT_CURRENT), 5);
    cr_assert_str_eq(listed(), "5");
    cr_assert_eq(hny_checkpoint_point(out(), HNY_CHECKPOINT_BEST, 5), HNY_OK);
    cr_assert_str_eq(pointer_text("out/best"), "checkpoints/step-5.2\n");
    save(6);
    save(5);
    cr_assert_str_eq(pointer_text("out/current"), "checkpoints/step-5.3\n");
    cr_assert_eq(named(HNY_CHECKPOINT_BEST), 5);
    cr_assert_str_eq(listed(), "5 6");
}

Test(checkpoint, a_revision_that_no_pointer_names_is_replaced) {
    save(5);
    save(5);
    scratch_put("out/checkpoints/step-5.2/old", "old", 3);
    scratch_put("out/current", "checkpoints/step-5\n", 19); /* as if killed before the pointer was written */
    save(5);
    cr_assert_str_eq(pointer_text("out/current"), "checkpoints/step-5.2\n");
    cr_assert(!hny_path_exists(scratch_path("out/checkpoints/step-5.2/old")));
}

Test(checkpoint, of_a_step_the_last_revision_is_kept_and_those_that_pointers_name) {
    save(5);
    cr_assert_eq(hny_checkpoint_point(out(), HNY_CHECKPOINT_BEST, 5), HNY_OK);
    save(5);
    save(5);
    save(9);
    save(9);
    cr_assert_eq(hny_checkpoint_keep(out(), 2), HNY_OK, "%s", hny_message());
    cr_assert(hny_path_exists(scratch_path("out/checkpoints/step-5")));
    cr_assert(!hny_path_exists(scratch_path("out/checkpoints/step-5.2")));
    cr_assert(hny_path_exists(scratch_path("out/checkpoints/step-5.3")));
    cr_assert(!hny_path_exists(scratch_path("out/checkpoints/step-9")));
    cr_assert(hny_path_exists(scratch_path("out/checkpoints/step-9.2")));
    cr_assert_eq(hny_checkpoint_keep(out(), 1), HNY_OK, "%s", hny_message());
    cr_assert(!hny_path_exists(scratch_path("out/checkpoints/step-5.3")));
    cr_assert_eq(named(HNY_CHECKPOINT_BEST), 5);
    cr_assert_eq(named(HNY_CHECKPOINT_CURRENT), 9);
    cr_assert_str_eq(listed(), "5 9");
}

Test(checkpoint, a_pointer_is_put_on_the_current_revision_before_any_later_one) {
    save(5);
    save(5);
    scratch_put("out/current", "checkpoints/step-5\n", 19);
    cr_assert_eq(hny_checkpoint_point(out(), HNY_CHECKPOINT_BEST, 5), HNY_OK);
    cr_assert_str_eq(pointer_text("out/best"), "checkpoints/step-5\n");
    save(6);
    cr_assert_eq(hny_checkpoint_point(out(), HNY_CHECKPOINT_BEST, 5), HNY_OK);
    cr_assert_str_eq(pointer_text("out/best"), "checkpoints/step-5.2\n");
}

Test(checkpoint, the_last_ones_and_those_that_pointers_name_are_kept) {
    for (uint64_t step = 10; step <= 60; step += 10) save(step);
    cr_assert_eq(hny_checkpoint_point(out(), HNY_CHECKPOINT_BEST, 20), HNY_OK, "%s", hny_message());
    cr_assert_eq(hny_checkpoint_keep(out(), 2), HNY_OK, "%s", hny_message());
    cr_assert_str_eq(listed(), "20 50 60");
    cr_assert_eq(hny_checkpoint_keep(out(), 0), HNY_OK, "%s", hny_message());
    cr_assert_str_eq(listed(), "20 60");
    cr_assert_eq(named(HNY_CHECKPOINT_CURRENT), 60);
    cr_assert_eq(named(HNY_CHECKPOINT_BEST), 20);
    cr_assert_eq(hny_checkpoint_keep(scratch_path("nowhere"), 1), HNY_OK);
}

Test(checkpoint, nothing_is_removed_while_a_pointer_cannot_be_understood) {
    for (uint64_t step = 1; step <= 3; step++) save(step);
    scratch_put("out/best", "step-1\n", 7);
    cr_assert_eq(hny_checkpoint_keep(out(), 1), HNY_ERROR_INPUT);
    cr_assert_str_eq(listed(), "1 2 3");
}

Test(checkpoint, pointers_that_are_none_are_refused) {
    struct hny_buffer folder = {0};
    uint64_t step = 0;
    bool found = false;
    static const char *const texts[] = {"",
                                        "checkpoints/step-\n",
                                        "checkpoints/step-01\n",
                                        "checkpoints/step--1\n",
                                        "checkpoints/step-1/..\n",
                                        "checkpoints/step-1\n\n",
                                        "/checkpoints/step-1\n",
                                        "checkpoints/step-99999999999999999999\n",
                                        "checkpoints/step-1.1\n",
                                        "checkpoints/step-1.02\n",
                                        "checkpoints/step-1.\n",
                                        "checkpoints/step-1.2.3\n",
                                        "checkpoints/step-1.2\n",
                                        "checkpoints/step-2\n"};
    save(1);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        scratch_put("out/current", texts[i], strlen(texts[i]));
        cr_assert_eq(hny_checkpoint_find(out(), HNY_CHECKPOINT_CURRENT, &folder, &step, &found),
                     HNY_ERROR_INPUT, "taken: %s", texts[i]);
        cr_assert_not_null(strstr(hny_message(), "out/current"));
    }
    hny_buffer_free(&folder);
}

Test(checkpoint, a_pointer_is_not_put_on_what_is_not_there) {
    save(1);
    cr_assert_eq(hny_checkpoint_point(out(), HNY_CHECKPOINT_BEST, 2), HNY_ERROR_USAGE);
    cr_assert_eq(named(HNY_CHECKPOINT_BEST), -1);
}

static void refuse(const char *expected) {
    cr_assert_eq(hny_checkpoint_verify(scratch_path("out/checkpoints/step-1")), HNY_ERROR_INPUT);
    cr_assert_not_null(strstr(hny_message(), expected), "%s", hny_message());
}

Test(checkpoint, damage_is_refused_with_the_name_of_the_file) {
    save(1);
    scratch_put("out/checkpoints/step-1/weights", "weights of 2", 12); /* the same size */
    refuse("step-1/weights: damaged: SHA-256");
    scratch_put("out/checkpoints/step-1/weights", "weights of", 10);
    refuse("step-1/weights: damaged: 10 bytes, expected 12");
    scratch_put("out/checkpoints/step-1/weights", "weights of 1", 12);
    cr_assert_eq(unlink(scratch_path("out/checkpoints/step-1/state")), 0);
    refuse("step-1/state: is missing");
    scratch_put("out/checkpoints/step-1/state", "state", 5);
    cr_assert_eq(hny_checkpoint_verify(scratch_path("out/checkpoints/step-1")), HNY_OK);
    cr_assert_eq(unlink(scratch_path("out/checkpoints/step-1/manifest.json")), 0);
    refuse("manifest.json: is missing");
}

Test(checkpoint, manifests_that_are_none_are_refused) {
    static const struct {
        const char *text, *expected;
    } bad[] = {
        {"{", "not valid JSON"},
        {"{\"kind\":\"honyaku\"}", "\"kind\""},
        {"{\"kind\":\"honyaku manifest\",\"version\":2}", "\"version\": expected 1"},
        {"{\"kind\":\"honyaku manifest\",\"version\":1}", "\"files\""},
        {"{\"kind\":\"honyaku manifest\",\"version\":1,\"files\":{\"../x\":{}}}", "without /"},
        {"{\"kind\":\"honyaku manifest\",\"version\":1,\"files\":{\"state\":{}}}", "no size and SHA-256"},
    };
    save(1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        scratch_put("out/checkpoints/step-1/manifest.json", bad[i].text, strlen(bad[i].text));
        refuse(bad[i].expected);
    }
}

Test(checkpoint, folders_and_links_have_no_place_in_one) {
    struct hny_buffer path = {0};
    save(1);
    struct hny_checkpoint *checkpoint = begin(2);
    cr_assert_eq(hny_path_join(&path, hny_checkpoint_folder(checkpoint), "folder"), HNY_OK);
    cr_assert_eq(mkdir(path.data, 0700), 0);
    cr_assert_eq(hny_checkpoint_commit(&checkpoint), HNY_ERROR_USAGE);
    cr_assert_null(checkpoint);
    checkpoint = begin(2);
    cr_assert_eq(hny_path_join(&path, hny_checkpoint_folder(checkpoint), "link"), HNY_OK);
    cr_assert_eq(symlink("/etc/passwd", path.data), 0);
    cr_assert_neq(hny_checkpoint_commit(&checkpoint), HNY_OK);
    hny_buffer_free(&path);
    cr_assert_eq(named(HNY_CHECKPOINT_CURRENT), 1);
    cr_assert_str_eq(listed(), "1");
}
