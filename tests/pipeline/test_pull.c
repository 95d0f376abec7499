/* Pulling by a carrier that does whatever a depot, or what lies between, may do. */
#include "base/file.h"
#include "bundle/bundle.h"
#include "bundle/depot.h"
#include "bundle/signing_key.h"
#include "pipeline/pull.h"
#include "pipeline/pull_check.h"
#include "bundle/peek.h"
#include "pipeline/pull.h"
#include "pipeline/pull_held.h"
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
#include <unistd.h>

/* Serves the scratch folder's depot, with faults. */
static struct fake {
    uint64_t most;             /* bytes of a call, then it breaks off; 0: all */
    bool silent;               /* it breaks off before anything comes */
    bool alters, longer, cut;  /* a byte is another; one too many; the last is missing, though all is well */
    const char *from, *to;     /* in the index, FROM stands as TO; NULL: as it is */
    const char *then;          /* FROM is as THEN from the second time on; NULL: as TO */
    unsigned indexes, fetches; /* calls */
    uint64_t offset, bytes;    /* of the first fetch; handed on by all */
    char spoils[HNY_DIGEST_TEXT]; /* the file that comes with a byte that is another; "": none */
    char lacks[HNY_DIGEST_TEXT];  /* the file that is not there */
} fake;

static hny_status fake_index(void *context, struct hny_buffer *text) {
    struct hny_buffer whole = {0};
    (void)context;
    const char *to = fake.indexes++ > 0 && fake.then ? fake.then : fake.to;
    cr_assert_eq(hny_file_read(scratch_path("depot/index.json"), HNY_CARRIER_INDEX_MOST, &whole), HNY_OK);
    const char *place = fake.from ? strstr(whole.data, fake.from) : NULL;
    cr_assert(!fake.from || place, "%s", fake.from);
    hny_status status = place ? hny_buffer_print(text, "%.*s%s%s", (int)(place - whole.data), whole.data, to,
                                                 place + strlen(fake.from))
                              : hny_buffer_append(text, whole.data, whole.size);
    hny_buffer_free(&whole);
    return status;
}

static hny_status hand_on(char *data, uint64_t size, hny_status (*take)(void *, const void *, size_t),
                          void *taker) {
    enum { PIECE = 777 };
    for (uint64_t at = 0; at < size;) {
        size_t piece = size - at < PIECE ? (size_t)(size - at) : PIECE;
        fake.bytes += piece;
        HNY_TRY(take(taker, data + at, piece));
        at += piece;
    }
    return HNY_OK;
}

static hny_status fake_fetch(void *context, const char *file, uint64_t offset, uint64_t end,
                             hny_status (*take)(void *, const void *, size_t), void *taker) {
    struct hny_buffer path = {0}, whole = {0};
    (void)context;
    if (fake.fetches++ == 0) fake.offset = offset;
    if (fake.silent) return hny_fail(HNY_ERROR_IO, "nothing comes");
    cr_assert_eq(hny_depot_path(&path, scratch_path("depot"), file), HNY_OK);
    bool there = hny_path_exists(path.data) && strcmp(file, fake.lacks) != 0;
    hny_status status =
        there ? hny_file_read(path.data, 1 << 20, &whole) : hny_fail(HNY_ERROR_INPUT, "no such file");
    uint64_t size = whole.size < end ? whole.size : end;
    if (status == HNY_OK && strcmp(file, fake.spoils) == 0) whole.data[size / 2] ^= 1;
    if (status == HNY_OK && fake.alters) whole.data[size / 2] ^= 1;
    if (status == HNY_OK && fake.longer) status = hny_buffer_append(&whole, "", 1), size++;
    if (status == HNY_OK && fake.cut) size--;
    bool breaks = fake.most > 0 && size - offset > fake.most;
    if (status == HNY_OK)
        status = hand_on(whole.data + offset, breaks ? fake.most : size - offset, take, taker);
    if (status == HNY_OK && breaks) status = hny_fail(HNY_ERROR_IO, "broken off");
    hny_buffer_free(&path);
    hny_buffer_free(&whole);
    return status;
}

static void fake_close(void *context) {
    (void)context;
}

static const struct hny_carrier carrier = {fake_index, fake_fetch, fake_close, &fake};
static const struct hny_pull_options options = {.reading = HNY_READ_DEFAULTS, .tries = 3, .pause_ms = 0};

/* --- The scene ----------------------------------------------------------------------------------------- */

static void publish(uint64_t release, enum hny_precision precision) {
    char file[32];
    snprintf(file, sizeof file, "file%llu", (unsigned long long)release);
    small_pack_release("model", file, "en-ja", release, precision);
    cr_assert_eq(hny_depot_publish(scratch_path("depot"), scratch_path(file), &small_options, NULL, NULL),
                 HNY_OK, "%s", hny_message());
}

