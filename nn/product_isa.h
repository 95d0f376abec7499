/* Which instruction set products may use. */
#ifndef HNY_NN_PRODUCT_ISA_H
#define HNY_NN_PRODUCT_ISA_H

#include <stdbool.h>

enum hny_product_isa { HNY_ISA_OLDER, HNY_ISA_AVX2, HNY_ISA_AVX512, HNY_ISA_VNNI, HNY_ISA_BF16, HNY_ISA_AMX };

/* The best that the processor has and ONEDNN_MAX_CPU_ISA allows; each has those before it. HNY_ISA_OLDER
 * where it is not x86-64. */
enum hny_product_isa hny_product_isa(void);

/* Whether products in bfloat16 are faster than in float32. Without AMX Intel's processors multiply as many of
 * either at a time, and oneDNN's kernels reach two thirds of float32's speed (2.6.3, bench-training); AMD's
 * multiply twice as many. */
bool hny_product_isa_bf16_pays(void);

/* oneDNN's version and instruction set: "oneDNN 2.6.3, avx512_core_bf16". */
const char *hny_product_isa_library(void);

#endif
