#include "nn/dropout.h"

#include "base/profile.h"
#include "nn/elementwise.h"
#include <endian.h>

/* A Philox block of 128 bits decides eight elements, 16 bits each. */
enum { ELEMENTS_A_BLOCK = 8 };

static uint32_t threshold_of(double rate) {
    return (uint32_t)(rate * 65536 + 0.5);
}

static hny_real scale_of(double rate) {
    return (hny_real)(65536.0 / (65536.0 - threshold_of(rate)));
}

/* Whether the halves of each block's words, the lower ones first, reach THRESHOLD: a block is eight bytes,
 * one number where the lowest byte is the first. */
HNY_KERNEL static void judge(uint64_t *keep, uint32_t words[4][HNY_RANDOM_LANES], uint32_t threshold) {
    for (size_t i = 0; i < HNY_RANDOM_LANES; i++) {
        uint64_t block = 0;
        for (int w = 0; w < 4; w++) {
            block |= (uint64_t)((words[w][i] & 0xffff) >= threshold) << (16 * w);
            block |= (uint64_t)((words[w][i] >> 16) >= threshold) << (16 * w + 8);
        }
        keep[i] = htole64(block);
    }
}

static uint8_t *draw(struct hny_compute *compute, uint32_t number, double rate, size_t count) {
    const size_t together = ELEMENTS_A_BLOCK * HNY_RANDOM_LANES;
    size_t groups = (count + together - 1) / together;
    uint64_t *keep = hny_arena_take(compute->arena, groups, together);
    if (!keep) return NULL;
    struct hny_random stream = hny_random_stream(compute->seed, HNY_RANDOM_DROPOUT, compute->update,
                                                 number * 65536u + compute->shard);
    for (size_t group = 0; group < groups; group++) {
        uint32_t words[4][HNY_RANDOM_LANES];
        hny_random_lanes(&stream, group * HNY_RANDOM_LANES, words);
        judge(keep + group * HNY_RANDOM_LANES, words, threshold_of(rate));
    }
    return (uint8_t *)keep;
}

HNY_KERNEL static void apply(hny_real *y, const hny_real *x, const uint8_t *keep, hny_real scale,
                             size_t count) {
    for (size_t i = 0; i < count; i++) y[i] = x[i] * (scale * keep[i]);
}

hny_status hny_dropout_forward(struct hny_compute *compute, uint32_t number, double rate, size_t rows,
                               size_t columns, const hny_real *x, size_t x_stride, hny_real *y,
                               size_t y_stride, uint8_t **keep) {
    HNY_PROFILE("dropout");
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
    HNY_PROFILE("dropout");
    if (!keep) return;
    hny_real scale = scale_of(rate);
    for (size_t r = 0; r < rows; r++)
        apply(dx + r * stride, dx + r * stride, keep + r * columns, scale, columns);
}

hny_status hny_dropout_factors(struct hny_compute *compute, uint32_t number, double rate, size_t rows,
                               size_t columns, hny_real **factors) {
    HNY_PROFILE("dropout");
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
