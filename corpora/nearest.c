#include "corpora/nearest.h"

#include "base/memory.h"
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* What a likeness makes of a sentence: runs of words (or of bytes) of so many lengths, and how it compares
 * them. */
static const struct {
    const char *name;
    size_t shortest, longest;
    bool bytes;  /* runs of bytes, not of words */
    bool rare;   /* weighed by rarity, not all alike */
    bool cosine; /* shared by the geometric mean of both sides, not by their union */
} likenesses[HNY_LIKENESSES] = {
    [HNY_LIKENESS_WORDS] = {"words", 1, 1, false, false, false},
    [HNY_LIKENESS_RARE_WORDS] = {"rare words", 1, 1, false, true, false},
    [HNY_LIKENESS_PHRASES] = {"words and pairs", 1, 2, false, true, true},
    [HNY_LIKENESS_NGRAMS] = {"n-grams", 1, 4, false, false, true},
    [HNY_LIKENESS_LETTERS] = {"letters", 4, 4, true, true, true},
    [HNY_LIKENESS_EDITS] = {"edits", 1, 1, false, false, false},
};

const char *hny_likeness_name(enum hny_likeness likeness) {
    return likenesses[likeness].name;
}

/* A feature (a hash of a run) and the sentence that has it. */
struct posting {
    uint64_t feature;
    size_t sentence;
};

struct features {
    struct posting *postings; /* [count], in order of feature and sentence once they are sorted */
    size_t count, capacity;
};

static uint64_t hash_bytes(const char *text, size_t size) {
    uint64_t hash = 0xCBF29CE484222325u; /* FNV-1a */
    for (size_t i = 0; i < size; i++) hash = (hash ^ (unsigned char)text[i]) * 0x100000001B3u;
    return hash;
}

static hny_status add_feature(struct features *features, uint64_t feature, size_t sentence) {
    if (hny_grow(&features->postings, &features->capacity, features->count + 1, sizeof *features->postings) !=
        0)
        return HNY_ERROR_MEMORY;
    features->postings[features->count++] = (struct posting){feature, sentence};
    return HNY_OK;
}

/* The start of the word behind the one that starts at TEXT, or of the NUL. */
static const char *skip_word(const char *text) {
    text += strcspn(text, " ");
    return text + strspn(text, " ");
}

/* Adds the runs of TEXT as LIKENESS takes them. */
static hny_status add_runs(struct features *features, enum hny_likeness likeness, const char *text,
                           size_t sentence) {
    size_t shortest = likenesses[likeness].shortest, longest = likenesses[likeness].longest;
    if (likenesses[likeness].bytes) {
        size_t size = strlen(text);
        for (size_t i = 0; i + shortest <= size; i++)
            HNY_TRY(add_feature(features, hash_bytes(text + i, shortest), sentence));
        return HNY_OK;
    }
    for (const char *start = text + strspn(text, " "); *start; start = skip_word(start)) {
        const char *end = start;
        for (size_t words = 1; words <= longest && *end; words++) {
            size_t size = (size_t)(end - start) + strcspn(end, " ");
            if (words >= shortest) HNY_TRY(add_feature(features, hash_bytes(start, size), sentence));
            end = skip_word(end);
        }
    }
    return HNY_OK;
}

static int compare_postings(const void *left, const void *right) {
    const struct posting *a = left, *b = right;
    if (a->feature != b->feature) return a->feature < b->feature ? -1 : 1;
    return (a->sentence > b->sentence) - (a->sentence < b->sentence);
}

/* Sorts the features and drops those that a sentence has twice. */
static void order_features(struct features *features) {
    size_t kept = 0;
    if (features->count)
        qsort(features->postings, features->count, sizeof *features->postings, compare_postings);
    for (size_t i = 0; i < features->count; i++)
        if (!kept || compare_postings(&features->postings[kept - 1], &features->postings[i]))
            features->postings[kept++] = features->postings[i];
    features->count = kept;
}

/* The number of postings from FIRST on that share its feature. */
static size_t run_length(const struct features *features, size_t first) {
    size_t end = first;
    while (end < features->count && features->postings[end].feature == features->postings[first].feature)
        end++;
    return end - first;
}

