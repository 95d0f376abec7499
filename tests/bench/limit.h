/* The machine's limit: a product by oneDNN called directly, its operands converted and laid out ahead as
 * oneDNN likes them best, on one thread. */
#ifndef HNY_TESTS_BENCH_LIMIT_H
#define HNY_TESTS_BENCH_LIMIT_H

#include "nn/product.h"

/* A product as nn/product.h has it. */
struct bench_product {
    enum hny_product_kind kind;
    enum hny_precision precision; /* int8: forward alone */
    size_t rows, out, in;
};

struct bench_limit;
struct bench_limit *bench_limit_open(const struct bench_product *product); /* exits on failure */
void bench_limit_run(struct bench_limit *limit);
void bench_limit_close(struct bench_limit *limit);

/* The least processor time of a run in SECONDS of trying, two runs at least. Of more rows too, if that takes
 * less: oneDNN has kernels that do very badly with some numbers of rows. */
double bench_limit_seconds(const struct bench_product *product, double seconds);

double bench_operations(const struct bench_product *product); /* two for each multiplication and addition */

/* Of this thread alone, so that others on the machine disturb less. */
double bench_thread_seconds(void);

/* The value below which SHARE of COUNT values lie, which are sorted: 0.5 is their median. */
double bench_quantile(double *values, size_t count, double share);

/* A row of the table: what is measured, its target, and what was measured (a printf format). */
void bench_row(const char *what, const char *target, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Exits, saying WHAT failed, where not FINE. */
void bench_demand(bool fine, const char *what);

float *bench_values(size_t count); /* some numbers within ± 0.5; free */

#endif
