#include "tests/tokenizer/helpers.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct piece pieces[] = {
    {" ", 0},    {"a", 0},    {"b", 0},   {"c", 0},    {"d", 0},   {"ab", 1},    {"bc", 2},
    {"cd", 3},   {" a", 4},   {"aa", 5},  {"abc", 6},  {"bcd", 7}, {"ca", 8},    {"abab", 9},
    {" ab", 10}, {"aaa", 11}, {"da", 12}, {"dab", 13}, {"bb", 14}, {"cdab", 15}, {NULL, 0},
};

static const struct piece *find(const char *text, size_t size) {
    for (const struct piece *piece = pieces; piece->text; piece++)
        if (strlen(piece->text) == size && memcmp(piece->text, text, size) == 0) return piece;
    return NULL;
}

/* The definition: among all neighbours that make a piece, the lowest rank, leftmost; until there are none. */
static void merge_plainly(const char *word, char *out) {
    size_t starts[512], count = 0, size = strlen(word);
    for (size_t at = 0; at < size; at++) starts[count++] = at;
    starts[count] = size;
    for (;;) {
        size_t best = count;
        int32_t rank = INT32_MAX;
        for (size_t i = 0; i + 1 < count; i++) {
            const struct piece *piece = find(word + starts[i], starts[i + 2] - starts[i]);
            if (!piece || piece->score >= rank) continue;
            rank = piece->score;
            best = i;
        }
        if (best == count) break;
        memmove(starts + best + 1, starts + best + 2, (count - best - 1) * sizeof *starts);
        count--;
    }
    out[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        size_t begin = starts[i], length = starts[i + 1] - begin;
        char piece[600];
        bool mark = word[begin] == ' ';
        if (find(word + begin, length))
            snprintf(piece, sizeof piece, "%s%s%.*s", i ? " " : "", mark ? "▁" : "", (int)(length - mark),
                     word + begin + mark);
        else
            snprintf(piece, sizeof piece, "%s<0x%02X>", i ? " " : "", (unsigned char)word[begin]);
        strcat(out, piece);
    }
}

Test(bpe, words_of_all_lengths_are_merged_as_defined) {
    struct hny_tokenizer *tokenizer = tokenizer_of(HNY_TOKENIZER_BPE, pieces, 0);
    uint64_t state = 5;
    for (int round = 0; round < 3000; round++) {
        char word[512] = " ", expected[4096];
        size_t size = 1 + next_random(&state, round % 3 == 0 ? 300 : 20);
        for (size_t i = 1; i <= size; i++) word[i] = "aaabbccde"[next_random(&state, 9)];
        word[size + 1] = '\0';
        merge_plainly(word, expected);
        cr_assert_str_eq(pieces_of(tokenizer, word + 1, NULL), expected);
    }
    hny_tokenizer_close(&tokenizer);
}

Test(bpe, dropout_of_one_leaves_characters_and_of_almost_none_all_merges) {
    struct hny_tokenizer *tokenizer = tokenizer_of(HNY_TOKENIZER_BPE, pieces, 0);
    struct hny_sampling sampling = {.dropout = 1, .stream = hny_random_stream(1, HNY_RANDOM_SUBWORD, 0, 0)};
    cr_assert_str_eq(pieces_of(tokenizer, "abcd ea", &sampling), "▁ a b c d ▁ <0x65> a");
    sampling.dropout = 1e-12;
    uint64_t state = 9;
    for (int round = 0; round < 300; round++) {
        char word[256] = "", plain[4096];
        size_t size = 1 + next_random(&state, 100);
        for (size_t i = 0; i < size; i++) word[i] = "abcd "[next_random(&state, 5)];
        strcpy(plain, pieces_of(tokenizer, word, NULL));
        cr_assert_str_eq(pieces_of(tokenizer, word, &sampling), plain);
    }
    hny_tokenizer_close(&tokenizer);
}

/* Merging "abc" with each merge dropped with probability p: the first step takes ab (1-p), else bc (p(1-p)),
 * else nothing (p²); after ab comes abc (1-p), after bc too. */
Test(bpe, dropout_skips_each_merge_with_its_probability_at_each_step) {
    static const struct piece few[] = {{" ", 0},  {"a", 0},  {"b", 0},   {"c", 0},
                                       {"ab", 1}, {"bc", 2}, {"abc", 3}, {NULL, 0}};
    struct hny_tokenizer *tokenizer = tokenizer_of(HNY_TOKENIZER_BPE, few, 0);
    struct hny_encoding *encoding = NULL;
    cr_assert_eq(hny_encoding_create(&encoding, tokenizer), HNY_OK);
    enum { SAMPLES = 40000 };
    const double p = 0.3;
    const struct {
        const char *pieces;
        double probability;
    } ways[] = {{"▁ abc", (1 - p) * (1 - p) + p * (1 - p) * (1 - p)},
                {"▁ ab c", (1 - p) * p},
                {"▁ a bc", p * (1 - p) * p},
                {"▁ a b c", p * p}};
    double seen[4] = {0};
    for (uint32_t sample = 0; sample < SAMPLES; sample++) {
        struct hny_sampling sampling = {.dropout = p,
                                        .stream = hny_random_stream(3, HNY_RANDOM_SUBWORD, sample, 1)};
        const char *drawn = pieces_with(encoding, tokenizer, "abc", &sampling);
        for (size_t i = 0; i < 4; i++) seen[i] += strcmp(drawn, ways[i].pieces) == 0;
    }
    for (size_t i = 0; i < 4; i++)
        cr_assert_float_eq(seen[i] / SAMPLES, ways[i].probability, 0.012, "%s: %g", ways[i].pieces,
                           seen[i] / SAMPLES);
    hny_encoding_destroy(&encoding);
    hny_tokenizer_close(&tokenizer);
}
