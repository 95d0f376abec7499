#ifndef HNY_DOUBLE

#include "nn/product_matmul.h"

#include "base/memory.h"
#include "nn/product_engine.h"
#include <omp.h>
#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_debug.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Any number of rows packs alike; oneDNN is asked for the layout with this one. */
#define PACKING_ROWS 64

#define MATMULS_LIMIT 8192 /* kept a thread; some 10 kB each */
#define BUCKETS 4096       /* a power of two */

static const dnnl_data_type_t data_types[] = {
    [HNY_MATMUL_F32] = dnnl_f32, [HNY_MATMUL_BF16] = dnnl_bf16, [HNY_MATMUL_U8] = dnnl_u8,
    [HNY_MATMUL_S8] = dnnl_s8,   [HNY_MATMUL_S32] = dnnl_s32,
};

/* One for the process: primitives, memory and streams of several threads may share an engine. */
static struct {
    pthread_once_t once;
    dnnl_engine_t handle;
    dnnl_status_t status;
} engine = {.once = PTHREAD_ONCE_INIT};

static void start_engine(void) {
    engine.status = dnnl_engine_create(&engine.handle, dnnl_cpu, 0);
}

static hny_status check(dnnl_status_t status, const char *what) {
    if (status == dnnl_success) return HNY_OK;
    return hny_fail(status == dnnl_out_of_memory ? HNY_ERROR_MEMORY : HNY_ERROR_USAGE, "oneDNN cannot %s: %s",
                    what, dnnl_status2str(status));
}

static hny_status need_engine(void) {
    pthread_once(&engine.once, start_engine);
    return check(engine.status, "start");
}

/* oneDNN computes with as many threads as OpenMP gives the calling thread: one, between these two. */
static int begin_single(void) {
    int threads = omp_get_max_threads();
    if (threads != 1) omp_set_num_threads(1);
    return threads;
}

static void end_single(int threads) {
    if (threads != 1) omp_set_num_threads(threads);
}

/* A matrix of ROWS × COLUMNS without gaps, or one that lies transposed. */
static dnnl_status_t describe(dnnl_memory_desc_t *description, uint64_t rows, uint64_t columns,
                              enum hny_matmul_type type, bool transposed) {
    const dnnl_dims_t sizes = {(dnnl_dim_t)rows, (dnnl_dim_t)columns};
    const dnnl_dims_t strides = {transposed ? 1 : sizes[1], transposed ? sizes[0] : 1};
    return dnnl_memory_desc_init_by_strides(description, 2, sizes, data_types[type], strides);
}

static enum hny_matmul_type result_type(enum hny_matmul_type source) {
    return source == HNY_MATMUL_U8 ? HNY_MATMUL_S32 : HNY_MATMUL_F32;
}

static dnnl_status_t make_attributes(bool accumulate, dnnl_primitive_attr_t *attributes) {
    dnnl_post_ops_t sum = NULL;
    dnnl_status_t status = dnnl_primitive_attr_create(attributes);
    /* oneDNN's own scratchpad belongs to the thread that made a primitive; ours goes with the primitive's
     * user. */
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_scratchpad_mode(*attributes, dnnl_scratchpad_mode_user);
    if (status != dnnl_success || !accumulate) return status;
    status = dnnl_post_ops_create(&sum);
    if (status == dnnl_success) status = dnnl_post_ops_append_sum(sum, 1.0f);
    if (status == dnnl_success) status = dnnl_primitive_attr_set_post_ops(*attributes, sum);
    if (sum) dnnl_post_ops_destroy(sum);
    return status;
}

static dnnl_status_t make_description(const dnnl_memory_desc_t *source, const dnnl_memory_desc_t *weights,
                                      const dnnl_memory_desc_t *result, bool accumulate,
                                      dnnl_primitive_desc_t *description) {
    dnnl_matmul_desc_t matmul;
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_status_t status = dnnl_matmul_desc_init(&matmul, source, weights, NULL, result);
    if (status == dnnl_success) status = make_attributes(accumulate, &attributes);
    if (status == dnnl_success)
        status = dnnl_primitive_desc_create(description, &matmul, attributes, engine.handle, NULL);
    if (attributes) dnnl_primitive_attr_destroy(attributes);
    return status;
}

/* ---- packed weights ---- */

struct hny_packed {
    dnnl_memory_desc_t layout;
    dnnl_memory_t memory; /* over data */
    void *data;
    size_t bytes;
    enum hny_matmul_type type;
    bool transposed;
    bool known; /* the layout is the one of nn/product_pack.h, in pack; else it takes what follows */
    struct hny_pack pack;
    dnnl_primitive_t reorder; /* …and this takes its place */
    dnnl_memory_t values;     /* over whatever is being packed */
    dnnl_memory_t scratchpad;
    struct hny_product_scratch scratch;
};

