#include "base/digest.h"
#include "base/file.h"
#include "tests/base/scratch.h"
#include "tests/tokenizer/helpers.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "honyaku tokenizer 1\nkind unigram\nform nfc\nsize "
#define BPE_HEAD "honyaku tokenizer 1\nkind bpe\nform none\nsize "

/* TEXT with the right last line. */
static void sign(const char *text, struct hny_buffer *file) {
    char digest[HNY_DIGEST_TEXT];
    hny_buffer_clear(file);
    cr_assert_eq(hny_digest_bytes(text, strlen(text), digest), HNY_OK);
    cr_assert_eq(hny_buffer_print(file, "%ssha256 %s\n", text, digest), HNY_OK);
}

static const char *const good[] = {
    HEAD "260\n",
    HEAD "262\n260\t▁\t-1.000000\n261\tあ\t0.000000\n",
    "honyaku tokenizer 1\nkind unigram\nform nfkc\nsize 263\n260\t<sep>\tsymbol\n261\t▁the\t-2147.483647\n"
    "262\t<\t-0.000001\n",
    BPE_HEAD "266\n260\t<x>\tsymbol\n261\t▁\t0\n262\te\t0\n263\tth\t1\n264\t▁th\t2\n265\tthe\t16777215\n",
};

Test(vocabulary, reading_and_writing_gives_the_same_bytes) {
    struct hny_buffer file = {0}, again = {0};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct hny_tokenizer *tokenizer = NULL;
        sign(good[i], &file);
        hny_buffer_clear(&again);
        cr_assert_eq(hny_tokenizer_parse(&tokenizer, "good", file.data, file.size), HNY_OK, "%s",
                     hny_message());
        cr_assert_eq(hny_tokenizer_write(tokenizer, &again), HNY_OK);
        cr_assert_str_eq(again.data, file.data);
        hny_tokenizer_close(&tokenizer);
    }
    hny_buffer_free(&file);
    hny_buffer_free(&again);
}

Test(vocabulary, kind_form_and_pieces_are_those_of_the_file) {
    struct hny_buffer file = {0};
    struct hny_tokenizer *tokenizer = NULL;
    sign(good[3], &file);
    cr_assert_eq(hny_tokenizer_parse(&tokenizer, "good", file.data, file.size), HNY_OK, "%s", hny_message());
    cr_assert_eq(hny_tokenizer_size(tokenizer), 266);
    cr_assert_str_eq(hny_tokenizer_kind_name(tokenizer), "bpe");
    cr_assert_str_eq(hny_tokenizer_form_name(tokenizer), "none");
    cr_assert_str_eq(hny_tokenizer_piece(tokenizer, HNY_ID_END), "</s>");
    cr_assert_str_eq(hny_tokenizer_piece(tokenizer, 264), "▁th");
    hny_tokenizer_close(&tokenizer);
    hny_buffer_free(&file);
}

