#include "base/lines.h"

#include "base/progress.h"
#include "tests/base/scratch.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

TestSuite(lines, .init = scratch_open, .fini = scratch_close);

struct expected {
    const char *text;
    size_t size;
};
#define LINE(text)                                                                                           \
    { text, sizeof text - 1 }

static void assert_line(struct hny_lines *lines, const char *expected, size_t expected_size) {
    const char *text = NULL;
    size_t size = 0;
    bool more = false;
    cr_assert_eq(hny_lines_next(lines, &text, &size, &more), HNY_OK, "%s", hny_message());
    cr_assert(more);
    cr_assert_eq(size, expected_size);
    cr_assert_arr_eq(text, expected, size + 1); /* with the NUL behind it */
}

static void assert_end(struct hny_lines *lines) {
    const char *text;
    size_t size;
    bool more = true;
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(hny_lines_next(lines, &text, &size, &more), HNY_OK, "%s", hny_message());
        cr_assert_not(more);
    }
}

/* Reads the rest; returns the status that ended it and counts the lines. */
static hny_status read_rest(struct hny_lines *lines, size_t *count) {
    for (*count = 0;; (*count)++) {
        const char *text;
        size_t size;
        bool more;
        hny_status status = hny_lines_next(lines, &text, &size, &more);
        if (status != HNY_OK || !more) return status;
    }
}

static struct hny_lines *open_text(const void *text, size_t size) {
    struct hny_lines *lines = NULL;
    cr_assert_eq(hny_lines_open(&lines, scratch_put("text", text, size)), HNY_OK, "%s", hny_message());
    return lines;
}

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

/* --- Packed texts -------------------------------------------------------------------------------------- */

