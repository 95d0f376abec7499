/* Scores in a manifest. What they are of is tried by tests/bundle/check, with a model that translates. */
#include "tests/base/scratch.h"
#include "tests/bundle/small.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const struct hny_bundle_scores scored = {.lines = 1000,
                                                .beam = 5,
                                                .products = HNY_PRECISION_INT8,
                                                .bleu_signature = "nrefs:1|tok:13a",
                                                .chrf_signature = "nrefs:1|nc:6",
                                                .before = {38.21, 60.5},
                                                .after = {38.17, 60.44}};

static void open_all(void) {
    struct hny_pack_options options = HNY_PACK_DEFAULTS;
    scratch_open();
    small_write("model");
    options.scores = &scored;
    cr_assert_eq(hny_bundle_pack(scratch_path("model"), scratch_path("good"), &options, NULL, NULL), HNY_OK);
}

TestSuite(scores, .init = open_all, .fini = scratch_close);

Test(scores, they_come_back_as_they_were) {
    struct hny_bundle bundle;
    cr_assert_eq(hny_bundle_verify(scratch_path("good"), &small_options, &bundle), HNY_OK, "%s",
                 hny_message());
    cr_assert_eq(bundle.scores.lines, scored.lines);
    cr_assert_eq(bundle.scores.beam, scored.beam);
    cr_assert_eq(bundle.scores.products, HNY_PRECISION_INT8);
    cr_assert_str_eq(bundle.scores.bleu_signature, scored.bleu_signature);
    cr_assert_str_eq(bundle.scores.chrf_signature, scored.chrf_signature);
    cr_assert_arr_eq(&bundle.scores.before, &scored.before, sizeof scored.before);
    cr_assert_arr_eq(&bundle.scores.after, &scored.after, sizeof scored.after);
    hny_bundle_free(&bundle);
}

Test(scores, what_a_manifest_must_not_say_of_them) {
    static const struct {
        const char *from, *to, *expected;
    } cases[] = {
        {"\"scores\": {", "\"scored\": {", "null, or an object"},
        {"\"scores\": {", "\"scores\": 1, \"more\": {", "null, or an object"},
        {"\"lines\": 1000", "\"lines\": 0", "lines and beam"},
        {"\"lines\": 1000", "\"lines\": -1", "lines and beam"},
        {"\"lines\": 1000", "\"lines\": 9007199254740992", "lines and beam"},
        {"\"lines\": 1000", "\"lines\": \"1000\"", "lines and beam"},
        {"\"beam\": 5", "\"beam\": 5.0", "lines and beam"},
        {"\"beam\": 5", "\"beam\": 1000001", "lines and beam"},
        {"\"products\": \"int8\"", "\"products\": \"int4\"", "products in"},
        {"\"products\": \"int8\"", "\"products\": 8", "products in"},
        {"\"bleu\": {", "\"blue\": {", "numbers from 0 to 100"},
        {"\"before\": 38.21", "\"before\": -0.01", "numbers from 0 to 100"},
        {"\"after\": 38.17", "\"after\": 100.01", "numbers from 0 to 100"},
        {"\"after\": 60.44", "\"after\": null", "numbers from 0 to 100"},
        {"\"nrefs:1|tok:13a\"", "\"\"", "a signature"},
        {"\"nrefs:1|tok:13a\"", "\"a b\"", "a signature"},
        {"\"nrefs:1|tok:13a\"", "\"\\u001b[2J\"", "a signature"},
        {"\"nrefs:1|nc:6\"", "7", "a signature"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct small_pieces pieces;
        small_read(&pieces, "good");
        small_replace(&pieces, 1, cases[i].from, cases[i].to);
        small_put(&pieces, "bad");
        small_refuse("bad", cases[i].expected);
        small_free(&pieces);
    }
}
