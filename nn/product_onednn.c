/* Products by oneDNN's AVX-512 kernels, which give a row the same bytes in any batch; operands in the
 * precision asked for. */
#ifndef HNY_DOUBLE

#include "nn/product_onednn.h"

#include "nn/product_int8.h"
#include "nn/product_isa.h"

#include "base/memory.h"
#include "base/profile.h"
#include "nn/elementwise.h"
#include <stdlib.h>
#include <string.h>

struct onednn_weights {
    struct hny_weights common;
    struct hny_operand forward;
    struct hny_operand backward;
    struct hny_packed *packed; /* int8 only, as what follows: a number a column of the result */
    float *column_scale;
    int32_t *zero_sum;
};

/* Columns of int8 weights that are multiplied at a time, where there are more sums than so many. */
#define STRIP ((size_t)512)
#define STRIP_SUMS ((size_t)1 << 17)

/* Rows of a matrix that are packed both ways at a time, so that the cache still holds them. */
#define PACKED_ROWS ((size_t)64)

static bool supports(enum hny_precision precision) {
    switch (precision) {
    case HNY_PRECISION_F32:
        return true;
    case HNY_PRECISION_BF16:
        return hny_product_isa() >= HNY_ISA_BF16;
    case HNY_PRECISION_INT8: /* older kernels saturate at 16 bits */
        return hny_product_isa() >= HNY_ISA_VNNI;
    }
    return false;
}

static hny_status open_int8(struct onednn_weights *own) {
    const struct hny_weights *weights = &own->common;
    if (weights->gradient) return hny_fail(HNY_ERROR_USAGE, "int8 weights have no gradients");
    if (weights->in > HNY_INT8_LARGEST_INNER)
        return hny_fail(HNY_ERROR_USAGE, "int8 weights of %zu columns: at most %zu", weights->in,
                        HNY_INT8_LARGEST_INNER);
    own->column_scale = hny_product_storage(&own->common, weights->out * sizeof(float));
    own->zero_sum = hny_product_storage(&own->common, weights->out * sizeof(int32_t));
    if (!own->column_scale || !own->zero_sum) return HNY_ERROR_MEMORY;
    own->common.bytes = weights->out * (sizeof(float) + sizeof(int32_t));
    return hny_packed_enter(&own->packed, &own->common, weights->in, weights->out, HNY_MATMUL_U8,
                            HNY_MATMUL_S8, true);
}

static hny_status weights_open(struct hny_weights *weights) {
    struct onednn_weights *own = (struct onednn_weights *)weights;
    if (weights->precision == HNY_PRECISION_INT8) return open_int8(own);
    enum hny_matmul_type type = hny_onednn_operand(weights->precision);
    HNY_TRY(hny_operand_open(&own->forward, weights, weights->in, weights->out, type, true));
    if (!weights->gradient) return HNY_OK;
    return hny_operand_open(&own->backward, weights, weights->out, weights->in, type, false);
}

static void weights_close(struct hny_weights *weights) {
    struct onednn_weights *own = (struct onednn_weights *)weights;
    hny_operand_close(&own->forward, weights);
    hny_operand_close(&own->backward, weights);
    hny_packed_leave(&own->packed, weights);
    hny_product_storage_free(weights, own->column_scale);
    hny_product_storage_free(weights, own->zero_sum);
}

static hny_status pack_int8(struct onednn_weights *own, const float *values) {
    size_t out = own->common.out, in = own->common.in;
    int8_t *quantised = hny_allocate(out * in, 1);
    if (!quantised) return HNY_ERROR_MEMORY;
    hny_int8_quantise_weights(out, in, values, quantised, own->column_scale, own->zero_sum);
    hny_status status = hny_packed_fill(own->packed, quantised);
    free(quantised);
    return status;
}

static hny_status pack(struct hny_weights *weights, const hny_real *values) {
    struct onednn_weights *own = (struct onednn_weights *)weights;
    if (weights->precision == HNY_PRECISION_INT8) return pack_int8(own, values);
    for (size_t row = 0, rows; row < weights->out; row += rows) {
        rows = weights->out - row < PACKED_ROWS ? weights->out - row : PACKED_ROWS;
        if (weights->gradient) HNY_TRY(hny_operand_fill(&own->backward, values, row, rows));
        HNY_TRY(hny_operand_fill(&own->forward, values, row, rows));
    }
    return HNY_OK;
}

