#include "model/shortlist_training.h"

#include "base/lines.h"
#include "base/progress.h"
#include "model/folder_shortlist.h"
#include "model/lexicon.h"
#include "model/line_ids.h"
#include "model/vocabulary_view.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Targets considered for each that is kept. */
enum { CONSIDERED = 5 };

void hny_shortlist_defaults(struct hny_shortlist_options *options) {
    *options = (struct hny_shortlist_options){.best = 100, .frequent = 200, .rounds = 5};
}

/* --- Pairs of lines ------------------------------------------------------------------------------------ */

struct side {
    struct hny_lines *lines;
    struct hny_line_ids *line_ids;
    struct hny_ids ids;
};

static hny_status open_side(struct side *side, const char *path, const struct hny_tokenizer *tokenizer,
                            size_t vocabulary) {
    HNY_TRY(hny_lines_open(&side->lines, path));
    return hny_line_ids_create(&side->line_ids, tokenizer, vocabulary);
}

static void close_side(struct side *side) {
    hny_lines_close(&side->lines);
    hny_line_ids_destroy(&side->line_ids);
    hny_ids_free(&side->ids);
}

static hny_status read_side(struct side *side, bool *more) {
    const char *text;
    size_t size;
    HNY_TRY(hny_lines_next(side->lines, &text, &size, more));
    side->ids.count = 0;
    if (!*more) return HNY_OK;
    hny_status status = hny_line_ids_append(side->line_ids, text, size, NULL, &side->ids);
    if (status == HNY_OK) return HNY_OK;
    return hny_fail_within(status, "%s:%" PRIu64, hny_lines_path(side->lines), hny_lines_number(side->lines));
}

typedef hny_status pair_reader(void *context, const struct hny_ids *source, const struct hny_ids *target);

static hny_status read_pairs(struct side sides[2], pair_reader *read, void *context) {
    for (;;) {
        bool more[2];
        for (size_t i = 0; i < 2; i++) HNY_TRY(read_side(&sides[i], &more[i]));
        if (more[0] != more[1])
            return hny_fail(
                HNY_ERROR_INPUT, "%s has %s lines than %s: line N of one must translate line N of the other",
                hny_lines_path(sides[0].lines), more[0] ? "more" : "fewer", hny_lines_path(sides[1].lines));
        if (!more[0]) return HNY_OK;
        if (hny_stop_requested()) return HNY_INTERRUPTED;
        HNY_TRY(read(context, &sides[0].ids, &sides[1].ids));
    }
}

static hny_status for_each_pair(const struct hny_model *model, const char *source, const char *target,
                                pair_reader *read, void *context) {
    struct side sides[2] = {{0}, {0}};
    hny_status status = open_side(&sides[0], source, model->source_tokenizer, model->source_vocabulary);
    if (status == HNY_OK)
        status = open_side(&sides[1], target, model->target_tokenizer, model->target_vocabulary);
    if (status == HNY_OK) status = read_pairs(sides, read, context);
    close_side(&sides[0]);
    close_side(&sides[1]);
    return status;
}

/* --- The table ----------------------------------------------------------------------------------------- */

static hny_status add_pair(void *context, const struct hny_ids *source, const struct hny_ids *target) {
    return hny_lexicon_add(context, source->ids, source->count, target->ids, target->count);
}

static int compare_ids(const void *left, const void *right) {
    int32_t a = *(const int32_t *)left, b = *(const int32_t *)right;
    return a < b ? -1 : a > b;
}

struct counted {
    uint64_t count;
    int32_t id;
};

