#include "model/lexicon.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "base/progress.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHOICE_BYTES ((size_t)256 << 20)

struct list {
    struct hny_lexicon_entry *entries; /* [count] by rising target */
    double *counts;                    /* [count] expected in this round */
    size_t count;
};

struct hny_lexicon {
    size_t source, target, most;
    FILE *pairs; /* of each: both numbers of subwords, then the source's and the target's */
    uint64_t pair_count;
    uint64_t *frequency; /* [target] */
    struct list *lists;  /* [source] */
    int32_t *ids;        /* of the pair at hand: source, then target */
};

struct pair {
    const int32_t *source, *target;
    size_t source_count, target_count;
};

static hny_status open_pairs(struct hny_lexicon *lexicon) {
    const char *under = getenv("TMPDIR");
    struct hny_buffer path = {0};
    hny_status status = hny_buffer_print(&path, "%s/honyaku-XXXXXX", under && *under ? under : "/tmp");
    int fd = status == HNY_OK ? mkstemp(path.data) : -1;
    if (status == HNY_OK && fd < 0) status = hny_fail_errno("%s: cannot be made", path.data);
    if (fd >= 0) {
        unlink(path.data);
        lexicon->pairs = fdopen(fd, "w+");
        if (!lexicon->pairs) {
            status = hny_fail_errno("a temporary file of pairs");
            close(fd);
        }
    }
    hny_buffer_free(&path);
    return status;
}

hny_status hny_lexicon_create(struct hny_lexicon **lexicon, size_t source, size_t target, size_t most) {
    struct hny_lexicon *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    *made = (struct hny_lexicon){.source = source, .target = target, .most = most};
    made->frequency = hny_allocate(target, sizeof *made->frequency);
    made->lists = hny_allocate(source, sizeof *made->lists);
    made->ids = hny_allocate(2 * HNY_LEXICON_LONGEST, sizeof *made->ids);
    hny_status status = made->frequency && made->lists && made->ids ? open_pairs(made) : HNY_ERROR_MEMORY;
    if (status != HNY_OK) hny_lexicon_destroy(&made);
    *lexicon = made;
    return status;
}

void hny_lexicon_destroy(struct hny_lexicon **lexicon) {
    struct hny_lexicon *old = *lexicon;
    if (!old) return;
    for (size_t s = 0; old->lists && s < old->source; s++) {
        free(old->lists[s].entries);
        free(old->lists[s].counts);
    }
    if (old->pairs) fclose(old->pairs);
    free(old->lists);
    free(old->frequency);
    free(old->ids);
    free(old);
    *lexicon = NULL;
}

/* --- Pairs --------------------------------------------------------------------------------------------- */

hny_status hny_lexicon_add(struct hny_lexicon *lexicon, const int32_t *source, size_t source_count,
                           const int32_t *target, size_t target_count) {
    for (size_t i = 0; i < target_count; i++) lexicon->frequency[target[i]]++;
    if (source_count == 0 || target_count == 0 || source_count > HNY_LEXICON_LONGEST ||
        target_count > HNY_LEXICON_LONGEST)
        return HNY_OK;
    const int32_t counts[2] = {(int32_t)source_count, (int32_t)target_count};
    if (fwrite(counts, sizeof counts, 1, lexicon->pairs) != 1 ||
        fwrite(source, sizeof *source, source_count, lexicon->pairs) != source_count ||
        fwrite(target, sizeof *target, target_count, lexicon->pairs) != target_count)
        return hny_fail_errno("a temporary file of pairs cannot be written");
    lexicon->pair_count++;
    return HNY_OK;
}

uint64_t hny_lexicon_pairs(const struct hny_lexicon *lexicon) {
    return lexicon->pair_count;
}

uint64_t hny_lexicon_frequency(const struct hny_lexicon *lexicon, size_t id) {
    return lexicon->frequency[id];
}

static hny_status next_pair(struct hny_lexicon *lexicon, struct pair *pair) {
    int32_t counts[2];
    if (fread(counts, sizeof counts, 1, lexicon->pairs) == 1) {
        size_t all = (size_t)counts[0] + (size_t)counts[1];
        *pair = (struct pair){lexicon->ids, lexicon->ids + counts[0], (size_t)counts[0], (size_t)counts[1]};
        if (all <= 2 * HNY_LEXICON_LONGEST &&
            fread(lexicon->ids, sizeof *lexicon->ids, all, lexicon->pairs) == all)
            return HNY_OK;
    }
    return hny_fail(HNY_ERROR_IO, "a temporary file of pairs cannot be read");
}

/* Calls EACH for every pair, in order. */
static hny_status for_each(struct hny_lexicon *lexicon,
                           void (*each)(struct hny_lexicon *lexicon, const struct pair *pair, void *context),
                           void *context) {
    struct pair pair = {0};
    if (fflush(lexicon->pairs) != 0 || fseek(lexicon->pairs, 0, SEEK_SET) != 0)
        return hny_fail_errno("a temporary file of pairs");
    for (uint64_t i = 0; i < lexicon->pair_count; i++) {
        if (hny_stop_requested()) return HNY_INTERRUPTED;
        HNY_TRY(next_pair(lexicon, &pair));
        each(lexicon, &pair, context);
    }
    return HNY_OK;
}

/* --- Which targets are considered ---------------------------------------------------------------------- */

/* Source subwords first…last-1, and how often each target stands beside them. */
struct block {
    size_t first, last;
    uint32_t *together; /* [last - first][target] */
};

static void count_pair(struct hny_lexicon *lexicon, const struct pair *pair, void *context) {
    const struct block *block = context;
    for (size_t i = 0; i < pair->source_count; i++) {
        size_t s = (size_t)pair->source[i];
        if (s < block->first || s >= block->last) continue;
        uint32_t *row = block->together + (s - block->first) * lexicon->target;
        for (size_t k = 0; k < pair->target_count; k++)
            if (row[pair->target[k]] != UINT32_MAX) row[pair->target[k]]++;
    }
}

