/* What a search holds: the records of decoder/search.c, where sentences enter and leave it, and of
 * decoder/search_step.c, which lets all of them grow by a word. */
#ifndef HNY_DECODER_SEARCH_RECORDS_H
#define HNY_DECODER_SEARCH_RECORDS_H

#include "decoder/beam.h"
#include "decoder/search.h"

/* A queue of sentences; `last` points at the pointer where the next one goes. */
struct hny_search_queue {
    struct hny_beam *first, **last;
};

struct hny_search {
    struct hny_search_model model;
    struct hny_compute *compute;
    struct hny_beam_words words;
    bool *refused; /* [vocabulary] what does not fit between two characters, and what is forbidden */
    struct hny_byte_piece *pieces; /* [piece_count] those that are not forbidden, by rising id */
    size_t piece_count;

    struct hny_selector *selector; /* NULL until a sentence has candidates */
    struct hny_search_queue active, done;
    struct hny_beam *unused; /* a list: their memory serves later sentences */
    size_t sentences;        /* in active and done */
    size_t widest;           /* sum of the beams of the active ones: the most rows that a step can leave */
    size_t rows;             /* living hypotheses; sentence by sentence, in the order of `active` */
    hny_real *states;        /* [rows][state] */
    size_t states_capacity;  /* in rows */
};

static inline void hny_search_queue_put(struct hny_search_queue *queue, struct hny_beam *beam) {
    beam->next = NULL;
    *queue->last = beam;
    queue->last = &beam->next;
}

/* Takes out the sentence that LINK points at. */
static inline struct hny_beam *hny_search_queue_remove(struct hny_search_queue *queue,
                                                       struct hny_beam **link) {
    struct hny_beam *beam = *link;
    *link = beam->next;
    if (queue->last == &beam->next) queue->last = link;
    return beam;
}

#endif
