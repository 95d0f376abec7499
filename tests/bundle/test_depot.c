/* Publishing into a depot. */
#include "base/file.h"
#include "bundle/peek.h"
#include "tests/base/scratch.h"
#include "tests/bundle/depot_scene.h"
#include "tests/bundle/small.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(depot, .init = open_depot, .fini = scratch_close);

Test(depot, a_bundle_is_published_by_the_digest_of_its_file) {
    struct hny_depot_published published;
    struct hny_buffer path = {0};
    char digest[HNY_DIGEST_TEXT];
    struct hny_bundle bundle;
    make("en-ja", "en-ja", 3);
    cr_assert_eq(
        hny_depot_publish(scratch_path("depot"), scratch_path("en-ja"), &small_options, &published, NULL),
        HNY_OK, "%s", hny_message());
    cr_assert_eq(hny_digest_file(scratch_path("en-ja"), digest), HNY_OK);
    cr_assert_str_eq(published.bundle.file, digest);
    cr_assert_eq(hny_depot_path(&path, scratch_path("depot"), digest), HNY_OK);
    cr_assert_eq(hny_digest_file(path.data, digest), HNY_OK, "%s", hny_message());
    cr_assert_str_eq(published.bundle.file, digest);
    cr_assert_eq(hny_bundle_peek(path.data, &bundle), HNY_OK);
    cr_assert_str_eq(bundle.digest, published.bundle.digest);
    cr_assert_str_eq(bundle.name, "en-ja");
    cr_assert_eq(bundle.release, 3);
    check_releases("en-ja@3 ");
    hny_bundle_free(&bundle);
    hny_depot_published_free(&published);
    hny_buffer_free(&path);
}

Test(depot, the_same_bundle_again_changes_nothing) {
    bool changed = true;
    struct hny_buffer before = {0}, after = {0};
    publish_release("en-ja", 1);
    cr_assert_eq(hny_file_read(scratch_path("depot/index.json"), 1 << 20, &before), HNY_OK);
    cr_assert_eq(publish("release", &changed), HNY_OK, "%s", hny_message());
    cr_assert_not(changed);
    cr_assert_eq(hny_file_read(scratch_path("depot/index.json"), 1 << 20, &after), HNY_OK);
    cr_assert_str_eq(before.data, after.data);
    cr_assert_eq(count_files(), 1);
    hny_buffer_free(&before);
    hny_buffer_free(&after);
}

Test(depot, a_release_is_never_replaced) {
    bool changed;
    publish_release("en-ja", 1);
    small_pack_release("model", "other", "en-ja", 1, HNY_PRECISION_INT8);
    cr_assert_eq(publish("other", &changed), HNY_ERROR_INPUT);
    cr_assert_not_null(strstr(hny_message(), "en-ja@1 is there with other content"), "%s", hny_message());
    cr_assert_eq(count_files(), 1);
}

Test(depot, what_is_no_whole_bundle_is_not_published) {
    struct hny_buffer bytes = {0};
    bool changed;
    publish_release("en-ja", 1);
    make("good", "en-ja", 2);
    cr_assert_eq(hny_file_read(scratch_path("good"), 1 << 20, &bytes), HNY_OK);
    scratch_put("half", bytes.data, bytes.size / 2);
    cr_assert_eq(publish("half", &changed), HNY_ERROR_INPUT);
    cr_assert_not_null(strstr(hny_message(), "cut short"), "%s", hny_message());
    bytes.data[bytes.size * 2 / 3] ^= 1;
    scratch_put("altered", bytes.data, bytes.size);
    cr_assert_eq(publish("altered", &changed), HNY_ERROR_INPUT);
    small_pack("model", "nameless", HNY_PRECISION_F32);
    cr_assert_eq(publish("nameless", &changed), HNY_ERROR_INPUT);
    cr_assert_not_null(strstr(hny_message(), "a release"), "%s", hny_message());
    make("digits", "0123456789ab", 1);
    cr_assert_eq(publish("digits", &changed), HNY_ERROR_INPUT, "a name that is a digest's");
    cr_assert_eq(publish("missing", &changed), HNY_ERROR_IO);
    check_releases("en-ja@1 ");
    cr_assert_eq(count_files(), 1);
    hny_buffer_free(&bytes);
}

Test(depot, two_publishers_at_once_lose_nothing) {
    enum { PUBLISHERS = 6 };
    for (int i = 0; i < PUBLISHERS; i++) {
        char file[16];
        snprintf(file, sizeof file, "file%d", i);
        make(file, "en-ja", (uint64_t)i + 1);
    }
    for (int i = 0; i < PUBLISHERS; i++) {
        pid_t process = fork();
        cr_assert_geq(process, 0);
        if (process == 0) {
            char file[16];
            snprintf(file, sizeof file, "file%d", i);
            _exit(publish(file, NULL) == HNY_OK ? 0 : 1);
        }
    }
    for (int i = 0, status; i < PUBLISHERS; i++) {
        cr_assert_gt(wait(&status), 0);
        cr_assert_eq(status, 0);
    }
    check_releases("en-ja@1 en-ja@2 en-ja@3 en-ja@4 en-ja@5 en-ja@6 ");
    cr_assert_eq(count_files(), PUBLISHERS);
}