static void open_all(void) {
    scratch_open();
    small_write("model");
    publish(1, HNY_PRECISION_F32);
    publish(2, HNY_PRECISION_F32);
    fake = (struct fake){0};
    cr_assert_eq(hny_directory_create(scratch_path("here")), HNY_OK);
}

TestSuite(pull, .init = open_all, .fini = scratch_close);

static hny_status pull_all(const char *wanted, const char *to, bool into, struct hny_pulled *pulled) {
    fake.indexes = fake.fetches = 0;
    fake.bytes = 0;
    return hny_pull(&carrier, "depot", wanted, scratch_path(to), into, &options, pulled);
}

/* To here/file; the old one is what FILE holds. */
static hny_status pull(const char *wanted, struct hny_pulled *pulled) {
    return pull_all(wanted, "here/file", false, pulled);
}

static void check_same(const char *a, const char *b) {
    struct hny_buffer left = {0}, right = {0};
    cr_assert_eq(hny_file_read(scratch_path(a), 1 << 20, &left), HNY_OK, "%s", hny_message());
    cr_assert_eq(hny_file_read(scratch_path(b), 1 << 20, &right), HNY_OK, "%s", hny_message());
    cr_assert(left.size == right.size && memcmp(left.data, right.data, left.size) == 0, "%s and %s", a, b);
    hny_buffer_free(&left);
    hny_buffer_free(&right);
}

static void copy_part(const char *from, const char *to, double part) {
    struct hny_buffer bytes = {0};
    cr_assert_eq(hny_file_read(scratch_path(from), 1 << 20, &bytes), HNY_OK);
    scratch_put(to, bytes.data, (size_t)((double)bytes.size * part));
    hny_buffer_free(&bytes);
}

/* The partial file of here/file with the content of FILE. */
static const char *partial_of(const char *file) {
    static char name[128];
    char digest[HNY_DIGEST_TEXT];
    cr_assert_eq(hny_digest_file(scratch_path(file), digest), HNY_OK);
    snprintf(name, sizeof name, "here/file.%.16s.pulling", digest);
    return name;
}

static size_t count_here(void) {
    char command[600], answer[16] = "";
    snprintf(command, sizeof command, "ls %s | wc -l", scratch_path("here"));
    FILE *output = popen(command, "r");
    cr_assert(output && fgets(answer, sizeof answer, output));
    pclose(output);
    return strtoul(answer, NULL, 10);
}

/* Pulling WANTED fails with STATUS and EXPECTED in the message, and what was there is there still. */
static void refuse(const char *wanted, hny_status expected, const char *message) {
    struct hny_pulled pulled;
    copy_part("file1", "here/file", 1);
    hny_status status = pull(wanted, &pulled);
    cr_assert_eq(status, expected, "%d: %s", status, status == HNY_OK ? "" : hny_message());
    cr_assert_not_null(strstr(hny_message(), message), "\"%s\", expected: %s", hny_message(), message);
    check_same("here/file", "file1");
    cr_assert_null(pulled.contents.names);
}

/* --- Tests --------------------------------------------------------------------------------------------- */

Test(pull, the_latest_release_comes_and_nothing_else_is_left) {
    struct hny_pulled pulled;
    scratch_put("here/file", "old", 3);
    cr_assert_eq(pull("en-ja@latest", &pulled), HNY_OK, "%s", hny_message());
    check_same("here/file", "file2");
    cr_assert_eq(pulled.contents.release, 2);
    cr_assert(pulled.changed);
    cr_assert_eq(fake.fetches, 1);
    cr_assert_eq(count_here(), 1);
    hny_pulled_free(&pulled);
}

Test(pull, a_release_comes_by_its_number_or_digest) {
    struct hny_pulled pulled;
    char digits[13];
    cr_assert_eq(pull("en-ja@1", &pulled), HNY_OK, "%s", hny_message());
    check_same("here/file", "file1");
    snprintf(digits, sizeof digits, "%.12s", pulled.contents.digest);
    hny_pulled_free(&pulled);
    cr_assert_eq(pull_all(digits, "here/other", false, &pulled), HNY_OK, "%s", hny_message());
    check_same("here/other", "file1");
    hny_pulled_free(&pulled);
    cr_assert_eq(pull("en-ja@3", &pulled), HNY_ERROR_INPUT);
    cr_assert_eq(pull("ja-en", &pulled), HNY_ERROR_INPUT);
    cr_assert_eq(pull("en ja", &pulled), HNY_ERROR_USAGE);
}

Test(pull, what_breaks_off_goes_on_where_it_was) {
    struct hny_pulled pulled;
    fake.most = 1000;
    cr_assert_eq(pull("en-ja", &pulled), HNY_OK, "%s", hny_message());
    check_same("here/file", "file2");
    cr_assert_gt(fake.fetches, 2);
    cr_assert_eq(fake.bytes, pulled.bytes, "no byte came twice");
    hny_pulled_free(&pulled);
}

