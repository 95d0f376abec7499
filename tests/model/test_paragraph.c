#include "model/paragraph.h"
#include "base/random.h"
#include "base/utf8.h"
#include <criterion/criterion.h>
#include <string.h>

static struct hny_paragraph *paragraph;

static void open_paragraph(void) {
    cr_assert_eq(hny_paragraph_create(&paragraph), HNY_OK);
}

static void close_paragraph(void) {
    hny_paragraph_destroy(&paragraph);
    cr_assert_null(paragraph);
}

TestSuite(paragraph, .init = open_paragraph, .fini = close_paragraph);

static struct hny_text text(const char *string) {
    return (struct hny_text){string, strlen(string)};
}

/* Sentences and what lies between them make LINE again, byte for byte, when nothing was translated. */
static void expect_whole(struct hny_text line, const struct hny_span *sentences, size_t count) {
    enum { SENTENCES = 512 };
    static struct hny_text same[SENTENCES];
    struct hny_buffer joined = {0}, expected = {0};
    size_t at = 0;
    cr_assert_leq(count, SENTENCES);
    for (size_t i = 0; i < count; i++) {
        cr_assert(sentences[i].start >= at && sentences[i].size > 0);
        cr_assert_leq(sentences[i].size, line.size - sentences[i].start);
        same[i] = (struct hny_text){line.data + sentences[i].start, sentences[i].size};
        hny_buffer_append(&expected, line.data + at, sentences[i].start - at);
        hny_buffer_append(&expected, same[i].data, same[i].size);
        at = sentences[i].start + sentences[i].size;
    }
    hny_buffer_append(&expected, line.data + at, line.size - at);
    cr_assert(expected.size == line.size && memcmp(expected.data, line.data, line.size) == 0);
    cr_assert_eq(hny_paragraph_join(&joined, line, sentences, same, count, HNY_JOIN_SOURCE), HNY_OK);
    cr_assert_geq(joined.size, line.size); /* one space more where two sentences touched */
    hny_buffer_free(&joined);
    hny_buffer_free(&expected);
}

/* STRING splits into the sentences that EXPECTED has between bars. */
static void expect_split(const char *string, const char *expected) {
    const struct hny_span *sentences;
    size_t count;
    struct hny_buffer found = {0};
    cr_assert_eq(hny_paragraph_split(paragraph, text(string), &sentences, &count), HNY_OK);
    expect_whole(text(string), sentences, count);
    for (size_t i = 0; i < count; i++) {
        hny_buffer_print(&found, "%s%.*s", i ? "|" : "", (int)sentences[i].size, string + sentences[i].start);
    }
    cr_assert_str_eq(found.data ? found.data : "", expected);
    hny_buffer_free(&found);
}

Test(paragraph, english_sentences_end_at_points_and_marks) {
    expect_split("Hello. How are you? Fine!", "Hello.|How are you?|Fine!");
    expect_split("What?! No way!! Really??", "What?!|No way!!|Really??");
    expect_split("One sentence without an end", "One sentence without an end");
}

Test(paragraph, abbreviations_do_not_end_a_sentence) {
    expect_split("Mr. Smith met Dr. Jones. They talked.", "Mr. Smith met Dr. Jones.|They talked.");
    expect_split("Fruit, e.g. Apples, is good. Prof. Ng agrees.",
                 "Fruit, e.g. Apples, is good.|Prof. Ng agrees.");
    expect_split("Er ist Dr. med. Müller. Z. B. Berlin, d.h. Osten.",
                 "Er ist Dr. med. Müller.|Z. B. Berlin, d.h. Osten.");
}

Test(paragraph, an_abbreviation_before_numbers_is_a_word_before_others) {
    expect_split("No. 5 is alive. No. I will not.", "No. 5 is alive.|No.|I will not.");
    expect_split("Siehe Abs. 3 und Nr. 7. Gut.", "Siehe Abs. 3 und Nr. 7.|Gut.");
}

