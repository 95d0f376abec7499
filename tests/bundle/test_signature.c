/* Signatures: whose they are, what they answer for, and what is none. */
#include "base/file.h"
#include "base/key_file.h"
#include "bundle/signing_key.h"
#include "tests/base/scratch.h"
#include "tests/bundle/small.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct hny_signing_key anna, bert;

static void pack_release(const char *file, uint64_t release, const struct hny_signing_key *key) {
    struct hny_pack_options options = HNY_PACK_DEFAULTS;
    options.name = "en-ja";
    options.release = release;
    options.sign = key;
    cr_assert_eq(hny_bundle_pack(scratch_path("model"), scratch_path(file), &options, NULL, NULL), HNY_OK);
}

static void open_all(void) {
    scratch_open();
    small_write("model");
    small_key("anna", &anna);
    small_key("bert", &bert);
    pack_release("good", 3, &anna);
}

TestSuite(signature, .init = open_all, .fini = scratch_close);

static void verify_as(const char *file, const char *signer) {
    struct hny_bundle bundle;
    cr_assert_eq(hny_bundle_verify(scratch_path(file), &small_options, &bundle), HNY_OK, "%s", hny_message());
    cr_assert_str_eq(bundle.signer, signer);
    hny_bundle_free(&bundle);
}

static void expect_same(const char *one, const char *other) {
    struct hny_buffer a = {0}, b = {0};
    cr_assert_eq(hny_file_read(scratch_path(one), 1 << 20, &a), HNY_OK);
    cr_assert_eq(hny_file_read(scratch_path(other), 1 << 20, &b), HNY_OK);
    cr_assert_eq(a.size, b.size);
    cr_assert_arr_eq(a.data, b.data, a.size);
    hny_buffer_free(&a);
    hny_buffer_free(&b);
}

Test(signature, a_bundle_is_signed_while_it_is_packed_or_afterwards) {
    struct hny_bundle plain, bundle;
    pack_release("plain", 3, NULL);
    verify_as("plain", "");
    verify_as("good", anna.signer);
    cr_assert_eq(hny_bundle_verify(scratch_path("plain"), &small_options, &plain), HNY_OK);
    cr_assert_eq(
        hny_bundle_sign(scratch_path("plain"), scratch_path("after"), &anna, &small_options, &bundle), HNY_OK,
        "%s", hny_message());
    expect_same("after", "good");
    cr_assert_str_eq(bundle.signer, anna.signer);
    cr_assert_str_eq(bundle.digest, plain.digest, "the digest is the content's");
    hny_bundle_free(&bundle);
    hny_bundle_free(&plain);
}

Test(signature, another_takes_the_place_of_one_that_is_there) {
    cr_assert_eq(hny_bundle_sign(scratch_path("good"), scratch_path("good"), &bert, &small_options, NULL),
                 HNY_OK);
    pack_release("bert", 3, &bert);
    expect_same("good", "bert");
}

Test(signature, what_is_damaged_is_not_signed) {
    struct small_pieces pieces;
    small_read(&pieces, "good");
    pieces.pieces[pieces.count - 2].data[0] ^= 1;
    small_put(&pieces, "bad");
    small_free(&pieces);
    size_t entries = scratch_count();
    cr_assert_eq(hny_bundle_sign(scratch_path("bad"), scratch_path("signed"), &bert, &small_options, NULL),
                 HNY_ERROR_INPUT);
    cr_assert_eq(hny_bundle_sign("-", scratch_path("signed"), &bert, &small_options, NULL), HNY_ERROR_USAGE);
    cr_assert_eq(scratch_count(), entries);
}

/* --- Whom one believes --------------------------------------------------------------------------------- */

/* Reading FILE of the scratch folder as SIGNERS says, both ways; a message that contains EXPECTED, or NULL.
 */
static void read_by(const char *file, const struct hny_signers *signers, const char *expected) {
    const struct hny_read_options options = {.threads = 1, .signers = signers};
    struct hny_bundle bundle;
    size_t entries = scratch_count();
    hny_status status = hny_bundle_verify(scratch_path(file), &options, &bundle);
    hny_bundle_free(&bundle);
    cr_assert_eq(status, expected ? HNY_ERROR_INPUT : HNY_OK, "%s", hny_message());
    if (expected) cr_assert_not_null(strstr(hny_message(), expected), "%s", hny_message());
    cr_assert_eq(hny_bundle_unpack(scratch_path(file), scratch_path("back"), &options, NULL), status);
    cr_assert_eq(hny_directory_remove(scratch_path("back")), HNY_OK);
    cr_assert_eq(scratch_count(), entries);
}

