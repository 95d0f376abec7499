/* What nn/product_packed.c and nn/product_matmul.c share of oneDNN: with nn/product_dnnl.c they alone know
 * its interface, which differs between its versions (this is that of 2.x). */
#ifndef HNY_NN_PRODUCT_DNNL_H
#define HNY_NN_PRODUCT_DNNL_H

#include "nn/product_engine.h"
#include "nn/product_matmul.h"
#include <oneapi/dnnl/dnnl.h>

/* One for the process: primitives, memory and streams of several threads may share an engine. */
hny_status hny_dnnl_start(void);
dnnl_engine_t hny_dnnl_engine(void); /* after hny_dnnl_start */

/* HNY_OK, or a message that oneDNN cannot do WHAT. */
hny_status hny_dnnl_check(dnnl_status_t status, const char *what);

/* oneDNN computes with as many threads as OpenMP gives the calling thread: one, between these two. The first
 * returns what the second takes. */
int hny_dnnl_begin(void);
void hny_dnnl_end(int threads);

/* A matrix of ROWS × COLUMNS without gaps, or one that lies transposed. */
dnnl_status_t hny_dnnl_matrix(dnnl_memory_desc_t *matrix, uint64_t rows, uint64_t columns,
                              enum hny_matmul_type type, bool transposed);

/* The type of a product's result. */
enum hny_matmul_type hny_dnnl_result_type(enum hny_matmul_type source);

/* How a product is computed, with a scratchpad that the caller gives. */
dnnl_status_t hny_dnnl_attributes(bool accumulate, dnnl_primitive_attr_t *attributes);
dnnl_status_t hny_dnnl_product(const dnnl_memory_desc_t *source, const dnnl_memory_desc_t *weights,
                               const dnnl_memory_desc_t *result, bool accumulate,
                               dnnl_primitive_desc_t *product);

/* The layout that oneDNN would choose for the weights of a product with ROWS rows. */
dnnl_status_t hny_dnnl_layout(size_t rows, size_t inner, size_t columns, enum hny_matmul_type source,
                              enum hny_matmul_type weights, dnnl_memory_desc_t *layout);

/* The layout of INNER × COLUMNS weights of TYPE in terms of nn/product_pack.h; without strides if it has
 * none. */
struct hny_pack hny_dnnl_recognise(const dnnl_memory_desc_t *layout, enum hny_matmul_type type, size_t inner,
                                   size_t columns);

/* Weights as nn/product_matmul.h has them. */
struct hny_packed {
    dnnl_memory_desc_t layout;
    dnnl_memory_t memory; /* over data */
    void *data;
    size_t bytes;
    enum hny_matmul_type type;
    bool transposed;
    struct hny_pack pack;     /* its strides are 0 where the layout is not one of nn/product_pack.h… */
    dnnl_primitive_t reorder; /* …and this takes its place */
    dnnl_memory_t values;     /* over whatever is being packed */
    dnnl_memory_t scratchpad;
    struct hny_product_scratch scratch;
};

#endif