Test(pull, a_later_run_goes_on_where_one_stopped) {
    struct hny_pulled pulled;
    copy_part("file2", partial_of("file2"), 0.7);
    fake.silent = true;
    refuse("en-ja", HNY_ERROR_IO, "nothing comes");
    cr_assert_eq(fake.fetches, options.tries);
    cr_assert(hny_path_exists(scratch_path(partial_of("file2"))));
    fake.silent = false;
    cr_assert_eq(pull("en-ja", &pulled), HNY_OK, "%s", hny_message());
    check_same("here/file", "file2");
    cr_assert_gt(pulled.resumed, 0);
    cr_assert_eq(fake.fetches, 1);
    cr_assert_lt(fake.bytes, pulled.resumed);
    cr_assert_eq(count_here(), 1);
    hny_pulled_free(&pulled);
}

Test(pull, a_whole_file_that_an_earlier_run_left_is_not_fetched) {
    struct hny_pulled pulled;
    copy_part("file2", partial_of("file2"), 1);
    cr_assert_eq(pull("en-ja", &pulled), HNY_OK, "%s", hny_message());
    cr_assert_eq(fake.fetches, 0);
    check_same("here/file", "file2");
    hny_pulled_free(&pulled);
}

Test(pull, what_an_earlier_run_left_damaged_comes_anew) {
    struct hny_pulled pulled;
    const char *partial = partial_of("file2");
    scratch_put(partial, "another beginning", 17);
    cr_assert_eq(pull("en-ja", &pulled), HNY_OK, "%s", hny_message());
    cr_assert_eq(fake.fetches, 2);
    check_same("here/file", "file2");
    hny_pulled_free(&pulled);
    unlink(scratch_path("here/file"));
    copy_part("file2", partial, 1);
    FILE *longer = fopen(scratch_path(partial), "a");
    cr_assert(longer && fputs("more", longer) > 0 && fclose(longer) == 0);
    cr_assert_eq(pull("en-ja", &pulled), HNY_OK, "%s", hny_message());
    check_same("here/file", "file2");
    hny_pulled_free(&pulled);
}

Test(pull, altered_bytes_are_refused_and_leave_nothing) {
    fake.alters = true;
    refuse("en-ja", HNY_ERROR_INPUT, "what came has the SHA-256");
    cr_assert_eq(count_here(), 1);
    copy_part("file2", partial_of("file2"), 0.1);
    refuse("en-ja", HNY_ERROR_INPUT, "what came has the SHA-256");
    cr_assert_eq(fake.fetches, 2, "once on, and once from the beginning");
    cr_assert_eq(count_here(), 1);
}

Test(pull, too_much_or_too_little_is_refused) {
    fake.longer = true;
    refuse("en-ja", HNY_ERROR_INPUT, "more comes than");
    fake.longer = false;
    fake.cut = true;
    refuse("en-ja", HNY_ERROR_INPUT, "shorter than the index says");
}

/* Publishes release 3 and lets the index say TO in place of FROM. */
static void refuse_lie(const char *from, const char *to, const char *message) {
    fake.from = from;
    fake.to = to;
    refuse("en-ja", HNY_ERROR_INPUT, message);
    cr_assert_eq(count_here(), 1, "%s", to);
}

Test(pull, an_index_that_lies_is_found_out) {
    refuse_lie("\"release\": 2", "\"release\": 7", "calls itself en-ja@2");
    refuse_lie("\"kind\": \"honyaku depot\"", "\"kind\": \"depot\"", "kind");
    refuse_lie("\"bundles\": [", "\"bundles\": [1, ", "expected an object");
    fake.to = "\"name\": \"other\"";
    fake.from = "\"name\": \"en-ja\"";
    refuse("other", HNY_ERROR_INPUT, "calls itself en-ja@1");
}

Test(pull, an_index_with_another_digest_is_found_out) {
    struct hny_depot_index index;
    char from[256], to[256];
    cr_assert_eq(hny_depot_read(scratch_path("depot"), &index), HNY_OK);
    const char *digest = index.bundles[1].digest;
    char first = *digest == '0' ? '1' : '0';
    snprintf(from, sizeof from, "\"digest\": \"%s\",\n      \"restores\": \"%s\"", digest, digest);
    snprintf(to, sizeof to, "\"digest\": \"%c%s\",\n      \"restores\": \"%c%s\"", first, digest + 1, first,
             digest + 1);
    refuse_lie(from, to, "but the index says");
    hny_depot_index_free(&index);
}

