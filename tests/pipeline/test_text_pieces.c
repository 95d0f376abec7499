#include "pipeline/text_pieces.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <string.h>

TestSuite(text_pieces);

static struct hny_text text(const char *bytes) {
    return (struct hny_text){bytes, strlen(bytes)};
}

/* SENTENCES, with | between them, are what SOURCE is cut to, and RESULT what comes of it where each becomes
 * TRANSLATION, or capitals where that is NULL. */
static void expect(const char *source, bool html, const char *sentences, const char *translation,
                   const char *result) {
    struct hny_paragraph *paragraph;
    struct hny_text_pieces *pieces;
    struct hny_buffer shown = {0}, capitals = {0}, out = {0};
    struct hny_text_translation translations[32] = {{{0}, NULL}};
    size_t starts[32];
    cr_assert_eq(hny_paragraph_create(&paragraph), HNY_OK);
    cr_assert_eq(hny_text_pieces_create(&pieces, paragraph, text(source), html), HNY_OK, "%s", hny_message());
    size_t count = hny_text_pieces_count(pieces);
    for (size_t i = 0; i < count; i++) {
        struct hny_text sentence = hny_text_pieces_sentence(pieces, i);
        hny_buffer_print(&shown, "%s%.*s", i ? "|" : "", (int)sentence.size, sentence.data);
        starts[i] = capitals.size;
        hny_buffer_append(&capitals, sentence.data, sentence.size);
    }
    for (size_t i = 0; i < capitals.size; i++)
        capitals.data[i] = (char)toupper((unsigned char)capitals.data[i]);
    for (size_t i = 0; i < count; i++)
        translations[i].text = translation ? text(translation)
                                           : (struct hny_text){capitals.data + starts[i],
                                                               hny_text_pieces_sentence(pieces, i).size};
    cr_assert_str_eq(shown.data ? shown.data : "", sentences);
    cr_assert_eq(hny_text_pieces_join(pieces, translations, &out), HNY_OK);
    cr_assert_str_eq(out.data, result);
    hny_buffer_free(&shown);
    hny_buffer_free(&capitals);
    hny_buffer_free(&out);
    hny_text_pieces_destroy(&pieces);
    hny_paragraph_destroy(&paragraph);
}

Test(text_pieces, each_sentence_goes_by_itself_and_the_rest_stays) {
    expect("", false, "", NULL, "");
    expect("Hello.", false, "Hello.", NULL, "HELLO.");
    expect("  Good morning.  How are you?\t\r\n\n - Fine.\n", false, "Good morning.|How are you?|- Fine.",
           NULL, "  GOOD MORNING.  HOW ARE YOU?\t\r\n\n - FINE.\n");
    expect("\n\n", false, "", NULL, "\n\n");
}

Test(text_pieces, what_has_no_letters_is_not_translated) {
    expect("* * *\n42\n3.14 …\nPage 7", false, "Page 7", NULL, "* * *\n42\n3.14 …\nPAGE 7");
}

Test(text_pieces, a_space_between_sentences_is_the_targets) {
    expect("One. Two.\nThree. Four.", false, "One.|Two.|Three.|Four.", "一。", "一。一。\n一。一。");
    expect("一。二。", false, "一。|二。", "One.", "One. One.");
}

Test(text_pieces, markup_never_reaches_the_model) {
    expect("<p>Good morning. How are <b>you</b>?</p>\n<pre>a b</pre>", true, "Good morning.|How are you?",
           NULL, "<p>GOOD MORNING. <b>HOW ARE YOU?</b></p>\n<pre>a b</pre>");
    expect("<ul>\n  <li>one</li>\n  <li> two </li>\n</ul>", true, "one|two", NULL,
           "<ul>\n  <li>ONE</li>\n  <li> TWO </li>\n</ul>");
}

Test(text_pieces, elements_in_a_sentence_are_part_of_it) {
    expect("<p>Hi. I <b>do</b>. <i>Yes.</i></p>", true, "Hi.|I do.|Yes.", "Ja.",
           "<p>Ja. <b>Ja.</b> <i>Ja.</i></p>");
    expect("<a>One.</a> <a>Two.</a>", true, "One.|Two.", NULL, "<a>ONE.</a> <a>TWO.</a>");
    expect(" <b>1</b> x <i>y</i> ", true, "1 x y", "1 x y", " <b>1</b> x <i>y</i> ");
    expect("<p><u><b>Note</b> this. But</u> <i>that</i></p>", true, "Note|this.|But|that", NULL,
           "<p><u><b>NOTE</b> THIS. BUT</u> <i>THAT</i></p>");
    expect("<u><b>One</b> and <i>two</i></u>", true, "One and two", "One and two",
           "<u><b>One</b> and <i>two</i></u>");
    expect("*<b>*</b>* <i>*</i>", true, "", NULL, "*<b>*</b>* <i>*</i>");
    expect("a&nbsp;<b>b</b>", true,
           "a\xc2\xa0"
           "b",
           "a\xc2\xa0"
           "b",
           "a\xc2\xa0<b>b</b>");
}

Test(text_pieces, elements_of_several_sentences_part_them) {
    expect("a <b>one. Two</b> c", true, "a|one.|Two|c", NULL, "A <b>ONE. TWO</b> C");
    expect("a <b>one <i>two</b> three</i> c", true, "a|one|two|three|c", NULL,
           "A <b>ONE <i>TWO</b> THREE</i> C");
    expect("a <b>c", true, "a|c", NULL, "A <b>C");
}

Test(text_pieces, html_is_decoded_before_and_encoded_after) {
    expect("Tom &amp; Jerry &lt;3", true, "Tom & Jerry <3", NULL, "TOM &amp; JERRY &lt;3");
    expect("a&zwnbsp;b", true, "a|b", NULL, "A&zwnbsp;B");
    expect("<b>x</b>", true, "x", "<script>", "<b>&lt;script&gt;</b>");
    expect("Tom &amp; Jerry", false, "Tom &amp; Jerry", NULL, "TOM &AMP; JERRY");
}

Test(text_pieces, a_line_end_in_html_is_a_space) {
    expect("<p>one\n   two.\n three</p>", true, "one two. three", NULL, "<p>ONE TWO. THREE</p>");
}
