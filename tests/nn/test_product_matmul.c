#include "nn/product_matmul.h"

#include "base/memory.h"
#include "nn/product_isa.h"
#include <criterion/criterion.h>
#include <stdlib.h>

static void check(hny_status status) {
    cr_assert_eq(status, HNY_OK, "%s", hny_message());
}

static void place(struct hny_packed *packed) {
    void *data = hny_allocate(hny_packed_bytes(packed), 1);
    cr_assert_not_null(data);
    check(hny_packed_place(packed, data));
}

/* oneDNN has reference kernels for everything, far too slow to be of use. */
Test(product_matmul, no_product_falls_to_a_reference_kernel) {
    static const size_t sizes[] = {1, 2, 5, 64, 100, 257};
    const size_t count = sizeof sizes / sizeof sizes[0], largest = 257;
    if (hny_product_isa() < HNY_ISA_AVX512) return;
    enum hny_matmul_type last = hny_product_isa() >= HNY_ISA_BF16 ? HNY_MATMUL_BF16 : HNY_MATMUL_F32;
    float *source = hny_allocate(largest * largest, sizeof(float)),
          *weights = hny_allocate(320 * 320, 4); /* with padding */
    float *result = hny_allocate(largest * largest, sizeof(float));
    struct hny_matmuls *matmuls = NULL;
    check(hny_matmuls_create(&matmuls));
    cr_assert(source && weights && result);
    for (size_t i = 0; i < count * count * count * 4 * (last + 1u); i++) {
        size_t rest = i / 4 / (last + 1u);
        struct hny_matmul matmul = {.rows = sizes[rest % count],
                                    .inner = sizes[rest / count % count],
                                    .columns = sizes[rest / count / count],
                                    .source = i / 4 % (last + 1u),
                                    .loose = i & 1,
                                    .accumulate = i >> 1 & 1};
        enum hny_matmul_type type = (enum hny_matmul_type)matmul.source;
        struct hny_packed *packed = NULL;
        if (!matmul.loose) {
            check(hny_packed_create(&packed, matmul.inner, matmul.columns, type, type, true));
            place(packed);
            check(hny_packed_fill(packed, weights));
        }
        check(hny_matmul_run(matmuls, &matmul, source, packed, packed ? NULL : weights, result));
        cr_assert_eq(hny_matmuls_references(matmuls), 0, "%zu × %zu × %zu", matmul.rows, matmul.inner,
                     matmul.columns);
        free(packed ? hny_packed_data(packed) : NULL);
        hny_packed_destroy(&packed);
    }
    hny_matmuls_destroy(&matmuls);
    free(source);
    free(weights);
    free(result);
}

/* One product of whole numbers, which float holds exactly whatever the order of the sums. */
static void check_exact(struct hny_matmuls *matmuls, size_t rows, size_t inner, size_t columns,
                        bool transposed) {
    float source[40 * 40], weights[40 * 40], packed_weights[64 * 64] = {0}, result[40 * 40],
                                                                 loose_result[40 * 40];
    const struct hny_matmul matmul = {
        .rows = rows, .inner = inner, .columns = columns, .source = HNY_MATMUL_F32};
    struct hny_matmul loose = matmul;
    struct hny_packed *packed = NULL;
    struct hny_pack pack = {0};
    size_t bytes = 0;
    for (size_t i = 0; i < rows * inner; i++) source[i] = (float)(i % 13) - 6;
    for (size_t i = 0; i < inner * columns; i++) weights[i] = (float)(i % 11) - 5;
    check(hny_packed_create(&packed, inner, columns, HNY_MATMUL_F32, HNY_MATMUL_F32, transposed));
    place(packed);
    check(hny_packed_fill(packed, weights));
    check(hny_matmul_run(matmuls, &matmul, source, packed, NULL, result));
    loose.loose = 1;
    check(hny_matmul_layout(matmuls, &loose, &pack, &bytes));
    cr_assert_leq(bytes, sizeof packed_weights);
    if (pack.inner_stride)
        hny_pack_f32(&pack, weights, transposed ? inner : columns, transposed, packed_weights);
    else
        for (size_t i = 0; i < inner * columns; i++)
            packed_weights[i] = weights[transposed ? i % columns * inner + i / columns : i];
    check(hny_matmul_run(matmuls, &loose, source, NULL, packed_weights, loose_result));
    for (size_t i = 0; i < rows * columns; i++) {
        float sum = 0;
        for (size_t k = 0; k < inner; k++)
            sum += source[i / columns * inner + k] *
                   weights[transposed ? i % columns * inner + k : k * columns + i % columns];
        cr_assert(result[i] == sum && loose_result[i] == sum, "%zu × %zu × %zu", rows, inner, columns);
    }
    free(packed ? hny_packed_data(packed) : NULL);
    hny_packed_destroy(&packed);
}

