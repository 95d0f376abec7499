#include "../base/scratch.h"
#include "corpora/derivation.h"
#include "corpora/nearest.h"
#include "corpora/textset.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(grammar, .init = scratch_open, .fini = scratch_close);

/* A small grammar with all that the notation has. */
static const char toy[] = "# a toy\n"
                          "language en spaces capital . ,\n"
                          "language ja 。\n"
                          "sound en a an a e i o u hour -uni\n"
                          "feature number = one many*3\n"
                          "feature kind = food tool\n"
                          "class noun[kind]\n"
                          "  en forms one many\n"
                          "  en * * *s\n"
                          "  en *ch *ch *ches\n"
                          "words noun[food]\n"
                          "  apple | りんご\n"
                          "  peach | 桃\n"
                          "words noun[tool]\n"
                          "  *2 unicycle | 一輪車\n"
                          "class verb[kind]\n"
                          "  en forms ed\n"
                          "  ja forms past\n"
                          "  ja *る *た\n"
                          "words verb[any]\n"
                          "  looked ~ at | 見る\n"
                          "words verb[food]\n"
                          "  ate | 食べる\n"
                          "rule Thing[one,kind]\n"
                          "  a {noun[kind]:one} | {noun}\n"
                          "rule Thing[many,kind]\n"
                          "  two {noun[kind]:many} | {noun} 二 +つ\n"
                          "rule Sentence\n"
                          "  he {verb[kind]:ed} {Thing[number,kind]} .\n"
                          "  | {Thing} を {verb:past} 。\n";

struct opened {
    struct hny_grammar *grammar;
    struct hny_expansion *expansion;
};

/* Reads TEXT as a grammar and expands it; the status of what fails first. */
static hny_status open_grammar(const char *text, struct opened *opened) {
    *opened = (struct opened){0};
    const char *paths[] = {scratch_put("grammar", text, strlen(text))};
    HNY_TRY(hny_grammar_read(&opened->grammar, paths, 1));
    return hny_expansion_create(&opened->expansion, opened->grammar, "Sentence");
}

static void close_grammar(struct opened *opened) {
    hny_expansion_destroy(&opened->expansion);
    hny_grammar_destroy(&opened->grammar);
}

/* Expects that TEXT is refused with a message that holds PART. */
static void expect_refused(const char *text, const char *part) {
    struct opened opened;
    cr_assert_eq(open_grammar(text, &opened), HNY_ERROR_INPUT, "%s was accepted", text);
    cr_assert(strstr(hny_message(), part), "%s does not say %s", hny_message(), part);
    close_grammar(&opened);
}

/* The toy with FROM replaced by TO. */
static const char *changed(const char *from, const char *to) {
    static char text[sizeof toy + 512];
    const char *at = strstr(toy, from);
    cr_assert(at, "%s", from);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - toy), toy, to, at + strlen(from));
    return text;
}

Test(grammar, both_sides_are_inflected_and_written_as_their_language_is) {
    struct opened opened;
    struct hny_derivation *derivation = NULL;
    struct hny_pair pair = {0};
    const char *wanted[] = {
        "He ate an apple.\tりんごを食べた。",        "He ate a peach.\t桃を食べた。",
        "He looked at an apple.\tりんごを見た。",    "He looked at a peach.\t桃を見た。",
        "He looked at a unicycle.\t一輪車を見た。",  "He ate two apples.\tりんご二つを食べた。",
        "He ate two peaches.\t桃二つを食べた。",     "He looked at two apples.\tりんご二つを見た。",
        "He looked at two peaches.\t桃二つを見た。", "He looked at two unicycles.\t一輪車二つを見た。",
    };
    size_t met[sizeof wanted / sizeof *wanted] = {0};
    cr_assert_eq(open_grammar(toy, &opened), HNY_OK, "%s", hny_message());
    cr_assert_eq(hny_derivation_create(&derivation, opened.expansion), HNY_OK);
    for (uint64_t i = 0; i < 2000; i++) {
        char line[256];
        cr_assert_eq(hny_derivation_draw(derivation, 1, i, &pair), HNY_OK);
        snprintf(line, sizeof line, "%s\t%s", pair.sides[0].text.data, pair.sides[1].text.data);
        size_t j = 0;
        while (j < sizeof wanted / sizeof *wanted && strcmp(wanted[j], line)) j++;
        cr_assert_lt(j, sizeof wanted / sizeof *wanted, "%s", line);
        met[j]++;
    }
    for (size_t j = 0; j < sizeof wanted / sizeof *wanted; j++) cr_expect_gt(met[j], 0, "%s", wanted[j]);
    hny_pair_free(&pair);
    hny_derivation_destroy(&derivation);
    close_grammar(&opened);
}

