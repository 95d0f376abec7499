#include "tokenizer/pairs.h"

#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

#define LEAST_SLOTS ((size_t)1024)

void hny_pairs_begin(struct hny_pair_queue *queue, const struct hny_symbols *symbols) {
    *queue = (struct hny_pair_queue){.symbols = symbols, .seen_free = HNY_NO_INDEX};
}

void hny_pairs_free(struct hny_pair_queue *queue) {
    free(queue->pairs);
    free(queue->slots);
    free(queue->seen);
    free(queue->heap);
    free(queue->grown);
    *queue = (struct hny_pair_queue){0};
}

static size_t hash_pair(uint32_t left, uint32_t right) {
    uint64_t hash = ((uint64_t)left << 32 | right) * 0x9E3779B97F4A7C15u;
    return (size_t)(hash ^ hash >> 32);
}

/* The slot of (LEFT, RIGHT), or the empty one where it would go. */
static uint32_t *find_slot(const struct hny_pair_queue *queue, uint32_t left, uint32_t right) {
    size_t mask = queue->slot_count - 1;
    size_t slot = hash_pair(left, right) & mask;
    for (; queue->slots[slot] != HNY_NO_INDEX; slot = (slot + 1) & mask) {
        const struct hny_counted_pair *pair = &queue->pairs[queue->slots[slot]];
        if (pair->left == left && pair->right == right) break;
    }
    return &queue->slots[slot];
}

static hny_status grow_slots(struct hny_pair_queue *queue) {
    size_t count = queue->slot_count ? 2 * queue->slot_count : LEAST_SLOTS;
    uint32_t *slots = hny_allocate(count, sizeof *slots);
    if (!slots) return HNY_ERROR_MEMORY;
    memset(slots, 0xFF, count * sizeof *slots);
    free(queue->slots);
    queue->slots = slots;
    queue->slot_count = count;
    for (uint32_t i = 0; i < queue->count; i++)
        *find_slot(queue, queue->pairs[i].left, queue->pairs[i].right) = i;
    return HNY_OK;
}

static hny_status note_grown(struct hny_pair_queue *queue, uint32_t pair) {
    if (queue->pairs[pair].grown) return HNY_OK;
    if (hny_grow(&queue->grown, &queue->grown_capacity, queue->grown_count + 1, sizeof *queue->grown) != 0)
        return HNY_ERROR_MEMORY;
    queue->pairs[pair].grown = true;
    queue->grown[queue->grown_count++] = pair;
    return HNY_OK;
}

static hny_status find_or_add(struct hny_pair_queue *queue, uint32_t left, uint32_t right, uint32_t *pair) {
    if (queue->count >= queue->slot_count / 2) HNY_TRY(grow_slots(queue));
    uint32_t *slot = find_slot(queue, left, right);
    if (*slot == HNY_NO_INDEX) {
        if (queue->count >= HNY_NO_INDEX) return hny_fail(HNY_ERROR_MEMORY, "too many pairs of pieces");
        if (hny_grow(&queue->pairs, &queue->capacity, queue->count + 1, sizeof *queue->pairs) != 0)
            return HNY_ERROR_MEMORY;
        queue->pairs[queue->count] =
            (struct hny_counted_pair){.left = left,
                                      .right = right,
                                      .seen = HNY_NO_INDEX,
                                      .joined = hny_symbols_join(queue->symbols, left, right)};
        *slot = (uint32_t)queue->count++;
    }
    *pair = *slot;
    return HNY_OK;
}

/* Takes an element for the lists of places: a used one, or a new one. */
static hny_status take_seen(struct hny_pair_queue *queue, uint32_t *taken) {
    *taken = queue->seen_free;
    if (*taken != HNY_NO_INDEX) {
        queue->seen_free = queue->seen[*taken].next;
        return HNY_OK;
    }
    if (queue->seen_count >= HNY_NO_INDEX) return hny_fail(HNY_ERROR_MEMORY, "too many places of pairs");
    if (hny_grow(&queue->seen, &queue->seen_capacity, queue->seen_count + 1, sizeof *queue->seen) != 0)
        return HNY_ERROR_MEMORY;
    *taken = (uint32_t)queue->seen_count++;
    return HNY_OK;
}

hny_status hny_pairs_add(struct hny_pair_queue *queue, uint32_t left, uint32_t right, uint32_t place,
                         uint64_t times) {
    uint32_t index = 0, taken = 0;
    HNY_TRY(find_or_add(queue, left, right, &index));
    HNY_TRY(take_seen(queue, &taken));
    struct hny_counted_pair *pair = &queue->pairs[index];
    queue->seen[taken] = (struct hny_seen){place, pair->seen};
    pair->seen = taken;
    pair->times += times;
    return note_grown(queue, index);
}

void hny_pairs_remove(struct hny_pair_queue *queue, uint32_t left, uint32_t right, uint64_t times) {
    uint32_t index = *find_slot(queue, left, right);
    if (index != HNY_NO_INDEX) queue->pairs[index].times -= times;
}

