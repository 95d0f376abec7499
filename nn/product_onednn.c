/* Products by oneDNN's AVX-512 kernels, which give a row the same bytes in any batch; operands in the
 * precision asked for. */
#ifndef HNY_DOUBLE

#include "nn/product_engine.h"
#include "nn/product_int8.h"
#include "nn/product_isa.h"
#include "nn/product_matmul.h"
#include "nn/product_pack.h"

#include "base/memory.h"
#include "nn/elementwise.h"
#include <stdlib.h>
#include <string.h>

/* Rows of one call: bounds the number of different shapes, each of which is a kernel to make and keep. */
#define CHUNK_ROWS ((size_t)256)

/* Rows of x and dy that a weight gradient takes at a time, and columns of dy: packed, they stay in the cache.
 */
#define GRADIENT_ROWS ((size_t)2048)
#define GRADIENT_COLUMNS ((size_t)256)

struct onednn_weights {
    struct hny_weights common;
    struct hny_packed *forward;
    struct hny_packed *backward;
    int8_t *quantised;   /* [out][in], and below a number a row: int8 only */
    float *column_scale; /* of the result's columns, which are the weights' rows */
    int32_t *zero_sum;
};

struct onednn_products {
    struct hny_products common;
    struct hny_matmuls *matmuls;
    struct hny_product_scratch source; /* operands as the product reads them */
    struct hny_product_scratch weights;
    struct hny_product_scratch scales; /* int8: of the source's rows… */
    struct hny_product_scratch sums;   /* int8: the products' sums; else results with gaps */
};

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

static enum hny_matmul_type operand_type(enum hny_precision precision) {
    return precision == HNY_PRECISION_BF16 ? HNY_MATMUL_BF16 : HNY_MATMUL_F32;
}

static hny_status open_int8(struct onednn_weights *own) {
    const struct hny_weights *weights = &own->common;
    if (weights->gradient) return hny_fail(HNY_ERROR_USAGE, "int8 weights have no gradients");
    if (weights->in > HNY_INT8_LARGEST_INNER)
        return hny_fail(HNY_ERROR_USAGE, "int8 weights of %zu columns: at most %zu", weights->in,
                        HNY_INT8_LARGEST_INNER);
    own->quantised = hny_allocate(weights->out * weights->in, 1);
    own->column_scale = hny_allocate(weights->out, sizeof(float));
    own->zero_sum = hny_allocate(weights->out, sizeof(int32_t));
    if (!own->quantised || !own->column_scale || !own->zero_sum) return HNY_ERROR_MEMORY;
    HNY_TRY(hny_packed_create(&own->forward, weights->in, weights->out, HNY_MATMUL_U8, HNY_MATMUL_S8, true));
    own->common.bytes =
        hny_packed_bytes(own->forward) + weights->out * (weights->in + sizeof(float) + sizeof(int32_t));
    return HNY_OK;
}

static hny_status weights_open(struct hny_weights *weights) {
    struct onednn_weights *own = (struct onednn_weights *)weights;
    if (weights->precision == HNY_PRECISION_INT8) return open_int8(own);
    enum hny_matmul_type type = operand_type(weights->precision);
    HNY_TRY(hny_packed_create(&own->forward, weights->in, weights->out, type, type, true));
    weights->bytes = hny_packed_bytes(own->forward);
    if (!weights->gradient) return HNY_OK;
    HNY_TRY(hny_packed_create(&own->backward, weights->out, weights->in, type, type, false));
    weights->bytes += hny_packed_bytes(own->backward);
    return HNY_OK;
}

static void weights_close(struct hny_weights *weights) {
    struct onednn_weights *own = (struct onednn_weights *)weights;
    hny_packed_destroy(&own->forward);
    hny_packed_destroy(&own->backward);
    free(own->quantised);
    free(own->column_scale);
    free(own->zero_sum);
}

