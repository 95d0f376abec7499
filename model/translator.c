#include "model/translator.h"

#include "base/threads.h"
#include "model/folder_shortlist.h"
#include "model/vocabulary_view.h"
#include "model/workers.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ALLOWED_IDS 10                /* of a translation, whatever the factor */
#define MOST_IDS 1000000.0            /* of a translation, whatever the factor */
#define LINES_A_THREAD 1024           /* that may be inside, most of them done behind a slow one */
#define SENTENCES_A_THREAD 64         /* that wait beyond those that the engines can hold */
#define FULL_BYTES ((size_t)64 << 20) /* text inside */

struct line {
    struct line *next;
    uint64_t tag;
    size_t best; /* translations wanted */
    bool cancelled;
    struct hny_line_parts parts;
    struct hny_job *jobs; /* [parts.part_count] */
};

struct hny_translator {
    const struct hny_model *model;
    struct hny_translator_options options;
    struct hny_vocabulary_view view;
    struct hny_line_splitter *splitter;
    struct hny_workers *workers;
    struct line *first, **last; /* in the order of coming */
    size_t lines, bytes;        /* inside */
    size_t cancelled;           /* of the lines */
};

void hny_translator_defaults(struct hny_translator_options *options) {
    *options = (struct hny_translator_options){
        .beam = 5, .best = 1, .alpha = 1, .length_factor = 3, .threads = 1, .rows = 64};
}

static hny_status check_options(const struct hny_translator_options *options) {
    if (options->beam == 0 || options->rows == 0)
        return hny_fail(HNY_ERROR_USAGE, "a beam of %zu in %zu rows: both must be at least 1", options->beam,
                        options->rows);
    if (options->best == 0 || options->best > options->beam)
        return hny_fail(HNY_ERROR_USAGE,
                        "%zu translations of a line with a beam of %zu: 1 to %zu are possible", options->best,
                        options->beam, options->beam);
    if (!(options->alpha >= 0 && options->beta >= 0) || !isfinite(options->alpha) || !isfinite(options->beta))
        return hny_fail(HNY_ERROR_USAGE, "alpha %g and beta %g must be numbers from 0 on", options->alpha,
                        options->beta);
    if (!(options->length_factor > 0) || !isfinite(options->length_factor))
        return hny_fail(HNY_ERROR_USAGE, "the length factor is %g, not a number above 0",
                        options->length_factor);
    return HNY_OK;
}

static hny_status open_parts(struct hny_translator *made) {
    const struct hny_model *model = made->model;
    HNY_TRY(hny_vocabulary_view_open(&made->view, model));
    struct hny_line_splitter_options splitter = {.tokenizer = model->source_tokenizer,
                                                 .vocabulary = model->source_vocabulary,
                                                 .longest = made->options.longest,
                                                 .paragraphs = made->options.paragraphs};
    HNY_TRY(hny_line_splitter_create(&made->splitter, &splitter));
    return hny_workers_create(&made->workers, model, &made->view.model, made->options.threads,
                              made->options.rows, made->options.shortlist);
}

hny_status hny_translator_create(struct hny_translator **translator, const struct hny_model *model,
                                 const struct hny_translator_options *options) {
    struct hny_translator_options chosen;
    hny_translator_defaults(&chosen);
    if (options) chosen = *options;
    HNY_TRY(check_options(&chosen));
    if (chosen.shortlist && !model->shortlist)
        return hny_fail(HNY_ERROR_USAGE, "the model has no %s", hny_folder_shortlist_name);
    if (chosen.longest == 0) chosen.longest = model->config.max_length;
    if (chosen.threads == 0) chosen.threads = hny_processors();
    struct hny_translator *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->model = model;
    made->options = chosen;
    made->last = &made->first;
    hny_status status = open_parts(made);
    if (status != HNY_OK) hny_translator_destroy(&made);
    *translator = made;
    return status;
}

