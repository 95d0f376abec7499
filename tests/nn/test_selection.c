#include "nn/selection.h"

#include "base/memory.h"
#include "base/random.h"
#include "nn/product_engine.h"
#include <criterion/criterion.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define ARRAY_COUNT(array) (sizeof(array) / sizeof *(array))

static void check(hny_status status) {
    cr_assert_eq(status, HNY_OK, "%s", hny_message());
}

static float *draw(size_t count, uint32_t seed) {
    float *values = hny_allocate(count, sizeof *values);
    cr_assert_not_null(values);
    struct hny_random stream = hny_random_stream(seed, HNY_RANDOM_INITIAL, 0, 0);
    for (size_t i = 0; i < count; i++) values[i] = (float)(2 * hny_random_real(&stream, i) - 1);
    return values;
}

struct whole {
    size_t out, in;
    enum hny_precision precision;
    float *w, *x, *y;
    struct hny_weights *weights;
    struct hny_products *products;
    struct hny_selector *selector;
};

enum { LARGEST_ROWS = 170, OUT = 1500 };

static struct whole open_whole(size_t in, enum hny_precision precision) {
    struct whole whole = {.out = OUT, .in = in, .precision = precision, .w = draw(OUT * in, 1)};
    whole.x = draw(LARGEST_ROWS * in, 2);
    whole.y = draw((size_t)LARGEST_ROWS * OUT, 3);
    check(hny_weights_create(&whole.weights, OUT, in, precision, false));
    check(hny_weights_pack(whole.weights, whole.w));
    check(hny_products_create(&whole.products));
    check(hny_selector_create(&whole.selector, OUT, in, hny_weights_precision(whole.weights)));
    check(hny_product(whole.products, whole.weights, LARGEST_ROWS, whole.x, in, whole.y, OUT, false));
    return whole;
}

static void close_whole(struct whole *whole) {
    hny_selector_destroy(&whole->selector);
    hny_products_destroy(&whole->products);
    hny_weights_destroy(&whole->weights);
    free(whole->w);
    free(whole->x);
    free(whole->y);
}

/* COUNT rows that are not neighbours. */
static void choose(int32_t *ids, size_t count, size_t round) {
    for (size_t i = 0; i < count; i++) ids[i] = (int32_t)((i * OUT / count + round) % OUT);
}

static void expect_columns(const struct whole *whole, const struct hny_selection *selection,
                           const int32_t *ids, size_t first, size_t rows) {
    size_t width = hny_selection_width(selection->count);
    float *y = draw(rows * width, 4);
    check(hny_selection_product(whole->selector, whole->products, selection, rows,
                                whole->x + first * whole->in, y));
    for (size_t row = 0; row < rows; row++) {
        for (size_t c = 0; c < selection->count; c++)
            cr_assert(
                memcmp(&y[row * width + c], &whole->y[(first + row) * OUT + (size_t)ids[c]], sizeof *y) == 0,
                "%s, %zu columns of %zu: row %zu of %zu, column %zu: %.9g, not %.9g", hny_product_library(),
                selection->count, whole->in, row, rows, c, (double)y[row * width + c],
                (double)whole->y[(first + row) * OUT + (size_t)ids[c]]);
        for (size_t c = selection->count; c < width; c++) cr_assert_eq(y[row * width + c], 0);
    }
    free(y);
}

/* Two selections in turn, so that one's weights do not stand in for the other's. */
static void check_whole(size_t in, enum hny_precision precision) {
    static const size_t counts[] = {1, 63, 64, 128, 129, 400, 700, OUT}, rows[] = {1, 2, 5, 8, 12, 160};
    static int32_t ids[2][OUT];
    struct whole whole = open_whole(in, precision);
    struct hny_selection selections[2] = {{0}, {0}};
    for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
        for (size_t s = 0; s < 2; s++) {
            choose(ids[s], counts[i], s * 7);
            check(hny_selection_pack(whole.selector, whole.products, &selections[s], whole.w, ids[s],
                                     counts[i]));
        }
        for (size_t r = 0; r < ARRAY_COUNT(rows); r++)
            for (size_t s = 0; s < 2; s++) expect_columns(&whole, &selections[s], ids[s], r, rows[r]);
    }
    for (size_t s = 0; s < 2; s++) hny_selection_free(&selections[s]);
    close_whole(&whole);
}

static void check_engine(const struct hny_product_engine *engine) {
    static const size_t widths[] = {40, 384, 512, 513, 1024, 1100};
    hny_product_use(engine);
    for (int p = 0; p <= HNY_PRECISION_INT8; p++)
        for (size_t i = 0; i < ARRAY_COUNT(widths) && hny_precision_supported((enum hny_precision)p); i++)
            check_whole(widths[i], (enum hny_precision)p);
    hny_product_use(NULL);
}

Test(selection, products_with_selected_rows_are_the_bytes_of_the_whole_product) {
    check_engine(NULL);
}

Test(selection, so_they_are_with_blocked_loops) {
    if (hny_product_blocked.supports(HNY_PRECISION_F32)) check_engine(&hny_product_blocked);
}

Test(selection, so_they_are_with_plain_loops) {
    hny_product_use(&hny_product_plain);
    check_whole(40, HNY_PRECISION_F32);
    hny_product_use(NULL);
}

Test(selection, packing_again_allocates_nothing_once_warm) {
    enum { ROWS = 5 };
    static int32_t ids[OUT];
    static float y[ROWS * (OUT + 200)];
    for (int p = 0; p <= HNY_PRECISION_INT8; p++) {
        if (!hny_precision_supported((enum hny_precision)p)) continue;
        struct whole whole = open_whole(512, (enum hny_precision)p);
        struct hny_selection selection = {0};
        for (size_t round = 0; round < 8; round++) {
            static const size_t counts[] = {700, 300};
            choose(ids, counts[round % 2], round);
            size_t before = mallinfo2().uordblks;
            check(hny_selection_pack(whole.selector, whole.products, &selection, whole.w, ids,
                                     counts[round % 2]));
            check(hny_selection_product(whole.selector, whole.products, &selection, ROWS, whole.x, y));
            size_t after = mallinfo2().uordblks;
            if (round > 1)
                cr_assert_eq(after, before, "%s, round %zu: %zu bytes before, %zu after",
                             hny_precision_name((enum hny_precision)p), round, before, after);
            expect_columns(&whole, &selection, ids, 0, ROWS);
        }
        hny_selection_free(&selection);
        close_whole(&whole);
    }
}

Test(selection, too_many_rows_and_none_are_refused) {
    struct whole whole = open_whole(40, HNY_PRECISION_F32);
    struct hny_selection selection = {0};
    int32_t ids[1] = {0};
    cr_assert_eq(hny_selection_pack(whole.selector, whole.products, &selection, whole.w, ids, 0),
                 HNY_ERROR_USAGE);
    cr_assert_eq(hny_selection_pack(whole.selector, whole.products, &selection, whole.w, ids, OUT + 200),
                 HNY_ERROR_USAGE);
    hny_selection_free(&selection);
    close_whole(&whole);
}
