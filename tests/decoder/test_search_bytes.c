/* A vocabulary with byte pieces: begin, end, the 256 bytes, some words. */
#include "base/utf8.h"
#include "toy.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { FIRST_BYTE = 2, WORDS = FIRST_BYTE + 256, VOCABULARY = WORDS + 6 };

static int16_t bytes[VOCABULARY];

static void fill_bytes(void) {
    for (int id = 0; id < VOCABULARY; id++)
        bytes[id] = (int16_t)(id >= FIRST_BYTE && id < WORDS ? id - FIRST_BYTE : -1);
}

/* The text of the ids; a word is "w". */
static size_t spell(const struct hny_hypothesis *h, char *text) {
    for (size_t i = 0; i < h->count; i++) text[i] = bytes[h->ids[i]] < 0 ? 'w' : (char)bytes[h->ids[i]];
    return h->count;
}

static void search_all(struct toy *toy, const struct hny_search_options *options,
                       struct hny_translation *translations, size_t count) {
    struct hny_search_model model = toy_model(toy);
    struct hny_search *search;
    fill_bytes();
    model.bytes = bytes;
    cr_assert_eq(hny_search_create(&search, &model, &toy->compute), HNY_OK);
    for (uint64_t s = 0; s < count; s++) {
        struct hny_memory memory = toy_memory(toy, s, 5);
        cr_assert_eq(hny_search_add(search, s, &memory, options), HNY_OK);
    }
    toy_run(search, translations, count);
    hny_search_destroy(&search);
}

static void favour(struct toy *toy, int first, int last, double by) {
    for (int id = first; id <= last; id++)
        toy->parameters.values[toy->head.bias->offset + (size_t)id] += (hny_real)by;
}

Test(search_bytes, bytes_never_spell_a_control_character_or_broken_utf8_wherever_they_are_cut) {
    enum { SENTENCES = 12 };
    size_t long_characters = 0, cut = 0;
    for (uint64_t seed = 0; seed < 12; seed++) {
        struct toy toy;
        struct hny_translation translations[SENTENCES];
        struct hny_search_options options = {
            .beam = 1 + seed % 5, .best = 1 + seed % 5, .max_length = 3 + seed};
        toy_create(&toy, VOCABULARY, 4, seed);
        favour(&toy, FIRST_BYTE, FIRST_BYTE + 0x1F, 5); /* what must not come */
        favour(&toy, FIRST_BYTE + 0x80, FIRST_BYTE + 0x9F, 6);
        favour(&toy, FIRST_BYTE + 0xE0, FIRST_BYTE + 0xFF, 8);
        search_all(&toy, &options, translations, SENTENCES);
        for (size_t s = 0; s < SENTENCES; s++) {
            for (size_t i = 0; i < translations[s].count; i++) {
                const struct hny_hypothesis *h = &translations[s].hypotheses[i];
                char text[64];
                size_t size = spell(h, text);
                cr_assert_leq(size, options.max_length);
                cr_assert(hny_utf8_valid(text, size));
                for (size_t k = 0, step; k < size; k += step) {
                    uint32_t code;
                    step = (size_t)hny_utf8_decode(text + k, size - k, &code);
                    cr_assert(code >= 0x20 && !(code >= 0x7F && code < 0xA0), "U+%04X", code);
                    long_characters += step >= 3;
                }
                cut += !h->ended && size < options.max_length;
            }
            hny_translation_free(&translations[s]);
        }
        toy_free(&toy);
    }
    cr_assert_gt(long_characters, 100, "the test has lost its bite: %zu", long_characters);
    cr_assert_gt(cut, 10, "the test has lost its bite: %zu", cut);
}

Test(search_bytes, a_character_that_max_length_cuts_is_dropped_with_its_price) {
    struct toy toy;
    struct hny_translation full, cut;
    struct hny_search_options options = {.beam = 1, .best = 1, .max_length = 4};
    toy_create(&toy, VOCABULARY, 0, 5); /* without the input's say: the biases alone decide */
    favour(&toy, FIRST_BYTE + 0xF1, FIRST_BYTE + 0xF1, 20);
    search_all(&toy, &options, &full, 1);
    cr_assert_eq(full.hypotheses[0].count, 4);
    cr_assert_eq(full.hypotheses[0].ids[0], FIRST_BYTE + 0xF1);
    options.max_length = 7;
    search_all(&toy, &options, &cut, 1);
    cr_assert_eq(cut.hypotheses[0].count, 4);
    cr_assert_not(cut.hypotheses[0].ended);
    cr_assert_arr_eq(&cut.hypotheses[0].log_probability, &full.hypotheses[0].log_probability, sizeof(double));
    hny_translation_free(&full);
    hny_translation_free(&cut);
    toy_free(&toy);
}

Test(search_bytes, a_vocabulary_without_continuation_bytes_ends_before_the_character) {
    struct toy toy;
    struct hny_translation translation;
    struct hny_search_options options = {.beam = 1, .best = 1, .max_length = 9};
    toy_create(&toy, VOCABULARY, 0, 5);
    for (int id = FIRST_BYTE + 0x80; id < FIRST_BYTE + 0xC0; id++) toy.forbidden[id] = true;
    favour(&toy, FIRST_BYTE + 0xF1, FIRST_BYTE + 0xF1, 20);
    search_all(&toy, &options, &translation, 1);
    cr_assert_eq(translation.count, 1);
    cr_assert_eq(translation.hypotheses[0].count, 0);
    cr_assert_not(translation.hypotheses[0].ended);
    hny_translation_free(&translation);
    toy_free(&toy);
}
