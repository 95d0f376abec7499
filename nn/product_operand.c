#ifndef HNY_DOUBLE

#include "nn/product_operand.h"

#include "base/memory.h"
#include "nn/product_isa.h"
#include <stdlib.h>
#include <string.h>

struct hny_grain hny_grain_of(enum hny_matmul_type type) {
    if (type == HNY_MATMUL_BF16 && hny_product_isa() >= HNY_ISA_AMX)
        return (struct hny_grain){
            .rows = 8, .whole = 64, .columns = 64, .most_columns = 512, .inner = 32, .most_inner = 512};
    size_t whole = type == HNY_MATMUL_U8 && hny_product_isa() >= HNY_ISA_AMX ? 64 : 0;
    return (struct hny_grain){.rows = 1,
                              .whole = whole,
                              .columns = 1,
                              .most_columns = SIZE_MAX,
                              .inner = 1,
                              .most_inner = SIZE_MAX};
}

size_t hny_grain_rows(const struct hny_grain *grain, size_t rows) {
    if (rows < grain->rows) return grain->rows;
    if (grain->whole == 0 || rows % grain->whole <= grain->whole / 4 * 3) return rows;
    return (rows / grain->whole + 1) * grain->whole;
}

/* Of ALL, cut into COUNT parts of MOST and what is left, part I. */
static size_t part_of(size_t all, size_t most, size_t count, size_t i) {
    return count == 1 ? all : i + 1 < count ? most : all - i * most;
}

size_t hny_operand_inner(const struct hny_operand *operand, size_t i) {
    return part_of(operand->inner, operand->grain.most_inner, operand->count, i);
}

size_t hny_operand_columns(const struct hny_operand *operand, size_t strip) {
    return part_of(operand->columns, operand->grain.most_columns, operand->strips, strip);
}

size_t hny_operand_wide(const struct hny_operand *operand, size_t strip) {
    size_t columns = hny_operand_columns(operand, strip);
    return columns < operand->grain.columns ? operand->grain.columns : columns;
}

size_t hny_operand_padded(const struct hny_operand *operand, size_t i) {
    size_t unit = operand->grain.inner;
    return (hny_operand_inner(operand, i) + unit - 1) / unit * unit;
}

hny_status hny_packed_enter(struct hny_packed **packed, struct hny_weights *weights, size_t inner,
                            size_t columns, enum hny_matmul_type source, enum hny_matmul_type type,
                            bool transposed) {
    HNY_TRY(hny_packed_create(packed, inner, columns, source, type, transposed));
    void *data = hny_product_storage(weights, hny_packed_bytes(*packed));
    if (!data) return HNY_ERROR_MEMORY;
    weights->bytes += hny_packed_bytes(*packed);
    return hny_packed_place(*packed, data);
}

hny_status hny_packed_move(struct hny_packed *packed, const struct hny_weights *weights, char *storage) {
    return hny_packed_place(packed, hny_product_moved(weights, hny_packed_data(packed), storage));
}

void hny_packed_leave(struct hny_packed **packed, const struct hny_weights *weights) {
    if (*packed) hny_product_storage_free(weights, hny_packed_data(*packed));
    hny_packed_destroy(packed);
}

hny_status hny_operand_open(struct hny_operand *operand, struct hny_weights *weights, size_t inner,
                            size_t columns, enum hny_matmul_type type, bool transposed) {
    const struct hny_grain grain = hny_grain_of(type);
    *operand = (struct hny_operand){
        .type = type, .inner = inner, .columns = columns, .transposed = transposed, .grain = grain};
    operand->strips = (columns - 1) / grain.most_columns + 1;
    operand->count = (inner - 1) / grain.most_inner + 1;
    operand->pieces = hny_allocate(operand->strips * operand->count, sizeof(struct hny_packed *));
    if (!operand->pieces) return HNY_ERROR_MEMORY;
    for (size_t at = 0; at < operand->strips * operand->count; at++)
        HNY_TRY(hny_packed_enter(&operand->pieces[at], weights,
                                 hny_operand_padded(operand, at % operand->count),
                                 hny_operand_wide(operand, at / operand->count), type, type, transposed));
    return HNY_OK;
}

void hny_operand_close(struct hny_operand *operand, const struct hny_weights *weights) {
    for (size_t i = 0; operand->pieces && i < operand->strips * operand->count; i++)
        hny_packed_leave(&operand->pieces[i], weights);
    free(operand->pieces);
    *operand = (struct hny_operand){0};
}

hny_status hny_operand_move(struct hny_operand *operand, const struct hny_weights *weights, char *storage) {
    for (size_t i = 0; i < operand->strips * operand->count; i++)
        HNY_TRY(hny_packed_move(operand->pieces[i], weights, storage));
    return HNY_OK;
}

/* Of the rows FIRST… to END those that lie in the part, whose own begin at ROW and are COUNT. */
static bool cut(struct hny_part *part, size_t row, size_t count, size_t first, size_t end) {
    size_t from = first > row ? first : row, to = end < row + count ? end : row + count;
    part->first_row = from - row;
    part->rows = to > from ? to - from : 0;
    return part->rows > 0;
}

hny_status hny_operand_fill(struct hny_operand *operand, const float *values, size_t first, size_t rows) {
    struct hny_part part = {.inner = operand->inner, .columns = operand->columns};
    struct hny_packed **piece = operand->pieces;
    for (size_t strip = 0; strip < operand->strips; strip++, part.first_column += part.column_count) {
        part.column_count = hny_operand_columns(operand, strip);
        part.first_inner = 0;
        for (size_t i = 0; i < operand->count; i++, part.first_inner += part.inner_count, piece++) {
            part.inner_count = hny_operand_inner(operand, i);
            bool some = operand->transposed
                            ? cut(&part, part.first_column, part.column_count, first, first + rows)
                            : cut(&part, part.first_inner, part.inner_count, first, first + rows);
            if (some) HNY_TRY(hny_packed_fill_part(*piece, values, &part));
        }
    }
    return HNY_OK;
}

#endif
