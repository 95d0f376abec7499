#include "tokenizer/lattice.h"

#include "base/memory.h"
#include "tokenizer/segment.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PARTS ((size_t)256) /* pieces of work; more than anyone has threads */
#define SEGMENT_BYTES (4 * HNY_SEGMENT_CHARACTERS)
#define EDGE_LIMIT (HNY_SEGMENT_CHARACTERS * HNY_SEGMENT_CHARACTERS)
#define LEAST_LIKELIHOOD 1e-280 /* below, a longer segment's products would leave the range of double */
#define NO_PIECE UINT32_MAX

struct edge {
    uint16_t start, end;
    uint32_t piece;
    double weight;
};

/* What a job writes: a row of counts a thread, added up at the end. */
struct counting {
    const struct hny_lattice *lattice;
    uint64_t *rows;     /* [threads][count] */
    struct edge *edges; /* [threads][EDGE_LIMIT] */
};

void hny_lattice_free(struct hny_lattice *lattice) {
    hny_trie_free(&lattice->trie);
    free(lattice->weights);
    lattice->weights = NULL;
}

hny_status hny_lattice_build(struct hny_lattice *lattice) {
    hny_lattice_free(lattice);
    struct hny_trie_key *keys = hny_allocate(lattice->count, sizeof *keys);
    if (!keys) return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < lattice->count; i++)
        keys[i] = (struct hny_trie_key){lattice->pieces[i].text, lattice->pieces[i].size, (uint32_t)i + 1};
    hny_status status = hny_trie_build(&lattice->trie, keys, lattice->count);
    free(keys);
    if (status != HNY_OK) return status;
    lattice->weights = hny_allocate(lattice->count, sizeof *lattice->weights);
    if (!lattice->weights) return HNY_ERROR_MEMORY;
    hny_lattice_weigh(lattice);
    return HNY_OK;
}

void hny_lattice_weigh(struct hny_lattice *lattice) {
    for (size_t i = 0; i < lattice->count; i++)
        lattice->weights[i] = lattice->pieces[i].dropped ? 0 : exp(lattice->pieces[i].score);
}

/* Lists the edges of TEXT in order of their starts, and fills FORWARD [size + 1] with the sums of the
 * products of weights that lead to each offset. Returns the number of edges. */
static size_t go_forward(const struct hny_lattice *lattice, const char *text, size_t size, struct edge *edges,
                         double *forward) {
    size_t count = 0;
    memset(forward, 0, (size + 1) * sizeof *forward);
    forward[0] = 1;
    for (size_t start = 0; start < size; start += hny_character_bytes((unsigned char)text[start])) {
        uint32_t base = lattice->trie.root, value = 0;
        for (size_t at = start; at < size;) {
            if (!hny_trie_step(&lattice->trie, &base, (unsigned char)text[at++], &value)) break;
            if (value == 0) continue;
            double weight = lattice->weights[value - 1];
            if (weight == 0) continue;
            edges[count++] = (struct edge){(uint16_t)start, (uint16_t)at, value - 1, weight};
            forward[at] += forward[start] * weight;
        }
    }
    return count;
}

static void expect_segment(const struct hny_lattice *lattice, const char *text, size_t size, uint64_t times,
                           struct edge *edges, uint64_t *row) {
    double forward[SEGMENT_BYTES + 1], backward[SEGMENT_BYTES + 1];
    size_t count = go_forward(lattice, text, size, edges, forward);
    if (!(forward[size] > LEAST_LIKELIHOOD)) {
        /* Too improbable for double's range: two halves are probable enough, and their seam is one of many.
         */
        size_t half = size / 2;
        while (half > 0 && ((unsigned char)text[half] & 0xC0) == 0x80) half--;
        if (half == 0) return;
        expect_segment(lattice, text, half, times, edges, row);
        expect_segment(lattice, text + half, size - half, times, edges, row);
        return;
    }
    memset(backward, 0, size * sizeof *backward);
    backward[size] = (double)times * HNY_EXPECTED_UNIT / forward[size];
    for (size_t i = count; i-- > 0;) {
        double rest = edges[i].weight * backward[edges[i].end];
        backward[edges[i].start] += rest;
        row[edges[i].piece] += (uint64_t)(int64_t)(forward[edges[i].start] * rest + 0.5);
    }
}

/* The best cut of TEXT, as indices in PARTS from its end to its beginning; returns their number, 0 where
 * there is no way. Piece BANNED is not used. */
