#include "tokenizer/trie.h"

#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

#define BLOCK 256u
#define OPEN_BLOCKS 2u /* blocks searched for a place: more find none, and older ones keep their holes */
#define NONE UINT32_MAX

/* Units not taken yet are a doubly linked list in order of index; a base is given to one node only, because
 * the label alone says whether a unit is a node's child. */
struct builder {
    struct hny_trie_unit *units;
    size_t unit_capacity;
    struct cell {
        uint32_t previous, next; /* in the list of empty units */
        bool taken;
        bool base_taken;
    } * cells;
    size_t cell_capacity;
    uint32_t count;
    uint32_t first, last; /* of the list, NONE where it is empty */
    const struct hny_trie_key *keys;
};

/* Keys that share their first DEPTH bytes, and the unit of the node where these bytes lead (NONE for the
 * root). */
struct range {
    size_t begin, end;
    uint32_t depth;
    uint32_t unit;
};

static void unlink_cell(struct builder *builder, uint32_t cell) {
    uint32_t previous = builder->cells[cell].previous, next = builder->cells[cell].next;
    if (previous == NONE) builder->first = next;
    if (previous != NONE) builder->cells[previous].next = next;
    if (next == NONE) builder->last = previous;
    if (next != NONE) builder->cells[next].previous = previous;
}

/* Adds a block of empty units; LINKED says whether nodes may lie in it. */
static hny_status add_block(struct builder *builder, bool linked) {
    if (builder->count > NONE - 2 * BLOCK) return hny_fail(HNY_ERROR_MEMORY, "too many pieces for one trie");
    size_t needed = (size_t)builder->count + BLOCK;
    if (hny_grow(&builder->units, &builder->unit_capacity, needed, sizeof *builder->units) != 0 ||
        hny_grow(&builder->cells, &builder->cell_capacity, needed, sizeof *builder->cells) != 0)
        return HNY_ERROR_MEMORY;
    memset(builder->units + builder->count, 0, BLOCK * sizeof *builder->units);
    memset(builder->cells + builder->count, 0, BLOCK * sizeof *builder->cells);
    for (uint32_t cell = builder->count; linked && cell < builder->count + BLOCK; cell++) {
        builder->cells[cell].previous = builder->last;
        builder->cells[cell].next = NONE;
        if (builder->last == NONE) builder->first = cell;
        if (builder->last != NONE) builder->cells[builder->last].next = cell;
        builder->last = cell;
    }
    builder->count += BLOCK;
    uint32_t closed_below = builder->count > OPEN_BLOCKS * BLOCK ? builder->count - OPEN_BLOCKS * BLOCK : 0;
    while (builder->first != NONE && builder->first < closed_below) unlink_cell(builder, builder->first);
    return HNY_OK;
}

/* A base that no node has and under which every one of LABELS (COUNT > 0 bytes) leads to an empty unit. */
static hny_status find_base(struct builder *builder, const unsigned char *labels, size_t count,
                            uint32_t *base) {
    for (uint32_t cell = builder->first; cell != NONE; cell = builder->cells[cell].next) {
        uint32_t candidate = cell ^ labels[0];
        if (builder->cells[candidate].base_taken) continue;
        size_t fitting = 1;
        while (fitting < count && !builder->cells[candidate ^ labels[fitting]].taken) fitting++;
        if (fitting == count) {
            *base = candidate;
            return HNY_OK;
        }
    }
    *base = builder->count;
    return add_block(builder, true);
}

static unsigned char label_of(const struct builder *builder, const struct range *range, size_t key) {
    return (unsigned char)builder->keys[key].text[range->depth];
}

/* Gives the node of RANGE its value and its children their units, and puts the children's ranges on STACK. */
static hny_status place(struct builder *builder, struct range range, uint32_t *root, struct range *stack,
                        size_t *height) {
    unsigned char labels[BLOCK];
    size_t begins[BLOCK + 1], count = 0;
    if (range.unit != NONE && builder->keys[range.begin].size == range.depth)
        builder->units[range.unit].tagged |= builder->keys[range.begin++].value << 8;
    if (range.begin == range.end) return HNY_OK; /* base 0: the first block stays empty */
    for (size_t key = range.begin; key < range.end; key++) {
        unsigned char label = label_of(builder, &range, key);
        if (count > 0 && labels[count - 1] == label) continue;
        labels[count] = label;
        begins[count++] = key;
    }
    begins[count] = range.end;
    uint32_t base = 0;
    HNY_TRY(find_base(builder, labels, count, &base));
    builder->cells[base].base_taken = true;
    if (range.unit == NONE) *root = base;
    if (range.unit != NONE) builder->units[range.unit].base = base;
    for (size_t i = count; i-- > 0;) {
        uint32_t unit = base ^ labels[i];
        unlink_cell(builder, unit);
        builder->cells[unit].taken = true;
        builder->units[unit].tagged = labels[i];
        stack[(*height)++] = (struct range){begins[i], begins[i + 1], range.depth + 1, unit};
    }
    return HNY_OK;
}

static hny_status build(struct builder *builder, size_t count, struct range *stack, uint32_t *root) {
    size_t height = 0;
    HNY_TRY(add_block(builder, false));
    if (count > 0) stack[height++] = (struct range){0, count, 0, NONE};
    while (height > 0) {
        struct range range = stack[--height];
        HNY_TRY(place(builder, range, root, stack, &height));
    }
    return HNY_OK;
}

hny_status hny_trie_build(struct hny_trie *trie, const struct hny_trie_key *keys, size_t count) {
    *trie = (struct hny_trie){0};
    struct builder builder = {.first = NONE, .last = NONE, .keys = keys};
    uint32_t longest = 0;
    for (size_t i = 0; i < count; i++) longest = keys[i].size > longest ? keys[i].size : longest;
    /* Depth first: a node's children wait on the stack while the first of them is built. */
    struct range *stack = hny_allocate((size_t)longest * BLOCK + 1, sizeof *stack);
    uint32_t root = 0;
    hny_status status = stack ? build(&builder, count, stack, &root) : HNY_ERROR_MEMORY;
    free(stack);
    free(builder.cells);
    if (status != HNY_OK) {
        free(builder.units);
        return status;
    }
    *trie = (struct hny_trie){builder.units, builder.count, root};
    return HNY_OK;
}

void hny_trie_free(struct hny_trie *trie) {
    free(trie->units);
    *trie = (struct hny_trie){0};
}

int hny_trie_key_order(const void *left, const void *right) {
    const struct hny_trie_key *a = left, *b = right;
    int order = memcmp(a->text, b->text, a->size < b->size ? a->size : b->size);
    return order != 0 ? order : (a->size > b->size) - (a->size < b->size);
}

uint32_t hny_trie_find(const struct hny_trie *trie, const char *text, size_t size) {
    uint32_t base = trie->root, value = 0;
    for (size_t i = 0; i < size; i++)
        if (!hny_trie_step(trie, &base, (unsigned char)text[i], &value)) return 0;
    return value;
}

size_t hny_trie_longest(const struct hny_trie *trie, const char *text, size_t size, uint32_t *value) {
    uint32_t base = trie->root, met = 0;
    size_t longest = 0;
    *value = 0;
    for (size_t at = 0; at < size && hny_trie_step(trie, &base, (unsigned char)text[at], &met); at++)
        if (met != 0) {
            *value = met;
            longest = at + 1;
        }
    return longest;
}
