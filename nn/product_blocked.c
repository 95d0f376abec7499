/* Products by loops of our own, cut into tiles that fit the registers: for processors where oneDNN's kernels
 * are slow or sum a row differently from one batch to the next (AVX2, and all that is not x86-64).
 *
 * Every element of a result is one chain of multiply-adds along the inner dimension, in order, wherever the
 * element stands: rows are the same bytes in any batch by construction. */
#ifndef HNY_DOUBLE

#include "nn/product_engine.h"

#include "base/memory.h"
#include "nn/elementwise.h"
#include <stdlib.h>
#include <string.h>

/* A tile of results: its sums and one row of a panel fill 14 of AVX2's 16 registers. */
#define TILE_ROWS ((size_t)6)
#define TILE_COLUMNS ((size_t)16)

/* Rows that pass over a panel before the next panel: their part of the source stays in the cache. */
#define BLOCK_ROWS ((size_t)96)

/* Rows that a weight gradient takes at a time. */
#define GRADIENT_ROWS ((size_t)256)

/* The tile's vectors have a register each only where the whole function is compiled for them. */
#ifdef __x86_64__
#define VECTOR_BYTES 32
#define TILE_TARGET __attribute__((target("avx2,fma")))
#else
#define VECTOR_BYTES 16
#define TILE_TARGET
#endif
#define VECTOR_FLOATS (VECTOR_BYTES / sizeof(float))
#define TILE_VECTORS (TILE_COLUMNS / VECTOR_FLOATS)

typedef float vector __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));

/* A weights operand [inner][columns] in panels of TILE_COLUMNS columns, [panel][inner][TILE_COLUMNS]; the
 * last panel is filled up with zeros. */
struct panels {
    float *data;
    size_t inner;
    size_t columns;
};

struct blocked_weights {
    struct hny_weights common;
    struct panels forward;
    struct panels backward;
};

struct blocked_products {
    struct hny_products common;
    struct hny_product_scratch panels;  /* of a weight gradient's x */
    struct hny_product_scratch columns; /* of its dy; rows that are being packed */
};

static const char *library(void) {
#ifdef __x86_64__
    return "blocked loops, avx2";
#else
    return "blocked loops";
#endif
}

static bool supports(enum hny_precision precision) {
#ifdef __x86_64__
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return false;
#endif
    return precision == HNY_PRECISION_F32;
}

static size_t panel_count(size_t columns) {
    return (columns + TILE_COLUMNS - 1) / TILE_COLUMNS;
}

static size_t panels_bytes(size_t inner, size_t columns) {
    return panel_count(columns) * inner * TILE_COLUMNS * sizeof(float);
}

/* Element (k, column) of the operand is values[k·inner_step + column·column_step]. */
static void fill_panels(const struct panels *panels, const float *values, size_t inner_step,
                        size_t column_step) {
    float *to = panels->data;
    for (size_t first = 0; first < panels->columns; first += TILE_COLUMNS)
        for (size_t k = 0; k < panels->inner; k++, to += TILE_COLUMNS) {
            size_t columns = panels->columns - first < TILE_COLUMNS ? panels->columns - first : TILE_COLUMNS;
            const float *from = values + k * inner_step + first * column_step;
            for (size_t c = 0; c < columns; c++) to[c] = from[c * column_step];
            for (size_t c = columns; c < TILE_COLUMNS; c++) to[c] = 0;
        }
}

static hny_status open_panels(struct hny_weights *weights, struct panels *panels, size_t inner,
                              size_t columns) {
    size_t bytes = panels_bytes(inner, columns);
    panels->data = hny_product_storage(weights, bytes);
    panels->inner = inner;
    panels->columns = columns;
    weights->bytes += bytes;
    return panels->data ? HNY_OK : HNY_ERROR_MEMORY;
}

static hny_status weights_open(struct hny_weights *weights) {
    struct blocked_weights *own = (struct blocked_weights *)weights;
    HNY_TRY(open_panels(weights, &own->forward, weights->in, weights->out));
    return weights->gradient ? open_panels(weights, &own->backward, weights->out, weights->in) : HNY_OK;
}

