/* A layer of a stack: one or two directions of a recurrent cell, dropout on what it reads, a residual
 * connection around it (Wu et al. 2016). What it reads is the layer below and, beside it, something more: the
 * attention's context. */
#ifndef HNY_NN_LAYER_H
#define HNY_NN_LAYER_H

#include "nn/recurrent.h"

struct hny_layer {
    size_t below;      /* width of the layer below */
    size_t beside;     /* width of what is read beside it; 0 for nothing */
    size_t width;      /* of the output: directions × hidden */
    size_t directions; /* 1, or 2: the second reads from the end */
    bool residual;     /* output = cell's output + below, or the sum of its parts that are as wide */
    double dropout;
    uint32_t number; /* keys its masks; the cells use the two numbers behind it */
    struct hny_recurrent direction[2];
};

struct hny_layer_options {
    const struct hny_cell *cell;
    size_t below, beside, width, directions; /* directions divides width */
    bool residual;                           /* below must be width, or a multiple of it */
    bool layer_norm;
    double dropout, recurrent_dropout;
    uint32_t number; /* a multiple of 4 */
    struct hny_initialisation initial;
};

/* Registers the tensors "NAME.…" ("NAME.forward.…" and "NAME.backward.…" with two directions). */
hny_status hny_layer_create(struct hny_layer *layer, struct hny_parameters *parameters,
                            const struct hny_layer_options *options, const char *name);
void hny_layer_initialise(const struct hny_layer *layer, struct hny_parameters *parameters);

struct hny_layer_run {
    hny_real *input; /* [T][B][below + beside] as the cells read it */
    uint8_t *keep;   /* dropout's mask */
    struct hny_recurrent_run direction[2];
};

/* BELOW [T][B][below] and BESIDE [T][B][beside] to *OUTPUT [T][B][width] in the arena. INITIAL
 * [states][B][width] for layers of one direction, or NULL for zeros. */
hny_status hny_layer_forward(const struct hny_layer *layer, struct hny_compute *compute,
                             const struct hny_sequences *sequences, const hny_real *below,
                             const hny_real *beside, hny_real *const *initial, struct hny_layer_run *run,
                             hny_real **output);

/* D_OUTPUT [T][B][width] to *D_BELOW [T][B][below] in the arena; D_BESIDE [T][B][beside] is added to.
 * D_INITIAL as in hny_recurrent_backward. */
hny_status hny_layer_backward(const struct hny_layer *layer, struct hny_compute *compute,
                              struct hny_layer_run *run, const hny_real *d_output, hny_real **d_below,
                              hny_real *d_beside, hny_real *const *d_initial);

/* One step of a layer of one direction; states as in hny_recurrent_step; output [rows][width]. */
hny_status hny_layer_step(const struct hny_layer *layer, struct hny_compute *compute, size_t rows,
                          const hny_real *below, const hny_real *beside, const hny_real *const *previous,
                          hny_real *const *next, size_t stride, hny_real *output);

#endif
