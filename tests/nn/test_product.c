#include "nn/product.h"

#include "base/memory.h"
#include "base/progress.h"
#include "base/random.h"
#include "nn/product_engine.h"
#include <criterion/criterion.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Bounds on |error| / Σ |a·b|: what float sums of these lengths, and bfloat16 operands, may cost. */
#define F32_TOLERANCE 2e-6
#define BF16_TOLERANCE 8.5e-3

#define LARGEST_ROWS 600

static float *draw(size_t count, uint32_t seed) {
    float *values = hny_allocate(count, sizeof *values);
    cr_assert_not_null(values);
    struct hny_random stream = hny_random_stream(seed, HNY_RANDOM_INITIAL, 0, 0);
    for (size_t i = 0; i < count; i++) values[i] = (float)(2 * hny_random_real(&stream, i) - 1);
    return values;
}

static void check(hny_status status) {
    cr_assert_eq(status, HNY_OK, "%s", hny_message());
}

static double tolerance(enum hny_precision precision) {
    return precision == HNY_PRECISION_BF16 ? BF16_TOLERANCE : F32_TOLERANCE;
}

struct fixture {
    size_t out, in;
    enum hny_precision precision;
    float *w;
    struct hny_weights *weights;
    struct hny_products *products;
};

static struct fixture open_fixture(size_t out, size_t in, enum hny_precision precision) {
    struct fixture f = {.out = out, .in = in, .precision = precision, .w = draw(out * in, 1)};
    check(hny_weights_create(&f.weights, out, in, precision, precision != HNY_PRECISION_INT8));
    check(hny_weights_pack(f.weights, f.w));
    check(hny_products_create(&f.products));
    return f;
}

static void close_fixture(struct fixture *f) {
    hny_products_destroy(&f->products);
    hny_weights_destroy(&f->weights);
    free(f->w);
}

/* result ≈ base + Σ over INNER of a·b, judged against Σ |a·b|. */
static void check_near(double result, double base, const float *a, size_t a_step, const float *b,
                       size_t b_step, size_t inner, double relative, const char *what) {
    double sum = base, size = fabs(base);
    for (size_t k = 0; k < inner; k++) {
        sum += (double)a[k * a_step] * b[k * b_step];
        size += fabs((double)a[k * a_step] * b[k * b_step]);
    }
    cr_assert(fabs(result - sum) <= relative * size, "%s: %.9g, not %.9g", what, result, sum);
}

/* All three products of ROWS rows with gaps between the rows, some elements against sums in double. */
static void check_products(struct fixture *f, size_t rows, bool accumulate) {
    size_t out = f->out, in = f->in, x_stride = in + 3, y_stride = out + 5;
    float *x = draw(rows * x_stride, 2), *dy = draw(rows * y_stride, 3);
    float *y = draw(rows * y_stride, 4), *y0 = draw(rows * y_stride, 4);
    float *dx = draw(rows * x_stride, 5), *dx0 = draw(rows * x_stride, 5);
    float *dw = draw(out * in, 6), *dw0 = draw(out * in, 6);
    double relative = tolerance(f->precision);
    check(hny_product(f->products, f->weights, rows, x, x_stride, y, y_stride, accumulate));
    check(hny_product_input_gradient(f->products, f->weights, rows, dy, y_stride, dx, x_stride, accumulate));
    check(hny_product_weight_gradient(f->products, f->precision, rows, out, in, dy, y_stride, x, x_stride, dw,
                                      accumulate));
    for (size_t row = 0; row < rows; row++) {
        for (size_t k = row % 7; k < out; k += 7)
            check_near(y[row * y_stride + k], accumulate ? y0[row * y_stride + k] : 0, x + row * x_stride, 1,
                       f->w + k * in, 1, in, relative, "forward");
        for (size_t k = row % 7; k < in; k += 7)
            check_near(dx[row * x_stride + k], accumulate ? dx0[row * x_stride + k] : 0, dy + row * y_stride,
                       1, f->w + k, in, out, relative, "input gradient");
        cr_assert_arr_eq(y + row * y_stride + out, y0 + row * y_stride + out, 5 * sizeof *y, "gap written");
        cr_assert_arr_eq(dx + row * x_stride + in, dx0 + row * x_stride + in, 3 * sizeof *dx, "gap written");
    }
    for (size_t k = 0; k < out * in; k += 11)
        check_near(dw[k], accumulate ? dw0[k] : 0, dy + k / in, y_stride, x + k % in, x_stride, rows,
                   relative, "weight gradient");
    float *all[] = {x, dy, y, y0, dx, dx0, dw, dw0};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) free(all[i]);
}

