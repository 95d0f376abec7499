#include "base/random.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct answer {
    struct hny_random stream;
    uint32_t words[4];
};

/* philox4x32, 10 rounds, from the known answers published with Random123. */
static const struct answer answers[] = {
    {{{0, 0}, {0, 0, 0, 0}}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{{0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{{0xa4093822, 0x299f31d0}, {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

Test(random, philox_gives_the_published_answers) {
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        uint32_t words[4];
        hny_random_block(&answers[i].stream, 0, words);
        cr_assert_arr_eq(words, answers[i].words, sizeof words, "answer %zu", i);
    }
}

Test(random, a_block_is_the_counter_moved_on) {
    struct hny_random at = {{1, 2}, {0xfffffffe, 7, 8, 9}}, moved = {{1, 2}, {3, 8, 8, 9}};
    uint32_t by_block[4], by_counter[4];
    hny_random_block(&at, 5, by_block);
    hny_random_block(&moved, 0, by_counter);
    cr_assert_arr_eq(by_block, by_counter, sizeof by_block);
}

Test(random, words_and_reals_are_those_of_the_blocks) {
    struct hny_random stream = hny_random_stream(42, HNY_RANDOM_DROPOUT, 3, 1);
    for (uint64_t block = 0; block < 100; block++) {
        uint32_t words[4];
        hny_random_block(&stream, block, words);
        for (uint64_t i = 0; i < 4; i++) {
            cr_assert_eq(hny_random_word(&stream, 4 * block + i), words[i]);
            cr_assert_eq(hny_random_real(&stream, 4 * block + i), words[i] / 4294967296.0);
        }
    }
}

/* A resumed run must draw what the first one drew: these are this project's own values, fixed for good. */
Test(random, the_streams_of_a_seed_stay_what_they_are) {
    struct hny_random stream = hny_random_stream(1, HNY_RANDOM_INITIAL, 2, 3);
    cr_assert_eq(stream.counter[2], 3);
    cr_assert_eq(stream.counter[3], 2);
    uint32_t words[4];
    hny_random_block(&(struct hny_random){{1, 0}, {HNY_RANDOM_INITIAL, 0, 0, 0}}, 0, words);
    cr_assert_arr_eq(stream.key, words, sizeof stream.key);
}

static int compare(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

Test(random, streams_differ_by_seed_use_update_and_layer) {
    enum { EACH = 5, COUNT = EACH * EACH * EACH * EACH };
    uint32_t first[COUNT];
    size_t count = 0;
    for (uint64_t seed = 0; seed < EACH; seed++)
        for (int use = 1; use <= EACH; use++)
            for (uint32_t update = 0; update < EACH; update++)
                for (uint32_t layer = 0; layer < EACH; layer++) {
                    struct hny_random stream = hny_random_stream(seed << 30, use, update, layer);
                    first[count++] = hny_random_word(&stream, 0);
                }
    qsort(first, COUNT, sizeof *first, compare);
    size_t equal = 0;
    for (size_t i = 1; i < COUNT; i++) equal += first[i] == first[i - 1];
    cr_assert_leq(equal, 1, "%zu of %d streams begin alike", equal, COUNT);
}

Test(random, reals_are_even_over_their_range) {
    struct hny_random stream = hny_random_stream(7, HNY_RANDOM_WORD, 0, 0);
    enum { DRAWS = 100000, BINS = 100 };
    size_t bins[BINS] = {0};
    for (uint64_t i = 0; i < DRAWS; i++) {
        double real = hny_random_real(&stream, i);
        cr_assert(real >= 0 && real < 1);
        bins[(size_t)(real * BINS)]++;
    }
    double chi = 0;
    for (size_t i = 0; i < BINS; i++) chi += pow((double)bins[i] - DRAWS / BINS, 2) / (DRAWS / BINS);
    cr_assert(chi > 55 && chi < 160, "chi squared %g for 99 degrees of freedom", chi);
}

Test(random, a_permutation_meets_every_index_once) {
    for (uint64_t size = 1; size <= 3000; size += size < 70 ? 1 : 317) {
        char *met = calloc(size, 1);
        for (uint64_t i = 0; i < size; i++) {
            uint64_t image = hny_random_permute(size * 11, size, i);
            cr_assert_lt(image, size);
            cr_assert_eq(met[image], 0, "%llu twice", (unsigned long long)image);
            met[image] = 1;
        }
        free(met);
    }
}

Test(random, a_permutation_works_on_huge_ranges) {
    uint64_t size = ((uint64_t)1 << 63) + 12345;
    uint64_t a = hny_random_permute(1, size, 0), b = hny_random_permute(1, size, 1);
    cr_assert(a < size && b < size && a != b);
    cr_assert_lt(hny_random_permute(1, UINT64_MAX, 5), UINT64_MAX);
}

/* Where each index lands must look even over all keys, as must the order of neighbours. */
Test(random, keys_give_different_and_even_orders) {
    enum { SIZE = 10, KEYS = 20000 };
    size_t landed[SIZE][SIZE] = {0}, ascending = 0;
    for (uint64_t key = 0; key < KEYS; key++) {
        uint64_t previous = 0;
        for (uint64_t i = 0; i < SIZE; i++) {
            uint64_t image = hny_random_permute(key, SIZE, i);
            landed[i][image]++;
            ascending += i > 0 && image > previous;
            previous = image;
        }
    }
    double chi = 0;
    for (size_t i = 0; i < SIZE; i++)
        for (size_t j = 0; j < SIZE; j++) chi += pow((double)landed[i][j] - KEYS / SIZE, 2) / (KEYS / SIZE);
    cr_assert(chi > 35 && chi < 150, "chi squared %g for 81 degrees of freedom", chi);
    cr_assert(fabs((double)ascending / (KEYS * (SIZE - 1)) - 0.5) < 0.005);
}

Test(random, blocks_computed_together_are_the_blocks_one_by_one) {
    const struct hny_random streams[] = {hny_random_stream(7, HNY_RANDOM_DROPOUT, 3, 5),
                                         {{1, 2}, {0xfffffff0u, 8, 3, 4}}}; /* a carry on the way */
    for (size_t s = 0; s < 2; s++)
        for (uint64_t first = 0; first < 100; first += 33) {
            uint32_t words[4][HNY_RANDOM_LANES], alone[4];
            hny_random_lanes(&streams[s], first, words);
            for (size_t i = 0; i < HNY_RANDOM_LANES; i++) {
                hny_random_block(&streams[s], first + i, alone);
                for (size_t w = 0; w < 4; w++)
                    cr_assert_eq(words[w][i], alone[w], "word %zu of block %zu", w, i);
            }
        }
}
