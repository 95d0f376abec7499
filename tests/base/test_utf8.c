#include "base/utf8.h"

#include <criterion/criterion.h>
#include <string.h>

#define R "\xEF\xBF\xBD"

Test(utf8, every_scalar_value_survives_the_round_trip) {
    for (uint32_t code = 0; code < 0x110000; code++) {
        if (code >= 0xD800 && code < 0xE000) continue;
        char text[4];
        uint32_t back;
        int size = hny_utf8_encode(code, text);
        int expected = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
        cr_assert_eq(size, expected, "U+%04X", code);
        cr_assert_eq(hny_utf8_decode(text, (size_t)size, &back), size, "U+%04X", code);
        cr_assert_eq(back, code);
        /* Every shorter beginning is one maximal broken part. */
        for (int part = 1; part < size; part++)
            if (hny_utf8_decode(text, (size_t)part, &back) != -part) cr_assert_fail("U+%04X", code);
    }
}

/* Counts by a plain reading of table 3-7: which two-byte and three-byte strings are well formed. */
Test(utf8, exactly_the_well_formed_pairs_and_triples_are_valid) {
    size_t pairs = 0, triples = 0;
    for (unsigned value = 0; value < 0x1000000; value++) {
        char text[3] = {(char)(value >> 16), (char)(value >> 8), (char)value};
        if (value < 0x10000) pairs += hny_utf8_valid(text + 1, 2);
        triples += hny_utf8_valid(text, 3);
    }
    const size_t one = 0x80, two = 0x800 - 0x80, three = 0x10000 - 0x800 - 0x800;
    cr_assert_eq(pairs, one * one + two);
    cr_assert_eq(triples, one * one * one + 2 * one * two + three);
}

struct repair {
    const char *broken, *whole;
    size_t replaced;
};

/* The rows of tables 3-8 to 3-11 of The Unicode Standard 15, and edges beside them. */
static const struct repair repairs[] = {
    {"", "", 0},
    {"plain text, longer than eight bytes", "plain text, longer than eight bytes", 0},
    {"\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41", R R R R R R R R "A", 8},
    {"\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41", R R R R R R R R "A", 8},
    {"\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42", R R R R R "A" R R "B", 7},
    {"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", R R R R "A", 4},
    {"\x80", R, 1},
    {"a\xE3\x81", "a" R, 1},
    {"\xE3\x81\xE3\x81\x82", R "あ", 1},
    {"\xF0\x9F\x98", R, 1},
    {"12345678\xFF"
     "12345678",
     "12345678" R "12345678", 1},
    {"\xF5\x80\x80\x80", R R R R, 4},
};

Test(utf8, broken_parts_are_replaced_one_by_one_as_the_standard_says) {
    for (size_t i = 0; i < sizeof repairs / sizeof *repairs; i++) {
        struct hny_buffer out = {0};
        size_t replaced = 100;
        size_t size = strlen(repairs[i].broken);
        cr_assert_eq(hny_utf8_repair(&out, repairs[i].broken, size, &replaced), HNY_OK);
        cr_assert_str_eq(out.data, repairs[i].whole, "row %zu", i);
        cr_assert_eq(replaced, 100 + repairs[i].replaced, "row %zu", i);
        cr_assert_eq(hny_utf8_valid(repairs[i].broken, size), repairs[i].replaced == 0);
        cr_assert(hny_utf8_valid(out.data, out.size));
        hny_buffer_free(&out);
    }
}

Test(utf8, nul_bytes_are_characters_and_the_count_may_be_left_out) {
    struct hny_buffer out = {0};
    cr_assert_eq(hny_utf8_repair(&out, "a\0\xFF\0", 4, NULL), HNY_OK);
    cr_assert_eq(out.size, 6);
    cr_assert_arr_eq(out.data, "a\0" R "\0", 7);
    hny_buffer_free(&out);
}