Test(signature, one_of_the_keys_must_have_signed) {
    struct hny_signers signers = {0};
    pack_release("plain", 3, NULL);
    read_by("good", &signers, "which is none of the keys given");
    cr_assert_eq(hny_signers_add(&signers, scratch_path("bert.pub")), HNY_OK);
    read_by("good", &signers, "which is none of the keys given");
    read_by("plain", &signers, "nobody signed it");
    cr_assert_eq(hny_signers_add(&signers, anna.signer), HNY_OK);
    read_by("good", &signers, NULL);
    read_by("plain", &signers, "nobody signed it");
    hny_signers_free(&signers);
}

Test(signature, a_file_of_keys_holds_one_a_line) {
    struct hny_signers signers = {0};
    char text[512];
    snprintf(text, sizeof text, "# who packs\n%s Anna\n\n%s\n", anna.signer, bert.signer);
    cr_assert_eq(hny_signers_add(&signers, scratch_put("keys", text, strlen(text))), HNY_OK);
    cr_assert_eq(signers.count, 2);
    cr_assert(hny_signers_have(&signers, anna.signer) && hny_signers_have(&signers, bert.signer));
    cr_assert_not(hny_signers_have(&signers, ""));
    snprintf(text, sizeof text, "%s\n%sx\n", anna.signer, bert.signer);
    cr_assert_eq(hny_signers_add(&signers, scratch_put("keys", text, strlen(text))), HNY_ERROR_INPUT);
    cr_assert_not_null(strstr(hny_message(), "keys:2: is no public key"), "%s", hny_message());
    cr_assert_eq(hny_signers_add(&signers, scratch_put("keys", "# nobody\n", 9)), HNY_ERROR_INPUT);
    cr_assert_eq(hny_signers_add(&signers, scratch_path("anna.key")), HNY_ERROR_INPUT);
    cr_assert_eq(hny_signers_add(&signers, scratch_path("nowhere")), HNY_ERROR_IO);
    hny_signers_free(&signers);
}

/* --- Keys ---------------------------------------------------------------------------------------------- */

static void refuse_key(const char *text, mode_t mode, const char *expected) {
    struct hny_signing_key key;
    const char *path = scratch_put("some.key", text, strlen(text));
    cr_assert_eq(chmod(path, mode), 0);
    cr_assert_eq(hny_signing_key_read(path, &key), HNY_ERROR_INPUT);
    cr_assert_not_null(strstr(hny_message(), expected), "%s", hny_message());
}

Test(signature, a_secret_is_for_its_owner_alone_and_stays) {
    struct stat about;
    struct hny_signing_key key;
    char text[256];
    cr_assert_eq(stat(scratch_path("anna.key"), &about), 0);
    cr_assert_eq(about.st_mode & 07777, 0600);
    cr_assert_eq(hny_signing_key_make(scratch_path("anna")), HNY_ERROR_INPUT);
    cr_assert_eq(hny_signing_key_read(scratch_path("anna.key"), &key), HNY_OK);
    cr_assert_arr_eq(&key, &anna, sizeof key);
    cr_assert_eq(hny_key_file_read(scratch_path("anna.key"), true, text, sizeof text), HNY_OK);
    refuse_key(text, 0640, "others may read or write it");
    cr_assert_eq(unlink(scratch_path("anna.key")), 0);
    cr_assert_eq(hny_signing_key_make(scratch_path("anna")), HNY_ERROR_INPUT, "half a pair is none");
    cr_assert_not(hny_path_exists(scratch_path("anna.key")));
}

Test(signature, what_is_no_pair_of_keys) {
    static const char *const expected = "is no pair of keys";
    char text[256], changed[300];
    cr_assert_eq(hny_key_file_read(scratch_path("anna.key"), true, text, sizeof text), HNY_OK);
    for (size_t cut = 0; cut < strlen(text) - 1; cut++) {
        snprintf(changed, sizeof changed, "%.*s", (int)cut, text);
        refuse_key(changed, 0600, expected);
    }
    snprintf(changed, sizeof changed, "%s more", text);
    refuse_key(changed, 0600, expected);
    snprintf(changed, sizeof changed, "public %s%s", bert.signer, strchr(text, '\n'));
    refuse_key(changed, 0600, expected);
    refuse_key(bert.signer, 0600, expected);
}

/* --- What is no signature ------------------------------------------------------------------------------ */

enum { HEADER = 2, CONTENT = 3 }; /* of the signature, among a bundle's pieces */