static hny_status pack(struct hny_weights *weights, const hny_real *values) {
    struct onednn_weights *own = (struct onednn_weights *)weights;
    if (weights->precision == HNY_PRECISION_INT8) {
        hny_int8_quantise_weights(weights->out, weights->in, values, own->quantised, own->column_scale,
                                  own->zero_sum);
        return hny_packed_fill(own->forward, own->quantised);
    }
    HNY_TRY(hny_packed_fill(own->forward, values));
    return weights->gradient ? hny_packed_fill(own->backward, values) : HNY_OK;
}

static hny_status products_open(struct hny_products *products) {
    return hny_matmuls_create(&((struct onednn_products *)products)->matmuls);
}

static void products_close(struct hny_products *products) {
    struct onednn_products *own = (struct onednn_products *)products;
    hny_matmuls_destroy(&own->matmuls);
    hny_product_scratch_free(&own->source);
    hny_product_scratch_free(&own->weights);
    hny_product_scratch_free(&own->scales);
    hny_product_scratch_free(&own->sums);
}

static void copy_row(float *out, const float *in, size_t count) {
    memcpy(out, in, count * sizeof *out);
}

/* VALUES [rows][columns] as the product reads them, without gaps and in its type: themselves, or (where COPY,
 * always) a copy in SCRATCH. */
static hny_status gather(enum hny_matmul_type type, struct hny_product_scratch *scratch, size_t rows,
                         size_t columns, const float *values, size_t stride, bool copy,
                         const void **gathered) {
    bool dense = stride == columns || rows == 1;
    *gathered = values;
    if (type == HNY_MATMUL_F32 && dense && !copy) return HNY_OK;
    HNY_TRY(hny_product_scratch_reserve(scratch, rows * columns * sizeof(float)));
    *gathered = scratch->data;
    for (size_t row = 0; row < rows; row++) {
        if (type == HNY_MATMUL_BF16)
            hny_pack_round((uint16_t *)scratch->data + row * columns, values + row * stride, columns);
        else
            copy_row((float *)scratch->data + row * columns, values + row * stride, columns);
    }
    return HNY_OK;
}

/* Up to CHUNK_ROWS rows: result[rows][columns] (+)= source[rows][inner] · packed. A result with gaps is
 * computed elsewhere, by the same kernel, so that its bytes do not depend on the gaps. */
static hny_status multiply_chunk(struct onednn_products *own, enum hny_matmul_type type,
                                 const struct hny_packed *packed, size_t rows, size_t inner, size_t columns,
                                 const float *source, size_t source_stride, float *result,
                                 size_t result_stride, bool accumulate) {
    const struct hny_matmul matmul = {
        .rows = rows, .inner = inner, .columns = columns, .source = type, .accumulate = accumulate};
    const void *gathered = NULL;
    HNY_TRY(gather(type, &own->source, rows, inner, source, source_stride, false, &gathered));
    if (result_stride == columns || rows == 1)
        return hny_matmul_run(own->matmuls, &matmul, gathered, packed, NULL, result);
    HNY_TRY(hny_product_scratch_reserve(&own->sums, rows * columns * sizeof(float)));
    float *sums = own->sums.data;
    for (size_t row = 0; accumulate && row < rows; row++)
        copy_row(sums + row * columns, result + row * result_stride, columns);
    HNY_TRY(hny_matmul_run(own->matmuls, &matmul, gathered, packed, NULL, sums));
    for (size_t row = 0; row < rows; row++)
        copy_row(result + row * result_stride, sums + row * columns, columns);
    return HNY_OK;
}

static hny_status multiply(struct hny_products *products, enum hny_matmul_type type,
                           const struct hny_packed *packed, size_t rows, size_t inner, size_t columns,
                           const float *source, size_t source_stride, float *result, size_t result_stride,
                           bool accumulate) {
    struct onednn_products *own = (struct onednn_products *)products;
    for (size_t row = 0, chunk; row < rows; row += chunk) {
        chunk = rows - row < CHUNK_ROWS ? rows - row : CHUNK_ROWS;
        HNY_TRY(multiply_chunk(own, type, packed, chunk, inner, columns, source + row * source_stride,
                               source_stride, result + row * result_stride, result_stride, accumulate));
    }
    return HNY_OK;
}

