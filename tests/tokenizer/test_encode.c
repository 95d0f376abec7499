#include "base/utf8.h"
#include "tests/tokenizer/helpers.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* Six tokenizers, of each kind and form, and two ways to encode with each. */
struct subject {
    struct hny_tokenizer *tokenizer;
    struct hny_encoding *encoding;
    struct hny_sampling sampling;
};
enum { SUBJECTS = 6 };
static struct subject subjects[SUBJECTS];

static void create_subjects(void) {
    for (size_t i = 0; i < SUBJECTS; i++) {
        static const char *const symbols[] = {"<sep>", "<2de>"};
        struct hny_tokenizer_options options;
        hny_tokenizer_defaults(&options);
        options.kind = i % 2 ? HNY_TOKENIZER_BPE : HNY_TOKENIZER_UNIGRAM;
        options.form = (enum hny_normal_form)(i / 2);
        options.vocabulary = 450;
        options.coverage = 0.98;
        options.symbols = symbols;
        options.symbol_count = i < 4 ? 2 : 0;
        subjects[i].tokenizer = trained_on((const char *const[]){sample_text, NULL}, &options);
        cr_assert_eq(hny_encoding_create(&subjects[i].encoding, subjects[i].tokenizer), HNY_OK);
        subjects[i].sampling = (struct hny_sampling){.temperature = 0.5, .dropout = 0.2};
    }
}

static void destroy_subjects(void) {
    for (size_t i = 0; i < SUBJECTS; i++) {
        hny_encoding_destroy(&subjects[i].encoding);
        hny_tokenizer_close(&subjects[i].tokenizer);
    }
}

TestSuite(encode, .init = create_subjects, .fini = destroy_subjects);

static void assert_all_round_trip(const char *text, size_t size) {
    for (size_t i = 0; i < SUBJECTS; i++) {
        assert_round_trip(subjects[i].tokenizer, subjects[i].encoding, text, size, NULL);
        assert_round_trip(subjects[i].tokenizer, subjects[i].encoding, text, size, &subjects[i].sampling);
    }
}

Test(encode, every_script_comes_back_as_its_normal_form) {
    /* Words of up to seven neighbouring assigned characters, from all of Unicode. */
    enum { CODES_A_TEXT = 64 };
    char text[8 * CODES_A_TEXT];
    size_t size = 0, codes = 0;
    for (uint32_t code = 1; code < 0x110000; code++) {
        bool surrogate = code >= 0xD800 && code < 0xE000;
        bool unassigned = surrogate || utf8proc_category((utf8proc_int32_t)code) == UTF8PROC_CATEGORY_CN;
        /* Of the ideographs, the syllables and private characters a part. */
        bool many = (code >= 0x3400 && code < 0xD7A4) || code >= 0x17000;
        if (!unassigned && (!many || code % 37 == 0)) {
            size += (size_t)hny_utf8_encode(code, text + size);
            if (++codes % 7 == 0) text[size++] = ' ';
        }
        if (codes < CODES_A_TEXT && code != 0x10FFFF) continue;
        assert_all_round_trip(text, size);
        size = codes = 0;
    }
}

Test(encode, random_bytes_come_back_as_their_normal_form) {
    uint64_t state = 21;
    for (int round = 0; round < 2000; round++) {
        char text[64];
        size_t size = next_random(&state, sizeof text);
        for (size_t i = 0; i < size; i++)
            text[i] = (char)(round % 2 ? next_random(&state, 256)
                                       : (uint32_t) "\xE3\x81\x82 \xC3\xA9m\xFF"[next_random(&state, 9)]);
        assert_all_round_trip(text, size);
    }
}

Test(encode, the_boundary_mark_in_a_text_stays_itself) {
    const char *text = "a ▁ b▁c ▁";
    assert_all_round_trip(text, strlen(text));
    cr_assert_str_eq(pieces_of(subjects[1].tokenizer, "▁", NULL), "▁ <0xE2> <0x96> <0x81>");
}

