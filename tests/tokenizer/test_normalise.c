#include "tokenizer/normalise.h"

#include "base/progress.h"
#include "base/utf8.h"
#include "tests/tokenizer/helpers.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

static const enum hny_normal_form forms[] = {HNY_NORMAL_NFC, HNY_NORMAL_NFKC, HNY_NORMAL_NONE};

static struct hny_normaliser *normaliser_of(enum hny_normal_form form) {
    struct hny_normaliser *normaliser = NULL;
    cr_assert_eq(hny_normaliser_create(&normaliser, form), HNY_OK);
    return normaliser;
}

static void assert_normal(enum hny_normal_form form, const char *text, size_t size, const char *expected) {
    struct hny_normaliser *normaliser = normaliser_of(form);
    struct hny_buffer out = {0};
    cr_assert_eq(hny_normaliser_run(normaliser, text, size, NULL, &out), HNY_OK);
    cr_assert_str_eq(out.data, expected);
    cr_assert_eq(out.size, strlen(expected));
    hny_buffer_free(&out);
    hny_normaliser_destroy(&normaliser);
}
#define NORMAL(form, text, expected) assert_normal(form, text, sizeof text - 1, expected)

/* The definition followed step by step over the whole text, into OUT, which has room. */
static void normalise_plainly(enum hny_normal_form form, const char *text, size_t size, char *out) {
    char kept[1024];
    size_t kept_size = 0, written = 0;
    for (size_t at = 0; at < size;) {
        uint32_t code = 0;
        int bytes = hny_utf8_decode(text + at, size - at, &code);
        enum hny_character action = hny_character(code);
        if (action == HNY_CHARACTER_SPACE) kept[kept_size++] = ' ';
        if (action == HNY_CHARACTER_KEEP) kept_size += (size_t)hny_utf8_encode(code, kept + kept_size);
        at += (size_t)abs(bytes);
    }
    kept[kept_size] = '\0';
    char *formed = form == HNY_NORMAL_NONE  ? strdup(kept)
                   : form == HNY_NORMAL_NFC ? (char *)utf8proc_NFC((const utf8proc_uint8_t *)kept)
                                            : (char *)utf8proc_NFKC((const utf8proc_uint8_t *)kept);
    for (const char *at = formed; *at; at++)
        if (*at != ' ' || (written > 0 && out[written - 1] != ' ')) out[written++] = *at;
    if (written > 0 && out[written - 1] == ' ') written--;
    out[written] = '\0';
    free(formed);
}

Test(normalise, every_code_point_is_as_defined_and_idempotent_in_every_form) {
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct hny_normaliser *normaliser = normaliser_of(forms[i]);
        struct hny_buffer out = {0}, again = {0};
        for (uint32_t code = 0; code < 0x110000; code++) {
            if (code >= 0xD800 && code < 0xE000) continue;
            char text[8] = "x", expected[256];
            size_t size = 1 + (size_t)hny_utf8_encode(code, text + 1);
            text[size++] = 'y';
            hny_buffer_clear(&out);
            hny_buffer_clear(&again);
            cr_assert_eq(hny_normaliser_run(normaliser, text, size, NULL, &out), HNY_OK);
            cr_assert_eq(hny_normaliser_run(normaliser, out.data, out.size, NULL, &again), HNY_OK);
            normalise_plainly(forms[i], text, size, expected);
            cr_assert_str_eq(out.data, expected, "U+%04X in form %zu", code, i);
            cr_assert_str_eq(again.data, out.data, "U+%04X in form %zu", code, i);
        }
        hny_buffer_free(&out);
        hny_buffer_free(&again);
        hny_normaliser_destroy(&normaliser);
    }
}

/* A code point of a kind that matters to composition. U+11A7 is left out: utf8proc takes it for a final
 * consonant. */
static uint32_t random_code(uint64_t *state) {
    static const struct {
        uint32_t first, count;
    } kinds[] = {{'a', 26},       {0x300, 0x70},  {0xC0, 0x180},   {0x1100, 0x76},  {0x11A8, 27},
                 {0xAC00, 11172}, {0x900, 0x800}, {0x2000, 0x100}, {0x3040, 0xC0},  {0xFB00, 0x400},
                 {0x20, 1},       {0x80, 0x80},   {0x1E00, 0x200}, {0x1D100, 0x100}};
    uint32_t kind = next_random(state, sizeof kinds / sizeof *kinds);
    return kinds[kind].first + next_random(state, kinds[kind].count);
}

Test(normalise, random_texts_are_as_the_definition_says_over_the_whole_text) {
    uint64_t state = 7;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct hny_normaliser *normaliser = normaliser_of(forms[i]);
        struct hny_buffer out = {0};
        for (int round = 0; round < 100000; round++) {
            char text[64], expected[1024];
            size_t size = 0;
            for (uint32_t left = 1 + next_random(&state, 10); left > 0; left--)
                size += (size_t)hny_utf8_encode(random_code(&state), text + size);
            hny_buffer_clear(&out);
            cr_assert_eq(hny_normaliser_run(normaliser, text, size, NULL, &out), HNY_OK);
            normalise_plainly(forms[i], text, size, expected);
            cr_assert_str_eq(out.data, expected);
        }
        hny_buffer_free(&out);
        hny_normaliser_destroy(&normaliser);
    }
}

