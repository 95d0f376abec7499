#include "nn/elementwise.h"

#include "base/memory.h"
#include "base/random.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#define LONGEST 200

HNY_KERNEL static void map_exp(float *y, const float *x, size_t count) {
    for (size_t i = 0; i < count; i++) y[i] = hny_exp(x[i]);
}

HNY_KERNEL static void map_sigmoid(float *y, const float *x, size_t count) {
    for (size_t i = 0; i < count; i++) y[i] = hny_sigmoid(x[i]);
}

HNY_KERNEL static void map_tanh(float *y, const float *x, size_t count) {
    for (size_t i = 0; i < count; i++) y[i] = hny_tanh(x[i]);
}

typedef void mapping(float *y, const float *x, size_t count);

static mapping *const mappings[] = {map_exp, map_sigmoid, map_tanh};

static double exact_sigmoid(double x) {
    return 1 / (1 + exp(-x));
}

/* The largest error of MAP over FIRST…LAST, relative where asked for. */
static double largest_error(mapping *map, double (*exact)(double), float first, float last, bool relative) {
    static float x[1 << 16], y[1 << 16];
    const size_t block = sizeof x / sizeof x[0], blocks = 64;
    double largest = 0;
    for (size_t b = 0; b < blocks; b++) {
        for (size_t i = 0; i < block; i++)
            x[i] = (float)(first +
                           ((double)last - first) * (double)(b * block + i) / (double)(block * blocks - 1));
        map(y, x, block);
        for (size_t i = 0; i < block; i++) {
            double error = fabs(y[i] - exact(x[i])) / (relative ? exact(x[i]) : 1);
            if (!(error <= largest)) largest = error;
        }
    }
    return largest;
}

Test(elementwise, exp_keeps_its_relative_error_bound) {
    double wide = largest_error(map_exp, exp, -87, 88, true),
           narrow = largest_error(map_exp, exp, -1, 1, true);
    cr_assert_lt(wide, 3e-7, "%g", wide);
    cr_assert_lt(narrow, 3e-7, "%g", narrow);
}

Test(elementwise, sigmoid_and_tanh_keep_their_absolute_error_bounds) {
    static const float reaches[] = {100, 10, 1, 1e-3f};
    for (size_t i = 0; i < sizeof reaches / sizeof reaches[0]; i++) {
        double sigmoid = largest_error(map_sigmoid, exact_sigmoid, -reaches[i], reaches[i], false);
        double hyperbolic = largest_error(map_tanh, tanh, -reaches[i], reaches[i], false);
        cr_assert_lt(sigmoid, 3e-7, "%g within %g", sigmoid, (double)reaches[i]);
        cr_assert_lt(hyperbolic, 3e-7, "%g within %g", hyperbolic, (double)reaches[i]);
    }
}

Test(elementwise, huge_arguments_give_the_limits) {
    static const float huge[] = {89, 1e4f, 1e30f, INFINITY};
    for (size_t i = 0; i < sizeof huge / sizeof huge[0]; i++) {
        float x[2] = {huge[i], -huge[i]}, y[2];
        map_sigmoid(y, x, 2);
        cr_assert(y[0] == 1 && y[1] >= 0 && y[1] < 1e-37f, "%g %g", (double)y[0], (double)y[1]);
        map_tanh(y, x, 2);
        cr_assert(y[0] == 1 && y[1] == -1, "%g %g", (double)y[0], (double)y[1]);
        map_exp(y, x, 2);
        cr_assert(isfinite(y[0]) && y[0] > 1e38f && y[1] > 0 && y[1] < 2e-38f, "%g %g", (double)y[0],
                  (double)y[1]);
    }
}

Test(elementwise, what_is_not_a_number_stays_so) {
    for (size_t m = 0; m < sizeof mappings / sizeof mappings[0]; m++) {
        float x[20], y[20];
        for (size_t i = 0; i < 20; i++) x[i] = NAN;
        mappings[m](y, x, 20);
        for (size_t i = 0; i < 20; i++) cr_assert(isnan(y[i]));
    }
}

static void draw(float *values, size_t count, uint32_t seed) {
    struct hny_random stream = hny_random_stream(seed, HNY_RANDOM_INITIAL, 0, 0);
    for (size_t i = 0; i < count; i++) values[i] = (float)(8 * hny_random_real(&stream, i) - 4);
}

