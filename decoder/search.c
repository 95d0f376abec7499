#include "decoder/search.h"

#include "decoder/beam.h"
#include "base/profile.h"
#include "nn/elementwise.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A queue of sentences; `last` points at the pointer where the next one goes. */
struct queue {
    struct hny_beam *first, **last;
};

/* The rows that are selected of the output's matrix are multiplied by where together they are fewer than this
 * share of it; else the whole matrix is. What comes out is the same bytes. */
#define SELECTED_SHARE 0.5

struct hny_search {
    struct hny_search_model model;
    struct hny_compute *compute;
    struct hny_beam_words words;
    bool *refused; /* [vocabulary] what does not fit between two characters, and what is forbidden */
    struct hny_byte_piece *pieces; /* [piece_count] those that are not forbidden, by rising id */
    size_t piece_count;

    struct hny_selector *selector; /* NULL until a sentence has candidates */
    struct queue active, done;
    struct hny_beam *unused; /* a list: their memory serves later sentences */
    size_t sentences;        /* in active and done */
    size_t widest;           /* sum of the beams of the active ones: the most rows that a step can leave */
    size_t rows;             /* living hypotheses; sentence by sentence, in the order of `active` */
    hny_real *states;        /* [rows][state] */
    size_t states_capacity;  /* in rows */
};

static void queue_put(struct queue *queue, struct hny_beam *beam) {
    beam->next = NULL;
    *queue->last = beam;
    queue->last = &beam->next;
}

/* Takes out the sentence that LINK points at. */
static struct hny_beam *queue_remove(struct queue *queue, struct hny_beam **link) {
    struct hny_beam *beam = *link;
    *link = beam->next;
    if (queue->last == &beam->next) queue->last = link;
    return beam;
}

static hny_status note_words(struct hny_search *search) {
    const struct hny_search_model *model = &search->model;
    size_t vocabulary = model->head->vocabulary;
    search->words = (struct hny_beam_words){model->begin, model->end, model->bytes};
    search->refused = hny_allocate(vocabulary, sizeof *search->refused);
    search->pieces = hny_allocate(vocabulary, sizeof *search->pieces);
    if (!search->refused || !search->pieces) return HNY_ERROR_MEMORY;
    for (size_t id = 0; id < vocabulary; id++) {
        int byte = model->bytes ? model->bytes[id] : -1;
        search->refused[id] = model->forbidden && model->forbidden[id];
        if (byte < 0 || search->refused[id]) continue;
        search->pieces[search->piece_count++] = (struct hny_byte_piece){(int32_t)id, (uint8_t)byte};
        search->refused[id] = hny_utf8_state_next(HNY_UTF8_BETWEEN, (uint8_t)byte) == HNY_UTF8_REFUSED;
    }
    return HNY_OK;
}

hny_status hny_search_create(struct hny_search **search, const struct hny_search_model *model,
                             struct hny_compute *compute) {
    struct hny_search *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->model = *model;
    made->compute = compute;
    made->active.last = &made->active.first;
    made->done.last = &made->done.first;
    hny_status status = note_words(made);
    if (status != HNY_OK) hny_search_destroy(&made);
    *search = made;
    return status;
}

static void free_list(struct hny_beam *beam) {
    while (beam) {
        struct hny_beam *next = beam->next;
        hny_beam_free(beam);
        free(beam);
        beam = next;
    }
}

void hny_search_destroy(struct hny_search **search) {
    if (!*search) return;
    free_list((*search)->active.first);
    free_list((*search)->done.first);
    free_list((*search)->unused);
    free((*search)->refused);
    free((*search)->pieces);
    free((*search)->states);
    hny_selector_destroy(&(*search)->selector);
    free(*search);
    *search = NULL;
}

static hny_status check_options(const struct hny_search_options *options) {
    if (options->beam == 0 || options->best == 0 || options->best > options->beam)
        return hny_fail(HNY_ERROR_USAGE, "%zu best hypotheses of a beam of %zu: 1 to the beam are possible",
                        options->best, options->beam);
    if (!(options->alpha >= 0) || !isfinite(options->alpha))
        return hny_fail(HNY_ERROR_USAGE, "length normalisation alpha is %g, not a number from 0 on",
                        options->alpha);
    if (!(options->beta >= 0) || !isfinite(options->beta))
        return hny_fail(HNY_ERROR_USAGE, "coverage penalty beta is %g, not a number from 0 on",
                        options->beta);
    return HNY_OK;
}

