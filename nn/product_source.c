#ifndef HNY_DOUBLE

#include "nn/product_source.h"

#include "base/profile.h"
#include "nn/product_pack.h"
#include <string.h>

hny_status hny_product_source_gather(const struct hny_product_source *source,
                                     struct hny_product_scratch *scratch, bool copy, const void **gathered) {
    size_t columns = source->columns, wide = source->padded_columns;
    bool dense = source->stride == columns || source->rows == 1;
    bool padded = source->padded_rows > source->rows || wide > columns;
    *gathered = source->values;
    if (source->type == HNY_MATMUL_F32 && dense && !padded && !copy) return HNY_OK;
    HNY_PROFILE("operands of products");
    HNY_TRY(hny_product_scratch_reserve(scratch, source->padded_rows * wide * sizeof(float)));
    *gathered = scratch->data;
    size_t size = source->type == HNY_MATMUL_BF16 ? sizeof(uint16_t) : sizeof(float);
    for (size_t row = 0; row < source->rows; row++) {
        char *to = (char *)scratch->data + row * wide * size;
        const float *from = source->values + row * source->stride;
        if (source->type == HNY_MATMUL_BF16)
            hny_pack_round((uint16_t *)(void *)to, from, columns);
        else
            memcpy(to, from, columns * size);
        memset(to + columns * size, 0, (wide - columns) * size);
    }
    memset((char *)scratch->data + source->rows * wide * size, 0,
           (source->padded_rows - source->rows) * wide * size);
    return HNY_OK;
}

#endif
