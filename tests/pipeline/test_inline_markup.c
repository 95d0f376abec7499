#include "pipeline/inline_markup.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(inline_markup);

static struct hny_text text(const char *bytes) {
    return (struct hny_text){bytes, strlen(bytes)};
}

enum { MOST = 100 };

/* The tags of HTML, whose every other character is text, and the text itself in SENTENCE. */
static size_t read_marks(const char *html, struct hny_inline_mark *marks, char *sentence) {
    size_t count = 0, visible = 0;
    while (*html) {
        if (*html == '<') {
            size_t size = strcspn(html, ">") + 1;
            marks[count++] = (struct hny_inline_mark){{html, size}, visible, html[1] == '/'};
            html += size;
        } else {
            visible += *html != ' ' && (*html & 0xc0) != 0x80;
            *sentence++ = *html++;
        }
    }
    *sentence = '\0';
    return count;
}

/* HTML with TRANSLATION for its text, whose attention LINE tells, or NULL, is RESULT. */
static void expect(const char *html, const char *translation, const char *line, const char *result) {
    struct hny_inline_mark marks[MOST];
    struct hny_buffer out = {0};
    char sentence[400];
    json_t *json = NULL;
    size_t count = read_marks(html, marks, sentence);
    if (line) cr_assert_eq(hny_json_parse("line", line, strlen(line), &json), HNY_OK, "%s", hny_message());
    cr_assert(hny_inline_whole(marks, count), "%s", html);
    cr_assert_eq(hny_inline_write(text(sentence), marks, count, text(translation ? translation : sentence),
                                  json, &out),
                 HNY_OK, "%s", hny_message());
    cr_assert_str_eq(out.data, result);
    json_decref(json);
    hny_buffer_free(&out);
}

static bool whole(const char *html) {
    struct hny_inline_mark marks[MOST];
    char sentence[400];
    size_t count = read_marks(html, marks, sentence);
    return hny_inline_whole(marks, count);
}

Test(inline_markup, elements_are_whole_or_not) {
    static const char *const good[] = {"a", "<b>a</b>", "<b><i>a</i>c</b><b></b>", "<B x=y>a</b >"},
                             *const bad[] = {"<b>",     "</b>",
                                             "<b></i>", "<b><i></b></i>",
                                             "</b><b>", "<b><bb></b></bb>",
                                             "<b></bb>"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) cr_assert(whole(good[i]), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) cr_assert(!whole(bad[i]), "%s", bad[i]);
    struct hny_inline_mark marks[HNY_INLINE_MARKS + 2];
    for (size_t i = 0; i < HNY_INLINE_MARKS + 2; i++)
        marks[i] = (struct hny_inline_mark){text(i % 2 ? "</b>" : "<b>"), i / 2, i % 2};
    cr_assert(hny_inline_whole(marks, HNY_INLINE_MARKS));
    cr_assert(!hny_inline_whole(marks, HNY_INLINE_MARKS + 2));
    for (size_t i = 0; i < HNY_INLINE_MARKS; i++) marks[i] = (struct hny_inline_mark){text("<b>"), 0, false};
    cr_assert(!hny_inline_whole(marks, HNY_INLINE_MARKS));
}

Test(inline_markup, in_the_same_text_they_stand_where_they_stood) {
    expect("no tags & >", NULL, NULL, "no tags &amp; &gt;");
    expect("I <i>like</i> <a href=x><b>猫</b>s</a>.", NULL, NULL, "I <i>like</i> <a href=x><b>猫</b>s</a>.");
    expect("a<b></b> c", NULL, NULL, "a <b></b>c");
}

Test(inline_markup, without_attention_they_stand_around_the_sentence) {
    expect("I <i>like</i> <b>cats</b>.", "猫&犬。", NULL, "<i>猫&amp;犬。</i><b></b>");
    expect("I <a>like <b>cats</b></a>.", "猫が好き。", "{\"parts\":7}", "<a><b>猫が好き。</b></a>");
    expect("I <b></b>like cats.", "猫。", NULL, "猫。<b></b>");
}

/* "I like cats ." to "cats I like .": what was said of the last word is now of the first. */
static const char turned[] =
    "{\"parts\":[{\"source\":[\"▁I\",\"▁like\",\"▁ca\",\"ts\",\".\"],\"target\":[\"▁Kat\",\"zen\",\"▁mag\","
    "\"▁ich\",\".\"],"
    "\"attention\":[[0.1,0.1,0.5,0.2,0.1,0],[0,0.1,0.2,0.6,0.1,0],[0.2,0.7,0.1,0,0,0],[0.9,0.1,0,0,0,0],"
    "[0,0,0.1,0.1,0.1,0.7],[0,0,0,0,0,1]]}]}";

Test(inline_markup, they_follow_the_attention) {
    expect("I like <b>cats</b>.", "Katzen mag ich.", turned, "<b>Katzen</b> mag ich.");
    expect("<i>I</i> like <b>cats</b>.", "Katzen mag ich.", turned, "<b>Katzen</b> mag <i>ich</i>.");
    expect("<i>I <u>like</u></i> cats.", "Katzen mag ich.", turned, "Katzen <i><u>mag</u> ich</i>.");
    expect("I <u>like <b>cats</b></u>.", "Katzen mag ich.", turned, "<u><b>Katzen</b> mag</u> ich.");
    expect("I <u></u>like cats.", "Katzen mag ich.", turned, "Katzen <u></u>mag ich.");
}

Test(inline_markup, no_word_is_parted) {
    expect("I like ca<b>ts</b>.", "Katzen mag ich.", turned, "<b>Katzen</b> mag ich.");
    expect("I like <i>ca</i><b>ts</b>.", "Katzen mag ich.", turned, "<i>Katzen</i><b></b> mag ich.");
}

Test(inline_markup, letters_that_stand_side_by_side_are_words) {
    expect(
        "I like <b>cats</b>.", "猫が好き。",
        "{\"parts\":[{\"source\":[\"▁I\",\"▁like\",\"▁cats\",\".\"],\"target\":[\"▁\",\"<0xE7>\",\"<0x8C>\","
        "\"<0xAB>\","
        "\"が好き\",\"。\"],\"attention\":[[0,0,1,0],[0,0,1,0],[0,0,1,0],[0,0,1,0],[0,1,0,0],[0,0,0,1]]}]}",
        "<b>猫</b>が好き。");
}

Test(inline_markup, parts_stand_one_behind_the_other) {
    expect("one <b>two</b>", "eins zwei",
           "{\"parts\":[{\"source\":[\"▁one\"],\"target\":[\"▁eins\"],\"attention\":[[1,0],[0,1]]},"
           "{\"source\":[\"▁two\"],\"target\":[\"▁zwei\"],\"attention\":[[1,0],[0,1]]}]}",
           "eins <b>zwei</b>");
}
