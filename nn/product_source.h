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

/* SOURCE without gaps and in its type: itself, or (where COPY, always) a copy in SCRATCH. */
hny_status hny_product_source_gather(const struct hny_product_source *source,
                                     struct hny_product_scratch *scratch, bool copy, const void **gathered);

#endif
