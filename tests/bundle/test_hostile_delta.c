/* Deltas that nobody should have made, and bases that do not fit them. */
#include "base/file.h"
#include "bundle/frame_code.h"
#include "tests/base/scratch.h"
#include "tests/bundle/small.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void open_all(void) {
    scratch_open();
    small_write("old");
    small_write_next("new");
    small_pack("old", "base", HNY_PRECISION_F32);
    small_delta("new", "base", "delta");
}

TestSuite(hostile_delta, .init = open_all, .fini = scratch_close);

/* Unpacking DELTA on BASE fails with EXPECTED, and leaves nothing. */
static void refuse(const char *base, const char *delta, const char *expected) {
    char path[4096];
    const char *const bases[] = {path};
    const struct hny_read_options options = {.bases = bases, .base_count = 1, .threads = 1};
    size_t entries = scratch_count();
    snprintf(path, sizeof path, "%s", scratch_path(base));
    cr_assert_neq(hny_bundle_unpack(scratch_path(delta), scratch_path("refused"), &options, NULL), HNY_OK,
                  "taken, not: %s", expected);
    cr_assert_not_null(strstr(hny_message(), expected), "\"%s\", expected: %s", hny_message(), expected);
    cr_assert_eq(scratch_count(), entries, "something was left");
}

static void refuse_changed(struct small_pieces *pieces, const char *expected) {
    small_put(pieces, "bad");
    small_free(pieces);
    refuse("base", "bad", expected);
}

/* Replaces FROM, behind the first tensor called TENSOR, by TO. */
static void replace_behind(struct small_pieces *pieces, const char *tensor, const char *from,
                           const char *to) {
    char name[64], *text = pieces->pieces[1].data, between[4096], changed[4096];
    snprintf(name, sizeof name, "\"name\": \"%s\"", tensor);
    const char *begin = strstr(text, name), *end = begin ? strstr(begin, from) : NULL;
    cr_assert(begin && end, "no %s behind %s", from, tensor);
    snprintf(between, sizeof between, "%.*s%s", (int)(end - begin), begin, from);
    snprintf(changed, sizeof changed, "%.*s%s", (int)(end - begin), begin, to);
    small_replace(pieces, 1, between, changed);
}

/* Makes `full` what follows from the rest: the reader says what that is. */
static void correct_full(struct small_pieces *pieces) {
    const struct hny_buffer *text = &pieces->pieces[1];
    struct hny_bundle bundle;
    char wrong[HNY_DIGEST_TEXT], right[HNY_DIGEST_TEXT];
    if (hny_bundle_parse(&bundle, "delta", text->data, text->size) == HNY_OK) {
        hny_bundle_free(&bundle);
        return;
    }
    if (sscanf(hny_message(),
               "delta: bundle.json: full: %64[0-9a-f], but without parent and changes it is %64s", wrong,
               right) == 2)
        small_replace(pieces, 1, wrong, right);
}

