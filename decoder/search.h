/* Beam search as an engine that sentences enter and leave at any step. A hypothesis' recurrent state is a row
 * of fixed size, so a sentence that joins costs the others nothing, and since every row is computed from
 * itself alone, its translation and scores are the same bytes whatever else is in the engine.
 *
 * Score of a finished hypothesis Y of the source X (Wu et al. 2016, eq. 14):
 *   log P(Y|X) / lp(Y) + cp,  lp = ((5 + |Y|) / 6)^alpha,  cp = beta · Σ_i log(min(Σ_j p_ij, 1)),
 * with |Y| counting the end. Ties go to the lower hypothesis, then to the lower id.
 *
 * In a step every living hypothesis of a sentence offers its continuations, ordered by log P. An end among
 * the first `beam` of them finishes its hypothesis; the first `beam` words live on. So a beam of 1 is greedy,
 * and a beam as wide as the number of continuations is exhaustive. A sentence is done when `beam` hypotheses
 * are finished, or `best` are that no living one can reach any more: log P only falls, so no living
 * hypothesis can come to score more than log P / lp(max_length + 1). A hypothesis of max_length words whose
 * end is not among the first `beam` is cut: it ends there, at the price of log P(end) as any other.
 *
 * Byte pieces never spell a control character or broken UTF-8: inside a character only bytes that fit may
 * follow, and one that max_length cuts loses the bytes of its last, incomplete character. Words that are not
 * allowed keep their share of P: a score is the model's own. */
#ifndef HNY_DECODER_SEARCH_H
#define HNY_DECODER_SEARCH_H

#include "decoder/decoder.h"
#include "decoder/softmax.h"
#include "nn/embedding.h"

struct hny_search_options {
    size_t beam;       /* at least 1, which is greedy */
    size_t best;       /* finished hypotheses wanted, 1 to beam */
    double alpha;      /* length normalisation, from 0 on; 0 none */
    double beta;       /* coverage, from 0 on; 0 none */
    size_t max_length; /* ids at most, the end not counted */
    bool attention;    /* keep the attention of each word */
};

struct hny_hypothesis {
    int32_t *ids; /* [count], without begin and end */
    size_t count;
    double score;                   /* as above */
    double log_probability;         /* of ids and end */
    hny_real *word_log_probability; /* [count + 1], the end's last */
    hny_real *attention;            /* [count + 1][source length] where asked for, else NULL */
    bool ended;                     /* false where max_length cut it */
};

struct hny_translation {
    uint64_t tag; /* as given to hny_search_add */
    size_t source_length;
    size_t count; /* hypotheses, best first; 1 to `best` */
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

/* COMPUTE is the engine's while a call lasts; _add and _step reset its arena. */
hny_status hny_search_create(struct hny_search **search, const struct hny_search_model *model,
                             struct hny_compute *compute);
void hny_search_destroy(struct hny_search **search); /* nulls; NULL is allowed */

/* A sentence enters; it takes part from the next step on. MEMORY's arrays become the engine's (freed with
 * free) unless this fails. HNY_ERROR_USAGE for options out of range or a sentence of length 0. */
hny_status hny_search_add(struct hny_search *search, uint64_t tag, const struct hny_memory *memory,
                          const struct hny_search_options *options);

/* The same for a sentence whose words are chosen among COUNT candidates (copied): rising ids, the end among
 * them; 0 for the whole vocabulary. P is theirs alone then: what the softmax over all words would give to the
 * others is shared among them. Candidates that make up all the vocabulary change nothing, not a bit. */
hny_status hny_search_add_among(struct hny_search *search, uint64_t tag, const struct hny_memory *memory,
                                const struct hny_search_options *options, const int32_t *candidates,
                                size_t count);

/* One word for every living hypothesis of every sentence. Nothing to do is fine. Once the engine is warm a
 * step allocates nothing. Failure (HNY_ERROR_NUMERIC where the model's weights are damaged) leaves all as it
 * was. */
hny_status hny_search_step(struct hny_search *search);

/* A finished sentence leaves: *TAKEN false where there is none. The translation becomes the caller's. */
hny_status hny_search_take(struct hny_search *search, struct hny_translation *translation, bool *taken);

/* A sentence that nobody wants any more leaves unfinished; unknown tags are ignored. */
void hny_search_cancel(struct hny_search *search, uint64_t tag);

size_t
hny_search_sentences(const struct hny_search *search);     /* inside, finished ones not yet taken included */
size_t hny_search_rows(const struct hny_search *search);   /* hypotheses that the next step will compute */
size_t hny_search_widest(const struct hny_search *search); /* that any later step may come to compute */

#endif
