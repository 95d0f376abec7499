/* Random numbers as a function of a key and a counter, without running state: Philox4x32-10 (Salmon et al.,
 * "Parallel random numbers: as easy as 1, 2, 3", SC 2011), and a keyed permutation of 0…n-1. */
#ifndef HNY_BASE_RANDOM_H
#define HNY_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* What a stream of numbers is for; with seed and update it names the stream, so no two uses share one. Values
 * are part of the resume contract: never renumber. Layers add their own number in `layer`. */
enum hny_random_use {
    HNY_RANDOM_INITIAL = 1, /* initial weights */
    HNY_RANDOM_ORDER = 2,   /* order of an epoch */
    HNY_RANDOM_DROPOUT = 3, /* element masks */
    HNY_RANDOM_WORD = 4,    /* word dropout */
    HNY_RANDOM_SUBWORD = 5, /* tokenizer sampling */
    HNY_RANDOM_SAMPLE = 6,  /* lines drawn for the tokenizer's training */
    HNY_RANDOM_CORPUS = 7,  /* the embedded corpus */
};

struct hny_random {
    uint32_t key[2];     /* from seed and use */
    uint32_t counter[4]; /* [0], [1]: element block; [2]: layer or shard; [3]: update or epoch */
};

/* The stream of SEED for USE at (UPDATE, LAYER), at its first element. */
struct hny_random hny_random_stream(uint64_t seed, enum hny_random_use use, uint32_t update, uint32_t layer);

/* Four fresh words of element block BLOCK of the stream: a pure function. */
void hny_random_block(const struct hny_random *stream, uint64_t block, uint32_t words[4]);

/* words[w][i] is word w of block FIRST + i as hny_random_block gives it; several times as fast. */
enum { HNY_RANDOM_LANES = 32 };
void hny_random_lanes(const struct hny_random *stream, uint64_t first, uint32_t words[4][HNY_RANDOM_LANES]);

/* The word of element INDEX (word INDEX % 4 of block INDEX / 4), and the same as a real in [0, 1). */
uint32_t hny_random_word(const struct hny_random *stream, uint64_t index);
double hny_random_real(const struct hny_random *stream, uint64_t index);

/* A bijection of 0…SIZE-1 chosen by KEY: image of INDEX, in O(1) time and memory (a Feistel network walked
 * until it falls inside). */
uint64_t hny_random_permute(uint64_t key, uint64_t size, uint64_t index);

#endif