static void weights_close(struct hny_weights *weights) {
    struct blocked_weights *own = (struct blocked_weights *)weights;
    hny_product_storage_free(weights, own->forward.data);
    hny_product_storage_free(weights, own->backward.data);
}

static hny_status pack(struct hny_weights *weights, const hny_real *values) {
    struct blocked_weights *own = (struct blocked_weights *)weights;
    fill_panels(&own->forward, values, 1, weights->in);
    if (weights->gradient) fill_panels(&own->backward, values, weights->in, 1);
    return HNY_OK;
}

static hny_status move(struct hny_weights *weights, char *storage) {
    struct blocked_weights *own = (struct blocked_weights *)weights;
    own->forward.data = hny_product_moved(weights, own->forward.data, storage);
    return HNY_OK;
}

static hny_status pack_rows(struct hny_products *products, struct hny_weights *weights,
                            const hny_real *values, const int32_t *rows, size_t count) {
    struct blocked_products *own = (struct blocked_products *)products;
    size_t out = weights->out, in = weights->in;
    HNY_TRY(hny_product_scratch_reserve(&own->columns, out * in * sizeof(float)));
    hny_product_gather(out, in, values, rows, count, own->columns.data);
    fill_panels(&((struct blocked_weights *)weights)->forward, own->columns.data, 1, in);
    return HNY_OK;
}

static hny_status products_open(struct hny_products *products) {
    (void)products;
    return HNY_OK;
}

static void products_close(struct hny_products *products) {
    struct blocked_products *own = (struct blocked_products *)products;
    hny_product_scratch_free(&own->panels);
    hny_product_scratch_free(&own->columns);
}

/* What the tiles of a block of rows share. Element (row, k) of the source is source[row·row_step +
 * k·inner_step]. */
struct block {
    const float *source;
    size_t row_step;
    size_t inner_step;
    size_t rows;
    float *result;
    size_t result_stride;
    bool accumulate;
};

/* ROWS ≤ TILE_ROWS (a constant where inlined) rows from ROW on against one panel, whose first COLUMNS count.
 */
TILE_TARGET HNY_INLINE void multiply_tile(const struct block *block, size_t row, size_t rows,
                                          const float *panel, size_t inner, size_t columns, float *result) {
    vector sum[TILE_ROWS][TILE_VECTORS] = {0};
    const float *source = block->source + row * block->row_step;
    const size_t row_step = block->row_step, inner_step = block->inner_step;
    for (size_t k = 0; k < inner; k++, panel += TILE_COLUMNS, source += inner_step)
#pragma GCC unroll 6
        for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 4
            for (size_t v = 0; v < TILE_VECTORS; v++)
                sum[r][v] += source[r * row_step] * ((const vector *)panel)[v];
    for (size_t r = 0; r < rows; r++) {
        float *to = result + (row + r) * block->result_stride, values[TILE_COLUMNS];
        memcpy(values, sum[r], sizeof values);
        if (block->accumulate)
            for (size_t c = 0; c < columns; c++) to[c] += values[c];
        else
            for (size_t c = 0; c < columns; c++) to[c] = values[c];
    }
}

/* All rows of BLOCK against one panel. */
TILE_TARGET static void multiply_panel(const struct block *block, const float *panel, size_t inner,
                                       size_t columns, float *result) {
    size_t row = 0;
    for (; row + TILE_ROWS <= block->rows; row += TILE_ROWS)
        multiply_tile(block, row, TILE_ROWS, panel, inner, columns, result);
    switch (block->rows - row) {
    case 5:
        multiply_tile(block, row, 5, panel, inner, columns, result);
        break;
    case 4:
        multiply_tile(block, row, 4, panel, inner, columns, result);
        break;
    case 3:
        multiply_tile(block, row, 3, panel, inner, columns, result);
        break;
    case 2:
        multiply_tile(block, row, 2, panel, inner, columns, result);
        break;
    case 1:
        multiply_tile(block, row, 1, panel, inner, columns, result);
        break;
    }
}

