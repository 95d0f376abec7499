/* The gradients of weights by oneDNN: both operands are packed anew, a block of them at a time. */
#ifndef HNY_DOUBLE

#include "nn/product_onednn.h"

#include "base/profile.h"
#include "nn/product_pack.h"
#include "nn/product_source.h"
#include <string.h>

/* Rows of x and dy that a weight gradient takes at a time, and columns of dy: packed, they stay in the cache.
 */
#define GRADIENT_ROWS ((size_t)2048)
#define GRADIENT_COLUMNS ((size_t)256)

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
static hny_status gather_weights(struct hny_onednn_products *own, const struct gradient *gradient,
                                 const struct hny_matmul *matmul) {
    struct hny_pack pack = {0};
    size_t bytes = 0;
    HNY_PROFILE("operands of products");
    HNY_TRY(hny_matmul_layout(own->matmuls, matmul, &pack, &bytes));
    HNY_TRY(hny_product_scratch_reserve(&own->weights, bytes));
    if (!pack.inner_stride) {
        memset(own->weights.data, 0, bytes);
        const struct hny_product_source source = {.type = gradient->type,
                                                  .values = gradient->x,
                                                  .stride = gradient->x_stride,
                                                  .rows = gradient->rows,
                                                  .padded_rows = gradient->rows,
                                                  .columns = gradient->in,
                                                  .padded_columns = gradient->in};
        hny_product_source_copy(&source, own->weights.data);
        return HNY_OK;
    }
    pack.inner = gradient->rows;
    if (gradient->type == HNY_MATMUL_BF16)
        hny_pack_bf16(&pack, gradient->x, gradient->x_stride, false, own->weights.data);
    else
        hny_pack_f32(&pack, gradient->x, gradient->x_stride, false, own->weights.data);
    return HNY_OK;
}

/* COUNT columns of dy from FIRST on, transposed, in own->source. */
static hny_status gather_columns(struct hny_onednn_products *own, const struct gradient *gradient,
                                 size_t first, size_t count) {
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

static hny_status add_gradient(struct hny_onednn_products *own, const struct gradient *gradient) {
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

hny_status hny_onednn_weight_gradient(struct hny_products *products, enum hny_precision precision,
                                      size_t rows, size_t out, size_t in, const hny_real *dy,
                                      size_t dy_stride, const hny_real *x, size_t x_stride, hny_real *dw,
                                      bool accumulate) {
    struct gradient gradient = {.type = hny_onednn_operand(precision),
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
        HNY_TRY(add_gradient((struct hny_onednn_products *)products, &gradient));
    }
    return HNY_OK;
}

#endif
