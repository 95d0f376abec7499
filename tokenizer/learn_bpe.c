#include "base/memory.h"
#include "base/progress.h"
#include "base/utf8.h"
#include "tokenizer/learn.h"
#include "tokenizer/pairs.h"
#include "tokenizer/segment.h"

#include <stdlib.h>
#include <string.h>

#define LEAST_TIMES 2   /* a pair seen once is no pattern */
#define STOP_MERGES 256 /* between two looks at the request to stop */
#define NONE HNY_NO_INDEX

/* A character of the segments' text, or the symbol that begins with it; one that a merge swallowed is out of
 * the list. */
struct place {
    uint32_t symbol;         /* NONE once swallowed */
    uint32_t previous, next; /* places of the same segment, or NONE */
    uint32_t segment;
};

struct merger {
    struct hny_learning *learning;
    struct hny_symbols symbols;
    struct hny_pair_queue queue;
    struct place *places;
    uint32_t *visited; /* places of the pair that is being merged */
    size_t visited_capacity;
};

static hny_status add_characters(struct merger *merger) {
    const struct hny_characters *characters = merger->learning->characters;
    for (size_t i = 0; i < characters->count; i++) {
        char text[4];
        HNY_TRY(hny_symbols_add(&merger->symbols, text,
                                (size_t)hny_utf8_encode(characters->list[i].code, text), 1));
    }
    return HNY_OK;
}

static uint64_t times_at(const struct merger *merger, uint32_t place) {
    return merger->learning->segments->segments[merger->places[place].segment].times;
}

/* Counts the pair that begins at PLACE, unless both together are longer than a piece may be. */
static hny_status add_pair(struct merger *merger, uint32_t place) {
    const struct place *left = &merger->places[place];
    if (place == NONE || left->next == NONE) return HNY_OK;
    uint32_t right = merger->places[left->next].symbol;
    const struct hny_symbol *list = merger->symbols.list;
    if (list[left->symbol].characters + list[right].characters > merger->learning->options->longest_piece)
        return HNY_OK;
    return hny_pairs_add(&merger->queue, left->symbol, right, place, times_at(merger, place));
}

static void remove_pair(struct merger *merger, uint32_t place) {
    if (place == NONE || merger->places[place].next == NONE) return;
    const struct place *left = &merger->places[place];
    hny_pairs_remove(&merger->queue, left->symbol, merger->places[left->next].symbol,
                     times_at(merger, place));
}

/* Puts the characters of all segments in their places, and counts their pairs. */
static hny_status add_places(struct merger *merger) {
    const struct hny_segments *segments = merger->learning->segments;
    merger->places = hny_allocate(segments->size, sizeof *merger->places);
    if (!merger->places) return HNY_ERROR_MEMORY;
    uint32_t count = 0;
    for (uint32_t i = 0; i < segments->count; i++) {
        const struct hny_segment *segment = &segments->segments[i];
        const char *text = segments->texts + segment->start;
        uint32_t first = count;
        for (uint32_t at = 0; at < segment->size;) {
            uint32_t bytes = hny_character_bytes((unsigned char)text[at]);
            uint32_t symbol = hny_symbols_find(&merger->symbols, text + at, bytes);
            merger->places[count] = (struct place){symbol, count > first ? count - 1 : NONE, count + 1, i};
            count++;
            at += bytes;
        }
        merger->places[count - 1].next = NONE;
        for (uint32_t place = first; place < count; place++) HNY_TRY(add_pair(merger, place));
    }
    return HNY_OK;
}

/* Makes one symbol JOINED of the two that begin at PLACE. */
static hny_status merge_at(struct merger *merger, uint32_t place, uint32_t joined) {
    struct place *left = &merger->places[place], *right = &merger->places[left->next];
    remove_pair(merger, left->previous);
    remove_pair(merger, place);
    remove_pair(merger, left->next);
    left->symbol = joined;
    left->next = right->next;
    right->symbol = NONE;
    if (left->next != NONE) merger->places[left->next].previous = place;
    HNY_TRY(add_pair(merger, left->previous));
    return add_pair(merger, place);
}

