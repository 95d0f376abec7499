/* The decoder: a stack whose lowest layer reads target embeddings alone and asks the attention; the context
 * goes to every layer above it (Wu et al. 2016, in the form of GNMT v2: the question is the lowest layer's
 * current output, so under teacher forcing every layer runs over the whole sequence before the next begins).
 * It ends below the head: its output feeds a softmax over words, or a regression. */
#ifndef HNY_DECODER_DECODER_H
#define HNY_DECODER_DECODER_H

#include "decoder/attention.h"
#include "nn/layer.h"

struct hny_decoder_config {
    const struct hny_cell *cell;
    size_t layers;    /* at least 1; with 1 the readout is needed, or the context would reach nothing */
    size_t embedding; /* width of the input rows */
    size_t hidden;
    size_t residual; /* the lowest layer with a residual connection, from 2; above LAYERS: none */
    size_t memory;   /* width of the encoder's output */
    size_t heads;    /* of the attention; divides hidden and memory */
    size_t
        readout; /* width of tanh(W [x, context] + b) between stack and head; 0: the stack's output itself */
    bool start;  /* states start from a learned projection of the memory's mean, else from zeros */
    bool layer_norm;
    double dropout;           /* of each layer's input and of the output */
    double recurrent_dropout; /* one mask a sentence and layer for all steps (Gal & Ghahramani 2016) */
    struct hny_initialisation initial;
};

struct hny_decoder;

/* Registers the tensors "decoder.…" in PARAMETERS, which must outlive the decoder. */
hny_status hny_decoder_create(struct hny_decoder **decoder, struct hny_parameters *parameters,
                              const struct hny_decoder_config *config);
void hny_decoder_destroy(struct hny_decoder **decoder); /* nulls; NULL is allowed */
void hny_decoder_initialise(const struct hny_decoder *decoder, struct hny_parameters *parameters);

size_t hny_decoder_output(const struct hny_decoder *decoder); /* width of the rows that the head reads */

/* What a forward pass keeps for the backward pass, in the arena. */
struct hny_decoder_run;

/* Teacher forcing: x [T][B][embedding] (with the layout TARGET) to *output [T][B][output], both in the arena.
 * MEMORY is the encoder's output in the layout SOURCE; target sentence b reads source sentence source_of[b].
 */
hny_status hny_decoder_forward(const struct hny_decoder *decoder, struct hny_compute *compute,
                               const struct hny_sequences *target, const hny_real *x,
                               const struct hny_sequences *source, const size_t *source_of,
                               const hny_real *memory, struct hny_decoder_run **run, hny_real **output);

/* From d_output [T][B][output] (changed) to *d_x [T][B][embedding] (in the arena); adds to d_memory
 * [S][B][memory] and to the gradients of the tensors. */
hny_status hny_decoder_backward(const struct hny_decoder *decoder, struct hny_compute *compute,
                                struct hny_decoder_run *run, hny_real *d_output, hny_real *d_memory,
                                hny_real **d_x);

/* One step for hypotheses, which may belong to different sentences and stand at different steps. */

/* keys [rows][hidden] from values [rows][memory]: done once a sentence, or for many in one call. */
hny_status hny_decoder_keys(const struct hny_decoder *decoder, struct hny_compute *compute, size_t rows,
                            const hny_real *values, hny_real *keys);

/* Reals in one hypothesis' state. */
size_t hny_decoder_state(const struct hny_decoder *decoder);

/* The state before the first word, state [hny_decoder_state], for a sentence. */
hny_status hny_decoder_begin(const struct hny_decoder *decoder, struct hny_compute *compute,
                             const struct hny_memory *memory, hny_real *state);

/* x [rows][embedding], previous and next [rows][state] (not overlapping), memories[rows] to output
 * [rows][output]. Where ATTENTION is not NULL, attention[r] receives memories[r]->length weights (mean over
 * the heads), which sum to 1. Each row depends on its own inputs alone. Scratch comes from the compute's
 * arena: the caller resets it. */
hny_status hny_decoder_step(const struct hny_decoder *decoder, struct hny_compute *compute, size_t rows,
                            const hny_real *x, const hny_real *previous,
                            const struct hny_memory *const *memories, hny_real *next, hny_real *output,
                            hny_real *const *attention);

#endif