Test(encode, words_longer_than_the_limit_come_back_whole) {
    enum { BYTES = 100000 };
    char *text = malloc(BYTES + 4);
    uint64_t state = 2;
    for (size_t i = 0; i < BYTES; i++) text[i] = "aeinst"[next_random(&state, 6)];
    for (size_t at = 1; at < BYTES; at += 101) memcpy(text + at, "\xE4\xBA\xBA", 3);
    assert_all_round_trip(text, BYTES);
    free(text);
}

Test(encode, words_seen_before_are_encoded_alike) {
    uint64_t state = 8;
    struct hny_encoding *fresh = NULL;
    for (int round = 0; round < 3000; round++) {
        char text[64];
        size_t size = 0;
        struct hny_ids used = {0}, unused = {0};
        for (uint32_t left = next_random(&state, 40); left > 0; left--)
            text[size++] = "aenr t"[next_random(&state, 6)];
        const struct subject *subject = &subjects[round % 2];
        cr_assert_eq(hny_encoding_create(&fresh, subject->tokenizer), HNY_OK);
        cr_assert_eq(hny_tokenizer_encode(subject->encoding, text, size, NULL, &used), HNY_OK);
        cr_assert_eq(hny_tokenizer_encode(fresh, text, size, NULL, &unused), HNY_OK);
        cr_assert_eq(used.count, unused.count);
        for (size_t i = 0; i < used.count; i++) cr_assert_eq(used.ids[i], unused.ids[i]);
        hny_ids_free(&used);
        hny_ids_free(&unused);
        hny_encoding_destroy(&fresh);
    }
}

Test(encode, a_symbol_is_one_id_wherever_it_stands) {
    const struct hny_tokenizer *tokenizer = subjects[0].tokenizer;
    cr_assert_str_eq(pieces_of(tokenizer, "<2de>", NULL), "▁ <2de>");
    const char *text = "men<sep>men <sep><2de> <sep";
    cr_assert(strstr(pieces_of(tokenizer, text, NULL), "<sep>"));
    assert_all_round_trip(text, strlen(text));
    int32_t id = hny_tokenizer_find(tokenizer, "<sep>");
    struct hny_ids ids = {0};
    size_t seen = 0;
    cr_assert_eq(hny_tokenizer_encode(subjects[0].encoding, text, strlen(text), &subjects[0].sampling, &ids),
                 HNY_OK);
    for (size_t i = 0; i < ids.count; i++) seen += ids.ids[i] == id;
    cr_assert_eq(seen, 2);
    hny_ids_free(&ids);
}

Test(encode, the_longest_symbol_is_taken) {
    const struct piece pieces[] = {{"<a>", 0}, {"<a>b", 0}, {" ", -1000000}, {"b", -1000000}, {NULL, 0}};
    struct hny_tokenizer *tokenizer = tokenizer_of(HNY_TOKENIZER_UNIGRAM, pieces, 2);
    cr_assert_str_eq(pieces_of(tokenizer, "b<a>bb<a> b", NULL), "▁ b <a>b b <a> ▁ b");
    hny_tokenizer_close(&tokenizer);
}

Test(encode, ids_are_appended_and_an_empty_text_has_none) {
    struct hny_ids ids = {0};
    cr_assert_eq(hny_tokenizer_encode(subjects[0].encoding, "", 0, NULL, &ids), HNY_OK);
    cr_assert_eq(hny_tokenizer_encode(subjects[0].encoding, " \n", 2, NULL, &ids), HNY_OK);
    cr_assert_eq(ids.count, 0);
    cr_assert_eq(hny_tokenizer_encode(subjects[0].encoding, "men", 3, NULL, &ids), HNY_OK);
    size_t once = ids.count;
    cr_assert_eq(hny_tokenizer_encode(subjects[0].encoding, "men", 3, NULL, &ids), HNY_OK);
    cr_assert_eq(ids.count, 2 * once);
    cr_assert_arr_eq(ids.ids, ids.ids + once, once * sizeof *ids.ids);
    hny_ids_free(&ids);
}

static void assert_decoded(const int32_t *ids, size_t count, const char *expected) {
    struct hny_buffer text = {0};
    cr_assert_eq(hny_buffer_append(&text, "", 0), HNY_OK);
    cr_assert_eq(hny_tokenizer_decode(subjects[0].tokenizer, ids, count, &text), HNY_OK, "%s", hny_message());
    cr_assert_str_eq(text.data, expected);
    hny_buffer_free(&text);
}

