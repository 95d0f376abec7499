#include "model/heldout.h"

#include "base/lines.h"
#include "base/progress.h"
#include "model/bleu.h"
#include "model/chrf.h"
#include "model/line_ids.h"
#include "model/vocabulary_view.h"
#include "model/workers.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS_A_WORKER = 64 }; /* hypotheses computed at once: decides speed alone */

/* One side of the set: all lines' text and ids, one behind the other. */
struct heldout_side {
    struct hny_buffer text;
    struct hny_ids ids;
    size_t *text_start, *ids_start; /* [lines + 1] */
    size_t text_capacity, ids_capacity;
    size_t lines;
};

struct hny_heldout {
    struct heldout_side source, target;
    struct hny_pair *pairs; /* those without an empty side */
    size_t pair_count;
};

static hny_status add_line(struct heldout_side *side, struct hny_line_ids *line_ids, const char *text,
                           size_t size) {
    HNY_TRY(hny_buffer_append(&side->text, text, size));
    HNY_TRY(hny_line_ids_append(line_ids, text, size, NULL, &side->ids));
    side->lines++;
    if (hny_grow(&side->text_start, &side->text_capacity, side->lines + 1, sizeof *side->text_start) != 0 ||
        hny_grow(&side->ids_start, &side->ids_capacity, side->lines + 1, sizeof *side->ids_start) != 0)
        return HNY_ERROR_MEMORY;
    side->text_start[side->lines] = side->text.size;
    side->ids_start[side->lines] = side->ids.count;
    return HNY_OK;
}

static hny_status read_lines(struct heldout_side *side, struct hny_lines *lines,
                             struct hny_line_ids *line_ids) {
    const char *text;
    size_t size;
    bool more;
    if (hny_grow(&side->text_start, &side->text_capacity, 1, sizeof *side->text_start) != 0 ||
        hny_grow(&side->ids_start, &side->ids_capacity, 1, sizeof *side->ids_start) != 0)
        return HNY_ERROR_MEMORY;
    side->text_start[0] = side->ids_start[0] = 0;
    for (;;) {
        HNY_TRY(hny_lines_next(lines, &text, &size, &more));
        if (!more) return HNY_OK;
        hny_status status = add_line(side, line_ids, text, size);
        if (status != HNY_OK)
            return hny_fail_within(status, "%s:%llu", hny_lines_path(lines),
                                   (unsigned long long)hny_lines_number(lines));
    }
}

static hny_status read_side(struct heldout_side *side, const char *path,
                            const struct hny_tokenizer *tokenizer, size_t vocabulary) {
    struct hny_lines *lines = NULL;
    struct hny_line_ids *line_ids = NULL;
    hny_status status = hny_lines_open(&lines, path);
    if (status == HNY_OK) status = hny_line_ids_create(&line_ids, tokenizer, vocabulary);
    if (status == HNY_OK) status = read_lines(side, lines, line_ids);
    hny_line_ids_destroy(&line_ids);
    hny_lines_close(&lines);
    return status;
}

static hny_status make_pairs(struct hny_heldout *heldout) {
    const struct heldout_side *source = &heldout->source, *target = &heldout->target;
    heldout->pairs = hny_allocate(source->lines, sizeof *heldout->pairs);
    if (!heldout->pairs) return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < source->lines; i++) {
        struct hny_pair pair = {.source = source->ids.ids + source->ids_start[i],
                                .source_length = source->ids_start[i + 1] - source->ids_start[i],
                                .target = target->ids.ids + target->ids_start[i],
                                .target_length = target->ids_start[i + 1] - target->ids_start[i]};
        if (pair.source_length > 0 && pair.target_length > 0) heldout->pairs[heldout->pair_count++] = pair;
    }
    return HNY_OK;
}

