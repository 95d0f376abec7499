/* Cutting a word by byte-pair encoding. */
#include "base/memory.h"
#include "tokenizer/segment.h"

#include <string.h>

#define SCAN_SYMBOLS 48 /* up to so many, looking at all ranks is faster than a heap */
#define END UINT32_MAX

static size_t slot_of(const struct hny_pairs *pairs, uint64_t key) {
    return (size_t)(key * 0x9E3779B97F4A7C15u >> 32) & pairs->mask;
}

/* The piece that LEFT and RIGHT make, its rank in *RANK; HNY_RANK_LIMIT where they make none. */
static int32_t find_pair(const struct hny_pairs *pairs, int32_t left, int32_t right, int32_t *rank) {
    uint64_t key = (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
    *rank = HNY_RANK_LIMIT;
    for (size_t slot = slot_of(pairs, key); pairs->slots[slot].key != 0; slot = (slot + 1) & pairs->mask)
        if (pairs->slots[slot].key == key) {
            *rank = pairs->slots[slot].rank;
            return pairs->slots[slot].id;
        }
    return HNY_NO_PIECE;
}

/* Calls for each way to cut piece ID into two pieces: counts them, and puts them into PAIRS unless it has no
 * slots. */
static size_t each_cut(const struct hny_tokenizer *tokenizer, int32_t id, struct hny_pairs *pairs) {
    const struct hny_piece *piece = &tokenizer->vocabulary.pieces[id - HNY_ID_PIECES];
    uint32_t base = tokenizer->trie.root, left = 0;
    size_t count = 0;
    for (uint32_t cut = 1; cut < piece->size; cut++) {
        if (!hny_trie_step(&tokenizer->trie, &base, (unsigned char)piece->text[cut - 1], &left)) break;
        uint32_t right = left ? hny_trie_find(&tokenizer->trie, piece->text + cut, piece->size - cut) : 0;
        if (right == 0) continue;
        count++;
        if (!pairs->slots) continue;
        uint64_t key = (uint64_t)left << 32 | right;
        size_t slot = slot_of(pairs, key);
        while (pairs->slots[slot].key != 0) slot = (slot + 1) & pairs->mask;
        pairs->slots[slot] = (struct hny_pair){key, id, piece->score};
    }
    return count;
}

hny_status hny_pairs_build(struct hny_tokenizer *tokenizer) {
    const struct hny_vocabulary *vocabulary = &tokenizer->vocabulary;
    struct hny_pairs pairs = {0};
    size_t count = 0, slots = 16;
    for (size_t i = vocabulary->symbol_count; i < vocabulary->count; i++)
        count += each_cut(tokenizer, (int32_t)(HNY_ID_PIECES + i), &pairs);
    while (slots < 2 * count) slots *= 2;
    pairs = (struct hny_pairs){hny_allocate(slots, sizeof *pairs.slots), slots - 1};
    if (!pairs.slots) return HNY_ERROR_MEMORY;
    for (size_t i = vocabulary->symbol_count; i < vocabulary->count; i++)
        each_cut(tokenizer, (int32_t)(HNY_ID_PIECES + i), &pairs);
    tokenizer->pairs = pairs;
    return HNY_OK;
}

/* One link a character of WORD, without neighbours and ranks yet. */
static size_t split(const struct hny_encoding *encoding, const char *word, size_t size) {
    const struct hny_trie *trie = &encoding->tokenizer->trie;
    size_t count = 0;
    for (size_t start = 0; start < size;) {
        uint32_t bytes = hny_character_bytes((unsigned char)word[start]);
        uint32_t id = hny_trie_find(trie, word + start, bytes);
        encoding->links[count++] =
            (struct hny_link){.id = id ? (int32_t)id : HNY_NO_PIECE, .start = (uint32_t)start};
        start += bytes;
    }
    return count;
}

/* Writes the id of a link, or the bytes of its character that has none. */
static size_t put(const struct hny_link *link, const char *word, int32_t *ids) {
    if (link->id != HNY_NO_PIECE) {
        ids[0] = link->id;
        return 1;
    }
    uint32_t bytes = hny_character_bytes((unsigned char)word[link->start]);
    for (uint32_t i = 0; i < bytes; i++) ids[i] = HNY_ID_BYTES + (unsigned char)word[link->start + i];
    return bytes;
}

static void rank_scanned(const struct hny_pairs *pairs, struct hny_link *links, size_t at, size_t count) {
    links[at].rank = HNY_RANK_LIMIT;
    if (at + 1 < count) links[at].merged = find_pair(pairs, links[at].id, links[at + 1].id, &links[at].rank);
}

/* Merges the COUNT links, keeping them dense; returns how many are left. */
static size_t merge_scanning(const struct hny_pairs *pairs, struct hny_link *links, size_t count) {
    for (size_t at = 0; at < count; at++) rank_scanned(pairs, links, at, count);
    for (;;) {
        size_t best = 0;
        for (size_t at = 1; at < count; at++)
            if (links[at].rank < links[best].rank) best = at;
        if (links[best].rank == HNY_RANK_LIMIT) return count;
        links[best].id = links[best].merged;
        count--;
        memmove(links + best + 1, links + best + 2, (count - best - 1) * sizeof *links);
        rank_scanned(pairs, links, best, count);
        if (best > 0) rank_scanned(pairs, links, best - 1, count);
    }
}

/* A binary heap of rank << 32 | index of the left link, the smallest first. */
struct heap {
    uint64_t *items;
    size_t count;
};

static void heap_push(struct heap *heap, uint64_t item) {
    size_t at = heap->count++;
    for (; at > 0 && heap->items[(at - 1) / 2] > item; at = (at - 1) / 2)
        heap->items[at] = heap->items[(at - 1) / 2];
    heap->items[at] = item;
}

static uint64_t heap_pop(struct heap *heap) {
    uint64_t first = heap->items[0], last = heap->items[--heap->count];
    size_t at = 0;
    for (size_t child = 1; child < heap->count; child = 2 * at + 1) {
        if (child + 1 < heap->count && heap->items[child + 1] < heap->items[child]) child++;
        if (heap->items[child] >= last) break;
        heap->items[at] = heap->items[child];
        at = child;
    }
    heap->items[at] = last;
    return first;
}

/* Ranks link AT with its next one, and queues it where they make a piece. */
static void rank_queued(const struct hny_pairs *pairs, struct hny_link *links, uint32_t at,
                        struct heap *heap) {
    struct hny_link *link = &links[at];
    link->rank = HNY_RANK_LIMIT;
    if (link->next != END) link->merged = find_pair(pairs, link->id, links[link->next].id, &link->rank);
    if (link->rank != HNY_RANK_LIMIT) heap_push(heap, (uint64_t)link->rank << 32 | at);
}

/* Takes the next merge that is still one: entries outlive the links they were made for. False where none is
 * left or DROPOUT skipped all. The skipped ones are counted in *SKIPPED. */
static bool next_merge(struct hny_encoding *encoding, struct heap *heap, double dropout,
                       struct hny_draws *draws, size_t *skipped, uint32_t *at) {
    while (heap->count > 0) {
        uint64_t item = heap_pop(heap);
        *at = (uint32_t)item;
        if (encoding->links[*at].rank != (int32_t)(item >> 32)) continue;
        if (dropout <= 0 || hny_draw(draws) >= dropout) return true;
        encoding->skipped[(*skipped)++] = item;
    }
    return false;
}

/* Merges the COUNT links as a list; link 0 stays its first. */
static void merge_queued(struct hny_encoding *encoding, size_t count, double dropout,
                         struct hny_draws *draws) {
    struct hny_link *links = encoding->links;
    struct heap heap = {encoding->heap, 0};
    size_t skipped = 0;
    uint32_t at = 0;
    for (uint32_t i = 0; i < count; i++) {
        links[i].previous = i > 0 ? i - 1 : END;
        links[i].next = i + 1 < count ? i + 1 : END;
    }
    for (uint32_t i = 0; i < count; i++) rank_queued(&encoding->tokenizer->pairs, links, i, &heap);
    while (next_merge(encoding, &heap, dropout, draws, &skipped, &at)) {
        struct hny_link *link = &links[at], *gone = &links[link->next];
        link->id = link->merged;
        link->next = gone->next;
        gone->rank = HNY_RANK_LIMIT;
        if (link->next != END) links[link->next].previous = at;
        rank_queued(&encoding->tokenizer->pairs, links, at, &heap);
        if (link->previous != END) rank_queued(&encoding->tokenizer->pairs, links, link->previous, &heap);
        while (skipped > 0) heap_push(&heap, encoding->skipped[--skipped]);
    }
}

static size_t put_list(const struct hny_link *links, const char *word, int32_t *ids) {
    size_t written = 0;
    for (uint32_t at = 0; at != END; at = links[at].next) written += put(&links[at], word, ids + written);
    return written;
}

size_t hny_bpe_merge(struct hny_encoding *encoding, const char *word, size_t size, int32_t *ids) {
    size_t count = split(encoding, word, size), written = 0;
    if (count > SCAN_SYMBOLS) {
        merge_queued(encoding, count, 0, NULL);
        return put_list(encoding->links, word, ids);
    }
    count = merge_scanning(&encoding->tokenizer->pairs, encoding->links, count);
    for (size_t at = 0; at < count; at++) written += put(&encoding->links[at], word, ids + written);
    return written;
}

size_t hny_bpe_drop(struct hny_encoding *encoding, const char *word, size_t size, double dropout,
                    struct hny_draws *draws, int32_t *ids) {
    merge_queued(encoding, split(encoding, word, size), dropout, draws);
    return put_list(encoding->links, word, ids);
}
