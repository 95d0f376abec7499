/* oneDNN's matrix product behind a small face: result = source · weights, with the weights packed ahead in
 * the layout that oneDNN likes best. nn/product_dnnl.h says who knows oneDNN's
 * interface. */
#ifndef HNY_NN_PRODUCT_MATMUL_H
#define HNY_NN_PRODUCT_MATMUL_H

#include "base/status.h"
#include "nn/product_pack.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hny_matmul_type { HNY_MATMUL_F32, HNY_MATMUL_BF16, HNY_MATMUL_U8, HNY_MATMUL_S8, HNY_MATMUL_S32 };

/* Bytes of a number of TYPE. */
static inline size_t hny_matmul_type_bytes(enum hny_matmul_type type) {
    return type == HNY_MATMUL_F32 || type == HNY_MATMUL_S32 ? 4 : type == HNY_MATMUL_BF16 ? 2 : 1;
}

/* A weights operand [inner][columns] in oneDNN's own layout; read-only while products run. */
struct hny_packed;

/* For sources of SOURCE and weights of WEIGHTS. TRANSPOSED: the values come as [columns][inner]. It lies
 * nowhere until hny_packed_place says where: hny_packed_bytes, at a multiple of 64, which are the caller's
 * and must outlive it. */
hny_status hny_packed_create(struct hny_packed **packed, size_t inner, size_t columns,
                             enum hny_matmul_type source, enum hny_matmul_type weights, bool transposed);
hny_status hny_packed_place(struct hny_packed *packed, void *data);
void *hny_packed_data(const struct hny_packed *packed); /* NULL before */
void hny_packed_destroy(struct hny_packed **packed);
size_t hny_packed_bytes(const struct hny_packed *packed);

/* VALUES without gaps: floats, or bytes for weights of S8. */
hny_status hny_packed_fill(struct hny_packed *packed, const void *values);

/* Where the columns from FIRST on lie, a multiple of HNY_PACK_COLUMNS, and how: PACK as hny_matmul_layout has
 * it. NULL where the layout is none of nn/product_pack.h. */
const void *hny_packed_columns(const struct hny_packed *packed, size_t first, struct hny_pack *pack);

/* A part of values [inner][columns], and those of its rows, as the values lie, that are wanted now. */
struct hny_part {
    size_t inner, columns;
    size_t first_inner, inner_count;
    size_t first_column, column_count;
    size_t first_row, rows; /* of the part; FIRST_ROW a multiple of HNY_PACK_COLUMNS */
};

/* Floats: the rows of PART of VALUES [inner][columns] (or the other way round); zeros where the operand is
 * larger. A layout that only oneDNN knows is filled whole, when the first row is. */
hny_status hny_packed_fill_part(struct hny_packed *packed, const float *values, const struct hny_part *part);

/* One product. Operands have no gaps between their rows: for others oneDNN has only its reference kernels.
 * All fields are 64 bits wide, so that two products are equal where their bytes are. */
struct hny_matmul {
    uint64_t rows, inner, columns;
    uint64_t source; /* enum hny_matmul_type; the result is S32 for U8 sources, else F32 */
    uint64_t loose; /* 1: the weights are not a hny_packed, but packed by the caller for this product alone */
    uint64_t accumulate; /* 1: added to the result */
};

/* Products of one thread by shape: making one costs some 0.2 ms, so they are kept. */
struct hny_matmuls;
hny_status hny_matmuls_create(struct hny_matmuls **matmuls);
void hny_matmuls_destroy(struct hny_matmuls **matmuls);

/* How many of those made came out as oneDNN's reference kernels, a hundred times slower: none should. */
size_t hny_matmuls_references(const struct hny_matmuls *matmuls);

/* How the weights of MATMUL, which is a loose one, are to lie, and the bytes that they take. Where that is
 * not a layout of nn/product_pack.h, PACK has no strides and they lie as [inner][columns]. */
hny_status hny_matmul_layout(struct hny_matmuls *matmuls, const struct hny_matmul *matmul,
                             struct hny_pack *pack, size_t *bytes);

/* Computes MATMUL with PACKED weights, or with LOOSE ones where it says so; the other is NULL. */
hny_status hny_matmul_run(struct hny_matmuls *matmuls, const struct hny_matmul *matmul, const void *source,
                          const struct hny_packed *packed, const void *loose, void *result);

#endif