/* Merges a pair wherever it stands, from left to right. */
static hny_status merge_pair(struct merger *merger, uint32_t pair, uint32_t joined) {
    uint32_t left = merger->queue.pairs[pair].left, right = merger->queue.pairs[pair].right;
    size_t count = 0;
    HNY_TRY(hny_pairs_take_places(&merger->queue, pair, &merger->visited, &merger->visited_capacity, &count));
    for (size_t i = 0; i < count; i++) {
        const struct place *place = &merger->places[merger->visited[i]];
        if (place->symbol != left || place->next == NONE || merger->places[place->next].symbol != right)
            continue;
        HNY_TRY(merge_at(merger, merger->visited[i], joined));
    }
    return HNY_OK;
}

/* Adds the symbol that PAIR makes, and tells all other pairs with the same text. */
static hny_status add_joined(struct merger *merger, uint32_t pair, uint32_t *joined) {
    struct hny_symbols *symbols = &merger->symbols;
    const struct hny_symbol *left = &symbols->list[merger->queue.pairs[pair].left];
    const struct hny_symbol *right = &symbols->list[merger->queue.pairs[pair].right];
    char text[4 * HNY_SEGMENT_CHARACTERS];
    size_t size = left->size + right->size;
    memcpy(text, symbols->texts.data + left->text, left->size);
    memcpy(text + left->size, symbols->texts.data + right->text, right->size);
    HNY_TRY(hny_symbols_add(symbols, text, size, left->characters + right->characters));
    *joined = (uint32_t)symbols->count - 1;
    for (size_t cut = 1; cut < size; cut++) {
        uint32_t before = hny_symbols_find(symbols, text, cut);
        uint32_t behind = before == NONE ? NONE : hny_symbols_find(symbols, text + cut, size - cut);
        if (behind != NONE) HNY_TRY(hny_pairs_know(&merger->queue, before, behind, *joined));
    }
    return HNY_OK;
}

static hny_status merge_all(struct merger *merger) {
    struct hny_learning *learning = merger->learning;
    for (size_t merges = 0;; merges++) {
        if (merges % STOP_MERGES == 0) {
            if (hny_stop_requested())
                return hny_fail(HNY_INTERRUPTED, "stopped while training the tokenizer");
            hny_progress_show("tokenizer: bpe, %zu of %zu pieces", merger->symbols.count, learning->target);
        }
        uint32_t pair = 0;
        HNY_TRY(hny_pairs_next(&merger->queue, LEAST_TIMES, &pair));
        if (pair == NONE) return HNY_OK;
        uint32_t joined = merger->queue.pairs[pair].joined;
        if (joined == NONE && merger->symbols.count == learning->target) return HNY_OK;
        if (joined == NONE) HNY_TRY(add_joined(merger, pair, &joined));
        HNY_TRY(merge_pair(merger, pair, joined));
    }
}

/* Characters first, most frequent first, with rank 0; then the merges in their order. */
static void finish(struct merger *merger) {
    struct hny_learning *learning = merger->learning;
    size_t characters = learning->characters->count;
    learning->texts = merger->symbols.texts.data;
    merger->symbols.texts = (struct hny_buffer){0};
    for (size_t i = 0; i < merger->symbols.count; i++) {
        const struct hny_symbol *symbol = &merger->symbols.list[i];
        int32_t rank = i < characters ? 0 : (int32_t)(i - characters + 1);
        learning->pieces[learning->count++] =
            (struct hny_piece){learning->texts + symbol->text, symbol->size, rank};
    }
}

hny_status hny_learn_bpe(struct hny_learning *learning) {
    struct merger merger = {.learning = learning};
    hny_pairs_begin(&merger.queue, &merger.symbols);
    hny_status status = add_characters(&merger);
    if (status == HNY_OK) status = add_places(&merger);
    if (status == HNY_OK) status = merge_all(&merger);
    if (status == HNY_OK) finish(&merger);
    hny_pairs_free(&merger.queue);
    hny_symbols_free(&merger.symbols);
    free(merger.places);
    free(merger.visited);
    return status;
}