static const struct {
    size_t out, in;
} shapes[] = {{1, 1},     {7, 5},    {64, 32},   {100, 300}, {96, 513},
              {512, 128}, {530, 40}, {40, 1050}, {9000, 20}, {20, 9000}};

#define SHAPES (sizeof shapes / sizeof shapes[0])

static const size_t row_counts[] = {1, 2, 3, 17, 51, 61, 64, 125, 255, 256, 257, 600};

/* The engine of this processor, and ours, which serves others. */
static const struct hny_product_engine *const engines[] = {NULL, &hny_product_blocked};

#define ENGINES (sizeof engines / sizeof engines[0])

static void check_precision(enum hny_precision precision) {
    for (size_t s = 0; s < SHAPES; s++) {
        struct fixture f = open_fixture(shapes[s].out, shapes[s].in, precision);
        for (size_t r = 0; r < sizeof row_counts / sizeof row_counts[0]; r++)
            check_products(&f, row_counts[r], r % 2 == 0);
        close_fixture(&f);
    }
}

static void check_engines(enum hny_precision precision) {
    for (size_t e = 0; e < ENGINES; e++) {
        hny_product_use(engines[e]);
        if (hny_precision_supported(precision)) check_precision(precision);
    }
}

Test(product, float32_products_are_those_of_sums_in_double) {
    check_engines(HNY_PRECISION_F32);
}

Test(product, bfloat16_products_are_within_the_rounding_of_their_operands) {
    check_engines(HNY_PRECISION_BF16);
}

/* Every row of a batch of ROWS, forward and back, has the bytes that it has alone. */
static void check_rows_alone(struct fixture *f, size_t rows, const float *x, const float *y_alone,
                             const float *dx_alone, float *y, float *dx) {
    size_t out = f->out, in = f->in;
    check(hny_product(f->products, f->weights, rows, x, in, y, out, false));
    cr_assert_arr_eq(y, y_alone, rows * out * sizeof *y, "%s: %zu rows of %zu × %zu differ from rows alone",
                     hny_precision_name(f->precision), rows, out, in);
    /* Any numbers serve as an output's gradient: the results themselves. */
    check(hny_product_input_gradient(f->products, f->weights, rows, y_alone, out, dx, in, false));
    cr_assert_arr_eq(dx, dx_alone, rows * in * sizeof *dx, "%s: %zu rows back through %zu × %zu differ",
                     hny_precision_name(f->precision), rows, out, in);
}

static void check_invariance(size_t out, size_t in, enum hny_precision precision, size_t step) {
    struct fixture f = open_fixture(out, in, precision);
    float *x = draw(LARGEST_ROWS * in, 7);
    float *y_alone = hny_allocate(LARGEST_ROWS * out, sizeof(float)),
          *y = hny_allocate(LARGEST_ROWS * out, 4);
    float *dx_alone = hny_allocate(LARGEST_ROWS * in, sizeof(float)),
          *dx = hny_allocate(LARGEST_ROWS * in, 4);
    cr_assert(y && y_alone && dx && dx_alone);
    for (size_t row = 0; row < LARGEST_ROWS; row++) {
        check(hny_product(f.products, f.weights, 1, x + row * in, in, y_alone + row * out, out, false));
        check(hny_product_input_gradient(f.products, f.weights, 1, y_alone + row * out, out,
                                         dx_alone + row * in, in, false));
    }
    for (size_t rows = 2; rows <= LARGEST_ROWS; rows += rows < 20 ? 1 : step)
        check_rows_alone(&f, rows, x, y_alone, dx_alone, y, dx);
    float *all[] = {x, y, y_alone, dx, dx_alone};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) free(all[i]);
    close_fixture(&f);
}

