#include "nn/product_pack.h"

#include "base/memory.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint16_t rounded(float x) {
    uint16_t result = 0;
    hny_pack_round(&result, &x, 1);
    return result;
}

static float widened(uint16_t half) {
    uint32_t bits = (uint32_t)half << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

Test(product_pack, rounding_to_bfloat16_takes_the_nearest_and_ties_go_to_even) {
    cr_assert_eq(widened(rounded(1)), 1);
    cr_assert_eq(widened(rounded(1 + 0x1p-8f)), 1);                      /* a tie, down to even */
    cr_assert_eq(widened(rounded(1 + 0x1p-7f + 0x1p-8f)), 1 + 0x1p-6f);  /* a tie, up to even */
    cr_assert_eq(widened(rounded(1 + 0x1p-8f + 0x1p-20f)), 1 + 0x1p-7f); /* above the tie */
    cr_assert_eq(widened(rounded(-1 - 0x1p-8f + 0x1p-20f)), -1);         /* below it */
    cr_assert_eq(widened(rounded(INFINITY)), INFINITY);
    cr_assert_eq(widened(rounded(-INFINITY)), -INFINITY);
    cr_assert_eq(widened(rounded(3.4e38f)), INFINITY);
    cr_assert(signbit(widened(rounded(-0.0f))));
}

Test(product_pack, no_not_a_number_rounds_to_infinity) {
    static const uint32_t patterns[] = {0x7f800001, 0x7fffffff, 0xff800001, 0x7fc00000, 0xffffffff};
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        float x;
        memcpy(&x, &patterns[i], sizeof x);
        cr_assert(isnan(widened(rounded(x))));
    }
}

/* Every element of the packed block is where the layout says, and what lies beyond the operand is zero. */
static void check_packing(size_t inner, size_t columns, bool transposed) {
    size_t wide = (columns + 63) / 64 * 64, tall = (inner + 31) / 32 * 32;
    const struct hny_pack floats = {inner, columns, 1024, (inner + 15) / 16 * 1024};
    const struct hny_pack halves = {inner, columns, 2048, tall * 64};
    float *values = hny_allocate(inner * columns, sizeof *values);
    float *packed = hny_allocate(wide * tall, sizeof *packed);
    uint16_t *packed_halves = hny_allocate(wide * tall, sizeof *packed_halves);
    cr_assert(values && packed && packed_halves);
    memset(packed, 0xff, wide * tall * sizeof *packed);
    memset(packed_halves, 0xff, wide * tall * sizeof *packed_halves);
    for (size_t i = 0; i < inner * columns; i++) values[i] = (float)(i + 1);
    size_t stride = transposed ? inner : columns;
    hny_pack_f32(&floats, values, stride, transposed, packed);
    hny_pack_bf16(&halves, values, stride, transposed, packed_halves);
    for (size_t k = 0; k < tall; k++)
        for (size_t c = 0; c < wide; c++) {
            bool inside = k < inner && c < columns;
            float expected = !inside ? 0 : values[transposed ? c * inner + k : k * columns + c];
            if (k < (inner + 15) / 16 * 16)
                cr_assert_eq(packed[c / 64 * floats.column_stride + k / 16 * 1024 + k % 16 * 64 + c % 64],
                             expected);
            cr_assert_eq(packed_halves[c / 64 * halves.column_stride + k / 32 * 2048 + k % 32 / 2 * 128 +
                                       c % 64 * 2 + k % 2],
                         rounded(expected));
        }
    free(values);
    free(packed);
    free(packed_halves);
}

Test(product_pack, every_element_lies_where_the_layout_says_and_the_rest_is_zero) {
    static const size_t sizes[] = {1, 15, 16, 17, 32, 63, 64, 65, 130};
    const size_t count = sizeof sizes / sizeof sizes[0];
    for (size_t i = 0; i < count * count; i++) {
        check_packing(sizes[i / count], sizes[i % count], false);
        check_packing(sizes[i / count], sizes[i % count], true);
    }
}

/* In a field of ones with gaps, only the transpose and the zeros behind it are written; halves lie in even
 * rows. */
static void check_transpose(size_t rows, size_t columns, size_t padded) {
    size_t stride = columns + 3, even = (padded + 1) / 2 * 2;
    float *values = hny_allocate(rows * stride, sizeof *values);
    float *to = hny_allocate(columns * padded + 1, sizeof *to);
    uint16_t *halves = hny_allocate(columns * even + 1, sizeof *halves);
    cr_assert(values && to && halves);
    for (size_t i = 0; i < rows * stride; i++) values[i] = (float)(i + 1);
    for (size_t i = 0; i <= columns * padded; i++) to[i] = 1;
    for (size_t i = 0; i <= columns * even; i++) halves[i] = 1;
    hny_pack_transpose_f32(rows, columns, values, stride, to, padded);
    hny_pack_transpose_bf16(rows, columns, values, stride, halves, even);
    for (size_t i = 0; i < columns * padded; i++)
        cr_assert_eq(to[i], i % padded < rows ? values[i % padded * stride + i / padded] : 0);
    for (size_t i = 0; i < columns * even; i++)
        cr_assert_eq(halves[i], rounded(i % even < rows ? values[i % even * stride + i / even] : 0));
    cr_assert(to[columns * padded] == 1 && halves[columns * even] == 1);
    free(values);
    free(to);
    free(halves);
}

Test(product_pack, a_transpose_is_one_with_zeros_behind_it) {
    static const size_t sizes[] = {1, 3, 4, 31, 32, 33, 70};
    const size_t count = sizeof sizes / sizeof sizes[0];
    for (size_t i = 0; i < count * count; i++)
        for (size_t padding = 0; padding < 40; padding += 13)
            check_transpose(sizes[i / count], sizes[i % count], sizes[i / count] + padding);
}
