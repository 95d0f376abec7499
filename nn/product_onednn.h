/* What the parts of the oneDNN engine share: products, and the gradients of weights. */
#ifndef HNY_NN_PRODUCT_ONEDNN_H
#define HNY_NN_PRODUCT_ONEDNN_H

#include "nn/product_engine.h"
#include "nn/product_matmul.h"
#include "nn/product_operand.h"

struct hny_onednn_products {
    struct hny_products common;
    struct hny_matmuls *matmuls;
    struct hny_product_scratch source; /* operands as the product reads them */
    struct hny_product_scratch weights;
    struct hny_product_scratch scales; /* int8: of the source's rows… */
    struct hny_product_scratch sums;   /* int8: the products' sums; else results with gaps */
};

/* The type of operands that are not int8. */
static inline enum hny_matmul_type hny_onednn_operand(enum hny_precision precision) {
    return precision == HNY_PRECISION_BF16 ? HNY_MATMUL_BF16 : HNY_MATMUL_F32;
}

/* Rows of one call: bounds the number of different shapes, each of which is a kernel to make and keep. */
#define HNY_ONEDNN_ROWS ((size_t)256)

/* y[rows][columns] (+)= x[rows][inner] · WEIGHTS; strides as in nn/product.h. */
hny_status hny_onednn_multiply(struct hny_onednn_products *own, const struct hny_operand *weights,
                               size_t rows, const float *x, size_t x_stride, float *y, size_t y_stride,
                               bool accumulate);

/* The engine's weight_gradient. */
hny_status hny_onednn_weight_gradient(struct hny_products *products, enum hny_precision precision,
                                      size_t rows, size_t out, size_t in, const hny_real *dy,
                                      size_t dy_stride, const hny_real *x, size_t x_stride, hny_real *dw,
                                      bool accumulate);

#endif