Test(hostile_delta, what_a_manifest_must_not_say) {
    static const struct {
        const char *behind, *from, *to, *expected;
    } cases[] = {
        {"matrix", "\"change\": \"difference\"", "\"change\": \"sum\"", "matrix: expected a change"},
        {"matrix", "\"change\": \"difference\"", "\"change\": 1", "matrix: expected a change"},
        {"matrix", "\"change\": \"difference\"", "\"change\": \"whole\"", "matrix: expected a change"},
        {"matrix", "\"members\": [", "\"member\": [", "matrix: expected a SHA-256 in \"members\""},
        {"matrix", "\"members\": [", "\"members\": [1,", "matrix: expected a SHA-256 in \"members\""},
        {"matrix", "\"change\": \"difference\"", "\"change\": \"same\"",
         "matrix: its base has no such tensor"},
        {"matrix", "\"change\": \"difference\"", "\"change\": null", "model.safetensors.1.0: altered"},
        {"matrix", "\"change\": \"difference\"", "\"change\": \"xor\"",
         "altered: with its base, plane 0 of the tensor matrix"},
        {"vector", "\"change\": \"same\"", "\"change\": null", "expected the member model.safetensors."},
        {"matrix", "\"name\": \"matrix\"", "\"name\": \"matrox\"", "matrox: its base has no such tensor"},
        {"tokenizer.model", "\"change\": \"same\"", "\"change\": \"xor\"",
         "tokenizer.model: expected a change"},
        {"tokenizer.model", "\"change\": \"same\"", "\"change\": null",
         "expected the member tokenizer.model"},
        {"tokenizer.model", "\"bytes\": 49", "\"bytes\": 50", "tokenizer.model: its base has no such file"},
        {"config.json", "\"change\": null", "\"change\": \"same\"", "config.json: its base has no such file"},
        {"model.safetensors", "\"change\": \"same\"", "\"change\": null",
         "expected the member model.safetensors.header"},
        {NULL, "\"full\": \"", "\"full\": \"0", "full: expected a SHA-256"},
        {NULL, "\"full\":", "\"fuller\":", "full: expected a SHA-256"},
        {NULL, "\"parent\": \"", "\"parent\": \"0", "parent: expected a SHA-256"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct small_pieces pieces;
        small_read(&pieces, "delta");
        if (cases[i].behind)
            replace_behind(&pieces, cases[i].behind, cases[i].from, cases[i].to);
        else
            small_replace(&pieces, 1, cases[i].from, cases[i].to);
        correct_full(&pieces);
        refuse_changed(&pieces, cases[i].expected);
    }
}

/* It names the bundle that is made, which a signature of the delta answers for too. */
Test(hostile_delta, full_is_what_follows_from_the_rest) {
    static const struct {
        const char *from, *to;
    } cases[] = {
        {"\"name\": \"model\"", "\"name\": \"ja-en\""},
        {"\"release\": null", "\"release\": 7"},
        {"\"bytes\": 49", "\"bytes\": 50"},
        {"\"name\": \"matrix\"", "\"name\": \"matrox\""},
    };
    struct small_pieces pieces;
    struct hny_bundle delta, base;
    const struct hny_read_options alone = {.threads = 1, .alone = true};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        small_read(&pieces, "delta");
        small_replace(&pieces, 1, cases[i].from, cases[i].to);
        refuse_changed(&pieces, "bundle.json: full: ");
        cr_assert_eq(hny_bundle_verify(scratch_path("bad"), &alone, &delta), HNY_ERROR_INPUT);
    }
    /* A digest that is another bundle's. */
    cr_assert_eq(hny_bundle_verify(scratch_path("delta"), &alone, &delta), HNY_OK);
    cr_assert_eq(hny_bundle_verify(scratch_path("base"), &alone, &base), HNY_OK);
    small_read(&pieces, "delta");
    small_replace(&pieces, 1, delta.full, base.full);
    refuse_changed(&pieces, "but without parent and changes it is ");
    cr_assert_not_null(strstr(hny_message(), delta.full), "%s", hny_message());
    hny_bundle_free(&delta);
    hny_bundle_free(&base);
}

/* Makes the delta's parent the base FILE of the scratch folder. */
static void adopt(const char *file) {
    struct small_pieces pieces;
    struct hny_bundle base, delta;
    const struct hny_read_options alone = {.threads = 1, .alone = true};
    cr_assert_eq(hny_bundle_verify(scratch_path(file), &alone, &base), HNY_OK, "%s", hny_message());
    cr_assert_eq(hny_bundle_verify(scratch_path("delta"), &alone, &delta), HNY_OK);
    small_read(&pieces, "delta");
    small_replace(&pieces, 1, delta.parent, base.full);
    small_put(&pieces, "bad");
    small_free(&pieces);
    hny_bundle_free(&base);
    hny_bundle_free(&delta);
}