hny_status hny_pairs_know(struct hny_pair_queue *queue, uint32_t left, uint32_t right, uint32_t joined) {
    uint32_t index = queue->slot_count ? *find_slot(queue, left, right) : HNY_NO_INDEX;
    if (index == HNY_NO_INDEX) return HNY_OK;
    queue->pairs[index].joined = joined;
    return note_grown(queue, index);
}

/* What a pair is queued by. Encoding merges whatever makes a piece it knows before anything of a higher rank,
 * so training does so too. */
static uint64_t priority(const struct hny_counted_pair *pair) {
    return pair->joined != HNY_NO_INDEX && pair->times > 0 ? UINT64_MAX : pair->times;
}

/* Whether the concatenation of A's texts comes before that of B's. */
static bool text_before(const struct hny_symbols *symbols, const struct hny_counted_pair *a,
                        const struct hny_counted_pair *b) {
    const struct hny_symbol *list = symbols->list;
    const char *texts = symbols->texts.data;
    uint32_t a_left = list[a->left].size, a_size = a_left + list[a->right].size;
    uint32_t b_left = list[b->left].size, b_size = b_left + list[b->right].size;
    for (uint32_t i = 0; i < a_size && i < b_size; i++) {
        unsigned char x =
            (unsigned char)texts[i < a_left ? list[a->left].text + i : list[a->right].text + i - a_left];
        unsigned char y =
            (unsigned char)texts[i < b_left ? list[b->left].text + i : list[b->right].text + i - b_left];
        if (x != y) return x < y;
    }
    return a_size != b_size ? a_size < b_size : a_left < b_left;
}

static bool before(const struct hny_pair_queue *queue, struct hny_queued a, struct hny_queued b) {
    if (a.times != b.times) return a.times > b.times;
    return a.pair != b.pair && text_before(queue->symbols, &queue->pairs[a.pair], &queue->pairs[b.pair]);
}

static hny_status push(struct hny_pair_queue *queue, struct hny_queued item) {
    if (hny_grow(&queue->heap, &queue->heap_capacity, queue->heap_count + 1, sizeof item) != 0)
        return HNY_ERROR_MEMORY;
    size_t at = queue->heap_count++;
    for (; at > 0 && before(queue, item, queue->heap[(at - 1) / 2]); at = (at - 1) / 2)
        queue->heap[at] = queue->heap[(at - 1) / 2];
    queue->heap[at] = item;
    return HNY_OK;
}

static struct hny_queued pop(struct hny_pair_queue *queue) {
    struct hny_queued first = queue->heap[0], last = queue->heap[--queue->heap_count];
    size_t at = 0;
    for (size_t child = 1; child < queue->heap_count; child = 2 * at + 1) {
        if (child + 1 < queue->heap_count && before(queue, queue->heap[child + 1], queue->heap[child]))
            child++;
        if (!before(queue, queue->heap[child], last)) break;
        queue->heap[at] = queue->heap[child];
        at = child;
    }
    queue->heap[at] = last;
    return first;
}

hny_status hny_pairs_next(struct hny_pair_queue *queue, uint64_t least, uint32_t *pair) {
    for (size_t i = 0; i < queue->grown_count; i++) {
        struct hny_counted_pair *grown = &queue->pairs[queue->grown[i]];
        grown->grown = false;
        if (priority(grown) >= least)
            HNY_TRY(push(queue, (struct hny_queued){priority(grown), queue->grown[i]}));
    }
    queue->grown_count = 0;
    while (queue->heap_count > 0) {
        struct hny_queued first = pop(queue);
        uint64_t now = priority(&queue->pairs[first.pair]);
        *pair = first.pair;
        if (first.times == now && now > 0) return HNY_OK;
        /* Counts that rose were queued anew; one that fell is queued where it belongs now. */
        if (first.times > now && now >= least) HNY_TRY(push(queue, (struct hny_queued){now, first.pair}));
    }
    *pair = HNY_NO_INDEX;
    return HNY_OK;
}

static int order_places(const void *left, const void *right) {
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

hny_status hny_pairs_take_places(struct hny_pair_queue *queue, uint32_t pair, uint32_t **places,
                                 size_t *capacity, size_t *count) {
    *count = 0;
    for (uint32_t at = queue->pairs[pair].seen; at != HNY_NO_INDEX;) {
        if (hny_grow(places, capacity, *count + 1, sizeof **places) != 0) return HNY_ERROR_MEMORY;
        (*places)[(*count)++] = queue->seen[at].place;
        uint32_t next = queue->seen[at].next;
        queue->seen[at].next = queue->seen_free;
        queue->seen_free = at;
        at = next;
    }
    queue->pairs[pair].seen = HNY_NO_INDEX;
    qsort(*places, *count, sizeof **places, order_places);
    return HNY_OK;
}