static void refuse_changed(struct small_pieces *pieces, const char *expected) {
    small_put(pieces, "bad");
    small_refuse("bad", expected);
    small_free(pieces);
}

Test(signature, it_stands_behind_the_manifest) {
    struct small_pieces pieces;
    small_read(&pieces, "good");
    cr_assert_eq(small_find(&pieces, HNY_SIGNATURE_MEMBER), HEADER);
    cr_assert_eq(pieces.pieces[CONTENT].size, HNY_SIGNATURE_SIZE);
    small_free(&pieces);
}

Test(signature, no_flipped_bit_of_it_passes) {
    struct hny_bundle bundle;
    for (size_t at = 0; at < HNY_SIGNATURE_SIZE * 8; at++) {
        struct small_pieces pieces;
        small_read(&pieces, "good");
        pieces.pieces[CONTENT].data[at / 8] ^= (char)(1 << at % 8);
        small_put(&pieces, "bad");
        small_free(&pieces);
        cr_assert_eq(hny_bundle_verify(scratch_path("bad"), &small_options, &bundle), HNY_ERROR_INPUT,
                     "bit %zu", at);
        cr_assert_not_null(strstr(hny_message(), HNY_SIGNATURE_MEMBER), "%s", hny_message());
    }
}

Test(signature, no_flipped_byte_of_its_header_passes) {
    struct hny_bundle bundle;
    for (size_t at = 0; at < HNY_TAR_BLOCK; at++) {
        struct small_pieces pieces;
        small_read(&pieces, "good");
        pieces.pieces[HEADER].data[pieces.pieces[HEADER].size - HNY_TAR_BLOCK + at] ^= 1;
        small_put(&pieces, "bad");
        small_free(&pieces);
        cr_assert_eq(hny_bundle_verify(scratch_path("bad"), &small_options, &bundle), HNY_ERROR_INPUT,
                     "byte %zu", at);
    }
}

Test(signature, cut_short_anywhere_it_is_refused) {
    struct hny_buffer bytes = {0};
    cr_assert_eq(hny_file_read(scratch_path("good"), 1 << 20, &bytes), HNY_OK);
    for (size_t size = 0; size < bytes.size; size += 3) {
        struct hny_supply *supply = NULL;
        struct hny_bundle bundle;
        cr_assert_eq(hny_supply_memory(&supply, "bundle", bytes.data, size), HNY_OK);
        cr_assert_eq(hny_bundle_read(supply, NULL, &small_options, &bundle), HNY_ERROR_INPUT, "%zu bytes",
                     size);
        cr_assert_not_null(strstr(hny_message(), "cut short"), "%s", hny_message());
        hny_supply_close(&supply);
    }
    hny_buffer_free(&bytes);
}

/* Puts the signature of FROM into "good". */
static void borrow(struct small_pieces *pieces, const char *from) {
    struct small_pieces others;
    small_read(pieces, "good");
    small_read(&others, from);
    memcpy(pieces->pieces[CONTENT].data, others.pieces[CONTENT].data, HNY_SIGNATURE_SIZE);
    small_free(&others);
}

Test(signature, that_of_another_release_or_name_is_none) {
    struct hny_pack_options options = HNY_PACK_DEFAULTS;
    struct small_pieces pieces;
    options.sign = &anna;
    options.release = 3;
    cr_assert_eq(hny_bundle_pack(scratch_path("model"), scratch_path("named"), &options, NULL, NULL), HNY_OK);
    pack_release("later", 4, &anna);
    borrow(&pieces, "later");
    refuse_changed(&pieces, "damaged, or of another bundle");
    borrow(&pieces, "named");
    refuse_changed(&pieces, "damaged, or of another bundle");
    small_read(&pieces, "good");
    small_replace(&pieces, 1, "\"release\": 3", "\"release\": 4");
    refuse_changed(&pieces, "damaged, or of another bundle");
    small_read(&pieces, "good");
    small_replace(&pieces, 1, "\"name\": \"en-ja\"", "\"name\": \"ja-en\"");
    refuse_changed(&pieces, "damaged, or of another bundle");
}

Test(signature, one_in_the_name_of_another_key_is_none) {
    struct small_pieces pieces;
    small_read(&pieces, "good");
    small_replace(&pieces, CONTENT, anna.signer, bert.signer);
    refuse_changed(&pieces, "not a signature by ed25519:");
}

