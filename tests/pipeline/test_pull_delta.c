/* Pulling releases as deltas of what is held. */
#include "base/file.h"
#include "bundle/bundle.h"
#include "bundle/depot.h"
#include "bundle/signing_key.h"
#include "tests/base/scratch.h"
#include "tests/bundle/small.h"
#include "tests/pipeline/pull_scene.h"
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

TestSuite(pull_delta, .init = open_pulling, .fini = scratch_close);

static const char *const deltas[] = {"file1", "delta2", "delta3"};
static struct hny_signing_key anna;

static void sign_file(const char *file, const char *to) {
    char from[4096];
    snprintf(from, sizeof from, "%s", scratch_path(file));
    cr_assert_eq(hny_bundle_sign(from, scratch_path(to), &anna, &small_options, NULL), HNY_OK, "%s",
                 hny_message());
}

/* Releases 1 and 2 are there whole; now release 2 is there as a delta of 1 too, and 3 as a delta of 2, and,
 * with WHOLE, whole as well. ANNA signed the deltas, nobody the whole ones: what deltas make is "signed2" and
 * "signed3". */
static void publish_deltas(bool whole) {
    small_write_next("next");
    small_key("anna", &anna);
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

Test(pull_delta, who_holds_the_base_gets_the_delta_alone) {
    publish_deltas(true);
    pull_into(&options, "en-ja@1", "file1", size_of("file1"), 0);
    pull_into(&options, "en-ja@2", "signed2", size_of("delta2"), 1);
    pull_into(&options, "en-ja@2", "signed2", 0, 0);
    pull_into(&options, "en-ja@latest", "signed3", size_of("delta3"), 1);
    pull_into(&options, "en-ja", "signed3", 0, 0);
    cr_assert_eq(count_into(), 3);
}

Test(pull_delta, a_chain_of_deltas_comes_where_it_is_smaller) {
    publish_deltas(false);
    pull_into(&options, "en-ja@1", "file1", size_of("file1"), 0);
    pull_into(&options, "en-ja", "signed3", size_of("delta2") + size_of("delta3"), 2);
    cr_assert_eq(count_into(), 2);
}

Test(pull_delta, who_holds_no_base_gets_the_whole_bundle) {
    publish_deltas(true);
    cr_assert_lt(size_of("file3"), size_of("file1") + size_of("delta3"));
    pull_into(&options, "en-ja", "file3", size_of("file3"), 0);
    cr_assert_eq(count_into(), 1);
}

Test(pull_delta, where_there_are_deltas_alone_their_base_comes_too) {
    publish_deltas(false);
    pull_into(&options, "en-ja", "signed3", size_of("file2") + size_of("delta3"), 1);
    cr_assert_eq(count_into(), 1);
}

Test(pull_delta, a_base_can_be_given_or_lie_where_the_new_one_goes) {
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

Test(pull_delta, a_delta_that_comes_damaged_or_not_at_all_is_done_without) {
    publish_deltas(true);
    pull_into(&options, "en-ja@2", "file2", size_of("file2"), 0);
    name_file(fake.spoils, "delta3");
    pull_into(&options, "en-ja", "file3", size_of("delta3") + size_of("file3"), 0);
    unlink(scratch_path("into/en-ja@3.tar.zst"));
    memcpy(fake.lacks, fake.spoils, sizeof fake.lacks);
    pull_into(&options, "en-ja", "file3", size_of("file3"), 0);
    cr_assert_eq(count_into(), 2);
}

Test(pull_delta, a_base_that_is_damaged_is_done_without) {
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

Test(pull_delta, deltas_go_on_where_they_were) {
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
Test(pull_delta, who_signed_the_last_delta_has_signed_what_comes_of_it) {
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

Test(pull_delta, an_index_that_lies_about_a_signature_is_found_out) {
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

Test(pull_delta, a_whole_bundle_can_be_insisted_on) {
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
Test(pull_delta, a_delta_that_makes_something_else_is_found_out) {
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
