#include "nn/product.h"

#include "base/memory.h"
#include "base/profile.h"
#include "base/progress.h"
#include "nn/product_engine.h"
#include "nn/product_isa.h"
#include <stdlib.h>
#include <string.h>

static const char *const precision_names[] = {
    [HNY_PRECISION_F32] = "f32",
    [HNY_PRECISION_BF16] = "bf16",
    [HNY_PRECISION_INT8] = "int8",
};

#define PRECISIONS (sizeof precision_names / sizeof precision_names[0])

#define STORAGE_ALIGNMENT ((size_t)64)

static const struct hny_product_engine *chosen;
static hny_product_watcher *watching;

void hny_product_watch(hny_product_watcher *watcher) {
    watching = watcher;
}

/* For the watcher: when a product begins, and what it was once it has ended. */
static double watch(void) {
    return watching ? hny_seconds() : 0;
}

static hny_status tell(hny_status status, enum hny_product_kind kind, enum hny_precision precision,
                       size_t rows, size_t out, size_t in, double begin) {
    if (watching) watching(kind, precision, rows, out, in, hny_seconds() - begin);
    return status;
}

void hny_product_use(const struct hny_product_engine *engine) {
    chosen = engine;
}

static const struct hny_product_engine *current_engine(void) {
    if (chosen) return chosen;
#ifndef HNY_DOUBLE
#ifdef __x86_64__
    /* Below AVX-512 oneDNN's kernels are slower than ours and sum a row in an order that depends on the
     * batch; elsewhere it has little but its reference kernels. */
    if (hny_product_isa() >= HNY_ISA_AVX512) return &hny_product_onednn;
#endif
    if (hny_product_blocked.supports(HNY_PRECISION_F32)) return &hny_product_blocked;
#endif
    return &hny_product_plain;
}

const char *hny_precision_name(enum hny_precision precision) {
    return (size_t)precision < PRECISIONS ? precision_names[precision] : "unknown";
}

hny_status hny_precision_parse(const char *name, enum hny_precision *precision) {
    if (strcmp(name, "auto") == 0) {
        *precision = hny_precision_fastest();
        return HNY_OK;
    }
    for (size_t i = 0; i < PRECISIONS; i++) {
        if (strcmp(name, precision_names[i]) != 0) continue;
        *precision = (enum hny_precision)i;
        return HNY_OK;
    }
    return hny_fail(HNY_ERROR_USAGE, "unknown precision \"%s\": expected auto, f32, bf16 or int8", name);
}

bool hny_precision_supported(enum hny_precision precision) {
    return (size_t)precision < PRECISIONS && current_engine()->supports(precision);
}

enum hny_precision hny_precision_fastest(void) {
#ifndef HNY_DOUBLE
    if (hny_precision_supported(HNY_PRECISION_BF16) && hny_product_isa_bf16_pays()) return HNY_PRECISION_BF16;
#endif
    return HNY_PRECISION_F32;
}

const char *hny_product_library(void) {
    return current_engine()->library();
}

static hny_status check_precision(const struct hny_product_engine *engine, enum hny_precision precision) {
    if ((size_t)precision < PRECISIONS && engine->supports(precision)) return HNY_OK;
    return hny_fail(HNY_ERROR_USAGE, "precision %s is not supported on this processor (%s)",
                    hny_precision_name(precision), engine->library());
}

void *hny_product_storage(struct hny_weights *weights, size_t bytes) {
    if (!weights->storage) return hny_allocate(bytes, 1);
    size_t left = weights->storage_bytes - weights->storage_used;
    size_t rounded = (bytes + STORAGE_ALIGNMENT - 1) / STORAGE_ALIGNMENT * STORAGE_ALIGNMENT;
    if (bytes > left || rounded > left) {
        hny_fail(HNY_ERROR_MEMORY, "packed weights of %zu bytes in the %zu bytes that are left", bytes, left);
        return NULL;
    }
    void *memory = weights->storage + weights->storage_used;
    weights->storage_used += rounded;
    return memory;
}