Test(signature, of_any_other_size_it_is_refused_by_its_header) {
    struct small_pieces pieces;
    small_read(&pieces, "good");
    small_replace(&pieces, CONTENT, "=\n", "=");
    refuse_changed(&pieces, "is not that of a plain file of 159 bytes");
    small_read(&pieces, "good");
    small_replace(&pieces, CONTENT, "signature ", "signature  ");
    refuse_changed(&pieces, "is not that of a plain file of 159 bytes");
    small_read(&pieces, "good");
    unsigned char *block =
        (unsigned char *)pieces.pieces[HEADER].data + pieces.pieces[HEADER].size - HNY_TAR_BLOCK;
    cr_assert_eq(hny_tar_header(block, HNY_SIGNATURE_MEMBER, HNY_TAR_MOST), HNY_OK);
    refuse_changed(&pieces, "is not that of a plain file of 159 bytes");
    small_read(&pieces, "good");
    pieces.pieces[CONTENT].size--; /* the frame alone is shorter */
    refuse_changed(&pieces, "158 bytes stated where 159 to 159 belong");
    small_read(&pieces, "good");
    pieces.pieces[CONTENT].size++;
    refuse_changed(&pieces, "160 bytes stated where 159 to 159 belong");
}

/* Moves COUNT pieces from FROM on to TO, which leaves room or takes it away. */
static void move_pieces(struct small_pieces *pieces, size_t to, size_t from) {
    memmove(&pieces->pieces[to], &pieces->pieces[from], (pieces->count - from) * sizeof *pieces->pieces);
    pieces->count = pieces->count + to - from;
}

Test(signature, it_comes_once_and_in_its_place) {
    struct small_pieces pieces;
    small_read(&pieces, "good");
    move_pieces(&pieces, HEADER + 2, HEADER);
    for (size_t i = HEADER; i <= CONTENT; i++) {
        const struct hny_buffer *from = &pieces.pieces[i + 2];
        pieces.pieces[i] = (struct hny_buffer){0};
        cr_assert_eq(hny_buffer_append(&pieces.pieces[i], from->data, from->size), HNY_OK);
    }
    struct hny_buffer *second = &pieces.pieces[HEADER + 2], block = {0};
    char padding[HNY_TAR_BLOCK] = {0};
    cr_assert_eq(hny_buffer_append(&block, padding, hny_tar_padding(HNY_SIGNATURE_SIZE)), HNY_OK);
    cr_assert_eq(hny_buffer_append(&block, second->data + second->size - HNY_TAR_BLOCK, HNY_TAR_BLOCK),
                 HNY_OK);
    hny_buffer_free(second);
    *second = block;
    refuse_changed(&pieces, "expected the member config.json, not \"bundle.signature\"");
    small_read(&pieces, "good");
    struct hny_buffer kept[2] = {pieces.pieces[0], pieces.pieces[1]};
    move_pieces(&pieces, 0, HEADER);
    hny_buffer_free(&kept[0]);
    hny_buffer_free(&kept[1]);
    for (size_t i = 0; i < 2; i++) pieces.pieces[pieces.count + i] = (struct hny_buffer){0};
    refuse_changed(&pieces, "");
}

Test(signature, no_file_has_its_name) {
    struct small_pieces pieces;
    small_read(&pieces, "good");
    small_replace(&pieces, 1, "\"name\": \"config.json\"", "\"name\": \"bundle.signature\"");
    refuse_changed(&pieces, "expected a name within the folder");
}

/* Taken out it is as if it had never been: who wants one says whose. */
Test(signature, without_it_the_bundle_is_nobodys) {
    struct small_pieces pieces;
    struct hny_signers signers = {0};
    small_read(&pieces, "good");
    size_t manifest = pieces.pieces[1].size;
    struct hny_buffer *next = &pieces.pieces[HEADER + 2], block = {0};
    char padding[HNY_TAR_BLOCK] = {0};
    cr_assert_eq(hny_buffer_append(&block, padding, hny_tar_padding(manifest)), HNY_OK);
    cr_assert_eq(hny_buffer_append(&block, next->data + next->size - HNY_TAR_BLOCK, HNY_TAR_BLOCK), HNY_OK);
    hny_buffer_free(next);
    *next = block;
    hny_buffer_free(&pieces.pieces[HEADER]);
    hny_buffer_free(&pieces.pieces[CONTENT]);
    move_pieces(&pieces, HEADER, HEADER + 2);
    small_put(&pieces, "stripped");
    for (size_t i = 0; i < 2; i++) pieces.pieces[pieces.count + i] = (struct hny_buffer){0};
    small_free(&pieces);
    verify_as("stripped", "");
    cr_assert_eq(hny_signers_add(&signers, anna.signer), HNY_OK);
    read_by("stripped", &signers, "nobody signed it");
    hny_signers_free(&signers);
}
