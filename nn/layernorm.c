#include "nn/layernorm.h"

#include "nn/elementwise.h"

static const double epsilon = 1e-5;

HNY_KERNEL static void normalise(size_t width, hny_real *x, hny_real mean, hny_real inverse) {
    for (size_t k = 0; k < width; k++) x[k] = (x[k] - mean) * inverse;
}

HNY_KERNEL static void centre(size_t width, hny_real *x, hny_real mean) {
    for (size_t k = 0; k < width; k++) x[k] -= mean;
}

void hny_layernorm_forward(size_t rows, size_t width, hny_real *x, hny_real *inverse, const hny_real *gain,
                           hny_real *y, int accumulate) {
    for (size_t r = 0; r < rows; r++) {
        hny_real *row = x + r * width;
        centre(width, row, hny_sum(row, width) / (hny_real)width);
        hny_real variance = hny_dot(row, row, width) / (hny_real)width;
        inverse[r] = 1 / (hny_real)sqrt(variance + epsilon);
        normalise(width, row, 0, inverse[r]);
        if (accumulate)
            hny_add_product(y + r * width, row, gain, width);
        else
            hny_multiply(y + r * width, row, gain, width);
    }
}

HNY_KERNEL static void back(size_t width, const hny_real *normal, const hny_real *gain, const hny_real *dy,
                            hny_real *dx, hny_real mean, hny_real slope, hny_real inverse) {
    for (size_t k = 0; k < width; k++) dx[k] = inverse * (dy[k] * gain[k] - mean - normal[k] * slope);
}

/* Σ dy·gain and Σ dy·gain·x̂, in lanes as hny_dot does. */
HNY_KERNEL static void moments(size_t width, const hny_real *normal, const hny_real *gain, const hny_real *dy,
                               hny_real *sum, hny_real *slope) {
    enum { LANES = 16 };
    hny_real sums[LANES] = {0}, slopes[LANES] = {0};
    size_t whole = width / LANES * LANES;
    for (size_t k = 0; k < whole; k += LANES)
        for (size_t l = 0; l < LANES; l++) {
            hny_real d = dy[k + l] * gain[k + l];
            sums[l] += d;
            slopes[l] += d * normal[k + l];
        }
    for (size_t k = whole; k < width; k++) {
        sums[k - whole] += dy[k] * gain[k];
        slopes[k - whole] += dy[k] * gain[k] * normal[k];
    }
    *sum = *slope = 0;
    for (size_t l = 0; l < LANES; l++) *sum += sums[l], *slope += slopes[l];
}

void hny_layernorm_backward(size_t rows, size_t width, const hny_real *normal, const hny_real *inverse,
                            const hny_real *gain, const hny_real *dy, hny_real *dx, hny_real *d_gain) {
    for (size_t r = 0; r < rows; r++) {
        hny_real sum, slope;
        const hny_real *row = normal + r * width, *d = dy + r * width;
        moments(width, row, gain, d, &sum, &slope);
        hny_add_product(d_gain, d, row, width);
        back(width, row, gain, d, dx + r * width, sum / (hny_real)width, slope / (hny_real)width, inverse[r]);
    }
}