Test(paragraph, initials_belong_to_names_unless_a_first_word_follows) {
    expect_split("J. R. R. Tolkien wrote it. A. A. Milne too.",
                 "J. R. R. Tolkien wrote it.|A. A. Milne too.");
    expect_split("The U.S. Army came to the U.S. The end.", "The U.S. Army came to the U.S.|The end.");
    expect_split("It has vitamin C. The rest is water.", "It has vitamin C.|The rest is water.");
    expect_split("Acme Inc. Chairman Bob left Acme Inc. He was tired.",
                 "Acme Inc. Chairman Bob left Acme Inc.|He was tired.");
}

Test(paragraph, numbers_keep_their_points) {
    expect_split("Pi is 3.14. It costs 1.500,00 Euro.", "Pi is 3.14.|It costs 1.500,00 Euro.");
    expect_split("1. Open it. 2. Close it.", "1. Open it.|2. Close it.");
    expect_split("Am 3. Oktober war es 1990. Dann kam er.", "Am 3. Oktober war es 1990.|Dann kam er.");
    expect_split("See www.example.com. Version 2.0 is out.", "See www.example.com.|Version 2.0 is out.");
}

Test(paragraph, closing_quotation_marks_stay_with_their_sentence) {
    expect_split("\"Stop!\" he said. \"Why?\" She left.", "\"Stop!\" he said.|\"Why?\"|She left.");
    expect_split("„Ja.“ Er ging. »Nein.« Sie blieb.", "„Ja.“|Er ging.|»Nein.«|Sie blieb.");
    expect_split("« Oui. » Il partit.", "« Oui. »|Il partit.");
    expect_split("(Yes.) No. He (really?) did.", "(Yes.)|No.|He (really?) did.");
}

Test(paragraph, ellipses_end_a_sentence_only_before_a_capital) {
    expect_split("Fine... Thanks. Well… Good… but no.", "Fine...|Thanks.|Well…|Good… but no.");
    expect_split("Wait... I think so. Well… I do.", "Wait... I think so.|Well… I do.");
}

Test(paragraph, japanese_sentences_end_without_spaces) {
    expect_split("今日は晴れ！明日は？雨です。", "今日は晴れ！|明日は？|雨です。");
    expect_split("そうだな……。行こう！！", "そうだな……。|行こう！！");
}

Test(paragraph, japanese_quotations_are_kept_whole) {
    expect_split("「はい。」「いいえ。」そう。", "「はい。」|「いいえ。」|そう。");
    expect_split("「はい。」と彼は言った。「え？」って思った。",
                 "「はい。」と彼は言った。|「え？」って思った。");
    expect_split("行け！と叫んだ。本当？とても良い。", "行け！と叫んだ。|本当？|とても良い。");
    expect_split("たぶん。（笑）次の文。", "たぶん。|（笑）次の文。");
}

Test(paragraph, languages_may_be_mixed) {
    expect_split("こんにちは。Hello there. お元気ですか？ I am fine.",
                 "こんにちは。|Hello there.|お元気ですか？|I am fine.");
}

Test(paragraph, white_space_of_any_kind_is_no_part_of_a_sentence) {
    expect_split("  One.\t Two.\xe3\x80\x80\xc2\xa0Three. ", "One.|Two.|Three.");
    expect_split("Mr.\xe2\x80\xa8Smith", "Mr.|Smith");
    expect_split("", "");
    expect_split(" \t\xe3\x80\x80 ", "");
}

Test(paragraph, a_long_text_without_an_end_is_one_sentence) {
    enum { SIZE = 100000 };
    static char line[SIZE + 1];
    const struct hny_span *sentences;
    size_t count;
    memset(line, 'x', SIZE);
    cr_assert_eq(hny_paragraph_split(paragraph, text(line), &sentences, &count), HNY_OK);
    cr_assert(count == 1 && sentences[0].start == 0 && sentences[0].size == SIZE);
}

