#include "tests/bench/limit.h"

#include "base/memory.h"
#include <oneapi/dnnl/dnnl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void bench_demand(bool fine, const char *what) {
    if (fine) return;
    fprintf(stderr, "bench: %s: %s\n", what, hny_message());
    exit(1);
}

static int compare_doubles(const void *left, const void *right) {
    const double *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

double bench_quantile(double *values, size_t count, double share) {
    qsort(values, count, sizeof *values, compare_doubles);
    return values[(size_t)(share * (double)(count - 1) + 0.5)];
}

/* Columns of a terminal that TEXT takes, all its characters being one wide. */
static int width_of(const char *text) {
    int width = 0;
    for (; *text; text++) width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

void bench_row(const char *what, const char *target, const char *format, ...) {
    enum { WHAT = 72, TARGET = 14 };
    va_list arguments;
    va_start(arguments, format);
    printf("%s%*s | %s%*s | ", what, WHAT - width_of(what) > 0 ? WHAT - width_of(what) : 0, "", target,
           TARGET - width_of(target) > 0 ? TARGET - width_of(target) : 0, "");
    vprintf(format, arguments);
    putchar('\n');
    va_end(arguments);
    fflush(stdout);
}

float *bench_values(size_t count) {
    enum { PERIOD = 1000 };
    float *values = hny_allocate(count, sizeof *values);
    bench_demand(values != NULL, "values");
    for (size_t i = 0; i < count && i < PERIOD; i++) values[i] = (float)(i * 7919 % PERIOD) / PERIOD - 0.5f;
    for (size_t i = PERIOD; i < count; i += PERIOD)
        memcpy(values + i, values, (count - i < PERIOD ? count - i : PERIOD) * sizeof *values);
    return values;
}

double bench_thread_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double bench_operations(const struct bench_product *product) {
    return 2.0 * (double)product->rows * (double)product->out * (double)product->in;
}

struct bench_limit {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_t primitive;
    dnnl_exec_arg_t arguments[3];
    void *data[3];
};

/* result[rows][columns] (+)= source[rows][inner] · weights[inner][columns], in layouts of oneDNN's choice. */
struct bench_limit *bench_limit_open(const struct bench_product *product) {
    size_t rows = product->rows, inner = product->in, columns = product->out;
    if (product->kind == HNY_PRODUCT_INPUT_GRADIENT) inner = product->out, columns = product->in;
    if (product->kind == HNY_PRODUCT_WEIGHT_GRADIENT)
        rows = product->out, inner = product->rows, columns = product->in;
    static const dnnl_data_type_t operands[][3] = {
        [HNY_PRECISION_F32] = {dnnl_f32, dnnl_f32, dnnl_f32},
        [HNY_PRECISION_BF16] = {dnnl_bf16, dnnl_bf16, dnnl_f32},
        [HNY_PRECISION_INT8] = {dnnl_u8, dnnl_s8, dnnl_s32},
    };
    const dnnl_data_type_t *types = operands[product->precision];
    struct bench_limit *limit = hny_allocate(1, sizeof *limit);
    bench_demand(limit != NULL, "a limit");
    const dnnl_dims_t sizes[3] = {{(dnnl_dim_t)rows, (dnnl_dim_t)inner},
                                  {(dnnl_dim_t)inner, (dnnl_dim_t)columns},
                                  {(dnnl_dim_t)rows, (dnnl_dim_t)columns}};
    const dnnl_format_tag_t tags[3] = {dnnl_ab, dnnl_format_tag_any, dnnl_ab};
    static const int names[3] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST};
    static const dnnl_query_t queries[3] = {dnnl_query_src_md, dnnl_query_weights_md, dnnl_query_dst_md};
    dnnl_memory_desc_t layouts[3];
    dnnl_matmul_desc_t matmul;
    dnnl_primitive_desc_t description;
    dnnl_primitive_attr_t attributes;
    dnnl_post_ops_t sum;
    dnnl_engine_create(&limit->engine, dnnl_cpu, 0);
    dnnl_stream_create(&limit->stream, limit->engine, dnnl_stream_default_flags);
    for (int i = 0; i < 3; i++) dnnl_memory_desc_init_by_tag(&layouts[i], 2, sizes[i], types[i], tags[i]);
    dnnl_matmul_desc_init(&matmul, &layouts[0], &layouts[1], NULL, &layouts[2]);
    dnnl_primitive_attr_create(&attributes);
    dnnl_post_ops_create(&sum);
    if (product->kind == HNY_PRODUCT_WEIGHT_GRADIENT) dnnl_post_ops_append_sum(sum, 1);
    dnnl_primitive_attr_set_post_ops(attributes, sum);
    bench_demand(dnnl_primitive_desc_create(&description, &matmul, attributes, limit->engine, NULL) ==
                         dnnl_success &&
                     dnnl_primitive_create(&limit->primitive, description) == dnnl_success,
                 "oneDNN's own product");
    for (int i = 0; i < 3; i++) {
        const dnnl_memory_desc_t *layout = dnnl_primitive_desc_query_md(description, queries[i], 0);
        limit->data[i] = bench_values(dnnl_memory_desc_get_size(layout) / sizeof(float) + 1);
        limit->arguments[i].arg = names[i];
        dnnl_memory_create(&limit->arguments[i].memory, layout, limit->engine, limit->data[i]);
    }
    dnnl_post_ops_destroy(sum);
    dnnl_primitive_attr_destroy(attributes);
    dnnl_primitive_desc_destroy(description);
    return limit;
}

void bench_limit_close(struct bench_limit *limit) {
    for (int i = 0; i < 3; i++) {
        dnnl_memory_destroy(limit->arguments[i].memory);
        free(limit->data[i]);
    }
    dnnl_primitive_destroy(limit->primitive);
    dnnl_stream_destroy(limit->stream);
    dnnl_engine_destroy(limit->engine);
    free(limit);
}

void bench_limit_run(struct bench_limit *limit) {
    dnnl_primitive_execute(limit->primitive, limit->stream, 3, limit->arguments);
    dnnl_stream_wait(limit->stream);
}

static double least_seconds(const struct bench_product *product, double seconds) {
    struct bench_limit *limit = bench_limit_open(product);
    double best = 1e9, end = bench_thread_seconds() + seconds;
    for (int run = 0; run < 2 || bench_thread_seconds() < end; run++) {
        double begin = bench_thread_seconds();
        bench_limit_run(limit);
        double taken = bench_thread_seconds() - begin;
        if (taken < best) best = taken;
    }
    bench_limit_close(limit);
    return best;
}

double bench_limit_seconds(const struct bench_product *product, double seconds) {
    enum { WHOLE = 64 };
    struct bench_product whole = *product;
    whole.rows = (product->rows + WHOLE - 1) / WHOLE * WHOLE;
    if (whole.rows == product->rows || 4 * product->rows <= 3 * WHOLE) return least_seconds(product, seconds);
    double as_it_is = least_seconds(product, seconds / 2), rounded = least_seconds(&whole, seconds / 2);
    return as_it_is < rounded ? as_it_is : rounded;
}