Test(grammar, derivations_are_counted_by_the_words_of_their_source) {
    struct opened opened;
    cr_assert_eq(open_grammar(toy, &opened), HNY_OK, "%s", hny_message());
    cr_expect_eq(hny_expansion_count(opened.expansion, 0, HNY_EXPANSION_WORDS), 10);
    cr_expect_eq(hny_expansion_count(opened.expansion, 4, 4), 4, "he ate a peach");
    cr_expect_eq(hny_expansion_count(opened.expansion, 5, 5), 6, "he looked at two unicycles");
    close_grammar(&opened);
}

Test(grammar, weights_decide_how_often_a_value_comes) {
    struct opened opened;
    struct hny_derivation *derivation = NULL;
    struct hny_pair pair = {0};
    size_t many = 0, draws = 4000;
    cr_assert_eq(open_grammar(toy, &opened), HNY_OK, "%s", hny_message());
    cr_assert_eq(hny_derivation_create(&derivation, opened.expansion), HNY_OK);
    for (uint64_t i = 0; i < draws; i++) {
        cr_assert_eq(hny_derivation_draw(derivation, 7, i, &pair), HNY_OK);
        many += strstr(pair.sides[0].text.data, " two ") != NULL;
    }
    cr_expect(many > draws * 72 / 100 && many < draws * 78 / 100, "%zu of %zu, not three in four", many,
              draws);
    hny_pair_free(&pair);
    hny_derivation_destroy(&derivation);
    close_grammar(&opened);
}

Test(grammar, a_pair_is_a_function_of_seed_and_number) {
    struct opened opened;
    struct hny_derivation *derivation = NULL;
    struct hny_pair one = {0}, other = {0};
    cr_assert_eq(open_grammar(toy, &opened), HNY_OK, "%s", hny_message());
    cr_assert_eq(hny_derivation_create(&derivation, opened.expansion), HNY_OK);
    size_t different = 0;
    for (uint64_t i = 0; i < 50; i++) {
        cr_assert_eq(hny_derivation_draw(derivation, 3, i, &one), HNY_OK);
        cr_assert_eq(hny_derivation_draw(derivation, 4, i, &other), HNY_OK);
        different += strcmp(one.sides[0].text.data, other.sides[0].text.data) != 0;
        cr_assert_eq(hny_derivation_draw(derivation, 3, i, &other), HNY_OK);
        cr_assert_str_eq(one.sides[0].text.data, other.sides[0].text.data);
        cr_assert_str_eq(one.sides[1].text.data, other.sides[1].text.data);
    }
    cr_expect_gt(different, 25);
    hny_pair_free(&one);
    hny_pair_free(&other);
    hny_derivation_destroy(&derivation);
    close_grammar(&opened);
}

Test(grammar, words_are_given_without_punctuation_and_glue_makes_one_word) {
    struct opened opened;
    struct hny_derivation *derivation = NULL;
    struct hny_pair pair = {0};
    cr_assert_eq(open_grammar(toy, &opened), HNY_OK, "%s", hny_message());
    cr_assert_eq(hny_derivation_create(&derivation, opened.expansion), HNY_OK);
    for (uint64_t i = 0;; i++) {
        cr_assert_eq(hny_derivation_draw(derivation, 1, i, &pair), HNY_OK);
        if (!strcmp(pair.sides[0].text.data, "He ate two peaches.")) break;
    }
    cr_expect_eq(pair.sides[0].word_count, 4);
    cr_expect_arr_eq(pair.sides[0].words.data, "he\0ate\0two\0peaches", sizeof "he\0ate\0two\0peaches");
    cr_expect_eq(pair.sides[1].word_count, 4);
    cr_expect_arr_eq(pair.sides[1].words.data, "桃\0二つ\0を\0食べた", sizeof "桃\0二つ\0を\0食べた");
    hny_pair_free(&pair);
    hny_derivation_destroy(&derivation);
    close_grammar(&opened);
}

