/* Bundles that nobody should have made: each is refused with what is wrong with it, and nothing is written.
 */
#include "base/file.h"
#include "bundle/frame_code.h"
#include "bundle/read.h"
#include "tests/base/scratch.h"
#include "tests/bundle/small.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static void open_all(void) {
    scratch_open();
    small_write("model");
    small_pack("model", "good", HNY_PRECISION_F32);
}

TestSuite(hostile, .init = open_all, .fini = scratch_close);

/* The header of MEMBER in PIECES, and its checksum made right after a change. */
static unsigned char *header_of(struct small_pieces *pieces, const char *member) {
    struct hny_buffer *piece = &pieces->pieces[small_find(pieces, member)];
    return (unsigned char *)piece->data + piece->size - HNY_TAR_BLOCK;
}

static void sum_up(unsigned char *block) {
    enum { SUM = 148, SUM_BYTES = 8 };
    unsigned sum = 0;
    memset(block + SUM, ' ', SUM_BYTES);
    for (size_t i = 0; i < HNY_TAR_BLOCK; i++) sum += block[i];
    snprintf((char *)block + SUM, SUM_BYTES, "%06o", sum);
}

static void refuse_changed(struct small_pieces *pieces, const char *expected) {
    small_put(pieces, "bad");
    small_refuse("bad", expected);
    small_free(pieces);
}

Test(hostile, pieces_put_together_again_are_taken) {
    struct small_pieces pieces;
    small_read(&pieces, "good");
    small_put(&pieces, "same");
    cr_assert_eq(hny_bundle_unpack(scratch_path("same"), scratch_path("back"), &small_options, NULL), HNY_OK,
                 "%s", hny_message());
    small_free(&pieces);
}

Test(hostile, names_outside_of_the_folder_in_a_header) {
    static const char *const names[] = {"../tokenizer.model", "/etc/passwd", "a/../../b", "",
                                        "tokenizer.modeL"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct small_pieces pieces;
        small_read(&pieces, "good");
        unsigned char *block = header_of(&pieces, "tokenizer.model");
        memset(block, 0, HNY_TAR_NAME);
        memcpy(block, names[i], strlen(names[i]));
        sum_up(block);
        refuse_changed(&pieces, "expected the member tokenizer.model, not");
    }
}

Test(hostile, names_outside_of_the_folder_in_the_manifest) {
    static const char *const names[] = {"../t",  "/t",       "a/../t", ".t", "a//t",        "",
                                        "a/b/",  "a b",      "a\\\\b", "..", "bundle.json", "a/b/c/d/e",
                                        "a\\nb", "\\u0000t", "é"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct small_pieces pieces;
        char name[64];
        snprintf(name, sizeof name, "\"name\": \"%s\"", names[i]);
        small_read(&pieces, "good");
        small_replace(&pieces, 1, "\"name\": \"tokenizer.model\"", name);
        refuse_changed(&pieces, strstr(names[i], "u0000") ? "\\u0000" : "expected a name within the folder");
    }
}

Test(hostile, links_and_devices) {
    static const char kinds[] = "123456xgLK\0";
    for (size_t i = 0; i < sizeof kinds - 1; i++) {
        enum { TYPE = 156, LINK = 157 };
        struct small_pieces pieces;
        small_read(&pieces, "good");
        unsigned char *block = header_of(&pieces, "config.json");
        block[TYPE] = (unsigned char)kinds[i];
        memcpy(block + LINK, "/etc/passwd", 11);
        sum_up(block);
        refuse_changed(&pieces, "config.json: ");
    }
}

Test(hostile, every_byte_of_a_header) {
    struct hny_bundle bundle;
    for (size_t at = 0; at < HNY_TAR_BLOCK; at++) {
        struct small_pieces pieces;
        small_read(&pieces, "good");
        header_of(&pieces, "model.safetensors.0.1")[at] ^= 1;
        small_put(&pieces, "bad");
        small_free(&pieces);
        cr_assert_eq(hny_bundle_verify(scratch_path("bad"), &small_options, &bundle), HNY_ERROR_INPUT,
                     "byte %zu", at);
        cr_assert_not_null(strstr(hny_message(), "model.safetensors.0.1"), "%s", hny_message());
    }
}