static void free_line(struct line *line) {
    for (size_t i = 0; line->jobs && i < line->parts.part_count; i++)
        hny_translation_free(&line->jobs[i].translation);
    hny_line_parts_free(&line->parts);
    free(line->jobs);
    free(line);
}

void hny_translator_destroy(struct hny_translator **translator) {
    struct hny_translator *old = *translator;
    if (!old) return;
    hny_workers_destroy(&old->workers);
    while (old->first) {
        struct line *line = old->first;
        old->first = line->next;
        free_line(line);
    }
    hny_line_splitter_destroy(&old->splitter);
    hny_vocabulary_view_close(&old->view);
    free(old);
    *translator = NULL;
}

static struct hny_search_options search_options(const struct hny_translator_options *options, size_t source) {
    double most = options->length_factor * (double)source;
    if (most < ALLOWED_IDS) most = ALLOWED_IDS;
    size_t max_length = (size_t)(most < MOST_IDS ? most : MOST_IDS);
    if (options->max_length > 0 && options->max_length < max_length) max_length = options->max_length;
    return (struct hny_search_options){.beam = options->beam,
                                       .best = options->best,
                                       .alpha = options->alpha,
                                       .beta = options->beta,
                                       .max_length = max_length,
                                       .attention = options->attention};
}

hny_status hny_translator_add(struct hny_translator *translator, uint64_t tag, const char *text,
                              size_t size) {
    return hny_translator_add_wanting(translator, tag, text, size, &(struct hny_line_wants){0});
}

hny_status hny_translator_add_wanting(struct hny_translator *translator, uint64_t tag, const char *text,
                                      size_t size, const struct hny_line_wants *wants) {
    struct hny_translator_options options = translator->options;
    if (wants->best) options.best = wants->best;
    if (wants->beam)
        options.beam = wants->beam;
    else if (options.beam < options.best)
        options.beam = options.best;
    options.attention = options.attention || wants->attention;
    HNY_TRY(check_options(&options));
    struct line *line = hny_allocate(1, sizeof *line);
    if (!line) return HNY_ERROR_MEMORY;
    line->tag = tag;
    line->best = options.best;
    hny_status status = hny_line_split(translator->splitter, text, size, &line->parts);
    size_t count = line->parts.part_count;
    if (status == HNY_OK && !(line->jobs = hny_allocate(count, sizeof *line->jobs)))
        status = HNY_ERROR_MEMORY;
    if (status != HNY_OK) {
        free_line(line);
        return status;
    }
    for (size_t i = 0; i < count; i++) {
        const struct hny_part *part = &line->parts.parts[i];
        line->jobs[i].ids = line->parts.ids.ids + part->first;
        line->jobs[i].count = part->count;
        line->jobs[i].options = search_options(&options, part->count);
    }
    *translator->last = line;
    translator->last = &line->next;
    translator->lines++;
    translator->bytes += line->parts.text.size;
    if (count) hny_workers_give(translator->workers, line->jobs, count);
    return HNY_OK;
}

/* --- Taking -------------------------------------------------------------------------------------------- */

void hny_line_translation_free(struct hny_line_translation *line) {
    for (size_t i = 0; line->translations && i < line->parts.part_count; i++)
        hny_translation_free(&line->translations[i]);
    for (size_t i = 0; line->texts && i < line->count; i++) hny_buffer_free(&line->texts[i]);
    hny_line_choices_free(&line->choices, line->count);
    hny_line_parts_free(&line->parts);
    free(line->translations);
    free(line->texts);
    *line = (struct hny_line_translation){0};
}

static hny_status append_text(const struct hny_translator *translator,
                              const struct hny_hypothesis *hypothesis, struct hny_buffer *text) {
    const struct hny_tokenizer *tokenizer = translator->model->target_tokenizer;
    if (tokenizer) return hny_tokenizer_decode(tokenizer, hypothesis->ids, hypothesis->count, text);
    for (size_t i = 0; i < hypothesis->count; i++)
        HNY_TRY(hny_buffer_print(text, i > 0 ? " %d" : "%d", hypothesis->ids[i]));
    return HNY_OK;
}

