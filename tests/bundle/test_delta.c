#include "base/file.h"
#include "bundle/signers.h"
#include "tests/base/scratch.h"
#include "tests/bundle/small.h"
#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void open_both(void) {
    scratch_open();
    small_write("old");
    small_write_next("new");
}

TestSuite(delta, .init = open_both, .fini = scratch_close);

static void read_file(const char *name, struct hny_buffer *bytes) {
    hny_buffer_clear(bytes);
    cr_assert_eq(hny_file_read(scratch_path(name), 1 << 20, bytes), HNY_OK, "%s", hny_message());
}

static void check_same(const char *a, const char *b) {
    struct hny_buffer one = {0}, two = {0};
    read_file(a, &one);
    read_file(b, &two);
    cr_assert_eq(one.size, two.size, "%s and %s", a, b);
    cr_assert_arr_eq(one.data, two.data, one.size, "%s and %s", a, b);
    hny_buffer_free(&one);
    hny_buffer_free(&two);
}

/* Unpacks FILE, which builds on COUNT BASES, and compares the folder with what WHOLE unpacks to. */
static void check_unpacked(const char *file, const char *const *bases, size_t count, const char *whole) {
    static const char *const names[] = {"config.json", "tokenizer.model", "model.safetensors"};
    char paths[4][4096];
    const char *const chain[] = {paths[0], paths[1], paths[2], paths[3]};
    struct hny_read_options options = {.bases = chain, .base_count = count, .threads = 2};
    for (size_t i = 0; i < count; i++) snprintf(paths[i], sizeof paths[i], "%s", scratch_path(bases[i]));
    cr_assert_eq(hny_bundle_unpack(scratch_path(file), scratch_path("back"), &options, NULL), HNY_OK, "%s",
                 hny_message());
    cr_assert_eq(hny_bundle_unpack(scratch_path(whole), scratch_path("expected"), &small_options, NULL),
                 HNY_OK);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char back[64], expected[64];
        snprintf(back, sizeof back, "back/%s", names[i]);
        snprintf(expected, sizeof expected, "expected/%s", names[i]);
        check_same(back, expected);
    }
    cr_assert_eq(hny_directory_remove(scratch_path("back")), HNY_OK);
    cr_assert_eq(hny_directory_remove(scratch_path("expected")), HNY_OK);
}

static void flatten(const char *const *files, size_t count, const char *to) {
    char paths[4][4096];
    const char *const chain[] = {paths[0], paths[1], paths[2], paths[3]};
    struct hny_pack_options options = HNY_PACK_DEFAULTS;
    for (size_t i = 0; i < count; i++) snprintf(paths[i], sizeof paths[i], "%s", scratch_path(files[i]));
    cr_assert_eq(hny_bundle_flatten(chain, count, scratch_path(to), &options, NULL, NULL), HNY_OK, "%s",
                 hny_message());
}

Test(delta, restores_what_the_whole_bundle_does_in_each_precision) {
    for (int precision = HNY_PRECISION_F32; precision <= HNY_PRECISION_INT8; precision++) {
        const char *const bases[] = {"base"}, *const chain[] = {"base", "delta"};
        small_pack("old", "base", (enum hny_precision)precision);
        small_pack("new", "whole", (enum hny_precision)precision);
        small_delta("new", "base", "delta");
        check_unpacked("delta", bases, 1, "whole");
        flatten(chain, 2, "flat");
        check_same("flat", "whole");
    }
}

/* old -> new -> old: the digests that chain them are those of whole bundles, so that a link can be whole too.
 */
Test(delta, chains_restore_flatten_and_stand_in_for_whole_bundles) {
    const char *const chain[] = {"base", "there", "back again"}, *const with_whole[] = {"whole",
                                                                                        "back again"};
    char from[4096], middle[4096];
    const char *const bases[] = {from, middle};
    struct hny_pack_options options = HNY_PACK_DEFAULTS;
    small_pack("old", "base", HNY_PRECISION_BF16);
    small_pack("new", "whole", HNY_PRECISION_BF16);
    small_delta("new", "base", "there");
    small_delta("old", "whole", "from whole");
    snprintf(from, sizeof from, "%s", scratch_path("base"));
    snprintf(middle, sizeof middle, "%s", scratch_path("there"));
    options.bases = bases;
    options.base_count = 2;
    options.precision = HNY_PRECISION_BF16;
    cr_assert_eq(hny_bundle_pack(scratch_path("old"), scratch_path("back again"), &options, NULL, NULL),
                 HNY_OK, "%s", hny_message());
    check_same("back again", "from whole");
    check_unpacked("back again", chain, 2, "base");
    flatten(chain, 3, "flat");
    check_same("flat", "base");
    struct hny_bundle bundle;
    cr_assert_eq(small_read_chain(with_whole, 2, &bundle), HNY_OK, "%s", hny_message());
    hny_bundle_free(&bundle);
}