/* A file before its last line, and what the message must hold besides the name. */
static const struct {
    const char *text;
    const char *message;
} bad[] = {
    {"", "line 1: expected \"honyaku tokenizer 1\""},
    {"{\"kind\": \"config\"}\n", "line 1: expected \"honyaku tokenizer 1\""},
    {"honyaku tokenizer 2\n", "line 1: expected version 1 of the format, found \"honyaku tokenizer 2\""},
    {"honyaku tokenizer 10\n", "line 1: expected version 1"},
    {"honyaku tokenizer 1\nkind word\n", "line 2: expected \"kind unigram\" or \"kind bpe\""},
    {"honyaku tokenizer 1\nkind bpe \n", "line 2: expected \"kind unigram\" or \"kind bpe\""},
    {"honyaku tokenizer 1\nkind unigram\nform nfd\n", "line 3: expected \"form nfc\""},
    {HEAD "\n", "line 4: expected \"size \" and a number from 260"},
    {HEAD "259\n", "line 4: expected"},
    {HEAD "0260\n", "line 4: expected"},
    {HEAD "1048577\n", "line 4: expected"},
    {HEAD "99999999999999999999999\n", "line 4: expected"},
    {HEAD "260 \n", "line 4: expected"},
    {"honyaku tokenizer 1\nkind unigram\nform nfc\nvocabulary 260\n", "line 4: expected"},
    {HEAD "261\n", "line 5: expected 260, TAB, a piece, TAB, its score"},
    {HEAD "261\n261\ta\t-1.000000\n", "line 5: expected 260, TAB"},
    {HEAD "261\n260 a\t-1.000000\n", "line 5: expected 260, TAB"},
    {HEAD "261\n260\n", "line 5: expected 260, TAB"},
    {HEAD "261\n260\ta -1.000000\n", "line 5: expected 260, TAB"},
    {HEAD "261\n260\ta\t-1.00000\n", "line 5: expected a score"},
    {HEAD "261\n260\ta\t-1.0000000\n", "line 5: expected a score"},
    {HEAD "261\n260\ta\t1.000000\n", "line 5: expected a score"},
    {HEAD "261\n260\ta\t-0.000000\n", "line 5: expected a score"},
    {HEAD "261\n260\ta\t-01.000000\n", "line 5: expected a score"},
    {HEAD "261\n260\ta\t-1.0000x0\n", "line 5: expected a score"},
    {HEAD "261\n260\ta\t-2147.483648\n", "line 5: expected a score"},
    {HEAD "261\n260\ta\t-9999.000000\n", "line 5: expected a score"},
    {HEAD "261\n260\ta\t\n", "line 5: expected a score"},
    {HEAD "261\n260\ta\tnan\n", "line 5: expected a score"},
    {HEAD "261\n260\ta\t-\n", "line 5: expected a score"},
    {HEAD "261\n260\t\t-1.000000\n", "line 5: expected a piece (it is empty)"},
    {HEAD "261\n260\ta b\t-1.000000\n", "line 5: expected a piece (it has a space, which is written ▁)"},
    {HEAD "261\n260\ta▁\t-1.000000\n", "line 5: expected a piece (it has a space behind"},
    {HEAD "261\n260\t\xFF\t-1.000000\n", "line 5: expected a piece (it is not UTF-8)"},
    {HEAD "261\n260\ta\rb\t-1.000000\n",
     "line 5: expected a piece (it has a character that no normal form holds)"},
    {HEAD "261\n260\t\u00A0\t-1.000000\n", "line 5: expected a piece (it has a character"},
    {HEAD "261\n260\t<0x0A>\t-1.000000\n", "line 5: expected a piece (its name is reserved)"},
    {HEAD "261\n260\t</s>\t-1.000000\n", "line 5: expected a piece (its name is reserved)"},
    {HEAD "262\n260\ta\t-1.000000\n261\tb\tsymbol\n", "line 6: expected no symbol behind other pieces"},
    {HEAD "261\n260\t▁b\tsymbol\n", "line 5: expected no ▁ in a symbol"},
    {HEAD "262\n260\ta\t-1.000000\n261\ta\t-2.000000\n",
     "line 6: expected another piece than that of line 5"},
    {HEAD "262\n260\ta\tsymbol\n261\ta\tsymbol\n", "line 6: expected another piece than that of line 5"},
    {HEAD "262\n260\ta\tsymbol\n261\ta\t-1.000000\n", "line 6: expected another piece than that of line 5"},
    {HEAD "260\n260\ta\t-1.000000\n", "line 5: expected \"sha256"},
    {BPE_HEAD "261\n260\ta\t-1.000000\n", "line 5: expected a rank below 16777216"},
    {BPE_HEAD "261\n260\tab\t16777216\n", "line 5: expected a rank below 16777216"},
    {BPE_HEAD "261\n260\ta\t01\n", "line 5: expected a rank"},
    {BPE_HEAD "261\n260\ta\t1\n", "line 5: expected rank 0 for a character"},
    {BPE_HEAD "261\n260\tab\t0\n", "line 5: expected a rank above 0"},
    {BPE_HEAD "262\n260\tab\t2\n261\tcd\t2\n", "line 6: expected a rank above the one before"},
    {BPE_HEAD "262\n260\tab\t2\n261\tc\t0\n", "line 6: expected a rank above the one before"},
};

