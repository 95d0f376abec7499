#include "nn/product_matmul.h"

#include "base/memory.h"
#include "nn/product_isa.h"
#include <criterion/criterion.h>
#include <stdlib.h>

static void check(hny_status status) {
    cr_assert_eq(status, HNY_OK, "%s", hny_message());
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
            check(hny_packed_fill(packed, weights));
        }
        check(hny_matmul_run(matmuls, &matmul, source, packed, packed ? NULL : weights, result));
        cr_assert_eq(hny_matmuls_references(matmuls), 0, "%zu × %zu × %zu", matmul.rows, matmul.inner,
                     matmul.columns);
        hny_packed_destroy(&packed);
    }
    hny_matmuls_destroy(&matmuls);
    free(source);
    free(weights);
    free(result);
}