Test(delta, of_a_chain_is_the_one_that_would_have_been_packed) {
    char first[4096], second[4096];
    const char *const chain[] = {first, second};
    struct hny_pack_options options = HNY_PACK_DEFAULTS;
    small_pack("old", "base", HNY_PRECISION_F32);
    small_delta("new", "base", "delta");
    snprintf(first, sizeof first, "%s", scratch_path("base"));
    snprintf(second, sizeof second, "%s", scratch_path("delta"));
    options.bases = chain;
    options.base_count = 1;
    options.threads = 3;
    cr_assert_eq(hny_bundle_flatten(chain, 2, scratch_path("again"), &options, NULL, NULL), HNY_OK, "%s",
                 hny_message());
    check_same("again", "delta");
}

static struct hny_bundle contents_of(const char *file) {
    struct hny_bundle bundle;
    struct hny_read_options options = {.threads = 1, .alone = true};
    cr_assert_eq(hny_bundle_verify(scratch_path(file), &options, &bundle), HNY_OK, "%s", hny_message());
    return bundle;
}

Test(delta, holds_what_has_changed_and_no_more) {
    struct small_pieces pieces;
    enum { MANIFEST = 1, CONFIG = 1, MATRIX = 4, WIDE = 8, HALF = 2, SINGLE = 4 };
    small_pack("old", "base", HNY_PRECISION_F32);
    small_delta("new", "base", "delta");
    small_read(&pieces, "delta");
    cr_assert_eq(pieces.count, 2 * (MANIFEST + CONFIG + MATRIX + WIDE + HALF + SINGLE) + 1);
    small_free(&pieces);
    struct hny_bundle bundle = contents_of("delta");
    const struct hny_bundle_file *file = &bundle.files[2];
    cr_assert(!bundle.files[0].same && bundle.files[1].same && file->same);
    for (size_t i = 0; i < file->tensor_count; i++) {
        const char *name = file->tensors[i].tensor.name;
        bool same = strcmp(name, "vector") == 0 || strcmp(name, "bytes") == 0;
        cr_assert_eq(file->tensors[i].change == HNY_CHANGE_SAME, same, "%s", name);
    }
    hny_bundle_free(&bundle);
}

/* Writes a model of one tensor, COUNT numbers, into the scratch folder's NAME. */
static void write_numbers(const char *name, const char *tensor, size_t count, const float *numbers) {
    char path[4096], digest[HNY_DIGEST_TEXT], config[256];
    const struct hny_safetensors_tensor tensors[] = {{tensor, HNY_ELEMENT_F32, 1, {count}, numbers}};
    cr_assert_eq(hny_directory_create(scratch_path(name)), HNY_OK);
    snprintf(path, sizeof path, "%s/model.safetensors", scratch_path(name));
    cr_assert_eq(hny_safetensors_write(path, tensors, 1, NULL, 0), HNY_OK);
    cr_assert_eq(hny_digest_file(path, digest), HNY_OK);
    snprintf(config, sizeof config, "{\"files\": {\"model.safetensors\": \"%s\"}}\n", digest);
    snprintf(path, sizeof path, "%s/config.json", name);
    scratch_put(path, config, strlen(config));
}

static enum hny_change choice(const char *model, const char *base) {
    small_pack(base, "choice base", HNY_PRECISION_F32);
    small_delta(model, "choice base", "choice");
    struct hny_bundle bundle = contents_of("choice");
    enum hny_change change = bundle.files[1].tensors[0].change;
    hny_bundle_free(&bundle);
    return change;
}

/* Steps that carry into higher bytes; bits that flip to and fro; and numbers that have nothing to do with
 * each other, of which the new ones are simple. */
Test(delta, takes_what_is_smallest_of_each_tensor) {
    enum { NUMBERS = 5000 };
    static float old[NUMBERS], steps[NUMBERS], flips[NUMBERS], simple[NUMBERS];
    unsigned state = 1;
    for (size_t i = 0; i < NUMBERS; i++) {
        uint32_t bits = 0x3c000000u + (state = state * 1664525 + 1013904223) % 0x3000000u,
                 moved = bits + 200 + state % 3;
        uint32_t flipped = bits ^ 0x00555500u;
        memcpy(&old[i], &bits, sizeof bits);
        memcpy(&steps[i], &moved, sizeof moved);
        memcpy(&flips[i], &flipped, sizeof flipped);
        simple[i] = 1;
    }
    write_numbers("numbers", "t", NUMBERS, old);
    write_numbers("steps", "t", NUMBERS, steps);
    write_numbers("flips", "t", NUMBERS, flips);
    write_numbers("simple", "t", NUMBERS, simple);
    cr_assert_eq(choice("steps", "numbers"), HNY_CHANGE_DIFFERENCE);
    cr_assert_eq(choice("flips", "numbers"), HNY_CHANGE_XOR);
    cr_assert_eq(choice("simple", "numbers"), HNY_CHANGE_WHOLE);
    write_numbers("renamed", "u", NUMBERS, steps);
    cr_assert_eq(choice("renamed", "numbers"), HNY_CHANGE_WHOLE);
    write_numbers("longer", "t", NUMBERS - 1, steps);
    cr_assert_eq(choice("longer", "numbers"), HNY_CHANGE_WHOLE);
    const char *const chain[] = {"choice base", "choice"};
    struct hny_bundle bundle;
    cr_assert_eq(small_read_chain(chain, 2, &bundle), HNY_OK, "%s", hny_message());
    hny_bundle_free(&bundle);
}

