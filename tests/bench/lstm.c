/* One LSTM layer over sequences of one length, forward and backward, beside oneDNN's own primitive for it
 * with the layouts that it likes best, weights reordered ahead: what a training step would have of it.
 *
 *     bench-lstm [SECONDS, 0.5] */
#include "tests/bench/limit.h"

#include "nn/recurrent.h"
#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 14, BATCH = 80, INPUT = 512, HIDDEN = 512, GATES = 4, MOST = 24 };

static void demand(dnnl_status_t status, const char *what) {
    bench_demand(status == dnnl_success, what);
}

/* --- oneDNN's --------------------------------------------------------------------------------------- */

/* The arrays of an LSTM, in the order in which both descriptors have them. */
enum { SRC, SRC_ITER, SRC_CELL, W_LAYER, W_ITER, BIAS, DST, DST_ITER, DST_CELL, ARRAYS };

static const struct {
    int rank;
    dnnl_dims_t sizes;
    dnnl_format_tag_t tag;
    bool single; /* float32 whatever the products are */
    int argument, diff_argument;
} arrays[ARRAYS] = {
    [SRC] = {3, {STEPS, BATCH, INPUT}, dnnl_tnc, false, DNNL_ARG_SRC_LAYER, DNNL_ARG_DIFF_SRC_LAYER},
    [SRC_ITER] = {4, {1, 1, BATCH, HIDDEN}, dnnl_ldnc, false, DNNL_ARG_SRC_ITER, DNNL_ARG_DIFF_SRC_ITER},
    [SRC_CELL] = {4, {1, 1, BATCH, HIDDEN}, dnnl_ldnc, true, DNNL_ARG_SRC_ITER_C, DNNL_ARG_DIFF_SRC_ITER_C},
    [W_LAYER] = {5,
                 {1, 1, INPUT, GATES, HIDDEN},
                 dnnl_format_tag_any,
                 false,
                 DNNL_ARG_WEIGHTS_LAYER,
                 DNNL_ARG_DIFF_WEIGHTS_LAYER},
    [W_ITER] = {5,
                {1, 1, HIDDEN, GATES, HIDDEN},
                dnnl_format_tag_any,
                false,
                DNNL_ARG_WEIGHTS_ITER,
                DNNL_ARG_DIFF_WEIGHTS_ITER},
    [BIAS] = {4, {1, 1, GATES, HIDDEN}, dnnl_ldgo, true, DNNL_ARG_BIAS, DNNL_ARG_DIFF_BIAS},
    [DST] = {3, {STEPS, BATCH, HIDDEN}, dnnl_tnc, false, DNNL_ARG_DST_LAYER, DNNL_ARG_DIFF_DST_LAYER},
    [DST_ITER] = {4, {1, 1, BATCH, HIDDEN}, dnnl_ldnc, false, DNNL_ARG_DST_ITER, DNNL_ARG_DIFF_DST_ITER},
    [DST_CELL] = {4, {1, 1, BATCH, HIDDEN}, dnnl_ldnc, true, DNNL_ARG_DST_ITER_C, DNNL_ARG_DIFF_DST_ITER_C},
};

struct primitive {
    dnnl_primitive_t primitive;
    dnnl_exec_arg_t arguments[MOST];
    int count;
};

static void describe(dnnl_memory_desc_t *layout, int array, dnnl_data_type_t type) {
    demand(dnnl_memory_desc_init_by_tag(layout, arrays[array].rank, arrays[array].sizes,
                                        arrays[array].single ? dnnl_f32 : type, arrays[array].tag),
           "describe an array");
}

/* Memory of its own for an argument: what is in it is of no matter. */
static void add_argument(struct primitive *made, int argument, const dnnl_memory_desc_t *layout,
                         dnnl_engine_t engine) {
    dnnl_memory_t memory;
    demand(dnnl_memory_create(&memory, layout, engine, DNNL_MEMORY_ALLOCATE), "make memory");
    void *data = NULL;
    demand(dnnl_memory_get_data_handle(memory, &data), "memory");
    if (data) memset(data, 0, dnnl_memory_desc_get_size(layout));
    made->arguments[made->count++] = (dnnl_exec_arg_t){argument, memory};
}

static const dnnl_memory_desc_t *of_array(const_dnnl_primitive_desc_t description, int array, bool gradient) {
    return dnnl_primitive_desc_query_md(description, dnnl_query_exec_arg_md,
                                        gradient ? arrays[array].diff_argument : arrays[array].argument);
}

