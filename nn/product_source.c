#ifndef HNY_DOUBLE

#include "nn/product_source.h"

#include "base/profile.h"
#include "nn/product_pack.h"
#include <string.h>

bool hny_product_source_ready(const struct hny_product_source *source) {
    bool dense = source->stride == source->columns || source->rows == 1;
    bool padded = source->padded_rows > source->rows || source->padded_columns > source->columns;
    return source->type == HNY_MATMUL_F32 && dense && !padded;
}

size_t hny_product_source_bytes(const struct hny_product_source *source) {
    return source->padded_rows * source->padded_columns * hny_matmul_type_bytes(source->type);
}

void hny_product_source_copy(const struct hny_product_source *source, void *to) {
    HNY_PROFILE("operands of products");
    size_t columns = source->columns, wide = source->padded_columns,
           size = hny_matmul_type_bytes(source->type);
    char *out = to;
    for (size_t row = 0; row < source->rows; row++, out += wide * size) {
        const float *from = source->values + row * source->stride;
        if (source->type == HNY_MATMUL_BF16)
            hny_pack_round((uint16_t *)(void *)out, from, columns);
        else
            memcpy(out, from, columns * size);
        memset(out + columns * size, 0, (wide - columns) * size);
    }
    memset(out, 0, (source->padded_rows - source->rows) * wide * size);
}

#endif
