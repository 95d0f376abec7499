#include "nn/dropout.h"

#include "nn/elementwise.h"

/* A Philox block of 128 bits decides eight elements, 16 bits each. */
enum { ELEMENTS_A_BLOCK = 8 };

static uint32_t threshold_of(double rate) {
    return (uint32_t)(rate * 65536 + 0.5);
}

static hny_real scale_of(double rate) {
    return (hny_real)(65536.0 / (65536.0 - threshold_of(rate)));
}

static uint8_t *draw(struct hny_compute *compute, uint32_t number, double rate, size_t count) {
    uint8_t *keep = hny_arena_take(compute->arena, count + ELEMENTS_A_BLOCK, 1);
    if (!keep) return NULL;
    struct hny_random stream = hny_random_stream(compute->seed, HNY_RANDOM_DROPOUT, compute->update,
                                                 number * 65536u + compute->shard);
    uint32_t threshold = threshold_of(rate);
    for (size_t i = 0; i < count; i += ELEMENTS_A_BLOCK) {
        uint32_t words[4];
        hny_random_block(&stream, i / ELEMENTS_A_BLOCK, words);
        for (int w = 0; w < 4; w++) {
            keep[i + 2 * w] = (words[w] & 0xffff) >= threshold;
            keep[i + 2 * w + 1] = (words[w] >> 16) >= threshold;
        }
    }
    return keep;
}

HNY_KERNEL static void apply(hny_real *y, const hny_real *x, const uint8_t *keep, hny_real scale,
                             size_t count) {
    for (size_t i = 0; i < count; i++) y[i] = x[i] * (scale * keep[i]);
}

hny_status hny_dropout_forward(struct hny_compute *compute, uint32_t number, double rate, size_t rows,
                               size_t columns, const hny_real *x, size_t x_stride, hny_real *y,
                               size_t y_stride, uint8_t **keep) {
    *keep = NULL;
    if (!compute->training || rate <= 0) {
        if (x == y) return HNY_OK;
        for (size_t r = 0; r < rows; r++) memcpy(y + r * y_stride, x + r * x_stride, columns * sizeof *y);
        return HNY_OK;
    }
    *keep = draw(compute, number, rate, rows * columns);
    if (!*keep) return HNY_ERROR_MEMORY;
    hny_real scale = scale_of(rate);
    for (size_t r = 0; r < rows; r++)
        apply(y + r * y_stride, x + r * x_stride, *keep + r * columns, scale, columns);
    return HNY_OK;
}

void hny_dropout_backward(double rate, size_t rows, size_t columns, const uint8_t *keep, hny_real *dx,
                          size_t stride) {
    if (!keep) return;
    hny_real scale = scale_of(rate);
    for (size_t r = 0; r < rows; r++)
        apply(dx + r * stride, dx + r * stride, keep + r * columns, scale, columns);
}

hny_status hny_dropout_factors(struct hny_compute *compute, uint32_t number, double rate, size_t rows,
                               size_t columns, hny_real **factors) {
    *factors = NULL;
    if (!compute->training || rate <= 0) return HNY_OK;
    uint8_t *keep = draw(compute, number, rate, rows * columns);
    hny_real *made = hny_compute_take(compute, rows, columns);
    if (!keep || !made) return HNY_ERROR_MEMORY;
    hny_real scale = scale_of(rate);
    for (size_t i = 0; i < rows * columns; i++) made[i] = keep[i] * scale;
    *factors = made;
    return HNY_OK;
}
