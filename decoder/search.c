#include "decoder/search.h"

#include "decoder/search_records.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

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
    hny_search_queue_put(&search->active, beam);
    search->sentences++;
    search->rows++;
    search->widest = widest;
    return HNY_OK;
}

hny_status hny_search_take(struct hny_search *search, struct hny_translation *translation, bool *taken) {
    struct hny_beam *beam = search->done.first;
    *taken = false;
    if (!beam) return HNY_OK;
    HNY_TRY(hny_beam_translation(beam, translation));
    put_unused(search, hny_search_queue_remove(&search->done, &search->done.first));
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
            put_unused(search, hny_search_queue_remove(&search->active, link));
        } else {
            row += beam->live_count;
            link = &beam->next;
        }
    }
    for (struct hny_beam **link = &search->done.first; *link;) {
        if ((*link)->tag == tag) {
            search->sentences--;
            put_unused(search, hny_search_queue_remove(&search->done, link));
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
