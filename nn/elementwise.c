#include "nn/elementwise.h"

/* Partial sums that run side by side, so that the compiler may use vectors without changing the order. */
#define LANES 32

/* The lanes' sum, halves added to halves. */
HNY_INLINE hny_real fold(hny_real lane[LANES]) {
    for (size_t width = LANES / 2; width > 0; width /= 2)
        for (size_t k = 0; k < width; k++) lane[k] += lane[k + width];
    return lane[0];
}

HNY_KERNEL hny_real hny_dot(const hny_real *x, const hny_real *y, size_t count) {
    hny_real lane[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (size_t k = 0; k < LANES; k++) lane[k] += x[i + k] * y[i + k];
    for (size_t k = 0; i + k < count; k++) lane[k] += x[i + k] * y[i + k];
    return fold(lane);
}

HNY_KERNEL hny_real hny_sum(const hny_real *x, size_t count) {
    hny_real lane[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (size_t k = 0; k < LANES; k++) lane[k] += x[i + k];
    for (size_t k = 0; i + k < count; k++) lane[k] += x[i + k];
    return fold(lane);
}

HNY_KERNEL hny_real hny_max(const hny_real *x, size_t count) {
    hny_real lane[LANES], largest = x[0];
    for (size_t k = 0; k < LANES; k++) lane[k] = x[0];
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (size_t k = 0; k < LANES; k++) lane[k] = x[i + k] > lane[k] ? x[i + k] : lane[k];
    for (size_t k = 0; i + k < count; k++) lane[k] = x[i + k] > lane[k] ? x[i + k] : lane[k];
    for (size_t k = 0; k < LANES; k++) largest = lane[k] > largest ? lane[k] : largest;
    return largest;
}

/* In the loops below arrays may be the same but do not overlap otherwise: no element depends on another's
 * result, which is what ivdep tells the compiler. */

HNY_KERNEL void hny_add_scaled(hny_real *y, hny_real a, const hny_real *x, size_t count) {
#pragma GCC ivdep
    for (size_t i = 0; i < count; i++) y[i] += a * x[i];
}

HNY_KERNEL void hny_scale(hny_real *y, hny_real a, size_t count) {
    for (size_t i = 0; i < count; i++) y[i] *= a;
}

HNY_KERNEL void hny_add(hny_real *y, const hny_real *x, size_t count) {
#pragma GCC ivdep
    for (size_t i = 0; i < count; i++) y[i] += x[i];
}

HNY_KERNEL void hny_multiply(hny_real *y, const hny_real *x, const hny_real *m, size_t count) {
#pragma GCC ivdep
    for (size_t i = 0; i < count; i++) y[i] = x[i] * m[i];
}

HNY_KERNEL void hny_add_product(hny_real *y, const hny_real *x, const hny_real *m, size_t count) {
#pragma GCC ivdep
    for (size_t i = 0; i < count; i++) y[i] += x[i] * m[i];
}

HNY_KERNEL void hny_add_bias(hny_real *y, size_t stride, const hny_real *bias, size_t rows, size_t count) {
    for (size_t row = 0; row < rows; row++) {
        hny_real *to = y + row * stride;
#pragma GCC ivdep
        for (size_t i = 0; i < count; i++) to[i] += bias[i];
    }
}

HNY_KERNEL void hny_bias_gradient(hny_real *db, const hny_real *dy, size_t stride, size_t rows,
                                  size_t count) {
    for (size_t row = 0; row < rows; row++) {
        const hny_real *from = dy + row * stride;
#pragma GCC ivdep
        for (size_t i = 0; i < count; i++) db[i] += from[i];
    }
}

HNY_KERNEL static void exp_shifted(hny_real *x, hny_real shift, size_t count) {
    for (size_t i = 0; i < count; i++) x[i] = hny_exp(x[i] - shift);
}

hny_real hny_exp_sum(hny_real *x, hny_real shift, size_t count) {
    exp_shifted(x, shift, count);
    return hny_sum(x, count);
}
