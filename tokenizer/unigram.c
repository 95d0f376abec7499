/* Cutting a word by the unigram language model. */
#include "tokenizer/segment.h"

#include <math.h>

/* The pieces that begin at one offset of a word, shortest first, and last the character there with
 * HNY_NO_PIECE where no piece is that character alone. */
struct edges {
    const struct hny_tokenizer *tokenizer;
    const char *word;
    size_t size;
    size_t at;         /* offset of the next byte to follow */
    size_t single_end; /* where the first character ends */
    uint32_t base;
    bool single; /* an edge of one character was given */
};

static inline struct edges edges_from(const struct hny_tokenizer *tokenizer, const char *word, size_t size,
                                      size_t start) {
    return (struct edges){.tokenizer = tokenizer,
                          .word = word,
                          .size = size,
                          .at = start,
                          .single_end = start + hny_character_bytes((unsigned char)word[start]),
                          .base = tokenizer->trie.root};
}

/* The next edge's end, id and score; false behind the last. */
static inline bool next_edge(struct edges *edges, size_t *end, int32_t *id, int32_t *score) {
    uint32_t value = 0;
    while (edges->at < edges->size && hny_trie_step(&edges->tokenizer->trie, &edges->base,
                                                    (unsigned char)edges->word[edges->at], &value)) {
        edges->at++;
        if (value == 0) continue;
        edges->single |= edges->at == edges->single_end;
        *end = edges->at;
        *id = (int32_t)value;
        *score = edges->tokenizer->scores[value];
        return true;
    }
    edges->at = edges->size;
    if (edges->single) return false;
    edges->single = true;
    *end = edges->single_end;
    *id = HNY_NO_PIECE;
    *score = edges->tokenizer->unknown_score;
    return true;
}

/* Puts the ids of one edge at IDS, and returns their number. */
static size_t put(const char *word, size_t start, size_t end, int32_t id, int32_t *ids) {
    if (id != HNY_NO_PIECE) {
        ids[0] = id;
        return 1;
    }
    for (size_t at = start; at < end; at++) ids[at - start] = HNY_ID_BYTES + (unsigned char)word[at];
    return end - start;
}

size_t hny_unigram_best(struct hny_encoding *encoding, const char *word, size_t size, int32_t *ids) {
    struct hny_step *steps = encoding->steps;
    steps[0].score = 0;
    for (size_t at = 1; at <= size; at++) steps[at].score = INT64_MIN;
    int32_t id = 0, score = 0;
    for (size_t start = 0; start < size; start += hny_character_bytes((unsigned char)word[start])) {
        int64_t so_far = steps[start].score;
        struct edges edges = edges_from(encoding->tokenizer, word, size, start);
        for (size_t end = 0; next_edge(&edges, &end, &id, &score);)
            if (so_far + score > steps[end].score)
                steps[end] = (struct hny_step){so_far + score, id, (uint32_t)start};
    }
    /* Backward through the best edges: the ids are filled in from the end of their room, then moved to its
     * front. */
    size_t first = size;
    for (size_t end = size; end > 0; end = steps[end].start) {
        first -= steps[end].id == HNY_NO_PIECE ? end - steps[end].start : 1;
        put(word, steps[end].start, end, steps[end].id, ids + first);
    }
    for (size_t at = first; at < size; at++) ids[at - first] = ids[at];
    return size - first;
}

static double add_logarithms(double a, double b) {
    double high = a > b ? a : b, low = a > b ? b : a;
    return high + log1p(exp(low - high));
}

size_t hny_unigram_sample(struct hny_encoding *encoding, const char *word, size_t size, double temperature,
                          struct hny_draws *draws, int32_t *ids) {
    /* sums[at]: logarithm of the sum, over the segmentations of what follows AT, of p^temperature. */
    double *sums = encoding->sums, factor = temperature / HNY_SCORE_UNIT;
    const struct hny_tokenizer *tokenizer = encoding->tokenizer;
    size_t end = 0, count = 0;
    int32_t id = 0, score = 0;
    sums[size] = 0;
    for (size_t start = size; start-- > 0;) {
        if (((unsigned char)word[start] & 0xC0) == 0x80) continue;
        struct edges edges = edges_from(tokenizer, word, size, start);
        bool first = true;
        while (next_edge(&edges, &end, &id, &score)) {
            double sum = factor * score + sums[end];
            sums[start] = first ? sum : add_logarithms(sums[start], sum);
            first = false;
        }
    }
    for (size_t start = 0; start < size; start = end) {
        double left = hny_draw(draws);
        struct edges edges = edges_from(tokenizer, word, size, start);
        /* Where rounding leaves a rest of the draw, the last edge takes it. */
        while (next_edge(&edges, &end, &id, &score)) {
            left -= exp(factor * score + sums[end] - sums[start]);
            if (left < 0) break;
        }
        count += put(word, start, end, id, ids + count);
    }
    return count;
}