static size_t pack_gz(const void *text, size_t size, unsigned char *out, size_t room) {
    z_stream gz = {.next_in = (Bytef *)(uintptr_t)text,
                   .avail_in = (uInt)size,
                   .next_out = out,
                   .avail_out = (uInt)room};
    cr_assert_eq(deflateInit2(&gz, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    cr_assert_eq(deflate(&gz, Z_FINISH), Z_STREAM_END);
    deflateEnd(&gz);
    return room - gz.avail_out;
}

static size_t pack_zst(const void *text, size_t size, unsigned char *out, size_t room) {
    ZSTD_CCtx *context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    size_t packed = ZSTD_compress2(context, out, room, text, size);
    ZSTD_freeCCtx(context);
    cr_assert_not(ZSTD_isError(packed));
    return packed;
}

typedef size_t pack(const void *text, size_t size, unsigned char *out, size_t room);
static pack *const packs[] = {pack_gz, pack_zst};

static unsigned char packed[1 << 20];

Test(lines, packed_texts_read_like_plain_ones) {
    static const char text[] = "first\r\nsecond\n\nあ";
    for (size_t i = 0; i < 2; i++) {
        struct hny_lines *lines = open_text(packed, packs[i](text, sizeof text - 1, packed, sizeof packed));
        assert_line(lines, "first", 5);
        cr_assert(hny_lines_packed(lines));
        assert_line(lines, "second", 6);
        cr_assert_eq(hny_lines_offset(lines), 7);
        assert_line(lines, "", 0);
        assert_line(lines, "あ", 3);
        assert_end(lines);
        hny_lines_close(&lines);
    }
}

Test(lines, an_empty_packed_text_has_no_line) {
    for (size_t i = 0; i < 2; i++) {
        struct hny_lines *lines = open_text(packed, packs[i]("", 0, packed, sizeof packed));
        assert_end(lines);
        hny_lines_close(&lines);
    }
}

Test(lines, members_and_frames_that_follow_each_other_are_one_text) {
    for (size_t i = 0; i < 2; i++) {
        size_t size = packs[i]("one\ntw", 6, packed, sizeof packed);
        size += packs[i]("", 0, packed + size, sizeof packed - size);
        size += packs[i]("o\nthree", 7, packed + size, sizeof packed - size);
        struct hny_lines *lines = open_text(packed, size);
        assert_line(lines, "one", 3);
        assert_line(lines, "two", 3);
        assert_line(lines, "three", 5);
        assert_end(lines);
        hny_lines_close(&lines);
    }
}

Test(lines, zero_bytes_behind_a_gzip_member_are_padding) {
    for (size_t padding = 1; padding <= 200000; padding += 199999) {
        size_t size = pack_gz("one\ntw", 6, packed, sizeof packed);
        memset(packed + size, 0, padding);
        size += padding;
        size += pack_gz("o\nthree", 7, packed + size, sizeof packed - size);
        memset(packed + size, 0, padding);
        struct hny_lines *lines = open_text(packed, size + padding);
        assert_line(lines, "one", 3);
        assert_line(lines, "two", 3);
        assert_line(lines, "three", 5);
        assert_end(lines);
        hny_lines_close(&lines);
    }
}

Test(lines, a_skippable_zstd_frame_is_skipped) {
    memcpy(packed, "\x5A\x2A\x4D\x18\x03\0\0\0abc", 11);
    size_t size = 11 + pack_zst("x\n", 2, packed + 11, sizeof packed - 11);
    struct hny_lines *lines = open_text(packed, size);
    assert_line(lines, "x", 1);
    assert_end(lines);
    hny_lines_close(&lines);
}

/* A text that packs well and is larger than any step of the reader: what it unpacks to must not be lost. */
Test(lines, a_text_that_packs_a_thousandfold_is_whole) {
    size_t size = (size_t)8 << 20;
    char *text = malloc(size);
    for (size_t i = 0; i < size; i++) text[i] = i % 8 == 7 ? '\n' : 'a';
    for (size_t i = 0; i < 2; i++) {
        struct hny_lines *lines = open_text(packed, packs[i](text, size, packed, sizeof packed));
        size_t count;
        cr_assert_eq(read_rest(lines, &count), HNY_OK, "%s", hny_message());
        cr_assert_eq(count, size / 8);
        hny_lines_close(&lines);
    }
    free(text);
}

static size_t noise(char *text, size_t size) {
    srand(1);
    for (size_t i = 0; i < size; i++) text[i] = rand() % 10 ? (char)('a' + rand() % 26) : '\n';
    return size;
}

Test(lines, a_packed_text_cut_short_anywhere_is_refused_after_its_whole_lines) {
    static char text[2000];
    for (size_t i = 0; i < 2; i++) {
        size_t size = packs[i](text, noise(text, sizeof text), packed, sizeof packed);
        for (size_t cut = 4; cut < size; cut += cut + 40 < size ? 13 : 1) {
            struct hny_lines *lines = open_text(packed, cut);
            size_t count;
            cr_assert_eq(read_rest(lines, &count), HNY_ERROR_INPUT, "cut at %zu of %zu", cut, size);
            cr_assert_neq(strstr(hny_message(), "/text: "), NULL, "names the file: %s", hny_message());
            cr_assert_neq(strstr(hny_message(), "cut short"), NULL, "%s", hny_message());
            hny_lines_close(&lines);
        }
    }
}

Test(lines, damage_in_a_packed_text_is_refused) {
    static char text[2000];
    for (size_t i = 0; i < 2; i++) {
        size_t size = packs[i](text, noise(text, sizeof text), packed, sizeof packed);
        for (size_t at = size / 2; at < size - 8; at += 7) {
            packed[at] ^= 0x10;
            struct hny_lines *lines = open_text(packed, size);
            size_t count;
            cr_assert_eq(read_rest(lines, &count), HNY_ERROR_INPUT, "damage at %zu of %zu", at, size);
            cr_assert_neq(strstr(hny_message(), "/text: "), NULL, "%s", hny_message());
            hny_lines_close(&lines);
            packed[at] ^= 0x10;
        }
    }
}

Test(lines, what_follows_a_packed_text_must_be_packed_too) {
    for (size_t i = 0; i < 2; i++) {
        size_t size = packs[i]("x\n", 2, packed, sizeof packed);
        memcpy(packed + size, "garbage", 7);
        struct hny_lines *lines = open_text(packed, size + 7);
        assert_line(lines, "x", 1);
        size_t count;
        cr_assert_eq(read_rest(lines, &count), HNY_ERROR_INPUT);
        hny_lines_close(&lines);
    }
}

/* --- Standard input ------------------------------------------------------------------------------------ */

/* Makes a pipe standard input and returns the end to write to. */
static int pipe_to_input(void) {
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    close(ends[0]);
    return ends[1];
}

static void feed(int fd, const void *data, size_t size) {
    cr_assert_eq(write(fd, data, size), (ssize_t)size);
}

Test(lines, a_typed_line_comes_before_the_next_is_typed, .timeout = 10) {
    int end = pipe_to_input();
    struct hny_lines *lines = NULL;
    cr_assert_eq(hny_lines_open(&lines, "-"), HNY_OK);
    cr_assert_str_eq(hny_lines_path(lines), "standard input");
    cr_assert(hny_lines_would_wait(lines));
    for (int i = 0; i < 3; i++) {
        feed(end, "P\n", 2);
        cr_assert_not(hny_lines_would_wait(lines));
        assert_line(lines, "P", 1);
        cr_assert(hny_lines_would_wait(lines));
    }
    feed(end, "half", 4);
    cr_assert(hny_lines_would_wait(lines), "half a line is not a line");
    feed(end, " and half\nmore", 14);
    cr_assert_not(hny_lines_would_wait(lines));
    assert_line(lines, "half and half", 13);
    cr_assert(hny_lines_would_wait(lines));
    close(end);
    cr_assert_not(hny_lines_would_wait(lines));
    assert_line(lines, "more", 4);
    assert_end(lines);
    hny_lines_close(&lines);
    cr_assert_eq(fcntl(STDIN_FILENO, F_GETFD), 0, "standard input stays open");
}

Test(lines, a_packed_stream_comes_as_far_as_it_was_flushed, .timeout = 10) {
    int end = pipe_to_input();
    z_stream gz = {
        .next_in = (Bytef *)"one\ntwo", .avail_in = 7, .next_out = packed, .avail_out = sizeof packed};
    cr_assert_eq(deflateInit2(&gz, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    cr_assert_eq(deflate(&gz, Z_SYNC_FLUSH), Z_OK);
    size_t flushed = sizeof packed - gz.avail_out;
    struct hny_lines *lines = NULL;
    cr_assert_eq(hny_lines_open(&lines, "-"), HNY_OK);
    feed(end, packed, 1);
    cr_assert(hny_lines_would_wait(lines), "one byte does not tell the format");
    feed(end, packed + 1, flushed - 1);
    assert_line(lines, "one", 3);
    cr_assert(hny_lines_would_wait(lines));
    gz.next_in = (Bytef *)"\n";
    gz.avail_in = 1;
    cr_assert_eq(deflate(&gz, Z_FINISH), Z_STREAM_END);
    feed(end, packed + flushed, sizeof packed - gz.avail_out - flushed);
    deflateEnd(&gz);
    assert_line(lines, "two", 3);
    close(end);
    assert_end(lines);
    hny_lines_close(&lines);
}

Test(lines, a_request_to_stop_ends_the_waiting, .timeout = 10) {
    int end = pipe_to_input();
    struct hny_lines *lines = NULL;
    hny_stop_catch();
    cr_assert_eq(hny_lines_open(&lines, "-"), HNY_OK);
    pid_t reader = getpid(), child = fork();
    if (child == 0) {
        for (int i = 0; i < 100;
             i++) { /* again and again, since the first may come before the waiting begins */
            usleep(20000);
            if (kill(reader, SIGTERM) != 0) break;
        }
        _exit(0);
    }
    size_t count;
    cr_assert_eq(read_rest(lines, &count), HNY_INTERRUPTED);
    kill(child, SIGKILL);
    cr_assert_eq(waitpid(child, NULL, 0), child);
    close(end);
    hny_lines_close(&lines);
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