Test(pull, an_index_with_another_size_is_found_out) {
    struct hny_depot_index index;
    char from[64], to[64];
    cr_assert_eq(hny_depot_read(scratch_path("depot"), &index), HNY_OK);
    unsigned long long bytes = index.bundles[1].bytes;
    hny_depot_index_free(&index);
    snprintf(from, sizeof from, "\"bytes\": %llu", bytes);
    cr_assert_eq(hny_depot_keep(scratch_path("depot"), 1, &(struct hny_depot_removed){0}), HNY_OK);
    snprintf(to, sizeof to, "\"bytes\": %llu", bytes / 2);
    refuse_lie(from, to, "what came has the SHA-256");
    snprintf(to, sizeof to, "\"bytes\": %llu", bytes * 1000000);
    refuse_lie(from, to, "shorter than the index says");
}

Test(pull, a_depot_that_goes_back_is_refused_unless_asked_to) {
    struct hny_pulled pulled;
    small_pack_release("model", "here/file", "en-ja", 5, HNY_PRECISION_F32);
    cr_assert_eq(pull("en-ja@latest", &pulled), HNY_ERROR_INPUT);
    cr_assert_not_null(strstr(hny_message(), "a later one, release 5, is here"), "%s", hny_message());
    cr_assert_eq(pull("en-ja", &pulled), HNY_ERROR_INPUT);
    cr_assert_eq(fake.fetches, 0);
    cr_assert_eq(pull("en-ja@2", &pulled), HNY_OK, "%s", hny_message());
    check_same("here/file", "file2");
    hny_pulled_free(&pulled);
    small_pack_release("model", "here/file", "another", 5, HNY_PRECISION_F32);
    cr_assert_eq(pull("en-ja@latest", &pulled), HNY_OK, "another name is another row: %s", hny_message());
    hny_pulled_free(&pulled);
}

Test(pull, what_is_there_is_not_fetched_unless_damaged) {
    struct hny_pulled pulled;
    copy_part("file2", "here/file", 1);
    cr_assert_eq(pull("en-ja", &pulled), HNY_OK, "%s", hny_message());
    cr_assert_not(pulled.changed);
    cr_assert_eq(fake.fetches, 0);
    cr_assert_eq(pulled.bytes, 0);
    cr_assert_eq(pulled.contents.release, 2);
    hny_pulled_free(&pulled);
    copy_part("file2", "here/file", 0.9);
    cr_assert_eq(pull("en-ja", &pulled), HNY_OK, "%s", hny_message());
    cr_assert(pulled.changed);
    check_same("here/file", "file2");
    hny_pulled_free(&pulled);
}

Test(pull, a_release_that_is_there_is_not_replaced_by_other_content) {
    struct hny_pulled pulled;
    small_pack_release("model", "here/file", "en-ja", 2, HNY_PRECISION_BF16);
    cr_assert_eq(pull("en-ja@2", &pulled), HNY_ERROR_INPUT);
    cr_assert_not_null(strstr(hny_message(), "has other content"), "%s", hny_message());
    cr_assert_eq(fake.fetches, 0);
}

Test(pull, a_folder_gets_a_file_for_each_release) {
    struct hny_pulled pulled;
    cr_assert_eq(pull_all("en-ja@1", "into/deep", true, &pulled), HNY_OK, "%s", hny_message());
    hny_pulled_free(&pulled);
    scratch_put("into/deep/en-ja@1.tar.zst.0123456789abcdef.pulling", "old", 3);
    scratch_put("into/deep/en-ja@1.tar.zst.0123456789abcdeX.pulling", "mine", 4);
    scratch_put("into/deep/en@1.tar.zst.0123456789abcdef.pulling", "another", 7);
    cr_assert_eq(pull_all("en-ja", "into/deep", true, &pulled), HNY_OK, "%s", hny_message());
    hny_pulled_free(&pulled);
    check_same("into/deep/en-ja@1.tar.zst", "file1");
    check_same("into/deep/en-ja@2.tar.zst", "file2");
    cr_assert_not(hny_path_exists(scratch_path("into/deep/en-ja@1.tar.zst.0123456789abcdef.pulling")));
    cr_assert(hny_path_exists(scratch_path("into/deep/en-ja@1.tar.zst.0123456789abcdeX.pulling")));
    cr_assert(hny_path_exists(scratch_path("into/deep/en@1.tar.zst.0123456789abcdef.pulling")));
    small_pack_release("model", "into/deep/en-ja@10.tar.zst", "en-ja", 10, HNY_PRECISION_F32);
    cr_assert_eq(pull_all("en-ja", "into/deep", true, &pulled), HNY_ERROR_INPUT, "release 10 is here");
    scratch_put("into/deep/en-ja@10.tar.zst", "no bundle", 9);
    cr_assert_eq(pull_all("en-ja", "into/deep", true, &pulled), HNY_OK, "%s", hny_message());
    hny_pulled_free(&pulled);
}

