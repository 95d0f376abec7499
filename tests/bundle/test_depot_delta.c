/* Deltas in a depot. */
#include "base/file.h"
#include "tests/base/scratch.h"
#include "tests/bundle/depot_scene.h"
#include "tests/bundle/small.h"
#include <criterion/criterion.h>
#include <string.h>

TestSuite(depot_delta, .init = open_depot, .fini = scratch_close);

static const char *const chain[] = {"first", "second", "third"};

/* Release 1 whole, 2 from it, 3 from 2, 4 whole. */
static void make_chain(void) {
    small_write_next("next");
    make("first", "en-ja", 1);
    small_delta_release("next", chain, 1, "second", "en-ja", 2, NULL);
    small_delta_release("model", chain, 2, "third", "en-ja", 3, NULL);
    make("fourth", "en-ja", 4);
}

static void refuse_bundle(const char *file, const char *expected) {
    bool changed;
    cr_assert_eq(publish(file, &changed), HNY_ERROR_INPUT, "%s", file);
    cr_assert_not_null(strstr(hny_message(), expected), "\"%s\", expected: %s", hny_message(), expected);
}

Test(depot_delta, a_delta_is_published_on_what_it_builds_on) {
    struct hny_depot_published base, made;
    bool changed = false;
    make_chain();
    refuse_bundle("second", "cannot make");
    cr_assert_eq(hny_depot_publish(scratch_path("depot"), scratch_path("first"), &small_options, &base, NULL),
                 HNY_OK);
    refuse_bundle("third", "cannot make");
    cr_assert_eq(
        hny_depot_publish(scratch_path("depot"), scratch_path("second"), &small_options, &made, &changed),
        HNY_OK, "%s", hny_message());
    cr_assert(changed);
    cr_assert_str_eq(made.bundle.parent, base.bundle.digest);
    small_pack_release("next", "second whole", "en-ja", 2, HNY_PRECISION_F32);
    hny_depot_published_free(&base);
    cr_assert_eq(publish("third", NULL), HNY_OK, "%s", hny_message());
    cr_assert_eq(hny_depot_publish(scratch_path("depot"), scratch_path("second whole"), &small_options, &base,
                                   &changed),
                 HNY_OK, "a release can be there as both: %s", hny_message());
    cr_assert_str_eq(made.bundle.restores, base.bundle.digest);
    cr_assert_str_eq(made.bundle.restores, base.bundle.restores);
    check_releases("en-ja@1 en-ja@2 en-ja@2+ en-ja@3+ ");
    cr_assert_eq(publish("second", &changed), HNY_OK);
    cr_assert_not(changed);
    hny_depot_published_free(&base);
    hny_depot_published_free(&made);
}

Test(depot_delta, a_delta_that_makes_another_content_of_its_release_is_refused) {
    make_chain();
    cr_assert_eq(publish("first", NULL), HNY_OK);
    cr_assert_eq(publish("second", NULL), HNY_OK);
    small_delta_release("model", chain, 1, "other", "en-ja", 2, NULL);
    refuse_bundle("other", "en-ja@2 is there with other content");
    small_delta_release("model", chain, 1, "itself", "en-ja", 1, NULL);
    refuse_bundle("itself", "makes what it builds on");
    check_releases("en-ja@1 en-ja@2+ ");
    cr_assert_eq(count_files(), 2);
}

/* Who could alter the base's file would otherwise make a good delta look damaged, or the other way round. */
Test(depot_delta, a_delta_is_checked_on_the_bytes_of_its_base) {
    struct hny_depot_published base;
    struct hny_buffer path = {0}, bytes = {0};
    make_chain();
    cr_assert_eq(hny_depot_publish(scratch_path("depot"), scratch_path("first"), &small_options, &base, NULL),
                 HNY_OK);
    cr_assert_eq(hny_depot_path(&path, "depot", base.bundle.file), HNY_OK);
    cr_assert_eq(hny_file_read(scratch_path(path.data), 1 << 20, &bytes), HNY_OK);
    bytes.data[bytes.size / 2] ^= 1;
    scratch_put(path.data, bytes.data, bytes.size);
    refuse_bundle("second", "is not published");
    check_releases("en-ja@1 ");
    hny_depot_published_free(&base);
    hny_buffer_free(&path);
    hny_buffer_free(&bytes);
}

Test(depot_delta, what_real_deltas_need_is_kept) {
    struct hny_depot_removed removed;
    make_chain();
    for (size_t i = 0; i < 3; i++) cr_assert_eq(publish(chain[i], NULL), HNY_OK, "%s", hny_message());
    keep(1, &removed);
    check_releases("en-ja@1 en-ja@2+ en-ja@3+ ");
    cr_assert_eq(removed.bundles + removed.files, 0);
    cr_assert_eq(hny_depot_collect(scratch_path("depot"), &removed), HNY_OK);
    cr_assert_eq(count_files(), 3);
    small_pack_release("next", "second whole", "en-ja", 2, HNY_PRECISION_F32);
    cr_assert_eq(publish("second whole", NULL), HNY_OK);
    keep(1, &removed);
    check_releases("en-ja@2 en-ja@3+ ");
    cr_assert_eq(publish("fourth", NULL), HNY_OK);
    keep(1, &removed);
    check_releases("en-ja@4 ");
    cr_assert_eq(count_files(), 1);
}
