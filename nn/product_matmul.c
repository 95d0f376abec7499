#ifndef HNY_DOUBLE

#include "nn/product_dnnl.h"

#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

#define MATMULS_LIMIT 8192 /* kept a thread; some 10 kB each */
#define BUCKETS 4096       /* a power of two */

struct entry {
    struct hny_matmul matmul;
    struct entry *next; /* in its bucket */
    dnnl_primitive_t primitive;
    dnnl_memory_t source, weights, result, scratchpad; /* weights only where they are loose… */
    struct hny_pack pack;                              /* …and lie so, */
    size_t weights_bytes;                              /* with their padding */
    size_t scratch_bytes;
    bool reference;
};

struct hny_matmuls {
    dnnl_stream_t stream;
    struct hny_product_scratch scratch;
    size_t count;
    size_t references;
    struct entry *buckets[BUCKETS];
};

hny_status hny_matmuls_create(struct hny_matmuls **matmuls) {
    HNY_TRY(hny_dnnl_start());
    struct hny_matmuls *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    hny_status status = hny_dnnl_check(
        dnnl_stream_create(&made->stream, hny_dnnl_engine(), dnnl_stream_default_flags), "make a stream");
    if (status != HNY_OK) hny_matmuls_destroy(&made);
    *matmuls = made;
    return status;
}

static void destroy_entry(struct entry *entry) {
    if (entry->primitive) dnnl_primitive_destroy(entry->primitive);
    if (entry->source) dnnl_memory_destroy(entry->source);
    if (entry->weights) dnnl_memory_destroy(entry->weights);
    if (entry->result) dnnl_memory_destroy(entry->result);
    if (entry->scratchpad) dnnl_memory_destroy(entry->scratchpad);
    free(entry);
}

static void forget_all(struct hny_matmuls *matmuls) {
    for (size_t i = 0; i < BUCKETS; i++)
        while (matmuls->buckets[i]) {
            struct entry *entry = matmuls->buckets[i];
            matmuls->buckets[i] = entry->next;
            destroy_entry(entry);
        }
    matmuls->count = 0;
}

void hny_matmuls_destroy(struct hny_matmuls **matmuls) {
    if (!*matmuls) return;
    forget_all(*matmuls);
    hny_product_scratch_free(&(*matmuls)->scratch);
    if ((*matmuls)->stream) dnnl_stream_destroy((*matmuls)->stream);
    free(*matmuls);
    *matmuls = NULL;
}

size_t hny_matmuls_references(const struct hny_matmuls *matmuls) {
    return matmuls->references;
}

static size_t bucket_of(const struct hny_matmul *matmul) {
    uint64_t words[sizeof *matmul / sizeof(uint64_t)], hash = 0;
    memcpy(words, matmul, sizeof words);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        hash = (hash ^ words[i]) * 0x9E3779B97F4A7C15u;
        hash ^= hash >> 32;
    }
    return hash % BUCKETS;
}

static bool is_reference(const_dnnl_primitive_desc_t description) {
    const char *name = NULL;
    return dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, &name) == dnnl_success &&
           strncmp(name, "ref", 3) == 0;
}

/* The layout of a loose product's weights: oneDNN's choice where nn/product_pack.h knows it. */
static dnnl_status_t choose_loose(struct entry *entry, const struct hny_matmul *matmul,
                                  dnnl_memory_desc_t *weights) {
    enum hny_matmul_type source = (enum hny_matmul_type)matmul->source;
    enum hny_matmul_type type = source == HNY_MATMUL_U8 ? HNY_MATMUL_S8 : source;
    dnnl_status_t status =
        hny_dnnl_layout(matmul->rows, matmul->inner, matmul->columns, source, type, weights);
    if (status != dnnl_success) return status;
    entry->pack = hny_dnnl_recognise(weights, type, matmul->inner, matmul->columns);
    if (!entry->pack.inner_stride)
        status = hny_dnnl_matrix(weights, matmul->inner, matmul->columns, type, false);
    entry->weights_bytes = dnnl_memory_desc_get_size(weights);
    return status;
}

/* The memory objects of a product, over nothing yet, and its scratchpad's size. */
static dnnl_status_t make_memory(struct entry *entry, const_dnnl_primitive_desc_t description,
                                 const dnnl_memory_desc_t *loose) {
    const dnnl_memory_desc_t *source = dnnl_primitive_desc_query_md(description, dnnl_query_src_md, 0);
    const dnnl_memory_desc_t *result = dnnl_primitive_desc_query_md(description, dnnl_query_dst_md, 0);
    const dnnl_memory_desc_t *scratch =
        dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0);
    dnnl_status_t status = dnnl_memory_create(&entry->source, source, hny_dnnl_engine(), NULL);
    if (status == dnnl_success && loose)
        status = dnnl_memory_create(&entry->weights, loose, hny_dnnl_engine(), NULL);
    if (status == dnnl_success) status = dnnl_memory_create(&entry->result, result, hny_dnnl_engine(), NULL);
    if (status == dnnl_success)
        status = dnnl_memory_create(&entry->scratchpad, scratch, hny_dnnl_engine(), NULL);
    entry->scratch_bytes = dnnl_memory_desc_get_size(scratch);
    return status;
}