Test(pull, two_that_pull_to_one_place_do_not_meet) {
    struct hny_pulled pulled;
    const char *partial = scratch_path(partial_of("file2"));
    int other = open(partial, O_RDWR | O_CREAT, 0666);
    cr_assert(other >= 0 && flock(other, LOCK_EX) == 0);
    cr_assert_eq(pull("en-ja", &pulled), HNY_ERROR_USAGE);
    cr_assert_not_null(strstr(hny_message(), "another process is pulling there"), "%s", hny_message());
    cr_assert(hny_path_exists(partial), "it is the other's");
    /* And what another is at stays, though another release comes. */
    cr_assert_eq(pull("en-ja@1", &pulled), HNY_OK, "%s", hny_message());
    cr_assert(hny_path_exists(partial));
    hny_pulled_free(&pulled);
    close(other);
    cr_assert_eq(pull("en-ja", &pulled), HNY_OK, "%s", hny_message());
    cr_assert_eq(count_here(), 1);
    hny_pulled_free(&pulled);
}

/* The latest was release 1 when the index was read; then that went, and release 2 came. */
Test(pull, what_goes_from_the_depot_meanwhile_is_looked_up_anew) {
    struct hny_pulled pulled;
    struct hny_buffer path = {0};
    char digest[HNY_DIGEST_TEXT];
    cr_assert_eq(hny_digest_file(scratch_path("file1"), digest), HNY_OK);
    cr_assert_eq(hny_depot_path(&path, scratch_path("depot"), digest), HNY_OK);
    cr_assert_eq(unlink(path.data), 0);
    fake.from = "\"release\": 1";
    fake.to = "\"release\": 3";
    fake.then = fake.from;
    cr_assert_eq(pull("en-ja", &pulled), HNY_OK, "%s", hny_message());
    cr_assert_eq(fake.indexes, 2);
    check_same("here/file", "file2");
    hny_pulled_free(&pulled);
    fake.from = NULL;
    cr_assert_eq(pull("en-ja@1", &pulled), HNY_ERROR_INPUT);
    cr_assert_not_null(strstr(hny_message(), "no such file"), "%s", hny_message());
    cr_assert_eq(fake.fetches, 1, "the same file is not asked for again");
    hny_buffer_free(&path);
}

Test(pull, links_stay_and_folders_are_no_files) {
    struct hny_pulled pulled;
    scratch_put("here/target", "old", 3);
    cr_assert_eq(symlink("target", scratch_path("here/link")), 0);
    cr_assert_eq(pull_all("en-ja", "here/link", false, &pulled), HNY_OK, "%s", hny_message());
    hny_pulled_free(&pulled);
    check_same("here/target", "file2");
    cr_assert_eq(pull_all("en-ja", "here", false, &pulled), HNY_ERROR_USAGE);
    cr_assert_eq(hny_pull(&carrier, "depot", "en-ja", "/dev/null", false, &options, &pulled),
                 HNY_ERROR_USAGE);
}

/* --- Deltas -------------------------------------------------------------------------------------------- */

static const char *const deltas[] = {"file1", "delta2", "delta3"};
static struct hny_signing_key anna;

static void sign_file(const char *file, const char *to) {
    char from[4096];
    snprintf(from, sizeof from, "%s", scratch_path(file));
    cr_assert_eq(hny_bundle_sign(from, scratch_path(to), &anna, &small_options, NULL), HNY_OK, "%s",
                 hny_message());
}

static void publish_file(const char *file) {
    cr_assert_eq(hny_depot_publish(scratch_path("depot"), scratch_path(file), &small_options, NULL, NULL),
                 HNY_OK, "%s", hny_message());
}

static uint64_t size_of(const char *file) {
    struct stat about;
    cr_assert_eq(stat(scratch_path(file), &about), 0);
    return (uint64_t)about.st_size;
}

/* Releases 1 and 2 are there whole; now release 2 is there as a delta of 1 too, and 3 as a delta of 2, and,
 * with WHOLE, whole as well. ANNA signed the deltas, nobody the whole ones: what deltas make is "signed2" and
 * "signed3". */
static void publish_deltas(bool whole) {
    small_write_next("next");
    cr_assert_eq(hny_signing_key_make(scratch_path("anna")), HNY_OK);
    cr_assert_eq(hny_signing_key_read(scratch_path("anna.key"), &anna), HNY_OK);
    small_delta_release("model", deltas, 1, "delta2", "en-ja", 2, &anna);
    small_delta_release("next", deltas, 2, "delta3", "en-ja", 3, &anna);
    small_pack_release("next", "file3", "en-ja", 3, HNY_PRECISION_F32);
    sign_file("file2", "signed2");
    sign_file("file3", "signed3");
    publish_file("delta2");
    publish_file("delta3");
    if (whole) publish_file("file3");
}

static void name_file(char digest[HNY_DIGEST_TEXT], const char *file) {
    cr_assert_eq(hny_digest_file(scratch_path(file), digest), HNY_OK);
}