Test(elementwise, an_element_has_the_same_bytes_wherever_it_stands) {
    float x[LONGEST], whole[LONGEST], part[LONGEST];
    draw(x, LONGEST, 1);
    for (size_t m = 0; m < sizeof mappings / sizeof mappings[0]; m++) {
        mappings[m](whole, x, LONGEST);
        for (size_t start = 0; start < 40; start++)
            for (size_t count = 1; count < 80; count++) {
                mappings[m](part, x + start, count);
                cr_assert_arr_eq(part, whole + start, count * sizeof(float));
            }
    }
}

Test(elementwise, sums_products_and_maxima_are_those_of_plain_loops_at_every_length) {
    float x[LONGEST], y[LONGEST];
    draw(x, LONGEST, 2);
    draw(y, LONGEST, 3);
    for (size_t count = 1; count < LONGEST; count++) {
        double dot = 0, sum = 0, largest = x[0];
        for (size_t i = 0; i < count; i++) {
            dot += (double)x[i] * y[i];
            sum += x[i];
            if (x[i] > largest) largest = x[i];
        }
        cr_assert_float_eq(hny_dot(x, y, count), dot, 1e-3);
        cr_assert_float_eq(hny_sum(x, count), sum, 1e-3);
        cr_assert_eq(hny_max(x, count), (float)largest);
        memcpy(y, x, sizeof y);
        cr_assert_eq(hny_exp_sum(y, 4, count), hny_sum(y, count));
        map_exp(y, (float[]){x[0] - 4}, 1);
        cr_assert_float_eq(y[0], exp(x[0] - 4), 1e-6);
        draw(y, LONGEST, 3);
    }
    cr_assert_eq(hny_sum(x, 0), 0);
}

Test(elementwise, in_place_arithmetic_does_what_its_comment_says) {
    float x[LONGEST], m[LONGEST], y[LONGEST], before[LONGEST];
    draw(x, LONGEST, 4);
    draw(m, LONGEST, 5);
    for (size_t count = 0; count < LONGEST; count += 13) {
        draw(before, LONGEST, 6);
#define CHECK(call, expected)                                                                                \
    memcpy(y, before, sizeof y);                                                                             \
    call;                                                                                                    \
    for (size_t i = 0; i < LONGEST; i++)                                                                     \
    cr_assert_float_eq(y[i], i < count ? (expected) : (double)before[i], 1e-5, "%s at %zu", #call, i)
        CHECK(hny_add_scaled(y, 0.5f, x, count), before[i] + 0.5 * x[i]);
        CHECK(hny_scale(y, 3, count), 3.0 * before[i]);
        CHECK(hny_add(y, x, count), (double)before[i] + x[i]);
        CHECK(hny_multiply(y, x, m, count), (double)x[i] * m[i]);
        CHECK(hny_multiply(y, y, m, count), (double)before[i] * m[i]);
        CHECK(hny_add_product(y, x, m, count), before[i] + (double)x[i] * m[i]);
#undef CHECK
    }
}

Test(elementwise, a_bias_is_added_to_each_row_and_its_gradient_is_their_sum) {
    float y[3 * 20], before[3 * 20], bias[17], gradient[17];
    draw(before, 60, 7);
    draw(bias, 17, 8);
    memcpy(y, before, sizeof y);
    memcpy(gradient, bias, sizeof gradient);
    hny_add_bias(y, 20, bias, 3, 17);
    hny_bias_gradient(gradient, before, 20, 3, 17);
    for (size_t i = 0; i < 60; i++)
        cr_assert_float_eq(y[i], before[i] + (i % 20 < 17 ? bias[i % 20] : 0.0), 1e-6);
    for (size_t i = 0; i < 17; i++)
        cr_assert_eq(gradient[i], bias[i] + before[i] + before[20 + i] + before[40 + i]);
}

#ifdef HNY_KERNELS_CLONED
HNY_KERNEL static void multiply_add(float *z, const float *x, size_t count) {
    for (size_t i = 0; i < count; i++) z[i] = x[i] * x[i] + z[i];
}

/* (1 + 2⁻¹²)² needs one bit more than a float has: only a fused multiply-add, which the vectors bring, keeps
 * it. */
Test(elementwise, kernels_run_on_the_vectors_that_the_processor_has) {
    float x[64], z[64];
    for (size_t i = 0; i < 64; i++) x[i] = 1 + 0x1p-12f, z[i] = -1 - 0x1p-11f;
    multiply_add(z, x, 64);
    for (size_t i = 0; i < 64; i++) cr_assert_eq(z[i], __builtin_cpu_supports("fma") ? 0x1p-24f : 0);
}
#endif
