/* One sentence inside the search: its hypotheses, which of them live and which are finished. Only
 * decoder/search*.c and its tests read this header; the network is not known here.
 *
 * Hypotheses share their beginnings, so they are a tree: a node is a word and the way to it. */
#ifndef HNY_DECODER_BEAM_H
#define HNY_DECODER_BEAM_H

#include "decoder/candidates.h"
#include "decoder/search.h"
#include "decoder/top.h"
#include "decoder/utf8_state.h"

struct hny_beam_node {
    size_t parent; /* of the root: itself */
    size_t depth;  /* words up to here */
    int32_t id;    /* of the root: begin */
    uint8_t bytes; /* enum hny_utf8_state behind the word */
    double word;   /* log-probability of the word */
    double total;  /* of all words up to here */
    double end;    /* of the end behind the word; known once the node was a row of a step */
};

struct hny_beam_finished {
    size_t node;
    double score;
    bool ended;
};

struct hny_beam {
    struct hny_beam *next; /* in the list that holds this sentence */
    uint64_t tag;
    struct hny_memory memory;
    struct hny_search_options options;
    struct hny_candidates candidates; /* the search's own: the beam knows ids alone */
    size_t length;                    /* words of every living hypothesis */

    struct hny_beam_node *nodes;
    size_t node_count, node_capacity;
    hny_real *attention; /* [nodes][source length]: what was looked at behind each node; NULL if not needed */
    size_t attention_capacity;

    size_t *live; /* [live_count] nodes, likeliest first: the rows of the next step */
    size_t live_count, live_capacity;
    size_t *former; /* the same of the step before */
    size_t former_capacity;
    struct hny_beam_finished *finished; /* best first, equal ones in the order of finishing */
    size_t finished_count, finished_capacity;
    bool done; /* nothing lives */
};

/* What a step says about one living hypothesis. */
struct hny_beam_row {
    struct hny_top
        top;        /* logits of the words that may follow, the end among them; options.beam + 1 suffice */
    double log_sum; /* log Σ exp of all logits */
    hny_real end;   /* logit of the end */
    size_t used;    /* 0 */
};

/* The ids that a beam must know. */
struct hny_beam_words {
    int32_t begin, end;
    const int16_t *bytes; /* as in struct hny_search_model */
};

/* Starts over with a new sentence: one living hypothesis without a word. Memory from former sentences is kept
 * and used again. The memory's arrays are the beam's when this succeeds. */
hny_status hny_beam_begin(struct hny_beam *beam, uint64_t tag, const struct hny_memory *memory,
                          const struct hny_search_options *options, const struct hny_beam_words *words);

/* Gives back the memory's arrays, or all memory. */
void hny_beam_leave(struct hny_beam *beam);
void hny_beam_free(struct hny_beam *beam);

/* Room for one step, so that hny_beam_advance cannot fail. */
hny_status hny_beam_reserve(struct hny_beam *beam);

/* Where the attention of living hypothesis H goes; NULL where nobody needs it. After hny_beam_reserve. */
hny_real *hny_beam_attention(struct hny_beam *beam, size_t h);

/* One word for every living hypothesis: ROWS [live_count]. parents[h] of the new living hypothesis h is the
 * old one that it continues; PARENTS has room for options.beam. */
void hny_beam_advance(struct hny_beam *beam, const struct hny_beam_words *words, struct hny_beam_row *rows,
                      size_t *parents);

/* The result of a beam that is done. Failure leaves TRANSLATION as it was. */
hny_status hny_beam_translation(const struct hny_beam *beam, struct hny_translation *translation);

#endif