Test(delta, of_nothing_restores_and_is_signed) {
    const char *const chain[] = {"base", "delta"};
    struct hny_signing_key key = {.secret = {1, 2, 3}};
    struct hny_bundle bundle;
    char signed_path[4096];
    snprintf(signed_path, sizeof signed_path, "%s", scratch_path("signed"));
    small_pack("old", "base", HNY_PRECISION_F32);
    small_delta("old", "base", "delta");
    cr_assert_eq(small_read_chain(chain, 2, &bundle), HNY_OK, "%s", hny_message());
    hny_bundle_free(&bundle);
    check_unpacked("delta", chain, 1, "base");
    unsigned char public[HNY_SIGNER_BYTES];
    size_t size = sizeof public;
    EVP_PKEY *pair = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, key.secret, sizeof key.secret);
    cr_assert(pair && EVP_PKEY_get_raw_public_key(pair, public, &size) == 1);
    EVP_PKEY_free(pair);
    hny_signer_encode(public, key.signer);
    cr_assert_eq(hny_bundle_sign(scratch_path("delta"), signed_path, &key, &small_options, NULL), HNY_OK,
                 "%s", hny_message());
    const char *const signed_chain[] = {"base", "signed"};
    cr_assert_eq(small_read_chain(signed_chain, 2, &bundle), HNY_OK, "%s", hny_message());
    cr_assert_str_eq(bundle.signer, key.signer);
    hny_bundle_free(&bundle);
}

Test(delta, does_not_depend_on_threads) {
    char base[4096];
    const char *const bases[] = {base};
    struct hny_pack_options options = HNY_PACK_DEFAULTS;
    small_pack("old", "base", HNY_PRECISION_F32);
    small_delta("new", "base", "one");
    snprintf(base, sizeof base, "%s", scratch_path("base"));
    options.bases = bases;
    options.base_count = 1;
    options.threads = 5;
    cr_assert_eq(hny_bundle_pack(scratch_path("new"), scratch_path("many"), &options, NULL, NULL), HNY_OK);
    check_same("one", "many");
    options.precision = HNY_PRECISION_BF16;
    cr_assert_eq(hny_bundle_pack(scratch_path("new"), scratch_path("x"), &options, NULL, NULL),
                 HNY_ERROR_USAGE);
    cr_assert_not_null(strstr(hny_message(), "is f32, and a delta has its base's precision, not bf16"), "%s",
                       hny_message());
}

static void refuse(const char *const *files, size_t count, const char *expected) {
    struct hny_bundle bundle;
    cr_assert_eq(small_read_chain(files, count, &bundle), HNY_ERROR_INPUT);
    cr_assert_not_null(strstr(hny_message(), expected), "\"%s\", expected: %s", hny_message(), expected);
}

Test(delta, needs_the_very_base) {
    char expected[512];
    const char *const alone[] = {"delta"}, *const wrong[] = {"new whole", "delta"},
                      *const twice[] = {"base", "delta", "delta"}, *const none[] = {"base", "new whole"};
    small_pack("old", "base", HNY_PRECISION_F32);
    small_pack("new", "new whole", HNY_PRECISION_F32);
    small_delta("new", "base", "delta");
    struct hny_bundle base = contents_of("base"), new = contents_of("new whole"),
                      delta = contents_of("delta");
    cr_assert_str_eq(delta.parent, base.digest);
    cr_assert_str_eq(delta.full, new.digest);
    cr_assert_str_eq(base.full, base.digest);
    refuse(alone, 1, "a delta, which needs the bundle that it builds on, ");
    snprintf(expected, sizeof expected, "delta: builds on the bundle %s, but ", base.digest);
    refuse(wrong, 2, expected);
    cr_assert_not_null(strstr(hny_message(), new.digest), "%s", hny_message());
    refuse(twice, 3, expected);
    refuse(none, 2, "new whole: no delta: it stands on no base");
    hny_bundle_free(&base);
    hny_bundle_free(&new);
    hny_bundle_free(&delta);
}
