/* How fast products are, beside the limit: the same product by oneDNN called directly, operands converted and
 * laid out ahead as oneDNN likes them best. One thread; the two take turns, and the least
 * processor time of each counts.
 *
 *     bench-product [SECONDS for each figure, 0.4] */
#include "tests/bench/limit.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
    size_t rows, out, in;
} shapes[] = {{1, 2048, 1024},   {8, 2048, 1024},    {64, 2048, 1024}, {64, 4096, 2048},
              {256, 2048, 1024}, {1600, 2048, 1024}, {1600, 8000, 512}};

static const char *const kind_names[] = {[HNY_PRODUCT_FORWARD] = "forward",
                                         [HNY_PRODUCT_INPUT_GRADIENT] = "input gradient",
                                         [HNY_PRODUCT_WEIGHT_GRADIENT] = "weight gradient"};

struct ours {
    struct hny_weights *weights;
    struct hny_products *products;
    float *x, *y, *w;
    size_t rows, out, in;
    enum hny_precision precision;
};

static void open_ours(struct ours *ours) {
    ours->x = bench_values(ours->rows * ours->in);
    ours->y = bench_values(ours->rows * ours->out);
    ours->w = bench_values(ours->out * ours->in);
    bench_demand(hny_weights_create(&ours->weights, ours->out, ours->in, ours->precision, true) == HNY_OK,
                 "weights");
    bench_demand(hny_weights_pack(ours->weights, ours->w) == HNY_OK, "packing");
    bench_demand(hny_products_create(&ours->products) == HNY_OK, "products");
}

static void close_ours(struct ours *ours) {
    hny_weights_destroy(&ours->weights);
    hny_products_destroy(&ours->products);
    free(ours->x);
    free(ours->y);
    free(ours->w);
}

static void run_ours(struct ours *ours, enum hny_product_kind kind) {
    hny_status status = HNY_OK;
    if (kind == HNY_PRODUCT_FORWARD)
        status = hny_product(ours->products, ours->weights, ours->rows, ours->x, ours->in, ours->y, ours->out,
                             false);
    else if (kind == HNY_PRODUCT_INPUT_GRADIENT)
        status = hny_product_input_gradient(ours->products, ours->weights, ours->rows, ours->y, ours->out,
                                            ours->x, ours->in, false);
    else
        status = hny_product_weight_gradient(ours->products, ours->precision, ours->rows, ours->out, ours->in,
                                             ours->y, ours->out, ours->x, ours->in, ours->w, true);
    bench_demand(status == HNY_OK, "product");
}

static void keep_least(double *best, double begin) {
    double taken = bench_thread_seconds() - begin;
    if (taken < *best) *best = taken;
}

static void measure(struct ours *ours, enum hny_product_kind kind, double seconds) {
    const struct bench_product product = {kind, ours->precision, ours->rows, ours->out, ours->in};
    double best = 1e9, best_limit = 1e9, operations = 1e-9 * bench_operations(&product);
    struct bench_limit *limit = bench_limit_open(&product);
    for (double end = bench_thread_seconds() + seconds; bench_thread_seconds() < end;) {
        double begin = bench_thread_seconds();
        run_ours(ours, kind);
        keep_least(&best, begin);
        begin = bench_thread_seconds();
        bench_limit_run(limit);
        keep_least(&best_limit, begin);
    }
    bench_limit_close(limit);
    printf("%4s  %-15s  %4zu × %4zu × %4zu  %6.1f  %6.1f  %5.2f\n", hny_precision_name(ours->precision),
           kind_names[kind], ours->rows, ours->out, ours->in, operations / best, operations / best_limit,
           best_limit / best);
    fflush(stdout);
}

static void measure_packing(struct ours *ours) {
    double best = 1e9, bytes = (double)(ours->out * ours->in) * sizeof(float);
    for (int i = 0; i < 10; i++) {
        double begin = bench_thread_seconds();
        bench_demand(hny_weights_pack(ours->weights, ours->w) == HNY_OK, "packing");
        keep_least(&best, begin);
    }
    printf("%4s  %-15s         %4zu × %4zu  %6.2f GB/s of float weights\n",
           hny_precision_name(ours->precision), "packing", ours->out, ours->in, bytes / best * 1e-9);
}

int main(int count, char **arguments) {
    double seconds = count > 1 ? atof(arguments[1]) : 0.4;
    omp_set_num_threads(1);
    printf("%s\n%4s  %-15s  %18s  %6s  %6s  ratio  (GFLOP/s)\n", hny_product_library(), "", "product",
           "rows × out × in", "ours", "oneDNN");
    for (int p = HNY_PRECISION_F32; p <= HNY_PRECISION_BF16; p++) {
        if (!hny_precision_supported((enum hny_precision)p)) continue;
        for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
            struct ours ours = {.rows = shapes[s].rows,
                                .out = shapes[s].out,
                                .in = shapes[s].in,
                                .precision = (enum hny_precision)p};
            open_ours(&ours);
            for (int kind = 0; kind <= HNY_PRODUCT_WEIGHT_GRADIENT; kind++)
                measure(&ours, (enum hny_product_kind)kind, seconds);
            measure_packing(&ours);
            close_ours(&ours);
        }
    }
    return 0;
}
