/* Fills oneDNN's packed layouts of weights several times as fast as its own reorder: that happens once an
 * update for every matrix. */
#ifndef HNY_NN_PRODUCT_PACK_H
#define HNY_NN_PRODUCT_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HNY_PACK_COLUMNS 64 /* of a block */
#define HNY_PACK_INNER 16   /* of a block of floats; of bfloat16 twice as many, two and two side by side… */
#define HNY_PACK_FOUR 4     /* …and of bytes four times as many, four and four */

/* A weights operand [inner][columns] as blocks, each HNY_PACK_COLUMNS columns wide and without gaps; what
 * lies beyond the operand is zero. Strides are in elements. */
struct hny_pack {
    size_t inner, columns;
    size_t inner_stride;  /* from a block to the one below it */
    size_t column_stride; /* from a block to the one beside it */
};

/* Where the block that begins at INNER and COLUMN lies; of bfloat16, at twice INNER. */
static inline size_t hny_pack_at(const struct hny_pack *pack, size_t inner, size_t column) {
    return inner / HNY_PACK_INNER * pack->inner_stride + column / HNY_PACK_COLUMNS * pack->column_stride;
}

/* Packs floats that lie as [inner][columns], or TRANSPOSED as [columns][inner], STRIDE from row to row.
 * Block: [16][64]. */
void hny_pack_f32(const struct hny_pack *pack, const float *values, size_t stride, bool transposed,
                  float *packed);

/* The same rounded to bfloat16 as hny_pack_round does. Block: [16][64][2]. */
void hny_pack_bf16(const struct hny_pack *pack, const float *values, size_t stride, bool transposed,
                   uint16_t *packed);

/* The same for bytes without gaps between the rows, which lie as [columns][inner], INNER a multiple of
 * HNY_PACK_FOUR. Block: [16][64][4]. */
void hny_pack_s8(const struct hny_pack *pack, const int8_t *values, int8_t *packed);

/* to[columns][to_stride] = the transpose of values[rows][columns], zeros behind ROWS, which TO_STRIDE is not
 * below. _bf16: rounded; TO_STRIDE is even. */
void hny_pack_transpose_f32(size_t rows, size_t columns, const float *values, size_t stride, float *to,
                            size_t to_stride);
void hny_pack_transpose_bf16(size_t rows, size_t columns, const float *values, size_t stride, uint16_t *to,
                             size_t to_stride);

/* Rounds to bfloat16, ties to even; what is not a number stays so. */
void hny_pack_round(uint16_t *out, const float *in, size_t count);

#endif