Test(hostile, members_that_are_missing_double_or_in_another_order) {
    struct small_pieces pieces;
    small_read(&pieces, "good");
    size_t at = small_find(&pieces, "model.safetensors.0.2");
    struct hny_buffer kept[2] = {pieces.pieces[at], pieces.pieces[at + 1]};
    memmove(&pieces.pieces[at], &pieces.pieces[at + 2], (pieces.count - at - 2) * sizeof kept[0]);
    pieces.count -= 2;
    small_put(&pieces, "missing");
    small_refuse("missing", "expected the member model.safetensors.0.2, not \"model.safetensors.0.3\"");
    memmove(&pieces.pieces[at + 4], &pieces.pieces[at + 2], (pieces.count - at - 2) * sizeof kept[0]);
    pieces.count += 2;
    pieces.pieces[at + 2] = kept[0];
    pieces.pieces[at + 3] = kept[1];
    small_put(&pieces, "order");
    small_refuse("order", "expected the member model.safetensors.0.2, not \"model.safetensors.0.3\"");
    small_free(&pieces);
    small_read(&pieces, "good");
    at = small_find(&pieces, "tokenizer.model");
    memmove(&pieces.pieces[at + 2], &pieces.pieces[at], (pieces.count - at) * sizeof kept[0]);
    pieces.count += 2;
    pieces.pieces[at] = pieces.pieces[at + 1] = (struct hny_buffer){0};
    cr_assert_eq(
        hny_buffer_append(&pieces.pieces[at], pieces.pieces[at - 2].data, pieces.pieces[at - 2].size),
        HNY_OK);
    cr_assert_eq(
        hny_buffer_append(&pieces.pieces[at + 1], pieces.pieces[at - 1].data, pieces.pieces[at - 1].size),
        HNY_OK);
    small_put(&pieces, "double");
    small_refuse("double", "");
    small_free(&pieces);
}

Test(hostile, a_file_that_the_manifest_names_twice) {
    struct small_pieces pieces;
    small_read(&pieces, "good");
    small_replace(&pieces, 1, "\"name\": \"tokenizer.model\"", "\"name\": \"Config.json\"");
    refuse_changed(&pieces, "expected each file once");
    small_read(&pieces, "good");
    small_replace(&pieces, 1, "\"kind\":", "\"kind\": 1, \"kind\":");
    refuse_changed(&pieces, "duplicate");
}

Test(hostile, contents_that_were_altered_and_coded_anew) {
    static const char *const members[] = {"config.json", "tokenizer.model", "model.safetensors.header",
                                          "model.safetensors.0.0", "model.safetensors.5.0"};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        struct small_pieces pieces;
        char expected[128];
        small_read(&pieces, "good");
        pieces.pieces[small_find(&pieces, members[i]) + 1].data[0] ^= 4;
        snprintf(expected, sizeof expected, "%s: altered: its SHA-256 is", members[i]);
        refuse_changed(&pieces, expected);
    }
}

Test(hostile, a_member_altered_together_with_its_digest) {
    struct small_pieces pieces;
    char old[HNY_DIGEST_TEXT], digest[HNY_DIGEST_TEXT];
    small_read(&pieces, "good");
    struct hny_buffer *content = &pieces.pieces[small_find(&pieces, "model.safetensors.1.3") + 1];
    cr_assert_eq(hny_digest_bytes(content->data, content->size, old), HNY_OK);
    content->data[5] ^= 1;
    cr_assert_eq(hny_digest_bytes(content->data, content->size, digest), HNY_OK);
    small_replace(&pieces, 1, old, digest);
    refuse_changed(&pieces, "model.safetensors: altered: restored, its SHA-256 is");
}

