#ifndef HNY_DOUBLE

#include "nn/product_pack.h"

#include "nn/elementwise.h"

#define COLUMNS HNY_PACK_COLUMNS
#define LARGEST_INNER (2 * HNY_PACK_INNER)

HNY_INLINE uint32_t rounded(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint32_t even = (bits + 0x7fffu + (bits >> 16 & 1)) >> 16;
    return (bits & 0x7fffffffu) > 0x7f800000u ? bits >> 16 | 0x40u : even;
}

HNY_KERNEL void hny_pack_round(uint16_t *out, const float *in, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = (uint16_t)rounded(in[i]);
}

/* A block's rows of COLUMNS floats, STRIDE apart. */
struct rows {
    const float *data;
    size_t stride;
};

typedef float four __attribute__((vector_size(16), aligned(4), may_alias));

/* to[k·to_stride + c] = from[c·from_stride + k] for four k and four c. */
HNY_INLINE void transpose_four(float *to, size_t to_stride, const float *from, size_t from_stride) {
    four a = *(const four *)from, b = *(const four *)(from + from_stride);
    four c = *(const four *)(from + 2 * from_stride), d = *(const four *)(from + 3 * from_stride);
    four ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5),
         ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    four cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5),
         cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    *(four *)to = __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5);
    *(four *)(to + to_stride) = __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7);
    *(four *)(to + 2 * to_stride) = __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5);
    *(four *)(to + 3 * to_stride) = __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7);
}

/* to[k][c] = from[c·stride + k] for k < INNER and c < COUNT, rows of TO being WIDTH wide. */
HNY_INLINE void transpose(float *to, size_t width, const float *from, size_t stride, size_t inner,
                          size_t count) {
    size_t c = 0;
    for (; c + 4 <= count; c += 4) {
        size_t k = 0;
        for (; k + 4 <= inner; k += 4)
            transpose_four(to + k * width + c, width, from + c * stride + k, stride);
        for (; k < inner; k++)
            for (size_t i = c; i < c + 4; i++) to[k * width + i] = from[i * stride + k];
    }
    for (; c < count; c++)
        for (size_t k = 0; k < inner; k++) to[k * width + c] = from[c * stride + k];
}

/* The block at (FIRST_INNER, FIRST_COLUMN), INNER high, zeros beyond the operand: where it lies, or in TILE.
 */
HNY_INLINE struct rows block_rows(float tile[LARGEST_INNER][COLUMNS], const struct hny_pack *pack,
                                  const float *values, size_t stride, bool transposed, size_t first_inner,
                                  size_t first_column, size_t inner) {
    size_t height = pack->inner - first_inner, width = pack->columns - first_column;
    bool whole = height >= inner && width >= COLUMNS;
    values += transposed ? first_column * stride + first_inner : first_inner * stride + first_column;
    if (whole && !transposed) return (struct rows){values, stride};
    if (whole) {
        transpose(tile[0], COLUMNS, values, stride, inner, COLUMNS);
        return (struct rows){tile[0], COLUMNS};
    }
    if (height > inner) height = inner;
    if (width > COLUMNS) width = COLUMNS;
    memset(tile, 0, inner * sizeof tile[0]);
    if (transposed)
        transpose(tile[0], COLUMNS, values, stride, height, width);
    else
        for (size_t k = 0; k < height; k++) memcpy(tile[k], values + k * stride, width * sizeof tile[k][0]);
    return (struct rows){tile[0], COLUMNS};
}

HNY_KERNEL void hny_pack_f32(const struct hny_pack *pack, const float *values, size_t stride, bool transposed,
                             float *packed) {
    const size_t inner = HNY_PACK_INNER;
    float tile[LARGEST_INNER][COLUMNS];
    for (size_t c = 0; c < pack->columns; c += COLUMNS)
        for (size_t k = 0; k < pack->inner; k += inner) {
            struct rows rows = block_rows(tile, pack, values, stride, transposed, k, c, inner);
            float *block = packed + hny_pack_at(pack, k, c);
            for (size_t i = 0; i < inner; i++)
                memcpy(block + i * COLUMNS, rows.data + i * rows.stride, COLUMNS * sizeof *block);
        }
}

