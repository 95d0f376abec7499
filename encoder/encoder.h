/* The encoder: a stack whose lowest layer reads the sentence in both directions, with residual connections
 * from its third layer on (Wu et al. 2016), or from its second. It takes rows of numbers: an embedding fills
 * them for words, a projection of features for numeric series. */
#ifndef HNY_ENCODER_ENCODER_H
#define HNY_ENCODER_ENCODER_H

#include "nn/layer.h"

struct hny_encoder_config {
    const struct hny_cell *cell;
    size_t layers; /* at least 1 */
    size_t input;  /* width of the input rows */
    size_t hidden;
    size_t residual;    /* the lowest layer with a residual connection, from 2; above LAYERS: none */
    bool bidirectional; /* the upper layers too, each direction half as wide */
    bool layer_norm;
    double dropout;
    double recurrent_dropout;
    struct hny_initialisation initial;
};

struct hny_encoder;

/* Registers the tensors "encoder.…" in PARAMETERS, which must outlive the encoder. */
hny_status hny_encoder_create(struct hny_encoder **encoder, struct hny_parameters *parameters,
                              const struct hny_encoder_config *config);
void hny_encoder_destroy(struct hny_encoder **encoder); /* nulls; NULL is allowed */
void hny_encoder_initialise(const struct hny_encoder *encoder, struct hny_parameters *parameters);

/* Width of the output: hidden, or twice that where the lowest layer is the only one. */
size_t hny_encoder_output(const struct hny_encoder *encoder);

/* What a forward pass keeps for the backward pass, in the arena. */
struct hny_encoder_run;

/* x [T][B][input] to *output [T][B][output], in the arena; x must stay until the backward pass is done. */
hny_status hny_encoder_forward(const struct hny_encoder *encoder, struct hny_compute *compute,
                               const struct hny_sequences *sequences, const hny_real *x,
                               struct hny_encoder_run **run, hny_real **output);

/* d_output [T][B][output] (changed) to *d_x [T][B][input], in the arena; adds to the gradients of the
 * tensors. */
hny_status hny_encoder_backward(const struct hny_encoder *encoder, struct hny_compute *compute,
                                struct hny_encoder_run *run, hny_real *d_output, hny_real **d_x);

#endif
