#include "tokenizer/seeds.h"

#include "base/memory.h"
#include "tokenizer/segment.h"
#include <divsufsort.h>
#include <stdlib.h>
#include <string.h>

/* Suffixes of the texts in byte order, and what the walk over them needs. */
struct suffixes {
    const struct hny_segments *segments;
    int32_t *order;       /* [size]: where each suffix begins */
    int32_t *common;      /* [size], by position: bytes shared with the suffix before it in order */
    uint32_t *segment_of; /* [size]: index of the segment at a position */
};

/* The best candidates so far: up to twice the limit, cut back to it whenever they are full. */
struct best {
    const struct hny_segments *segments;
    size_t longest, limit;
    struct hny_seed *list;
    size_t count;
    uint64_t least; /* value of the worst that counts; 0 while there is room */
};

/* An interval of suffixes that share DEPTH bytes. */
struct interval {
    size_t depth;
    uint64_t times_before; /* of all suffixes before its first */
    int32_t at;            /* one of its suffixes */
};

static uint64_t value_of(const struct hny_seed *seed) {
    return seed->times * seed->characters;
}

static int order_bytes(const void *left, const void *right, void *texts) {
    const struct hny_seed *a = left, *b = right;
    const char *text = texts;
    int order = memcmp(text + a->at, text + b->at, a->size < b->size ? a->size : b->size);
    return order != 0 ? order : (a->size > b->size) - (a->size < b->size);
}

static int order_value(const void *left, const void *right, void *texts) {
    uint64_t a = value_of(left), b = value_of(right);
    if (a != b) return a < b ? 1 : -1;
    return order_bytes(left, right, texts);
}

static void keep_best(struct best *best) {
    if (best->count < best->limit) return;
    qsort_r(best->list, best->count, sizeof *best->list, order_value, best->segments->texts);
    best->count = best->limit;
    best->least = value_of(&best->list[best->limit - 1]);
}

/* Considers the substring at AT that ends with the last whole character within DEPTH bytes, unless PARENT
 * bytes hold it already. */
static void consider(struct best *best, int32_t at, size_t depth, size_t parent, uint64_t times) {
    const char *text = best->segments->texts + at;
    if (times < 2 || ((unsigned char)*text & 0xC0) == 0x80) return;
    struct hny_seed seed = {.times = times, .at = (uint32_t)at};
    while (seed.characters < best->longest && seed.size < depth && text[seed.size] != HNY_SEGMENT_END) {
        uint32_t bytes = hny_character_bytes((unsigned char)text[seed.size]);
        if (seed.size + bytes > depth) break;
        seed.size += bytes;
        seed.characters++;
    }
    if (seed.characters < 2 || seed.size <= parent || value_of(&seed) < best->least) return;
    best->list[best->count++] = seed;
    if (best->count == 2 * best->limit) keep_best(best);
}

/* Fills `common` by way of the position before each in suffix order (Kärkkäinen, Manzini and Puglisi 2009).
 */
static void find_common(struct suffixes *suffixes) {
    const char *text = suffixes->segments->texts;
    int32_t size = (int32_t)suffixes->segments->size, *common = suffixes->common, shared = 0;
    common[suffixes->order[0]] = -1;
    for (int32_t i = 1; i < size; i++) common[suffixes->order[i]] = suffixes->order[i - 1];
    for (int32_t at = 0; at < size; at++) {
        int32_t before = common[at];
        if (before < 0) {
            common[at] = shared = 0;
            continue;
        }
        int32_t longest = size - (at > before ? at : before);
        while (shared < longest && text[at + shared] == text[before + shared]) shared++;
        common[at] = shared;
        if (shared > 0) shared--;
    }
}

/* Bytes from AT to the end of its segment. */
static size_t bytes_left(const struct suffixes *suffixes, int32_t at) {
    const struct hny_segment *segment = &suffixes->segments->segments[suffixes->segment_of[at]];
    return segment->start + segment->size - (uint32_t)at;
}