static int compare_weights(const void *left, const void *right) {
    const struct hny_lexicon_entry *a = left, *b = right;
    if (a->probability != b->probability) return a->probability > b->probability ? -1 : 1;
    return a->target < b->target ? -1 : a->target > b->target;
}

static int compare_targets(const void *left, const void *right) {
    const struct hny_lexicon_entry *a = left, *b = right;
    return a->target < b->target ? -1 : a->target > b->target;
}

/* The list of a source subword; FOUND [target] is workspace. */
static hny_status make_list(const struct hny_lexicon *lexicon, const uint32_t *row,
                            struct hny_lexicon_entry *found, struct list *list) {
    size_t count = 0;
    for (size_t t = 0; t < lexicon->target; t++)
        if (row[t] > 0)
            found[count++] = (struct hny_lexicon_entry){
                (int32_t)t, (float)((double)row[t] * row[t] / (double)lexicon->frequency[t])};
    if (count > lexicon->most) {
        qsort(found, count, sizeof *found, compare_weights);
        count = lexicon->most;
        qsort(found, count, sizeof *found, compare_targets);
    }
    if (count == 0) return HNY_OK;
    list->entries = hny_allocate(count, sizeof *list->entries);
    list->counts = hny_allocate(count, sizeof *list->counts);
    if (!list->entries || !list->counts) return HNY_ERROR_MEMORY;
    list->count = count;
    for (size_t i = 0; i < count; i++) list->entries[i] = (struct hny_lexicon_entry){found[i].target, 1};
    return HNY_OK;
}

static hny_status make_lists(struct hny_lexicon *lexicon, struct block *block, size_t height,
                             struct hny_lexicon_entry *found) {
    for (block->first = 0; block->first < lexicon->source; block->first = block->last) {
        size_t left = lexicon->source - block->first;
        block->last = block->first + (left < height ? left : height);
        memset(block->together, 0, (block->last - block->first) * lexicon->target * sizeof *block->together);
        HNY_TRY(for_each(lexicon, count_pair, block));
        for (size_t s = block->first; s < block->last; s++)
            HNY_TRY(make_list(lexicon, block->together + (s - block->first) * lexicon->target, found,
                              &lexicon->lists[s]));
    }
    return HNY_OK;
}

static hny_status choose_targets(struct hny_lexicon *lexicon) {
    struct block block = {0};
    size_t height = CHOICE_BYTES / (lexicon->target * sizeof *block.together);
    if (height == 0) height = 1;
    if (height > lexicon->source) height = lexicon->source;
    struct hny_lexicon_entry *found = hny_allocate(lexicon->target, sizeof *found);
    block.together = hny_allocate(height, lexicon->target * sizeof *block.together);
    hny_status status =
        found && block.together ? make_lists(lexicon, &block, height, found) : HNY_ERROR_MEMORY;
    free(block.together);
    free(found);
    return status;
}

/* --- Training ------------------------------------------------------------------------------------------ */

/* The place of TARGET in LIST; SIZE_MAX where it is not considered. */
static size_t find(const struct list *list, int32_t target) {
    size_t low = 0, high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list->entries[middle].target < target)
            low = middle + 1;
        else
            high = middle;
    }
    return low < list->count && list->entries[low].target == target ? low : SIZE_MAX;
}

/* Each target subword is shared among the pair's source subwords by what they are thought to translate to. */
static void expect_pair(struct hny_lexicon *lexicon, const struct pair *pair, void *context) {
    size_t places[HNY_LEXICON_LONGEST];
    (void)context;
    for (size_t k = 0; k < pair->target_count; k++) {
        double sum = 0;
        for (size_t i = 0; i < pair->source_count; i++) {
            const struct list *list = &lexicon->lists[pair->source[i]];
            places[i] = find(list, pair->target[k]);
            if (places[i] != SIZE_MAX) sum += (double)list->entries[places[i]].probability;
        }
        for (size_t i = 0; sum > 0 && i < pair->source_count; i++) {
            struct list *list = &lexicon->lists[pair->source[i]];
            if (places[i] != SIZE_MAX)
                list->counts[places[i]] += (double)list->entries[places[i]].probability / sum;
        }
    }
}

static void maximise(struct list *list) {
    double sum = 0;
    for (size_t i = 0; i < list->count; i++) sum += list->counts[i];
    for (size_t i = 0; i < list->count; i++) {
        list->entries[i].probability = sum > 0 ? (float)(list->counts[i] / sum) : 0;
        list->counts[i] = 0;
    }
}

hny_status hny_lexicon_train(struct hny_lexicon *lexicon, size_t rounds) {
    HNY_TRY(choose_targets(lexicon));
    for (size_t round = 0; round < rounds; round++) {
        HNY_TRY(for_each(lexicon, expect_pair, NULL));
        for (size_t s = 0; s < lexicon->source; s++) maximise(&lexicon->lists[s]);
    }
    return HNY_OK;
}

size_t hny_lexicon_best(const struct hny_lexicon *lexicon, size_t source, struct hny_lexicon_entry *best,
                        size_t count) {
    const struct list *list = &lexicon->lists[source];
    size_t found = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct hny_lexicon_entry *entry = &list->entries[i];
        if (!(entry->probability > 0)) continue;
        if (found == count && (count == 0 || !(entry->probability > best[count - 1].probability))) continue;
        size_t place = found < count ? found++ : count - 1;
        for (; place > 0 && entry->probability > best[place - 1].probability; place--)
            best[place] = best[place - 1];
        best[place] = *entry;
    }
    return found;
}
