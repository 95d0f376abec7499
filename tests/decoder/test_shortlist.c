#include "decoder/shortlist.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { VOCABULARY = 300, END = 3, UNKNOWN = 1 };

/* Source subword 5 has the targets 20 and 40, subword 6 has 40 and 41; 10 is frequent. */
static void print(bool own, struct hny_buffer *file) {
    int32_t frequent[] = {10}, targets[] = {20, 40, 40, 41};
    uint32_t first[VOCABULARY + 1] = {0};
    struct hny_shortlist shortlist = {.source = VOCABULARY,
                                      .target = VOCABULARY,
                                      .own = own,
                                      .best = 2,
                                      .frequent = frequent,
                                      .frequent_count = 1,
                                      .first = first,
                                      .targets = targets};
    for (size_t s = 6; s <= VOCABULARY; s++) first[s] = s == 6 ? 2 : 4;
    for (size_t i = 0; i < 2; i++) memset(shortlist.tokenizers[i], i ? 'a' : '0', HNY_DIGEST_TEXT - 1);
    cr_assert_eq(hny_shortlist_print(&shortlist, file), HNY_OK);
}

static struct hny_shortlist *parse(bool own) {
    struct hny_buffer file = {0}, again = {0};
    struct hny_shortlist *shortlist = NULL;
    print(own, &file);
    cr_assert_eq(hny_shortlist_parse(&shortlist, "file", file.data, file.size), HNY_OK, "%s", hny_message());
    cr_assert_eq(hny_shortlist_print(shortlist, &again), HNY_OK);
    cr_assert(again.size == file.size && memcmp(again.data, file.data, file.size) == 0);
    hny_buffer_free(&file);
    hny_buffer_free(&again);
    return shortlist;
}

static void expect(struct hny_shortlist_reader *reader, const int32_t *ids, size_t count,
                   const int32_t *wanted, size_t wanted_count) {
    const int32_t *found;
    size_t found_count;
    hny_shortlist_candidates(reader, ids, count, &found, &found_count);
    cr_assert_eq(found_count, wanted_count, "%zu, not %zu", found_count, wanted_count);
    for (size_t i = 0; i < wanted_count; i++) cr_assert_eq(found[i], wanted[i]);
}

Test(shortlist, candidates_are_the_table_s_the_frequent_ones_end_and_unknown) {
    struct hny_shortlist *shortlist = parse(false);
    struct hny_shortlist_reader *reader = NULL;
    cr_assert_eq(hny_shortlist_reader_create(&reader, shortlist, NULL), HNY_OK);
    expect(reader, (const int32_t[]){5, 6, 5}, 3, (const int32_t[]){UNKNOWN, END, 10, 20, 40, 41}, 6);
    expect(reader, (const int32_t[]){7}, 1, (const int32_t[]){UNKNOWN, END, 10}, 3);
    hny_shortlist_reader_destroy(&reader);
    hny_shortlist_destroy(&shortlist);
}

Test(shortlist, of_one_vocabulary_holds_the_sentence_s_own_subwords) {
    struct hny_shortlist *shortlist = parse(true);
    struct hny_shortlist_reader *reader = NULL;
    cr_assert_eq(hny_shortlist_reader_create(&reader, shortlist, NULL), HNY_OK);
    expect(reader, (const int32_t[]){299, 6}, 2, (const int32_t[]){UNKNOWN, END, 6, 10, 40, 41, 299}, 7);
    hny_shortlist_reader_destroy(&reader);
    hny_shortlist_destroy(&shortlist);
}