Test(hostile_delta, a_base_that_lacks_what_is_built_on) {
    static const struct {
        const char *from, *to, *expected;
    } cases[] = {
        {"\"name\": \"matrix\"", "\"name\": \"other\"", "matrix: its base has no such tensor"},
        {"\"name\": \"vector\"", "\"name\": \"other\"", "vector: its base has no such tensor"},
        {"            5,\n            24\n", "            24,\n            5\n",
         "matrix: its base has no such tensor"},
        {"            5,\n            24\n", "            120\n", "matrix: its base has no such tensor"},
        {"\"layout\": \"rotated\"", "\"layout\": \"bytes\"", "matrix: its base has no such tensor"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct small_pieces pieces;
        small_read(&pieces, "base");
        small_replace(&pieces, 1, cases[i].from, cases[i].to);
        small_put(&pieces, "other base");
        small_free(&pieces);
        struct hny_bundle bundle;
        struct hny_read_options unchecked = {.threads = 1, .skip_digests = true};
        cr_assert_eq(hny_bundle_verify(scratch_path("other base"), &unchecked, &bundle), HNY_OK, "%s",
                     hny_message());
        char digest[HNY_DIGEST_TEXT];
        memcpy(digest, bundle.full, sizeof digest);
        hny_bundle_free(&bundle);
        const struct hny_read_options alone = {.threads = 1, .alone = true};
        cr_assert_eq(hny_bundle_verify(scratch_path("delta"), &alone, &bundle), HNY_OK);
        small_read(&pieces, "delta");
        small_replace(&pieces, 1, bundle.parent, digest);
        small_put(&pieces, "bad");
        small_free(&pieces);
        hny_bundle_free(&bundle);
        refuse("other base", "bad", cases[i].expected);
    }
}

Test(hostile_delta, a_base_of_another_model) {
    small_pack("new", "other", HNY_PRECISION_F32);
    refuse("other", "delta", "builds on the bundle");
    adopt("other");
    refuse("other", "bad", "altered: with its base, plane 7 of the tensor wide");
    small_pack("old", "rounded", HNY_PRECISION_BF16);
    adopt("rounded");
    refuse("rounded", "bad", "its base has no such");
    refuse("delta", "delta", "a delta, which needs the bundle that it builds on");
}

Test(hostile_delta, members_that_were_altered_and_coded_anew) {
    static const char *const members[] = {"config.json", "model.safetensors.1.0", "model.safetensors.0.7",
                                          "model.safetensors.4.1"};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        struct small_pieces pieces;
        char expected[128];
        struct hny_bundle bundle;
        const struct hny_read_options alone = {.threads = 1, .alone = true};
        small_read(&pieces, "delta");
        pieces.pieces[small_find(&pieces, members[i]) + 1].data[0] ^= 4;
        snprintf(expected, sizeof expected, "%s: altered: its SHA-256 is", members[i]);
        refuse_changed(&pieces, expected);
        cr_assert_eq(hny_bundle_verify(scratch_path("bad"), &alone, &bundle), HNY_ERROR_INPUT);
        cr_assert_not_null(strstr(hny_message(), expected), "%s", hny_message());
    }
}

Test(hostile_delta, a_member_altered_together_with_its_digest) {
    struct small_pieces pieces;
    char old[HNY_DIGEST_TEXT], digest[HNY_DIGEST_TEXT];
    small_read(&pieces, "delta");
    struct hny_buffer *content = &pieces.pieces[small_find(&pieces, "model.safetensors.1.1") + 1];
    cr_assert_eq(hny_digest_bytes(content->data, content->size, old), HNY_OK);
    content->data[5] ^= 1;
    cr_assert_eq(hny_digest_bytes(content->data, content->size, digest), HNY_OK);
    small_replace(&pieces, 1, old, digest);
    refuse_changed(&pieces, "altered: with its base, plane 1 of the tensor matrix");
}

/* --- Raw bytes ----------------------------------------------------------------------------------------- */

static hny_status read_both(const struct hny_buffer *base, const struct hny_buffer *delta,
                            struct hny_bundle *bundle) {
    struct hny_supply *supplies[2] = {NULL};
    cr_assert_eq(hny_supply_memory(&supplies[0], "base", base->data, base->size), HNY_OK);
    cr_assert_eq(hny_supply_memory(&supplies[1], "delta", delta->data, delta->size), HNY_OK);
    hny_status status = hny_bundle_read_chain(supplies, 2, NULL, &small_options, bundle);
    hny_supply_close(&supplies[0]);
    hny_supply_close(&supplies[1]);
    return status;
}

static void read_good(const char *name, struct hny_buffer *bytes) {
    cr_assert_eq(hny_file_read(scratch_path(name), 1 << 20, bytes), HNY_OK);
}