/* The line that CHOICE makes. TEXTS is workspace, [parts]. */
static hny_status join_choice(const struct hny_translator *translator,
                              const struct hny_line_translation *line, const struct hny_line_choice *choice,
                              struct hny_text *texts, struct hny_buffer *out) {
    struct hny_buffer all = {0};
    hny_status status = HNY_OK;
    size_t count = line->parts.part_count, at = 0;
    for (size_t i = 0; i < count && status == HNY_OK; i++) {
        status = append_text(translator, &line->translations[i].hypotheses[choice->hypotheses[i]], &all);
        texts[i].size = all.size - at;
        at = all.size;
    }
    for (size_t i = 0, start = 0; i < count; start += texts[i++].size)
        texts[i].data = all.data ? all.data + start : NULL;
    if (status == HNY_OK) status = hny_line_join(translator->splitter, &line->parts, texts, out);
    hny_buffer_free(&all);
    return status;
}

static hny_status choose(const struct hny_translator *translator, size_t best,
                         struct hny_line_translation *line) {
    size_t count = line->parts.part_count;
    const struct hny_translation **translations = hny_allocate(count, sizeof *translations);
    struct hny_text *texts = hny_allocate(count, sizeof *texts);
    hny_status status = translations && texts ? HNY_OK : HNY_ERROR_MEMORY;
    for (size_t i = 0; translations && i < count; i++) translations[i] = &line->translations[i];
    if (status == HNY_OK) status = hny_line_best(translations, count, best, &line->choices, &line->count);
    if (status == HNY_OK && !(line->texts = hny_allocate(line->count, sizeof *line->texts)))
        status = HNY_ERROR_MEMORY;
    for (size_t i = 0; status == HNY_OK && i < line->count; i++)
        status = join_choice(translator, line, &line->choices[i], texts, &line->texts[i]);
    free(translations);
    free(texts);
    return status;
}

/* The line that LINK points at is not inside any more. */
static struct line *unlink_line(struct hny_translator *translator, struct line **link) {
    struct line *line = *link;
    *link = line->next;
    if (translator->last == &line->next) translator->last = link;
    translator->lines--;
    translator->bytes -= line->parts.text.size;
    return line;
}

/* Turns the line that LINK points at into *MADE. */
static hny_status finish(struct hny_translator *translator, struct line **link,
                         struct hny_line_translation *made) {
    size_t count = (*link)->parts.part_count, best = (*link)->best;
    struct hny_translation *translations = hny_allocate(count, sizeof *translations);
    if (!translations) return HNY_ERROR_MEMORY;
    struct line *line = unlink_line(translator, link);
    for (size_t i = 0; i < count; i++) translations[i] = line->jobs[i].translation;
    *made =
        (struct hny_line_translation){.tag = line->tag, .parts = line->parts, .translations = translations};
    free(line->jobs);
    free(line);
    hny_status status = choose(translator, best, made);
    if (status != HNY_OK) hny_line_translation_free(made);
    return status;
}

static bool is_done(struct hny_translator *translator, const struct line *line) {
    for (size_t i = 0; i < line->parts.part_count; i++)
        if (!hny_workers_done(translator->workers, &line->jobs[i])) return false;
    return true;
}

/* Frees lines that were cancelled, as far as no engine has anything of them. */
static void drop_cancelled(struct hny_translator *translator) {
    for (struct line **link = &translator->first; translator->cancelled > 0 && *link;) {
        if (!(*link)->cancelled || !is_done(translator, *link)) {
            link = &(*link)->next;
            continue;
        }
        free_line(unlink_line(translator, link));
        translator->cancelled--;
    }
}

void hny_translator_cancel(struct hny_translator *translator, uint64_t tag) {
    for (struct line *line = translator->first; line; line = line->next) {
        if (line->tag != tag || line->cancelled) continue;
        line->cancelled = true;
        translator->cancelled++;
        for (size_t i = 0; i < line->parts.part_count; i++)
            hny_workers_cancel(translator->workers, &line->jobs[i]);
    }
    drop_cancelled(translator);
}

