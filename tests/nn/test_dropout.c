#include "nn/dropout.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { ROWS = 200, COLUMNS = 501, COUNT = ROWS * COLUMNS, STRIDE = COLUMNS + 3 };

static const double rates[] = {0.05, 0.1, 0.3, 0.5, 0.9};

static struct hny_compute *make(void) {
    static struct hny_compute compute;
    compute = (struct hny_compute){.training = true, .seed = 7, .update = 3, .shard = 1};
    compute.arena = hny_arena_create(1 << 20);
    cr_assert_not_null(compute.arena);
    return &compute;
}

static void unmake(struct hny_compute *compute) {
    hny_arena_destroy(&compute->arena);
}

/* A mask as factors for COUNT elements at place NUMBER. */
static const hny_real *draw(struct hny_compute *compute, uint32_t number, double rate) {
    hny_real *factors;
    cr_assert_eq(hny_dropout_factors(compute, number, rate, ROWS, COLUMNS, &factors), HNY_OK);
    cr_assert_not_null(factors);
    return factors;
}

static bool close_to(double found, double expected, double deviation) {
    return fabs(found - expected) < 4.5 * deviation;
}

Test(dropout, drops_at_its_rate_and_keeps_the_mean) {
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        struct hny_compute *compute = make();
        const hny_real *factors = draw(compute, 12, rates[i]);
        double dropped = 0, deviation = sqrt(rates[i] * (1 - rates[i]) / COUNT);
        for (size_t k = 0; k < COUNT; k++) {
            dropped += factors[k] == 0;
            cr_assert(factors[k] == 0 || fabs(factors[k] * (1 - rates[i]) - 1) < 1e-4, "%g", factors[k]);
        }
        cr_assert(close_to(dropped / COUNT, rates[i], deviation), "rate %g: %g dropped", rates[i],
                  dropped / COUNT);
        unmake(compute);
    }
}

/* Two dropped elements so far from each other meet as often as chance has it. */
Test(dropout, neighbours_are_dropped_independently) {
    static const size_t distances[] = {1, 2, 3, 4, 7, 8, 16, COLUMNS};
    struct hny_compute *compute = make();
    const double rate = 0.3, both = rate * rate, deviation = sqrt(both * (1 - both) / COUNT);
    const hny_real *factors = draw(compute, 12, rate);
    for (size_t i = 0; i < sizeof distances / sizeof *distances; i++) {
        size_t pairs = COUNT - distances[i], met = 0;
        for (size_t k = 0; k < pairs; k++) met += factors[k] == 0 && factors[k + distances[i]] == 0;
        cr_assert(close_to((double)met / (double)pairs, both, deviation), "distance %zu", distances[i]);
    }
    unmake(compute);
}

Test(dropout, masks_of_another_update_shard_seed_or_place_are_independent) {
    const double rate = 0.5, both = rate * rate, deviation = sqrt(both * (1 - both) / COUNT);
    struct hny_compute *compute = make();
    const hny_real *masks[6];
    masks[0] = draw(compute, 12, rate);
    masks[1] = draw(compute, 13, rate);
    compute->update++;
    masks[2] = draw(compute, 12, rate);
    compute->update--;
    compute->shard++;
    masks[3] = draw(compute, 12, rate);
    compute->shard--;
    compute->seed++;
    masks[4] = draw(compute, 12, rate);
    compute->seed--;
    masks[5] = draw(compute, 12, rate);
    cr_assert_arr_eq(masks[0], masks[5], COUNT * sizeof(hny_real), "the same keys give the same mask");
    for (int a = 0; a < 5; a++)
        for (int b = a + 1; b < 5; b++) {
            size_t met = 0;
            for (size_t k = 0; k < COUNT; k++) met += masks[a][k] == 0 && masks[b][k] == 0;
            cr_assert(close_to((double)met / COUNT, both, deviation), "masks %d and %d", a, b);
        }
    unmake(compute);
}

Test(dropout, forward_and_backward_put_the_same_mask_on_rows_and_nothing_between_them) {
    static hny_real x[ROWS * STRIDE], y[ROWS * STRIDE];
    struct hny_compute *compute = make();
    const hny_real *factors = draw(compute, 12, 0.3);
    uint8_t *keep;
    for (size_t i = 0; i < ROWS * STRIDE; i++) x[i] = (hny_real)(i % 97) + 1, y[i] = -1;
    cr_assert_eq(hny_dropout_forward(compute, 12, 0.3, ROWS, COLUMNS, x, STRIDE, y, STRIDE, &keep), HNY_OK);
    cr_assert_not_null(keep);
    for (size_t i = 0; i < ROWS * STRIDE; i++) {
        size_t r = i / STRIDE, k = i % STRIDE;
        cr_assert_eq(y[i], k < COLUMNS ? x[i] * factors[r * COLUMNS + k] : -1);
    }
    hny_dropout_backward(0.3, ROWS, COLUMNS, keep, x, STRIDE);
    for (size_t i = 0; i < ROWS * STRIDE; i++)
        if (i % STRIDE < COLUMNS) cr_assert_eq(x[i], y[i]);
    unmake(compute);
}

Test(dropout, changes_nothing_outside_training_or_at_rate_zero) {
    struct hny_compute *compute = make();
    for (int training = 0; training < 2; training++) {
        hny_real x[6] = {1, 2, 3, 4, 5, 6}, y[6], *factors;
        const hny_real before[6] = {1, 2, 3, 4, 5, 6};
        double rate = training ? 0 : 0.9;
        uint8_t *keep;
        compute->training = training;
        cr_assert_eq(hny_dropout_forward(compute, 12, rate, 2, 3, x, 3, y, 3, &keep), HNY_OK);
        cr_assert_null(keep);
        cr_assert_arr_eq(y, before, sizeof before);
        hny_dropout_backward(rate, 2, 3, keep, x, 3);
        cr_assert_arr_eq(x, before, sizeof before);
        cr_assert_eq(hny_dropout_factors(compute, 12, rate, 2, 3, &factors), HNY_OK);
        cr_assert_null(factors);
    }
    unmake(compute);
}
