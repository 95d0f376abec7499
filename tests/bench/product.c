/* How fast products are, beside the limit: the same product by oneDNN called directly, operands converted and
 * laid out ahead as oneDNN likes them best. One thread; the two take turns, and the least
 * processor time of each counts.
 *
 *     bench-product [SECONDS for each figure, 0.4] */
#include "nn/product.h"

#include "base/memory.h"
#include <omp.h>
#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const struct {
    size_t rows, out, in;
} shapes[] = {{1, 2048, 1024},   {8, 2048, 1024},    {64, 2048, 1024}, {64, 4096, 2048},
              {256, 2048, 1024}, {1600, 2048, 1024}, {1600, 8000, 512}};

enum kind { FORWARD, INPUT_GRADIENT, WEIGHT_GRADIENT, KINDS };
static const char *const kind_names[] = {"forward", "input gradient", "weight gradient"};

static void demand(bool fine, const char *what) {
    if (fine) return;
    fprintf(stderr, "bench-product: %s: %s\n", what, hny_message());
    exit(1);
}

static float *make_values(size_t count) {
    float *values = hny_allocate(count, sizeof *values);
    demand(values != NULL, "values");
    for (size_t i = 0; i < count; i++) values[i] = (float)(i * 7919 % 1000) / 1000 - 0.5f;
    return values;
}

/* ---- oneDNN directly ---- */

struct limit {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_t primitive;
    dnnl_exec_arg_t arguments[3];
    void *data[3];
};

/* result[rows][columns] (+)= source[rows][inner] · weights[inner][columns], in layouts of oneDNN's choice. */
static void open_limit(struct limit *limit, size_t rows, size_t inner, size_t columns, dnnl_data_type_t type,
                       bool accumulate) {
    const dnnl_dims_t sizes[3] = {{(dnnl_dim_t)rows, (dnnl_dim_t)inner},
                                  {(dnnl_dim_t)inner, (dnnl_dim_t)columns},
                                  {(dnnl_dim_t)rows, (dnnl_dim_t)columns}};
    const dnnl_data_type_t types[3] = {type, type, dnnl_f32};
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
    if (accumulate) dnnl_post_ops_append_sum(sum, 1);
    dnnl_primitive_attr_set_post_ops(attributes, sum);
    demand(dnnl_primitive_desc_create(&description, &matmul, attributes, limit->engine, NULL) ==
                   dnnl_success &&
               dnnl_primitive_create(&limit->primitive, description) == dnnl_success,
           "oneDNN's own product");
    for (int i = 0; i < 3; i++) {
        const dnnl_memory_desc_t *layout = dnnl_primitive_desc_query_md(description, queries[i], 0);
        limit->data[i] = make_values(dnnl_memory_desc_get_size(layout) / sizeof(float) + 1);
        limit->arguments[i].arg = names[i];
        dnnl_memory_create(&limit->arguments[i].memory, layout, limit->engine, limit->data[i]);
    }
    dnnl_post_ops_destroy(sum);
    dnnl_primitive_attr_destroy(attributes);
    dnnl_primitive_desc_destroy(description);
}

static void close_limit(struct limit *limit) {
    for (int i = 0; i < 3; i++) {
        dnnl_memory_destroy(limit->arguments[i].memory);
        free(limit->data[i]);
    }
    dnnl_primitive_destroy(limit->primitive);
    dnnl_stream_destroy(limit->stream);
    dnnl_engine_destroy(limit->engine);
}

static void run_limit(struct limit *limit) {
    dnnl_primitive_execute(limit->primitive, limit->stream, 3, limit->arguments);
    dnnl_stream_wait(limit->stream);
}

/* ---- ours ---- */

struct ours {
    struct hny_weights *weights;
    struct hny_products *products;
    float *x, *y, *w;
    size_t rows, out, in;
    enum hny_precision precision;
};

static void open_ours(struct ours *ours) {
    ours->x = make_values(ours->rows * ours->in);
    ours->y = make_values(ours->rows * ours->out);
    ours->w = make_values(ours->out * ours->in);
    demand(hny_weights_create(&ours->weights, ours->out, ours->in, ours->precision, true) == HNY_OK,
           "weights");
    demand(hny_weights_pack(ours->weights, ours->w) == HNY_OK, "packing");
    demand(hny_products_create(&ours->products) == HNY_OK, "products");
}

static void close_ours(struct ours *ours) {
    hny_weights_destroy(&ours->weights);
    hny_products_destroy(&ours->products);
    free(ours->x);
    free(ours->y);
    free(ours->w);
}

static void run_ours(struct ours *ours, enum kind kind) {
    hny_status status = HNY_OK;
    if (kind == FORWARD)
        status = hny_product(ours->products, ours->weights, ours->rows, ours->x, ours->in, ours->y, ours->out,
                             false);
    else if (kind == INPUT_GRADIENT)
        status = hny_product_input_gradient(ours->products, ours->weights, ours->rows, ours->y, ours->out,
                                            ours->x, ours->in, false);
    else
        status = hny_product_weight_gradient(ours->products, ours->precision, ours->rows, ours->out, ours->in,
                                             ours->y, ours->out, ours->x, ours->in, ours->w);
    demand(status == HNY_OK, "product");
}

/* ---- */

/* Of this thread alone, so that others on the machine disturb less. */
static double thread_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void keep_least(double *best, double begin) {
    double taken = thread_seconds() - begin;
    if (taken < *best) *best = taken;
}

static void measure(struct ours *ours, enum kind kind, double seconds) {
    size_t rows = ours->rows, inner = ours->in, columns = ours->out;
    if (kind == INPUT_GRADIENT) inner = ours->out, columns = ours->in;
    if (kind == WEIGHT_GRADIENT) rows = ours->out, inner = ours->rows, columns = ours->in;
    double best = 1e9, best_limit = 1e9, operations = 2e-9 * (double)rows * (double)inner * (double)columns;
    struct limit limit;
    open_limit(&limit, rows, inner, columns, ours->precision == HNY_PRECISION_BF16 ? dnnl_bf16 : dnnl_f32,
               kind == WEIGHT_GRADIENT);
    for (double end = thread_seconds() + seconds; thread_seconds() < end;) {
        double begin = thread_seconds();
        run_ours(ours, kind);
        keep_least(&best, begin);
        begin = thread_seconds();
        run_limit(&limit);
        keep_least(&best_limit, begin);
    }
    close_limit(&limit);
    printf("%4s  %-15s  %4zu × %4zu × %4zu  %6.1f  %6.1f  %5.2f\n", hny_precision_name(ours->precision),
           kind_names[kind], ours->rows, ours->out, ours->in, operations / best, operations / best_limit,
           best_limit / best);
    fflush(stdout);
}

static void measure_packing(struct ours *ours) {
    double best = 1e9, bytes = (double)(ours->out * ours->in) * sizeof(float);
    for (int i = 0; i < 10; i++) {
        double begin = thread_seconds();
        demand(hny_weights_pack(ours->weights, ours->w) == HNY_OK, "packing");
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
            for (int kind = 0; kind < KINDS; kind++) measure(&ours, (enum kind)kind, seconds);
            measure_packing(&ours);
            close_ours(&ours);
        }
    }
    return 0;
}
