#include "base/utf8.h"
#include "tests/tokenizer/helpers.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <math.h>
#include <string.h>

static const struct piece pieces[] = {
    {" ", -3000000},  {"a", -2000000},  {"b", -2500000},   {"c", -2700000},   {"é", -3300000},
    {" a", -2200000}, {"ab", -3100000}, {"bc", -3300000},  {"abc", -5900000}, {"cé", -4100000},
    {"éa", -4000000}, {"aa", -3000001}, {" ab", -3500000}, {"bca", -4600000}, {NULL, 0},
};
/* The least score above, and the penalty of a character without a piece. */
#define UNKNOWN_SCORE (-5900000 - 10000000)

/* All segmentations of what follows TEXT, written as pieces_of does. */
struct way {
    char pieces[256];
    int64_t score;
};
static void list_ways(const char *text, const char *so_far, int64_t score, struct way *ways, size_t *count) {
    if (!*text) {
        strcpy(ways[*count].pieces, so_far + 1);
        ways[(*count)++].score = score;
        return;
    }
    char next[256];
    uint32_t code = 0;
    int bytes = hny_utf8_decode(text, strlen(text), &code);
    bool single = false;
    for (const struct piece *piece = pieces; piece->text; piece++) {
        if (strncmp(text, piece->text, strlen(piece->text)) != 0) continue;
        bool mark = piece->text[0] == ' ';
        single |= (int)strlen(piece->text) == bytes;
        snprintf(next, sizeof next, "%s %s%s", so_far, mark ? "▁" : "", piece->text + mark);
        list_ways(text + strlen(piece->text), next, score + piece->score, ways, count);
    }
    if (single) return;
    size_t size = (size_t)snprintf(next, sizeof next, "%s", so_far);
    for (int i = 0; i < bytes; i++)
        size += (size_t)snprintf(next + size, sizeof next - size, " <0x%02X>", (unsigned char)text[i]);
    list_ways(text + bytes, next, score + UNKNOWN_SCORE, ways, count);
}

static size_t ways_of(const char *word, struct way *ways) {
    char text[64];
    size_t count = 0;
    snprintf(text, sizeof text, " %s", word);
    list_ways(text, "", 0, ways, &count);
    return count;
}

Test(unigram, the_best_of_all_segmentations_is_found) {
    static const char *const letters[] = {"a", "b", "c", "é", "ж"};
    struct hny_tokenizer *tokenizer = tokenizer_of(HNY_TOKENIZER_UNIGRAM, pieces, 0);
    static struct way ways[4096];
    uint64_t state = 11;
    for (int round = 0; round < 2000; round++) {
        char word[64] = "";
        for (uint32_t left = 1 + next_random(&state, 8); left > 0; left--)
            strcat(word, letters[next_random(&state, 5)]);
        size_t count = ways_of(word, ways), best = 0;
        for (size_t i = 1; i < count; i++)
            if (ways[i].score > ways[best].score) best = i;
        const char *found = pieces_of(tokenizer, word, NULL);
        size_t same = 0;
        while (same < count && strcmp(ways[same].pieces, found) != 0) same++;
        cr_assert_lt(same, count, "%s is no segmentation of %s", found, word);
        cr_assert_eq(ways[same].score, ways[best].score, "%s for %s, better: %s", found, word,
                     ways[best].pieces);
    }
    hny_tokenizer_close(&tokenizer);
}

Test(unigram, of_equal_segmentations_the_one_with_the_longest_last_piece_is_taken) {
    static const struct piece equal[] = {{" ", -1000000},  {"a", -1000000},  {"b", -1000000},
                                         {"ab", -2000000}, {"bb", -2000000}, {"abb", -3000000},
                                         {NULL, 0}};
    struct hny_tokenizer *tokenizer = tokenizer_of(HNY_TOKENIZER_UNIGRAM, equal, 0);
    cr_assert_str_eq(pieces_of(tokenizer, "abb", NULL), "▁ abb");
    cr_assert_str_eq(pieces_of(tokenizer, "babb", NULL), "▁ b abb");
    hny_tokenizer_close(&tokenizer);
}

