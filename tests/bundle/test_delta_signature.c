/* A delta's two signatures: of itself, and of the bundle that it makes. */
#include "base/file.h"
#include "tests/base/scratch.h"
#include "tests/bundle/small.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { HEADER = 2, CONTENT = 3 }; /* of the signature, among a bundle's pieces */
enum { SIGNATURE = 88 };          /* characters of one */

static struct hny_signing_key anna, bert;

static void pack(const char *model, const char *file, uint64_t release, const struct hny_signing_key *key) {
    struct hny_pack_options options = HNY_PACK_DEFAULTS;
    options.name = "en-ja";
    options.release = release;
    options.sign = key;
    cr_assert_eq(hny_bundle_pack(scratch_path(model), scratch_path(file), &options, NULL, NULL), HNY_OK);
}

static const char *const chain[] = {"base", "delta", "back"};

/* Release 1, which nobody signed, and deltas to 2, which ANNA signed, and, by BERT, to 3. */
static void open_all(void) {
    scratch_open();
    small_write("old");
    small_write_next("new");
    small_key("anna", &anna);
    small_key("bert", &bert);
    pack("old", "base", 1, NULL);
    small_delta_release("new", chain, 1, "delta", "en-ja", 2, &anna);
    small_delta_release("old", chain, 2, "back", "en-ja", 3, &bert);
}

TestSuite(delta_signature, .init = open_all, .fini = scratch_close);

static void expect_same(const char *one, const char *other) {
    struct hny_buffer a = {0}, b = {0};
    cr_assert_eq(hny_file_read(scratch_path(one), 1 << 20, &a), HNY_OK);
    cr_assert_eq(hny_file_read(scratch_path(other), 1 << 20, &b), HNY_OK);
    cr_assert_eq(a.size, b.size, "%s and %s", one, other);
    cr_assert_arr_eq(a.data, b.data, a.size, "%s and %s", one, other);
    hny_buffer_free(&a);
    hny_buffer_free(&b);
}

/* Flattens the first COUNT of FILES to "flat"; the delta from BASE where that is not NULL. */
static void flatten(const char *const *files, size_t count, const struct hny_signing_key *key,
                    const char *base) {
    char paths[3][4096], from[4096];
    const char *const all[] = {paths[0], paths[1], paths[2]}, *const bases[] = {from};
    struct hny_pack_options options = HNY_PACK_DEFAULTS;
    struct hny_bundle bundle;
    uint64_t bytes;
    for (size_t i = 0; i < count; i++) snprintf(paths[i], sizeof paths[i], "%s", scratch_path(files[i]));
    options.sign = key;
    if (base) {
        snprintf(from, sizeof from, "%s", scratch_path(base));
        options.bases = bases;
        options.base_count = 1;
    }
    cr_assert_eq(hny_bundle_flatten(all, count, scratch_path("flat"), &options, &bundle, &bytes), HNY_OK,
                 "%s", hny_message());
    struct hny_bundle read;
    const struct hny_read_options alone = {.threads = 1, .alone = true};
    cr_assert_eq(hny_bundle_verify(scratch_path("flat"), &alone, &read), HNY_OK, "%s", hny_message());
    cr_assert_str_eq(read.signer, bundle.signer);
    cr_assert_str_eq(read.signature, bundle.signature);
    hny_bundle_free(&bundle);
    hny_bundle_free(&read);
}

Test(delta_signature, flattened_a_chain_is_what_its_newest_signer_would_have_packed) {
    pack("new", "whole", 2, &anna);
    flatten(chain, 2, NULL, NULL);
    expect_same("flat", "whole");
    pack("old", "whole", 3, &bert);
    flatten(chain, 3, NULL, NULL);
    expect_same("flat", "whole");
    flatten((const char *const[]){"whole"}, 1, NULL, NULL);
    expect_same("flat", "whole");
}

Test(delta_signature, who_signs_anew_takes_the_place_of_who_did) {
    pack("new", "whole", 2, &bert);
    flatten(chain, 2, &bert, NULL);
    expect_same("flat", "whole");
}

