#include "base/file.h"
#include "bundle/depot.h"
#include "bundle/depot_chain.h"
#include "bundle/peek.h"
#include "tests/base/scratch.h"
#include "tests/bundle/small.h"
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void open_all(void) {
    scratch_open();
    small_write("model");
}

TestSuite(depot, .init = open_all, .fini = scratch_close);

static void make(const char *file, const char *name, uint64_t release) {
    small_pack_release("model", file, name, release, HNY_PRECISION_F32);
}

static hny_status publish(const char *file, bool *changed) {
    return hny_depot_publish(scratch_path("depot"), scratch_path(file), &small_options, NULL, changed);
}

static void publish_release(const char *name, uint64_t release) {
    bool changed = false;
    make("release", name, release);
    cr_assert_eq(publish("release", &changed), HNY_OK, "%s", hny_message());
    cr_assert(changed);
}

static void read_depot(struct hny_depot_index *index) {
    cr_assert_eq(hny_depot_read(scratch_path("depot"), index), HNY_OK, "%s", hny_message());
}

static size_t count_files(void) {
    size_t count = 0;
    DIR *entries = opendir(scratch_path("depot/bundles"));
    cr_assert_not_null(entries);
    for (const struct dirent *entry; (entry = readdir(entries));) count += entry->d_name[0] != '.';
    closedir(entries);
    return count;
}

