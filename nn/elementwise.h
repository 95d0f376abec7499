/* Arithmetic on rows: functions that the compiler turns into vector loops, compiled for several instruction
 * sets and chosen when the program starts.
 *
 * Inline functions are branch-free, so that a loop over them vectorises inside a function marked HNY_KERNEL.
 * Sums run over a fixed number of lanes in a fixed order, so a row's sum does not depend on what surrounds
 * it. In the double build they are libm's. */
#ifndef HNY_NN_ELEMENTWISE_H
#define HNY_NN_ELEMENTWISE_H

#include "base/kernel.h"
#include "nn/real.h"
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef HNY_DOUBLE

HNY_INLINE hny_real hny_exp(hny_real x) {
    return exp(x);
}

HNY_INLINE hny_real hny_sigmoid(hny_real x) {
    return 1 / (1 + exp(-x));
}

HNY_INLINE hny_real hny_tanh(hny_real x) {
    return tanh(x);
}

#else

/* eˣ: relative error below 3e-7 for x in [-87, 88]; outside, the value at the nearer end. */
HNY_INLINE hny_real hny_exp(hny_real x) {
    /* x = n·ln 2 + r with |r| ≤ ln 2 / 2; ln 2 in two parts so that r keeps its digits (Cody & Waite 1980).
     */
    x = x > 88.0f ? 88.0f : x;
    x = x < -87.0f ? -87.0f : x;
    float shifted = x * 1.44269504f + 12582912.0f; /* 1.5·2²³: adding it rounds to an integer */
    float n = shifted - 12582912.0f;
    float r = x - n * 0.693359375f - n * -2.12194440e-4f;
    float p = 1.98756915e-4f;
    p = p * r + 1.39819995e-3f;
    p = p * r + 8.33345190e-3f;
    p = p * r + 4.16657959e-2f;
    p = p * r + 1.66666655e-1f;
    p = p * r + 5.00000012e-1f;
    p = p * r * r + r + 1.0f;
    int32_t bits;
    memcpy(&bits, &p, sizeof bits);
    bits = (int32_t)((uint32_t)bits + ((uint32_t)(int32_t)n << 23));
    memcpy(&p, &bits, sizeof p);
    return p;
}

/* 1 / (1 + e⁻ˣ): absolute error below 3e-7. */
HNY_INLINE hny_real hny_sigmoid(hny_real x) {
    return 1.0f / (1.0f + hny_exp(-x));
}

/* tanh x: absolute error below 3e-7. */
HNY_INLINE hny_real hny_tanh(hny_real x) {
    return 1.0f - 2.0f / (1.0f + hny_exp(2.0f * x));
}

#endif

/* Σ x[i]·y[i]; Σ x[i]; largest x[i] (COUNT > 0). */
hny_real hny_dot(const hny_real *x, const hny_real *y, size_t count);
hny_real hny_sum(const hny_real *x, size_t count);
hny_real hny_max(const hny_real *x, size_t count);

/* y += a·x; y *= a; y += x. */
void hny_add_scaled(hny_real *y, hny_real a, const hny_real *x, size_t count);
void hny_scale(hny_real *y, hny_real a, size_t count);
void hny_add(hny_real *y, const hny_real *x, size_t count);

/* y[i] = x[i]·m[i]; y[i] += x[i]·m[i]. */
void hny_multiply(hny_real *y, const hny_real *x, const hny_real *m, size_t count);
void hny_add_product(hny_real *y, const hny_real *x, const hny_real *m, size_t count);

/* Each of ROWS rows of y gets BIAS [count] added; db[count] += sum of the rows of dy, in row order. */
void hny_add_bias(hny_real *y, size_t stride, const hny_real *bias, size_t rows, size_t count);
void hny_bias_gradient(hny_real *db, const hny_real *dy, size_t stride, size_t rows, size_t count);

/* x[i] = exp(x[i] - SHIFT); returns the sum of the results. */
hny_real hny_exp_sum(hny_real *x, hny_real shift, size_t count);

#endif
