/* Beam search as an engine that sentences enter and leave at any step. A hypothesis' recurrent state is a row of fixed
 * size, so a sentence that joins costs the others nothing, and since every row is computed from itself alone, its
 * translation and scores are the same bytes whatever else is in the engine.
 *
 * Score of a finished hypothesis Y of the source X (Wu et al. 2016, eq. 14):
 *   log P(Y|X) / lp(Y) + cp,  lp = ((5 + |Y|) / 6)^alpha,  cp = beta · Σ_i log(min(Σ_j p_ij, 1)),
 * with |Y| counting the end. Byte pieces never spell a control character or broken UTF-8: a hypothesis inside a
 * character may only go on with bytes that fit. Ties go to the lower hypothesis, then to the lower id. */
#ifndef HNY_DECODER_SEARCH_H
#define HNY_DECODER_SEARCH_H

#include "decoder/decoder.h"
#include "decoder/softmax.h"
#include "nn/embedding.h"

struct hny_search_options {
    size_t beam;       /* 1 is greedy */
    size_t best;       /* finished hypotheses wanted, at most beam */
    double alpha;      /* length normalisation; 0 none */
    double beta;       /* coverage; 0 none */
    size_t max_length; /* ids at most, the end not counted */
    bool attention;    /* keep the attention of each word */
};

struct hny_hypothesis {
    int32_t *ids; /* [count], without begin and end */
    size_t count;
    double score;           /* as above */
    double log_probability; /* of ids and end */
    hny_real *word_log_probability; /* [count + 1], the end's last */
    hny_real *attention;    /* [count + 1][source length] where asked for, else NULL */
    bool ended;             /* false where max_length cut it */
};

struct hny_translation {
    uint64_t tag; /* as given to hny_search_add */
    size_t source_length;
    size_t count; /* hypotheses, best first */
    struct hny_hypothesis *hypotheses;
};
void hny_translation_free(struct hny_translation *translation); /* back to the zero state */

/* What the engine searches with; all of it outlives the engine. */
struct hny_search_model {
    const struct hny_decoder *decoder;
    const struct hny_embedding *embedding; /* of the target */
    const struct hny_softmax *head;
    const int16_t *bytes; /* [vocabulary]: 0…255 for a byte piece, else -1; NULL where there are none */
    int32_t begin, end;
    const bool *forbidden; /* [vocabulary]: ids never produced (pad, begin, unknown); NULL for none */
};

struct hny_search;

/* COMPUTE is the engine's alone while it lives (its arena is reset at every step). */
hny_status hny_search_create(struct hny_search **search, const struct hny_search_model *model,
                             struct hny_compute *compute);
void hny_search_destroy(struct hny_search **search); /* nulls; NULL is allowed */

/* A sentence enters; it takes part from the next step on. MEMORY's arrays become the engine's (freed with free). */
hny_status hny_search_add(struct hny_search *search, uint64_t tag, const struct hny_memory *memory,
                          const struct hny_search_options *options);

/* One word for every living hypothesis of every sentence. Nothing to do is fine. */
hny_status hny_search_step(struct hny_search *search);

/* A finished sentence leaves: *TAKEN false where there is none. The translation becomes the caller's. */
hny_status hny_search_take(struct hny_search *search, struct hny_translation *translation, bool *taken);

/* A sentence that nobody wants any more leaves unfinished; unknown tags are ignored. */
void hny_search_cancel(struct hny_search *search, uint64_t tag);

size_t hny_search_sentences(const struct hny_search *search); /* inside, finished ones not yet taken included */
size_t hny_search_rows(const struct hny_search *search);      /* hypotheses that the next step will compute */

#endif
