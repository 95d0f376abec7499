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
