/* What a product by oneDNN reads: rows of numbers, as they lie or as a copy. */
#ifndef HNY_NN_PRODUCT_SOURCE_H
#define HNY_NN_PRODUCT_SOURCE_H

#include "nn/product_engine.h"
#include "nn/product_matmul.h"

/* ROWS rows of COLUMNS numbers, STRIDE apart, behind them zeros up to a padded size. */
struct hny_product_source {
    enum hny_matmul_type type;
    const float *values;
    size_t stride;
    size_t rows, padded_rows;
    size_t columns, padded_columns;
};

/* Whether it has no gaps, no zeros and its type as it lies: no copy is needed. */
bool hny_product_source_ready(const struct hny_product_source *source);

/* The copy of SOURCE without gaps and in its type, and its bytes. */
size_t hny_product_source_bytes(const struct hny_product_source *source);
void hny_product_source_copy(const struct hny_product_source *source, void *to);

#endif