/* Up to CHUNK_ROWS rows in int8. */
static hny_status multiply_chunk_int8(struct onednn_products *own, const struct onednn_weights *weights,
                                      size_t rows, const float *x, size_t x_stride, float *y, size_t y_stride,
                                      bool accumulate) {
    size_t in = weights->common.in, out = weights->common.out;
    HNY_TRY(hny_product_scratch_reserve(&own->source, rows * in));
    HNY_TRY(hny_product_scratch_reserve(&own->scales, rows * sizeof(float)));
    HNY_TRY(hny_product_scratch_reserve(&own->sums, rows * out * sizeof(int32_t)));
    const struct hny_matmul matmul = {.rows = rows, .inner = in, .columns = out, .source = HNY_MATMUL_U8};
    hny_int8_quantise(rows, in, x, x_stride, own->source.data, own->scales.data);
    HNY_TRY(hny_matmul_run(own->matmuls, &matmul, own->source.data, weights->forward, NULL, own->sums.data));
    hny_int8_dequantise(rows, out, own->sums.data, own->scales.data, weights->column_scale, weights->zero_sum,
                        y, y_stride, accumulate);
    return HNY_OK;
}

static hny_status multiply_int8(struct onednn_products *own, const struct onednn_weights *weights,
                                size_t rows, const float *x, size_t x_stride, float *y, size_t y_stride,
                                bool accumulate) {
    for (size_t row = 0, chunk; row < rows; row += chunk) {
        chunk = rows - row < CHUNK_ROWS ? rows - row : CHUNK_ROWS;
        HNY_TRY(multiply_chunk_int8(own, weights, chunk, x + row * x_stride, x_stride, y + row * y_stride,
                                    y_stride, accumulate));
    }
    return HNY_OK;
}

static hny_status forward(struct hny_products *products, const struct hny_weights *weights, size_t rows,
                          const hny_real *x, size_t x_stride, hny_real *y, size_t y_stride, bool accumulate) {
    const struct onednn_weights *own = (const struct onednn_weights *)weights;
    if (weights->precision == HNY_PRECISION_INT8)
        return multiply_int8((struct onednn_products *)products, own, rows, x, x_stride, y, y_stride,
                             accumulate);
    return multiply(products, operand_type(weights->precision), own->forward, rows, weights->in, weights->out,
                    x, x_stride, y, y_stride, accumulate);
}

static hny_status input_gradient(struct hny_products *products, const struct hny_weights *weights,
                                 size_t rows, const hny_real *dy, size_t dy_stride, hny_real *dx,
                                 size_t dx_stride, bool accumulate) {
    return multiply(products, operand_type(weights->precision),
                    ((const struct onednn_weights *)weights)->backward, rows, weights->out, weights->in, dy,
                    dy_stride, dx, dx_stride, accumulate);
}

/* What the blocks of a weight gradient share: ROWS rows of dy and x. */
struct gradient {
    enum hny_matmul_type type;
    size_t rows;
    size_t padded; /* rows with those of zeros: whole blocks of a packed operand, so that shapes are few */
    size_t out, in;
    const float *dy, *x;
    size_t dy_stride, x_stride;
    float *dw;
};

/* A block of ROWS rows of dw. */
static struct hny_matmul gradient_matmul(const struct gradient *gradient, size_t rows) {
    return (struct hny_matmul){.rows = rows,
                               .inner = gradient->padded,
                               .columns = gradient->in,
                               .source = gradient->type,
                               .loose = 1,
                               .accumulate = 1};
}