/* Pulls WANTED into INTO/ by OPTIONS: it is the same as FILE, BYTES came, and it is made of DELTAS. */
static void pull_into(const struct hny_pull_options *how, const char *wanted, const char *file,
                      uint64_t bytes, size_t made_of) {
    struct hny_pulled pulled;
    char path[64];
    fake.bytes = fake.fetches = fake.indexes = 0;
    cr_assert_eq(hny_pull(&carrier, "depot", wanted, scratch_path("into"), true, how, &pulled), HNY_OK,
                 "%s: %s", wanted, hny_message());
    snprintf(path, sizeof path, "into/en-ja@%llu.tar.zst", (unsigned long long)pulled.contents.release);
    check_same(path, file);
    cr_assert_eq(pulled.bytes, bytes, "%s: %llu bytes came, not %llu", wanted,
                 (unsigned long long)pulled.bytes, (unsigned long long)bytes);
    cr_assert_eq(pulled.deltas, made_of, "%s of %zu deltas", wanted, pulled.deltas);
    cr_assert_eq(pulled.changed, bytes > 0);
    hny_pulled_free(&pulled);
}

static size_t count_into(void) {
    size_t count = 0;
    DIR *entries = opendir(scratch_path("into"));
    cr_assert_not_null(entries);
    for (const struct dirent *entry; (entry = readdir(entries));) count += entry->d_name[0] != '.';
    closedir(entries);
    return count;
}

Test(pull, who_holds_the_base_gets_the_delta_alone) {
    publish_deltas(true);
    pull_into(&options, "en-ja@1", "file1", size_of("file1"), 0);
    pull_into(&options, "en-ja@2", "signed2", size_of("delta2"), 1);
    pull_into(&options, "en-ja@2", "signed2", 0, 0);
    pull_into(&options, "en-ja@latest", "signed3", size_of("delta3"), 1);
    pull_into(&options, "en-ja", "signed3", 0, 0);
    cr_assert_eq(count_into(), 3);
}

Test(pull, a_chain_of_deltas_comes_where_it_is_smaller) {
    publish_deltas(false);
    pull_into(&options, "en-ja@1", "file1", size_of("file1"), 0);
    pull_into(&options, "en-ja", "signed3", size_of("delta2") + size_of("delta3"), 2);
    cr_assert_eq(count_into(), 2);
}

Test(pull, who_holds_no_base_gets_the_whole_bundle) {
    publish_deltas(true);
    cr_assert_lt(size_of("file3"), size_of("file1") + size_of("delta3"));
    pull_into(&options, "en-ja", "file3", size_of("file3"), 0);
    cr_assert_eq(count_into(), 1);
}

Test(pull, where_there_are_deltas_alone_their_base_comes_too) {
    publish_deltas(false);
    pull_into(&options, "en-ja", "signed3", size_of("file2") + size_of("delta3"), 1);
    cr_assert_eq(count_into(), 1);
}

Test(pull, a_base_can_be_given_or_lie_where_the_new_one_goes) {
    struct hny_pulled pulled;
    char base[4096], delta[4096];
    const char *const bases[] = {base};
    struct hny_pull_options how = options;
    publish_deltas(true);
    snprintf(base, sizeof base, "%s", scratch_path("file2"));
    how.bases = bases;
    how.base_count = 1;
    pull_into(&how, "en-ja", "signed3", size_of("delta3"), 1);
    copy_part("file2", "here/file", 1);
    cr_assert_eq(pull("en-ja", &pulled), HNY_OK, "%s", hny_message());
    check_same("here/file", "signed3");
    cr_assert_eq(pulled.bytes, size_of("delta3"));
    cr_assert_eq(count_here(), 1);
    hny_pulled_free(&pulled);
    snprintf(delta, sizeof delta, "%s", scratch_path("delta2"));
    snprintf(base, sizeof base, "%s", delta);
    cr_assert_eq(hny_pull(&carrier, "depot", "en-ja", scratch_path("else"), true, &how, &pulled),
                 HNY_ERROR_USAGE);
    cr_assert_not_null(strstr(hny_message(), "a delta, expected a whole"), "%s", hny_message());
}

Test(pull, a_delta_that_comes_damaged_or_not_at_all_is_done_without) {
    publish_deltas(true);
    pull_into(&options, "en-ja@2", "file2", size_of("file2"), 0);
    name_file(fake.spoils, "delta3");
    pull_into(&options, "en-ja", "file3", size_of("delta3") + size_of("file3"), 0);
    unlink(scratch_path("into/en-ja@3.tar.zst"));
    memcpy(fake.lacks, fake.spoils, sizeof fake.lacks);
    pull_into(&options, "en-ja", "file3", size_of("file3"), 0);
    cr_assert_eq(count_into(), 2);
}

