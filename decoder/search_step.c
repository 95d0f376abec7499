/* A step of a search: every living hypothesis of every sentence grows by a word. */
#include "decoder/search_records.h"

#include "base/profile.h"
#include "nn/elementwise.h"
#include <math.h>
#include <string.h>

/* The rows that are selected of the output's matrix are multiplied by where together they are fewer than this
 * share of it; else the whole matrix is. What comes out is the same bytes. */
#define SELECTED_SHARE 0.5

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
        hny_search_queue_put(&search->done, hny_search_queue_remove(&search->active, link));
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