/* Its parts come one by one: each must be known to compose with what stands before it. */
Test(normalise, the_parts_of_every_code_point_compose_as_defined) {
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct hny_normaliser *normaliser = normaliser_of(forms[i]);
        struct hny_buffer out = {0};
        size_t composed = 0;
        for (uint32_t code = 0x80; code < 0x110000; code++) {
            if (code >= 0xD800 && code < 0xE000) continue;
            char text[8], expected[256];
            text[hny_utf8_encode(code, text)] = '\0';
            char *parts = (char *)utf8proc_NFD((const utf8proc_uint8_t *)text);
            if (strcmp(parts, text) != 0) {
                hny_buffer_clear(&out);
                cr_assert_eq(hny_normaliser_run(normaliser, parts, strlen(parts), NULL, &out), HNY_OK);
                normalise_plainly(forms[i], parts, strlen(parts), expected);
                cr_assert_str_eq(out.data, expected, "the parts of U+%04X in form %zu", code, i);
                composed++;
            }
            free(parts);
        }
        cr_assert_gt(composed, 11172, "at least the Hangul syllables");
        hny_buffer_free(&out);
        hny_normaliser_destroy(&normaliser);
    }
}

/* Nobody asks about these; should the library ever learn of one, they have to be asked about. */
Test(normalise, no_code_point_behind_the_ideographs_of_plane_two_has_a_form) {
    for (uint32_t code = 0x30000; code < 0x110000; code++) {
        const utf8proc_property_t *property = utf8proc_get_property((utf8proc_int32_t)code);
        cr_assert_eq(property->combining_class, 0, "U+%04X", code);
        cr_assert_eq(property->decomp_seqindex, UINT16_MAX, "U+%04X", code);
    }
}

Test(normalise, spaces_of_all_kinds_become_single_spaces_between_words) {
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        NORMAL(forms[i], " \ta\r\n\v\fb\xC2\xA0  c\xE2\x80\xA9\xC2\x85 \xE2\x80\x83", "a b c");
    NORMAL(HNY_NORMAL_NFC, "", "");
    NORMAL(HNY_NORMAL_NFC, " \n ", "");
}

Test(normalise, controls_and_invisible_marks_of_layout_are_dropped) {
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        NORMAL(forms[i],
               "a\0b\x1B\x7F\xC2\x9F"
               "c\xC2\xAD"
               "d\xE2\x80\x8B"
               "e\xEF\xBB\xBF\xE2\x80\xAE"
               "f",
               "abcdef");
}

Test(normalise, a_dropped_mark_does_not_keep_letters_from_composing) {
    NORMAL(HNY_NORMAL_NFC, "e\xE2\x80\x8B\xCC\x81", "\xC3\xA9");
    NORMAL(HNY_NORMAL_NONE, "e\xCC\x81", "e\xCC\x81");
}

Test(normalise, nfc_keeps_full_width_signs_and_nfkc_does_not) {
    NORMAL(HNY_NORMAL_NFC, "何時？１２時！　はい", "何時？１２時！　はい");
    NORMAL(HNY_NORMAL_NFKC, "何時？１２時！　はい", "何時?12時! はい");
}

Test(normalise, joiners_and_variation_selectors_are_kept) {
    NORMAL(HNY_NORMAL_NFC, "\xE2\x80\x8D\xE2\x80\x8C\xEF\xB8\x8F", "\xE2\x80\x8D\xE2\x80\x8C\xEF\xB8\x8F");
}

Test(normalise, broken_bytes_become_replacement_characters) {
    NORMAL(HNY_NORMAL_NFC,
           "a\xFF\xC3"
           "b\xE3\x81",
           "a\xEF\xBF\xBD\xEF\xBF\xBD"
           "b\xEF\xBF\xBD");
}

Test(normalise, the_form_is_appended_and_what_stood_before_is_kept) {
    struct hny_normaliser *normaliser = normaliser_of(HNY_NORMAL_NFC);
    struct hny_buffer out = {0};
    cr_assert_eq(hny_buffer_append(&out, "e ", 2), HNY_OK);
    cr_assert_eq(hny_normaliser_run(normaliser, " \xCC\x81 x ", 6, NULL, &out), HNY_OK);
    cr_assert_str_eq(out.data, "e \xCC\x81 x");
    hny_buffer_free(&out);
    hny_normaliser_destroy(&normaliser);
}

Test(normalise, a_long_pile_of_marks_takes_no_quadratic_time) {
    const size_t marks = 400000;
    char *text = malloc(1 + 4 * marks);
    struct hny_normaliser *normaliser = normaliser_of(HNY_NORMAL_NFC);
    struct hny_buffer out = {0};
    text[0] = 'a';
    for (size_t i = 0; i < marks; i++)
        memcpy(text + 1 + 4 * i, "\xCC\x81\xCC\xA3", 4); /* above, then below */
    double begin = hny_seconds();
    cr_assert_eq(hny_normaliser_run(normaliser, text, 1 + 4 * marks, NULL, &out), HNY_OK);
    cr_assert_lt(hny_seconds() - begin, 5);
    /* a with dot below, the other dots below, then all the acutes. */
    cr_assert_eq(memcmp(out.data, "\xE1\xBA\xA1\xCC\xA3", 5), 0);
    cr_assert_eq(out.size, 3 + 2 * (marks - 1) + 2 * marks);
    free(text);
    hny_buffer_free(&out);
    hny_normaliser_destroy(&normaliser);
}