static void add_arguments(struct primitive *made, const_dnnl_primitive_desc_t description, bool backward,
                          dnnl_engine_t engine) {
    for (int a = 0; a < ARRAYS; a++) {
        add_argument(made, arrays[a].argument, of_array(description, a, false), engine);
        if (backward) add_argument(made, arrays[a].diff_argument, of_array(description, a, true), engine);
    }
    add_argument(made, DNNL_ARG_WORKSPACE,
                 dnnl_primitive_desc_query_md(description, dnnl_query_workspace_md, 0), engine);
    demand(dnnl_primitive_create(&made->primitive, description), "make an LSTM");
}

/* False where oneDNN has no such kernel. */
static bool make_both(struct primitive *forward, struct primitive *backward, dnnl_data_type_t type,
                      dnnl_engine_t engine) {
    dnnl_memory_desc_t a[ARRAYS], d[ARRAYS];
    dnnl_rnn_desc_t lstm, reverse;
    dnnl_primitive_desc_t description = NULL, back = NULL;
    for (int i = 0; i < ARRAYS; i++) {
        describe(&a[i], i, type);
        describe(&d[i], i, dnnl_f32);
    }
    demand(dnnl_lstm_forward_desc_init(&lstm, dnnl_forward_training, dnnl_unidirectional_left2right, &a[SRC],
                                       &a[SRC_ITER], &a[SRC_CELL], &a[W_LAYER], &a[W_ITER], &a[BIAS], &a[DST],
                                       &a[DST_ITER], &a[DST_CELL], 0),
           "describe an LSTM");
    demand(dnnl_lstm_backward_desc_init(
               &reverse, dnnl_backward, dnnl_unidirectional_left2right, &a[SRC], &a[SRC_ITER], &a[SRC_CELL],
               &a[W_LAYER], &a[W_ITER], &a[BIAS], &a[DST], &a[DST_ITER], &a[DST_CELL], &d[SRC], &d[SRC_ITER],
               &d[SRC_CELL], &d[W_LAYER], &d[W_ITER], &d[BIAS], &d[DST], &d[DST_ITER], &d[DST_CELL], 0),
           "describe its gradient");
    if (dnnl_primitive_desc_create(&description, &lstm, NULL, engine, NULL) != dnnl_success) return false;
    if (dnnl_primitive_desc_create(&back, &reverse, NULL, engine, description) != dnnl_success) return false;
    add_arguments(forward, description, false, engine);
    add_arguments(backward, back, true, engine);
    dnnl_primitive_desc_destroy(description);
    dnnl_primitive_desc_destroy(back);
    return true;
}

static void destroy(struct primitive *made) {
    for (int i = 0; i < made->count; i++) dnnl_memory_destroy(made->arguments[i].memory);
    if (made->primitive) dnnl_primitive_destroy(made->primitive);
}

/* --- Ours ------------------------------------------------------------------------------------------- */

struct ours {
    struct hny_parameters parameters;
    struct hny_recurrent layer;
    struct hny_compute compute;
    size_t lengths[BATCH];
    float *x, *dy;
};

static void make_ours(struct ours *ours, enum hny_precision precision) {
    const struct hny_initialisation initial = {.matrix = HNY_INITIAL_GLOROT, .matrix_scale = 1};
    struct hny_parameters *parameters = &ours->parameters;
    bench_demand(hny_recurrent_create(&ours->layer, parameters, &hny_cell_lstm, INPUT, HIDDEN, false,
                                      &initial, "layer") == HNY_OK &&
                     hny_parameters_allocate(parameters) == HNY_OK &&
                     hny_parameters_prepare(parameters, precision, true) == HNY_OK,
                 "a layer");
    hny_parameters_initialise(parameters, 1);
    ours->compute.parameters = parameters;
    ours->compute.precision = precision;
    ours->compute.arena = hny_arena_create((size_t)64 << 20);
    ours->compute.gradients = hny_allocate(parameters->count, sizeof(hny_real));
    bench_demand(hny_parameters_pack(parameters, NULL) == HNY_OK && ours->compute.arena &&
                     ours->compute.gradients && hny_products_create(&ours->compute.products) == HNY_OK,
                 "a layer");
    for (size_t b = 0; b < BATCH; b++) ours->lengths[b] = STEPS;
    ours->x = bench_values((size_t)STEPS * BATCH * INPUT);
    ours->dy = bench_values((size_t)STEPS * BATCH * HIDDEN);
}