/* Walks the suffixes in order with a stack of the intervals that are open, so that each inner node of the
 * suffix tree is met once, when its last suffix is behind; a leaf is an interval of one. */
static void walk(const struct suffixes *suffixes, struct interval *stack, struct best *best) {
    size_t size = suffixes->segments->size, height = 1;
    uint64_t times = 0;
    stack[0] = (struct interval){0};
    for (size_t i = 0; i < size; i++) {
        int32_t at = suffixes->order[i];
        uint64_t times_before = times;
        times += suffixes->segments->segments[suffixes->segment_of[at]].times;
        size_t next = i + 1 < size ? (size_t)suffixes->common[suffixes->order[i + 1]] : 0;
        size_t own = bytes_left(suffixes, at);
        size_t last = (size_t)suffixes->common[at] > next ? (size_t)suffixes->common[at] : next;
        if (own > last) consider(best, at, own, last, times - times_before);
        struct interval open = {.times_before = times_before, .at = at};
        while (stack[height - 1].depth > next) {
            open = stack[--height];
            size_t parent = stack[height - 1].depth > next ? stack[height - 1].depth : next;
            consider(best, open.at, open.depth, parent, times - open.times_before);
        }
        if (stack[height - 1].depth < next)
            stack[height++] = (struct interval){next, open.times_before, open.at};
    }
}

static hny_status sort_suffixes(struct suffixes *suffixes) {
    const struct hny_segments *segments = suffixes->segments;
    suffixes->order = hny_allocate(segments->size, sizeof *suffixes->order);
    if (!suffixes->order) return HNY_ERROR_MEMORY;
    if (divsufsort((const sauchar_t *)segments->texts, suffixes->order, (saidx_t)segments->size) != 0)
        return hny_fail(HNY_ERROR_MEMORY, "out of memory while sorting %zu suffixes", segments->size);
    suffixes->common = hny_allocate(segments->size, sizeof *suffixes->common);
    suffixes->segment_of = hny_allocate(segments->size, sizeof *suffixes->segment_of);
    if (!suffixes->common || !suffixes->segment_of) return HNY_ERROR_MEMORY;
    for (uint32_t i = 0; i < segments->count; i++)
        for (uint32_t at = 0; at <= segments->segments[i].size; at++)
            suffixes->segment_of[segments->segments[i].start + at] = i;
    find_common(suffixes);
    return HNY_OK;
}

hny_status hny_seeds_find(const struct hny_segments *segments, size_t longest, size_t limit,
                          struct hny_seed **seeds, size_t *count) {
    struct suffixes suffixes = {.segments = segments};
    struct best best = {.segments = segments, .longest = longest, .limit = limit};
    struct interval *stack = NULL;
    *seeds = NULL;
    *count = 0;
    if (segments->size == 0) return HNY_OK;
    hny_status status = sort_suffixes(&suffixes);
    size_t deepest = 0;
    for (size_t i = 0; status == HNY_OK && i < segments->size; i++)
        if ((size_t)suffixes.common[i] > deepest) deepest = (size_t)suffixes.common[i];
    if (status == HNY_OK) {
        stack = hny_allocate(deepest + 2, sizeof *stack);
        /* A suffix tree of so many leaves has fewer inner nodes. */
        size_t nodes = 2 * segments->size;
        best.list = hny_allocate(nodes < 2 * limit ? nodes : 2 * limit, sizeof *best.list);
        status = stack && best.list ? HNY_OK : HNY_ERROR_MEMORY;
    }
    if (status == HNY_OK) {
        walk(&suffixes, stack, &best);
        keep_best(&best);
        qsort_r(best.list, best.count, sizeof *best.list, order_bytes, segments->texts);
        *seeds = best.list;
        *count = best.count;
    }
    if (status != HNY_OK) free(best.list);
    free(stack);
    free(suffixes.order);
    free(suffixes.common);
    free(suffixes.segment_of);
    return status;
}