/* Two bfloat16 side by side are moved as one float: nothing is computed with them. */
typedef uint32_t pair __attribute__((may_alias));

/* Rows EVEN and ODD, rounded, two and two; of zeros where ODD is NULL. */
HNY_INLINE void pair_rows(void *pairs, const float *even, const float *odd, size_t count) {
    pair *to = pairs;
    if (odd)
        for (size_t n = 0; n < count; n++) to[n] = rounded(even[n]) | rounded(odd[n]) << 16;
    else
        for (size_t n = 0; n < count; n++) to[n] = rounded(even[n]);
}

HNY_KERNEL void hny_pack_bf16(const struct hny_pack *pack, const float *values, size_t stride,
                              bool transposed, uint16_t *packed) {
    const size_t inner = 2 * HNY_PACK_INNER;
    float tile[LARGEST_INNER][COLUMNS];
    for (size_t c = 0; c < pack->columns; c += COLUMNS)
        for (size_t k = 0; k < pack->inner; k += inner) {
            struct rows rows = block_rows(tile, pack, values, stride, transposed, k, c, inner);
            uint16_t *block = packed + hny_pack_at(pack, k / 2, c);
            for (size_t i = 0; i < inner; i += 2)
                pair_rows(block + i * COLUMNS, rows.data + i * rows.stride, rows.data + (i + 1) * rows.stride,
                          COLUMNS);
        }
}

/* Four bytes side by side are moved as one float: nothing is computed with them. */
void hny_pack_s8(const struct hny_pack *pack, const int8_t *values, int8_t *packed) {
    const struct hny_pack fours = {.inner = pack->inner / HNY_PACK_FOUR,
                                   .columns = pack->columns,
                                   .inner_stride = pack->inner_stride / HNY_PACK_FOUR,
                                   .column_stride = pack->column_stride / HNY_PACK_FOUR};
    hny_pack_f32(&fours, (const float *)(const void *)values, fours.inner, true, (float *)(void *)packed);
}

/* Rows and columns that are transposed at once: what is read and written of them are whole lines of the
 * cache. */
#define LINE ((size_t)32)

HNY_KERNEL void hny_pack_transpose_f32(size_t rows, size_t columns, const float *values, size_t stride,
                                       float *to, size_t to_stride) {
    for (size_t row = 0; row < rows; row += LINE)
        for (size_t first = 0; first < columns; first += LINE)
            transpose(to + first * to_stride + row, to_stride, values + row * stride + first, stride,
                      columns - first < LINE ? columns - first : LINE, rows - row < LINE ? rows - row : LINE);
    for (size_t c = 0; c < columns; c++)
        memset(to + c * to_stride + rows, 0, (to_stride - rows) * sizeof *to);
}

HNY_KERNEL void hny_pack_transpose_bf16(size_t rows, size_t columns, const float *values, size_t stride,
                                        uint16_t *to, size_t to_stride) {
    float tile[LINE / 2][COLUMNS];
    for (size_t row = 0; row < rows; row += LINE) {
        size_t height = rows - row < LINE ? rows - row : LINE;
        for (size_t first = 0; first < columns; first += COLUMNS) {
            size_t width = columns - first < COLUMNS ? columns - first : COLUMNS;
            const float *from = values + row * stride + first;
            for (size_t i = 0; i < height; i += 2)
                pair_rows(tile[i / 2], from + i * stride, i + 1 < height ? from + (i + 1) * stride : NULL,
                          width);
            for (size_t c = 0; c < width; c += 4)
                transpose((float *)(void *)(to + (first + c) * to_stride + row), to_stride / 2, tile[0] + c,
                          COLUMNS, width - c < 4 ? width - c : 4, (height + 1) / 2);
        }
    }
    size_t even = (rows + 1) / 2 * 2;
    for (size_t c = 0; c < columns; c++)
        memset(to + c * to_stride + even, 0, (to_stride - even) * sizeof *to);
}

#endif