Test(delta_signature, where_there_is_none_none_is_made) {
    small_delta_release("new", chain, 1, "delta", "en-ja", 2, NULL);
    pack("new", "whole", 2, NULL);
    flatten(chain, 2, NULL, NULL);
    expect_same("flat", "whole");
    /* Nor for a delta from another base: its manifest is another than those that were signed. */
    small_delta_release("old", chain, 1, "other", "en-ja", 3, NULL);
    flatten(chain, 3, NULL, "base");
    expect_same("flat", "other");
    small_delta_release("old", chain, 1, "other", "en-ja", 3, &anna);
    flatten(chain, 3, &anna, "base");
    expect_same("flat", "other");
}

Test(delta_signature, afterwards_it_is_the_same_as_while_it_is_packed) {
    char path[4096];
    const char *const bases[] = {path};
    const struct hny_read_options options = {.bases = bases, .base_count = 1, .threads = 1};
    struct hny_bundle bundle;
    char plain[4096], after[4096];
    snprintf(path, sizeof path, "%s", scratch_path("base"));
    small_delta_release("new", chain, 1, "plain", "en-ja", 2, NULL);
    snprintf(plain, sizeof plain, "%s", scratch_path("plain"));
    snprintf(after, sizeof after, "%s", scratch_path("after"));
    cr_assert_eq(hny_bundle_sign(plain, after, &anna, &small_options, &bundle), HNY_OK, "%s", hny_message());
    expect_same("after", "delta");
    cr_assert_str_eq(bundle.signer, anna.signer);
    hny_bundle_free(&bundle);
    cr_assert_eq(hny_bundle_sign(after, after, &bert, &options, NULL), HNY_OK, "%s", hny_message());
    small_delta_release("new", chain, 1, "delta", "en-ja", 2, &bert);
    expect_same("after", "delta");
}

Test(delta_signature, on_a_wrong_base_nothing_is_signed) {
    char path[4096], plain[4096];
    const char *const bases[] = {path};
    const struct hny_read_options options = {.bases = bases, .base_count = 1, .threads = 1};
    pack("new", "wrong", 1, NULL);
    snprintf(path, sizeof path, "%s", scratch_path("wrong"));
    snprintf(plain, sizeof plain, "%s", scratch_path("delta"));
    size_t entries = scratch_count();
    cr_assert_eq(hny_bundle_sign(plain, scratch_path("after"), &anna, &options, NULL), HNY_ERROR_INPUT);
    cr_assert_not_null(strstr(hny_message(), "builds on the bundle"), "%s", hny_message());
    cr_assert_eq(scratch_count(), entries);
}

/* --- What is no signature ------------------------------------------------------------------------------ */

/* "bad" is made of PIECES, and refused with its base and without. */
static void refuse_changed(struct small_pieces *pieces, const char *expected) {
    const char *const bad[] = {"base", "bad"};
    const struct hny_read_options alone = {.threads = 1, .alone = true};
    struct hny_bundle bundle;
    small_put(pieces, "bad");
    small_free(pieces);
    cr_assert_eq(small_read_chain(bad, 2, &bundle), HNY_ERROR_INPUT, "taken, not: %s", expected);
    cr_assert_not_null(strstr(hny_message(), expected), "\"%s\", expected: %s", hny_message(), expected);
    cr_assert_eq(hny_bundle_verify(scratch_path("bad"), &alone, &bundle), HNY_ERROR_INPUT);
    cr_assert_not_null(strstr(hny_message(), expected), "\"%s\", expected: %s", hny_message(), expected);
}

Test(delta_signature, no_flipped_bit_of_it_passes) {
    for (size_t at = 0; at < HNY_SIGNATURE_MOST * 8; at++) {
        struct small_pieces pieces;
        small_read(&pieces, "delta");
        cr_assert_eq(pieces.pieces[CONTENT].size, HNY_SIGNATURE_MOST);
        pieces.pieces[CONTENT].data[at / 8] ^= (char)(1 << at % 8);
        refuse_changed(&pieces, HNY_SIGNATURE_MEMBER);
    }
}

/* The signature behind WORD in FILE, with a NUL. */
static void read_line(const char *file, const char *word, char signature[SIGNATURE + 1]) {
    struct small_pieces pieces;
    small_read(&pieces, file);
    const char *line = strstr(pieces.pieces[CONTENT].data, word);
    cr_assert_not_null(line, "%s: no %s", file, word);
    snprintf(signature, SIGNATURE + 1, "%s", line + strlen(word));
    small_free(&pieces);
}

