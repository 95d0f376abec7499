#include "model/ngrams.h"
#include "base/buffer.h"
#include "base/memory.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* How often one n-gram was seen. */
struct count {
    uint32_t hypothesis;
    uint32_t reference; /* in the reference that is being read */
    uint32_t most;      /* in the reference that has it most often */
};

/* An open-addressed table from a 64-bit key to a number; at most half full. */
struct slot {
    uint64_t key;
    uint32_t number;
};
#define EMPTY UINT32_MAX

struct word {
    uint64_t hash;
    size_t start, size; /* in the words' bytes */
};

struct hny_ngrams {
    struct hny_buffer bytes; /* of all words, one behind the other */
    struct word *words;
    size_t word_count, word_capacity;
    uint32_t *word_slots; /* [word_slot_count], a power of two */
    size_t word_slot_count;

    struct slot *slots;
    size_t slot_count, slot_capacity; /* in use (a power of two), and allocated */
    struct count *counts;             /* one an n-gram */
    size_t count_count, count_capacity;
    uint32_t *prefixes; /* of every position of every sequence, the number of its (n-1)-gram */
    size_t prefix_capacity;
};

hny_status hny_ngram_symbols_append(struct hny_ngram_symbols *symbols, uint32_t value) {
    if (hny_grow(&symbols->values, &symbols->capacity, symbols->size + 1, sizeof *symbols->values) != 0) {
        return HNY_ERROR_MEMORY;
    }
    symbols->values[symbols->size++] = value;
    return HNY_OK;
}

void hny_ngram_symbols_clear(struct hny_ngram_symbols *symbols) {
    symbols->size = 0;
}

void hny_ngram_symbols_free(struct hny_ngram_symbols *symbols) {
    free(symbols->values);
    *symbols = (struct hny_ngram_symbols){0};
}

struct hny_ngrams *hny_ngrams_create(void) {
    return hny_allocate(1, sizeof(struct hny_ngrams));
}

void hny_ngrams_destroy(struct hny_ngrams **ngrams) {
    if (!*ngrams) return;
    hny_buffer_free(&(*ngrams)->bytes);
    free((*ngrams)->words);
    free((*ngrams)->word_slots);
    free((*ngrams)->slots);
    free((*ngrams)->counts);
    free((*ngrams)->prefixes);
    free(*ngrams);
    *ngrams = NULL;
}

static uint64_t mix(uint64_t value) {
    value = (value ^ (value >> 32)) * 0x9e3779b97f4a7c15u;
    return value ^ (value >> 29);
}

static uint64_t hash_bytes(const char *text, size_t size) {
    uint64_t hash = size;
    for (size_t i = 0; i < size; i++) hash = mix(hash ^ (unsigned char)text[i]) + i;
    return hash;
}

/* Doubles the words' table when it would be more than half full with one more word. */
static hny_status grow_word_slots(struct hny_ngrams *ngrams) {
    enum { FIRST_SLOTS = 256 };
    if ((ngrams->word_count + 1) * 2 <= ngrams->word_slot_count) return HNY_OK;
    size_t wanted = ngrams->word_slot_count ? ngrams->word_slot_count * 2 : FIRST_SLOTS;
    uint32_t *slots = hny_allocate(wanted, sizeof *slots);
    if (!slots) return HNY_ERROR_MEMORY;
    memset(slots, 0xff, wanted * sizeof *slots);
    for (size_t i = 0; i < ngrams->word_count; i++) {
        size_t at = ngrams->words[i].hash & (wanted - 1);
        while (slots[at] != EMPTY) at = (at + 1) & (wanted - 1);
        slots[at] = (uint32_t)i;
    }
    free(ngrams->word_slots);
    ngrams->word_slots = slots;
    ngrams->word_slot_count = wanted;
    return HNY_OK;
}

static bool is_word(const struct hny_ngrams *ngrams, size_t number, uint64_t hash, const char *text,
                    size_t size) {
    const struct word *word = &ngrams->words[number];
    return word->hash == hash && word->size == size &&
           memcmp(ngrams->bytes.data + word->start, text, size) == 0;
}

hny_status hny_ngrams_word(struct hny_ngrams *ngrams, const char *text, size_t size, uint32_t *number) {
    HNY_TRY(grow_word_slots(ngrams));
    uint64_t hash = hash_bytes(text, size);
    size_t mask = ngrams->word_slot_count - 1, at = hash & mask;
    for (; ngrams->word_slots[at] != EMPTY; at = (at + 1) & mask) {
        *number = ngrams->word_slots[at];
        if (is_word(ngrams, *number, hash, text, size)) return HNY_OK;
    }
    if (ngrams->word_count >= EMPTY) return hny_fail(HNY_ERROR_MEMORY, "more than 2^32 different words");
    if (hny_grow(&ngrams->words, &ngrams->word_capacity, ngrams->word_count + 1, sizeof *ngrams->words) !=
        0) {
        return HNY_ERROR_MEMORY;
    }
    size_t start = ngrams->bytes.size;
    HNY_TRY(hny_buffer_append(&ngrams->bytes, text, size));
    ngrams->words[ngrams->word_count] = (struct word){hash, start, size};
    *number = ngrams->word_slots[at] = (uint32_t)ngrams->word_count++;
    return HNY_OK;
}

