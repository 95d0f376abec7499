#include "nn/product_operand.h"

#include "base/memory.h"
#include "nn/product_isa.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

Test(product_operand, rows_that_fill_the_last_quarter_in_part_become_whole) {
    static const struct {
        size_t rows, computed;
    } cases[] = {{1, 8},   {7, 8},     {8, 8},     {9, 9},     {48, 48},   {49, 64},   {61, 64},
                 {64, 64}, {112, 112}, {113, 128}, {191, 192}, {193, 193}, {255, 256}, {256, 256}};
    const struct hny_grain grain = {.rows = 8, .whole = 64};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_assert_eq(hny_grain_rows(&grain, cases[i].rows), cases[i].computed, "%zu rows: %zu", cases[i].rows,
                     hny_grain_rows(&grain, cases[i].rows));
}

Test(product_operand, without_a_whole_rows_are_computed_as_they_come) {
    const struct hny_grain grain = {.rows = 1};
    for (size_t rows = 1; rows <= 256; rows++) cr_assert_eq(hny_grain_rows(&grain, rows), rows);
}

/* 1,034 columns of which a product may have 64 to 512, 1,000 of an inner dimension in parts of 512 and
 * multiples of 32. */
Test(product_operand, strips_and_pieces_cover_all_and_the_last_is_filled_up) {
    const struct hny_operand operand = {
        .inner = 1000,
        .columns = 1034,
        .grain = {.columns = 64, .most_columns = 512, .inner = 32, .most_inner = 512},
        .strips = 3,
        .count = 2};
    static const size_t columns[] = {512, 512, 10}, wide[] = {512, 512, 64};
    static const size_t inner[] = {512, 488}, padded[] = {512, 512};
    for (size_t strip = 0; strip < operand.strips; strip++) {
        cr_assert_eq(hny_operand_columns(&operand, strip), columns[strip]);
        cr_assert_eq(hny_operand_wide(&operand, strip), wide[strip]);
    }
    for (size_t i = 0; i < operand.count; i++) {
        cr_assert_eq(hny_operand_inner(&operand, i), inner[i]);
        cr_assert_eq(hny_operand_padded(&operand, i), padded[i]);
    }
}

static void fill(struct hny_operand *operand, size_t inner, size_t columns, enum hny_matmul_type type,
                 bool transposed, size_t at_once) {
    struct hny_weights weights = {0};
    size_t rows = transposed ? columns : inner;
    float *values = hny_allocate(inner * columns, sizeof *values);
    cr_assert(values);
    for (size_t i = 0; i < inner * columns; i++) values[i] = (float)(i % 251) - 125;
    cr_assert_eq(hny_operand_open(operand, &weights, inner, columns, type, transposed), HNY_OK);
    for (size_t row = 0; row < rows; row += at_once)
        cr_assert_eq(hny_operand_fill(operand, values, row, rows - row < at_once ? rows - row : at_once),
                     HNY_OK);
    free(values);
}

/* 16 and 40 columns may lie as only oneDNN's reorder knows. */
Test(product_operand, rows_may_be_packed_some_at_a_time) {
    static const size_t sizes[][2] = {{600, 1034}, {1000, 64}, {130, 16}, {40, 40}, {64, 700}};
    const struct hny_weights weights = {0};
    for (size_t i = 0; i < 4 * sizeof sizes / sizeof *sizes; i++) {
        const size_t inner = sizes[i / 4][0], columns = sizes[i / 4][1];
        const enum hny_matmul_type type = i / 2 % 2 ? HNY_MATMUL_BF16 : HNY_MATMUL_F32;
        struct hny_operand whole = {0}, parts = {0};
        if (type == HNY_MATMUL_BF16 && hny_product_isa() < HNY_ISA_BF16) continue;
        fill(&whole, inner, columns, type, i % 2, SIZE_MAX / 2);
        fill(&parts, inner, columns, type, i % 2, HNY_PACK_COLUMNS);
        cr_assert_eq(whole.strips * whole.count, parts.strips * parts.count);
        for (size_t at = 0; at < whole.strips * whole.count; at++)
            cr_assert_arr_eq(hny_packed_data(whole.pieces[at]), hny_packed_data(parts.pieces[at]),
                             hny_packed_bytes(whole.pieces[at]), "%zu × %zu, piece %zu", inner, columns, at);
        hny_operand_close(&whole, &weights);
        hny_operand_close(&parts, &weights);
    }
}
