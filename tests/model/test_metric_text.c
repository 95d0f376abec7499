#include "base/utf8.h"
#include "model/metric_text.h"
#include <criterion/criterion.h>
#include <string.h>

static struct hny_text text(const char *string) {
    return (struct hny_text){string, strlen(string)};
}

/* STRING tokenised, its words joined by "|", against EXPECTED. */
static void expect_words(enum hny_metric_tokenizer tokenizer, const char *string, const char *expected) {
    struct hny_buffer tokenized = {0}, joined = {0};
    cr_assert_eq(hny_metric_tokenize(&tokenized, tokenizer, text(string)), HNY_OK);
    struct hny_text rest = {tokenized.data, tokenized.size}, word;
    while (hny_metric_word(&rest, &word)) {
        cr_assert_eq(hny_buffer_print(&joined, "%s%.*s", joined.size ? "|" : "", (int)word.size, word.data),
                     HNY_OK);
    }
    cr_assert_str_eq(joined.data ? joined.data : "", expected);
    hny_buffer_free(&tokenized);
    hny_buffer_free(&joined);
}

static void expect_lower(const char *string, const char *expected) {
    struct hny_buffer lower = {0};
    cr_assert_eq(hny_metric_lower(&lower, text(string)), HNY_OK);
    cr_assert_str_eq(lower.data ? lower.data : "", expected);
    hny_buffer_free(&lower);
}

Test(metric_text, tokeniser_13a_keeps_points_and_commas_inside_numbers_only) {
    expect_words(HNY_METRIC_13A, "It cost 1,500.50, or so.", "It|cost|1,500.50|,|or|so|.");
    expect_words(HNY_METRIC_13A, "a.b .5 5. x", "a|.|b|.|5|5|.|x");
    expect_words(HNY_METRIC_13A, "In 1999.", "In|1999|.");
}

Test(metric_text, tokeniser_13a_splits_dashes_behind_digits_only) {
    expect_words(HNY_METRIC_13A, "well-known 10-year", "well-known|10|-|year");
}

Test(metric_text, tokeniser_13a_resolves_entities_in_mtevals_order) {
    expect_words(HNY_METRIC_13A, "&quot;x&quot; &lt;b&gt;", "\"|x|\"|<|b|>");
    expect_words(HNY_METRIC_13A, "&amp;lt;", "<");
    expect_words(HNY_METRIC_13A, "a<skipped>b half-\nway", "ab|halfway");
}

Test(metric_text, tokeniser_13a_leaves_apostrophes_and_other_scripts_alone) {
    expect_words(HNY_METRIC_13A, "don't «oui» はい。", "don't|«oui»|はい。");
}

Test(metric_text, tokeniser_intl_goes_by_unicode_category) {
    expect_words(HNY_METRIC_INTL, "«oui» 5€ はい。", "«|oui|»|5|€|はい|。");
    expect_words(HNY_METRIC_INTL, "1,5 Ⅷ.Ⅸ a.b", "1,5|Ⅷ.Ⅸ|a|.|b");
    /* As mteval-v14 does: the last point of a line is apart only when no number stands before it. */
    expect_words(HNY_METRIC_INTL, "In 1999.", "In|1999.");
}

Test(metric_text, tokeniser_char_makes_a_word_of_each_character) {
    expect_words(HNY_METRIC_CHAR, "ab 日　本\xc2\xa0!", "a|b|日|本|!");
}

Test(metric_text, tokeniser_none_splits_at_pythons_white_space_alone) {
    expect_words(HNY_METRIC_NONE,
                 " a,b\tc\x1c"
                 "d\xe3\x80\x80"
                 "e\xe2\x80\x8b"
                 "f ",
                 "a,b|c|d|e\xe2\x80\x8b"
                 "f");
}

Test(metric_text, a_tokeniser_is_found_by_its_name_and_others_are_refused) {
    enum hny_metric_tokenizer tokenizer = HNY_METRIC_13A;
    cr_assert_eq(hny_metric_tokenizer_named("intl", &tokenizer), HNY_OK);
    cr_assert_eq(tokenizer, HNY_METRIC_INTL);
    cr_assert_eq(hny_metric_tokenizer_named("zh", &tokenizer), HNY_ERROR_USAGE);
    cr_assert_eq(tokenizer, HNY_METRIC_INTL);
    cr_assert(strstr(hny_message(), "'zh'"));
}

Test(metric_text, lower_case_is_that_of_python) {
    expect_lower("Straße ÄÖÜ ДОМ", "straße äöü дом");
    expect_lower("İ", "i\xcc\x87");
    expect_lower("ΟΔΟΣ ΟΔΟΣ.", "οδος οδος.");
    expect_lower("ΣΑΣ", "σας");
    expect_lower("", "");
}

Test(metric_text, white_space_is_what_python_strips) {
    struct hny_text trimmed = hny_metric_trim_end(text(" a b\xc2\x85\xe2\x80\xa8 \r"));
    cr_assert_eq(trimmed.size, 4);
    cr_assert_eq(hny_metric_trim_end(text(" \t ")).size, 0);
    cr_assert(!hny_metric_space(0x200b) && !hny_metric_space(0x180e) && hny_metric_space(0x1f));
}

Test(metric_text, broken_bytes_are_characters_and_never_read_beyond) {
    expect_words(HNY_METRIC_CHAR, "a\xe3\x81", "a|\xe3\x81");
    expect_lower("A\xff", "a\xff");
}
