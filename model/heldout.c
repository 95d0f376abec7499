#include "model/heldout.h"

#include "base/lines.h"
#include "base/progress.h"
#include "model/bleu.h"
#include "model/chrf.h"
#include "model/line_ids.h"
#include "model/vocabulary_view.h"

#include <stdlib.h>
#include <string.h>

enum { LINES_A_PART = 32 };

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

struct translation_job {
    const struct hny_heldout *heldout;
    struct hny_trainer *trainer;
    struct hny_vocabulary_view view;
    size_t lines;
    struct hny_buffer *texts; /* [lines] */
};

static hny_status take_all(struct translation_job *job, struct hny_search *search) {
    while (hny_search_sentences(search) > 0) {
        if (hny_stop_requested()) return HNY_INTERRUPTED;
        HNY_TRY(hny_search_step(search));
        for (;;) {
            struct hny_translation translation = {0};
            bool taken;
            HNY_TRY(hny_search_take(search, &translation, &taken));
            if (!taken) break;
            hny_status status = HNY_OK;
            if (translation.count > 0)
                status =
                    hny_tokenizer_decode(job->trainer->model->target_tokenizer, translation.hypotheses[0].ids,
                                         translation.hypotheses[0].count, &job->texts[translation.tag]);
            hny_translation_free(&translation);
            HNY_TRY(status);
        }
    }
    return HNY_OK;
}

/* The lines FIRST… of a part, those with words, in the order of their numbers. */
static size_t part_sources(const struct translation_job *job, size_t first, const int32_t **ids,
                           size_t *lengths, size_t *tags) {
    const struct heldout_side *source = &job->heldout->source;
    size_t count = 0;
    for (size_t i = first; i < job->lines && i < first + LINES_A_PART; i++) {
        size_t length = source->ids_start[i + 1] - source->ids_start[i];
        if (length == 0) continue;
        ids[count] = source->ids.ids + source->ids_start[i];
        lengths[count] = length;
        tags[count++] = i;
    }
    return count;
}

static hny_status search_part(struct translation_job *job, struct hny_search *search,
                              struct hny_memory *memories, const size_t *lengths, const size_t *tags,
                              size_t count) {
    hny_status status = HNY_OK;
    for (size_t i = 0; i < count; i++) {
        struct hny_search_options options = {.beam = job->trainer->model->config.valid_beam,
                                             .best = 1,
                                             .alpha = 1,
                                             .max_length = 2 * lengths[i] + 10};
        if (status == HNY_OK) {
            status = hny_search_add(search, tags[i], &memories[i], &options);
            if (status == HNY_OK) continue;
        }
        free(memories[i].values);
        free(memories[i].keys);
    }
    return status == HNY_OK ? take_all(job, search) : status;
}

static hny_status translate_part(void *context, size_t part, size_t thread) {
    struct translation_job *job = context;
    struct hny_compute *compute = job->trainer->computes[thread];
    const int32_t *ids[LINES_A_PART];
    size_t lengths[LINES_A_PART], tags[LINES_A_PART];
    struct hny_memory memories[LINES_A_PART];
    size_t count = part_sources(job, part * LINES_A_PART, ids, lengths, tags);
    if (hny_stop_requested()) return HNY_INTERRUPTED;
    compute->gradients = NULL;
    compute->training = false;
    struct hny_search *search = NULL;
    HNY_TRY(hny_search_create(&search, &job->view.model, compute));
    hny_status status = hny_model_encode(job->trainer->model, compute, ids, lengths, count, memories);
    if (status == HNY_OK) status = search_part(job, search, memories, lengths, tags, count);
    hny_search_destroy(&search);
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

static hny_status translate(const struct hny_heldout *heldout, struct hny_trainer *trainer, size_t lines,
                            struct hny_heldout_scores *scores) {
    struct translation_job job = {.heldout = heldout, .trainer = trainer, .lines = lines};
    job.texts = hny_allocate(lines, sizeof *job.texts);
    hny_status status = job.texts ? hny_vocabulary_view_open(&job.view, trainer->model) : HNY_ERROR_MEMORY;
    size_t parts = (lines + LINES_A_PART - 1) / LINES_A_PART;
    if (status == HNY_OK) status = hny_threads_run(trainer->threads, parts, translate_part, &job);
    if (status == HNY_OK) status = score_texts(&job, scores);
    for (size_t i = 0; job.texts && i < lines; i++) hny_buffer_free(&job.texts[i]);
    free(job.texts);
    hny_vocabulary_view_close(&job.view);
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