static void check_invariance_of_engines(enum hny_precision precision) {
    for (size_t e = 0; e < ENGINES; e++) {
        hny_product_use(engines[e]);
        if (!hny_precision_supported(precision)) continue;
        check_invariance(7, 5, precision, 31);
        check_invariance(256, 64, precision, 31);
        check_invariance(100, 300, precision, 53);
        check_invariance(96, 513, precision, 53);
        check_invariance(300, 1024, precision, 97);
        check_invariance(1100, 600, precision, 131);
        check_invariance(530, 1050, precision, 131);
        check_invariance(20, 9000, precision, 293);
    }
}

Test(product, a_float32_row_has_the_same_bytes_alone_and_in_any_batch) {
    check_invariance_of_engines(HNY_PRECISION_F32);
}

Test(product, a_bfloat16_row_has_the_same_bytes_alone_and_in_any_batch) {
    check_invariance_of_engines(HNY_PRECISION_BF16);
}

/* Rows with gaps between them, on either side, against rows that stand close. */
static void check_gaps(struct fixture *f, size_t rows, size_t x_gap, size_t y_gap, bool accumulate) {
    size_t out = f->out, in = f->in, x_stride = in + x_gap, y_stride = out + y_gap;
    float *x = draw(rows * in, 8), *y = draw(rows * out, 9);
    float *x_apart = draw(rows * x_stride, 10), *y_apart = draw(rows * y_stride, 11);
    for (size_t row = 0; row < rows; row++) {
        memcpy(x_apart + row * x_stride, x + row * in, in * sizeof *x);
        memcpy(y_apart + row * y_stride, y + row * out, out * sizeof *y);
    }
    check(hny_product(f->products, f->weights, rows, x, in, y, out, accumulate));
    check(hny_product(f->products, f->weights, rows, x_apart, x_stride, y_apart, y_stride, accumulate));
    for (size_t row = 0; row < rows; row++)
        cr_assert_arr_eq(y_apart + row * y_stride, y + row * out, out * sizeof *y,
                         "%s: row %zu of %zu, gaps of %zu and %zu", hny_precision_name(f->precision), row,
                         rows, x_gap, y_gap);
    float *all[] = {x, y, x_apart, y_apart};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) free(all[i]);
}

Test(product, gaps_between_rows_change_no_byte) {
    static const enum hny_precision precisions[] = {HNY_PRECISION_F32, HNY_PRECISION_BF16,
                                                    HNY_PRECISION_INT8};
    for (size_t e = 0; e < ENGINES; e++)
        for (size_t p = 0; p < sizeof precisions / sizeof precisions[0]; p++) {
            hny_product_use(engines[e]);
            if (!hny_precision_supported(precisions[p])) continue;
            struct fixture f = open_fixture(96, 48, precisions[p]);
            for (unsigned what = 0; what < 8; what++)
                for (size_t rows = 1; rows <= 300; rows = rows * 3 + 1)
                    check_gaps(&f, rows, what & 1 ? 17 : 0, what & 2 ? 5 : 0, what & 4);
            close_fixture(&f);
        }
}

struct job {
    pthread_t thread;
    struct fixture *fixture;
    size_t rows;
    float *x, *y, *dw;
};

static void *work(void *argument) {
    struct job *job = argument;
    struct fixture *f = job->fixture;
    struct hny_products *products = NULL;
    check(hny_products_create(&products));
    for (int round = 0; round < 20; round++) {
        check(hny_product(products, f->weights, job->rows, job->x, f->in, job->y, f->out, false));
        check(hny_product_weight_gradient(products, f->precision, job->rows, f->out, f->in, job->y, f->out,
                                          job->x, f->in, job->dw, false));
    }
    hny_products_destroy(&products);
    return NULL;
}

