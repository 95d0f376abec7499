/* Which precision is chosen, with the instruction set as a user may limit it. */
#include "base/memory.h"
#include "base/progress.h"
#include "nn/product.h"
#include <criterion/criterion.h>
#include <stdlib.h>

#define ROWS 64
#define SIZE 512

static void check(hny_status status) {
    cr_assert_eq(status, HNY_OK, "%s", hny_message());
}

/* Seconds of a product, the least of many. */
static double product_seconds(enum hny_precision precision) {
    struct hny_weights *weights = NULL;
    struct hny_products *products = NULL;
    float *w = hny_allocate(SIZE * SIZE, sizeof *w), *x = hny_allocate(ROWS * SIZE, sizeof *x),
          *y = hny_allocate(ROWS * SIZE, sizeof *y);
    double least = 1;
    cr_assert(w && x && y);
    check(hny_weights_create(&weights, SIZE, SIZE, precision, false));
    check(hny_weights_pack(weights, w));
    check(hny_products_create(&products));
    for (int i = 0; i < 200; i++) {
        double begin = hny_seconds();
        check(hny_product(products, weights, ROWS, x, SIZE, y, SIZE, false));
        double taken = hny_seconds() - begin;
        if (taken < least) least = taken;
    }
    hny_weights_destroy(&weights);
    hny_products_destroy(&products);
    free(w);
    free(x);
    free(y);
    return least;
}

/* With room for a machine that others use too: what is chosen wrongly is a third slower or more. */
static void check_choice(const char *isa) {
    if (isa) setenv("ONEDNN_MAX_CPU_ISA", isa, 1);
    if (!hny_precision_supported(HNY_PRECISION_BF16)) {
        cr_assert_eq(hny_precision_fastest(), HNY_PRECISION_F32);
        return;
    }
    double f32 = product_seconds(HNY_PRECISION_F32), bf16 = product_seconds(HNY_PRECISION_BF16);
    bool chosen = hny_precision_fastest() == HNY_PRECISION_BF16;
    cr_assert(chosen ? bf16 < 1.15 * f32 : f32 < 1.15 * bf16, "%s: f32 %.1f µs, bf16 %.1f µs, %s chosen",
              hny_product_library(), 1e6 * f32, 1e6 * bf16, chosen ? "bf16" : "f32");
}

Test(product_choice, the_faster_precision_is_chosen) {
    check_choice(NULL);
}

Test(product_choice, the_faster_precision_is_chosen_without_amx) {
    check_choice("AVX512_CORE_BF16");
}

Test(product_choice, without_instructions_for_bfloat16_it_is_float32) {
    setenv("ONEDNN_MAX_CPU_ISA", "AVX512_CORE_VNNI", 1);
    cr_assert_not(hny_precision_supported(HNY_PRECISION_BF16));
    cr_assert_eq(hny_precision_fastest(), HNY_PRECISION_F32);
}
