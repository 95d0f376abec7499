/* Rows of floats as eight-bit whole numbers times a scale, for products of translation.
 *
 * A row x is kept as q with x ≈ scale·(q - HNY_INT8_ZERO), scale = largest |x| / 127, so a row's numbers
 * depend on that row alone. A row that holds infinity or what is not a number gets a scale that is not a
 * number, and so do the results that it takes part in. */
#ifndef HNY_NN_PRODUCT_INT8_H
#define HNY_NN_PRODUCT_INT8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HNY_INT8_ZERO 128

/* Sums of products of inner dimensions up to here fit 32 bits. */
#define HNY_INT8_LARGEST_INNER ((size_t)65536)

/* The largest |x| of a row of COUNT, which a scale is a 127th of: 0 for a row so small that it counts as
 * zeros, not a number for one with what is not finite. */
float hny_int8_largest(const float *x, size_t count);

/* q[rows][columns] and scale[rows] from x, STRIDE elements from row to row. */
void hny_int8_quantise(size_t rows, size_t columns, const float *x, size_t stride, uint8_t *q, float *scale);

/* The same for weights: q is signed, without HNY_INT8_ZERO; zero_sum[rows] = HNY_INT8_ZERO · the sum of q's
 * row. */
void hny_int8_quantise_weights(size_t rows, size_t columns, const float *w, int8_t *q, float *scale,
                               int32_t *zero_sum);

/* y[rows][columns] (+)= (sums - zero_sum[column]) · (row_scale[row] · column_scale[column]); SUMS is without
 * gaps. */
void hny_int8_dequantise(size_t rows, size_t columns, const int32_t *sums, const float *row_scale,
                         const float *column_scale, const int32_t *zero_sum, float *y, size_t y_stride,
                         bool accumulate);

#endif
