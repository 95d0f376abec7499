/* Products by oneDNN's AVX-512 kernels, which give a row the same bytes in any batch; operands in the
 * precision asked for. */
#ifndef HNY_DOUBLE

#include "nn/product_engine.h"
#include "nn/product_int8.h"
#include "nn/product_isa.h"
#include "nn/product_operand.h"
#include "nn/product_pack.h"

#include "base/memory.h"
#include "base/profile.h"
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
    struct hny_operand forward;
    struct hny_operand backward;
    struct hny_packed *packed; /* int8 only, as what follows: a number a column of the result */
    float *column_scale;
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
    enum hny_matmul_type type = operand_type(weights->precision);
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
    HNY_TRY(hny_operand_fill(&own->forward, values));
    return weights->gradient ? hny_operand_fill(&own->backward, values) : HNY_OK;
}

static hny_status move(struct hny_weights *weights, char *storage) {
    struct onednn_weights *own = (struct onednn_weights *)weights;
    if (weights->precision != HNY_PRECISION_INT8) return hny_operand_move(&own->forward, weights, storage);
    own->column_scale = hny_product_moved(weights, own->column_scale, storage);
    own->zero_sum = hny_product_moved(weights, own->zero_sum, storage);
    return hny_packed_move(own->packed, weights, storage);
}

