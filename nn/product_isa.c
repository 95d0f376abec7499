#ifndef HNY_DOUBLE

#include "nn/product_isa.h"

#include <oneapi/dnnl/dnnl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>

/* The first whose bits are all there holds. */
static const struct {
    dnnl_cpu_isa_t bits;
    enum hny_product_isa isa;
    const char *name;
} isas[] = {
    {dnnl_cpu_isa_avx512_core_amx, HNY_ISA_AMX, "avx512_core_amx"},
    {dnnl_cpu_isa_avx512_core_bf16, HNY_ISA_BF16, "avx512_core_bf16"},
    {dnnl_cpu_isa_avx512_core_vnni, HNY_ISA_VNNI, "avx512_core_vnni"},
    {dnnl_cpu_isa_avx512_core, HNY_ISA_AVX512, "avx512_core"},
    {dnnl_cpu_isa_avx2_vnni, HNY_ISA_AVX2, "avx2_vnni"},
    {dnnl_cpu_isa_avx2, HNY_ISA_AVX2, "avx2"},
    {dnnl_cpu_isa_all, HNY_ISA_OLDER, "older"},
};

static enum hny_product_isa isa;
static char library[64];

static void find(void) {
    const dnnl_version_t *version = dnnl_version();
    const unsigned effective = (unsigned)dnnl_get_effective_cpu_isa();
    size_t i = 0;
    while ((effective & isas[i].bits) != (unsigned)isas[i].bits) i++;
    isa = isas[i].isa;
    snprintf(library, sizeof library, "oneDNN %d.%d.%d, %s", version->major, version->minor, version->patch,
             isas[i].name);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;

enum hny_product_isa hny_product_isa(void) {
    pthread_once(&once, find);
    return isa;
}

static bool is_intel(void) {
#ifdef __x86_64__
    __builtin_cpu_init();
    return __builtin_cpu_is("intel");
#else
    return false;
#endif
}

bool hny_product_isa_bf16_pays(void) {
    enum hny_product_isa best = hny_product_isa();
    return best >= HNY_ISA_AMX || (best >= HNY_ISA_BF16 && !is_intel());
}

const char *hny_product_isa_library(void) {
    pthread_once(&once, find);
    return library;
}

#endif
