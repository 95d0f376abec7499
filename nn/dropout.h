/* Dropout (Srivastava et al. 2014): an element is zero with probability RATE, else scaled by 1 / (1 - RATE).
 * Masks are functions of (seed, update, shard, number, element), so a pass can be repeated exactly. */
#ifndef HNY_NN_DROPOUT_H
#define HNY_NN_DROPOUT_H

#include "nn/compute.h"

/* y = x under a fresh mask, x and y [rows][columns] with their strides, which may be the same memory. *KEEP
 * is the mask for the backward pass (in the arena), NULL where nothing is dropped: not training, or RATE 0;
 * then y = x. NUMBER names the place in the network. */
hny_status hny_dropout_forward(struct hny_compute *compute, uint32_t number, double rate, size_t rows,
                               size_t columns, const hny_real *x, size_t x_stride, hny_real *y,
                               size_t y_stride, uint8_t **keep);

/* dx *= mask, in place; KEEP NULL changes nothing. */
void hny_dropout_backward(double rate, size_t rows, size_t columns, const uint8_t *keep, hny_real *dx,
                          size_t stride);

/* A mask as factors 0 or 1 / (1 - RATE) [rows][columns]: for masks that serve many steps. NULL factors and
 * HNY_OK where nothing is dropped. */
hny_status hny_dropout_factors(struct hny_compute *compute, uint32_t number, double rate, size_t rows,
                               size_t columns, hny_real **factors);

#endif