hny_status hny_heldout_open(struct hny_heldout **heldout, const char *source, const char *target,
                            const struct hny_tokenizer *source_tokenizer,
                            const struct hny_tokenizer *target_tokenizer, size_t source_vocabulary,
                            size_t target_vocabulary) {
    struct hny_heldout *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    hny_status status = read_side(&made->source, source, source_tokenizer, source_vocabulary);
    if (status == HNY_OK) status = read_side(&made->target, target, target_tokenizer, target_vocabulary);
    if (status == HNY_OK && made->source.lines != made->target.lines)
        status = hny_fail(HNY_ERROR_INPUT, "%s has %zu lines, but %s has %zu", source, made->source.lines,
                          target, made->target.lines);
    if (status == HNY_OK) status = make_pairs(made);
    if (status == HNY_OK && made->pair_count == 0)
        status = hny_fail(HNY_ERROR_INPUT, "%s: no pair whose sides both hold words", source);
    if (status != HNY_OK) hny_heldout_close(&made);
    *heldout = made;
    return status;
}

static void free_side(struct heldout_side *side) {
    hny_buffer_free(&side->text);
    hny_ids_free(&side->ids);
    free(side->text_start);
    free(side->ids_start);
}

void hny_heldout_close(struct hny_heldout **heldout) {
    if (!*heldout) return;
    free_side(&(*heldout)->source);
    free_side(&(*heldout)->target);
    free((*heldout)->pairs);
    free(*heldout);
    *heldout = NULL;
}

/* Translations of the first lines, by workers of their own. */
struct translation_job {
    const struct hny_heldout *heldout;
    const struct hny_trainer *trainer;
    size_t lines;
    struct hny_buffer *texts; /* [lines] */
    struct hny_job *jobs;     /* [lines] those of lines with words, in their order */
    size_t *line_of;          /* [lines] of each job */
    size_t count;             /* jobs */
};

static void fill_jobs(struct translation_job *job) {
    const struct heldout_side *source = &job->heldout->source;
    for (size_t i = 0; i < job->lines; i++) {
        size_t length = source->ids_start[i + 1] - source->ids_start[i];
        if (length == 0) continue;
        job->line_of[job->count] = i;
        job->jobs[job->count++] = (struct hny_job){.ids = source->ids.ids + source->ids_start[i],
                                                   .count = length,
                                                   .options = {.beam = job->trainer->model->config.valid_beam,
                                                               .best = 1,
                                                               .alpha = 1,
                                                               .max_length = 2 * length + 10}};
    }
}

static hny_status work(struct translation_job *job, const struct hny_search_model *view) {
    struct hny_workers *workers = NULL;
    HNY_TRY(hny_workers_create(&workers, job->trainer->model, view, hny_threads_count(job->trainer->threads),
                               ROWS_A_WORKER, false));
    hny_workers_give(workers, job->jobs, job->count);
    hny_status status = HNY_OK;
    for (size_t undone; status == HNY_OK && (undone = hny_workers_undone(workers)) > 0;)
        status = hny_stop_requested() ? HNY_INTERRUPTED : hny_workers_wait(workers, undone);
    hny_workers_destroy(&workers);
    return status;
}

static hny_status decode_jobs(struct translation_job *job) {
    for (size_t i = 0; i < job->count; i++) {
        const struct hny_translation *translation = &job->jobs[i].translation;
        if (translation->count == 0) continue;
        HNY_TRY(hny_tokenizer_decode(job->trainer->model->target_tokenizer, translation->hypotheses[0].ids,
                                     translation->hypotheses[0].count, &job->texts[job->line_of[i]]));
    }
    return HNY_OK;
}

static hny_status translate_lines(struct translation_job *job) {
    struct hny_vocabulary_view view;
    HNY_TRY(hny_vocabulary_view_open(&view, job->trainer->model));
    fill_jobs(job);
    hny_status status = work(job, &view.model);
    if (status == HNY_OK) status = decode_jobs(job);
    hny_vocabulary_view_close(&view);
    return status;
}