/* Two threads, the same weights, other rows. */
static void run_jobs(struct fixture *f, bool together, struct job jobs[2]) {
    for (size_t i = 0; i < 2; i++) {
        size_t rows = i ? 130 : 60;
        jobs[i] = (struct job){.fixture = f, .rows = rows, .x = draw(rows * f->in, (uint32_t)i)};
        jobs[i].y = hny_allocate(rows * f->out, sizeof(float));
        jobs[i].dw = hny_allocate(f->out * f->in, sizeof(float));
        cr_assert(jobs[i].y && jobs[i].dw);
        cr_assert_eq(pthread_create(&jobs[i].thread, NULL, work, &jobs[i]), 0);
        if (!together) pthread_join(jobs[i].thread, NULL);
    }
    for (size_t i = 0; together && i < 2; i++) pthread_join(jobs[i].thread, NULL);
}

Test(product, two_threads_at_once_get_what_they_get_one_after_the_other) {
    struct fixture f = open_fixture(320, 200, hny_precision_fastest());
    struct job one_by_one[2], together[2];
    run_jobs(&f, false, one_by_one);
    run_jobs(&f, true, together);
    for (size_t i = 0; i < 2; i++) {
        cr_assert_arr_eq(together[i].y, one_by_one[i].y, together[i].rows * f.out * sizeof(float));
        cr_assert_arr_eq(together[i].dw, one_by_one[i].dw, f.out * f.in * sizeof(float));
        float *all[] = {together[i].x,   together[i].y,   together[i].dw,
                        one_by_one[i].x, one_by_one[i].y, one_by_one[i].dw};
        for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) free(all[k]);
    }
    close_fixture(&f);
}

Test(product, bad_sizes_and_precisions_are_refused) {
    struct hny_weights *weights = NULL;
    enum hny_precision precision = HNY_PRECISION_F32;
    cr_assert_eq(hny_weights_create(&weights, 0, 4, HNY_PRECISION_F32, false), HNY_ERROR_USAGE);
    cr_assert_eq(hny_weights_create(&weights, (size_t)1 << 40, (size_t)1 << 40, HNY_PRECISION_F32, false),
                 HNY_ERROR_USAGE);
    cr_assert_eq(hny_weights_create(&weights, 4, 4, (enum hny_precision)99, false), HNY_ERROR_USAGE);
    cr_assert_eq(hny_weights_create(&weights, 4, 4, HNY_PRECISION_INT8, true), HNY_ERROR_USAGE);
    cr_assert_null(weights);
    cr_assert_eq(hny_precision_parse("f64", &precision), HNY_ERROR_USAGE);
    cr_assert(strstr(hny_message(), "f64") && strstr(hny_message(), "bf16"), "%s", hny_message());
    cr_assert_eq(hny_precision_parse("f32", &precision), HNY_OK);
    cr_assert_eq(precision, HNY_PRECISION_F32);
}

Test(product, weights_without_gradients_refuse_an_input_gradient) {
    struct hny_weights *weights = NULL;
    struct hny_products *products = NULL;
    float one = 1;
    check(hny_weights_create(&weights, 1, 1, HNY_PRECISION_F32, false));
    check(hny_weights_pack(weights, &one));
    check(hny_products_create(&products));
    cr_assert_eq(hny_product_input_gradient(products, weights, 1, &one, 1, &one, 1, false), HNY_ERROR_USAGE);
    hny_weights_destroy(&weights);
    hny_products_destroy(&products);
}

/* What hny_product_watch told: how often, and the last time. */
static struct told {
    size_t times[3], rows, out, in;
    enum hny_precision precision;
    double seconds; /* of all */
} told;

static void note(enum hny_product_kind kind, enum hny_precision precision, size_t rows, size_t out, size_t in,
                 double seconds) {
    told = (struct told){.times = {told.times[0], told.times[1], told.times[2]},
                         .rows = rows,
                         .out = out,
                         .in = in,
                         .precision = precision,
                         .seconds = told.seconds + seconds};
    told.times[kind]++;
}