Test(hostile, what_a_manifest_must_not_say) {
    static const struct {
        const char *from, *to, *expected;
    } cases[] = {
        {"\"kind\": \"honyaku bundle\"", "\"kind\": \"bundle\"", "kind: expected"},
        {"\"version\": 1", "\"version\": 2", "version: expected 1"},
        {"\"parent\": null", "\"parent\": \"12\"", "parent: expected a SHA-256"},
        {"\"layout\": \"rotated\"", "\"layout\": \"rotated\", \"change\": \"xor\"",
         "matrix: expected no \"change\" where there is no parent"},
        {"\"bytes\": 49", "\"bytes\": 49, \"change\": \"same\"", "tokenizer.model: expected no \"change\""},
        {"\"precision\": \"f32\"", "\"precision\": \"f16\"", "precision: expected"},
        {"\"name\": \"model\"", "\"name\": 7", "name: expected a text"},
        {"\"name\": \"model\"", "\"name\": \"\"", "name: expected 1 to 64 letters"},
        {"\"name\": \"model\"", "\"name\": \"../model\"", "name: expected 1 to 64 letters"},
        {"\"name\": \"model\"", "\"name\": \"model@3\"", "name: expected 1 to 64 letters"},
        {"\"release\": null", "\"release\": 0", "release: expected null, or a whole number"},
        {"\"release\": null", "\"release\": 9007199254740992", "release: expected null, or a whole number"},
        {"\"release\": null", "\"release\": \"3\"", "release: expected null, or a whole number"},
        {"\"release\": null", "\"release\": 3.0", "release: expected null, or a whole number"},
        {"\"release\": null", "\"released\": null", "release: expected null, or a whole number"},
        {"\"languages\": null", "\"languages\": \"\\u001b[2J\"", "languages: expected null, or a pair"},
        {"\"languages\": null", "\"languages\": 1", "languages: expected a text"},
        {"\"files\": [", "\"files\": [1, ", "a file: expected a text"},
        {"\"files\": [", "\"filed\": [", "files: expected a list"},
        {"\"bytes\": 49", "\"bytes\": -1", "tokenizer.model: expected a number of bytes"},
        {"\"bytes\": 49", "\"bytes\": 268435457", "tokenizer.model: expected a number of bytes"},
        {"\"bytes\": 49", "\"bytes\": 50", "tokenizer.model: its header (size 00000000061"},
        {"\"sha256\": \"", "\"sha256\": \"0", "expected a SHA-256"},
        {"\"type\": \"F32\"", "\"type\": \"F31\"", "matrix: expected a type"},
        {"\"layout\": \"rotated\"", "\"layout\": \"xor\"", "matrix: expected a layout"},
        {"\"layout\": \"bytes\"", "\"layout\": \"int8\"", "wide: expected a shape and type"},
        {"\"layout\": \"bytes\"", "\"layout\": \"rotated\"", "wide: expected a shape and type"},
        {"\"layout\": \"rotated\"", "\"layout\": \"bf16\"", "matrix: expected a SHA-256 for each member"},
        {"            24", "            25", "model.safetensors: expected as many bytes"},
        {"            24", "            0", "matrix: expected a shape of whole numbers"},
        {"            24", "            9223372036854775807", "matrix: expected a shape and type"},
        {"            24", "            1,1,1,1,1,1,1,1,24", "matrix: expected a shape of at most 8"},
        {"            24", "            1717986918", "model.safetensors: expected as many bytes"},
        {"\"tensors\": [", "\"tensors\": {\"a\": [", ""},
        {"}", "", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct small_pieces pieces;
        small_read(&pieces, "good");
        small_replace(&pieces, 1, cases[i].from, cases[i].to);
        refuse_changed(&pieces, cases[i].expected);
    }
}

Test(hostile, a_manifest_without_end_takes_no_room) {
    enum { ENTRIES = 2000000 };
    static char list[2 * ENTRIES + 16] = "\"tensors\": [";
    struct small_pieces pieces;
    struct rusage before, after;
    size_t at = strlen(list);
    for (size_t i = 0; i < ENTRIES; i++, at += 2) memcpy(list + at, "1,", 3);
    small_read(&pieces, "good");
    small_replace(&pieces, 1, "\"tensors\": [", list);
    getrusage(RUSAGE_SELF, &before);
    refuse_changed(&pieces, "model.safetensors: expected a text");
    getrusage(RUSAGE_SELF, &after);
    cr_assert_lt(after.ru_maxrss - before.ru_maxrss, 400000, "%ld kB more",
                 after.ru_maxrss - before.ru_maxrss);
    small_read(&pieces, "good");
    for (int i = 0; i < 3; i++) small_replace(&pieces, 1, "\"tensors\": [", list);
    refuse_changed(&pieces, "a manifest of");
}

/* --- Raw bytes ----------------------------------------------------------------------------------------- */

static void read_raw(const char *file, struct hny_buffer *bytes) {
    hny_buffer_clear(bytes);
    cr_assert_eq(hny_file_read(scratch_path(file), 1 << 20, bytes), HNY_OK);
}

static hny_status verify(const struct hny_buffer *bytes, size_t size, struct hny_bundle *bundle) {
    struct hny_supply *supply = NULL;
    cr_assert_eq(hny_supply_memory(&supply, "bundle", bytes->data, size), HNY_OK);
    hny_status status = hny_bundle_read(supply, NULL, &small_options, bundle);
    hny_supply_close(&supply);
    return status;
}

/* Flips a bit of each byte. One that a decoder may ignore (a frame's unused one, the size of its window)
 * changes nothing: the digests of all files are the manifest's, its own is the same, and so is who signed. */
static void flip_all(const char *file) {
    struct hny_buffer bytes = {0};
    struct hny_bundle bundle, good;
    size_t taken = 0;
    read_raw(file, &bytes);
    cr_assert_eq(verify(&bytes, bytes.size, &good), HNY_OK);
    for (size_t at = 0; at < bytes.size; at++) {
        char flip = (char)(1 << (at % 8));
        bytes.data[at] ^= flip;
        if (verify(&bytes, bytes.size, &bundle) == HNY_OK) {
            cr_assert_str_eq(bundle.digest, good.digest, "byte %zu", at);
            cr_assert_str_eq(bundle.signer, good.signer, "byte %zu", at);
            taken++;
        }
        hny_bundle_free(&bundle);
        bytes.data[at] ^= flip;
    }
    cr_assert_lt(taken, bytes.size / 50, "%zu of %zu", taken, bytes.size);
    hny_bundle_free(&good);
    hny_buffer_free(&bytes);
}

Test(hostile, no_flipped_bit_changes_what_loads) {
    struct hny_signing_key key;
    small_key("anna", &key);
    cr_assert_eq(hny_bundle_sign(scratch_path("good"), scratch_path("signed"), &key, &small_options, NULL),
                 HNY_OK);
    flip_all("good");
    flip_all("signed");
}

Test(hostile, no_part_of_a_bundle_is_taken_for_one) {
    struct hny_buffer bytes = {0};
    struct hny_bundle bundle;
    read_raw("good", &bytes);
    for (size_t size = 0; size < bytes.size; size++) {
        cr_assert_eq(verify(&bytes, size, &bundle), HNY_ERROR_INPUT, "%zu bytes were taken", size);
        cr_assert_not_null(strstr(hny_message(), "cut short"), "%s", hny_message());
    }
    scratch_put("bad", bytes.data, bytes.size / 2);
    small_refuse("bad", "cut short");
    cr_assert_eq(hny_buffer_append(&bytes, "", 1), HNY_OK);
    scratch_put("bad", bytes.data, bytes.size);
    small_refuse("bad", "something follows behind the end");
    hny_buffer_free(&bytes);
}

Test(hostile, other_files_are_told_apart) {
    scratch_put("bad", "", 0);
    small_refuse("bad", "cut short");
    scratch_put("bad", "PK and so on", 12);
    small_refuse("bad", "not a bundle");
    small_refuse("model", "a folder");
    small_refuse("nowhere", "cannot be opened");
}

/* A frame of SIZE zeros as small as the format allows: blocks of one byte, repeated. */
static void append_zeros(struct hny_buffer *file, uint64_t size) {
    static const unsigned char head[] = {0x28, 0xb5, 0x2f, 0xfd, 0xc4, 0x38};
    const uint64_t block = 1 << 17;
    cr_assert_eq(hny_buffer_append(file, head, sizeof head), HNY_OK);
    cr_assert_eq(hny_buffer_append(file, &size, sizeof size), HNY_OK);
    for (uint64_t left = size; left > 0;) {
        uint64_t count = left < block ? left : block;
        left -= count;
        uint32_t header = (uint32_t)(count << 3 | 1 << 1 | (left == 0));
        cr_assert_eq(hny_buffer_append(file, &header, 3), HNY_OK);
        cr_assert_eq(hny_buffer_append(file, "", 1), HNY_OK);
    }
    cr_assert_eq(hny_buffer_append(file, "\0\0\0\0", 4), HNY_OK);
}

Test(hostile, a_bomb_is_refused_before_there_is_room_for_it) {
    enum { COUNT = 2000000000, WIDE = 3 }; /* of the member before: a plane of the tensor "wide" */
    struct small_pieces pieces;
    struct hny_buffer file = {0};
    struct hny_frame_coder *coder = NULL;
    char bytes[64];
    small_read(&pieces, "good");
    size_t at = small_find(&pieces, "model.safetensors.1.0");
    small_replace(&pieces, 1, "            24", "            400000000");
    const char *stated = strstr(strstr(pieces.pieces[1].data, "\"model.safetensors\""), "\"bytes\": ");
    char old[64];
    snprintf(old, sizeof old, "\"bytes\": %lu", strtoul(stated + 9, NULL, 10));
    uint64_t others = strtoul(stated + 9, NULL, 10) - 5 * 24 * sizeof(float);
    snprintf(bytes, sizeof bytes, "\"bytes\": %lu", (unsigned long)(others + COUNT * sizeof(float)));
    small_replace(&pieces, 1, old, bytes);
    cr_assert_eq(hny_frame_coder_create(&coder), HNY_OK);
    for (size_t i = 0; i < at; i++)
        cr_assert_eq(hny_frame_code(coder, pieces.pieces[i].data, pieces.pieces[i].size, 1, &file), HNY_OK);
    for (int plane = 0; plane < 4; plane++) {
        unsigned char block[2 * HNY_TAR_BLOCK] = {0};
        char name[HNY_TAR_NAME];
        size_t padding = hny_tar_padding(plane == 0 ? WIDE : COUNT);
        snprintf(name, sizeof name, "model.safetensors.1.%d", plane);
        cr_assert_eq(hny_tar_header(block + padding, name, COUNT), HNY_OK);
        cr_assert_eq(hny_frame_code(coder, block, padding + HNY_TAR_BLOCK, 1, &file), HNY_OK);
        append_zeros(&file, COUNT);
    }
    scratch_put("bad", file.data, file.size);
    small_refuse("bad", "times as many is no model");
    hny_frame_coder_destroy(&coder);
    hny_buffer_free(&file);
    small_free(&pieces);
}
