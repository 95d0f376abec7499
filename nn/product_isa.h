/* Which instruction set products may use. */
#ifndef HNY_NN_PRODUCT_ISA_H
#define HNY_NN_PRODUCT_ISA_H

enum hny_product_isa { HNY_ISA_OLDER, HNY_ISA_AVX2, HNY_ISA_AVX512, HNY_ISA_VNNI, HNY_ISA_BF16, HNY_ISA_AMX };

/* The best that the processor has and ONEDNN_MAX_CPU_ISA allows; each has those before it. HNY_ISA_OLDER
 * where it is not x86-64. */
enum hny_product_isa hny_product_isa(void);

/* oneDNN's version and instruction set: "oneDNN 2.6.3, avx512_core_bf16". */
const char *hny_product_isa_library(void);

#endif