/* Asks oneDNN which layout of the weights it would choose for ROWS rows. */
static dnnl_status_t query_layout(size_t rows, size_t inner, size_t columns, enum hny_matmul_type source,
                                  enum hny_matmul_type weights, dnnl_memory_desc_t *layout) {
    dnnl_memory_desc_t source_layout, any, result_layout;
    dnnl_dims_t sizes = {(dnnl_dim_t)inner, (dnnl_dim_t)columns};
    dnnl_primitive_desc_t description = NULL;
    dnnl_status_t status = describe(&source_layout, rows, inner, source, false);
    if (status == dnnl_success) status = describe(&result_layout, rows, columns, result_type(source), false);
    if (status == dnnl_success)
        status = dnnl_memory_desc_init_by_tag(&any, 2, sizes, data_types[weights], dnnl_format_tag_any);
    if (status == dnnl_success)
        status = make_description(&source_layout, &any, &result_layout, false, &description);
    if (status != dnnl_success) return status;
    *layout = *dnnl_primitive_desc_query_md(description, dnnl_query_weights_md, 0);
    return dnnl_primitive_desc_destroy(description);
}

/* The layout of INNER × COLUMNS weights of TYPE in terms of nn/product_pack.h; without strides if it has
 * none. */
static struct hny_pack recognise(const dnnl_memory_desc_t *layout, enum hny_matmul_type type, size_t inner,
                                 size_t columns) {
    static const struct {
        enum hny_matmul_type type;
        int blocks;
        dnnl_dim_t dimensions[3], sizes[3];
    } known[] = {{HNY_MATMUL_F32, 2, {0, 1}, {HNY_PACK_INNER, HNY_PACK_COLUMNS}},
                 {HNY_MATMUL_BF16, 3, {0, 1, 0}, {HNY_PACK_INNER, HNY_PACK_COLUMNS, 2}}};
    const dnnl_blocking_desc_t *blocking = &layout->format_desc.blocking;
    struct hny_pack pack = {.inner = inner, .columns = columns};
    if (layout->format_kind != dnnl_blocked || layout->offset0 != 0 || layout->extra.flags != 0) return pack;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        size_t bytes = (size_t)known[i].blocks * sizeof(dnnl_dim_t);
        if (type != known[i].type || blocking->inner_nblks != known[i].blocks ||
            memcmp(blocking->inner_idxs, known[i].dimensions, bytes) != 0 ||
            memcmp(blocking->inner_blks, known[i].sizes, bytes) != 0)
            continue;
        pack.inner_stride = (size_t)blocking->strides[0];
        pack.column_stride = (size_t)blocking->strides[1];
    }
    return pack;
}

static dnnl_status_t make_reorder(struct hny_packed *packed, size_t inner, size_t columns,
                                  enum hny_matmul_type type) {
    dnnl_memory_desc_t from;
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_primitive_desc_t description = NULL;
    dnnl_status_t status = describe(&from, inner, columns, type, packed->transposed);
    if (status == dnnl_success) status = make_attributes(false, &attributes);
    if (status == dnnl_success)
        status = dnnl_reorder_primitive_desc_create(&description, &from, engine.handle, &packed->layout,
                                                    engine.handle, attributes);
    if (status == dnnl_success) status = dnnl_primitive_create(&packed->reorder, description);
    if (status == dnnl_success) status = dnnl_memory_create(&packed->values, &from, engine.handle, NULL);
    if (status == dnnl_success) {
        const dnnl_memory_desc_t *scratch =
            dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0);
        status = hny_product_scratch_reserve(&packed->scratch, dnnl_memory_desc_get_size(scratch)) == HNY_OK
                     ? dnnl_memory_create(&packed->scratchpad, scratch, engine.handle, packed->scratch.data)
                     : dnnl_out_of_memory;
    }
    if (description) dnnl_primitive_desc_destroy(description);
    if (attributes) dnnl_primitive_attr_destroy(attributes);
    return status;
}

static hny_status open_packed(struct hny_packed *packed, size_t inner, size_t columns,
                              enum hny_matmul_type source, enum hny_matmul_type weights, bool transposed) {
    HNY_TRY(check(query_layout(PACKING_ROWS, inner, columns, source, weights, &packed->layout),
                  "lay out weights"));
    packed->bytes = dnnl_memory_desc_get_size(&packed->layout);
    packed->data = hny_allocate(packed->bytes, 1);
    if (!packed->data) return HNY_ERROR_MEMORY;
    HNY_TRY(check(dnnl_memory_create(&packed->memory, &packed->layout, engine.handle, packed->data),
                  "hold weights"));
    packed->type = weights;
    packed->transposed = transposed;
    packed->pack = recognise(&packed->layout, weights, inner, columns);
    if (packed->pack.inner_stride) return HNY_OK;
    enum hny_matmul_type from = weights == HNY_MATMUL_S8 ? HNY_MATMUL_S8 : HNY_MATMUL_F32;
    return check(make_reorder(packed, inner, columns, from), "pack weights");
}

hny_status hny_packed_create(struct hny_packed **packed, size_t inner, size_t columns,
                             enum hny_matmul_type source, enum hny_matmul_type weights, bool transposed) {
    HNY_TRY(need_engine());
    struct hny_packed *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    int threads = begin_single();
    hny_status status = open_packed(made, inner, columns, source, weights, transposed);
    end_single(threads);
    if (status != HNY_OK) hny_packed_destroy(&made);
    *packed = made;
    return status;
}