static int compare_counts(const void *left, const void *right) {
    const struct counted *a = left, *b = right;
    if (a->count != b->count) return a->count > b->count ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

/* The most frequent targets that were met at all, equal ones by rising id. */
static hny_status fill_frequent(const struct hny_lexicon *lexicon, size_t wanted,
                                struct hny_shortlist *made) {
    struct counted *counted = hny_allocate(made->target, sizeof *counted);
    made->frequent = hny_allocate(wanted, sizeof *made->frequent);
    if (counted && made->frequent) {
        for (size_t t = 0; t < made->target; t++)
            counted[t] = (struct counted){hny_lexicon_frequency(lexicon, t), (int32_t)t};
        qsort(counted, made->target, sizeof *counted, compare_counts);
        for (size_t t = 0; t < made->target && t < wanted && counted[t].count > 0; t++)
            made->frequent[made->frequent_count++] = counted[t].id;
        qsort(made->frequent, made->frequent_count, sizeof *made->frequent, compare_ids);
    }
    hny_status status = counted && made->frequent ? HNY_OK : HNY_ERROR_MEMORY;
    free(counted);
    return status;
}

static hny_status fill_lists(const struct hny_lexicon *lexicon, struct hny_shortlist *made) {
    size_t capacity = 0, count = 0;
    hny_status status = HNY_OK;
    struct hny_lexicon_entry *best = hny_allocate(made->best, sizeof *best);
    made->first = hny_allocate(made->source + 1, sizeof *made->first);
    if (!best || !made->first) status = HNY_ERROR_MEMORY;
    for (size_t s = 0; status == HNY_OK && s < made->source; s++) {
        size_t found = hny_lexicon_best(lexicon, s, best, made->best);
        if (count + found > INT32_MAX)
            status = hny_fail(HNY_ERROR_USAGE, "a table of over %d targets is too large", INT32_MAX);
        else if (hny_grow(&made->targets, &capacity, count + found, sizeof *made->targets))
            status = HNY_ERROR_MEMORY;
        if (status != HNY_OK) break;
        for (size_t i = 0; i < found; i++) made->targets[count + i] = best[i].target;
        if (found) qsort(made->targets + count, found, sizeof *made->targets, compare_ids);
        count += found;
        made->first[s + 1] = (uint32_t)count;
    }
    free(best);
    return status;
}

static hny_status fill(struct hny_lexicon *lexicon, const struct hny_model *model,
                       const struct hny_shortlist_options *options, struct hny_shortlist *made) {
    made->source = model->source_vocabulary;
    made->target = model->target_vocabulary;
    made->best = options->best;
    made->own = model->source_tokenizer == model->target_tokenizer &&
                (model->source_tokenizer || model->source_embedding.table == model->target_embedding.table);
    HNY_TRY(hny_folder_tokenizer_digest(model->source_tokenizer, made->tokenizers[0]));
    HNY_TRY(hny_folder_tokenizer_digest(model->target_tokenizer, made->tokenizers[1]));
    HNY_TRY(for_each_pair(model, options->source, options->target, add_pair, lexicon));
    if (hny_lexicon_pairs(lexicon) == 0)
        return hny_fail(HNY_ERROR_INPUT, "%s and %s: no pair of lines has words on both sides",
                        options->source, options->target);
    HNY_TRY(hny_lexicon_train(lexicon, options->rounds));
    HNY_TRY(fill_frequent(lexicon, options->frequent, made));
    return fill_lists(lexicon, made);
}

hny_status hny_shortlist_train(struct hny_shortlist **shortlist, const struct hny_model *model,
                               const struct hny_shortlist_options *options, uint64_t *pairs) {
    struct hny_lexicon *lexicon = NULL;
    struct hny_shortlist *made = hny_allocate(1, sizeof *made);
    hny_status status = made ? HNY_OK : HNY_ERROR_MEMORY;
    if (status == HNY_OK)
        status = hny_lexicon_create(&lexicon, model->source_vocabulary, model->target_vocabulary,
                                    CONSIDERED * options->best);
    if (status == HNY_OK) status = fill(lexicon, model, options, made);
    if (status == HNY_OK) *pairs = hny_lexicon_pairs(lexicon);
    hny_lexicon_destroy(&lexicon);
    if (status != HNY_OK) hny_shortlist_destroy(&made);
    *shortlist = made;
    return status;
}

/* --- What it covers ------------------------------------------------------------------------------------ */

struct cover {
    struct hny_shortlist_reader *reader;
    size_t vocabulary;
    uint64_t *inside, *all, *candidates, *sentences;
};

static hny_status cover_pair(void *context, const struct hny_ids *source, const struct hny_ids *target) {
    struct cover *cover = context;
    const int32_t *ids;
    size_t count;
    if (source->count == 0) return HNY_OK;
    hny_shortlist_candidates(cover->reader, source->ids, source->count, &ids, &count);
    for (size_t i = 0; i < target->count; i++)
        *cover->inside += count == 0 || bsearch(&target->ids[i], ids, count, sizeof *ids, compare_ids);
    ++*cover->inside; /* the end */
    *cover->all += target->count + 1;
    *cover->candidates += count ? count : cover->vocabulary;
    ++*cover->sentences;
    return HNY_OK;
}

hny_status hny_shortlist_cover(const struct hny_model *model, const char *source, const char *target,
                               uint64_t *inside, uint64_t *all, uint64_t *candidates, uint64_t *sentences) {
    struct hny_vocabulary_view view;
    struct cover cover = {NULL, model->target_vocabulary, inside, all, candidates, sentences};
    *inside = *all = *candidates = *sentences = 0;
    HNY_TRY(hny_vocabulary_view_open(&view, model));
    hny_status status = hny_shortlist_reader_create(&cover.reader, model->shortlist, view.bytes);
    if (status == HNY_OK) status = for_each_pair(model, source, target, cover_pair, &cover);
    hny_shortlist_reader_destroy(&cover.reader);
    hny_vocabulary_view_close(&view);
    return status;
}