static hny_status reserve_states(struct hny_search *search, size_t rows) {
    if (rows <= search->states_capacity) return HNY_OK;
    size_t state = hny_decoder_state(search->model.decoder), capacity = 2 * rows;
    hny_real *larger = hny_allocate(capacity, state * sizeof *larger);
    if (!larger) return HNY_ERROR_MEMORY;
    if (search->rows) memcpy(larger, search->states, search->rows * state * sizeof *larger);
    free(search->states);
    search->states = larger;
    search->states_capacity = capacity;
    return HNY_OK;
}

static struct hny_beam *take_unused(struct hny_search *search) {
    struct hny_beam *beam = search->unused;
    if (!beam) return hny_allocate(1, sizeof *beam);
    search->unused = beam->next;
    return beam;
}

static void put_unused(struct hny_search *search, struct hny_beam *beam) {
    hny_beam_leave(beam);
    beam->next = search->unused;
    search->unused = beam;
}

static hny_status set_candidates(struct hny_search *search, struct hny_beam *beam, const int32_t *ids,
                                 size_t count) {
    const struct hny_softmax *head = search->model.head;
    if (count > 0 && !search->selector)
        HNY_TRY(hny_selector_create(&search->selector, head->vocabulary, head->input,
                                    hny_weights_precision(head->weight->weights)));
    return hny_candidates_set(&beam->candidates, &search->model, search->refused,
                              hny_compute_values(search->compute, head->bias), ids, count);
}

hny_status hny_search_add(struct hny_search *search, uint64_t tag, const struct hny_memory *memory,
                          const struct hny_search_options *options) {
    return hny_search_add_among(search, tag, memory, options, NULL, 0);
}

hny_status hny_search_add_among(struct hny_search *search, uint64_t tag, const struct hny_memory *memory,
                                const struct hny_search_options *options, const int32_t *candidates,
                                size_t count) {
    size_t widest, state = hny_decoder_state(search->model.decoder);
    HNY_TRY(check_options(options));
    if (memory->length == 0) return hny_fail(HNY_ERROR_USAGE, "a sentence of length 0 cannot be translated");
    if (__builtin_add_overflow(search->widest, options->beam, &widest) || widest > SIZE_MAX / 4)
        return hny_fail(HNY_ERROR_USAGE, "a beam of %zu hypotheses is too wide", options->beam);
    HNY_TRY(reserve_states(search, widest));
    hny_arena_reset(search->compute->arena);
    HNY_TRY(hny_decoder_begin(search->model.decoder, search->compute, memory,
                              search->states + search->rows * state));
    struct hny_beam *beam = take_unused(search);
    if (!beam) return HNY_ERROR_MEMORY;
    hny_status status = set_candidates(search, beam, candidates, count);
    if (status == HNY_OK) status = hny_beam_begin(beam, tag, memory, options, &search->words);
    if (status != HNY_OK) {
        put_unused(search, beam);
        return status;
    }
    queue_put(&search->active, beam);
    search->sentences++;
    search->rows++;
    search->widest = widest;
    return HNY_OK;
}

/* The arrays of a step, in the arena; one row a living hypothesis. */
struct step {
    int32_t *ids;
    const struct hny_memory **memories;
    hny_real **attention;
    bool selected; /* whether each sentence multiplies by its candidates' rows */
    hny_real *x, *next, *output;
    hny_real *logits; /* [rows][vocabulary]; SELECTED: those of one sentence */
    hny_real *picked; /* of one row's candidates, where not SELECTED */
    struct hny_beam_row *rows;
    size_t *parents; /* [widest] */
};

/* Decides how the output is computed: *LARGEST logits at once, of *MOST candidates in a row. */
static bool select_output(const struct hny_search *search, size_t *largest, size_t *most) {
    size_t vocabulary = search->model.head->vocabulary, selected = 0;
    bool all = true;
    *largest = *most = 0;
    for (const struct hny_beam *beam = search->active.first; beam; beam = beam->next) {
        size_t count = beam->candidates.count, width = hny_selection_width(count);
        all = all && count > 0;
        selected += width;
        if (count > *most) *most = count;
        if (beam->live_count * width > *largest) *largest = beam->live_count * width;
    }
    if (all && (double)selected <= SELECTED_SHARE * (double)vocabulary) return true;
    *largest = search->rows * vocabulary;
    return false;
}

