#include "golden.h"
#include "model/bleu.h"
#include "model/metric_report.h"
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static const double tolerance = 0.01;

static struct hny_text text(const char *string) {
    return (struct hny_text){string, strlen(string)};
}

/* The options that SIGNATURE tells of. */
static struct hny_bleu_options read_signature(const char *signature) {
    struct hny_bleu_options options = {.lowercase = strstr(signature, "|case:lc|") != NULL,
                                       .effective_order = strstr(signature, "|eff:yes|") != NULL};
    char tokenizer[16], smooth[16];
    cr_assert_eq(sscanf(strstr(signature, "|tok:"), "|tok:%15[^|]|smooth:%15[^|[]", tokenizer, smooth), 2);
    cr_assert_eq(hny_metric_tokenizer_named(tokenizer, &options.tokenizer), HNY_OK);
    cr_assert_eq(hny_bleu_smooth_named(smooth, &options.smooth), HNY_OK);
    return options;
}

static void expect_integer(const struct golden *golden, const char *key, int index, uint64_t value) {
    const json_t *expected = json_object_get(golden->expected, key);
    if (index >= 0) expected = json_array_get(expected, (size_t)index);
    if (!expected) return; /* smoothings other than exp carry the score alone */
    cr_assert_eq((uint64_t)json_integer_value(expected), value, "%s, %s: %s[%d] is %llu", golden->name,
                 golden->signature, key, index, (unsigned long long)value);
}

static void check_bleu(const struct golden *golden) {
    struct hny_bleu_options options = read_signature(golden->signature);
    struct hny_bleu *bleu;
    struct hny_bleu_score score;
    struct hny_buffer signature = {0};
    cr_assert_eq(hny_bleu_create(&bleu, &options), HNY_OK);
    for (size_t i = 0; i < golden->sentences; i++) {
        const struct hny_text *references = golden->references + i * golden->reference_count;
        cr_assert_eq(hny_bleu_add(bleu, golden->hypotheses[i], references, golden->reference_count), HNY_OK);
    }
    hny_bleu_score(bleu, &score);
    cr_assert_float_eq(score.score, json_number_value(json_object_get(golden->expected, "score")), tolerance,
                       "%s, %s: %f", golden->name, golden->signature, score.score);
    for (int n = 0; n < HNY_BLEU_ORDERS; n++) {
        expect_integer(golden, "counts", n, score.counts[n]);
        expect_integer(golden, "totals", n, score.totals[n]);
    }
    expect_integer(golden, "sys_len", -1, score.hypothesis_length);
    expect_integer(golden, "ref_len", -1, score.reference_length);
    cr_assert_eq(hny_bleu_signature(bleu, false, &signature), HNY_OK);
    cr_assert_str_eq(signature.data, golden->signature);
    hny_buffer_free(&signature);
    hny_bleu_destroy(&bleu);
}

Test(bleu, golden_counts_lengths_scores_and_signatures_are_those_of_sacrebleu) {
    size_t scorings = golden_each("|smooth:", check_bleu);
    cr_assert(scorings > (golden_is_ours() ? 1000 : 0));
}

static struct hny_bleu_score score_of(const struct hny_bleu_options *options, const char *hypothesis,
                                      const char *reference) {
    struct hny_bleu_score score;
    struct hny_text texts[] = {text(hypothesis), text(reference)};
    cr_assert_eq(hny_bleu_corpus(options, &texts[0], &texts[1], 1, &score), HNY_OK);
    return score;
}

Test(bleu, a_perfect_translation_scores_one_hundred) {
    struct hny_bleu_options options = {0};
    cr_assert_float_eq(score_of(&options, "The cat is on the mat.", "The cat is on the mat.").score, 100,
                       1e-9);
}

Test(bleu, case_counts_unless_lowercase_is_asked_for) {
    struct hny_bleu_options cased = {0}, uncased = {.lowercase = true};
    cr_assert_lt(score_of(&cased, "DER HUND BELLT ÜBER", "der Hund bellt über").score, 1);
    cr_assert_float_eq(score_of(&uncased, "DER HUND BELLT ÜBER", "der Hund bellt über").score, 100, 1e-9);
}

Test(bleu, effective_order_leaves_out_orders_the_sentence_is_too_short_for) {
    struct hny_bleu_options corpus = {0}, sentence = {.effective_order = true};
    cr_assert_eq(score_of(&corpus, "guten Tag", "guten Tag").score, 0);
    cr_assert_float_eq(score_of(&sentence, "guten Tag", "guten Tag").score, 100, 1e-9);
}

Test(bleu, a_short_hypothesis_pays_the_brevity_penalty) {
    struct hny_bleu_options options = {0};
    struct hny_bleu_score score = score_of(&options, "a b c d", "a b c d e f g h");
    cr_assert_float_eq(score.brevity_penalty, exp(-1), 1e-12);
    cr_assert_float_eq(score.score, 100 * exp(-1), 1e-9);
}

Test(bleu, no_sentence_and_an_empty_one_score_nothing) {
    struct hny_bleu_options options = {0};
    struct hny_bleu_score score = score_of(&options, "", "a b");
    cr_assert_eq(score.score, 0);
    cr_assert_eq(score.brevity_penalty, 0);
    cr_assert_eq(hny_bleu_corpus(&options, NULL, NULL, 0, &score), HNY_OK);
    cr_assert_eq(score.score, 0);
}

