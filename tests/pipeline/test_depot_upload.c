#include "base/file.h"
#include "bundle/depot_abandoned.h"
#include "pipeline/depot_upload.h"
#include "tests/base/scratch.h"
#include "tests/bundle/small.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

/* A depot that is pushed to. */
static struct scene {
    char path[4096]; /* of the partial file */
    struct hny_depot_upload *upload;
    struct hny_buffer bytes; /* of what is pushed */
    char file[HNY_DIGEST_TEXT];
    int signal;
    size_t calls, verified; /* of the publisher, and those whose bundle had been read as it came */
    char reason[1024];
} scene;

static void open_all(void) {
    scratch_open();
    small_write("model");
    cr_assert_eq(hny_directory_create(scratch_path("depot/uploads")), HNY_OK);
    scene = (struct scene){.signal = eventfd(0, EFD_CLOEXEC)};
}

static void close_all(void) {
    hny_depot_upload_close(&scene.upload);
    hny_buffer_free(&scene.bytes);
    close(scene.signal);
    scratch_close();
}

TestSuite(depot_upload, .init = open_all, .fini = close_all);

static hny_status publish(void *context, const struct hny_depot_upload_file *file) {
    struct scene *to = context;
    to->calls++;
    to->verified += file->contents != NULL;
    return hny_depot_publish_upload(scratch_path("depot"), file, &small_options, NULL, NULL);
}

/* FILE of the scratch folder is what is pushed. */
static void choose(const char *file) {
    hny_buffer_clear(&scene.bytes);
    cr_assert_eq(hny_file_read(scratch_path(file), 1 << 20, &scene.bytes), HNY_OK);
    cr_assert_eq(hny_digest_bytes(scene.bytes.data, scene.bytes.size, scene.file), HNY_OK);
    snprintf(scene.path, sizeof scene.path, "%s/%s" HNY_DEPOT_PARTIAL, scratch_path("depot/uploads"),
             scene.file);
}

static void open_upload(uint64_t bytes) {
    const struct hny_depot_publisher publisher = {publish, &scene, HNY_READ_DEFAULTS};
    cr_assert_eq(
        hny_depot_upload_open(&scene.upload, scene.path, scene.file, bytes, &publisher, scene.signal), HNY_OK,
        "%s", hny_message());
}

static void give_until(size_t end) {
    enum { PIECE = 500 };
    for (size_t at; (at = hny_depot_upload_held(scene.upload)) < end;)
        cr_assert_eq(
            hny_depot_upload_give(scene.upload, scene.bytes.data + at, end - at < PIECE ? end - at : PIECE),
            HNY_OK);
}

static enum hny_depot_refusal await(void) {
    enum hny_depot_refusal refusal;
    const char *reason;
    uint64_t steps;
    while (!hny_depot_upload_done(scene.upload, &refusal, &reason))
        cr_assert_gt(read(scene.signal, &steps, sizeof steps), 0);
    snprintf(scene.reason, sizeof scene.reason, "%s", reason);
    hny_depot_upload_close(&scene.upload);
    return refusal;
}

static enum hny_depot_refusal push(const char *file) {
    choose(file);
    open_upload(scene.bytes.size);
    give_until(scene.bytes.size);
    return await();
}

static ino_t inode(const char *path) {
    struct stat about;
    cr_assert_eq(stat(path, &about), 0, "%s", path);
    return about.st_ino;
}

static const char *published_path(void) {
    static struct hny_buffer path;
    cr_assert_eq(hny_depot_path(&path, scratch_path("depot"), scene.file), HNY_OK);
    return path.data;
}

static size_t count_published(void) {
    struct hny_depot_index index;
    if (!hny_path_exists(scratch_path("depot/index.json"))) return 0;
    cr_assert_eq(hny_depot_read(scratch_path("depot"), &index), HNY_OK, "%s", hny_message());
    size_t count = index.count;
    hny_depot_index_free(&index);
    return count;
}

/* The depot's files are COUNT, and whole, and nothing half done is left. */
static void check_depot(size_t count) {
    cr_assert_not(hny_path_exists(scene.path));
    cr_assert_not(hny_path_exists(scratch_path("depot/bundles/publishing.tmp")));
    cr_assert_eq(count_published(), count);
}