static void check_releases(const char *expected) {
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

/* --- Publishing ---------------------------------------------------------------------------------------- */

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

/* --- Looking up ---------------------------------------------------------------------------------------- */

static void expect(const struct hny_depot_index *index, const char *wanted, const char *expected) {
    const struct hny_depot_bundle *found;
    char name[HNY_RELEASE_TEXT];
    hny_status status = hny_depot_index_find(index, "index", wanted, &found);
    cr_assert_eq(status == HNY_OK, expected != NULL, "%s: %s", wanted, hny_message());
    if (!expected) return;
    hny_release_print(found->name, found->release, name);
    cr_assert_str_eq(name, expected);
    cr_assert_str_empty(found->parent);
}

Test(depot, names_releases_and_digests_are_found) {
    struct hny_depot_index index;
    char prefix[HNY_DIGEST_TEXT];
    publish_release("en-ja", 9);
    publish_release("en-ja", 10);
    publish_release("en", 11);
    read_depot(&index);
    expect(&index, "en-ja@9", "en-ja@9");
    expect(&index, "en-ja", "en-ja@10");
    expect(&index, "en-ja@latest", "en-ja@10");
    expect(&index, "en", "en@11");
    expect(&index, "en-ja@11", NULL);
    expect(&index, "ja", NULL);
    expect(&index, "en-ja@0", NULL);
    expect(&index, "", NULL);
    for (size_t i = 0; i < index.count; i++) {
        char name[HNY_RELEASE_TEXT];
        hny_release_print(index.bundles[i].name, index.bundles[i].release, name);
        expect(&index, index.bundles[i].digest, name);
        snprintf(prefix, sizeof prefix, "%.12s", index.bundles[i].digest);
        expect(&index, prefix, name);
        prefix[11] = '\0';
        expect(&index, prefix, NULL);
    }
    expect(&index, "000000000000", NULL);
    hny_depot_index_free(&index);
}

/* --- Deltas, by an index alone ------------------------------------------------------------------------- */

/* Writes the index of a depot with BUNDLES, each "NAME RELEASE CONTENT PARENT", the last two a letter or
 * "-". */
static void write_index(const char *const (*bundles)[4], size_t count) {
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

static void keep(size_t releases, struct hny_depot_removed *removed) {
    cr_assert_eq(hny_depot_keep(scratch_path("depot"), releases, removed), HNY_OK, "%s", hny_message());
}

static void make_folder(void) {
    cr_assert_eq(hny_directory_create(scratch_path("depot/bundles")), HNY_OK);
}

Test(depot, the_last_releases_of_each_name_are_kept) {
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

Test(depot, what_a_kept_delta_builds_on_is_kept_all_the_way_down) {
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

Test(depot, a_delta_beside_its_whole_bundle_goes_with_its_parent) {
    static const char *const bundles[][4] = {{"a", "1", "a", "-"}, {"a", "2", "b", "-"},
                                             {"a", "3", "c", "-"}, {"a", "3", "c", "b"},
                                             {"a", "3", "c", "a"}, {"a", "3", "c", "9"}};
    struct hny_depot_removed removed;
    make_folder();
    write_index(bundles, 6);
    keep(2, &removed);
    check_releases("a@2 a@3 a@3+ a@3+ "); /* from a@2, and from one that was never here */
}

/* --- Real deltas --------------------------------------------------------------------------------------- */

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

Test(depot, a_delta_is_published_on_what_it_builds_on) {
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

Test(depot, a_delta_that_makes_another_content_of_its_release_is_refused) {
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
Test(depot, a_delta_is_checked_on_the_bytes_of_its_base) {
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

Test(depot, what_real_deltas_need_is_kept) {
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

/* --- Chains -------------------------------------------------------------------------------------------- */

/* EXPECTED is the chain that makes CONTENT, a letter, out of HELD, letters too: which of these it begins
 * with, or
 * "-", and its bundles; NULL: there is none. */
static void check_chain(const struct hny_depot_index *index, char content, const char *held,
                        const char *expected) {
    char digests[4][HNY_DIGEST_TEXT] = {{0}}, wanted[HNY_DIGEST_TEXT] = "";
    struct hny_depot_chain found;
    struct hny_buffer text = {0};
    bool any;
    for (size_t i = 0; held[i]; i++) memset(digests[i], held[i], HNY_DIGEST_TEXT - 1);
    memset(wanted, content, HNY_DIGEST_TEXT - 1);
    cr_assert_eq(hny_depot_chain_find(index, wanted, (const char(*)[HNY_DIGEST_TEXT])digests, strlen(held),
                                      NULL, &found, &any),
                 HNY_OK);
    cr_assert_eq(any, expected != NULL, "%c from %s", content, held);
    if (!any) return;
    cr_assert_eq(hny_buffer_print(&text, "%c", found.held == SIZE_MAX ? '-' : held[found.held]), HNY_OK);
    for (size_t i = 0; i < found.count; i++)
        cr_assert_eq(hny_buffer_print(&text, " %s%llu%s", found.bundles[i]->name,
                                      (unsigned long long)found.bundles[i]->release,
                                      *found.bundles[i]->parent ? "+" : ""),
                     HNY_OK);
    cr_assert_str_eq(text.data, expected, "%c from %s: %s", content, held, text.data);
    hny_buffer_free(&text);
}

Test(depot, the_chain_of_the_fewest_bytes_is_found) {
    static const char *const bundles[][4] = {
        {"a", "1", "a", "-"}, {"a", "2", "b", "a"}, {"a", "3", "c", "b"}, {"a", "3", "c", "a"},
        {"a", "3", "c", "-"}, {"a", "4", "d", "c"}, {"a", "5", "e", "9"}, {"a", "1", "a", "d"},
    };
    static const uint64_t bytes[] = {100, 10, 10, 30, 120, 5, 1, 1};
    struct hny_depot_index index;
    make_folder();
    write_index(bundles, 8);
    read_depot(&index);
    for (size_t i = 0; i < 8; i++) index.bundles[i].bytes = bytes[strtoul(index.bundles[i].file, NULL, 16)];
    check_chain(&index, 'c', "", "- a3");
    check_chain(&index, 'c', "a", "a a2+ a3+");
    check_chain(&index, 'c', "ba", "b a3+");
    check_chain(&index, 'd', "a", "a a2+ a3+ a4+");
    check_chain(&index, 'd', "", "- a3 a4+");
    check_chain(&index, 'd', "d", "- a3 a4+");
    check_chain(&index, 'a', "d", "d a1+");
    check_chain(&index, 'b', "", "- a1 a2+");
    check_chain(&index, 'e', "a", NULL);
    check_chain(&index, 'e', "9", "9 a5+");
    check_chain(&index, 'f', "a", NULL);
    hny_depot_index_free(&index);
}

/* Release I + 1 builds on I. */
Test(depot, a_chain_is_not_longer_than_can_be_read) {
    enum { COUNT = HNY_CHAIN_MOST + 1 };
    struct hny_depot_index index = {0};
    struct hny_depot_chain found;
    char digests[COUNT + 1][HNY_DIGEST_TEXT];
    bool any, changed;
    for (int i = 0; i <= COUNT; i++) snprintf(digests[i], sizeof digests[i], "%064x", i + 16);
    for (size_t i = 0; i < COUNT; i++) {
        struct hny_depot_bundle bundle = {
            .name = "a", .release = i + 1, .bytes = 1, .published = "2026-11-26T21:00:00Z"};
        memcpy(bundle.file, digests[i], HNY_DIGEST_TEXT);
        memcpy(bundle.restores, digests[i], HNY_DIGEST_TEXT);
        snprintf(bundle.digest, sizeof bundle.digest, "%064zx", i + (i > 0 ? 4096 : 16));
        if (i > 0) memcpy(bundle.parent, digests[i - 1], HNY_DIGEST_TEXT);
        cr_assert_eq(hny_depot_index_add(&index, "index", &bundle, &changed), HNY_OK);
    }
    cr_assert_eq(hny_depot_chain_find(&index, digests[COUNT - 2], NULL, 0, NULL, &found, &any), HNY_OK);
    cr_assert(any && found.count == HNY_CHAIN_MOST);
    cr_assert_eq(hny_depot_chain_find(&index, digests[COUNT - 1], NULL, 0, NULL, &found, &any), HNY_OK);
    cr_assert_not(any);
    /* Held, release 1 is the first of 65 as well; release 2 is not. */
    const char(*held)[HNY_DIGEST_TEXT] = (const char(*)[HNY_DIGEST_TEXT])digests;
    cr_assert_eq(hny_depot_chain_find(&index, digests[COUNT - 1], held, 1, NULL, &found, &any), HNY_OK);
    cr_assert_not(any);
    cr_assert_eq(hny_depot_chain_find(&index, digests[COUNT - 1], held + 1, 1, NULL, &found, &any), HNY_OK);
    cr_assert(any && found.count == HNY_CHAIN_MOST - 1 && found.held == 0);
    hny_depot_index_free(&index);
}

Test(depot, collecting_takes_what_publishers_left_and_nothing_else) {
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

Test(depot, collecting_takes_pushes_that_nobody_has_gone_on_with_for_a_day) {
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

Test(depot, an_open_file_can_be_read_after_it_was_collected) {
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

/* --- Indexes that lie ---------------------------------------------------------------------------------- */

static void refuse(const char *from, const char *to, const char *expected) {
    static const char *const bundles[][4] = {{"a", "1", "a", "-"}, {"a", "2", "c", "a"}};
    struct hny_buffer text = {0}, changed = {0};
    struct hny_depot_index index;
    write_index(bundles, 2);
    cr_assert_eq(hny_file_read(scratch_path("depot/index.json"), 1 << 20, &text), HNY_OK);
    const char *place = strstr(text.data, from);
    cr_assert_not_null(place, "%s", from);
    cr_assert_eq(
        hny_buffer_print(&changed, "%.*s%s%s", (int)(place - text.data), text.data, to, place + strlen(from)),
        HNY_OK);
    cr_assert_eq(hny_depot_index_parse(&index, "index", changed.data, changed.size), HNY_ERROR_INPUT,
                 "%s for %s is taken", to, from);
    cr_assert_not_null(strstr(hny_message(), expected), "\"%s\", expected: %s", hny_message(), expected);
    cr_assert_null(index.texts);
    hny_buffer_free(&text);
    hny_buffer_free(&changed);
}

Test(depot, an_index_is_read_strictly) {
    make_folder();
    refuse("honyaku depot", "honyaku bundle", "kind");
    refuse("\"version\": 1", "\"version\": 2", "version");
    refuse("\"bundles\": [", "\"bundles\": {}, \"more\": [", "bundles");
    refuse("\"name\": \"a\"", "\"name\": \"../a\"", "name");
    refuse("\"name\": \"a\"", "\"name\": \"abcdef012345\"", "name");
    refuse("\"name\": \"a\"", "\"name\": null", "name");
    refuse("\"name\": \"a\"", "\"name\": \"a\", \"name\": \"b\"", "duplicate");
    refuse("\"release\": 1", "\"release\": 0", "release");
    refuse("\"release\": 1", "\"release\": 9007199254740992", "release");
    refuse("\"release\": 1", "\"release\": \"1\"", "release");
    refuse("\"release\": 2", "\"release\": 1", "other content");
    refuse("\"bytes\": 1", "\"bytes\": -1", "bytes");
    refuse("\"bytes\": 1", "\"bytes\": 1.5", "bytes");
    refuse("\"file\": \"0", "\"file\": \"g", "file");
    refuse("\"file\": \"0", "\"file\": \"../0", "file");
    refuse("\"digest\": \"a", "\"digest\": \"b", "restores");
    refuse("\"parent\": null", "\"parent\": 1", "parent");
    refuse("\"precision\": \"f32\"", "\"precision\": \"f64\"", "precision");
    refuse("\"languages\": null", "\"languages\": \"\\u001b[2J\"", "languages");
    refuse("\"languages\": null", "\"languages\": \"a\\u0000b\"", "not valid JSON");
    refuse("\"scores\": null", "\"scores\": [1]", "scores");
    refuse("\"published\": \"2026-11-26T21:00:00Z\"", "\"published\": \"2026-11-26T21:00:00Z \"",
           "published");
    refuse("\"published\": \"2026-11-26T21:00:00Z\"", "\"published\": \"yesterday\"", "published");
    refuse("\"key\": null", "\"key\": \"\"", "key");
}