Test(bleu, a_reset_one_begins_afresh) {
    struct hny_bleu_options options = {0};
    struct hny_bleu *bleu;
    struct hny_bleu_score score;
    struct hny_text words = text("a b c d"), other = text("e f g h");
    cr_assert_eq(hny_bleu_create(&bleu, &options), HNY_OK);
    cr_assert_eq(hny_bleu_add(bleu, words, &other, 1), HNY_OK);
    hny_bleu_reset(bleu);
    cr_assert_eq(hny_bleu_add(bleu, words, &words, 1), HNY_OK);
    hny_bleu_score(bleu, &score);
    cr_assert_float_eq(score.score, 100, 1e-9);
    hny_bleu_destroy(&bleu);
    cr_assert_null(bleu);
}

Test(bleu, signatures_tell_of_varying_references_and_have_a_brief_form) {
    struct hny_bleu_options options = {
        .smooth = HNY_BLEU_FLOOR, .smooth_value = 0.25, .effective_order = true};
    struct hny_bleu *bleu;
    struct hny_buffer signature = {0};
    struct hny_text references[] = {text("a"), text("b")};
    cr_assert_eq(hny_bleu_create(&bleu, &options), HNY_OK);
    cr_assert_eq(hny_bleu_add(bleu, text("a"), references, 2), HNY_OK);
    cr_assert_eq(hny_bleu_signature(bleu, true, &signature), HNY_OK);
    cr_assert_str_eq(signature.data, "#:2|c:mixed|e:yes|tok:13a|s:floor[0.25]|v:2.6.0");
    cr_assert_eq(hny_bleu_add(bleu, text("a"), references, 1), HNY_OK);
    hny_buffer_clear(&signature);
    cr_assert_eq(hny_bleu_signature(bleu, false, &signature), HNY_OK);
    cr_assert_str_eq(signature.data, "nrefs:var|case:mixed|eff:yes|tok:13a|smooth:floor[0.25]|version:2.6.0");
    hny_buffer_free(&signature);
    hny_bleu_destroy(&bleu);
}

Test(bleu, wrong_options_are_refused_by_name) {
    struct hny_bleu_options options = {.smooth_value = -1};
    struct hny_bleu *bleu;
    enum hny_bleu_smooth smooth = HNY_BLEU_EXP;
    cr_assert_eq(hny_bleu_create(&bleu, &options), HNY_ERROR_USAGE);
    cr_assert_null(bleu);
    cr_assert_eq(hny_bleu_smooth_named("chen", &smooth), HNY_ERROR_USAGE);
    cr_assert(strstr(hny_message(), "'chen'"));
    options.smooth_value = 0;
    cr_assert_eq(hny_bleu_create(&bleu, &options), HNY_OK);
    cr_assert_eq(hny_bleu_add(bleu, text("a"), NULL, 0), HNY_ERROR_USAGE);
    hny_bleu_destroy(&bleu);
}

Test(bleu, the_printed_forms_are_sacrebleus_byte_for_byte) {
    struct hny_buffer out = {0}, verbose = {0};
    struct hny_bleu_options options = {0};
    struct hny_bleu_score score = score_of(&options, "a b c d", "a b c d e f g h");
    cr_assert_eq(hny_bleu_verbose(&score, &verbose), HNY_OK);
    struct hny_metric_report report = {"BLEU", score.score, "nrefs:1|case:mixed|tok:13a", verbose.data};
    cr_assert_eq(hny_metric_print_text(&out, &report, 1), HNY_OK);
    cr_assert_str_eq(
        out.data, "BLEU|nrefs:1|case:mixed|tok:13a = 36.8 100.0/100.0/100.0/100.0 (BP = 0.368 ratio = 0.500 "
                  "hyp_len = 4 ref_len = 8)");
    hny_buffer_clear(&out);
    cr_assert_eq(hny_metric_print_json(&out, &report, 2), HNY_OK);
    cr_assert_str_eq(out.data,
                     "{\n \"name\": \"BLEU\",\n \"score\": 36.79,\n"
                     " \"signature\": \"nrefs:1|case:mixed|tok:13a\",\n"
                     " \"verbose_score\": \"100.0/100.0/100.0/100.0 (BP = 0.368 ratio = 0.500 hyp_len = 4 "
                     "ref_len = 8)\",\n"
                     " \"nrefs\": \"1\",\n \"case\": \"mixed\",\n \"tok\": \"13a\"\n}");
    hny_buffer_free(&out);
    hny_buffer_free(&verbose);
}

Test(bleu, a_json_score_is_written_as_python_writes_floats) {
    static const struct {
        double score;
        int width;
        const char *expected;
    } cases[] = {{100, 1, "\"score\": 100.0,"},
                 {30, 2, "\"score\": 30.0,"},
                 {0, 1, "\"score\": 0.0,"},
                 {7, 0, "\"score\": 7.0,"},
                 {12.345678, 4, "\"score\": 12.3457,"},
                 {0.00001, 5, "\"score\": 1e-05,"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hny_buffer out = {0};
        struct hny_metric_report report = {"chrF2", cases[i].score, "nrefs:1", ""};
        cr_assert_eq(hny_metric_print_json(&out, &report, cases[i].width), HNY_OK);
        cr_assert(strstr(out.data, cases[i].expected), "%s", out.data);
        cr_assert_null(strstr(out.data, "verbose_score"));
        hny_buffer_free(&out);
    }
}
