/* The symbols of byte-pair training, found by their text. */
#include "base/memory.h"
#include "tokenizer/pairs.h"

#include <stdlib.h>
#include <string.h>

#define LEAST_SLOTS ((size_t)1024)
#define HASH_START 0xCBF29CE484222325u
#define HASH_FACTOR 0x100000001B3u

/* FNV-1a, which goes on from one text to the next as if they were one. */
static uint64_t hash_on(uint64_t hash, const char *text, size_t size) {
    for (size_t i = 0; i < size; i++) hash = (hash ^ (unsigned char)text[i]) * HASH_FACTOR;
    return hash;
}

static size_t slot_of(const struct hny_symbols *symbols, uint64_t hash) {
    return (size_t)(hash ^ hash >> 32) & (symbols->slot_count - 1);
}

static const char *text_of(const struct hny_symbols *symbols, uint32_t symbol) {
    return symbols->texts.data + symbols->list[symbol].text;
}

uint32_t hny_symbols_join(const struct hny_symbols *symbols, uint32_t left, uint32_t right) {
    const char *left_text = text_of(symbols, left), *right_text = text_of(symbols, right);
    uint32_t left_size = symbols->list[left].size, right_size = symbols->list[right].size;
    uint64_t hash = hash_on(hash_on(HASH_START, left_text, left_size), right_text, right_size);
    for (size_t slot = slot_of(symbols, hash); symbols->slots[slot] != HNY_NO_INDEX;
         slot = (slot + 1) & (symbols->slot_count - 1)) {
        uint32_t found = symbols->slots[slot];
        if (symbols->list[found].size == left_size + right_size &&
            memcmp(text_of(symbols, found), left_text, left_size) == 0 &&
            memcmp(text_of(symbols, found) + left_size, right_text, right_size) == 0)
            return found;
    }
    return HNY_NO_INDEX;
}

uint32_t hny_symbols_find(const struct hny_symbols *symbols, const char *text, size_t size) {
    if (symbols->slot_count == 0) return HNY_NO_INDEX;
    for (size_t slot = slot_of(symbols, hash_on(HASH_START, text, size));
         symbols->slots[slot] != HNY_NO_INDEX; slot = (slot + 1) & (symbols->slot_count - 1)) {
        uint32_t found = symbols->slots[slot];
        if (symbols->list[found].size == size && memcmp(text_of(symbols, found), text, size) == 0)
            return found;
    }
    return HNY_NO_INDEX;
}

static void put_slot(struct hny_symbols *symbols, uint32_t symbol) {
    size_t slot = slot_of(symbols, hash_on(HASH_START, text_of(symbols, symbol), symbols->list[symbol].size));
    while (symbols->slots[slot] != HNY_NO_INDEX) slot = (slot + 1) & (symbols->slot_count - 1);
    symbols->slots[slot] = symbol;
}

static hny_status grow_slots(struct hny_symbols *symbols) {
    size_t count = symbols->slot_count ? 2 * symbols->slot_count : LEAST_SLOTS;
    uint32_t *slots = hny_allocate(count, sizeof *slots);
    if (!slots) return HNY_ERROR_MEMORY;
    memset(slots, 0xFF, count * sizeof *slots);
    free(symbols->slots);
    symbols->slots = slots;
    symbols->slot_count = count;
    for (uint32_t i = 0; i < symbols->count; i++) put_slot(symbols, i);
    return HNY_OK;
}

hny_status hny_symbols_add(struct hny_symbols *symbols, const char *text, size_t size, uint32_t characters) {
    if (symbols->count >= symbols->slot_count / 2) HNY_TRY(grow_slots(symbols));
    if (hny_grow(&symbols->list, &symbols->capacity, symbols->count + 1, sizeof *symbols->list) != 0)
        return HNY_ERROR_MEMORY;
    uint32_t at = (uint32_t)symbols->texts.size;
    HNY_TRY(hny_buffer_append(&symbols->texts, text, size));
    symbols->list[symbols->count] = (struct hny_symbol){at, (uint32_t)size, characters};
    put_slot(symbols, (uint32_t)symbols->count++);
    return HNY_OK;
}

void hny_symbols_free(struct hny_symbols *symbols) {
    hny_buffer_free(&symbols->texts);
    free(symbols->list);
    free(symbols->slots);
    *symbols = (struct hny_symbols){0};
}