static void check_published(size_t count) {
    char digest[HNY_DIGEST_TEXT];
    check_depot(count);
    cr_assert_eq(hny_digest_file(published_path(), digest), HNY_OK, "%s", hny_message());
    cr_assert_str_eq(digest, scene.file);
}

Test(depot_upload, what_was_verified_as_it_came_is_published_without_a_copy) {
    small_pack_release("model", "file", "en-ja", 1, HNY_PRECISION_F32);
    choose("file");
    open_upload(scene.bytes.size);
    ino_t before = inode(scene.path);
    give_until(scene.bytes.size);
    cr_assert_eq(await(), HNY_DEPOT_NOT_REFUSED, "%s", scene.reason);
    check_published(1);
    cr_assert_eq(inode(published_path()), before);
    cr_assert_eq(scene.verified, 1);
}

Test(depot_upload, the_same_again_changes_nothing) {
    small_pack_release("model", "file", "en-ja", 1, HNY_PRECISION_F32);
    cr_assert_eq(push("file"), HNY_DEPOT_NOT_REFUSED, "%s", scene.reason);
    cr_assert_eq(push("file"), HNY_DEPOT_NOT_REFUSED, "%s", scene.reason);
    check_published(1);
}

Test(depot_upload, what_broke_off_goes_on) {
    small_pack_release("model", "file", "en-ja", 1, HNY_PRECISION_F32);
    choose("file");
    open_upload(scene.bytes.size);
    give_until(scene.bytes.size / 2);
    hny_depot_upload_leave(scene.upload);
    cr_assert_eq(await(), HNY_DEPOT_NOT_REFUSED);
    cr_assert_eq(scene.calls, 0);
    open_upload(scene.bytes.size);
    cr_assert_eq(hny_depot_upload_held(scene.upload), scene.bytes.size / 2);
    give_until(scene.bytes.size);
    cr_assert_eq(await(), HNY_DEPOT_NOT_REFUSED, "%s", scene.reason);
    check_published(1);
    cr_assert_eq(scene.verified, 1);
}

Test(depot_upload, another_digest_is_refused_and_leaves_nothing) {
    small_pack_release("model", "file", "en-ja", 1, HNY_PRECISION_F32);
    choose("file");
    size_t places[] = {0, scene.bytes.size / 2, scene.bytes.size - 1};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        scene.bytes.data[places[i]] ^= 1;
        open_upload(scene.bytes.size);
        give_until(scene.bytes.size);
        cr_assert_eq(await(), HNY_DEPOT_REFUSED_DAMAGED);
        scene.bytes.data[places[i]] ^= 1;
        check_depot(0);
    }
    cr_assert_eq(scene.calls, 0);
}

Test(depot_upload, what_is_no_good_bundle_is_refused_and_leaves_nothing) {
    struct hny_buffer good = {0};
    small_pack_release("model", "file", "en-ja", 1, HNY_PRECISION_F32);
    cr_assert_eq(hny_file_read(scratch_path("file"), 1 << 20, &good), HNY_OK);
    size_t places[] = {10, good.size / 2, good.size - 10};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        good.data[places[i]] ^= 1;
        scratch_put("bad", good.data, good.size);
        good.data[places[i]] ^= 1;
        cr_assert_eq(push("bad"), HNY_DEPOT_REFUSED_UNFIT, "byte %zu", places[i]);
        check_depot(0);
        scratch_put("bad", good.data, places[i]);
        cr_assert_eq(push("bad"), HNY_DEPOT_REFUSED_UNFIT, "cut at %zu", places[i]);
        check_depot(0);
    }
    cr_assert_eq(scene.verified, 0);
    hny_buffer_free(&good);
}

Test(depot_upload, other_content_of_a_release_is_refused_and_leaves_nothing) {
    small_pack_release("model", "file", "en-ja", 1, HNY_PRECISION_F32);
    small_pack_release("model", "other", "en-ja", 1, HNY_PRECISION_BF16);
    small_pack("model", "unnamed", HNY_PRECISION_F32);
    cr_assert_eq(push("file"), HNY_DEPOT_NOT_REFUSED, "%s", scene.reason);
    cr_assert_eq(push("other"), HNY_DEPOT_REFUSED_UNFIT);
    check_depot(1);
    cr_assert_not(hny_path_exists(published_path()));
    cr_assert_eq(push("unnamed"), HNY_DEPOT_REFUSED_UNFIT);
    check_depot(1);
    cr_assert_not(hny_path_exists(published_path()));
}

