#include "pipeline/markup.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

TestSuite(markup);

static struct hny_text text(const char *bytes) {
    return (struct hny_text){bytes, strlen(bytes)};
}

/* The runs of HTML with | between them, those of text in brackets. */
static void expect_runs(const char *html, const char *expected) {
    struct hny_markup_run *runs;
    size_t count, end = 0;
    struct hny_buffer shown = {0};
    cr_assert_eq(hny_markup_cut(text(html), &runs, &count), HNY_OK);
    for (size_t i = 0; i < count; i++) {
        cr_assert_eq(runs[i].start, end);
        cr_assert(runs[i].size > 0);
        if (i > 0 && runs[i].kind == runs[i - 1].kind)
            cr_assert(runs[i].kind == HNY_MARKUP_START || runs[i].kind == HNY_MARKUP_END);
        end += runs[i].size;
        hny_buffer_print(&shown, runs[i].kind == HNY_MARKUP_TEXT ? "[%.*s]" : "%.*s", (int)runs[i].size,
                         html + runs[i].start);
    }
    cr_assert_eq(end, strlen(html));
    cr_assert_str_eq(shown.data ? shown.data : "", expected);
    hny_buffer_free(&shown);
    free(runs);
}

Test(markup, text_lies_between_tags) {
    expect_runs("", "");
    expect_runs("Hello.", "[Hello.]");
    expect_runs("<p class=\"a\">Hello.</p><br/>", "<p class=\"a\">[Hello.]</p><br/>");
    expect_runs("a<b>c</b>d", "[a]<b>[c]</b>[d]");
    expect_runs("<p title='1 > 0' data-x=a>b>c</p>", "<p title='1 > 0' data-x=a>[b>c]</p>");
    expect_runs("<a href=\"<b>\">x</a>", "<a href=\"<b>\">[x]</a>");
}

Test(markup, tags_in_a_texts_flow_are_told_from_others) {
    static const char html[] = "<p>a<b><I class=x>c</I></b><br><code>d</code><bx></p>";
    static const enum hny_markup_kind kinds[] = {HNY_MARKUP_OTHER, HNY_MARKUP_TEXT, HNY_MARKUP_START,
                                                 HNY_MARKUP_START, HNY_MARKUP_TEXT, HNY_MARKUP_END,
                                                 HNY_MARKUP_END,   HNY_MARKUP_OTHER};
    struct hny_markup_run *runs;
    size_t count;
    cr_assert_eq(hny_markup_cut(text(html), &runs, &count), HNY_OK);
    cr_assert_eq(count, sizeof kinds / sizeof *kinds);
    for (size_t i = 0; i < count; i++) cr_assert_eq(runs[i].kind, kinds[i], "run %zu", i);
    free(runs);
}

Test(markup, what_only_looks_like_a_tag_is_text) {
    expect_runs("1 < 2 and 3 > 2", "[1 < 2 and 3 > 2]");
    expect_runs("I <3 you <", "[I <3 you <]");
    expect_runs("AT&T & you &; &amp", "[AT&T & you &; &amp]");
}

Test(markup, comments_and_declarations_are_no_text) {
    expect_runs("<!DOCTYPE html>a<!-- <p>b</p> -->c<![CDATA[d>]]>e<?php f ?>g</3>h",
                "<!DOCTYPE html>[a]<!-- <p>b</p> -->[c]<![CDATA[d>]]>[e]<?php f ?>[g]</3>[h]");
    expect_runs("<!-->a", "<!-->[a]");
}

Test(markup, what_never_ends_is_no_text) {
    expect_runs("a<!-- b", "[a]<!-- b");
    expect_runs("a<b", "[a]<b");
    expect_runs("a<b c='d>e", "[a]<b c='d>e");
    expect_runs("a</", "[a]</");
    expect_runs("<script>a</scrip", "<script>a</scrip");
    expect_runs("<pre>a<b>c", "<pre>a<b>c");
}