/* Also where the layout is one that only oneDNN's reorder knows, as below AVX-512. */
Test(product_matmul, packed_and_loose_weights_are_the_weights) {
    static const size_t sizes[] = {1, 7, 16, 40};
    struct hny_matmuls *matmuls = NULL;
    check(hny_matmuls_create(&matmuls));
    for (size_t i = 0; i < 64; i++) {
        check_exact(matmuls, sizes[i % 4], sizes[i / 4 % 4], sizes[i / 16], false);
        check_exact(matmuls, sizes[i % 4], sizes[i / 4 % 4], sizes[i / 16], true);
    }
    hny_matmuls_destroy(&matmuls);
}

/* Whole numbers again, out of the middle of VALUES [inner][columns] into an operand with room to spare. */
static void check_part(struct hny_matmuls *matmuls, size_t room, bool transposed) {
    enum {
        ROWS = 3,
        INNER = 50,
        FIRST = 16,
        COUNT = 21,
        COLUMNS = 9,
        FIRST_COLUMN = 2,
        COLUMN_COUNT = 6,
        PADDED = 32
    };
    float source[ROWS * PADDED] = {0}, values[INNER * COLUMNS], result[ROWS * 64];
    struct hny_packed *packed = NULL;
    const struct hny_matmul matmul = {
        .rows = ROWS, .inner = PADDED, .columns = room, .source = HNY_MATMUL_F32};
    for (size_t i = 0; i < INNER * COLUMNS; i++) values[i] = (float)(i % 11) - 5;
    for (size_t i = 0; i < ROWS * PADDED; i++) source[i] = (float)(i % 13) - 6; /* on zeros too */
    check(hny_packed_create(&packed, PADDED, room, HNY_MATMUL_F32, HNY_MATMUL_F32, transposed));
    place(packed);
    const struct hny_part part = {INNER,        COLUMNS,      FIRST, COUNT,
                                  FIRST_COLUMN, COLUMN_COUNT, 0,     transposed ? COLUMN_COUNT : COUNT};
    check(hny_packed_fill_part(packed, values, &part));
    check(hny_matmul_run(matmuls, &matmul, source, packed, NULL, result));
    for (size_t i = 0; i < ROWS * room; i++) {
        size_t row = i / room, column = i % room;
        float sum = 0;
        size_t from = FIRST_COLUMN + column;
        for (size_t k = 0; column < COLUMN_COUNT && k < COUNT; k++)
            sum += source[row * PADDED + k] *
                   values[transposed ? from * INNER + FIRST + k : (FIRST + k) * COLUMNS + from];
        cr_assert_eq((double)result[i], (double)sum, "room %zu, row %zu, column %zu", room, row, column);
    }
    free(packed ? hny_packed_data(packed) : NULL);
    hny_packed_destroy(&packed);
}

/* 16 columns lie as only oneDNN's reorder knows. */
Test(product_matmul, a_part_of_the_weights_is_packed_among_zeros) {
    struct hny_matmuls *matmuls = NULL;
    check(hny_matmuls_create(&matmuls));
    for (size_t i = 0; i < 4; i++) check_part(matmuls, i / 2 ? 64 : 16, i % 2);
    hny_matmuls_destroy(&matmuls);
}
