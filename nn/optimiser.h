/* Turns gradients into new weights: Adam (Kingma & Ba 2015, with bias correction) or stochastic gradient
 * descent, clipping by global norm, exponential moving average. One pass over the block, split over threads
 * in fixed parts, so the result does not depend on how many there are. */
#ifndef HNY_NN_OPTIMISER_H
#define HNY_NN_OPTIMISER_H

#include "nn/gradients.h"

enum hny_optimiser_kind { HNY_OPTIMISER_ADAM, HNY_OPTIMISER_SGD };

struct hny_optimiser_options {
    enum hny_optimiser_kind kind;
    double beta1, beta2, epsilon; /* Adam: 0.9, 0.98, 1e-9 */
    double momentum;              /* SGD: 0 */
    double clip;                  /* largest norm of the whole gradient; 0 off */
    double average;               /* decay of the moving average, such as 0.999; 0 off */
    double weight_decay;          /* decoupled (Loshchilov & Hutter 2019), scaled by the rate; 0 off */
};

/* The state; every block has parameters->count elements. */
struct hny_optimiser {
    struct hny_optimiser_options options;
    uint64_t step;     /* updates applied */
    hny_real *first;   /* Adam's mean, SGD's momentum; NULL where not used */
    hny_real *second;  /* Adam's mean square; NULL where not used */
    hny_real *average; /* NULL where averaging is off */
    double *part_sums; /* of squared gradients; scratch of a step */
};

hny_status hny_optimiser_create(struct hny_optimiser **optimiser, const struct hny_parameters *parameters,
                                const struct hny_optimiser_options *options);
void hny_optimiser_destroy(struct hny_optimiser **optimiser);

/* One update with learning rate RATE from GRADIENTS, whose notes are computed, multiplied by SCALE (1 /
 * target tokens, for a mean). *NORM: the gradient's norm before clipping; where it is not finite the weights
 * stay as they are, and HNY_ERROR_NUMERIC is returned. Frozen tensors keep their values. The average decays
 * by min(average, (step + 1) / (step + 10)), so that it starts from the weights. */
hny_status hny_optimiser_step(struct hny_optimiser *optimiser, struct hny_parameters *parameters,
                              struct hny_gradients *gradients, double scale, double rate,
                              struct hny_threads *threads, double *norm);

#endif