void hny_ngrams_next(struct hny_ngrams *ngrams) {
    enum { WORDS_KEPT = 1 << 20 }; /* common words need no second look-up; some 50 MB at most */
    if (ngrams->word_count <= WORDS_KEPT) return;
    hny_buffer_free(&ngrams->bytes);
    free(ngrams->word_slots);
    ngrams->word_slots = NULL;
    ngrams->word_slot_count = ngrams->word_count = 0;
}

/* Room for the n-grams of POSITIONS positions, whatever n. */
static hny_status make_room(struct hny_ngrams *ngrams, size_t positions) {
    size_t wanted = 16;
    while (wanted / 2 < positions) wanted *= 2;
    if (hny_grow(&ngrams->slots, &ngrams->slot_capacity, wanted, sizeof *ngrams->slots) != 0 ||
        hny_grow(&ngrams->counts, &ngrams->count_capacity, positions, sizeof *ngrams->counts) != 0 ||
        hny_grow(&ngrams->prefixes, &ngrams->prefix_capacity, positions, sizeof *ngrams->prefixes) != 0) {
        return HNY_ERROR_MEMORY;
    }
    ngrams->slot_count = wanted;
    return HNY_OK;
}

/* The number of the n-gram that is PREFIX (the number of its first n-1 symbols) and SYMBOL: the pair names it
 * fully. */
static uint32_t ngram_number(struct hny_ngrams *ngrams, uint32_t prefix, uint32_t symbol) {
    uint64_t key = (uint64_t)prefix << 32 | symbol;
    size_t mask = ngrams->slot_count - 1, at = mix(key) & mask;
    while (ngrams->slots[at].number != EMPTY && ngrams->slots[at].key != key) at = (at + 1) & mask;
    if (ngrams->slots[at].number == EMPTY) {
        ngrams->slots[at] = (struct slot){key, (uint32_t)ngrams->count_count};
        ngrams->counts[ngrams->count_count++] = (struct count){0};
    }
    return ngrams->slots[at].number;
}

/* Replaces PREFIXES [symbols->size - n + 1], numbers of (n-1)-grams, by those of the n-grams that start
 * there. */
static void extend(struct hny_ngrams *ngrams, const struct hny_ngram_symbols *symbols, size_t n,
                   uint32_t *prefixes) {
    size_t total = hny_ngrams_total(symbols->size, n);
    for (size_t i = 0; i < total; i++) {
        prefixes[i] = ngram_number(ngrams, n == 1 ? 0 : prefixes[i], symbols->values[i + n - 1]);
    }
}

/* Takes the n-grams NUMBERS [TOTAL] of one more reference into the counts. */
static void count_reference(struct count *counts, const uint32_t *numbers, size_t total) {
    for (size_t i = 0; i < total; i++) counts[numbers[i]].reference++;
    for (size_t i = 0; i < total; i++) {
        struct count *count = &counts[numbers[i]];
        if (count->reference > count->most) count->most = count->reference;
        count->reference = 0;
    }
}

static uint64_t match_order(struct hny_ngrams *ngrams, const struct hny_ngram_symbols *hypothesis,
                            const struct hny_ngram_symbols *references, size_t count, size_t n) {
    for (size_t i = 0; i < ngrams->slot_count; i++) ngrams->slots[i].number = EMPTY;
    ngrams->count_count = 0;
    uint32_t *numbers = ngrams->prefixes;
    extend(ngrams, hypothesis, n, numbers);
    for (size_t i = 0; i < hny_ngrams_total(hypothesis->size, n); i++)
        ngrams->counts[numbers[i]].hypothesis++;
    numbers += hypothesis->size;
    for (size_t r = 0; r < count; numbers += references[r++].size) {
        extend(ngrams, &references[r], n, numbers);
        count_reference(ngrams->counts, numbers, hny_ngrams_total(references[r].size, n));
    }
    uint64_t matches = 0;
    for (size_t i = 0; i < ngrams->count_count; i++) {
        const struct count *seen = &ngrams->counts[i];
        matches += seen->hypothesis < seen->most ? seen->hypothesis : seen->most;
    }
    return matches;
}

hny_status hny_ngrams_match(struct hny_ngrams *ngrams, const struct hny_ngram_symbols *hypothesis,
                            const struct hny_ngram_symbols *references, size_t count, size_t orders,
                            uint64_t *matches) {
    size_t positions = hypothesis->size;
    for (size_t r = 0; r < count; r++) positions += references[r].size;
    if (positions >= EMPTY) return hny_fail(HNY_ERROR_MEMORY, "a sentence of more than 2^32 symbols");
    HNY_TRY(make_room(ngrams, positions));
    for (size_t n = 1; n <= orders; n++)
        matches[n - 1] = match_order(ngrams, hypothesis, references, count, n);
    return HNY_OK;
}
