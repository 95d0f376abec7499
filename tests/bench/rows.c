/* What a product takes for each number of rows, beside the next multiple of 16: a library may have kernels
 * that do badly with some. One thread, the least processor time of a few runs.
 *
 *     bench-rows [OUT, 2048] [IN, 512] [MOST rows, 256] */
#include "tests/bench/limit.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

enum { UNIT = 16, MOST_ROWS = 4096, RUNS = 5 };
static size_t out = 2048, in = 512, most = 256;
static double least[MOST_ROWS + 1]; /* seconds */

static void measure(enum hny_precision precision) {
    float *x = bench_values(most * in), *y = bench_values(most * out), *w = bench_values(out * in);
    struct hny_weights *weights = NULL;
    struct hny_products *products = NULL;
    bench_demand(hny_weights_create(&weights, out, in, precision, false) == HNY_OK &&
                     hny_weights_pack(weights, w) == HNY_OK && hny_products_create(&products) == HNY_OK,
                 "weights");
    for (size_t rows = 0; rows <= most; rows++) least[rows] = 1e9;
    for (int run = 0; run < RUNS; run++)
        for (size_t rows = 1; rows <= most; rows++) {
            double begin = bench_thread_seconds();
            bench_demand(hny_product(products, weights, rows, x, in, y, out, false) == HNY_OK, "product");
            double taken = bench_thread_seconds() - begin;
            if (taken < least[rows]) least[rows] = taken;
        }
    hny_products_destroy(&products);
    hny_weights_destroy(&weights);
    free(x);
    free(y);
    free(w);
}

/* Numbers of rows for which more take less, and by how much the worst of them. */
static void report(enum hny_precision precision) {
    size_t slower = 0, worst = 1;
    double most_slower = 0;
    for (size_t rows = 1; rows <= most; rows++) {
        size_t whole = (rows + UNIT - 1) / UNIT * UNIT;
        if (whole > most) break;
        double ratio = least[rows] / least[whole];
        slower += ratio > 1.5;
        if (ratio > most_slower) most_slower = ratio, worst = rows;
    }
    char what[128];
    snprintf(what, sizeof what, "rows 1 to %zu, %zu×%zu, %s, the worst to the next multiple of %d", most, out,
             in, hny_precision_name(precision), UNIT);
    bench_row(what, "at most × 1.5", "× %.1f (%zu rows); %zu above", most_slower, worst, slower);
}

int main(int count, char **arguments) {
    if (count > 1) out = strtoul(arguments[1], NULL, 10);
    if (count > 2) in = strtoul(arguments[2], NULL, 10);
    if (count > 3) most = strtoul(arguments[3], NULL, 10);
    bench_demand(out > 0 && in > 0 && most > 0 && most <= MOST_ROWS, "usage: rows OUT IN MOST");
    omp_set_num_threads(1);
    printf("%s\n", hny_product_library());
    for (int p = HNY_PRECISION_F32; p <= HNY_PRECISION_INT8; p++)
        if (hny_precision_supported((enum hny_precision)p)) {
            measure((enum hny_precision)p);
            report((enum hny_precision)p);
        }
    return 0;
}