Test(product, a_watcher_is_told_of_every_product) {
    enum { OUT = 3, IN = 5, ROWS = 4 };
    float x[ROWS * IN] = {0}, y[ROWS * OUT] = {0}, dw[OUT * IN] = {0};
    struct fixture f = open_fixture(OUT, IN, HNY_PRECISION_F32);
    double begin = hny_seconds();
    hny_product_watch(note);
    check(hny_product(f.products, f.weights, ROWS, x, IN, y, OUT, false));
    cr_assert(told.rows == ROWS && told.out == OUT && told.in == IN && told.times[HNY_PRODUCT_FORWARD] == 1);
    check(hny_product_input_gradient(f.products, f.weights, 2, y, OUT, x, IN, false));
    cr_assert(told.rows == 2 && told.out == OUT && told.in == IN);
    cr_assert_eq(told.times[HNY_PRODUCT_INPUT_GRADIENT], 1);
    check(hny_product_weight_gradient(f.products, HNY_PRECISION_F32, 3, OUT, IN, y, OUT, x, IN, dw, true));
    cr_assert(told.rows == 3 && told.out == OUT && told.in == IN && told.precision == HNY_PRECISION_F32);
    cr_assert_eq(told.times[HNY_PRODUCT_WEIGHT_GRADIENT], 1);
    cr_assert(told.seconds > 0 && told.seconds < hny_seconds() - begin, "%g s", told.seconds);
    hny_product_watch(NULL);
    check(hny_product(f.products, f.weights, ROWS, x, IN, y, OUT, false));
    cr_assert_eq(told.times[HNY_PRODUCT_FORWARD], 1, "told when nobody watches");
    close_fixture(&f);
}

Test(product, weights_lie_in_the_storage_that_is_given) {
    enum { OUT = 70, IN = 40, ROWS = 3, BYTES = 1 << 20 };
    float *w = draw(OUT * IN, 1), *x = draw(ROWS * IN, 2), y[ROWS * OUT], expected[ROWS * OUT];
    char *storage = hny_allocate(BYTES, 1), *copy = hny_allocate(BYTES, 1);
    cr_assert(storage && copy);
    for (int p = HNY_PRECISION_F32; p <= HNY_PRECISION_INT8; p++) {
        enum hny_precision precision = (enum hny_precision)p;
        struct hny_weights *alone = NULL, *inside = NULL, *mapped = NULL, *none = NULL;
        struct hny_products *products = NULL;
        size_t used = 0, again = 0;
        if (!hny_precision_supported(precision)) continue;
        check(hny_products_create(&products));
        check(hny_weights_create(&alone, OUT, IN, precision, false));
        check(hny_weights_pack(alone, w));
        check(hny_product(products, alone, ROWS, x, IN, expected, OUT, false));
        check(hny_weights_create_in(&inside, OUT, IN, precision, storage, BYTES, &used));
        check(hny_weights_pack(inside, w));
        cr_assert(used % 64 == 0 && used >= hny_weights_bytes(inside) && used < BYTES);
        memcpy(copy, storage, used);
        hny_weights_destroy(&inside);
        check(hny_weights_create_in(&mapped, OUT, IN, precision, copy, used, &again));
        cr_assert_eq(again, used);
        check(hny_product(products, mapped, ROWS, x, IN, y, OUT, false));
        cr_assert_arr_eq(y, expected, sizeof y, "%s", hny_precision_name(precision));
        cr_assert_eq(hny_weights_create_in(&none, OUT, IN, precision, copy, used - 64, &again),
                     HNY_ERROR_MEMORY);
        cr_assert_null(none);
        hny_weights_destroy(&mapped);
        hny_weights_destroy(&alone);
        hny_products_destroy(&products);
    }
    free(w);
    free(x);
    free(storage);
    free(copy);
}