Test(vocabulary, a_wrong_file_is_refused_with_name_line_and_what_was_expected) {
    struct hny_buffer file = {0};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct hny_tokenizer *tokenizer = (struct hny_tokenizer *)1;
        sign(bad[i].text, &file);
        cr_assert_eq(hny_tokenizer_parse(&tokenizer, "bad.model", file.data, file.size), HNY_ERROR_INPUT,
                     "%zu", i);
        cr_assert_null(tokenizer);
        cr_assert_eq(strncmp(hny_message(), "bad.model: line ", 16), 0);
        cr_assert(strstr(hny_message(), bad[i].message), "%zu: %s", i, hny_message());
    }
    hny_buffer_free(&file);
}

Test(vocabulary, a_piece_of_256_bytes_is_refused) {
    struct hny_buffer file = {0}, text = {0};
    struct hny_tokenizer *tokenizer = NULL;
    for (int size = 255; size <= 256; size++) {
        char piece[257];
        memset(piece, 'x', sizeof piece);
        hny_buffer_clear(&text);
        cr_assert_eq(hny_buffer_print(&text, HEAD "261\n260\t%.*s\t-1.000000\n", size, piece), HNY_OK);
        sign(text.data, &file);
        hny_status status = hny_tokenizer_parse(&tokenizer, "long", file.data, file.size);
        cr_assert_eq(status, size == 255 ? HNY_OK : HNY_ERROR_INPUT);
        hny_tokenizer_close(&tokenizer);
    }
    cr_assert(strstr(hny_message(), "it is longer than 255 bytes"), "%s", hny_message());
    hny_buffer_free(&file);
    hny_buffer_free(&text);
}

Test(vocabulary, every_changed_byte_and_every_cut_is_noticed) {
    struct hny_buffer file = {0};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct hny_tokenizer *tokenizer = NULL;
        sign(good[i], &file);
        for (size_t at = 0; at < file.size; at++) {
            file.data[at] ^= 1;
            cr_assert_eq(hny_tokenizer_parse(&tokenizer, "bad", file.data, file.size), HNY_ERROR_INPUT,
                         "byte %zu", at);
            file.data[at] ^= 1;
            cr_assert_eq(hny_tokenizer_parse(&tokenizer, "bad", file.data, at), HNY_ERROR_INPUT, "cut at %zu",
                         at);
        }
        cr_assert_eq(hny_buffer_append(&file, "\n", 1), HNY_OK);
        cr_assert_eq(hny_tokenizer_parse(&tokenizer, "bad", file.data, file.size), HNY_ERROR_INPUT);
        cr_assert(strstr(hny_message(), "expected the end of the file"));
    }
    hny_buffer_free(&file);
}

Test(vocabulary, a_file_is_opened_by_its_path_and_a_missing_one_named) {
    struct hny_buffer file = {0};
    struct hny_tokenizer *tokenizer = NULL;
    scratch_open();
    sign(good[1], &file);
    const char *path = scratch_put("a.model", file.data, file.size);
    cr_assert_eq(hny_tokenizer_open(&tokenizer, path), HNY_OK, "%s", hny_message());
    hny_tokenizer_close(&tokenizer);
    hny_tokenizer_close(&tokenizer);
    cr_assert_eq(hny_tokenizer_open(&tokenizer, scratch_path("missing")), HNY_ERROR_IO);
    cr_assert(strstr(hny_message(), "missing"));
    cr_assert_eq(hny_tokenizer_open(&tokenizer, scratch_put("empty", "", 0)), HNY_ERROR_INPUT);
    hny_buffer_free(&file);
    scratch_close();
}
