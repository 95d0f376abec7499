#include "corpora/textset.h"

#include "base/memory.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BLOCK_BYTES ((size_t)1 << 20)
#define FIRST_SLOTS ((size_t)1 << 12)

struct slot {
    const char *text; /* NULL: free */
    size_t size;
    uint64_t hash;
};

/* Open addressing, at most half full; slot_count is a power of two. */
struct hny_textset {
    struct hny_arena *arena;
    struct slot *slots;
    size_t slot_count;
    size_t count;
};

/* FNV-1a (Fowler, Noll and Vo), 64 bits. */
static uint64_t hash_text(const char *text, size_t size) {
    uint64_t hash = 0xCBF29CE484222325u;
    for (size_t i = 0; i < size; i++) hash = (hash ^ (unsigned char)text[i]) * 0x100000001B3u;
    return hash;
}

/* The slot that holds TEXT, or the free one where it belongs. */
static struct slot *find_slot(struct slot *slots, size_t slot_count, const char *text, size_t size,
                              uint64_t hash) {
    size_t at = hash & (slot_count - 1);
    while (slots[at].text &&
           (slots[at].hash != hash || slots[at].size != size || memcmp(slots[at].text, text, size)))
        at = (at + 1) & (slot_count - 1);
    return &slots[at];
}

static hny_status grow(struct hny_textset *set) {
    size_t slot_count = set->slot_count ? set->slot_count * 2 : FIRST_SLOTS;
    struct slot *slots = hny_allocate(slot_count, sizeof *slots);
    if (!slots) return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < set->slot_count; i++) {
        const struct slot *old = &set->slots[i];
        if (old->text) *find_slot(slots, slot_count, old->text, old->size, old->hash) = *old;
    }
    free(set->slots);
    set->slots = slots;
    set->slot_count = slot_count;
    return HNY_OK;
}

hny_status hny_textset_create(struct hny_textset **set) {
    struct hny_textset *made = calloc(1, sizeof *made);
    if (!made) return hny_fail(HNY_ERROR_MEMORY, "out of memory for a set of texts");
    made->arena = hny_arena_create(ARENA_BLOCK_BYTES);
    if (!made->arena || grow(made) != HNY_OK) {
        hny_textset_destroy(&made);
        return HNY_ERROR_MEMORY;
    }
    *set = made;
    return HNY_OK;
}

void hny_textset_destroy(struct hny_textset **set) {
    struct hny_textset *old = *set;
    *set = NULL;
    if (!old) return;
    hny_arena_destroy(&old->arena);
    free(old->slots);
    free(old);
}

hny_status hny_textset_add(struct hny_textset *set, const char *text, size_t size, bool *fresh) {
    uint64_t hash = hash_text(text, size);
    if (set->count >= set->slot_count / 2) HNY_TRY(grow(set));
    struct slot *slot = find_slot(set->slots, set->slot_count, text, size, hash);
    *fresh = !slot->text;
    if (slot->text) return HNY_OK;
    const char *copy = hny_arena_text(set->arena, text, size);
    if (!copy) return HNY_ERROR_MEMORY;
    *slot = (struct slot){.text = copy, .size = size, .hash = hash};
    set->count++;
    return HNY_OK;
}

bool hny_textset_has(const struct hny_textset *set, const char *text, size_t size) {
    return find_slot(set->slots, set->slot_count, text, size, hash_text(text, size))->text != NULL;
}

size_t hny_textset_count(const struct hny_textset *set) {
    return set->count;
}