Test(depot_upload, a_delta_is_verified_on_the_base_that_the_depot_has) {
    const char *const bases[] = {"file"};
    small_pack_release("model", "file", "en-ja", 1, HNY_PRECISION_F32);
    small_write_next("next");
    small_delta_release("next", bases, 1, "delta", "en-ja", 2, NULL);
    cr_assert_eq(push("delta"), HNY_DEPOT_REFUSED_UNFIT, "its base is not there");
    check_depot(0);
    cr_assert_eq(push("file"), HNY_DEPOT_NOT_REFUSED, "%s", scene.reason);
    cr_assert_eq(push("delta"), HNY_DEPOT_NOT_REFUSED, "%s", scene.reason);
    check_published(2);
    cr_assert_eq(scene.verified, 1, "the delta was not while it came");
}

Test(depot_upload, nothing_is_written_to_what_has_another_name) {
    static const char kept[] = "published, and named by the index";
    char text[sizeof kept] = "";
    small_pack_release("model", "file", "en-ja", 1, HNY_PRECISION_F32);
    choose("file");
    const char *other = scratch_put("depot/bundles.other", kept, sizeof kept);
    for (int longer = 0; longer < 2; longer++) {
        cr_assert_eq(link(other, scene.path), 0);
        /* By what the sender says it is longer or shorter than it is to be. */
        open_upload(longer ? scene.bytes.size : sizeof kept - 1);
        cr_assert_eq(hny_depot_upload_held(scene.upload), 0);
        if (longer) give_until(scene.bytes.size);
        if (!longer) hny_depot_upload_leave(scene.upload);
        cr_assert_eq(await(), HNY_DEPOT_NOT_REFUSED, "%s", scene.reason);
        unlink(scene.path);
        FILE *file = fopen(other, "r");
        cr_assert_not_null(file);
        cr_assert_eq(fread(text, 1, sizeof text, file), sizeof text);
        fclose(file);
        cr_assert_str_eq(text, kept);
    }
    check_published(1);
}

Test(depot_upload, what_was_published_when_the_depot_died_is_finished) {
    small_pack_release("model", "file", "en-ja", 1, HNY_PRECISION_F32);
    cr_assert_eq(push("file"), HNY_DEPOT_NOT_REFUSED, "%s", scene.reason);
    cr_assert_eq(link(published_path(), scene.path), 0, "the name that it had before was not removed");
    cr_assert_eq(push("file"), HNY_DEPOT_NOT_REFUSED, "%s", scene.reason);
    check_published(1);
}

Test(depot_upload, what_is_left_of_publishing_may_be_another_name_of_what_was_published) {
    char digest[HNY_DIGEST_TEXT];
    small_pack_release("model", "file", "en-ja", 1, HNY_PRECISION_F32);
    small_pack_release("model", "other", "en-ja", 2, HNY_PRECISION_BF16);
    small_pack_release("model", "third", "en-ja", 3, HNY_PRECISION_INT8);
    cr_assert_eq(push("file"), HNY_DEPOT_NOT_REFUSED, "%s", scene.reason);
    struct hny_buffer path = {0};
    cr_assert_eq(hny_buffer_print(&path, "%s", published_path()), HNY_OK);
    cr_assert_eq(hny_digest_file(scratch_path("file"), digest), HNY_OK);
    for (int copied = 0; copied < 2; copied++) {
        char now[HNY_DIGEST_TEXT];
        cr_assert_eq(link(path.data, scratch_path("depot/bundles/publishing.tmp")), 0);
        if (copied)
            cr_assert_eq(
                hny_depot_publish(scratch_path("depot"), scratch_path("third"), &small_options, NULL, NULL),
                HNY_OK, "%s", hny_message());
        else
            cr_assert_eq(push("other"), HNY_DEPOT_NOT_REFUSED, "%s", scene.reason);
        cr_assert_eq(hny_digest_file(path.data, now), HNY_OK);
        cr_assert_str_eq(now, digest);
    }
    check_depot(3);
    hny_buffer_free(&path);
}
