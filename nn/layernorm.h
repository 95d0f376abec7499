/* Layer normalisation (Ba et al. 2016) of rows, without shift (a bias follows where it is used):
 * x̂ = (x - mean) / √(variance + ε), y = gain · x̂. */
#ifndef HNY_NN_LAYERNORM_H
#define HNY_NN_LAYERNORM_H

#include "nn/real.h"
#include <stddef.h>

/* x [rows][width] becomes x̂ in place; inverse[rows] the 1 / deviation that backward needs; y = gain · x̂,
 * added to y where ACCUMULATE is not 0. */
void hny_layernorm_forward(size_t rows, size_t width, hny_real *x, hny_real *inverse, const hny_real *gain,
                           hny_real *y, int accumulate);

/* dx (which may be dy) from dy [rows][width]; adds to d_gain [width]. */
void hny_layernorm_backward(size_t rows, size_t width, const hny_real *normal, const hny_real *inverse,
                            const hny_real *gain, const hny_real *dy, hny_real *dx, hny_real *d_gain);

#endif