static hny_status take(struct hny_translator *translator, bool wait, bool ordered,
                       struct hny_line_translation *line, bool *taken) {
    *taken = false;
    for (;;) {
        size_t undone = hny_workers_undone(translator->workers);
        drop_cancelled(translator);
        if (!translator->first) break;
        for (struct line **link = &translator->first; *link; link = &(*link)->next) {
            if (!(*link)->cancelled && is_done(translator, *link)) {
                HNY_TRY(hny_model_settle(translator->model));
                *taken = true;
                return finish(translator, link, line);
            }
            if (ordered) break;
        }
        if (!wait) break;
        hny_status status = hny_workers_wait(translator->workers, undone);
        if (status != HNY_OK) HNY_TRY(hny_model_settle(translator->model)); /* damage may be why */
        HNY_TRY(status);
    }
    return HNY_OK;
}

hny_status hny_translator_take(struct hny_translator *translator, bool wait,
                               struct hny_line_translation *line, bool *taken) {
    hny_status status = take(translator, wait, !translator->options.unordered, line, taken);
    if (status != HNY_OK) *taken = false;
    return status;
}

int hny_translator_notice(const struct hny_translator *translator) {
    return hny_workers_notice(translator->workers);
}

uint64_t hny_translator_steps(const struct hny_translator *translator) {
    return hny_workers_steps(translator->workers);
}

size_t hny_translator_lines(const struct hny_translator *translator) {
    return translator->lines;
}

bool hny_translator_full(struct hny_translator *translator) {
    const struct hny_translator_options *options = &translator->options;
    size_t enough = 2 * (options->rows / options->beam + SENTENCES_A_THREAD);
    return translator->lines >= options->threads * LINES_A_THREAD || translator->bytes >= FULL_BYTES ||
           hny_workers_undone(translator->workers) >= options->threads * enough;
}

/* --- A whole text -------------------------------------------------------------------------------------- */

/* Appends the line that leaves next. */
static hny_status append_next(struct hny_translator *translator, size_t *ends, struct hny_buffer *out) {
    struct hny_line_translation line;
    bool taken;
    HNY_TRY(take(translator, true, true, &line, &taken));
    size_t before = out->size;
    hny_status status = hny_buffer_append(out, line.texts[0].data, line.texts[0].size);
    if (status == HNY_OK && *ends > 0) {
        status = hny_buffer_append(out, "\n", 1);
        --*ends;
    }
    if (status != HNY_OK && out->data) out->data[out->size = before] = '\0';
    hny_line_translation_free(&line);
    return status;
}

static hny_status translate(struct hny_translator *translator, const char *text, size_t size,
                            struct hny_buffer *out) {
    size_t ends = 0; /* LFs that are still to be written, one behind each line */
    while (size > 0 || translator->lines > 0) {
        if (size == 0 || hny_translator_full(translator)) {
            HNY_TRY(append_next(translator, &ends, out));
            continue;
        }
        const char *end = memchr(text, '\n', size);
        size_t length = end ? (size_t)(end - text) : size, step = length + (end != NULL);
        ends += end != NULL;
        if (end && length > 0 && text[length - 1] == '\r') length--;
        HNY_TRY(hny_translator_add(translator, 0, text, length));
        text += step;
        size -= step;
    }
    return hny_buffer_append(out, "", 0);
}

hny_status hny_translator_translate(struct hny_translator *translator, const char *text, size_t size,
                                    struct hny_buffer *out) {
    if (translator->lines > 0)
        return hny_fail(HNY_ERROR_USAGE, "%zu lines were added and not taken yet", translator->lines);
    hny_status status = translate(translator, text, size, out);
    while (status != HNY_OK && translator->lines > 0) {
        struct hny_line_translation line;
        bool taken;
        if (take(translator, true, true, &line, &taken) != HNY_OK || !taken) break;
        hny_line_translation_free(&line);
    }
    return status;
}