Test(pull, a_base_that_is_damaged_is_done_without) {
    struct hny_buffer bytes = {0};
    publish_deltas(false);
    pull_into(&options, "en-ja@2", "file2", size_of("file2"), 0);
    cr_assert_eq(hny_file_read(scratch_path("file2"), 1 << 20, &bytes), HNY_OK);
    bytes.data[bytes.size / 2] ^= 1;
    scratch_put("into/en-ja@2.tar.zst", bytes.data, bytes.size);
    hny_buffer_free(&bytes);
    pull_into(&options, "en-ja", "signed3", size_of("delta3") + size_of("file2") + size_of("delta3"), 1);
    cr_assert_eq(count_into(), 2);
}

Test(pull, deltas_go_on_where_they_were) {
    struct hny_pulled pulled;
    publish_deltas(false);
    pull_into(&options, "en-ja@1", "file1", size_of("file1"), 0);
    fake.most = 300;
    fake.bytes = fake.fetches = 0;
    cr_assert_eq(hny_pull(&carrier, "depot", "en-ja", scratch_path("into"), true, &options, &pulled), HNY_OK,
                 "%s", hny_message());
    cr_assert_gt(fake.fetches, 2);
    cr_assert_eq(fake.bytes, size_of("delta2") + size_of("delta3"));
    hny_pulled_free(&pulled);
    check_same("into/en-ja@3.tar.zst", "signed3");
    /* Delta 2 was there whole, and delta 3 in part, when an earlier run stopped. */
    char digest[HNY_DIGEST_TEXT], path[128];
    unlink(scratch_path("into/en-ja@3.tar.zst"));
    name_file(digest, "delta2");
    snprintf(path, sizeof path, "into/en-ja@3.tar.zst.%.16s.pulling", digest);
    copy_part("delta2", path, 1);
    name_file(digest, "delta3");
    snprintf(path, sizeof path, "into/en-ja@3.tar.zst.%.16s.pulling", digest);
    copy_part("delta3", path, 0.5);
    fake.most = 0;
    pull_into(&options, "en-ja", "signed3", size_of("delta3") - size_of("delta3") / 2, 2);
    cr_assert_eq(count_into(), 2);
}

/* What deltas make is what packing and signing it would have made. */
Test(pull, who_signed_the_last_delta_has_signed_what_comes_of_it) {
    struct hny_signers signers = {0}, others = {0};
    struct hny_pull_options how = options;
    struct hny_pulled pulled;
    const char *const made = "into/en-ja@3.tar.zst";
    publish_deltas(true);
    pull_into(&options, "en-ja@1", "file1", size_of("file1"), 0);
    cr_assert_eq(hny_signers_add(&signers, anna.signer), HNY_OK);
    how.reading.signers = &signers;
    /* The whole bundles are signed by nobody, but that takes nothing away from the deltas. */
    pull_into(&how, "en-ja", "signed3", size_of("delta2") + size_of("delta3"), 2);
    pull_into(&how, "en-ja", "signed3", 0, 0);
    pull_into(&options, "en-ja", "signed3", 0, 0);
    cr_assert_eq(count_into(), 2);
    /* Without its signature it must come again. */
    copy_part("file3", made, 1);
    pull_into(&options, "en-ja", "file3", 0, 0);
    pull_into(&how, "en-ja", "signed3", size_of("delta2") + size_of("delta3"), 2);
    unlink(scratch_path(made));
    cr_assert_lt(size_of("file3"), size_of("delta2") + size_of("delta3"));
    pull_into(&options, "en-ja", "file3", size_of("file3"), 0); /* who wants none has what is smaller */
    cr_assert_eq(hny_signing_key_make(scratch_path("eve")), HNY_OK);
    cr_assert_eq(hny_signers_add(&others, scratch_path("eve.pub")), HNY_OK);
    how.reading.signers = &others;
    cr_assert_eq(hny_pull(&carrier, "depot", "en-ja", scratch_path("else"), true, &how, &pulled),
                 HNY_ERROR_INPUT);
    cr_assert_not_null(strstr(hny_message(), "is not fetched: its index says"), "%s", hny_message());
    hny_signers_free(&signers);
    hny_signers_free(&others);
}

Test(pull, an_index_that_lies_about_a_signature_is_found_out) {
    struct hny_signers signers = {0};
    struct hny_pull_options how = options;
    struct hny_pulled pulled;
    publish_deltas(false);
    cr_assert_eq(hny_signing_key_make(scratch_path("eve")), HNY_OK);
    cr_assert_eq(hny_signers_add(&signers, scratch_path("eve.pub")), HNY_OK);
    how.reading.signers = &signers;
    fake.from = anna.signer;
    fake.to = signers.keys[0];
    cr_assert_eq(hny_pull(&carrier, "depot", "en-ja@2", scratch_path("into"), true, &how, &pulled),
                 HNY_ERROR_INPUT);
    cr_assert_eq(count_into(), 0);
    hny_signers_free(&signers);
}

