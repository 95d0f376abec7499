#include "bundle/planes.h"

#include "base/kernel.h"
#include "nn/product_int8.h"
#include <math.h>
#include <string.h>

static const char *const names[HNY_PLANES_LAYOUTS] = {
    [HNY_PLANES_BYTES] = "bytes",
    [HNY_PLANES_ROTATED] = "rotated",
    [HNY_PLANES_BF16] = "bf16",
    [HNY_PLANES_INT8] = "int8",
};

enum { Q, LARGEST, INT8_PLANES }; /* the members of HNY_PLANES_INT8 */
static const float most = 127;    /* of |q| */
#define PIECE ((size_t)1 << 18)   /* elements that are joined at once */

const char *hny_planes_name(enum hny_planes_layout layout) {
    return names[layout];
}

enum hny_planes_layout hny_planes_exact(enum hny_element type) {
    bool real = type == HNY_ELEMENT_F32 || type == HNY_ELEMENT_F16 || type == HNY_ELEMENT_BF16;
    return real ? HNY_PLANES_ROTATED : HNY_PLANES_BYTES;
}

bool hny_planes_fit(enum hny_planes_layout layout, const struct hny_safetensors_tensor *tensor) {
    switch (layout) {
    case HNY_PLANES_BF16:
        return tensor->type == HNY_ELEMENT_F32;
    case HNY_PLANES_INT8:
        return tensor->type == HNY_ELEMENT_F32 && tensor->rank == 2;
    case HNY_PLANES_ROTATED:
        return hny_planes_exact(tensor->type) == HNY_PLANES_ROTATED;
    default:
        return true;
    }
}

size_t hny_planes_count(enum hny_planes_layout layout, const struct hny_safetensors_tensor *tensor) {
    if (layout == HNY_PLANES_INT8) return INT8_PLANES;
    return layout == HNY_PLANES_BF16 ? sizeof(uint16_t) : hny_element_bytes(tensor->type);
}

uint64_t hny_planes_size(enum hny_planes_layout layout, const struct hny_safetensors_tensor *tensor,
                         size_t plane) {
    if (layout == HNY_PLANES_INT8 && plane == LARGEST) return tensor->shape[0] * sizeof(float);
    return hny_safetensors_elements(tensor);
}

/* --- Splitting ----------------------------------------------------------------------------------------- */

HNY_KERNEL static void split4(size_t count, const uint32_t *restrict x, unsigned char *restrict a,
                              unsigned char *restrict b, unsigned char *restrict c,
                              unsigned char *restrict d) {
    for (size_t i = 0; i < count; i++) {
        uint32_t word = x[i] << 1 | x[i] >> 31;
        a[i] = (unsigned char)word;
        b[i] = (unsigned char)(word >> 8);
        c[i] = (unsigned char)(word >> 16);
        d[i] = (unsigned char)(word >> 24);
    }
}

HNY_KERNEL static void split2(size_t count, const uint16_t *restrict x, unsigned char *restrict a,
                              unsigned char *restrict b) {
    for (size_t i = 0; i < count; i++) {
        uint32_t word = (uint32_t)x[i] << 1 | x[i] >> 15;
        a[i] = (unsigned char)word;
        b[i] = (unsigned char)(word >> 8);
    }
}

/* What is no number stays none: rounding could make infinity of it. */
HNY_KERNEL static void split_bf16(size_t count, const uint32_t *restrict x, unsigned char *restrict a,
                                  unsigned char *restrict b) {
    for (size_t i = 0; i < count; i++) {
        uint32_t rounded = (x[i] + 0x7fffu + (x[i] >> 16 & 1)) >> 16, quiet = x[i] >> 16 | 0x40u;
        uint32_t half = (x[i] & 0x7fffffffu) > 0x7f800000u ? quiet : rounded;
        uint32_t word = half << 1 | half >> 15;
        a[i] = (unsigned char)word;
        b[i] = (unsigned char)(word >> 8);
    }
}

static void split_bytes(size_t count, size_t width, const unsigned char *data, unsigned char *const *planes) {
    for (size_t plane = 0; plane < width; plane++)
        for (size_t i = 0; i < count; i++) planes[plane][i] = data[i * width + plane];
}

static bool split_int8(const struct hny_safetensors_tensor *tensor, unsigned char *const *planes) {
    size_t rows = tensor->shape[0], columns = tensor->shape[1];
    const float *x = tensor->data;
    for (size_t row = 0; row < rows; row++) {
        float scale, largest = hny_int8_largest(x + row * columns, columns);
        if (!isfinite(largest)) return false;
        hny_int8_quantise(1, columns, x + row * columns, columns, planes[Q] + row * columns, &scale);
        memcpy(planes[LARGEST] + row * sizeof largest, &largest, sizeof largest);
    }
    return true;
}

bool hny_planes_split(enum hny_planes_layout layout, const struct hny_safetensors_tensor *tensor,
                      unsigned char *const *planes) {
    size_t count = hny_safetensors_elements(tensor), width = hny_element_bytes(tensor->type);
    if (layout == HNY_PLANES_INT8) return split_int8(tensor, planes);
    if (layout == HNY_PLANES_BF16)
        split_bf16(count, tensor->data, planes[0], planes[1]);
    else if (layout == HNY_PLANES_BYTES)
        split_bytes(count, width, tensor->data, planes);
    else if (width == sizeof(uint32_t))
        split4(count, tensor->data, planes[0], planes[1], planes[2], planes[3]);
    else
        split2(count, tensor->data, planes[0], planes[1]);
    return true;
}