static dnnl_status_t fill_entry(struct entry *entry, const struct hny_matmul *matmul,
                                const struct hny_packed *packed) {
    dnnl_memory_desc_t source, weights, result;
    dnnl_primitive_desc_t description = NULL;
    enum hny_matmul_type type = (enum hny_matmul_type)matmul->source;
    dnnl_status_t status = hny_dnnl_matrix(&source, matmul->rows, matmul->inner, type, false);
    if (status == dnnl_success)
        status = hny_dnnl_matrix(&result, matmul->rows, matmul->columns, hny_dnnl_result_type(type), false);
    if (packed)
        weights = packed->layout;
    else if (status == dnnl_success)
        status = choose_loose(entry, matmul, &weights);
    if (status == dnnl_success)
        status = hny_dnnl_product(&source, &weights, &result, matmul->accumulate, &description);
    if (status != dnnl_success) return status;
    entry->reference = is_reference(description);
    status = dnnl_primitive_create(&entry->primitive, description);
    if (status == dnnl_success) status = make_memory(entry, description, packed ? NULL : &weights);
    dnnl_primitive_desc_destroy(description);
    return status;
}

/* The kept product of this shape, or a new one. When too many are kept all go: rare, and unlike dropping the
 * oldest it cannot turn a long cycle of shapes into one where every one is made anew each time. */
static hny_status find_entry(struct hny_matmuls *matmuls, const struct hny_matmul *matmul,
                             const struct hny_packed *packed, struct entry **found) {
    size_t bucket = bucket_of(matmul);
    for (*found = matmuls->buckets[bucket]; *found; *found = (*found)->next)
        if (memcmp(&(*found)->matmul, matmul, sizeof *matmul) == 0) return HNY_OK;
    if (matmuls->count == MATMULS_LIMIT) forget_all(matmuls);
    struct entry *entry = hny_allocate(1, sizeof *entry);
    if (!entry) return HNY_ERROR_MEMORY;
    hny_status status = hny_dnnl_check(fill_entry(entry, matmul, packed), "prepare a product");
    if (status == HNY_OK) status = hny_product_scratch_reserve(&matmuls->scratch, entry->scratch_bytes);
    if (status != HNY_OK) {
        destroy_entry(entry);
        return status;
    }
    entry->matmul = *matmul;
    entry->next = matmuls->buckets[bucket];
    matmuls->buckets[bucket] = entry;
    matmuls->count++;
    matmuls->references += entry->reference;
    *found = entry;
    return HNY_OK;
}

static dnnl_status_t execute(struct hny_matmuls *matmuls, struct entry *entry, const void *source,
                             const struct hny_packed *packed, const void *loose, void *result) {
    dnnl_status_t status = dnnl_memory_set_data_handle(entry->source, (void *)(uintptr_t)source);
    if (status == dnnl_success && entry->weights)
        status = dnnl_memory_set_data_handle(entry->weights, (void *)(uintptr_t)loose);
    if (status == dnnl_success) status = dnnl_memory_set_data_handle(entry->result, result);
    if (status == dnnl_success)
        status = dnnl_memory_set_data_handle(entry->scratchpad, matmuls->scratch.data);
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, entry->source},
                                         {DNNL_ARG_WEIGHTS, packed ? packed->memory : entry->weights},
                                         {DNNL_ARG_DST, entry->result},
                                         {DNNL_ARG_SCRATCHPAD, entry->scratchpad}};
    if (status == dnnl_success)
        status = dnnl_primitive_execute(entry->primitive, matmuls->stream, 4, arguments);
    if (status == dnnl_success) status = dnnl_stream_wait(matmuls->stream);
    return status;
}

hny_status hny_matmul_layout(struct hny_matmuls *matmuls, const struct hny_matmul *matmul,
                             struct hny_pack *pack, size_t *bytes) {
    struct entry *entry = NULL;
    int threads = hny_dnnl_begin();
    hny_status status = find_entry(matmuls, matmul, NULL, &entry);
    hny_dnnl_end(threads);
    if (status != HNY_OK) return status;
    *pack = entry->pack;
    *bytes = entry->weights_bytes;
    return HNY_OK;
}

hny_status hny_matmul_run(struct hny_matmuls *matmuls, const struct hny_matmul *matmul, const void *source,
                          const struct hny_packed *packed, const void *loose, void *result) {
    struct entry *entry = NULL;
    int threads = hny_dnnl_begin();
    hny_status status = find_entry(matmuls, matmul, packed, &entry);
    if (status == HNY_OK)
        status = hny_dnnl_check(execute(matmuls, entry, source, packed, loose, result), "multiply");
    hny_dnnl_end(threads);
    return status;
}

#endif
