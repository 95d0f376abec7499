/* Normalised additive attention (Bahdanau et al. 2015 with the weight normalisation of Salimans & Kingma
 * 2016, as GNMT v2 has it), with any number of heads: score_h(q, k) = Σ_{d in head h} g_h · v_d / |v_h| ·
 * tanh((W_q q)_d + (W_k k)_d + b_d) over the sentence's positions, softmax, and the context of head h is the
 * mean of the head's share of the values. */
#ifndef HNY_DECODER_ATTENTION_H
#define HNY_DECODER_ATTENTION_H

#include "nn/compute.h"
#include "nn/initial.h"
#include "nn/sequences.h"

struct hny_attention {
    size_t query;                    /* width of what asks */
    size_t memory;                   /* width of the values */
    size_t hidden;                   /* width of the comparison */
    size_t heads;                    /* divides hidden and memory */
    struct hny_tensor *query_weight; /* [hidden][query] */
    struct hny_tensor *key_weight;   /* [hidden][memory] */
    struct hny_tensor *bias;         /* [hidden] */
    struct hny_tensor *vector;       /* [hidden] v */
    struct hny_tensor *gain;         /* [heads] g */
};

/* Fills in the tensors ("decoder.attention.…"); sizes are set by the caller before. */
hny_status hny_attention_create(struct hny_attention *attention, struct hny_parameters *parameters,
                                const struct hny_initialisation *initial);

/* What a forward pass keeps for the backward pass, in the arena. */
struct hny_attention_run {
    const struct hny_sequences *target, *source;
    const size_t *source_of;
    const hny_real *questions, *values;
    hny_real *query;    /* [T][B][hidden], with the bias */
    hny_real *keys;     /* [S][B][hidden] */
    hny_real *vector;   /* [hidden] g · v / |v| */
    hny_real **weights; /* [target sentence] → [target step][heads][source length] */
};

/* Questions [T][B][query] of target sentences to context [T][B][memory]; target sentence b attends to source
 * sentence source_of[b] of VALUES [S][B][memory]. */
hny_status hny_attention_forward(const struct hny_attention *attention, struct hny_compute *compute,
                                 const struct hny_sequences *target, const hny_real *questions,
                                 const struct hny_sequences *source, const size_t *source_of,
                                 const hny_real *values, hny_real *context, struct hny_attention_run *run);

/* Adds to d_questions [T][B][query], to d_values [S][B][memory] and to the tensors' gradients. */
hny_status hny_attention_backward(const struct hny_attention *attention, struct hny_compute *compute,
                                  const struct hny_attention_run *run, const hny_real *d_context,
                                  hny_real *d_questions, hny_real *d_values);

/* keys [rows][hidden] of values [rows][memory]. */
hny_status hny_attention_keys(const struct hny_attention *attention, struct hny_compute *compute, size_t rows,
                              const hny_real *values, hny_real *keys);

/* A sentence as the attention reads it; the arrays belong to whoever made it. */
struct hny_memory {
    size_t length;
    hny_real *values; /* [length][memory] */
    hny_real *keys;   /* [length][hidden] */
};

/* For ROWS independent questions, each with a memory of its own: context [rows][memory]; where WEIGHTS is not
 * NULL, weights[r] receives memories[r]->length numbers, the mean over the heads (weights[r] NULL: none
 * wanted). */
hny_status hny_attention_step(const struct hny_attention *attention, struct hny_compute *compute, size_t rows,
                              const hny_real *questions, const struct hny_memory *const *memories,
                              hny_real *context, hny_real *const *weights);

#endif