/* The first posting whose feature is not less than FEATURE. */
static size_t find_feature(const struct features *features, uint64_t feature) {
    size_t low = 0, high = features->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (features->postings[middle].feature < feature)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static double weigh(enum hny_likeness likeness, size_t sentences, size_t holders) {
    return likenesses[likeness].rare ? log((double)(sentences + 1) / (double)(holders + 1)) : 1.0;
}

/* Adds what QUERY shares with each sentence of MEMORY to SHARED [sentences]; returns the weight of all of
 * QUERY. */
static double add_shared(enum hny_likeness likeness, const struct features *memory, size_t sentences,
                         const struct features *query, double *shared) {
    double whole = 0;
    for (size_t i = 0; i < query->count; i++) {
        size_t first = find_feature(memory, query->postings[i].feature);
        bool known = first < memory->count && memory->postings[first].feature == query->postings[i].feature;
        size_t holders = known ? run_length(memory, first) : 0;
        double weight = weigh(likeness, sentences, holders);
        double square = likenesses[likeness].cosine ? weight * weight : weight;
        whole += square;
        for (size_t j = 0; j < holders; j++) shared[memory->postings[first + j].sentence] += square;
    }
    return whole;
}

/* The weight of each sentence of MEMORY. */
static void weigh_sentences(enum hny_likeness likeness, const struct features *memory, size_t sentences,
                            double *weights) {
    for (size_t first = 0, length; first < memory->count; first += length) {
        length = run_length(memory, first);
        double weight = weigh(likeness, sentences, length);
        double square = likenesses[likeness].cosine ? weight * weight : weight;
        for (size_t i = 0; i < length; i++) weights[memory->postings[first + i].sentence] += square;
    }
}

static hny_status find_by_features(enum hny_likeness likeness, struct hny_sentences memory,
                                   struct hny_sentences queries, size_t *nearest) {
    struct features known = {0}, query = {0};
    double *weights = hny_allocate(memory.count, sizeof *weights);
    double *shared = hny_allocate(memory.count, sizeof *shared);
    hny_status status = weights && shared ? HNY_OK : HNY_ERROR_MEMORY;
    for (size_t i = 0; i < memory.count && status == HNY_OK; i++)
        status = add_runs(&known, likeness, memory.texts[i], i);
    if (status == HNY_OK) {
        order_features(&known);
        weigh_sentences(likeness, &known, memory.count, weights);
    }
    for (size_t i = 0; i < queries.count && status == HNY_OK; i++) {
        query.count = 0;
        if ((status = add_runs(&query, likeness, queries.texts[i], 0)) != HNY_OK) break;
        order_features(&query);
        memset(shared, 0, memory.count * sizeof *shared);
        double whole = add_shared(likeness, &known, memory.count, &query, shared), best = -1;
        for (size_t j = 0; j < memory.count; j++) {
            double most =
                likenesses[likeness].cosine ? sqrt(whole * weights[j]) : whole + weights[j] - shared[j];
            double like = most > 0 ? shared[j] / most : 0;
            if (like <= best) continue;
            best = like;
            nearest[i] = j;
        }
    }
    free(known.postings);
    free(query.postings);
    free(weights);
    free(shared);
    return status;
}

#define EDIT_WORDS 64 /* longer sentences are compared by their beginnings */

/* The words of TEXT as hashes; returns their number, at most EDIT_WORDS. */
static size_t hash_words(const char *text, uint64_t words[EDIT_WORDS]) {
    size_t count = 0;
    for (text += strspn(text, " "); *text && count < EDIT_WORDS; text = skip_word(text))
        words[count++] = hash_bytes(text, strcspn(text, " "));
    return count;
}

/* Edit distance (Levenshtein 1966) of two rows of words. */
static size_t count_edits(const uint64_t *a, size_t a_count, const uint64_t *b, size_t b_count) {
    size_t row[EDIT_WORDS + 1];
    for (size_t j = 0; j <= b_count; j++) row[j] = j;
    for (size_t i = 0; i < a_count; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < b_count; j++) {
            size_t replaced = diagonal + (a[i] != b[j]);
            diagonal = row[j + 1];
            size_t best = row[j] < row[j + 1] ? row[j] + 1 : row[j + 1] + 1;
            row[j + 1] = replaced < best ? replaced : best;
        }
    }
    return row[b_count];
}

static hny_status find_by_edits(struct hny_sentences memory, struct hny_sentences queries, size_t *nearest) {
    uint64_t(*words)[EDIT_WORDS] = hny_allocate(memory.count, sizeof *words);
    size_t *counts = hny_allocate(memory.count, sizeof *counts);
    for (size_t i = 0; words && counts && i < memory.count; i++)
        counts[i] = hash_words(memory.texts[i], words[i]);
    for (size_t i = 0; words && counts && i < queries.count; i++) {
        uint64_t query[EDIT_WORDS];
        size_t count = hash_words(queries.texts[i], query);
        double best = 2;
        for (size_t j = 0; j < memory.count; j++) {
            size_t longer = counts[j] > count ? counts[j] : count;
            size_t shorter = counts[j] > count ? count : counts[j];
            double longest = longer ? (double)longer : 1;
            if ((double)(longer - shorter) / longest >= best) continue;
            double distance = (double)count_edits(query, count, words[j], counts[j]) / longest;
            if (distance >= best) continue;
            best = distance;
            nearest[i] = j;
        }
    }
    hny_status status = words && counts ? HNY_OK : HNY_ERROR_MEMORY;
    free(words);
    free(counts);
    return status;
}

hny_status hny_nearest(enum hny_likeness likeness, struct hny_sentences memory, struct hny_sentences queries,
                       size_t *nearest) {
    if (!memory.count) return hny_fail(HNY_ERROR_USAGE, "a memory without sentences");
    for (size_t i = 0; i < queries.count; i++) nearest[i] = 0;
    if (likeness == HNY_LIKENESS_EDITS) return find_by_edits(memory, queries, nearest);
    return find_by_features(likeness, memory, queries, nearest);
}
