/* What a library that computes products offers to nn/product.c, which chooses among them. Only the
 * product_*.c files and their tests read this header.
 *
 * Sizes are checked before an engine sees them: none is zero, and no product of two of them overflows. */
#ifndef HNY_NN_PRODUCT_ENGINE_H
#define HNY_NN_PRODUCT_ENGINE_H

#include "nn/product.h"

/* The part of a weight matrix that every engine has; an engine's own struct begins with it. */
struct hny_weights {
    const struct hny_product_engine *engine;
    size_t out;
    size_t in;
    enum hny_precision precision;
    bool gradient;
    size_t bytes;  /* of packed weights */
    char *storage; /* where they lie, from hny_product_storage on; NULL: each in memory of its own */
    size_t storage_bytes, storage_used;
};

/* Zeroed BYTES for packed weights, at a multiple of 64: part of the storage, where there is one (its content
 * is as it was), else allocated. _free: of what it returned. */
void *hny_product_storage(struct hny_weights *weights, size_t bytes);
void hny_product_storage_free(const struct hny_weights *weights, void *memory);

/* Where MEMORY, which hny_product_storage gave, lies once STORAGE takes the place of the weights' own. */
void *hny_product_moved(const struct hny_weights *weights, const void *memory, char *storage);

/* The same for what a thread needs. */
struct hny_products {
    const struct hny_product_engine *engine;
};

/* Its functions; those with a namesake in nn/product.h keep that one's contract. */
struct hny_product_engine {
    const char *(*library)(void);
    bool (*supports)(enum hny_precision precision);

    /* Both fill in their own fields alone; nn/product.c fills in the common ones first. */
    size_t weights_size;
    hny_status (*weights_open)(struct hny_weights *weights);
    void (*weights_close)(struct hny_weights *weights);
    hny_status (*pack)(struct hny_weights *weights, const hny_real *values);

    /* Every pointer into the storage points into STORAGE now (hny_product_moved). */
    hny_status (*move)(struct hny_weights *weights, char *storage);
    hny_status (*pack_rows)(struct hny_products *products, struct hny_weights *weights,
                            const hny_real *values, const int32_t *rows, size_t count);

    size_t products_size;
    hny_status (*products_open)(struct hny_products *products);
    void (*products_close)(struct hny_products *products);

    hny_status (*forward)(struct hny_products *products, const struct hny_weights *weights, size_t rows,
                          const hny_real *x, size_t x_stride, hny_real *y, size_t y_stride, bool accumulate);
    hny_status (*input_gradient)(struct hny_products *products, const struct hny_weights *weights,
                                 size_t rows, const hny_real *dy, size_t dy_stride, hny_real *dx,
                                 size_t dx_stride, bool accumulate);
    hny_status (*weight_gradient)(struct hny_products *products, enum hny_precision precision, size_t rows,
                                  size_t out, size_t in, const hny_real *dy, size_t dy_stride,
                                  const hny_real *x, size_t x_stride, hny_real *dw, bool accumulate);
};

/* Plain loops, one sum after another: the double build's engine and the others' yardstick. */
extern const struct hny_product_engine hny_product_plain;

#ifndef HNY_DOUBLE
extern const struct hny_product_engine hny_product_onednn;  /* where its kernels are the best: AVX-512 */
extern const struct hny_product_engine hny_product_blocked; /* elsewhere */
#endif

/* Makes ENGINE, instead of the one that suits the processor, serve what is created from here on; NULL goes
 * back. For tests and measurements. */
void hny_product_use(const struct hny_product_engine *engine);

/* Memory that only grows and whose content does not survive growing. */
struct hny_product_scratch {
    void *data;
    size_t bytes;
};
hny_status hny_product_scratch_reserve(struct hny_product_scratch *scratch, size_t bytes);
void hny_product_scratch_free(struct hny_product_scratch *scratch);

/* to[out][in] = the rows ROWS [count] of VALUES, then zeros. */
void hny_product_gather(size_t out, size_t in, const hny_real *values, const int32_t *rows, size_t count,
                        hny_real *to);

#endif