/* --- Joining ------------------------------------------------------------------------------------------- */

HNY_KERNEL static void join4(size_t count, const unsigned char *restrict a, const unsigned char *restrict b,
                             const unsigned char *restrict c, const unsigned char *restrict d,
                             uint32_t *restrict x) {
    for (size_t i = 0; i < count; i++) {
        uint32_t word = a[i] | (uint32_t)b[i] << 8 | (uint32_t)c[i] << 16 | (uint32_t)d[i] << 24;
        x[i] = word >> 1 | word << 31;
    }
}

HNY_KERNEL static void join2(size_t count, const unsigned char *restrict a, const unsigned char *restrict b,
                             uint16_t *restrict x) {
    for (size_t i = 0; i < count; i++) {
        uint32_t word = a[i] | (uint32_t)b[i] << 8;
        x[i] = (uint16_t)(word >> 1 | word << 15);
    }
}

HNY_KERNEL static void join_bf16(size_t count, const unsigned char *restrict a,
                                 const unsigned char *restrict b, uint32_t *restrict x) {
    for (size_t i = 0; i < count; i++) {
        uint32_t word = a[i] | (uint32_t)b[i] << 8;
        x[i] = (word >> 1 | word << 15) << 16;
    }
}

static void join_bytes(size_t count, size_t width, const unsigned char *const *planes, unsigned char *data) {
    for (size_t plane = 0; plane < width; plane++)
        for (size_t i = 0; i < count; i++) data[i * width + plane] = planes[plane][i];
}

HNY_KERNEL static void join_row(size_t count, const unsigned char *restrict q, float largest,
                                float *restrict x) {
    float scale = largest / most;
    for (size_t i = 0; i < count; i++) {
        float value = (float)(q[i] - HNY_INT8_ZERO);
        float product = value * scale;
        product = value >= most ? largest : product;
        x[i] = value <= -most ? -largest : product;
    }
}

static void join_int8(size_t rows, size_t columns, const unsigned char *const *planes, float *x) {
    for (size_t row = 0; row < rows; row++) {
        float largest;
        memcpy(&largest, planes[LARGEST] + row * sizeof largest, sizeof largest);
        join_row(columns, planes[Q] + row * columns, largest, x + row * columns);
    }
}

/* Of COUNT elements whose planes, each of one byte an element, begin at PLANES. */
static void join(enum hny_planes_layout layout, size_t count, size_t width,
                 const unsigned char *const *planes, void *data) {
    if (layout == HNY_PLANES_BF16)
        join_bf16(count, planes[0], planes[1], data);
    else if (layout == HNY_PLANES_BYTES)
        join_bytes(count, width, planes, data);
    else if (width == sizeof(uint32_t))
        join4(count, planes[0], planes[1], planes[2], planes[3], data);
    else
        join2(count, planes[0], planes[1], data);
}

/* A piece of a matrix in int8 is whole rows: how many. */
static size_t piece_rows(const struct hny_safetensors_tensor *tensor) {
    size_t columns = tensor->shape[1];
    return columns < PIECE ? PIECE / (columns ? columns : 1) : 1;
}

size_t hny_planes_pieces(enum hny_planes_layout layout, const struct hny_safetensors_tensor *tensor) {
    bool rows = layout == HNY_PLANES_INT8;
    size_t all = rows ? tensor->shape[0] : hny_safetensors_elements(tensor);
    size_t each = rows ? piece_rows(tensor) : PIECE;
    return all / each + (all % each != 0);
}

void hny_planes_join_piece(enum hny_planes_layout layout, const struct hny_safetensors_tensor *tensor,
                           const unsigned char *const *planes, size_t piece, void *data) {
    const unsigned char *parts[HNY_PLANES_MOST];
    bool rows = layout == HNY_PLANES_INT8;
    size_t all = rows ? tensor->shape[0] : hny_safetensors_elements(tensor);
    size_t each = rows ? piece_rows(tensor) : PIECE, from = piece * each;
    size_t count = all - from < each ? all - from : each;
    if (rows) {
        size_t columns = tensor->shape[1];
        parts[Q] = planes[Q] + from * columns;
        parts[LARGEST] = planes[LARGEST] + from * sizeof(float);
        join_int8(count, columns, parts, (float *)data + from * columns);
        return;
    }
    size_t width = hny_element_bytes(tensor->type);
    for (size_t i = 0; i < hny_planes_count(layout, tensor); i++) parts[i] = planes[i] + from;
    join(layout, count, width, parts, (unsigned char *)data + from * width);
}

void hny_planes_join(enum hny_planes_layout layout, const struct hny_safetensors_tensor *tensor,
                     const unsigned char *const *planes, void *data) {
    for (size_t i = 0; i < hny_planes_pieces(layout, tensor); i++)
        hny_planes_join_piece(layout, tensor, planes, i, data);
}
