#include "base/lines.h"

#include "tests/base/lines_scene.h"
#include "tests/base/scratch.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

TestSuite(lines, .init = scratch_open, .fini = scratch_close);

struct expected {
    const char *text;
    size_t size;
};
#define LINE(text)                                                                                           \
    { text, sizeof text - 1 }

static void assert_lines(const char *text, size_t size, const struct expected *expected, size_t count) {
    struct hny_lines *lines = open_text(text, size);
    for (size_t i = 0; i < count; i++) {
        assert_line(lines, expected[i].text, expected[i].size);
        cr_assert_eq(hny_lines_number(lines), i + 1);
    }
    assert_end(lines);
    cr_assert_eq(hny_lines_number(lines), count);
    hny_lines_close(&lines);
    cr_assert_null(lines);
}

#define ASSERT_LINES(text, ...)                                                                              \
    assert_lines(text, sizeof text - 1, (struct expected[]){__VA_ARGS__},                                    \
                 sizeof(struct expected[]){__VA_ARGS__} / sizeof(struct expected))

Test(lines, an_empty_file_has_no_line) {
    assert_lines("", 0, NULL, 0);
}

Test(lines, a_last_line_without_lf_is_a_line) {
    ASSERT_LINES("a\nb", LINE("a"), LINE("b"));
}

Test(lines, a_last_lf_does_not_begin_another_line) {
    ASSERT_LINES("a\nb\n", LINE("a"), LINE("b"));
}

Test(lines, empty_lines_are_lines) {
    ASSERT_LINES("\n\r\n\n", LINE(""), LINE(""), LINE(""));
}

Test(lines, crlf_ends_a_line_and_a_lone_cr_does_not) {
    ASSERT_LINES("a\r\nb\rc\r\r\nd\r", LINE("a"), LINE("b\rc\r"), LINE("d\r"));
}

Test(lines, vt_ff_nel_and_unicode_separators_end_no_line) {
    ASSERT_LINES("a\vb\fc\xC2\x85"
                 "d\xE2\x80\xA8"
                 "e\xE2\x80\xA9"
                 "f\x1C\n",
                 LINE("a\vb\fc\xC2\x85"
                      "d\xE2\x80\xA8"
                      "e\xE2\x80\xA9"
                      "f\x1C"));
}

Test(lines, nul_bytes_are_bytes) {
    ASSERT_LINES("a\0b\n\0\n\0", LINE("a\0b"), LINE("\0"), LINE("\0"));
}

Test(lines, beginnings_of_packed_formats_are_text_where_they_do_not_go_on) {
    ASSERT_LINES("(", LINE("("));
    ASSERT_LINES("P\n", LINE("P"));
    ASSERT_LINES("P*M", LINE("P*M"));
    ASSERT_LINES("\x1F", LINE("\x1F"));
}

Test(lines, broken_utf8_is_replaced_and_counted) {
    struct hny_lines *lines = open_text("ok\n\xFF\xE3\x81\nあ\xC3\n", 11);
    assert_line(lines, "ok", 2);
    cr_assert_eq(hny_lines_replaced(lines), 0);
    assert_line(lines, "\xEF\xBF\xBD\xEF\xBF\xBD", 6);
    cr_assert_eq(hny_lines_replaced(lines), 2);
    assert_line(lines, "あ\xEF\xBF\xBD", 6);
    cr_assert_eq(hny_lines_replaced(lines), 3);
    assert_end(lines);
    hny_lines_close(&lines);
}

Test(lines, where_a_line_lies_is_told_in_bytes_before_repair_and_without_its_end) {
    struct hny_lines *lines = open_text("a\r\n\xFF\xFFz\n\nend", 11);
    static const size_t offsets[] = {0, 3, 7, 8}, bytes[] = {1, 3, 0, 3};
    for (size_t i = 0; i < 4; i++) {
        const char *text;
        size_t size;
        bool more;
        cr_assert_eq(hny_lines_next(lines, &text, &size, &more), HNY_OK);
        cr_assert_eq(hny_lines_offset(lines), offsets[i]);
        cr_assert_eq(hny_lines_bytes(lines), bytes[i]);
        cr_assert(!hny_lines_packed(lines));
    }
    hny_lines_close(&lines);
}

