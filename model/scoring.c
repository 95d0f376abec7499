#include "model/scoring.h"

#include "base/threads.h"
#include "model/line_ids.h"
#include "model/pass.h"

#include <inttypes.h>
#include <stdlib.h>

/* Pairs that a thread computes at once. */
enum { PAIRS_A_PART = 32 };

/* A pair of the window: where its ids lie, and what came of it. */
struct scored_pair {
    size_t start[2], length[2]; /* source, target */
    hny_real *words;            /* [target length + 1] */
};

struct scoring {
    const struct hny_model *model;
    struct hny_threads *threads;
    struct hny_compute **computes; /* [threads] */
    size_t thread_count;
    struct hny_line_ids *line_ids[2];
    struct hny_lines *lines[2];
    struct hny_ids ids[2];     /* of the window's pairs, one behind the other */
    struct scored_pair *pairs; /* [window] */
    size_t window, count;
    hny_real *words; /* of the window's pairs */
    size_t word_capacity;
    uint64_t line;
};

static hny_status open_scoring(struct scoring *scoring) {
    const struct hny_model *model = scoring->model;
    HNY_TRY(hny_threads_create(&scoring->threads, scoring->thread_count));
    scoring->window = PAIRS_A_PART * scoring->thread_count;
    scoring->pairs = hny_allocate(scoring->window, sizeof *scoring->pairs);
    scoring->computes = hny_allocate(scoring->thread_count, sizeof *scoring->computes);
    if (!scoring->pairs || !scoring->computes) return HNY_ERROR_MEMORY;
    for (size_t t = 0; t < scoring->thread_count; t++)
        HNY_TRY(hny_model_compute_create(&scoring->computes[t], model, HNY_PRECISION_F32));
    HNY_TRY(hny_line_ids_create(&scoring->line_ids[0], model->source_tokenizer, model->source_vocabulary));
    return hny_line_ids_create(&scoring->line_ids[1], model->target_tokenizer, model->target_vocabulary);
}

static void close_scoring(struct scoring *scoring) {
    for (size_t t = 0; scoring->computes && t < scoring->thread_count; t++)
        hny_compute_destroy(&scoring->computes[t]);
    for (int side = 0; side < 2; side++) {
        hny_line_ids_destroy(&scoring->line_ids[side]);
        hny_ids_free(&scoring->ids[side]);
    }
    free(scoring->computes);
    free(scoring->pairs);
    free(scoring->words);
    hny_threads_destroy(&scoring->threads);
}

static uint64_t count_rest(struct hny_lines *lines, hny_status *status) {
    const char *text;
    size_t size;
    bool more = true;
    while (*status == HNY_OK && more) *status = hny_lines_next(lines, &text, &size, &more);
    return hny_lines_number(lines);
}

static hny_status lengths_differ(struct scoring *scoring) {
    hny_status status = HNY_OK;
    uint64_t source = count_rest(scoring->lines[0], &status), target = count_rest(scoring->lines[1], &status);
    HNY_TRY(status);
    return hny_fail(HNY_ERROR_INPUT, "%s has %" PRIu64 " lines, but %s has %" PRIu64,
                    hny_lines_path(scoring->lines[0]), source, hny_lines_path(scoring->lines[1]), target);
}

/* The next pair of lines into the window; *MORE false at the end of both. */
static hny_status read_pair(struct scoring *scoring, bool *more) {
    struct scored_pair *pair = &scoring->pairs[scoring->count];
    bool there[2];
    for (int side = 0; side < 2; side++) {
        const char *text;
        size_t size;
        HNY_TRY(hny_lines_next(scoring->lines[side], &text, &size, &there[side]));
        if (!there[side]) continue;
        pair->start[side] = scoring->ids[side].count;
        hny_status status =
            hny_line_ids_append(scoring->line_ids[side], text, size, NULL, &scoring->ids[side]);
        if (status != HNY_OK)
            return hny_fail_within(status, "%s:%" PRIu64, hny_lines_path(scoring->lines[side]),
                                   hny_lines_number(scoring->lines[side]));
        pair->length[side] = scoring->ids[side].count - pair->start[side];
    }
    *more = there[0] && there[1];
    if (there[0] != there[1]) return lengths_differ(scoring);
    if (*more) scoring->count++;
    return HNY_OK;
}

static hny_status score_part(void *context, size_t part, size_t thread) {
    struct scoring *scoring = context;
    struct hny_pair pairs[PAIRS_A_PART];
    hny_real *words[PAIRS_A_PART];
    size_t count = 0, first = part * PAIRS_A_PART;
    for (size_t i = first; i < first + PAIRS_A_PART && i < scoring->count; i++) {
        struct scored_pair *pair = &scoring->pairs[i];
        if (pair->length[0] == 0 || pair->length[1] == 0) continue;
        words[count] = pair->words;
        pairs[count++] = (struct hny_pair){.source = scoring->ids[0].ids + pair->start[0],
                                           .source_length = pair->length[0],
                                           .target = scoring->ids[1].ids + pair->start[1],
                                           .target_length = pair->length[1]};
    }
    struct hny_loss loss = {0};
    return hny_model_pass(scoring->model, scoring->computes[thread], pairs, count, &loss, words);
}

/* Computes the window and hands it on. */
static hny_status flush(struct scoring *scoring, hny_scoring_sink *sink, void *context,
                        struct hny_scoring_total *total) {
    size_t needed = scoring->ids[1].count + scoring->count;
    if (hny_grow(&scoring->words, &scoring->word_capacity, needed, sizeof *scoring->words) != 0)
        return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < scoring->count; i++)
        scoring->pairs[i].words = scoring->words + scoring->pairs[i].start[1] + i;
    size_t parts = (scoring->count + PAIRS_A_PART - 1) / PAIRS_A_PART;
    HNY_TRY(hny_threads_run(scoring->threads, parts, score_part, scoring));
    for (size_t i = 0; i < scoring->count; i++) {
        const struct scored_pair *pair = &scoring->pairs[i];
        struct hny_pair_score score = {.scored = pair->length[0] > 0 && pair->length[1] > 0,
                                       .words = pair->words};
        if (score.scored) score.tokens = pair->length[1] + 1;
        for (size_t t = 0; t < score.tokens; t++) score.log_probability += pair->words[t];
        total->log_probability += score.log_probability;
        total->tokens += score.tokens;
        total->pairs += score.scored;
        total->unscored += !score.scored;
        HNY_TRY(sink(context, ++scoring->line, &score));
    }
    scoring->count = scoring->ids[0].count = scoring->ids[1].count = 0;
    return HNY_OK;
}

hny_status hny_scoring_run(const struct hny_model *model, struct hny_lines *source, struct hny_lines *target,
                           size_t threads, hny_scoring_sink *sink, void *context,
                           struct hny_scoring_total *total) {
    struct scoring scoring = {.model = model, .thread_count = threads, .lines = {source, target}};
    *total = (struct hny_scoring_total){0};
    hny_status status = open_scoring(&scoring);
    bool more = true;
    while (status == HNY_OK && more) {
        status = read_pair(&scoring, &more);
        if (scoring.count == 0 || (status == HNY_OK && more && scoring.count < scoring.window)) continue;
        hny_status flushed = flush(&scoring, sink, context, total);
        if (status == HNY_OK) status = flushed;
    }
    close_scoring(&scoring);
    return status;
}