Test(paragraph, any_text_is_whole_after_splitting) {
    static const char *const pieces[] = {
        "a",  "B",  "I",  ".",  "…",   "!",    "。",   "「",           "」", "（",
        "）", "\"", "“",  "»",  "«",   " ",    " ",    "\xe3\x80\x80", "\t", "\xe2\x80\xa8",
        "3",  "Dr", "と", "は", "The", "\xff", "\xe3", "\xcc\x81",     "😀",  ",",
        "-",  ""};
    enum { LINES = 3000, PIECES = sizeof pieces / sizeof *pieces };
    struct hny_random random = hny_random_stream(1, HNY_RANDOM_SAMPLE, 0, 0);
    struct hny_buffer line = {0};
    uint64_t draw = 0;
    for (int i = 0; i < LINES; i++) {
        const struct hny_span *sentences;
        size_t count;
        hny_buffer_clear(&line);
        for (uint32_t left = hny_random_word(&random, draw++) % 40; left > 0; left--) {
            const char *piece = pieces[hny_random_word(&random, draw++) % PIECES];
            size_t size = *piece ? strlen(piece) : 1; /* the last one is a NUL byte */
            cr_assert_eq(hny_buffer_append(&line, piece, size), HNY_OK);
        }
        struct hny_text all = {line.data, line.size};
        cr_assert_eq(hny_paragraph_split(paragraph, all, &sentences, &count), HNY_OK);
        expect_whole(all, sentences, count);
    }
    hny_buffer_free(&line);
}

static void expect_join(const char *source, const char *const *translations, enum hny_join join,
                        const char *expected) {
    enum { SENTENCES = 4 };
    const struct hny_span *sentences;
    struct hny_text texts[SENTENCES];
    size_t count;
    struct hny_buffer joined = {0};
    cr_assert_eq(hny_paragraph_split(paragraph, text(source), &sentences, &count), HNY_OK);
    cr_assert_leq(count, SENTENCES);
    for (size_t i = 0; i < count; i++) texts[i] = text(translations[i]);
    cr_assert_eq(hny_paragraph_join(&joined, text(source), sentences, texts, count, join), HNY_OK);
    cr_assert_str_eq(joined.data, expected);
    hny_buffer_free(&joined);
}

Test(paragraph, translations_are_joined_with_the_spacing_of_the_source) {
    static const char *const german[] = {"Hallo.", "Wie geht's?"}, *const japanese[] = {"こんにちは。",
                                                                                        "お元気ですか？"};
    expect_join(" Hello.  How are you?\t", german, HNY_JOIN_SOURCE, " Hallo.  Wie geht's?\t");
    expect_join("Hello. How are you?", japanese, HNY_JOIN_SOURCE, "こんにちは。 お元気ですか？");
}

Test(paragraph, sentences_that_touched_are_set_apart_where_the_target_writes_spaces) {
    static const char *const english[] = {"Hello.", "How are you?"},
                             *const chinese[] = {"你好。", "你好吗？"},
                             *const korean[] = {"안녕하세요.", "어떻게 지내세요?"},
                             *const smile[] = {"Hello 😀", "How are you?"};
    expect_join("こんにちは。お元気ですか？", english, HNY_JOIN_SOURCE, "Hello. How are you?");
    expect_join("こんにちは。お元気ですか？", chinese, HNY_JOIN_SOURCE, "你好。你好吗？");
    expect_join("こんにちは。お元気ですか？", korean, HNY_JOIN_SOURCE, "안녕하세요. 어떻게 지내세요?");
    expect_join("こんにちは。お元気ですか？", smile, HNY_JOIN_SOURCE, "Hello 😀 How are you?");
}

Test(paragraph, an_empty_translation_adds_no_space) {
    static const char *const english[] = {"", "How are you?"};
    expect_join("こんにちは。お元気ですか？", english, HNY_JOIN_SOURCE, "How are you?");
}

Test(paragraph, on_request_single_spaces_become_what_the_target_writes) {
    static const char *const japanese[] = {"一。", "二。", "三。"}, *const english[] = {"One.", "Two."};
    expect_join("One. Two.  Three.", japanese, HNY_JOIN_TARGET, "一。二。  三。");
    expect_join("一。\xe3\x80\x80二。", english, HNY_JOIN_TARGET, "One. Two.");
}
