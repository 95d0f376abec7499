/* Products as plain loops: what the mathematics says, one element after another. */
#include "nn/product_engine.h"

#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

struct plain_weights {
    struct hny_weights common;
    hny_real *values; /* [out][in] */
};

static const char *library(void) {
    return "plain loops";
}

static bool supports(enum hny_precision precision) {
    return precision == HNY_PRECISION_F32;
}

static hny_status weights_open(struct hny_weights *weights) {
    struct plain_weights *plain = (struct plain_weights *)weights;
    weights->bytes = weights->out * weights->in * sizeof(hny_real);
    plain->values = hny_product_storage(weights, weights->bytes);
    return plain->values ? HNY_OK : HNY_ERROR_MEMORY;
}

static void weights_close(struct hny_weights *weights) {
    hny_product_storage_free(weights, ((struct plain_weights *)weights)->values);
}

static hny_status pack(struct hny_weights *weights, const hny_real *values) {
    memcpy(((struct plain_weights *)weights)->values, values, weights->bytes);
    return HNY_OK;
}

static hny_status move(struct hny_weights *weights, char *storage) {
    struct plain_weights *plain = (struct plain_weights *)weights;
    plain->values = hny_product_moved(weights, plain->values, storage);
    return HNY_OK;
}

static hny_status pack_rows(struct hny_products *products, struct hny_weights *weights,
                            const hny_real *values, const int32_t *rows, size_t count) {
    (void)products;
    hny_product_gather(weights->out, weights->in, values, rows, count,
                       ((struct plain_weights *)weights)->values);
    return HNY_OK;
}

static hny_status products_open(struct hny_products *products) {
    (void)products;
    return HNY_OK;
}

static void products_close(struct hny_products *products) {
    (void)products;
}

static hny_status forward(struct hny_products *products, const struct hny_weights *weights, size_t rows,
                          const hny_real *x, size_t x_stride, hny_real *y, size_t y_stride, bool accumulate) {
    (void)products;
    const hny_real *w = ((const struct plain_weights *)weights)->values;
    for (size_t row = 0; row < rows; row++)
        for (size_t o = 0; o < weights->out; o++) {
            hny_real sum = 0;
            for (size_t i = 0; i < weights->in; i++) sum += x[row * x_stride + i] * w[o * weights->in + i];
            hny_real *to = &y[row * y_stride + o];
            *to = accumulate ? *to + sum : sum;
        }
    return HNY_OK;
}

static hny_status input_gradient(struct hny_products *products, const struct hny_weights *weights,
                                 size_t rows, const hny_real *dy, size_t dy_stride, hny_real *dx,
                                 size_t dx_stride, bool accumulate) {
    (void)products;
    const hny_real *w = ((const struct plain_weights *)weights)->values;
    for (size_t row = 0; row < rows; row++) {
        hny_real *to = dx + row * dx_stride;
        if (!accumulate) memset(to, 0, weights->in * sizeof *to);
        for (size_t o = 0; o < weights->out; o++)
            for (size_t i = 0; i < weights->in; i++)
                to[i] += dy[row * dy_stride + o] * w[o * weights->in + i];
    }
    return HNY_OK;
}

static hny_status weight_gradient(struct hny_products *products, enum hny_precision precision, size_t rows,
                                  size_t out, size_t in, const hny_real *dy, size_t dy_stride,
                                  const hny_real *x, size_t x_stride, hny_real *dw, bool accumulate) {
    (void)products;
    (void)precision;
    if (!accumulate) memset(dw, 0, out * in * sizeof *dw);
    for (size_t row = 0; row < rows; row++)
        for (size_t o = 0; o < out; o++)
            for (size_t i = 0; i < in; i++) dw[o * in + i] += dy[row * dy_stride + o] * x[row * x_stride + i];
    return HNY_OK;
}

const struct hny_product_engine hny_product_plain = {
    .library = library,
    .supports = supports,
    .weights_size = sizeof(struct plain_weights),
    .weights_open = weights_open,
    .weights_close = weights_close,
    .pack = pack,
    .move = move,
    .pack_rows = pack_rows,
    .products_size = sizeof(struct hny_products),
    .products_open = products_open,
    .products_close = products_close,
    .forward = forward,
    .input_gradient = input_gradient,
    .weight_gradient = weight_gradient,
};