void hny_product_storage_free(const struct hny_weights *weights, void *memory) {
    if (!weights->storage) free(memory);
}

void *hny_product_moved(const struct hny_weights *weights, const void *memory, char *storage) {
    return storage + ((const char *)memory - weights->storage);
}

static hny_status create(struct hny_weights **weights, const struct hny_weights *wanted) {
    const struct hny_product_engine *engine = current_engine();
    size_t out = wanted->out, in = wanted->in, bytes = 0;
    if (out == 0 || in == 0 || __builtin_mul_overflow(out, in, &bytes) ||
        __builtin_mul_overflow(bytes, 2 * sizeof(hny_real), &bytes))
        return hny_fail(HNY_ERROR_USAGE, "a weight matrix of %zu × %zu is impossible", out, in);
    HNY_TRY(check_precision(engine, wanted->precision));
    struct hny_weights *made = hny_allocate(1, engine->weights_size);
    if (!made) return HNY_ERROR_MEMORY;
    *made = *wanted;
    made->engine = engine;
    hny_status status = engine->weights_open(made);
    if (status != HNY_OK) hny_weights_destroy(&made);
    *weights = made;
    return status;
}

hny_status hny_weights_create(struct hny_weights **weights, size_t out, size_t in,
                              enum hny_precision precision, bool gradient) {
    return create(weights,
                  &(struct hny_weights){.out = out, .in = in, .precision = precision, .gradient = gradient});
}

hny_status hny_weights_create_in(struct hny_weights **weights, size_t out, size_t in,
                                 enum hny_precision precision, void *storage, size_t bytes, size_t *used) {
    HNY_TRY(create(
        weights,
        &(struct hny_weights){
            .out = out, .in = in, .precision = precision, .storage = storage, .storage_bytes = bytes}));
    *used = (*weights)->storage_used;
    return HNY_OK;
}

/* What no weights lie in: addresses count from here, and nothing is written. */
static _Alignas(STORAGE_ALIGNMENT) char nowhere[STORAGE_ALIGNMENT];

hny_status hny_weights_create_apart(struct hny_weights **weights, size_t out, size_t in,
                                    enum hny_precision precision, size_t *bytes) {
    return hny_weights_create_in(weights, out, in, precision, nowhere, SIZE_MAX / 2, bytes);
}

hny_status hny_weights_move(struct hny_weights *weights, void *storage) {
    if (weights->storage == storage) return HNY_OK;
    HNY_TRY(weights->engine->move(weights, storage));
    weights->storage = storage;
    return HNY_OK;
}

void hny_weights_destroy(struct hny_weights **weights) {
    if (!*weights) return;
    (*weights)->engine->weights_close(*weights);
    free(*weights);
    *weights = NULL;
}

hny_status hny_weights_pack(struct hny_weights *weights, const hny_real *values) {
    HNY_PROFILE("packing of weights");
    return weights->engine->pack(weights, values);
}

size_t hny_weights_bytes(const struct hny_weights *weights) {
    return weights->bytes;
}

enum hny_precision hny_weights_precision(const struct hny_weights *weights) {
    return weights->precision;
}

hny_status hny_products_create(struct hny_products **products) {
    const struct hny_product_engine *engine = current_engine();
    struct hny_products *made = hny_allocate(1, engine->products_size);
    if (!made) return HNY_ERROR_MEMORY;
    made->engine = engine;
    hny_status status = engine->products_open(made);
    if (status != HNY_OK) hny_products_destroy(&made);
    *products = made;
    return status;
}

void hny_products_destroy(struct hny_products **products) {
    if (!*products) return;
    (*products)->engine->products_close(*products);
    free(*products);
    *products = NULL;
}

