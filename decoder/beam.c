#include "decoder/beam.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool needs_attention(const struct hny_beam *beam) {
    return beam->options.attention || beam->options.beta != 0;
}

hny_status hny_beam_begin(struct hny_beam *beam, uint64_t tag, const struct hny_memory *memory,
                          const struct hny_search_options *options, const struct hny_beam_words *words) {
    size_t most_finished;
    if (__builtin_mul_overflow(options->beam, 2, &most_finished))
        return hny_fail(HNY_ERROR_USAGE, "a beam of %zu hypotheses is too wide", options->beam);
    if (hny_grow(&beam->nodes, &beam->node_capacity, 1, sizeof *beam->nodes) ||
        hny_grow(&beam->live, &beam->live_capacity, options->beam, sizeof *beam->live) ||
        hny_grow(&beam->former, &beam->former_capacity, options->beam, sizeof *beam->former) ||
        hny_grow(&beam->finished, &beam->finished_capacity, most_finished, sizeof *beam->finished))
        return HNY_ERROR_MEMORY;
    beam->next = NULL;
    beam->tag = tag;
    beam->memory = *memory;
    beam->options = *options;
    beam->length = 0;
    beam->nodes[0] = (struct hny_beam_node){.id = words->begin, .bytes = HNY_UTF8_BETWEEN};
    beam->node_count = 1;
    beam->live[0] = 0;
    beam->live_count = 1;
    beam->finished_count = 0;
    beam->done = false;
    return HNY_OK;
}

void hny_beam_leave(struct hny_beam *beam) {
    free(beam->memory.values);
    free(beam->memory.keys);
    beam->memory = (struct hny_memory){0};
}

void hny_beam_free(struct hny_beam *beam) {
    hny_beam_leave(beam);
    free(beam->nodes);
    free(beam->attention);
    free(beam->live);
    free(beam->former);
    free(beam->finished);
    hny_candidates_free(&beam->candidates);
    *beam = (struct hny_beam){0};
}

hny_status hny_beam_reserve(struct hny_beam *beam) {
    size_t numbers;
    if (hny_grow(&beam->nodes, &beam->node_capacity, beam->node_count + beam->options.beam,
                 sizeof *beam->nodes))
        return HNY_ERROR_MEMORY;
    if (!needs_attention(beam)) return HNY_OK;
    if (__builtin_mul_overflow(beam->node_count, beam->memory.length, &numbers))
        return hny_fail(HNY_ERROR_MEMORY, "attention of %zu words to %zu positions is too large",
                        beam->node_count, beam->memory.length);
    return hny_grow(&beam->attention, &beam->attention_capacity, numbers, sizeof *beam->attention)
               ? HNY_ERROR_MEMORY
               : HNY_OK;
}

hny_real *hny_beam_attention(struct hny_beam *beam, size_t h) {
    return needs_attention(beam) ? beam->attention + beam->live[h] * beam->memory.length : NULL;
}

/* lp (Wu et al. 2016, eq. 14) of COUNT words, the end among them. */
static double length_penalty(const struct hny_beam *beam, size_t count) {
    return pow((5 + (double)count) / 6, beam->options.alpha);
}

/* cp without beta: Σ_i log(min(Σ_j p_ij, 1)) over the words up to NODE and the end. */
static double coverage(const struct hny_beam *beam, size_t node) {
    double sum = 0;
    for (size_t i = 0; i < beam->memory.length; i++) {
        double seen = 0;
        for (size_t n = node;; n = beam->nodes[n].parent) {
            seen += (double)beam->attention[n * beam->memory.length + i];
            if (n == 0) break;
        }
        sum += log(fmax(fmin(seen, 1), DBL_MIN));
    }
    return sum;
}

static void finish(struct hny_beam *beam, size_t node, bool ended) {
    for (size_t i = 0; i < beam->finished_count; i++)
        if (beam->finished[i].node == node) return;
    const struct hny_beam_node *last = &beam->nodes[node];
    double score = (last->total + last->end) / length_penalty(beam, last->depth + 1);
    if (beam->options.beta != 0) score += beam->options.beta * coverage(beam, node);
    size_t place = beam->finished_count++;
    for (; place > 0 && score > beam->finished[place - 1].score; place--)
        beam->finished[place] = beam->finished[place - 1];
    beam->finished[place] = (struct hny_beam_finished){node, score, ended};
}

/* Ends the hypothesis NODE where it stands, or before the character that it is in the middle of. */
static void cut(struct hny_beam *beam, size_t node) {
    while (beam->nodes[node].bytes != HNY_UTF8_BETWEEN) node = beam->nodes[node].parent;
    finish(beam, node, false);
}

/* The row whose next choice makes the likeliest hypothesis; COUNT where no row has one. *TOTAL: its
 * log-probability. */
static size_t likeliest(const struct hny_beam *beam, const struct hny_beam_row *rows, size_t count,
                        double *total) {
    size_t best = count;
    for (size_t h = 0; h < count; h++) {
        if (rows[h].used == rows[h].top.count) continue;
        double word = (double)rows[h].top.choices[rows[h].used].value - rows[h].log_sum;
        double sum = beam->nodes[beam->former[h]].total + word;
        if (best < count && !(sum > *total)) continue;
        best = h;
        *total = sum;
    }
    return best;
}