Test(encode, bytes_can_spell_neither_line_ends_nor_broken_text) {
    enum { BYTE = HNY_ID_BYTES };
    assert_decoded((int32_t[]){BYTE + 'a', BYTE + '\n', BYTE + 'b', BYTE + '\0', BYTE + '\r'}, 5,
                   "a\uFFFDb\uFFFD\uFFFD");
    assert_decoded((int32_t[]){BYTE + 0xC2, BYTE + 0x85, BYTE + 0xE2, BYTE + 0x80, BYTE + 0xA8}, 5,
                   "\uFFFD\uFFFD");
    assert_decoded((int32_t[]){BYTE + 0xE3, BYTE + 0x81, BYTE + 'x', BYTE + 0xFF}, 4, "\uFFFDx\uFFFD");
    assert_decoded((int32_t[]){BYTE + 0xE3, BYTE + 0x81, BYTE + 0x82}, 3, "あ");
    assert_decoded((int32_t[]){HNY_ID_BEGIN, BYTE + 'a', HNY_ID_UNKNOWN, HNY_ID_PAD, HNY_ID_END}, 5, "a");
}

Test(encode, an_id_outside_the_vocabulary_is_refused_and_the_text_is_as_it_was) {
    const int32_t bad[] = {-1, (int32_t)hny_tokenizer_size(subjects[0].tokenizer), INT32_MAX, INT32_MIN};
    struct hny_buffer text = {0};
    cr_assert_eq(hny_buffer_append(&text, "kept", 4), HNY_OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const int32_t ids[] = {HNY_ID_BYTES + 'a', bad[i]};
        cr_assert_eq(hny_tokenizer_decode(subjects[0].tokenizer, ids, 2, &text), HNY_ERROR_INPUT);
        cr_assert_str_eq(text.data, "kept");
        cr_assert_null(hny_tokenizer_piece(subjects[0].tokenizer, bad[i]));
        cr_assert_eq(hny_tokenizer_byte(subjects[0].tokenizer, bad[i]), -1);
    }
    hny_buffer_free(&text);
}

Test(encode, the_longest_piece_is_found_by_its_written_form) {
    char longest[256];
    memset(longest, 'x', 255);
    longest[255] = '\0';
    struct hny_tokenizer_options options;
    hny_tokenizer_defaults(&options);
    options.vocabulary = 450;
    options.symbols = (const char *const[]){longest};
    options.symbol_count = 1;
    struct hny_tokenizer *tokenizer = trained_on((const char *const[]){sample_text, NULL}, &options);
    int32_t id = hny_tokenizer_find(tokenizer, longest);
    cr_assert_geq(id, HNY_ID_PIECES);
    cr_assert_str_eq(hny_tokenizer_piece(tokenizer, id), longest);
    hny_tokenizer_close(&tokenizer);
}

Test(encode, every_id_is_found_by_its_written_form) {
    for (size_t i = 0; i < SUBJECTS; i++)
        for (int32_t id = 0; (size_t)id < hny_tokenizer_size(subjects[i].tokenizer); id++)
            cr_assert_eq(
                hny_tokenizer_find(subjects[i].tokenizer, hny_tokenizer_piece(subjects[i].tokenizer, id)),
                id);
    cr_assert_eq(hny_tokenizer_find(subjects[0].tokenizer, "no such piece"), -1);
    cr_assert_eq(hny_tokenizer_find(subjects[0].tokenizer, ""), -1);
    char longest[1000];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    cr_assert_eq(hny_tokenizer_find(subjects[0].tokenizer, longest), -1);
    cr_assert_str_eq(hny_tokenizer_piece(subjects[0].tokenizer, HNY_ID_BYTES + 10), "<0x0A>");
    cr_assert_eq(hny_tokenizer_byte(subjects[0].tokenizer, HNY_ID_BYTES + 10), 10);
    cr_assert_eq(hny_tokenizer_byte(subjects[0].tokenizer, HNY_ID_PIECES), -1);
}
