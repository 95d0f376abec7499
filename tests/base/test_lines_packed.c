/* The lines of packed texts. */
#include "tests/base/lines_scene.h"
#include "tests/base/scratch.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

TestSuite(lines_packed, .init = scratch_open, .fini = scratch_close);

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

Test(lines_packed, packed_texts_read_like_plain_ones) {
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

Test(lines_packed, an_empty_packed_text_has_no_line) {
    for (size_t i = 0; i < 2; i++) {
        struct hny_lines *lines = open_text(packed, packs[i]("", 0, packed, sizeof packed));
        assert_end(lines);
        hny_lines_close(&lines);
    }
}

Test(lines_packed, members_and_frames_that_follow_each_other_are_one_text) {
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

Test(lines_packed, zero_bytes_behind_a_gzip_member_are_padding) {
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

Test(lines_packed, a_skippable_zstd_frame_is_skipped) {
    memcpy(packed, "\x5A\x2A\x4D\x18\x03\0\0\0abc", 11);
    size_t size = 11 + pack_zst("x\n", 2, packed + 11, sizeof packed - 11);
    struct hny_lines *lines = open_text(packed, size);
    assert_line(lines, "x", 1);
    assert_end(lines);
    hny_lines_close(&lines);
}

/* A text that packs well and is larger than any step of the reader: what it unpacks to must not be lost. */
Test(lines_packed, a_text_that_packs_a_thousandfold_is_whole) {
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

Test(lines_packed, a_packed_text_cut_short_anywhere_is_refused_after_its_whole_lines) {
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

Test(lines_packed, damage_in_a_packed_text_is_refused) {
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

Test(lines_packed, what_follows_a_packed_text_must_be_packed_too) {
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
