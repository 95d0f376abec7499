/* One direction of one recurrent layer over whole sequences, and one step of it for search. The input's
 * products for all steps are one large product; only the state's product is per step.
 *
 * With layer normalisation (Ba et al. 2016) the input's and the state's product are normalised, each with its
 * gain, before they meet. */
#ifndef HNY_NN_RECURRENT_H
#define HNY_NN_RECURRENT_H

#include "nn/cell.h"
#include "nn/compute.h"
#include "nn/initial.h"
#include "nn/sequences.h"

struct hny_recurrent {
    const struct hny_cell *cell;
    size_t input;
    size_t hidden;
    bool reverse; /* reads each sentence from its end */
    double forget_bias;
    double recurrent_dropout;
    uint32_t number;                     /* keys the mask */
    struct hny_tensor *input_weight;     /* [gates·hidden][input] */
    struct hny_tensor *recurrent_weight; /* [gates·hidden][hidden] */
    struct hny_tensor *bias;             /* [gates·hidden] */
    struct hny_tensor *recurrent_bias;   /* [gates·hidden]; NULL where the cell is additive */
    struct hny_tensor *input_gain;       /* [gates·hidden]; NULL without layer normalisation */
    struct hny_tensor *recurrent_gain;
};

/* Fills in *LAYER, but for reverse, recurrent_dropout and number, which are the caller's to set, and
 * registers its tensors as "NAME.input_weight" and so on. */
hny_status hny_recurrent_create(struct hny_recurrent *layer, struct hny_parameters *parameters,
                                const struct hny_cell *cell, size_t input, size_t hidden, bool layer_norm,
                                const struct hny_initialisation *initial, const char *name);

/* What hny_parameters_initialise cannot know: adds the forget gate's bias. */
void hny_recurrent_initialise(const struct hny_recurrent *layer, struct hny_parameters *parameters);

/* What a forward pass leaves for the backward pass; all arrays in the arena. */
struct hny_recurrent_run {
    const struct hny_sequences *sequences;
    const hny_real *x;
    size_t x_stride;
    hny_real *gates;     /* [T][B][gates·hidden] */
    hny_real *recurrent; /* the same, of the state's product; NULL where it is summed into gates */
    hny_real *before;    /* [T][B][hidden]: the hidden state that each step's product read */
    hny_real *state[HNY_CELL_STATES]; /* [T][B][hidden], state[0] with stride y_stride */
    size_t state_stride[HNY_CELL_STATES];
    const hny_real *initial[HNY_CELL_STATES]; /* [B][hidden] */
    hny_real *mask;                           /* [B][hidden] recurrent dropout's factors, or NULL */
    hny_real *input_normal, *input_inverse;   /* layer normalisation's x̂ and 1/deviation */
    hny_real *recurrent_normal, *recurrent_inverse;
};

/* x [T][B][input] to y [T][B][hidden] (with their strides). INITIAL: [B][hidden] for each state, or NULL for
 * zeros; it must live as long as RUN. */
hny_status hny_recurrent_forward(const struct hny_recurrent *layer, struct hny_compute *compute,
                                 const struct hny_sequences *sequences, const hny_real *x, size_t x_stride,
                                 hny_real *const *initial, hny_real *y, size_t y_stride,
                                 struct hny_recurrent_run *run);

/* dy [T][B][hidden] to dx [T][B][input], overwritten, or added to where ACCUMULATE; gradients of the tensors
 * are added to. D_INITIAL: [B][hidden] for each state, written, or NULL. */
hny_status hny_recurrent_backward(const struct hny_recurrent *layer, struct hny_compute *compute,
                                  struct hny_recurrent_run *run, const hny_real *dy, size_t dy_stride,
                                  hny_real *dx, size_t dx_stride, bool accumulate,
                                  hny_real *const *d_initial);

/* One step for ROWS independent rows: state s of row r is at previous[s] + r·stride and next[s] + r·stride.
 */
hny_status hny_recurrent_step(const struct hny_recurrent *layer, struct hny_compute *compute, size_t rows,
                              const hny_real *x, size_t x_stride, const hny_real *const *previous,
                              hny_real *const *next, size_t stride);

#endif