static hny_status move(struct hny_weights *weights, char *storage) {
    struct onednn_weights *own = (struct onednn_weights *)weights;
    if (weights->precision != HNY_PRECISION_INT8) return hny_operand_move(&own->forward, weights, storage);
    own->column_scale = hny_product_moved(weights, own->column_scale, storage);
    own->zero_sum = hny_product_moved(weights, own->zero_sum, storage);
    return hny_packed_move(own->packed, weights, storage);
}

static hny_status pack_rows_int8(struct hny_onednn_products *products, struct onednn_weights *own,
                                 const float *values, const int32_t *rows, size_t count) {
    size_t out = own->common.out, in = own->common.in;
    HNY_TRY(hny_product_scratch_reserve(&products->weights, out * in));
    int8_t *quantised = products->weights.data;
    for (size_t i = 0; i < count; i++)
        hny_int8_quantise_weights(1, in, values + (size_t)rows[i] * in, quantised + i * in,
                                  &own->column_scale[i], &own->zero_sum[i]);
    memset(quantised + count * in, 0, (out - count) * in);
    memset(own->column_scale + count, 0, (out - count) * sizeof *own->column_scale);
    memset(own->zero_sum + count, 0, (out - count) * sizeof *own->zero_sum);
    return hny_packed_fill(own->packed, quantised);
}

static hny_status pack_rows(struct hny_products *products, struct hny_weights *weights,
                            const hny_real *values, const int32_t *rows, size_t count) {
    struct hny_onednn_products *mine = (struct hny_onednn_products *)products;
    struct onednn_weights *own = (struct onednn_weights *)weights;
    size_t out = weights->out, in = weights->in;
    if (weights->precision == HNY_PRECISION_INT8) return pack_rows_int8(mine, own, values, rows, count);
    HNY_TRY(hny_product_scratch_reserve(&mine->weights, out * in * sizeof(float)));
    hny_product_gather(out, in, values, rows, count, mine->weights.data);
    return hny_operand_fill(&own->forward, mine->weights.data, 0, out);
}

static hny_status products_open(struct hny_products *products) {
    return hny_matmuls_create(&((struct hny_onednn_products *)products)->matmuls);
}

static void products_close(struct hny_products *products) {
    struct hny_onednn_products *own = (struct hny_onednn_products *)products;
    hny_matmuls_destroy(&own->matmuls);
    hny_product_scratch_free(&own->source);
    hny_product_scratch_free(&own->weights);
    hny_product_scratch_free(&own->scales);
    hny_product_scratch_free(&own->sums);
}

static void quantise(size_t rows, size_t columns, const float *x, size_t stride,
                     struct hny_onednn_products *own) {
    HNY_PROFILE("operands of products");
    hny_int8_quantise(rows, columns, x, stride, own->source.data, own->scales.data);
}

/* Whether COUNT columns of the packed weights lie as a product by them alone wants them. */
static bool separable(struct hny_onednn_products *own, const struct onednn_weights *weights, size_t padded,
                      size_t count) {
    const struct hny_matmul matmul = {
        .rows = padded, .inner = weights->common.in, .columns = count, .source = HNY_MATMUL_U8, .loose = 1};
    struct hny_pack whole, part;
    size_t bytes;
    return hny_packed_columns(weights->packed, 0, &whole) &&
           hny_matmul_layout(own->matmuls, &matmul, &part, &bytes) == HNY_OK &&
           whole.inner_stride == part.inner_stride && whole.column_stride == part.column_stride;
}

/* Columns of the strip that begins at FIRST: the last has those too that would not fill a block. */
static size_t strip_columns(size_t out, size_t first) {
    return out - first < STRIP + HNY_PACK_COLUMNS ? out - first : STRIP;
}

/* Whether to multiply strip by strip, which lets the cache hold sums until they are floats. */
static bool in_strips(struct hny_onednn_products *own, const struct onednn_weights *weights, size_t padded) {
    size_t out = weights->common.out, last = 0;
    if (padded * out <= STRIP_SUMS || strip_columns(out, 0) == out) return false;
    while (strip_columns(out, last) < out - last) last += STRIP;
    return separable(own, weights, padded, STRIP) && separable(own, weights, padded, out - last);
}