Test(lines, lines_of_every_length_around_the_reading_steps_are_whole) {
    static const size_t lengths[] = {1, 65535, 65536, 65537, 131071, 131072, 131073, 1000000, 0, 300000, 5};
    enum { COUNT = sizeof lengths / sizeof *lengths };
    static char text[2500000];
    size_t size = 0;
    for (size_t i = 0; i < COUNT; i++) {
        memset(text + size, 'a' + (int)i, lengths[i]);
        size += lengths[i];
        text[size++] = '\n';
    }
    struct hny_lines *lines = open_text(text, size);
    for (size_t i = 0, at = 0; i < COUNT; at += lengths[i++] + 1) {
        text[at + lengths[i]] = '\0';
        assert_line(lines, text + at, lengths[i]);
        cr_assert_eq(hny_lines_offset(lines), at);
        cr_assert_eq(hny_lines_bytes(lines), lengths[i]);
    }
    assert_end(lines);
    hny_lines_close(&lines);
}

Test(lines, a_line_beyond_the_limit_is_refused_with_file_and_number) {
    size_t size = HNY_LINE_LIMIT + 4;
    char *text = malloc(size);
    memset(text, 'x', size);
    text[1] = text[HNY_LINE_LIMIT + 3] = '\n'; /* the second line has one byte too many */
    struct hny_lines *lines = open_text(text, size);
    assert_line(lines, "x", 1);
    size_t count;
    cr_assert_eq(read_rest(lines, &count), HNY_ERROR_INPUT);
    cr_assert_eq(count, 0);
    cr_assert_neq(strstr(hny_message(), "text:2: the line is longer than 64 MiB"), NULL, "%s", hny_message());
    cr_assert_eq(read_rest(lines, &count), HNY_ERROR_INPUT, "the failure stays");
    hny_lines_close(&lines);
    text[HNY_LINE_LIMIT + 2] = '\n'; /* and now exactly the limit */
    lines = open_text(text, size);
    cr_assert_eq(read_rest(lines, &count), HNY_OK, "%s", hny_message());
    cr_assert_eq(count, 3);
    hny_lines_close(&lines);
    free(text);
}

Test(lines, a_missing_file_and_a_folder_are_refused_by_name) {
    struct hny_lines *lines = NULL;
    cr_assert_eq(hny_lines_open(&lines, scratch_path("missing")), HNY_ERROR_IO);
    cr_assert_neq(strstr(hny_message(), "/missing: cannot be opened: No such file"), NULL, "%s",
                  hny_message());
    cr_assert_null(lines);
    cr_assert_eq(hny_lines_open(&lines, scratch_path(".")), HNY_OK);
    size_t count;
    cr_assert_eq(read_rest(lines, &count), HNY_ERROR_IO);
    cr_assert_eq(hny_lines_would_wait(lines), false, "a failure does not wait");
    hny_lines_close(&lines);
    hny_lines_close(&lines);
}

Test(lines, reading_begins_at_any_line_of_a_text_plain_or_packed) {
    static const char text[] = "one\r\ntwo\n\nfour";
    static const struct expected rest = LINE("four");
    struct hny_lines *lines = NULL;
    const char *paths[2] = {scratch_put("plain", text, sizeof text - 1), scratch_path("packed.gz")};
    gzFile gz = gzopen(paths[1], "wb");
    cr_assert(gz && gzwrite(gz, text, sizeof text - 1) == sizeof text - 1 && gzclose(gz) == Z_OK);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(hny_lines_open(&lines, paths[i]), HNY_OK);
        cr_assert_eq(hny_lines_seek(lines, 5), HNY_OK, "%s", hny_message());
        assert_line(lines, "two", 3);
        cr_assert(hny_lines_number(lines) == 1 && hny_lines_offset(lines) == 5 &&
                  hny_lines_behind(lines) == 9);
        hny_lines_close(&lines);
        cr_assert_eq(hny_lines_open(&lines, paths[i]), HNY_OK);
        cr_assert_eq(hny_lines_seek(lines, 10), HNY_OK);
        assert_line(lines, rest.text, rest.size);
        assert_end(lines);
        cr_assert_eq(hny_lines_behind(lines), sizeof text - 1);
        hny_lines_close(&lines);
        cr_assert_eq(hny_lines_open(&lines, paths[i]), HNY_OK);
        cr_assert_eq(hny_lines_seek(lines, sizeof text), HNY_ERROR_INPUT);
        hny_lines_close(&lines);
    }
}
