#ifndef HNY_DOUBLE

#include "nn/product_int8.h"

#include "nn/elementwise.h"

#define LARGEST 127.0f
#define INFINITY_BITS 0x7f800000u
#define LEAST_BITS                                                                                           \
    0x0c000000u /* 2⁻¹⁰³: a row of nothing larger counts as zeros, since 127 / it would overflow */

/* Bits of the largest |x|: as whole numbers they stand in the order of the floats, infinity and NaN above
 * all. */
HNY_KERNEL static uint32_t largest_bits(const float *x, size_t count) {
    uint32_t largest = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        bits &= 0x7fffffffu;
        largest = bits > largest ? bits : largest;
    }
    return largest;
}

float hny_int8_largest(const float *x, size_t count) {
    uint32_t bits = largest_bits(x, count);
    float largest;
    memcpy(&largest, &bits, sizeof largest);
    if (bits >= INFINITY_BITS) return NAN;
    return bits < LEAST_BITS ? 0 : largest;
}

/* The row's scale, and in *INVERSE what its numbers are multiplied by. */
static float scale_of(const float *x, size_t count, float *inverse) {
    float largest = hny_int8_largest(x, count);
    *inverse = largest > 0 ? LARGEST / largest : 0;
    return largest / LARGEST;
}

/* Truncation rounds to the nearest, since what it sees is positive. What is not finite is multiplied by zero
 * in vain: its row's scale tells, and any q serves. */
HNY_KERNEL static void quantise_row(size_t count, const float *x, float inverse, uint8_t *q) {
    for (size_t i = 0; i < count; i++) {
        float shifted = x[i] * inverse + (HNY_INT8_ZERO + 0.5f);
        shifted = shifted > 0 && shifted < 256 ? shifted : 0;
        q[i] = (uint8_t)(int32_t)shifted;
    }
}

void hny_int8_quantise(size_t rows, size_t columns, const float *x, size_t stride, uint8_t *q, float *scale) {
    for (size_t row = 0; row < rows; row++) {
        float inverse = 0;
        scale[row] = scale_of(x + row * stride, columns, &inverse);
        quantise_row(columns, x + row * stride, inverse, q + row * columns);
    }
}

/* Takes HNY_INT8_ZERO off in place; returns the sum of what is left. */
HNY_KERNEL static int32_t centre_row(size_t count, int8_t *q) {
    int32_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        int32_t value = (uint8_t)q[i] - HNY_INT8_ZERO;
        q[i] = (int8_t)value;
        sum += value;
    }
    return sum;
}

void hny_int8_quantise_weights(size_t rows, size_t columns, const float *w, int8_t *q, float *scale,
                               int32_t *zero_sum) {
    hny_int8_quantise(rows, columns, w, columns, (uint8_t *)q, scale);
    for (size_t row = 0; row < rows; row++)
        zero_sum[row] = HNY_INT8_ZERO * centre_row(columns, q + row * columns);
}

HNY_KERNEL static void dequantise_row(size_t count, const int32_t *restrict sums, float row_scale,
                                      const float *restrict column_scale, const int32_t *restrict zero_sum,
                                      float *restrict y, bool accumulate) {
    if (accumulate)
        for (size_t i = 0; i < count; i++)
            y[i] += (float)(sums[i] - zero_sum[i]) * (row_scale * column_scale[i]);
    else /* what is there may be anything */
        for (size_t i = 0; i < count; i++)
            y[i] = (float)(sums[i] - zero_sum[i]) * (row_scale * column_scale[i]);
}

void hny_int8_dequantise(size_t rows, size_t columns, const int32_t *sums, const float *row_scale,
                         const float *column_scale, const int32_t *zero_sum, float *y, size_t y_stride,
                         bool accumulate) {
    for (size_t row = 0; row < rows; row++)
        dequantise_row(columns, sums + row * columns, row_scale[row], column_scale, zero_sum,
                       y + row * y_stride, accumulate);
}

#endif
