/* Products by a packed operand: strip by strip of its columns, which then stay in the cache for all rows. */
#ifndef HNY_DOUBLE

#include "nn/product_onednn.h"

#include "nn/product_source.h"
#include <string.h>

/* Bytes of a source that is copied at once for all strips. */
#define SOURCE_BYTES ((size_t)4 << 20)

/* Some rows of a product and some pieces of its inner dimension, their source as the kernels read it. */
struct block {
    struct hny_onednn_products *own;
    const struct hny_operand *weights;
    size_t rows, padded_rows; /* those of padding are behind the last */
    size_t first_piece, pieces;
    const char *source; /* piece behind piece, each [padded_rows][as the product has it] */
    float *y;
    size_t y_stride;
    bool accumulate; /* the first piece too: those behind it always are */
};

/* result[rows][wide] (+)= rows FIRST… of the source · the strip, piece by piece in their order; ROWS with
 * those of padding. */
static hny_status multiply_pieces(const struct block *block, size_t strip, size_t first, size_t rows,
                                  float *result) {
    const struct hny_operand *weights = block->weights;
    const char *source = block->source;
    for (size_t i = block->first_piece; i < block->first_piece + block->pieces; i++) {
        size_t inner = hny_operand_padded(weights, i),
               row_bytes = inner * hny_matmul_type_bytes(weights->type);
        const struct hny_matmul matmul = {.rows = rows,
                                          .inner = inner,
                                          .columns = hny_operand_wide(weights, strip),
                                          .source = weights->type,
                                          .accumulate = block->accumulate || i > 0};
        HNY_TRY(hny_matmul_run(block->own->matmuls, &matmul, source + first * row_bytes,
                               weights->pieces[strip * weights->count + i], NULL, result));
        source += block->padded_rows * row_bytes;
    }
    return HNY_OK;
}

/* ROWS rows from FIRST on of a strip of the result. One with gaps is computed elsewhere, by the same kernel,
 * so that its bytes do not depend on the gaps. */
static hny_status multiply_strip(const struct block *block, size_t strip, size_t first, size_t rows) {
    size_t columns = hny_operand_columns(block->weights, strip);
    size_t wide = hny_operand_wide(block->weights, strip);
    size_t padded = hny_grain_rows(&block->weights->grain, rows), stride = block->y_stride;
    float *y = block->y + first * stride + strip * hny_operand_columns(block->weights, 0);
    if (padded == rows && wide == columns && (stride == columns || rows == 1))
        return multiply_pieces(block, strip, first, rows, y);
    struct hny_product_scratch *scratch = &block->own->sums;
    HNY_TRY(hny_product_scratch_reserve(scratch, padded * wide * sizeof(float)));
    float *sums = scratch->data;
    const struct hny_product_source before = {.type = HNY_MATMUL_F32,
                                              .values = y,
                                              .stride = stride,
                                              .rows = rows,
                                              .padded_rows = padded,
                                              .columns = columns,
                                              .padded_columns = wide};
    if (block->accumulate || block->first_piece > 0) hny_product_source_copy(&before, sums);
    HNY_TRY(multiply_pieces(block, strip, first, padded, sums));
    for (size_t row = 0; row < rows; row++)
        memcpy(y + row * stride, sums + row * wide, columns * sizeof *sums);
    return HNY_OK;
}

static hny_status multiply_block(const struct block *block) {
    for (size_t strip = 0; strip < block->weights->strips; strip++)
        for (size_t first = 0, rows; first < block->rows; first += rows) {
            rows = block->rows - first < HNY_ONEDNN_ROWS ? block->rows - first : HNY_ONEDNN_ROWS;
            HNY_TRY(multiply_strip(block, strip, first, rows));
        }
    return HNY_OK;
}

/* The source X as the kernels read it: as it lies, or its pieces in own->source. */
static hny_status gather(struct block *block, const float *x, size_t x_stride) {
    const struct hny_operand *weights = block->weights;
    struct hny_product_source source = {.type = weights->type,
                                        .values = x,
                                        .stride = x_stride,
                                        .rows = block->rows,
                                        .padded_rows = block->padded_rows,
                                        .columns = hny_operand_inner(weights, block->first_piece),
                                        .padded_columns = hny_operand_padded(weights, block->first_piece)};
    block->source = (const char *)x;
    if (block->pieces == 1 && hny_product_source_ready(&source)) return HNY_OK;
    struct hny_product_scratch *scratch = &block->own->source;
    HNY_TRY(hny_product_scratch_reserve(scratch, block->pieces * hny_product_source_bytes(&source)));
    block->source = scratch->data;
    char *to = scratch->data;
    for (size_t i = block->first_piece; i < block->first_piece + block->pieces; i++) {
        source.columns = hny_operand_inner(weights, i);
        source.padded_columns = hny_operand_padded(weights, i);
        hny_product_source_copy(&source, to);
        to += hny_product_source_bytes(&source);
        source.values += source.columns;
    }
    return HNY_OK;
}

/* All columns of some rows, so many pieces at a time as SOURCE_BYTES allow. */
static hny_status multiply_rows(struct block *block, const float *x, size_t x_stride) {
    const struct hny_operand *weights = block->weights;
    const size_t row_bytes = hny_operand_padded(weights, 0) * hny_matmul_type_bytes(weights->type);
    const size_t most = SOURCE_BYTES / (block->padded_rows * row_bytes), all = weights->count;
    for (block->first_piece = 0; block->first_piece < all; block->first_piece += block->pieces) {
        block->pieces = all - block->first_piece;
        if (block->pieces > most) block->pieces = most ? most : 1;
        HNY_TRY(gather(block, x + block->first_piece * hny_operand_inner(weights, 0), x_stride));
        HNY_TRY(multiply_block(block));
    }
    return HNY_OK;
}

/* Rows of a block: whole calls, as many as SOURCE_BYTES allow, for all strips together. */
static size_t block_rows(const struct hny_operand *weights) {
    size_t calls = SOURCE_BYTES / (weights->inner * hny_matmul_type_bytes(weights->type) * HNY_ONEDNN_ROWS);
    return (weights->strips == 1 || calls == 0 ? 1 : calls) * HNY_ONEDNN_ROWS;
}

hny_status hny_onednn_multiply(struct hny_onednn_products *own, const struct hny_operand *weights,
                               size_t rows, const float *x, size_t x_stride, float *y, size_t y_stride,
                               bool accumulate) {
    const size_t most = block_rows(weights);
    struct block block = {.own = own, .weights = weights, .y_stride = y_stride, .accumulate = accumulate};
    for (size_t row = 0; row < rows; row += block.rows) {
        block.rows = rows - row < most ? rows - row : most;
        size_t rest = block.rows % HNY_ONEDNN_ROWS;
        block.padded_rows = block.rows - rest + (rest ? hny_grain_rows(&weights->grain, rest) : 0);
        block.y = y + row * y_stride;
        HNY_TRY(multiply_rows(&block, x + row * x_stride, x_stride));
    }
    return HNY_OK;
}

#endif