Test(delta_signature, the_second_is_that_of_the_whole_bundle) {
    char second[SIGNATURE + 1], whole[SIGNATURE + 1];
    pack("new", "whole", 2, &anna);
    read_line("delta", "\nwhole ", second);
    read_line("whole", "\nsignature ", whole);
    cr_assert_str_eq(second, whole);
}

Test(delta_signature, neither_takes_the_others_place_nor_comes_from_elsewhere) {
    char own[SIGNATURE + 1], second[SIGNATURE + 1], other[SIGNATURE + 1];
    const char *const damaged = "damaged, or of another bundle";
    struct small_pieces pieces;
    read_line("delta", "\nsignature ", own);
    read_line("delta", "\nwhole ", second);
    small_read(&pieces, "delta");
    small_replace(&pieces, CONTENT, second, own);
    refuse_changed(&pieces, damaged);
    small_read(&pieces, "delta");
    small_replace(&pieces, CONTENT, own, second);
    refuse_changed(&pieces, damaged);
    /* By the same key, of another release; and of the same bundle, by another key. */
    pack("new", "whole", 3, &anna);
    read_line("whole", "\nsignature ", other);
    small_read(&pieces, "delta");
    small_replace(&pieces, CONTENT, second, other);
    refuse_changed(&pieces, damaged);
    pack("new", "whole", 2, &bert);
    read_line("whole", "\nsignature ", other);
    small_read(&pieces, "delta");
    small_replace(&pieces, CONTENT, second, other);
    refuse_changed(&pieces, damaged);
    small_read(&pieces, "delta");
    small_replace(&pieces, CONTENT, own, other);
    refuse_changed(&pieces, damaged);
    /* A delta that somebody else made of what ANNA signed whole. */
    small_delta_release("new", chain, 1, "delta", "en-ja", 2, &bert);
    small_read(&pieces, "delta");
    small_replace(&pieces, CONTENT, bert.signer, anna.signer);
    read_line("delta", "\nwhole ", other);
    small_replace(&pieces, CONTENT, other, second);
    refuse_changed(&pieces, damaged);
}

Test(delta_signature, a_delta_has_both_and_a_whole_bundle_one) {
    char line[SIGNATURE + 16], second[SIGNATURE + 1];
    struct small_pieces pieces;
    read_line("delta", "\nwhole ", second);
    snprintf(line, sizeof line, "whole %s\n", second);
    small_read(&pieces, "delta");
    small_replace(&pieces, CONTENT, line, "");
    refuse_changed(&pieces, "is not that of a plain file of 254 bytes");
    small_read(&pieces, "delta");
    small_replace(&pieces, CONTENT, "whole ", "wholy ");
    refuse_changed(&pieces, "expected a signature by Ed25519");
    pack("new", "whole", 2, &anna);
    small_read(&pieces, "whole");
    char longer[2 * SIGNATURE + 32];
    snprintf(longer, sizeof longer, "%s\nwhole %s\n", second, second);
    snprintf(line, sizeof line, "%s\n", second);
    small_replace(&pieces, CONTENT, line, longer);
    small_put(&pieces, "bad");
    small_free(&pieces);
    small_refuse("bad", "is not that of a plain file of 159 bytes");
}

Test(delta_signature, taken_out_it_is_gone_flattened_too) {
    struct small_pieces pieces;
    char padding[HNY_TAR_BLOCK] = {0};
    struct hny_buffer next = {0};
    small_read(&pieces, "delta");
    /* Behind the manifest stands what stood behind the signature. */
    const struct hny_buffer *after = &pieces.pieces[CONTENT + 1];
    size_t filled = hny_tar_padding(HNY_SIGNATURE_MOST);
    cr_assert_eq(hny_buffer_append(&next, padding, hny_tar_padding(pieces.pieces[1].size)), HNY_OK);
    cr_assert_eq(hny_buffer_append(&next, after->data + filled, after->size - filled), HNY_OK);
    for (size_t i = HEADER; i <= CONTENT + 1; i++) hny_buffer_free(&pieces.pieces[i]);
    pieces.pieces[HEADER] = next;
    for (size_t i = HEADER + 1; i + 2 < pieces.count; i++) {
        pieces.pieces[i] = pieces.pieces[i + 2];
        pieces.pieces[i + 2] = (struct hny_buffer){0};
    }
    pieces.count -= 2;
    small_put(&pieces, "delta");
    small_free(&pieces);
    pack("new", "whole", 2, NULL);
    flatten(chain, 2, NULL, NULL);
    expect_same("flat", "whole");
}