static hny_status pack_rows_int8(struct onednn_products *products, struct onednn_weights *own,
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
    struct onednn_products *mine = (struct onednn_products *)products;
    struct onednn_weights *own = (struct onednn_weights *)weights;
    size_t out = weights->out, in = weights->in;
    if (weights->precision == HNY_PRECISION_INT8) return pack_rows_int8(mine, own, values, rows, count);
    HNY_TRY(hny_product_scratch_reserve(&mine->weights, out * in * sizeof(float)));
    hny_product_gather(out, in, values, rows, count, mine->weights.data);
    return hny_operand_fill(&own->forward, mine->weights.data);
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

/* What a product reads: ROWS rows of COLUMNS numbers, behind them zeros up to a padded size. */
struct source {
    enum hny_matmul_type type;
    const float *values;
    size_t stride;
    size_t rows, padded_rows;
    size_t columns, padded_columns;
};

/* SOURCE without gaps and in its type: itself, or (where COPY, always) a copy in SCRATCH. */
static hny_status gather(const struct source *source, struct hny_product_scratch *scratch, bool copy,
                         const void **gathered) {
    size_t columns = source->columns, wide = source->padded_columns;
    bool dense = source->stride == columns || source->rows == 1;
    bool padded = source->padded_rows > source->rows || wide > columns;
    *gathered = source->values;
    if (source->type == HNY_MATMUL_F32 && dense && !padded && !copy) return HNY_OK;
    HNY_PROFILE("operands of products");
    HNY_TRY(hny_product_scratch_reserve(scratch, source->padded_rows * wide * sizeof(float)));
    *gathered = scratch->data;
    size_t size = source->type == HNY_MATMUL_BF16 ? sizeof(uint16_t) : sizeof(float);
    for (size_t row = 0; row < source->rows; row++) {
        char *to = (char *)scratch->data + row * wide * size;
        const float *from = source->values + row * source->stride;
        if (source->type == HNY_MATMUL_BF16)
            hny_pack_round((uint16_t *)(void *)to, from, columns);
        else
            copy_row((float *)(void *)to, from, columns);
        memset(to + columns * size, 0, (wide - columns) * size);
    }
    memset((char *)scratch->data + source->rows * wide * size, 0,
           (source->padded_rows - source->rows) * wide * size);
    return HNY_OK;
}

/* result[rows][wide] (+)= the source's rows · the weights, piece by piece in their order; ROWS with those of
 * padding. */
static hny_status multiply_pieces(struct onednn_products *own, const struct hny_operand *weights, size_t rows,
                                  struct source source, float *result, bool accumulate) {
    for (size_t i = 0; i < weights->count; i++) {
        const void *gathered = NULL;
        source.columns = hny_operand_inner(weights, i);
        source.padded_columns = hny_operand_padded(weights, i);
        HNY_TRY(gather(&source, &own->source, false, &gathered));
        const struct hny_matmul matmul = {.rows = rows,
                                          .inner = source.padded_columns,
                                          .columns = weights->wide,
                                          .source = weights->type,
                                          .accumulate = accumulate || i > 0};
        HNY_TRY(hny_matmul_run(own->matmuls, &matmul, gathered, weights->pieces[i], NULL, result));
        source.values += source.columns;
    }
    return HNY_OK;
}

/* Up to CHUNK_ROWS rows: result[rows][columns] (+)= values[rows][inner] · weights. A result with gaps is
 * computed elsewhere, by the same kernel, so that its bytes do not depend on the gaps. */
static hny_status multiply_chunk(struct onednn_products *own, const struct hny_operand *weights, size_t rows,
                                 const float *values, size_t stride, float *result, size_t result_stride,
                                 bool accumulate) {
    size_t columns = weights->columns, wide = weights->wide;
    size_t padded = rows < weights->grain.rows ? weights->grain.rows : rows;
    const struct source source = {
        .type = weights->type, .values = values, .stride = stride, .rows = rows, .padded_rows = padded};
    if (padded == rows && wide == columns && (result_stride == columns || rows == 1))
        return multiply_pieces(own, weights, rows, source, result, accumulate);
    HNY_TRY(hny_product_scratch_reserve(&own->sums, padded * wide * sizeof(float)));
    float *sums = own->sums.data;
    if (accumulate) memset(sums, 0, padded * wide * sizeof *sums);
    for (size_t row = 0; accumulate && row < rows; row++)
        copy_row(sums + row * wide, result + row * result_stride, columns);
    HNY_TRY(multiply_pieces(own, weights, padded, source, sums, accumulate));
    for (size_t row = 0; row < rows; row++)
        copy_row(result + row * result_stride, sums + row * wide, columns);
    return HNY_OK;
}

static hny_status multiply(struct hny_products *products, const struct hny_operand *weights, size_t rows,
                           const float *source, size_t source_stride, float *result, size_t result_stride,
                           bool accumulate) {
    struct onednn_products *own = (struct onednn_products *)products;
    for (size_t row = 0, chunk; row < rows; row += chunk) {
        chunk = rows - row < CHUNK_ROWS ? rows - row : CHUNK_ROWS;
        HNY_TRY(multiply_chunk(own, weights, chunk, source + row * source_stride, source_stride,
                               result + row * result_stride, result_stride, accumulate));
    }
    return HNY_OK;
}

static void quantise(size_t rows, size_t columns, const float *x, size_t stride,
                     struct onednn_products *own) {
    HNY_PROFILE("operands of products");
    hny_int8_quantise(rows, columns, x, stride, own->source.data, own->scales.data);
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
    quantise(rows, in, x, x_stride, own);
    HNY_TRY(hny_matmul_run(own->matmuls, &matmul, own->source.data, weights->packed, NULL, own->sums.data));
    HNY_PROFILE("operands of products");
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
    return multiply(products, &own->forward, rows, x, x_stride, y, y_stride, accumulate);
}

static hny_status input_gradient(struct hny_products *products, const struct hny_weights *weights,
                                 size_t rows, const hny_real *dy, size_t dy_stride, hny_real *dx,
                                 size_t dx_stride, bool accumulate) {
    const struct onednn_weights *own = (const struct onednn_weights *)weights;
    return multiply(products, &own->backward, rows, dy, dy_stride, dx, dx_stride, accumulate);
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
    bool accumulate;
};

/* A block of ROWS rows of dw. */
static struct hny_matmul gradient_matmul(const struct gradient *gradient, size_t rows) {
    return (struct hny_matmul){.rows = rows,
                               .inner = gradient->padded,
                               .columns = gradient->in,
                               .source = gradient->type,
                               .loose = 1,
                               .accumulate = gradient->accumulate};
}

/* x as the weights of MATMUL, in own->weights. */
static hny_status gather_weights(struct onednn_products *own, const struct gradient *gradient,
                                 const struct hny_matmul *matmul) {
    struct hny_pack pack = {0};
    size_t bytes = 0;
    const void *gathered = NULL;
    HNY_PROFILE("operands of products");
    HNY_TRY(hny_matmul_layout(own->matmuls, matmul, &pack, &bytes));
    HNY_TRY(hny_product_scratch_reserve(&own->weights, bytes));
    if (!pack.inner_stride) {
        memset(own->weights.data, 0, bytes);
        const struct source source = {.type = gradient->type,
                                      .values = gradient->x,
                                      .stride = gradient->x_stride,
                                      .rows = gradient->rows,
                                      .padded_rows = gradient->rows,
                                      .columns = gradient->in,
                                      .padded_columns = gradient->in};
        return gather(&source, &own->weights, true, &gathered);
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
    HNY_PROFILE("operands of products");
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
                                  const hny_real *x, size_t x_stride, hny_real *dw, bool accumulate) {
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
        gradient.accumulate = accumulate || row > 0;
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
    .move = move,
    .pack_rows = pack_rows,
    .products_size = sizeof(struct onednn_products),
    .products_open = products_open,
    .products_close = products_close,
    .forward = forward,
    .input_gradient = input_gradient,
    .weight_gradient = weight_gradient,
};

#endif
