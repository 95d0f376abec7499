#include "model/ngrams.h"
#include <criterion/criterion.h>
#include <stdio.h>

static struct hny_ngram_symbols symbols(uint32_t *values, size_t size) {
    return (struct hny_ngram_symbols){values, size, size};
}

Test(ngrams, a_match_counts_no_more_often_than_in_the_reference_that_has_it_most_often) {
    /* "the the the the" against "the cat the" and "the the mat": unigrams 2, bigrams 1. */
    struct hny_ngram_symbols hypothesis = symbols((uint32_t[]){7, 7, 7, 7}, 4);
    struct hny_ngram_symbols references[] = {symbols((uint32_t[]){7, 1, 7}, 3),
                                             symbols((uint32_t[]){7, 7, 2}, 3)};
    struct hny_ngrams *ngrams = hny_ngrams_create();
    uint64_t matches[3];
    cr_assert_eq(hny_ngrams_match(ngrams, &hypothesis, references, 2, 3, matches), HNY_OK);
    cr_assert_eq(matches[0], 2);
    cr_assert_eq(matches[1], 1);
    cr_assert_eq(matches[2], 0);
    hny_ngrams_destroy(&ngrams);
    cr_assert_null(ngrams);
}

Test(ngrams, the_same_symbols_in_another_order_are_another_ngram) {
    struct hny_ngram_symbols hypothesis = symbols((uint32_t[]){1, 2, 3, 1}, 4),
                             reference = symbols((uint32_t[]){3, 1, 2}, 3);
    struct hny_ngrams *ngrams = hny_ngrams_create();
    uint64_t matches[4];
    cr_assert_eq(hny_ngrams_match(ngrams, &hypothesis, &reference, 1, 4, matches), HNY_OK);
    cr_assert_eq(matches[0], 3);
    cr_assert_eq(matches[1], 2); /* 1 2, and 3 1 */
    cr_assert_eq(matches[2], 0);
    cr_assert_eq(matches[3], 0);
    hny_ngrams_destroy(&ngrams);
}

Test(ngrams, an_empty_sequence_matches_nothing) {
    struct hny_ngram_symbols empty = {0}, one = symbols((uint32_t[]){5}, 1);
    struct hny_ngrams *ngrams = hny_ngrams_create();
    uint64_t matches[2] = {9, 9};
    cr_assert_eq(hny_ngrams_match(ngrams, &empty, &one, 1, 2, matches), HNY_OK);
    cr_assert_eq(matches[0] + matches[1], 0);
    cr_assert_eq(hny_ngrams_match(ngrams, &one, &empty, 1, 2, matches), HNY_OK);
    cr_assert_eq(matches[0] + matches[1], 0);
    hny_ngrams_destroy(&ngrams);
}

Test(ngrams, a_word_keeps_its_number_among_very_many) {
    enum { WORDS = 20000 };
    struct hny_ngrams *ngrams = hny_ngrams_create();
    static uint32_t numbers[WORDS];
    char word[16];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < WORDS; i++) {
            uint32_t number;
            int size = snprintf(word, sizeof word, "w%d", i);
            cr_assert_eq(hny_ngrams_word(ngrams, word, (size_t)size, &number), HNY_OK);
            if (round == 0) numbers[i] = number;
            cr_assert_eq(numbers[i], number);
            cr_assert_eq(number, (uint32_t)i);
        }
        hny_ngrams_next(ngrams);
    }
    hny_ngrams_destroy(&ngrams);
}

Test(ngrams, totals_of_short_sequences_are_zero) {
    cr_assert_eq(hny_ngrams_total(3, 1), 3);
    cr_assert_eq(hny_ngrams_total(3, 3), 1);
    cr_assert_eq(hny_ngrams_total(3, 4), 0);
    cr_assert_eq(hny_ngrams_total(0, 1), 0);
}