static hny_status check_pair(const struct hny_products *products, const struct hny_weights *weights) {
    if (products->engine == weights->engine) return HNY_OK;
    return hny_fail(HNY_ERROR_USAGE, "weights of %s in a product of %s", weights->engine->library(),
                    products->engine->library());
}

hny_status hny_weights_pack_rows(struct hny_products *products, struct hny_weights *weights,
                                 const hny_real *values, const int32_t *rows, size_t count) {
    HNY_TRY(check_pair(products, weights));
    if (count > weights->out)
        return hny_fail(HNY_ERROR_USAGE, "%zu rows in weights of %zu", count, weights->out);
    HNY_PROFILE("packing of weights");
    return weights->engine->pack_rows(products, weights, values, rows, count);
}

hny_status hny_product(struct hny_products *products, const struct hny_weights *weights, size_t rows,
                       const hny_real *x, size_t x_stride, hny_real *y, size_t y_stride, bool accumulate) {
    if (rows == 0) return HNY_OK;
    HNY_TRY(check_pair(products, weights));
    HNY_PROFILE("products: forward");
    double begin = watch();
    hny_status status =
        products->engine->forward(products, weights, rows, x, x_stride, y, y_stride, accumulate);
    return tell(status, HNY_PRODUCT_FORWARD, weights->precision, rows, weights->out, weights->in, begin);
}

hny_status hny_product_input_gradient(struct hny_products *products, const struct hny_weights *weights,
                                      size_t rows, const hny_real *dy, size_t dy_stride, hny_real *dx,
                                      size_t dx_stride, bool accumulate) {
    if (rows == 0) return HNY_OK;
    HNY_TRY(check_pair(products, weights));
    if (!weights->gradient) return hny_fail(HNY_ERROR_USAGE, "weights prepared without gradients");
    HNY_PROFILE("products: input gradient");
    double begin = watch();
    hny_status status =
        products->engine->input_gradient(products, weights, rows, dy, dy_stride, dx, dx_stride, accumulate);
    return tell(status, HNY_PRODUCT_INPUT_GRADIENT, weights->precision, rows, weights->out, weights->in,
                begin);
}

hny_status hny_product_weight_gradient(struct hny_products *products, enum hny_precision precision,
                                       size_t rows, size_t out, size_t in, const hny_real *dy,
                                       size_t dy_stride, const hny_real *x, size_t x_stride, hny_real *dw,
                                       bool accumulate) {
    if (rows == 0 || out == 0 || in == 0) return HNY_OK;
    if (precision == HNY_PRECISION_INT8) return hny_fail(HNY_ERROR_USAGE, "no gradients in int8");
    HNY_TRY(check_precision(products->engine, precision));
    HNY_PROFILE("products: weight gradient");
    double begin = watch();
    hny_status status = products->engine->weight_gradient(products, precision, rows, out, in, dy, dy_stride,
                                                          x, x_stride, dw, accumulate);
    return tell(status, HNY_PRODUCT_WEIGHT_GRADIENT, precision, rows, out, in, begin);
}

hny_status hny_product_scratch_reserve(struct hny_product_scratch *scratch, size_t bytes) {
    if (bytes <= scratch->bytes) return HNY_OK;
    hny_product_scratch_free(scratch);
    scratch->data = hny_allocate(bytes, 1);
    if (!scratch->data) return HNY_ERROR_MEMORY;
    scratch->bytes = bytes;
    return HNY_OK;
}

void hny_product_scratch_free(struct hny_product_scratch *scratch) {
    free(scratch->data);
    *scratch = (struct hny_product_scratch){0};
}

void hny_product_gather(size_t out, size_t in, const hny_real *values, const int32_t *rows, size_t count,
                        hny_real *to) {
    for (size_t i = 0; i < count; i++) memcpy(to + i * in, values + (size_t)rows[i] * in, in * sizeof *to);
    memset(to + count * in, 0, (out - count) * in * sizeof *to);
}
