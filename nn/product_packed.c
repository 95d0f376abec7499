#ifndef HNY_DOUBLE

#include "nn/product_dnnl.h"

#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

/* Any number of rows packs alike; oneDNN is asked for the layout with this one. */
#define PACKING_ROWS 64

static dnnl_status_t make_reorder(struct hny_packed *packed, size_t inner, size_t columns,
                                  enum hny_matmul_type type) {
    dnnl_memory_desc_t from;
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_primitive_desc_t description = NULL;
    dnnl_status_t status = hny_dnnl_matrix(&from, inner, columns, type, packed->transposed);
    if (status == dnnl_success) status = hny_dnnl_attributes(false, &attributes);
    if (status == dnnl_success)
        status = dnnl_reorder_primitive_desc_create(&description, &from, hny_dnnl_engine(), &packed->layout,
                                                    hny_dnnl_engine(), attributes);
    if (status == dnnl_success) status = dnnl_primitive_create(&packed->reorder, description);
    if (status == dnnl_success) status = dnnl_memory_create(&packed->values, &from, hny_dnnl_engine(), NULL);
    if (status == dnnl_success) {
        const dnnl_memory_desc_t *scratch =
            dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0);
        status =
            hny_product_scratch_reserve(&packed->scratch, dnnl_memory_desc_get_size(scratch)) == HNY_OK
                ? dnnl_memory_create(&packed->scratchpad, scratch, hny_dnnl_engine(), packed->scratch.data)
                : dnnl_out_of_memory;
    }
    if (description) dnnl_primitive_desc_destroy(description);
    if (attributes) dnnl_primitive_attr_destroy(attributes);
    return status;
}

static hny_status open_packed(struct hny_packed *packed, size_t inner, size_t columns,
                              enum hny_matmul_type source, enum hny_matmul_type weights, bool transposed) {
    HNY_TRY(hny_dnnl_check(hny_dnnl_layout(PACKING_ROWS, inner, columns, source, weights, &packed->layout),
                           "lay out weights"));
    packed->bytes = dnnl_memory_desc_get_size(&packed->layout);
    HNY_TRY(hny_dnnl_check(dnnl_memory_create(&packed->memory, &packed->layout, hny_dnnl_engine(), NULL),
                           "hold weights"));
    packed->type = weights;
    packed->transposed = transposed;
    packed->pack = hny_dnnl_recognise(&packed->layout, weights, inner, columns);
    if (weights == HNY_MATMUL_S8 && !transposed) packed->pack.inner_stride = 0; /* hny_pack_s8 has no such */
    if (packed->pack.inner_stride) return HNY_OK;
    enum hny_matmul_type from = weights == HNY_MATMUL_S8 ? HNY_MATMUL_S8 : HNY_MATMUL_F32;
    return hny_dnnl_check(make_reorder(packed, inner, columns, from), "pack weights");
}

hny_status hny_packed_create(struct hny_packed **packed, size_t inner, size_t columns,
                             enum hny_matmul_type source, enum hny_matmul_type weights, bool transposed) {
    HNY_TRY(hny_dnnl_start());
    struct hny_packed *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    int threads = hny_dnnl_begin();
    hny_status status = open_packed(made, inner, columns, source, weights, transposed);
    hny_dnnl_end(threads);
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
    free(old);
    *packed = NULL;
}

hny_status hny_packed_place(struct hny_packed *packed, void *data) {
    packed->data = data;
    return hny_dnnl_check(dnnl_memory_set_data_handle(packed->memory, data), "hold weights");
}

void *hny_packed_data(const struct hny_packed *packed) {
    return packed->data;
}

size_t hny_packed_bytes(const struct hny_packed *packed) {
    return packed->bytes;
}

const void *hny_packed_columns(const struct hny_packed *packed, size_t first, struct hny_pack *pack) {
    *pack = packed->pack;
    if (!pack->inner_stride) return NULL;
    return (const char *)packed->data + hny_pack_at(pack, 0, first) * hny_matmul_type_bytes(packed->type);
}

static dnnl_status_t run_reorder(struct hny_packed *packed, const void *values) {
    dnnl_stream_t stream = NULL;
    dnnl_status_t status = dnnl_stream_create(&stream, hny_dnnl_engine(), dnnl_stream_default_flags);
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
    if (pack->inner_stride && packed->type == HNY_MATMUL_S8) {
        hny_pack_s8(pack, values, packed->data);
        return HNY_OK;
    }
    if (pack->inner_stride) {
        size_t rows = packed->transposed ? pack->columns : pack->inner;
        const struct hny_part whole = {pack->inner, pack->columns, 0, pack->inner, 0, pack->columns, 0, rows};
        return hny_packed_fill_part(packed, values, &whole);
    }
    int threads = hny_dnnl_begin();
    dnnl_status_t status = run_reorder(packed, values);
    hny_dnnl_end(threads);
    return hny_dnnl_check(status, "pack weights");
}

/* A copy of the part with its zeros, for oneDNN's own reorder, which wants the operand whole. */
static hny_status fill_from_copy(struct hny_packed *packed, const float *values, size_t stride,
                                 const struct hny_part *part) {
    size_t rows = packed->transposed ? part->column_count : part->inner_count;
    size_t length = packed->transposed ? part->inner_count : part->column_count;
    size_t wide = packed->transposed ? packed->pack.inner : packed->pack.columns;
    float *copy = hny_allocate(packed->pack.inner * packed->pack.columns, sizeof *copy);
    if (!copy) return HNY_ERROR_MEMORY;
    for (size_t row = 0; row < rows; row++)
        memcpy(copy + row * wide, values + row * stride, length * sizeof *copy);
    hny_status status = hny_packed_fill(packed, copy);
    free(copy);
    return status;
}

hny_status hny_packed_fill_part(struct hny_packed *packed, const float *values, const struct hny_part *part) {
    struct hny_pack pack = packed->pack;
    bool transposed = packed->transposed;
    size_t stride = transposed ? part->inner : part->columns;
    values += (transposed ? part->first_column : part->first_inner) * stride;
    values += transposed ? part->first_inner : part->first_column;
    if (!pack.inner_stride) {
        if (part->first_row > 0) return HNY_OK;
        bool whole = part->inner_count == part->inner && part->column_count == part->columns;
        if (whole && part->inner == pack.inner && part->columns == pack.columns)
            return hny_packed_fill(packed, values);
        return fill_from_copy(packed, values, stride, part);
    }
    values += part->first_row * stride;
    pack.inner = transposed ? part->inner_count : part->rows;
    pack.columns = transposed ? part->rows : part->column_count;
    size_t first_inner = transposed ? 0 : part->first_row, first_column = transposed ? part->first_row : 0;
    if (packed->type == HNY_MATMUL_BF16)
        hny_pack_bf16(&pack, values, stride, transposed,
                      (uint16_t *)packed->data + hny_pack_at(&pack, first_inner / 2, first_column));
    else
        hny_pack_f32(&pack, values, stride, transposed,
                     (float *)packed->data + hny_pack_at(&pack, first_inner, first_column));
    return HNY_OK;
}

#endif