Test(shortlist, a_byte_that_begins_a_character_brings_those_that_continue_it) {
    struct hny_shortlist *shortlist = parse(true);
    struct hny_shortlist_reader *reader = NULL;
    int16_t bytes[VOCABULARY];
    const int32_t *found;
    size_t count;
    for (int i = 0; i < VOCABULARY; i++) bytes[i] = (int16_t)(i >= 44 ? i - 44 : -1);
    cr_assert_eq(hny_shortlist_reader_create(&reader, shortlist, bytes), HNY_OK);
    hny_shortlist_candidates(reader, (const int32_t[]){44 + 0xe3}, 1, &found, &count);
    cr_assert_eq(count, 4 + 66);
    cr_assert(found[3] == 44 + 0x80 && found[count - 1] == 44 + 0xe3);
    hny_shortlist_candidates(reader, (const int32_t[]){44 + 'a'}, 1, &found, &count);
    cr_assert_eq(count, 4);
    hny_shortlist_reader_destroy(&reader);
    hny_shortlist_destroy(&shortlist);
}

Test(shortlist, over_half_of_the_vocabulary_stands_for_all_of_it) {
    struct hny_shortlist *shortlist = parse(true);
    struct hny_shortlist_reader *reader = NULL;
    const int32_t *found;
    int32_t ids[VOCABULARY];
    size_t count;
    for (int32_t i = 0; i < VOCABULARY; i++) ids[i] = i;
    cr_assert_eq(hny_shortlist_reader_create(&reader, shortlist, NULL), HNY_OK);
    hny_shortlist_candidates(reader, ids + 100, 140, &found, &count);
    cr_assert_eq(count, 143);
    hny_shortlist_candidates(reader, ids + 100, 148, &found, &count);
    cr_assert_eq(count, 0);
    hny_shortlist_reader_destroy(&reader);
    hny_shortlist_destroy(&shortlist);
}

static void refuse(const char *data, size_t size) {
    struct hny_shortlist *shortlist = NULL;
    char *copy = malloc(size + 1); /* so that reading behind the end is seen */
    memcpy(copy, data, size);
    copy = realloc(copy, size ? size : 1);
    cr_assert_eq(hny_shortlist_parse(&shortlist, "file", copy, size), HNY_ERROR_INPUT);
    cr_assert_null(shortlist);
    cr_assert_not_null(strstr(hny_message(), "file"));
    free(copy);
}

Test(shortlist, a_file_that_is_cut_short_or_longer_is_refused) {
    struct hny_buffer file = {0};
    print(false, &file);
    for (size_t size = 0; size < file.size; size++) refuse(file.data, size);
    cr_assert_eq(hny_buffer_append(&file, "\0\0\0\0", 4), HNY_OK);
    refuse(file.data, file.size);
    hny_buffer_free(&file);
}

Test(shortlist, a_file_whose_numbers_do_not_fit_is_refused) {
    /* byte and its new value: magic, digest, vocabularies, own, best, a frequent one, order of targets */
    static const struct {
        long at; /* from the end where below 0 */
        char value;
    } wrong[] = {{0, 'H'}, {16, 'g'}, {144, 0}, {147, 1}, {151, -1}, {152, 2},  {156, 1}, {160, -1}, {164, 3},
                 {169, 2}, {172, 1},  {-4, 40}, {-4, 39}, {-3, 127}, {-16, 41}, {-20, 1}, {-1, -1}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct hny_buffer file = {0};
        print(false, &file);
        size_t at = (size_t)(wrong[i].at < 0 ? (long)file.size + wrong[i].at : wrong[i].at);
        cr_assert_neq(file.data[at], wrong[i].value);
        file.data[at] = wrong[i].value;
        refuse(file.data, file.size);
        hny_buffer_free(&file);
    }
}

Test(shortlist, of_a_vocabulary_without_the_ids_that_every_one_has_is_refused) {
    uint32_t first[2] = {0};
    struct hny_shortlist shortlist = {.source = 1, .target = END, .first = first};
    struct hny_buffer file = {0};
    for (size_t i = 0; i < 2; i++) memset(shortlist.tokenizers[i], '0', HNY_DIGEST_TEXT - 1);
    cr_assert_eq(hny_shortlist_print(&shortlist, &file), HNY_OK);
    refuse(file.data, file.size);
    cr_assert_not_null(strstr(hny_message(), "make no sense"), "%s", hny_message());
    hny_buffer_free(&file);
}
