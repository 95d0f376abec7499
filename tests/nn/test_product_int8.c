#include "nn/product_int8.h"

#include "base/memory.h"
#include "base/random.h"
#include "nn/product.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 9
#define OUT 70
#define IN 1100

static void check(hny_status status) {
    cr_assert_eq(status, HNY_OK, "%s", hny_message());
}

static void draw(float *values, size_t count, uint32_t seed, double size) {
    struct hny_random stream = hny_random_stream(seed, HNY_RANDOM_INITIAL, 0, 0);
    for (size_t i = 0; i < count; i++) values[i] = (float)(size * (2 * hny_random_real(&stream, i) - 1));
}

Test(product_int8, numbers_are_within_half_a_step_and_the_largest_is_kept) {
    static const double sizes[] = {1e-20, 1e-3, 1, 50, 1e30};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        float x[IN], scale = 0, largest = 0;
        uint8_t q[IN];
        draw(x, IN, 1, sizes[s]);
        hny_int8_quantise(1, IN, x, IN, q, &scale);
        for (size_t i = 0; i < IN; i++) {
            largest = fmaxf(largest, fabsf(x[i]));
            cr_assert_leq(fabs((double)scale * (q[i] - HNY_INT8_ZERO) - x[i]), 0.50001 * scale);
        }
        cr_assert_float_eq(127 * scale, largest, 1e-6 * largest);
    }
}

Test(product_int8, rows_of_zeros_and_of_what_is_not_finite_are_told_by_their_scale) {
    float x[5][20] = {{0}, {1e-38f, -1e-40f}, {1, INFINITY}, {-INFINITY, 3}, {NAN, 2}}, scale[5];
    uint8_t q[5][20];
    hny_int8_quantise(5, 20, x[0], 20, q[0], scale);
    cr_assert(scale[0] == 0 && q[0][3] == HNY_INT8_ZERO && scale[1] == 0 && q[1][0] == HNY_INT8_ZERO);
    cr_assert(isnan(scale[2]) && isnan(scale[3]) && isnan(scale[4]));
}

/* Sums in whole numbers of the library's own q, which nothing may round or saturate. */
static void check_exact(const float *x, const float *w, float *y, bool accumulate) {
    static uint8_t qx[ROWS * IN];
    static int8_t qw[OUT * IN];
    static float before[ROWS * OUT];
    float row_scale[ROWS], column_scale[OUT];
    int32_t zero_sum[OUT];
    struct hny_weights *weights = NULL;
    struct hny_products *products = NULL;
    memcpy(before, y, sizeof before);
    check(hny_weights_create(&weights, OUT, IN, HNY_PRECISION_INT8, false));
    check(hny_weights_pack(weights, w));
    check(hny_products_create(&products));
    check(hny_product(products, weights, ROWS, x, IN, y, OUT, accumulate));
    hny_int8_quantise(ROWS, IN, x, IN, qx, row_scale);
    hny_int8_quantise_weights(OUT, IN, w, qw, column_scale, zero_sum);
    for (size_t row = 0; row < ROWS; row++)
        for (size_t o = 0; o < OUT; o++) {
            int64_t sum = 0;
            for (size_t i = 0; i < IN; i++) sum += (qx[row * IN + i] - HNY_INT8_ZERO) * qw[o * IN + i];
            double expected =
                (double)sum * row_scale[row] * column_scale[o] + (accumulate ? before[row * OUT + o] : 0);
            cr_assert_float_eq(y[row * OUT + o], expected, 1e-6 * (fabs(expected) + 1),
                               "%zu, %zu: %.9g, not %.9g", row, o, (double)y[row * OUT + o], expected);
        }
    hny_weights_destroy(&weights);
    hny_products_destroy(&products);
}

Test(product_int8, products_are_exact_in_whole_numbers) {
    if (!hny_precision_supported(HNY_PRECISION_INT8)) return;
    static float x[ROWS * IN], w[OUT * IN], y[ROWS * OUT];
    draw(x, ROWS * IN, 1, 2);
    draw(w, OUT * IN, 2, 0.1);
    check_exact(x, w, y, false);
    check_exact(x, w, y, true);
}

Test(product_int8, the_largest_numbers_do_not_saturate) {
    if (!hny_precision_supported(HNY_PRECISION_INT8)) return;
    static float x[ROWS * IN], w[OUT * IN], y[ROWS * OUT];
    for (size_t i = 0; i < ROWS * IN; i++) x[i] = i / IN % 2 ? 1 : -1;
    for (size_t i = 0; i < OUT * IN; i++) w[i] = i / IN % 2 ? 1 : -1;
    check_exact(x, w, y, false);
    for (size_t i = 0; i < ROWS * OUT; i++)
        cr_assert_float_eq(y[i], (i / OUT + i % OUT) % 2 ? -(double)IN : (double)IN, 1e-3);
}

Test(product_int8, what_is_not_a_number_stays_so_and_in_its_row) {
    if (!hny_precision_supported(HNY_PRECISION_INT8)) return;
    static float x[ROWS * IN], w[OUT * IN], y[ROWS * OUT];
    struct hny_weights *weights = NULL;
    struct hny_products *products = NULL;
    draw(x, ROWS * IN, 1, 2);
    draw(w, OUT * IN, 2, 0.1);
    x[3 * IN + 7] = INFINITY;
    check(hny_weights_create(&weights, OUT, IN, HNY_PRECISION_INT8, false));
    check(hny_weights_pack(weights, w));
    check(hny_products_create(&products));
    check(hny_product(products, weights, ROWS, x, IN, y, OUT, false));
    for (size_t i = 0; i < ROWS * OUT; i++) cr_assert_eq(isnan(y[i]) != 0, i / OUT == 3);
    hny_weights_destroy(&weights);
    hny_products_destroy(&products);
}

/* Batches of every size against rows alone. */
static void check_rows(size_t out, size_t in) {
    enum { MOST = 300 };
    float *w = hny_allocate(out * in, sizeof *w), *x = hny_allocate(MOST * in, sizeof *x);
    float *alone = hny_allocate(MOST * out, sizeof *alone), *y = hny_allocate(MOST * out, sizeof *y);
    struct hny_weights *weights = NULL;
    struct hny_products *products = NULL;
    cr_assert(w && x && alone && y);
    draw(w, out * in, 1, 0.1);
    draw(x, MOST * in, 2, 1);
    check(hny_weights_create(&weights, out, in, HNY_PRECISION_INT8, false));
    check(hny_weights_pack(weights, w));
    check(hny_products_create(&products));
    for (size_t row = 0; row < MOST; row++)
        check(hny_product(products, weights, 1, x + row * in, in, alone + row * out, out, false));
    for (size_t rows = 2; rows <= MOST; rows += 13) {
        check(hny_product(products, weights, rows, x, in, y, out, false));
        cr_assert_arr_eq(y, alone, rows * out * sizeof *y, "%zu × %zu, %zu rows", out, in, rows);
    }
    float *all[] = {w, x, alone, y};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) free(all[i]);
    hny_weights_destroy(&weights);
    hny_products_destroy(&products);
}

/* Wide ones are cut by their columns where the layout allows, which it does not for 301 numbers. */
Test(product_int8, a_row_has_the_same_bytes_alone_and_in_any_batch) {
    if (!hny_precision_supported(HNY_PRECISION_INT8)) return;
    check_rows(100, 300);
    check_rows(1100, 300);
    check_rows(1034, 300);
    check_rows(1090, 300);
    check_rows(1100, 301);
}
