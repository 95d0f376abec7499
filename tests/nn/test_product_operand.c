#include "nn/product_operand.h"

#include <criterion/criterion.h>

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