Test(unigram, samples_come_as_often_as_their_probability_says) {
    const char *word = "abcéab";
    const double temperatures[] = {1, 0.3};
    enum { SAMPLES = 60000 };
    static struct way ways[4096];
    size_t count = ways_of(word, ways);
    struct hny_tokenizer *tokenizer = tokenizer_of(HNY_TOKENIZER_UNIGRAM, pieces, 0);
    struct hny_encoding *encoding = NULL;
    cr_assert_eq(hny_encoding_create(&encoding, tokenizer), HNY_OK);
    for (size_t t = 0; t < 2; t++) {
        static double seen[4096];
        double total = 0, square = 0;
        memset(seen, 0, sizeof seen);
        for (size_t i = 0; i < count; i++) total += exp(temperatures[t] * (double)ways[i].score / 1e6);
        for (uint32_t sample = 0; sample < SAMPLES; sample++) {
            struct hny_sampling sampling = {.temperature = temperatures[t],
                                            .stream = hny_random_stream(5, HNY_RANDOM_SUBWORD, sample, 0)};
            const char *drawn = pieces_with(encoding, tokenizer, word, &sampling);
            size_t i = 0;
            while (i < count && strcmp(ways[i].pieces, drawn) != 0) i++;
            cr_assert_lt(i, count, "%s is no segmentation", drawn);
            seen[i]++;
        }
        /* Pearson's chi-square over the frequent ways; a sum so great comes once in a million. */
        size_t frequent = 0;
        for (size_t i = 0; i < count; i++) {
            double expected = SAMPLES * exp(temperatures[t] * (double)ways[i].score / 1e6) / total;
            if (expected < 10) continue;
            frequent++;
            square += (seen[i] - expected) * (seen[i] - expected) / expected;
        }
        cr_assert_gt(frequent, 5);
        cr_assert_lt(square, (double)frequent + 5 * sqrt(2 * (double)frequent) + 15, "chi-square %g of %zu",
                     square, frequent);
    }
    hny_encoding_destroy(&encoding);
    hny_tokenizer_close(&tokenizer);
}

Test(unigram, sampling_is_a_function_of_stream_and_text) {
    struct hny_tokenizer *tokenizer = tokenizer_of(HNY_TOKENIZER_UNIGRAM, pieces, 0);
    char first[4096], other[4096];
    bool differs = false;
    for (uint32_t update = 0; update < 20; update++) {
        struct hny_sampling sampling = {.temperature = 0.2,
                                        .stream = hny_random_stream(1, HNY_RANDOM_SUBWORD, update, 3)};
        strcpy(first, pieces_of(tokenizer, "abc abcé aab", &sampling));
        cr_assert_str_eq(pieces_of(tokenizer, "abc abcé aab", &sampling), first);
        if (update > 0) differs |= strcmp(first, other) != 0;
        strcpy(other, first);
    }
    cr_assert(differs);
    hny_tokenizer_close(&tokenizer);
}

Test(unigram, sampling_outside_its_range_is_refused) {
    struct hny_tokenizer *tokenizer = tokenizer_of(HNY_TOKENIZER_UNIGRAM, pieces, 0);
    struct hny_encoding *encoding = NULL;
    struct hny_ids ids = {0};
    const struct hny_sampling bad[] = {{.temperature = -1},
                                       {.temperature = NAN},
                                       {.temperature = INFINITY},
                                       {.dropout = -0.1},
                                       {.dropout = 1.1}};
    cr_assert_eq(hny_encoding_create(&encoding, tokenizer), HNY_OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_eq(hny_tokenizer_encode(encoding, "a", 1, &bad[i], &ids), HNY_ERROR_USAGE);
    cr_assert_eq(ids.count, 0);
    hny_encoding_destroy(&encoding);
    hny_tokenizer_close(&tokenizer);
}
