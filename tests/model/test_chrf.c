#include "golden.h"
#include "model/chrf.h"
#include "model/metric_report.h"
#include <criterion/criterion.h>
#include <string.h>

static const double tolerance = 0.01;

static struct hny_text text(const char *string) {
    return (struct hny_text){string, strlen(string)};
}

static void check_chrf(const struct golden *golden) {
    struct hny_chrf_options options = HNY_CHRF_DEFAULTS;
    struct hny_chrf *chrf;
    struct hny_buffer signature = {0};
    cr_assert_eq(sscanf(strstr(golden->signature, "|nc:"), "|nc:%zu|nw:%zu", &options.character_order,
                        &options.word_order),
                 2);
    options.lowercase = strstr(golden->signature, "|case:lc|") != NULL;
    cr_assert_eq(hny_chrf_create(&chrf, &options), HNY_OK);
    for (size_t i = 0; i < golden->sentences; i++) {
        const struct hny_text *references = golden->references + i * golden->reference_count;
        cr_assert_eq(hny_chrf_add(chrf, golden->hypotheses[i], references, golden->reference_count), HNY_OK);
    }
    cr_assert_float_eq(hny_chrf_score(chrf), json_number_value(json_object_get(golden->expected, "score")),
                       tolerance, "%s, %s: %f", golden->name, golden->signature, hny_chrf_score(chrf));
    cr_assert_eq(hny_chrf_signature(chrf, false, &signature), HNY_OK);
    cr_assert_str_eq(signature.data, golden->signature);
    hny_buffer_free(&signature);
    hny_chrf_destroy(&chrf);
}

Test(chrf, golden_scores_and_signatures_are_those_of_sacrebleu) {
    size_t scorings = golden_each("|nc:", check_chrf);
    cr_assert(scorings > (golden_is_ours() ? 300 : 0));
}

static double score_of(const struct hny_chrf_options *options, const char *hypothesis,
                       const char *reference) {
    double score;
    struct hny_text texts[] = {text(hypothesis), text(reference)};
    cr_assert_eq(hny_chrf_corpus(options, &texts[0], &texts[1], 1, &score), HNY_OK);
    return score;
}

Test(chrf, a_perfect_translation_scores_one_hundred_however_short) {
    struct hny_chrf_options options = HNY_CHRF_DEFAULTS;
    cr_assert_float_eq(score_of(&options, "はい。", "はい。"), 100, 1e-9);
}

Test(chrf, white_space_counts_only_when_asked_for) {
    struct hny_chrf_options options = HNY_CHRF_DEFAULTS;
    cr_assert_float_eq(score_of(&options,
                                "a b\xe3\x80\x80"
                                "c",
                                "abc"),
                       100, 1e-9);
    options.whitespace = true;
    cr_assert_lt(score_of(&options,
                          "a b\xe3\x80\x80"
                          "c",
                          "abc"),
                 90);
}

Test(chrf, beta_weighs_recall) {
    struct hny_chrf_options options = {.character_order = 1, .beta = 2};
    /* Precision 1/2, recall 1: (1 + 4) · 1/2 / (4 · 1/2 + 1) = 5/6. */
    cr_assert_float_eq(score_of(&options, "abcd", "ab"), 100 * 5.0 / 6, 1e-9);
    options.beta = 1;
    cr_assert_float_eq(score_of(&options, "abcd", "ab"), 100 * 2.0 / 3, 1e-9);
}

Test(chrf, one_mark_of_punctuation_is_a_word_of_its_own) {
    struct hny_chrf_options options = {.character_order = 1, .word_order = 1, .beta = 1};
    cr_assert_float_eq(score_of(&options, "hi !", "hi!"), 100, 1e-9);
    /* "(hi" and ")" against "(", "hi" and ")", for the last mark goes first: precision 1/2, with that of
     * characters 3/4; recall 1/3, with that of characters 2/3. */
    double precision = 0.75, recall = 2.0 / 3;
    cr_assert_float_eq(score_of(&options, "(hi)", "(hi )"), 200 * precision * recall / (precision + recall),
                       1e-9);
}

Test(chrf, case_counts_unless_lowercase_is_asked_for) {
    struct hny_chrf_options options = HNY_CHRF_DEFAULTS;
    cr_assert_lt(score_of(&options, "ÄRGER", "ärger"), 1);
    options.lowercase = true;
    cr_assert_float_eq(score_of(&options, "ÄRGER", "ärger"), 100, 1e-9);
}

Test(chrf, eps_smoothing_averages_the_orders_scores) {
    struct hny_chrf_options options = {.character_order = 2, .beta = 1, .eps_smoothing = true};
    /* Unigrams match in full, bigrams not at all. */
    cr_assert_float_eq(score_of(&options, "ab", "ba"), 50, 1e-9);
}

Test(chrf, nothing_scores_nothing) {
    struct hny_chrf_options options = HNY_CHRF_DEFAULTS;
    double score = 1;
    cr_assert_eq(score_of(&options, "", "abc"), 0);
    cr_assert_eq(score_of(&options, "abc", ""), 0);
    cr_assert_eq(hny_chrf_corpus(&options, NULL, NULL, 0, &score), HNY_OK);
    cr_assert_eq(score, 0);
}

Test(chrf, the_name_tells_beta_and_word_order) {
    struct hny_chrf_options options = {.character_order = 6, .word_order = 2, .beta = 3, .whitespace = true};
    struct hny_chrf *chrf;
    struct hny_buffer out = {0};
    cr_assert_eq(hny_chrf_create(&chrf, &options), HNY_OK);
    cr_assert_eq(hny_chrf_name(chrf, &out), HNY_OK);
    cr_assert_str_eq(out.data, "chrF3++");
    hny_buffer_clear(&out);
    struct hny_text reference = text("a");
    cr_assert_eq(hny_chrf_add(chrf, reference, &reference, 1), HNY_OK);
    cr_assert_eq(hny_chrf_signature(chrf, true, &out), HNY_OK);
    cr_assert_str_eq(out.data, "#:1|c:mixed|e:yes|nc:6|nw:2|s:yes|v:2.6.0");
    hny_buffer_free(&out);
    hny_chrf_destroy(&chrf);
}

Test(chrf, options_out_of_range_are_refused) {
    static const struct hny_chrf_options wrong[] = {{.character_order = 0, .beta = 2},
                                                    {.character_order = 17, .beta = 2},
                                                    {.character_order = 6, .beta = 0},
                                                    {.character_order = 6, .word_order = 17, .beta = 2},
                                                    {.character_order = 6, .beta = 1001}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct hny_chrf *chrf;
        cr_assert_eq(hny_chrf_create(&chrf, &wrong[i]), HNY_ERROR_USAGE);
        cr_assert_null(chrf);
    }
}