static void continue_with(struct hny_beam *beam, const struct hny_beam_words *words, size_t parent,
                          int32_t id, double word, double total) {
    const struct hny_beam_node *before = &beam->nodes[parent];
    int byte = words->bytes ? words->bytes[id] : -1;
    uint8_t bytes = byte < 0 ? HNY_UTF8_BETWEEN : hny_utf8_state_next(before->bytes, (uint8_t)byte);
    beam->nodes[beam->node_count] = (struct hny_beam_node){
        .parent = parent, .depth = before->depth + 1, .id = id, .bytes = bytes, .word = word, .total = total};
    beam->live[beam->live_count++] = beam->node_count++;
}

/* Goes through the continuations from the likeliest on: an end among the first `beam` finishes its
 * hypothesis, and the first `beam` words live on. */
static void choose(struct hny_beam *beam, const struct hny_beam_words *words, struct hny_beam_row *rows,
                   size_t count, bool last, size_t *parents) {
    size_t width = beam->options.beam;
    for (size_t rank = 0; rank < width || (!last && beam->live_count < width); rank++) {
        double total = 0;
        size_t h = likeliest(beam, rows, count, &total);
        if (h == count) return;
        struct hny_choice choice = rows[h].top.choices[rows[h].used++];
        if (choice.id == words->end) {
            if (rank < width) finish(beam, beam->former[h], true);
        } else if (!last && beam->live_count < width) {
            parents[beam->live_count] = h;
            continue_with(beam, words, beam->former[h], choice.id, (double)choice.value - rows[h].log_sum,
                          total);
        }
    }
}

/* Whether no living hypothesis can still come among those wanted. Probabilities fall and penalties are
 * largest at the greatest length, so a score ends at most at total / lp(max_length + 1); coverage only takes
 * away. */
static bool decided(const struct hny_beam *beam) {
    if (beam->live_count == 0 || beam->finished_count >= beam->options.beam) return true;
    if (beam->finished_count < beam->options.best) return false;
    double most = beam->nodes[beam->live[0]].total / length_penalty(beam, beam->options.max_length + 1);
    return most <= beam->finished[beam->options.best - 1].score;
}

void hny_beam_advance(struct hny_beam *beam, const struct hny_beam_words *words, struct hny_beam_row *rows,
                      size_t *parents) {
    size_t *swap = beam->former, swap_capacity = beam->former_capacity, count = beam->live_count;
    beam->former = beam->live;
    beam->former_capacity = beam->live_capacity;
    beam->live = swap;
    beam->live_capacity = swap_capacity;
    beam->live_count = 0;
    for (size_t h = 0; h < count; h++)
        beam->nodes[beam->former[h]].end = (double)rows[h].end - rows[h].log_sum;
    bool last = beam->length == beam->options.max_length;
    choose(beam, words, rows, count, last, parents);
    /* Without a word that fits (a vocabulary with some bytes missing) a hypothesis is cut as by max_length.
     */
    if (last || (beam->live_count == 0 && beam->finished_count == 0))
        for (size_t h = 0; h < count; h++) cut(beam, beam->former[h]);
    beam->length++;
    beam->done = decided(beam);
    if (beam->done) beam->live_count = 0;
}

void hny_translation_free(struct hny_translation *translation) {
    for (size_t i = 0; translation->hypotheses && i < translation->count; i++) {
        free(translation->hypotheses[i].ids);
        free(translation->hypotheses[i].word_log_probability);
        free(translation->hypotheses[i].attention);
    }
    free(translation->hypotheses);
    *translation = (struct hny_translation){0};
}

static hny_status fill_hypothesis(const struct hny_beam *beam, const struct hny_beam_finished *finished,
                                  struct hny_hypothesis *hypothesis) {
    const struct hny_beam_node *last = &beam->nodes[finished->node];
    size_t count = last->depth, width = beam->memory.length;
    hypothesis->count = count;
    hypothesis->score = finished->score;
    hypothesis->log_probability = last->total + last->end;
    hypothesis->ended = finished->ended;
    hypothesis->ids = hny_allocate(count, sizeof *hypothesis->ids);
    hypothesis->word_log_probability = hny_allocate(count + 1, sizeof *hypothesis->word_log_probability);
    if (!hypothesis->ids || !hypothesis->word_log_probability) return HNY_ERROR_MEMORY;
    if (beam->options.attention) {
        size_t row_bytes = width * sizeof *hypothesis->attention; /* there was memory for one */
        hypothesis->attention = hny_allocate(count + 1, row_bytes);
        if (!hypothesis->attention) return HNY_ERROR_MEMORY;
    }
    hypothesis->word_log_probability[count] = (hny_real)last->end;
    for (size_t n = finished->node, i = count;; i--, n = beam->nodes[n].parent) {
        if (hypothesis->attention)
            memcpy(hypothesis->attention + i * width, beam->attention + n * width,
                   width * sizeof *hypothesis->attention);
        if (i == 0) return HNY_OK;
        hypothesis->ids[i - 1] = beam->nodes[n].id;
        hypothesis->word_log_probability[i - 1] = (hny_real)beam->nodes[n].word;
    }
}

hny_status hny_beam_translation(const struct hny_beam *beam, struct hny_translation *translation) {
    size_t wanted = beam->options.best;
    size_t count = beam->finished_count < wanted ? beam->finished_count : wanted;
    struct hny_translation made = {.tag = beam->tag, .source_length = beam->memory.length, .count = count};
    made.hypotheses = hny_allocate(count, sizeof *made.hypotheses);
    if (!made.hypotheses) return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < count; i++) {
        hny_status status = fill_hypothesis(beam, &beam->finished[i], &made.hypotheses[i]);
        if (status == HNY_OK) continue;
        hny_translation_free(&made);
        return status;
    }
    *translation = made;
    return HNY_OK;
}
