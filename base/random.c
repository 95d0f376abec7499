#include "base/random.h"

#include "base/kernel.h"

#define PHILOX_ROUNDS 10
#define PHILOX_MULTIPLIER_0 0xD2511F53u
#define PHILOX_MULTIPLIER_1 0xCD9E8D57u
#define PHILOX_WEYL_0 0x9E3779B9u /* the golden ratio */
#define PHILOX_WEYL_1 0xBB67AE85u /* the square root of 3, less 1 */
#define FEISTEL_ROUNDS 8

/* One round on a block's four words. */
HNY_INLINE void philox_round(uint32_t k0, uint32_t k1, uint32_t *c0, uint32_t *c1, uint32_t *c2,
                             uint32_t *c3) {
    uint64_t product0 = (uint64_t)PHILOX_MULTIPLIER_0 * *c0;
    uint64_t product1 = (uint64_t)PHILOX_MULTIPLIER_1 * *c2;
    *c0 = (uint32_t)(product1 >> 32) ^ *c1 ^ k0;
    *c1 = (uint32_t)product1;
    *c2 = (uint32_t)(product0 >> 32) ^ *c3 ^ k1;
    *c3 = (uint32_t)product0;
}

static void philox(const uint32_t key[2], const uint32_t counter[4], uint32_t words[4]) {
    uint32_t k0 = key[0], k1 = key[1];
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        philox_round(k0, k1, &c0, &c1, &c2, &c3);
        k0 += PHILOX_WEYL_0;
        k1 += PHILOX_WEYL_1;
    }
    words[0] = c0;
    words[1] = c1;
    words[2] = c2;
    words[3] = c3;
}

struct hny_random hny_random_stream(uint64_t seed, enum hny_random_use use, uint32_t update, uint32_t layer) {
    /* The use goes through Philox, not into the seed by arithmetic, so that no seed's streams are another's.
     */
    const uint32_t from_seed[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    const uint32_t from_use[4] = {(uint32_t)use, 0, 0, 0};
    uint32_t words[4];
    philox(from_seed, from_use, words);
    return (struct hny_random){.key = {words[0], words[1]}, .counter = {0, 0, layer, update}};
}

void hny_random_block(const struct hny_random *stream, uint64_t block, uint32_t words[4]) {
    uint64_t at = ((uint64_t)stream->counter[1] << 32 | stream->counter[0]) + block;
    const uint32_t counter[4] = {(uint32_t)at, (uint32_t)(at >> 32), stream->counter[2], stream->counter[3]};
    philox(stream->key, counter, words);
}

HNY_KERNEL static void philox_lanes(const struct hny_random *stream, uint64_t at,
                                    uint32_t words[4][HNY_RANDOM_LANES]) {
    uint32_t k0 = stream->key[0], k1 = stream->key[1], *restrict c0 = words[0], *restrict c1 = words[1];
    uint32_t *restrict c2 = words[2], *restrict c3 = words[3];
    for (size_t i = 0; i < HNY_RANDOM_LANES; i++) {
        c0[i] = (uint32_t)(at + i);
        c1[i] = (uint32_t)((at + i) >> 32);
        c2[i] = stream->counter[2];
        c3[i] = stream->counter[3];
    }
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        for (size_t i = 0; i < HNY_RANDOM_LANES; i++) philox_round(k0, k1, &c0[i], &c1[i], &c2[i], &c3[i]);
        k0 += PHILOX_WEYL_0;
        k1 += PHILOX_WEYL_1;
    }
}

void hny_random_lanes(const struct hny_random *stream, uint64_t first, uint32_t words[4][HNY_RANDOM_LANES]) {
    philox_lanes(stream, ((uint64_t)stream->counter[1] << 32 | stream->counter[0]) + first, words);
}

uint32_t hny_random_word(const struct hny_random *stream, uint64_t index) {
    uint32_t words[4];
    hny_random_block(stream, index / 4, words);
    return words[index % 4];
}

double hny_random_real(const struct hny_random *stream, uint64_t index) {
    return hny_random_word(stream, index) * 0x1p-32;
}

/* A bijection of 64-bit words in which every bit of the result depends on every bit of VALUE: two
 * multiplications between xor-shifts. */
static uint64_t mix(uint64_t value) {
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9u;
    value = (value ^ value >> 27) * 0x94D049BB133111EBu;
    return value ^ value >> 31;
}

/* One pass of the network over a word of 2 × HALF bits. */
static uint64_t feistel(uint64_t key, int half, uint64_t value) {
    const uint64_t mask = ((uint64_t)1 << half) - 1;
    uint64_t left = value >> half, right = value & mask;
    for (uint64_t round = 1; round <= FEISTEL_ROUNDS; round++) {
        uint64_t next = left ^ (mix(mix(key + round * 0x9E3779B97F4A7C15u) + right) & mask);
        left = right;
        right = next;
    }
    return left << half | right;
}

uint64_t hny_random_permute(uint64_t key, uint64_t size, uint64_t index) {
    if (index >= size || size < 2) return index;
    int bits = 64 - __builtin_clzll(size - 1);
    int half = (bits + 1) / 2;
    /* The network permutes at most 4 × SIZE words, so a walk along a cycle meets one below SIZE soon. */
    do index = feistel(key, half, index);
    while (index >= size);
    return index;
}