static hny_status make_step(struct hny_search *search, struct step *step) {
    const struct hny_search_model *model = &search->model;
    struct hny_compute *compute = search->compute;
    size_t rows = search->rows, largest, most;
    hny_arena_reset(compute->arena);
    step->selected = select_output(search, &largest, &most);
    step->ids = hny_arena_take(compute->arena, rows, sizeof *step->ids);
    step->memories = hny_arena_take(compute->arena, rows, sizeof *step->memories);
    step->attention = hny_arena_take(compute->arena, rows, sizeof *step->attention);
    step->rows = hny_arena_take(compute->arena, rows, sizeof *step->rows);
    step->parents = hny_arena_take(compute->arena, search->widest, sizeof *step->parents);
    step->x = hny_compute_take(compute, rows, model->embedding->width);
    step->next = hny_compute_take(compute, rows, hny_decoder_state(model->decoder));
    step->output = hny_compute_take(compute, rows, model->head->input);
    step->logits = hny_compute_take(compute, largest, 1);
    step->picked = hny_compute_take(compute, most, 1);
    bool enough = step->ids && step->memories && step->attention && step->rows && step->parents && step->x &&
                  step->next && step->output && step->logits && step->picked;
    return enough ? HNY_OK : HNY_ERROR_MEMORY;
}

/* The words before this step, and where its attention goes. */
static hny_status gather(struct hny_search *search, struct step *step) {
    size_t row = 0;
    for (struct hny_beam *beam = search->active.first; beam; beam = beam->next) {
        HNY_TRY(hny_beam_reserve(beam));
        for (size_t h = 0; h < beam->live_count; h++, row++) {
            step->ids[row] = beam->nodes[beam->live[h]].id;
            step->memories[row] = &beam->memory;
            step->attention[row] = hny_beam_attention(beam, h);
        }
    }
    return HNY_OK;
}

/* The best words of a row, in the middle of a character only bytes; its logits, of the sentence's candidates
 * or of all words, are lost. */
static hny_status judge_row(struct hny_search *search, const struct hny_beam *beam, size_t h,
                            hny_real *logits, struct hny_beam_row *row) {
    const struct hny_candidates *among = beam->candidates.count ? &beam->candidates : NULL;
    size_t words = among ? among->count : search->model.head->vocabulary;
    size_t limit = beam->options.beam < words ? beam->options.beam + 1 : words;
    enum hny_utf8_state state = beam->nodes[beam->live[h]].bytes;
    struct hny_choice *choices = hny_arena_take(search->compute->arena, limit, sizeof *choices);
    if (!choices) return HNY_ERROR_MEMORY;
    *row = (struct hny_beam_row){.top = {.choices = choices, .limit = limit},
                                 .end = logits[among ? among->end : (size_t)search->model.end]};
    if (state == HNY_UTF8_BETWEEN) {
        hny_top_scan(&row->top, logits, words, among ? among->refused : search->refused);
    } else {
        const struct hny_byte_piece *pieces = among ? among->pieces : search->pieces;
        size_t count = among ? among->piece_count : search->piece_count;
        for (size_t i = 0; i < count; i++)
            if (hny_utf8_state_next(state, pieces[i].byte) != HNY_UTF8_REFUSED)
                hny_top_offer(&row->top, pieces[i].place, logits[pieces[i].place]);
    }
    for (size_t i = 0; among && i < row->top.count; i++) choices[i].id = among->ids[choices[i].id];
    hny_real largest = hny_max(logits, words);
    row->log_sum = (double)largest + log((double)hny_exp_sum(logits, largest, words));
    return isfinite(row->log_sum)
               ? HNY_OK
               : hny_fail(HNY_ERROR_NUMERIC, "the model's output is not a number: its weights are damaged");
}

/* The logits of a sentence's candidates, for its rows from ROW on. */
static hny_status multiply_selected(struct hny_search *search, struct hny_beam *beam, struct step *step,
                                    size_t row) {
    const struct hny_softmax *head = search->model.head;
    struct hny_candidates *candidates = &beam->candidates;
    struct hny_products *products = search->compute->products;
    if (!candidates->packed)
        HNY_TRY(hny_selection_pack(search->selector, products, &candidates->selection,
                                   hny_compute_values(search->compute, head->weight), candidates->ids,
                                   candidates->count));
    candidates->packed = true;
    HNY_TRY(hny_selection_product(search->selector, products, &candidates->selection, beam->live_count,
                                  step->output + row * head->input, step->logits));
    hny_add_bias(step->logits, hny_selection_width(candidates->count), candidates->bias, beam->live_count,
                 candidates->count);
    return HNY_OK;
}