void hny_packed_destroy(struct hny_packed **packed) {
    struct hny_packed *old = *packed;
    if (!old) return;
    if (old->reorder) dnnl_primitive_destroy(old->reorder);
    if (old->values) dnnl_memory_destroy(old->values);
    if (old->scratchpad) dnnl_memory_destroy(old->scratchpad);
    if (old->memory) dnnl_memory_destroy(old->memory);
    hny_product_scratch_free(&old->scratch);
    free(old->data);
    free(old);
    *packed = NULL;
}

size_t hny_packed_bytes(const struct hny_packed *packed) {
    return packed->bytes;
}

static dnnl_status_t run_reorder(struct hny_packed *packed, const void *values) {
    dnnl_stream_t stream = NULL;
    dnnl_status_t status = dnnl_stream_create(&stream, engine.handle, dnnl_stream_default_flags);
    if (status == dnnl_success)
        status = dnnl_memory_set_data_handle(packed->values, (void *)(uintptr_t)values);
    if (status == dnnl_success) {
        const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, packed->values},
                                             {DNNL_ARG_TO, packed->memory},
                                             {DNNL_ARG_SCRATCHPAD, packed->scratchpad}};
        status = dnnl_primitive_execute(packed->reorder, stream, 3, arguments);
    }
    if (status == dnnl_success) status = dnnl_stream_wait(stream);
    if (stream) dnnl_stream_destroy(stream);
    return status;
}

hny_status hny_packed_fill(struct hny_packed *packed, const void *values) {
    const struct hny_pack *pack = &packed->pack;
    if (pack->inner_stride) {
        size_t stride = packed->transposed ? pack->inner : pack->columns;
        if (packed->type == HNY_MATMUL_BF16)
            hny_pack_bf16(pack, values, stride, packed->transposed, packed->data);
        else
            hny_pack_f32(pack, values, stride, packed->transposed, packed->data);
        return HNY_OK;
    }
    int threads = begin_single();
    dnnl_status_t status = run_reorder(packed, values);
    end_single(threads);
    return check(status, "pack weights");
}

/* ---- products by shape ---- */

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
    HNY_TRY(need_engine());
    struct hny_matmuls *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    hny_status status =
        check(dnnl_stream_create(&made->stream, engine.handle, dnnl_stream_default_flags), "make a stream");
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
    enum hny_matmul_type type = (enum hny_matmul_type)matmul->source;
    dnnl_status_t status = query_layout(matmul->rows, matmul->inner, matmul->columns, type, type, weights);
    if (status != dnnl_success) return status;
    entry->pack = recognise(weights, type, matmul->inner, matmul->columns);
    if (!entry->pack.inner_stride) status = describe(weights, matmul->inner, matmul->columns, type, false);
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
    dnnl_status_t status = dnnl_memory_create(&entry->source, source, engine.handle, NULL);
    if (status == dnnl_success && loose)
        status = dnnl_memory_create(&entry->weights, loose, engine.handle, NULL);
    if (status == dnnl_success) status = dnnl_memory_create(&entry->result, result, engine.handle, NULL);
    if (status == dnnl_success) status = dnnl_memory_create(&entry->scratchpad, scratch, engine.handle, NULL);
    entry->scratch_bytes = dnnl_memory_desc_get_size(scratch);
    return status;
}

static dnnl_status_t fill_entry(struct entry *entry, const struct hny_matmul *matmul,
                                const struct hny_packed *packed) {
    dnnl_memory_desc_t source, weights, result;
    dnnl_primitive_desc_t description = NULL;
    enum hny_matmul_type type = (enum hny_matmul_type)matmul->source;
    dnnl_status_t status = describe(&source, matmul->rows, matmul->inner, type, false);
    if (status == dnnl_success)
        status = describe(&result, matmul->rows, matmul->columns, result_type(type), false);
    if (packed)
        weights = packed->layout;
    else if (status == dnnl_success)
        status = choose_loose(entry, matmul, &weights);
    if (status == dnnl_success)
        status = make_description(&source, &weights, &result, matmul->accumulate, &description);
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
    hny_status status = check(fill_entry(entry, matmul, packed), "prepare a product");
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
    int threads = begin_single();
    hny_status status = find_entry(matmuls, matmul, NULL, &entry);
    end_single(threads);
    if (status != HNY_OK) return status;
    *pack = entry->pack;
    *bytes = entry->weights_bytes;
    return HNY_OK;
}

hny_status hny_matmul_run(struct hny_matmuls *matmuls, const struct hny_matmul *matmul, const void *source,
                          const struct hny_packed *packed, const void *loose, void *result) {
    struct entry *entry = NULL;
    int threads = begin_single();
    hny_status status = find_entry(matmuls, matmul, packed, &entry);
    if (status == HNY_OK) status = check(execute(matmuls, entry, source, packed, loose, result), "multiply");
    end_single(threads);
    return status;
}

#endif
