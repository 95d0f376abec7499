/* Matrix products: the only face of the libraries that compute them (oneDNN; CBLAS where oneDNN has only its
 * reference kernels; plain loops in the double-precision build). The choice of library and precision is made
 * here, once, from what the processor can do.
 *
 * A row of a result depends on that row of the input alone: the same bytes come out whatever the number of
 * rows and wherever the row stands among them. Search, caches and retries rest on this.
 *
 * Every product runs on the calling thread alone; parallel work is the caller's, one engine a thread. */
#ifndef HNY_NN_PRODUCT_H
#define HNY_NN_PRODUCT_H

#include "base/status.h"
#include "nn/real.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hny_precision {
    HNY_PRECISION_F32,
    HNY_PRECISION_BF16, /* operands rounded to bfloat16, sums in float32 */
    HNY_PRECISION_INT8, /* translation only; weights a scale a row of W, activations a scale a row */
};

/* "f32", "bf16", "int8"; and back (HNY_ERROR_USAGE names the known ones). "auto" gives the fastest for
 * training. */
const char *hny_precision_name(enum hny_precision precision);
hny_status hny_precision_parse(const char *name, enum hny_precision *precision);

/* Whether this processor (as limited by ONEDNN_MAX_CPU_ISA) computes PRECISION rightly, by instructions of
 * its own. */
bool hny_precision_supported(enum hny_precision precision);
enum hny_precision hny_precision_fastest(void); /* bf16 where supported and faster, else f32: never int8 */

/* What computes, for reports and checkpoints: "oneDNN 2.6.3, avx512_core_bf16"; static text. */
const char *hny_product_library(void);

enum hny_product_kind { HNY_PRODUCT_FORWARD, HNY_PRODUCT_INPUT_GRADIENT, HNY_PRODUCT_WEIGHT_GRADIENT };

/* Tells WATCHER, by the thread that computes it, of every product that is computed from here on, once it is;
 * SECONDS it took. NULL ends it. For measurements; to be set while nothing computes. */
typedef void hny_product_watcher(enum hny_product_kind kind, enum hny_precision precision, size_t rows,
                                 size_t out, size_t in, double seconds);
void hny_product_watch(hny_product_watcher *watcher);

/* A weight matrix W [out][in] prepared for products, shared by threads, read-only while products run. */
struct hny_weights;

/* GRADIENT: also prepared for hny_product_input_gradient. */
hny_status hny_weights_create(struct hny_weights **weights, size_t out, size_t in,
                              enum hny_precision precision, bool gradient);
void hny_weights_destroy(struct hny_weights **weights); /* nulls; NULL is allowed */

/* The same without gradients, the packed weights lying in STORAGE of BYTES (at a multiple of 64), of which
 * *USED are taken; it must outlive the weights. Weights of the same size and precision that were packed
 * there, or in what was copied from there, by a process whose hny_product_library is the same, need no
 * packing; then STORAGE may be read-only. HNY_ERROR_MEMORY where it is too small. */
hny_status hny_weights_create_in(struct hny_weights **weights, size_t out, size_t in,
                                 enum hny_precision precision, void *storage, size_t bytes, size_t *used);

/* Packs VALUES [out][in], which may change or go away afterwards. Packing different weights at once from
 * several threads is fine. */
hny_status hny_weights_pack(struct hny_weights *weights, const hny_real *values);
size_t hny_weights_bytes(const struct hny_weights *weights); /* memory held, for reports */
enum hny_precision hny_weights_precision(const struct hny_weights *weights);

/* The same without gradients, lying nowhere until hny_weights_move says where: in *BYTES of the caller's. */
hny_status hny_weights_create_apart(struct hny_weights **weights, size_t out, size_t in,
                                    enum hny_precision precision, size_t *bytes);

/* Lets weights made so lie in STORAGE (at a multiple of 64), which need not be the one in which they lay
 * before: what weights of their size and precision packed there is theirs now. */
hny_status hny_weights_move(struct hny_weights *weights, void *storage);

/* What one thread needs: primitives by shape, scratch memory. Made on any thread, used by one at a time. */
struct hny_products;
hny_status hny_products_create(struct hny_products **products);
void hny_products_destroy(struct hny_products **products);

/* Packs the rows ROWS [count] of VALUES [any number][in], and zeros below them; COUNT is at most the weights'
 * rows. Allocates nothing once PRODUCTS has met the weights' size. */
hny_status hny_weights_pack_rows(struct hny_products *products, struct hny_weights *weights,
                                 const hny_real *values, const int32_t *rows, size_t count);

/* y[rows][out] = x[rows][in] · Wᵀ, added to y where ACCUMULATE. Strides are in elements between rows, at
 * least the row's length. ROWS 0 does nothing. x and y do not overlap. */
hny_status hny_product(struct hny_products *products, const struct hny_weights *weights, size_t rows,
                       const hny_real *x, size_t x_stride, hny_real *y, size_t y_stride, bool accumulate);

/* dx[rows][in] = dy[rows][out] · W, added to dx where ACCUMULATE. */
hny_status hny_product_input_gradient(struct hny_products *products, const struct hny_weights *weights,
                                      size_t rows, const hny_real *dy, size_t dy_stride, hny_real *dx,
                                      size_t dx_stride, bool accumulate);

/* dw[out][in] = dyᵀ · x over ROWS rows, added to dw where ACCUMULATE, in PRECISION (f32 or bf16); dw is
 * dense. The order of sums depends on rows, out and in alone. */
hny_status hny_product_weight_gradient(struct hny_products *products, enum hny_precision precision,
                                       size_t rows, size_t out, size_t in, const hny_real *dy,
                                       size_t dy_stride, const hny_real *x, size_t x_stride, hny_real *dw,
                                       bool accumulate);

#endif
