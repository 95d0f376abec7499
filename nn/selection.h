/* Products with some rows of a weight matrix, as for a sentence that knows which words it may need: the rows
 * are packed once, and then read many times instead of the whole matrix. */
#ifndef HNY_NN_SELECTION_H
#define HNY_NN_SELECTION_H

#include "nn/product.h"

/* What the selections of one thread share: how so and so many rows are multiplied by. */
struct hny_selector;

/* For matrices of IN columns in PRECISION, of which at most MOST rows are selected. */
hny_status hny_selector_create(struct hny_selector **selector, size_t most, size_t in,
                               enum hny_precision precision);
void hny_selector_destroy(struct hny_selector **selector); /* nulls; NULL is allowed */

/* Packed rows. Zero-initialise to begin; memory of former rows is used again. */
struct hny_selection {
    void *storage;
    size_t bytes;
    size_t count; /* of rows */
};
void hny_selection_free(struct hny_selection *selection); /* back to the zero state */

/* Columns of a product with COUNT selected rows: those behind the COUNT-th are zero. So there are few
 * different sizes, each of which some libraries make a kernel for. */
size_t hny_selection_width(size_t count);

/* Packs the rows ROWS [count], 1 to MOST, of VALUES [any number][in]. */
hny_status hny_selection_pack(struct hny_selector *selector, struct hny_products *products,
                              struct hny_selection *selection, const hny_real *values, const int32_t *rows,
                              size_t count);

/* y[rows][hny_selection_width] = x[rows][in] · the selected rows, transposed. Every number is the same bytes
 * as in the product with the whole matrix (hny_product), whatever else is selected. */
hny_status hny_selection_product(struct hny_selector *selector, struct hny_products *products,
                                 const struct hny_selection *selection, size_t rows, const hny_real *x,
                                 hny_real *y);

#endif