Test(pull, a_whole_bundle_can_be_insisted_on) {
    struct hny_pull_options how = options;
    struct hny_pulled pulled;
    publish_deltas(false);
    how.whole = true;
    pull_into(&how, "en-ja@1", "file1", size_of("file1"), 0);
    pull_into(&how, "en-ja@2", "file2", size_of("file2"), 0);
    cr_assert_eq(hny_pull(&carrier, "depot", "en-ja@3", scratch_path("into"), true, &how, &pulled),
                 HNY_ERROR_INPUT);
    cr_assert_not_null(strstr(hny_message(), "as deltas alone"), "%s", hny_message());
}

/* The index says that the delta makes what it does not make. */
Test(pull, a_delta_that_makes_something_else_is_found_out) {
    struct hny_depot_index index;
    struct hny_pulled pulled;
    char lie[HNY_DIGEST_TEXT];
    publish_deltas(false);
    pull_into(&options, "en-ja@2", "file2", size_of("file2"), 0);
    cr_assert_eq(hny_depot_read(scratch_path("depot"), &index), HNY_OK);
    const struct hny_depot_bundle *last = &index.bundles[index.count - 1];
    snprintf(lie, sizeof lie, "%c%s", last->restores[0] == '0' ? '1' : '0', last->restores + 1);
    fake.from = last->restores;
    fake.to = lie;
    cr_assert_eq(hny_pull(&carrier, "depot", "en-ja", scratch_path("into"), true, &options, &pulled),
                 HNY_ERROR_INPUT);
    cr_assert_not_null(strstr(hny_message(), "but the index says"), "%s", hny_message());
    cr_assert_eq(count_into(), 1);
    hny_depot_index_free(&index);
}

/* --- Verifying meanwhile ------------------------------------------------------------------------------- */

/* Verifies a file that holds PART of "file2" at first and then more, by pieces; the byte ALTERED is another.
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

Test(pull, a_bundle_is_verified_while_it_comes) {
    cr_assert(verify_growing(0, 0, 0, false));
    cr_assert(verify_growing(0.5, 0, 0, false));
    cr_assert(verify_growing(1, 0, 0, false));
    cr_assert_not(verify_growing(0, 2000, 0, false), "altered");
    cr_assert_not(verify_growing(0.5, 0, 1, false), "cut short");
    cr_assert_not(verify_growing(0.5, 0, 0, true), "it did not stay as it was");
}

Test(pull, what_stops_coming_is_waited_for_no_longer) {
    struct hny_pull_check *check = NULL;
    scratch_put("growing", "", 0);
    cr_assert_eq(hny_pull_check_start(&check, scratch_path("growing"), 0, &small_options), HNY_OK);
    hny_pull_check_abandon(&check);
    cr_assert_null(check);
    cr_assert_not(hny_pull_check_end(&check, &(struct hny_bundle){0}));
    hny_pull_check_abandon(&check);
}

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

Test(pull, what_a_folder_holds_is_found_without_a_depot) {
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

Test(pull, what_the_index_itself_says_has_no_good_signature_is_not_fetched) {
    static const unsigned char bytes[2][HNY_SIGNER_BYTES] = {{1}, {2}};
    char believed[HNY_SIGNER_TEXT], other[HNY_SIGNER_TEXT], keyed[2][HNY_SIGNER_TEXT + 16];
    struct hny_signers signers = {0};
    struct hny_pull_options choosy = options;
    struct hny_pulled pulled;
    hny_signer_encode(bytes[0], believed);
    hny_signer_encode(bytes[1], other);
    cr_assert_eq(hny_signers_add(&signers, believed), HNY_OK, "%s", hny_message());
    choosy.reading.signers = &signers;
    snprintf(keyed[0], sizeof keyed[0], "\"key\": \"%s\"", other);
    snprintf(keyed[1], sizeof keyed[1], "\"key\": \"%s\"", believed);
    const struct {
        const char *key, *message;
        unsigned fetches;
    } cases[] = {{"\"key\": null", "nobody has signed it", 0}, {keyed[0], other, 0}, {keyed[1], "", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fake = (struct fake){.from = "\"key\": null", .to = cases[i].key};
        cr_assert_eq(
            hny_pull(&carrier, "depot", "en-ja@1", scratch_path("here/file"), false, &choosy, &pulled),
            HNY_ERROR_INPUT);
        cr_assert(strstr(hny_message(), cases[i].message), "%s", hny_message());
        cr_assert_eq(fake.fetches, cases[i].fetches, "%zu: %u", i, fake.fetches);
        cr_assert_eq(count_here(), 0);
    }
    hny_signers_free(&signers);
}