/* What is taken has the manifest of the delta as it was, and so the digests of all files: of the base that is
 * not read, bytes may be others. */
static size_t flip_all(struct hny_buffer *flipped, const struct hny_buffer *base,
                       const struct hny_buffer *delta) {
    struct hny_bundle bundle;
    char digest[HNY_DIGEST_TEXT];
    size_t taken = 0;
    cr_assert_eq(read_both(base, delta, &bundle), HNY_OK, "%s", hny_message());
    memcpy(digest, bundle.digest, sizeof digest);
    hny_bundle_free(&bundle);
    for (size_t at = 0; at < flipped->size; at++) {
        char flip = (char)(1 << (at % 8));
        flipped->data[at] ^= flip;
        if (read_both(base, delta, &bundle) == HNY_OK) {
            cr_assert_str_eq(bundle.digest, digest, "byte %zu", at);
            taken++;
        }
        hny_bundle_free(&bundle);
        flipped->data[at] ^= flip;
    }
    return taken;
}

Test(hostile_delta, no_flipped_bit_of_delta_or_base_changes_what_loads) {
    struct hny_buffer base = {0}, delta = {0};
    read_good("base", &base);
    read_good("delta", &delta);
    size_t taken = flip_all(&delta, &base, &delta);
    cr_assert_lt(taken, delta.size / 50, "%zu of %zu", taken, delta.size);
    taken = flip_all(&base, &base, &delta);
    cr_assert_lt(taken, base.size / 4, "%zu of %zu", taken, base.size);
    hny_buffer_free(&base);
    hny_buffer_free(&delta);
}

Test(hostile_delta, no_part_of_a_delta_is_taken_for_one) {
    struct hny_buffer base = {0}, delta = {0};
    struct hny_bundle bundle;
    const struct hny_read_options alone = {.threads = 1, .alone = true};
    read_good("base", &base);
    read_good("delta", &delta);
    for (size_t whole = delta.size, size = 0; size < whole; size++) {
        struct hny_supply *supply = NULL;
        delta.size = size;
        cr_assert_eq(read_both(&base, &delta, &bundle), HNY_ERROR_INPUT, "%zu bytes were taken", size);
        cr_assert_not_null(strstr(hny_message(), "cut short"), "%s", hny_message());
        cr_assert_eq(hny_supply_memory(&supply, "delta", delta.data, size), HNY_OK);
        cr_assert_eq(hny_bundle_read(supply, NULL, &alone, &bundle), HNY_ERROR_INPUT, "%zu bytes alone",
                     size);
        hny_supply_close(&supply);
        delta.size = whole;
    }
    hny_buffer_free(&base);
    hny_buffer_free(&delta);
}

Test(hostile_delta, a_chain_without_end_is_refused) {
    enum { COUNT = 65 };
    struct hny_bundle bundle;
    struct hny_supply *supplies[COUNT] = {NULL};
    for (size_t i = 0; i < COUNT; i++) cr_assert_eq(hny_supply_memory(&supplies[i], "bundle", "", 0), HNY_OK);
    cr_assert_eq(hny_bundle_read_chain(supplies, COUNT, NULL, &small_options, &bundle), HNY_ERROR_USAGE);
    for (size_t i = 0; i < COUNT; i++) hny_supply_close(&supplies[i]);
}

/* A delta of the same model has no member at all: where one would begin, the end may stand. */
Test(hostile_delta, what_stands_between_a_signature_and_its_header) {
    static const char *const bases[] = {"base"};
    enum { HEADER = 2 };
    struct small_pieces pieces;
    struct hny_signing_key key;
    char zeros[HNY_TAR_BLOCK] = {0};
    small_key("anna", &key);
    small_delta_release("old", bases, 1, "same", "model", 0, &key);
    small_read(&pieces, "same");
    cr_assert_eq(pieces.count, HEADER + 3, "manifest, signature and end");
    cr_assert_eq(hny_buffer_append(&pieces.pieces[HEADER], zeros, sizeof zeros), HNY_OK);
    refuse_changed(&pieces, "right behind its header");
}