/* COUNT columns from FIRST on of the product of own->source, PADDED rows, into own->sums. */
static hny_status multiply_strip_int8(struct hny_onednn_products *own, const struct onednn_weights *weights,
                                      size_t padded, size_t first, size_t count) {
    struct hny_matmul matmul = {
        .rows = padded, .inner = weights->common.in, .columns = count, .source = HNY_MATMUL_U8};
    struct hny_pack pack;
    HNY_TRY(hny_product_scratch_reserve(&own->sums, padded * count * sizeof(int32_t)));
    if (count == weights->common.out)
        return hny_matmul_run(own->matmuls, &matmul, own->source.data, weights->packed, NULL, own->sums.data);
    matmul.loose = 1;
    return hny_matmul_run(own->matmuls, &matmul, own->source.data, NULL,
                          hny_packed_columns(weights->packed, first, &pack), own->sums.data);
}

static void dequantise(const struct hny_onednn_products *own, const struct onednn_weights *weights,
                       size_t rows, size_t first, size_t count, float *y, size_t y_stride, bool accumulate) {
    HNY_PROFILE("operands of products");
    hny_int8_dequantise(rows, count, own->sums.data, own->scales.data, weights->column_scale + first,
                        weights->zero_sum + first, y + first, y_stride, accumulate);
}

/* Up to HNY_ONEDNN_ROWS rows in int8. */
static hny_status multiply_chunk_int8(struct hny_onednn_products *own, const struct onednn_weights *weights,
                                      size_t rows, const float *x, size_t x_stride, float *y, size_t y_stride,
                                      bool accumulate) {
    size_t in = weights->common.in, out = weights->common.out;
    const struct hny_grain grain = hny_grain_of(HNY_MATMUL_U8);
    size_t padded = hny_grain_rows(&grain, rows);
    bool strips = in_strips(own, weights, padded);
    HNY_TRY(hny_product_scratch_reserve(&own->source, padded * in));
    HNY_TRY(hny_product_scratch_reserve(&own->scales, rows * sizeof(float)));
    quantise(rows, in, x, x_stride, own);
    memset((uint8_t *)own->source.data + rows * in, 0, (padded - rows) * in);
    for (size_t first = 0, count; first < out; first += count) {
        count = strips ? strip_columns(out, first) : out;
        HNY_TRY(multiply_strip_int8(own, weights, padded, first, count));
        dequantise(own, weights, rows, first, count, y, y_stride, accumulate);
    }
    return HNY_OK;
}

static hny_status multiply_int8(struct hny_onednn_products *own, const struct onednn_weights *weights,
                                size_t rows, const float *x, size_t x_stride, float *y, size_t y_stride,
                                bool accumulate) {
    for (size_t row = 0, chunk; row < rows; row += chunk) {
        chunk = rows - row < HNY_ONEDNN_ROWS ? rows - row : HNY_ONEDNN_ROWS;
        HNY_TRY(multiply_chunk_int8(own, weights, chunk, x + row * x_stride, x_stride, y + row * y_stride,
                                    y_stride, accumulate));
    }
    return HNY_OK;
}

static hny_status forward(struct hny_products *products, const struct hny_weights *weights, size_t rows,
                          const hny_real *x, size_t x_stride, hny_real *y, size_t y_stride, bool accumulate) {
    const struct onednn_weights *own = (const struct onednn_weights *)weights;
    if (weights->precision == HNY_PRECISION_INT8)
        return multiply_int8((struct hny_onednn_products *)products, own, rows, x, x_stride, y, y_stride,
                             accumulate);
    return hny_onednn_multiply((struct hny_onednn_products *)products, &own->forward, rows, x, x_stride, y,
                               y_stride, accumulate);
}

static hny_status input_gradient(struct hny_products *products, const struct hny_weights *weights,
                                 size_t rows, const hny_real *dy, size_t dy_stride, hny_real *dx,
                                 size_t dx_stride, bool accumulate) {
    const struct onednn_weights *own = (const struct onednn_weights *)weights;
    return hny_onednn_multiply((struct hny_onednn_products *)products, &own->backward, rows, dy, dy_stride,
                               dx, dx_stride, accumulate);
}

const struct hny_product_engine hny_product_onednn = {
    .library = hny_product_isa_library,
    .supports = supports,
    .weights_size = sizeof(struct onednn_weights),
    .weights_open = weights_open,
    .weights_close = weights_close,
    .pack = pack,
    .move = move,
    .pack_rows = pack_rows,
    .products_size = sizeof(struct hny_onednn_products),
    .products_open = products_open,
    .products_close = products_close,
    .forward = forward,
    .input_gradient = input_gradient,
    .weight_gradient = hny_onednn_weight_gradient,
};

#endif