static void run_ours(struct ours *ours, double *forward, double *backward) {
    struct hny_compute *compute = &ours->compute;
    struct hny_sequences sequences;
    struct hny_recurrent_run run;
    hny_arena_reset(compute->arena);
    bench_demand(hny_sequences_make(&sequences, compute->arena, ours->lengths, BATCH) == HNY_OK, "a batch");
    float *y = hny_compute_take(compute, sequences.rows, HIDDEN),
          *dx = hny_compute_take(compute, sequences.rows, INPUT);
    bench_demand(y && dx, "memory");
    double begin = bench_thread_seconds();
    bench_demand(hny_recurrent_forward(&ours->layer, compute, &sequences, ours->x, INPUT, NULL, y, HIDDEN,
                                       &run) == HNY_OK,
                 "a layer forward");
    double middle = bench_thread_seconds();
    bench_demand(hny_recurrent_backward(&ours->layer, compute, &run, ours->dy, HIDDEN, dx, INPUT, false,
                                        NULL) == HNY_OK,
                 "a layer backward");
    double end = bench_thread_seconds();
    if (middle - begin < *forward) *forward = middle - begin;
    if (end - middle < *backward) *backward = end - middle;
}

static void destroy_ours(struct ours *ours) {
    hny_products_destroy(&ours->compute.products);
    hny_arena_destroy(&ours->compute.arena);
    free(ours->compute.gradients);
    hny_parameters_free(&ours->parameters);
    free(ours->x);
    free(ours->dy);
}

/* --- Side by side ----------------------------------------------------------------------------------- */

static void run_theirs(const struct primitive *made, dnnl_stream_t stream, double *best) {
    double begin = bench_thread_seconds();
    demand(dnnl_primitive_execute(made->primitive, stream, made->count, made->arguments), "an LSTM");
    demand(dnnl_stream_wait(stream), "wait");
    double taken = bench_thread_seconds() - begin;
    if (taken < *best) *best = taken;
}

static void measure(enum hny_precision precision, double seconds) {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    struct primitive forward = {0}, backward = {0};
    struct ours ours = {0};
    double f = 1e9, b = 1e9, their_f = 1e9, their_b = 1e9;
    demand(dnnl_engine_create(&engine, dnnl_cpu, 0), "an engine");
    demand(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags), "a stream");
    make_ours(&ours, precision);
    bool theirs =
        make_both(&forward, &backward, precision == HNY_PRECISION_BF16 ? dnnl_bf16 : dnnl_f32, engine);
    for (double end = bench_thread_seconds() + seconds; bench_thread_seconds() < end;) {
        run_ours(&ours, &f, &b);
        if (!theirs) continue;
        run_theirs(&forward, stream, &their_f);
        run_theirs(&backward, stream, &their_b);
    }
    const double operations = 2e-9 * STEPS * BATCH * GATES * HIDDEN * (INPUT + HIDDEN);
    if (theirs)
        printf("%-5s %7.0f %7.0f  x %.2f   %7.0f %7.0f  x %.2f\n", hny_precision_name(precision),
               operations / f, operations / their_f, their_f / f, 2 * operations / b,
               2 * operations / their_b, their_b / b);
    else
        printf("%-5s %7.0f  (oneDNN has none)\n", hny_precision_name(precision), operations / f);
    destroy(&forward);
    destroy(&backward);
    destroy_ours(&ours);
    dnnl_stream_destroy(stream);
    dnnl_engine_destroy(engine);
}

int main(int count, char **arguments) {
    double seconds = count > 1 ? strtod(arguments[1], NULL) : 0.5;
    bench_demand(seconds > 0, "usage: lstm [SECONDS]");
    printf("a layer of %d, %d steps, batch %d, GFLOP/s of ours and of oneDNN's LSTM, %s\n", HIDDEN, STEPS,
           BATCH, hny_product_library());
    printf("      forward: ours   oneDNN         backward: ours  oneDNN\n");
    measure(HNY_PRECISION_F32, seconds);
    if (hny_precision_supported(HNY_PRECISION_BF16)) measure(HNY_PRECISION_BF16, seconds);
    return 0;
}