static size_t find_best(const struct hny_lattice *lattice, const char *text, size_t size, uint32_t banned,
                        uint32_t *parts, double *score) {
    double best[SEGMENT_BYTES + 1];
    uint32_t piece[SEGMENT_BYTES + 1];
    for (size_t at = 0; at <= size; at++) best[at] = -INFINITY;
    best[0] = 0;
    for (size_t start = 0; start < size; start += hny_character_bytes((unsigned char)text[start])) {
        uint32_t base = lattice->trie.root, value = 0;
        for (size_t at = start; at < size && best[start] > -INFINITY;) {
            if (!hny_trie_step(&lattice->trie, &base, (unsigned char)text[at++], &value)) break;
            if (value == 0 || value - 1 == banned || lattice->pieces[value - 1].dropped) continue;
            double candidate = best[start] + lattice->pieces[value - 1].score;
            if (candidate <= best[at]) continue;
            best[at] = candidate;
            piece[at] = value - 1;
        }
    }
    *score = best[size];
    size_t count = 0;
    /* cppcheck-suppress uninitvar ; a finite score at the end means that each piece on the way was set */
    for (size_t at = size; at > 0 && best[size] > -INFINITY; at -= lattice->pieces[piece[at]].size)
        parts[count++] = piece[at];
    return count;
}

size_t hny_lattice_alternative(const struct hny_lattice *lattice, const struct hny_trained_piece *piece,
                               uint32_t *parts, double *score) {
    return find_best(lattice, piece->text, piece->size, (uint32_t)(piece - lattice->pieces), parts, score);
}

/* The segments of part PART: a fixed share of them, in order. */
static void share(const struct hny_lattice *lattice, size_t part, size_t *first, size_t *last) {
    size_t count = lattice->segments->count;
    *first = count / PARTS * part + (part < count % PARTS ? part : count % PARTS);
    *last = *first + count / PARTS + (part < count % PARTS);
}

static hny_status expect_part(void *context, size_t part, size_t thread) {
    const struct counting *counting = context;
    const struct hny_segments *segments = counting->lattice->segments;
    size_t first = 0, last = 0;
    share(counting->lattice, part, &first, &last);
    for (size_t i = first; i < last; i++) {
        const struct hny_segment *segment = &segments->segments[i];
        expect_segment(counting->lattice, segments->texts + segment->start, segment->size, segment->times,
                       counting->edges + thread * EDGE_LIMIT,
                       counting->rows + thread * counting->lattice->count);
    }
    return HNY_OK;
}

static hny_status best_part(void *context, size_t part, size_t thread) {
    const struct counting *counting = context;
    const struct hny_segments *segments = counting->lattice->segments;
    uint32_t parts[SEGMENT_BYTES];
    size_t first = 0, last = 0;
    double score = 0;
    share(counting->lattice, part, &first, &last);
    for (size_t i = first; i < last; i++) {
        const struct hny_segment *segment = &segments->segments[i];
        size_t count = find_best(counting->lattice, segments->texts + segment->start, segment->size, NO_PIECE,
                                 parts, &score);
        for (size_t j = 0; j < count; j++)
            counting->rows[thread * counting->lattice->count + parts[j]] += segment->times;
    }
    return HNY_OK;
}

static hny_status run(const struct hny_lattice *lattice, hny_task *task, uint64_t *counts) {
    size_t threads = hny_threads_count(lattice->threads);
    struct counting counting = {.lattice = lattice};
    hny_status status = HNY_ERROR_MEMORY;
    size_t cells = 0;
    if (__builtin_mul_overflow(threads, lattice->count, &cells))
        return hny_fail(HNY_ERROR_MEMORY, "too many threads: %zu", threads);
    counting.rows = hny_allocate(cells, sizeof *counting.rows);
    counting.edges = hny_allocate(threads * EDGE_LIMIT, sizeof *counting.edges);
    if (counting.rows && counting.edges) status = hny_threads_run(lattice->threads, PARTS, task, &counting);
    for (size_t i = 0; status == HNY_OK && i < lattice->count; i++) {
        counts[i] = 0;
        for (size_t thread = 0; thread < threads; thread++)
            counts[i] += counting.rows[thread * lattice->count + i];
    }
    free(counting.rows);
    free(counting.edges);
    return status;
}

hny_status hny_lattice_expect(const struct hny_lattice *lattice, uint64_t *counts) {
    return run(lattice, expect_part, counts);
}

hny_status hny_lattice_best(const struct hny_lattice *lattice, uint64_t *counts) {
    return run(lattice, best_part, counts);
}