Test(markup, code_and_scripts_stay) {
    expect_runs("<script>if (a < b) '<p>';</SCRIPT >x", "<script>if (a < b) '<p>';</SCRIPT >[x]");
    expect_runs("<style>p > a {}</style>x", "<style>p > a {}</style>[x]");
    expect_runs("<pre>a <b>c</b></pre>x", "<pre>a <b>c</b></pre>[x]");
    expect_runs("run <code>make <code>a</code></code> now", "[run ]<code>make <code>a</code></code>[ now]");
    expect_runs("<codec>x</codec>", "<codec>[x]</codec>");
    expect_runs("</code>x", "</code>[x]");
}

Test(markup, what_says_so_is_not_translated) {
    expect_runs("<b translate=no>a</b>b", "<b translate=no>a</b>[b]");
    expect_runs("<b TRANSLATE = 'No'>a<b>c</b></b>b", "<b TRANSLATE = 'No'>a<b>c</b></b>[b]");
    expect_runs("<b translate=\"yes\">a</b>", "<b translate=\"yes\">[a]</b>");
    expect_runs("<br translate=no>a", "<br translate=no>[a]");
}

Test(markup, references_that_are_not_known_stay_as_they_are) {
    expect_runs("a&eacute;b&#233;c&#xE9;d", "[a&eacute;b&#233;c&#xE9;d]");
    expect_runs("a&NotEqualTilde;b&#0;c&#xd800;d&#x110000;e",
                "[a]&NotEqualTilde;[b]&#0;[c]&#xd800;[d]&#x110000;[e]");
}

static void expect_decoded(const char *html, const char *expected) {
    struct hny_buffer out = {0};
    cr_assert_eq(hny_markup_decode(&out, text(html)), HNY_OK);
    cr_assert_str_eq(out.data, expected);
    hny_buffer_free(&out);
}

Test(markup, references_are_characters) {
    expect_decoded("", "");
    expect_decoded("a &lt;b&gt; &amp;amp; &quot;c&apos;", "a <b> &amp; \"c'");
    expect_decoded("&eacute;&yuml;&nbsp;&Agrave;&times;", "éÿ\xc2\xa0À×");
    expect_decoded("&#233;&#xe9;&#X1F408;&hellip;&euro;", "éé🐈…€");
    expect_decoded("AT&T & you &; &amp &#; &#x;", "AT&T & you &; &amp &#; &#x;");
}

Test(markup, what_is_written_reads_the_same) {
    struct hny_buffer out = {0};
    cr_assert_eq(hny_markup_encode(&out, text("a < b && \"c\" > 'd' &amp;")), HNY_OK);
    cr_assert_str_eq(out.data, "a &lt; b &amp;&amp; \"c\" &gt; 'd' &amp;amp;");
    expect_decoded(out.data, "a < b && \"c\" > 'd' &amp;");
    hny_buffer_free(&out);
}

/* What a hostile text could make slow: seconds, were it quadratic. */
Test(markup, hostile_html_takes_no_time, .timeout = 20) {
    static const char *const patterns[] = {"<a ",  "<!--", "</script ", "<pre>", "&a",
                                           "<b '", "<",    "&#",        "<x =",  "<![CDATA["};
    static const char *const beginnings[] = {"", "<script>", "<pre>", "<code translate=no>"};
    static char html[1 << 18];
    double begun = (double)clock() / CLOCKS_PER_SEC;
    for (size_t b = 0; b < sizeof beginnings / sizeof *beginnings; b++)
        for (size_t p = 0; p < sizeof patterns / sizeof *patterns; p++) {
            struct hny_markup_run *runs;
            size_t count, size = strlen(patterns[p]), at = strlen(beginnings[b]);
            memcpy(html, beginnings[b], at);
            for (; at + size <= sizeof html; at += size) memcpy(html + at, patterns[p], size);
            html[at - 1] = '>';
            cr_assert_eq(hny_markup_cut((struct hny_text){html, at}, &runs, &count), HNY_OK);
            free(runs);
        }
    cr_assert_lt((double)clock() / CLOCKS_PER_SEC - begun, 5);
}