static void multiply_block(const struct block *block, const struct panels *panels) {
    for (size_t p = 0; p < panel_count(panels->columns); p++) {
        size_t first = p * TILE_COLUMNS, left = panels->columns - first;
        multiply_panel(block, panels->data + first * panels->inner, panels->inner,
                       left < TILE_COLUMNS ? left : TILE_COLUMNS, block->result + first);
    }
}

/* result[rows][columns] (+)= source · panels. */
static void multiply(struct block block, size_t rows, const struct panels *panels) {
    for (size_t row = 0; row < rows; row += block.rows) {
        block.rows = rows - row < BLOCK_ROWS ? rows - row : BLOCK_ROWS;
        multiply_block(&block, panels);
        block.source += block.rows * block.row_step;
        block.result += block.rows * block.result_stride;
    }
}

static hny_status forward(struct hny_products *products, const struct hny_weights *weights, size_t rows,
                          const hny_real *x, size_t x_stride, hny_real *y, size_t y_stride, bool accumulate) {
    (void)products;
    struct block block = {x, x_stride, 1, 0, y, y_stride, accumulate};
    multiply(block, rows, &((const struct blocked_weights *)weights)->forward);
    return HNY_OK;
}

static hny_status input_gradient(struct hny_products *products, const struct hny_weights *weights,
                                 size_t rows, const hny_real *dy, size_t dy_stride, hny_real *dx,
                                 size_t dx_stride, bool accumulate) {
    (void)products;
    struct block block = {dy, dy_stride, 1, 0, dx, dx_stride, accumulate};
    multiply(block, rows, &((const struct blocked_weights *)weights)->backward);
    return HNY_OK;
}

/* dw[out][in] (+)= dyᵀ · panels over the panels' rows, BLOCK_ROWS columns of dy at a time. They are copied
 * together first: rows of dy that lie a power of two apart would fall on the same few lines of the cache. */
static void add_gradient(const struct panels *panels, float *columns, size_t out, const float *dy,
                         size_t dy_stride, float *dw, bool accumulate) {
    size_t rows = panels->inner, in = panels->columns;
    for (size_t first = 0, count; first < out; first += count) {
        count = out - first < BLOCK_ROWS ? out - first : BLOCK_ROWS;
        for (size_t row = 0; row < rows; row++)
            memcpy(columns + row * count, dy + row * dy_stride + first, count * sizeof *columns);
        multiply_block(&(struct block){columns, 1, count, count, dw + first * in, in, accumulate}, panels);
    }
}

static hny_status weight_gradient(struct hny_products *products, enum hny_precision precision, size_t rows,
                                  size_t out, size_t in, const hny_real *dy, size_t dy_stride,
                                  const hny_real *x, size_t x_stride, hny_real *dw, bool accumulate) {
    struct blocked_products *own = (struct blocked_products *)products;
    (void)precision;
    for (size_t row = 0, count; row < rows; row += count) {
        count = rows - row < GRADIENT_ROWS ? rows - row : GRADIENT_ROWS;
        HNY_TRY(hny_product_scratch_reserve(&own->panels, panels_bytes(count, in)));
        HNY_TRY(hny_product_scratch_reserve(&own->columns, count * BLOCK_ROWS * sizeof(float)));
        struct panels panels = {own->panels.data, count, in};
        fill_panels(&panels, x + row * x_stride, x_stride, 1);
        add_gradient(&panels, own->columns.data, out, dy + row * dy_stride, dy_stride, dw,
                     accumulate || row > 0);
    }
    return HNY_OK;
}

const struct hny_product_engine hny_product_blocked = {
    .library = library,
    .supports = supports,
    .weights_size = sizeof(struct blocked_weights),
    .weights_open = weights_open,
    .weights_close = weights_close,
    .pack = pack,
    .move = move,
    .pack_rows = pack_rows,
    .products_size = sizeof(struct blocked_products),
    .products_open = products_open,
    .products_close = products_close,
    .forward = forward,
    .input_gradient = input_gradient,
    .weight_gradient = weight_gradient,
};

#endif