/* Texts of fewer spaces than one in this many characters write none between their words. */
enum { CHARACTERS_A_SPACE = 25 };

static enum hny_metric_tokenizer fitting_tokenizer(const struct hny_buffer *text) {
    size_t characters = 0, spaces = 0;
    for (size_t i = 0; i < text->size; i++) {
        characters += ((unsigned char)text->data[i] & 0xc0) != 0x80;
        spaces += text->data[i] == ' ';
    }
    return spaces * CHARACTERS_A_SPACE < characters ? HNY_METRIC_CHAR : HNY_METRIC_13A;
}

static hny_status score_texts(const struct translation_job *job, struct hny_heldout_scores *scores) {
    const struct heldout_side *target = &job->heldout->target;
    struct hny_text *hypotheses = hny_allocate(job->lines, sizeof *hypotheses);
    struct hny_text *references = hny_allocate(job->lines, sizeof *references);
    hny_status status = hypotheses && references ? HNY_OK : HNY_ERROR_MEMORY;
    struct hny_bleu_options options = {0};
    struct hny_bleu_score bleu;
    const char *tokenizer = job->trainer->model->config.bleu_tokenizer;
    if (strcmp(tokenizer, "auto") == 0)
        options.tokenizer = fitting_tokenizer(&target->text);
    else if (status == HNY_OK)
        status = hny_metric_tokenizer_named(tokenizer, &options.tokenizer);
    for (size_t i = 0; status == HNY_OK && i < job->lines; i++) {
        size_t start = target->text_start[i];
        hypotheses[i] = (struct hny_text){job->texts[i].data ? job->texts[i].data : "", job->texts[i].size};
        references[i] = (struct hny_text){target->text.data + start, target->text_start[i + 1] - start};
    }
    if (status == HNY_OK) status = hny_bleu_corpus(&options, hypotheses, references, job->lines, &bleu);
    if (status == HNY_OK)
        status = hny_chrf_corpus(&HNY_CHRF_DEFAULTS, hypotheses, references, job->lines, &scores->chrf);
    if (status == HNY_OK) scores->bleu = bleu.score;
    scores->translated = status == HNY_OK;
    free(hypotheses);
    free(references);
    return status;
}

static hny_status translate(const struct hny_heldout *heldout, const struct hny_trainer *trainer,
                            size_t lines, struct hny_heldout_scores *scores) {
    struct translation_job job = {.heldout = heldout, .trainer = trainer, .lines = lines};
    job.texts = hny_allocate(lines, sizeof *job.texts);
    job.jobs = hny_allocate(lines, sizeof *job.jobs);
    job.line_of = hny_allocate(lines, sizeof *job.line_of);
    hny_status status = job.texts && job.jobs && job.line_of ? translate_lines(&job) : HNY_ERROR_MEMORY;
    if (status == HNY_OK) status = score_texts(&job, scores);
    for (size_t i = 0; i < job.count; i++) hny_translation_free(&job.jobs[i].translation);
    for (size_t i = 0; job.texts && i < lines; i++) hny_buffer_free(&job.texts[i]);
    free(job.texts);
    free(job.jobs);
    free(job.line_of);
    return status;
}

hny_status hny_heldout_score(const struct hny_heldout *heldout, struct hny_trainer *trainer,
                             struct hny_heldout_scores *scores) {
    *scores = (struct hny_heldout_scores){0};
    struct hny_loss loss = {0};
    HNY_TRY(hny_trainer_evaluate(trainer, heldout->pairs, heldout->pair_count, &loss));
    scores->loss = loss.cross_entropy / (double)loss.tokens;
    scores->accuracy = (double)loss.correct / (double)loss.tokens;
    size_t lines = trainer->model->config.valid_lines;
    if (lines > heldout->source.lines) lines = heldout->source.lines;
    if (lines == 0 || !trainer->model->target_tokenizer) return HNY_OK;
    return translate(heldout, trainer, lines, scores);
}
