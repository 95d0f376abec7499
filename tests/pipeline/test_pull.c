/* Pulling whole bundles, by a carrier that does whatever a depot, or what lies between, may do. */
#include "base/file.h"
#include "bundle/depot.h"
#include "tests/base/scratch.h"
#include "tests/bundle/small.h"
#include "tests/pipeline/pull_scene.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

TestSuite(pull, .init = open_pulling, .fini = scratch_close);

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

/* What the index says TO of in place of FROM is refused with MESSAGE. */
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