/* x as the weights of MATMUL, in own->weights. */
static hny_status gather_weights(struct onednn_products *own, const struct gradient *gradient,
                                 const struct hny_matmul *matmul) {
    struct hny_pack pack = {0};
    size_t bytes = 0;
    const void *gathered = NULL;
    HNY_TRY(hny_matmul_layout(own->matmuls, matmul, &pack, &bytes));
    HNY_TRY(hny_product_scratch_reserve(&own->weights, bytes));
    if (!pack.inner_stride) {
        memset(own->weights.data, 0, bytes);
        return gather(gradient->type, &own->weights, gradient->rows, gradient->in, gradient->x,
                      gradient->x_stride, true, &gathered);
    }
    pack.inner = gradient->rows;
    if (gradient->type == HNY_MATMUL_BF16)
        hny_pack_bf16(&pack, gradient->x, gradient->x_stride, false, own->weights.data);
    else
        hny_pack_f32(&pack, gradient->x, gradient->x_stride, false, own->weights.data);
    return HNY_OK;
}

/* COUNT columns of dy from FIRST on, transposed, in own->source. */
static hny_status gather_columns(struct onednn_products *own, const struct gradient *gradient, size_t first,
                                 size_t count) {
    HNY_TRY(hny_product_scratch_reserve(&own->source, count * gradient->padded * sizeof(float)));
    if (gradient->type == HNY_MATMUL_BF16)
        hny_pack_transpose_bf16(gradient->rows, count, gradient->dy + first, gradient->dy_stride,
                                own->source.data, gradient->padded);
    else
        hny_pack_transpose_f32(gradient->rows, count, gradient->dy + first, gradient->dy_stride,
                               own->source.data, gradient->padded);
    return HNY_OK;
}

static hny_status add_gradient(struct onednn_products *own, const struct gradient *gradient) {
    for (size_t first = 0, count; first < gradient->out; first += count) {
        count = gradient->out - first < GRADIENT_COLUMNS ? gradient->out - first : GRADIENT_COLUMNS;
        const struct hny_matmul matmul = gradient_matmul(gradient, count);
        /* Any block's layout would do for all, but each is asked, since nothing promises it. */
        if (first == 0 || count < GRADIENT_COLUMNS) HNY_TRY(gather_weights(own, gradient, &matmul));
        HNY_TRY(gather_columns(own, gradient, first, count));
        HNY_TRY(hny_matmul_run(own->matmuls, &matmul, own->source.data, NULL, own->weights.data,
                               gradient->dw + first * gradient->in));
    }
    return HNY_OK;
}

static hny_status weight_gradient(struct hny_products *products, enum hny_precision precision, size_t rows,
                                  size_t out, size_t in, const hny_real *dy, size_t dy_stride,
                                  const hny_real *x, size_t x_stride, hny_real *dw) {
    struct gradient gradient = {.type = operand_type(precision),
                                .out = out,
                                .in = in,
                                .dy_stride = dy_stride,
                                .x_stride = x_stride,
                                .dw = dw};
    const size_t block = gradient.type == HNY_MATMUL_BF16 ? 2 * HNY_PACK_INNER : HNY_PACK_INNER;
    for (size_t row = 0; row < rows; row += gradient.rows) {
        gradient.rows = rows - row < GRADIENT_ROWS ? rows - row : GRADIENT_ROWS;
        gradient.padded = (gradient.rows + block - 1) / block * block;
        gradient.dy = dy + row * dy_stride;
        gradient.x = x + row * x_stride;
        HNY_TRY(add_gradient((struct onednn_products *)products, &gradient));
    }
    return HNY_OK;
}

const struct hny_product_engine hny_product_onednn = {
    .library = hny_product_isa_library,
    .supports = supports,
    .weights_size = sizeof(struct onednn_weights),
    .weights_open = weights_open,
    .weights_close = weights_close,
    .pack = pack,
    .products_size = sizeof(struct onednn_products),
    .products_open = products_open,
    .products_close = products_close,
    .forward = forward,
    .input_gradient = input_gradient,
    .weight_gradient = weight_gradient,
};

#endif