/* Where the logits of hypothesis H of a sentence lie, whose first is row ROW. */
static hny_real *logits_of(struct hny_search *search, const struct hny_beam *beam, struct step *step,
                           size_t row, size_t h) {
    const struct hny_candidates *candidates = &beam->candidates;
    if (step->selected) return step->logits + h * hny_selection_width(candidates->count);
    hny_real *whole = step->logits + (row + h) * search->model.head->vocabulary;
    if (candidates->count == 0) return whole;
    hny_candidates_pick(candidates, whole, step->picked);
    return step->picked;
}

static hny_status judge(struct hny_search *search, struct step *step) {
    HNY_PROFILE("softmax and choice of words");
    size_t row = 0;
    if (!step->selected)
        HNY_TRY(hny_softmax_logits(search->model.head, search->compute, search->rows, step->output,
                                   step->logits));
    for (struct hny_beam *beam = search->active.first; beam; row += beam->live_count, beam = beam->next) {
        if (step->selected) HNY_TRY(multiply_selected(search, beam, step, row));
        for (size_t h = 0; h < beam->live_count; h++)
            HNY_TRY(judge_row(search, beam, h, logits_of(search, beam, step, row, h), &step->rows[row + h]));
    }
    return HNY_OK;
}

/* Lets every sentence choose, and moves the states of what lives on. Cannot fail. */
static void advance(struct hny_search *search, struct step *step) {
    size_t row = 0, state = hny_decoder_state(search->model.decoder);
    search->rows = 0;
    for (struct hny_beam **link = &search->active.first; *link;) {
        struct hny_beam *beam = *link;
        size_t count = beam->live_count;
        hny_beam_advance(beam, &search->words, step->rows + row, step->parents);
        for (size_t h = 0; h < beam->live_count; h++, search->rows++)
            memcpy(search->states + search->rows * state, step->next + (row + step->parents[h]) * state,
                   state * sizeof *search->states);
        row += count;
        if (!beam->done) {
            link = &beam->next;
            continue;
        }
        search->widest -= beam->options.beam;
        queue_put(&search->done, queue_remove(&search->active, link));
    }
}

hny_status hny_search_step(struct hny_search *search) {
    HNY_PROFILE("everything else");
    if (search->rows == 0) return HNY_OK;
    const struct hny_search_model *model = &search->model;
    struct step step;
    HNY_TRY(make_step(search, &step));
    HNY_TRY(gather(search, &step));
    hny_embedding_forward(model->embedding, search->compute, search->rows, step.ids, 0, step.x);
    HNY_TRY(hny_decoder_step(model->decoder, search->compute, search->rows, step.x, search->states,
                             step.memories, step.next, step.output, step.attention));
    HNY_TRY(judge(search, &step));
    advance(search, &step);
    return HNY_OK;
}

hny_status hny_search_take(struct hny_search *search, struct hny_translation *translation, bool *taken) {
    struct hny_beam *beam = search->done.first;
    *taken = false;
    if (!beam) return HNY_OK;
    HNY_TRY(hny_beam_translation(beam, translation));
    put_unused(search, queue_remove(&search->done, &search->done.first));
    search->sentences--;
    *taken = true;
    return HNY_OK;
}

/* Drops the rows of an active sentence that begin at ROW. */
static void drop_rows(struct hny_search *search, size_t row, size_t count) {
    size_t state = hny_decoder_state(search->model.decoder);
    memmove(search->states + row * state, search->states + (row + count) * state,
            (search->rows - row - count) * state * sizeof *search->states);
    search->rows -= count;
}

void hny_search_cancel(struct hny_search *search, uint64_t tag) {
    size_t row = 0;
    for (struct hny_beam **link = &search->active.first; *link;) {
        struct hny_beam *beam = *link;
        if (beam->tag == tag) {
            drop_rows(search, row, beam->live_count);
            search->widest -= beam->options.beam;
            search->sentences--;
            put_unused(search, queue_remove(&search->active, link));
        } else {
            row += beam->live_count;
            link = &beam->next;
        }
    }
    for (struct hny_beam **link = &search->done.first; *link;) {
        if ((*link)->tag == tag) {
            search->sentences--;
            put_unused(search, queue_remove(&search->done, link));
        } else {
            link = &(*link)->next;
        }
    }
}

size_t hny_search_sentences(const struct hny_search *search) {
    return search->sentences;
}

size_t hny_search_rows(const struct hny_search *search) {
    return search->rows;
}

size_t hny_search_widest(const struct hny_search *search) {
    return search->widest;
}