Test(grammar, what_is_wrong_is_refused_with_file_and_line) {
    expect_refused(changed("# a toy", "# a toy\nnonsense"), "grammar:2: expected language");
    expect_refused(changed("{noun[kind]:one}", "{noum[kind]:one}"), "noum is nowhere defined");
    expect_refused(changed("{noun[kind]:one}", "{noun[kind]:two}"), "noun has no form two in en");
    expect_refused(changed("{noun[kind]:one}", "{noun[number]:one}"), "number 1 is not what it should be");
    expect_refused(changed("{noun[kind]:one}", "{noun[kind:one}"), "expected noun[");
    expect_refused(changed("noun[tool]", "noun[toll]"), "toll is no value");
    expect_refused(changed("noun[tool]", "noun[one]"), "one is not a kind");
    expect_refused(changed("  *2 unicycle", "  *0 unicycle"), "0 is not a weight");
    expect_refused(changed("unicycle | 一輪車", "unicycle"), "expected WORD | WORD");
    expect_refused(changed("食べる", "食う"), "no ending of verb fits");
    expect_refused(changed("feature kind = food", "feature kind = one"), "one is a value of number already");
    expect_refused(changed("  | {Thing} を {verb:past} 。\n", ""), "the last rule has no target");
    expect_refused(changed("two {noun[kind]:many}", "two {noun[kind]:many} {noun:one}"),
                   "twice in the source");
    expect_refused(changed("two {noun[kind]:many} | {noun} 二 +つ", "{Sentence} | {Sentence}"),
                   "leads back to itself");
    expect_refused(changed("language ja 。\n", ""), "ja is not one of the languages");
    expect_refused("language en\n", "names 1 languages, not 2");
    expect_refused(changed("class verb", "class other\nwords other\n  x | y\nclass verb"),
                   "no sentence can hold other");
}

Test(grammar, a_missing_file_is_an_error) {
    struct hny_grammar *grammar = NULL;
    const char *paths[] = {"/nowhere/grammar"};
    cr_expect_eq(hny_grammar_read(&grammar, paths, 1), HNY_ERROR_IO);
    cr_expect_null(grammar);
}

Test(textset, a_text_is_fresh_once_however_many_there_are) {
    struct hny_textset *set = NULL;
    char text[32];
    bool fresh = false;
    cr_assert_eq(hny_textset_create(&set), HNY_OK);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 10000; i++) {
            int size = snprintf(text, sizeof text, "%d", i);
            cr_assert_eq(hny_textset_has(set, text, (size_t)size), round == 1);
            cr_assert_eq(hny_textset_add(set, text, (size_t)size, &fresh), HNY_OK);
            cr_assert_eq(fresh, round == 0);
        }
    }
    cr_expect_eq(hny_textset_count(set), 10000);
    cr_expect_not(hny_textset_has(set, "12345x", 6));
    hny_textset_destroy(&set);
}

Test(nearest, every_likeness_finds_the_sentence_itself_and_then_the_nearest) {
    const char *memory[] = {"a dog sleeps", "the cat sat on the mat", "the cat ran home today", "birds sing"};
    const char *queries[] = {"the cat sat on the mat", "the cat sat on a mat", "birds sing songs", ""};
    const struct hny_sentences known = {memory, 4}, asked = {queries, 4};
    for (int likeness = 0; likeness < HNY_LIKENESSES; likeness++) {
        size_t nearest[4] = {9, 9, 9, 9};
        cr_assert_eq(hny_nearest((enum hny_likeness)likeness, known, asked, nearest), HNY_OK);
        const char *name = hny_likeness_name((enum hny_likeness)likeness);
        cr_expect_eq(nearest[0], 1, "%s", name);
        cr_expect_eq(nearest[1], 1, "%s", name);
        cr_expect_eq(nearest[2], 3, "%s", name);
        cr_expect_lt(nearest[3], 4, "%s", name);
    }
}

Test(nearest, a_memory_without_sentences_is_refused) {
    size_t nearest[1];
    const char *query[] = {"x"};
    cr_expect_eq(hny_nearest(HNY_LIKENESS_WORDS, (struct hny_sentences){NULL, 0},
                             (struct hny_sentences){query, 1}, nearest),
                 HNY_ERROR_USAGE);
}
