#ifndef HNY_DOUBLE

#include "nn/product_dnnl.h"

#include <omp.h>
#include <oneapi/dnnl/dnnl_debug.h>
#include <pthread.h>
#include <string.h>

static const dnnl_data_type_t data_types[] = {
    [HNY_MATMUL_F32] = dnnl_f32, [HNY_MATMUL_BF16] = dnnl_bf16, [HNY_MATMUL_U8] = dnnl_u8,
    [HNY_MATMUL_S8] = dnnl_s8,   [HNY_MATMUL_S32] = dnnl_s32,
};

static struct {
    pthread_once_t once;
    dnnl_engine_t handle;
    dnnl_status_t status;
} engine = {.once = PTHREAD_ONCE_INIT};

static void start_engine(void) {
    engine.status = dnnl_engine_create(&engine.handle, dnnl_cpu, 0);
}

hny_status hny_dnnl_check(dnnl_status_t status, const char *what) {
    if (status == dnnl_success) return HNY_OK;
    return hny_fail(status == dnnl_out_of_memory ? HNY_ERROR_MEMORY : HNY_ERROR_USAGE, "oneDNN cannot %s: %s",
                    what, dnnl_status2str(status));
}

hny_status hny_dnnl_start(void) {
    pthread_once(&engine.once, start_engine);
    return hny_dnnl_check(engine.status, "start");
}

dnnl_engine_t hny_dnnl_engine(void) {
    return engine.handle;
}

int hny_dnnl_begin(void) {
    int threads = omp_get_max_threads();
    if (threads != 1) omp_set_num_threads(1);
    return threads;
}

void hny_dnnl_end(int threads) {
    if (threads != 1) omp_set_num_threads(threads);
}

dnnl_status_t hny_dnnl_matrix(dnnl_memory_desc_t *matrix, uint64_t rows, uint64_t columns,
                              enum hny_matmul_type type, bool transposed) {
    const dnnl_dims_t sizes = {(dnnl_dim_t)rows, (dnnl_dim_t)columns};
    const dnnl_dims_t strides = {transposed ? 1 : sizes[1], transposed ? sizes[0] : 1};
    return dnnl_memory_desc_init_by_strides(matrix, 2, sizes, data_types[type], strides);
}

enum hny_matmul_type hny_dnnl_result_type(enum hny_matmul_type source) {
    return source == HNY_MATMUL_U8 ? HNY_MATMUL_S32 : HNY_MATMUL_F32;
}

dnnl_status_t hny_dnnl_attributes(bool accumulate, dnnl_primitive_attr_t *attributes) {
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

dnnl_status_t hny_dnnl_product(const dnnl_memory_desc_t *source, const dnnl_memory_desc_t *weights,
                               const dnnl_memory_desc_t *result, bool accumulate,
                               dnnl_primitive_desc_t *product) {
    dnnl_matmul_desc_t matmul;
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_status_t status = dnnl_matmul_desc_init(&matmul, source, weights, NULL, result);
    if (status == dnnl_success) status = hny_dnnl_attributes(accumulate, &attributes);
    if (status == dnnl_success)
        status = dnnl_primitive_desc_create(product, &matmul, attributes, hny_dnnl_engine(), NULL);
    if (attributes) dnnl_primitive_attr_destroy(attributes);
    return status;
}

dnnl_status_t hny_dnnl_layout(size_t rows, size_t inner, size_t columns, enum hny_matmul_type source,
                              enum hny_matmul_type weights, dnnl_memory_desc_t *layout) {
    dnnl_memory_desc_t source_layout, any, result_layout;
    dnnl_dims_t sizes = {(dnnl_dim_t)inner, (dnnl_dim_t)columns};
    dnnl_primitive_desc_t description = NULL;
    dnnl_status_t status = hny_dnnl_matrix(&source_layout, rows, inner, source, false);
    if (status == dnnl_success)
        status = hny_dnnl_matrix(&result_layout, rows, columns, hny_dnnl_result_type(source), false);
    if (status == dnnl_success)
        status = dnnl_memory_desc_init_by_tag(&any, 2, sizes, data_types[weights], dnnl_format_tag_any);
    if (status == dnnl_success)
        status = hny_dnnl_product(&source_layout, &any, &result_layout, false, &description);
    if (status != dnnl_success) return status;
    *layout = *dnnl_primitive_desc_query_md(description, dnnl_query_weights_md, 0);
    return dnnl_primitive_desc_destroy(description);
}

struct hny_pack hny_dnnl_recognise(const dnnl_memory_desc_t *layout, enum hny_matmul_type type, size_t inner,
                                   size_t columns) {
    static const struct {
        enum hny_matmul_type type;
        int blocks;
        dnnl_dim_t dimensions[3], sizes[3];
    } known[] = {{HNY_MATMUL_F32, 2, {0, 1}, {HNY_PACK_INNER, HNY_PACK_COLUMNS}},
                 {HNY_MATMUL_BF16, 3, {0, 1, 0}, {HNY_PACK_INNER, HNY_PACK_COLUMNS, 2}},
                 {HNY_MATMUL_S8, 3, {0, 1, 0}, {HNY_PACK_INNER, HNY_PACK_COLUMNS, HNY_PACK_FOUR}}};
    const dnnl_blocking_desc_t *blocking = &layout->format_desc.blocking;
    struct hny_pack pack = {.inner = inner, .columns = columns};
    if (layout->format_kind != dnnl_blocked || layout->offset0 != 0 || layout->extra.flags != 0) return pack;
    if (type == HNY_MATMUL_S8 && inner % HNY_PACK_FOUR != 0) return pack;
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

#endif
