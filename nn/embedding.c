#include "nn/embedding.h"

#include "base/profile.h"
#include "nn/elementwise.h"

/* The factor of row ROW: 0 where its word is dropped. A pure function, so the backward pass asks again. */
static hny_real word_factor(const struct hny_embedding *embedding, const struct hny_compute *compute,
                            double rate, size_t row) {
    if (!compute->training || rate <= 0) return 1;
    struct hny_random stream = hny_random_stream(compute->seed, HNY_RANDOM_WORD, compute->update,
                                                 embedding->number * 65536u + compute->shard);
    return hny_random_real(&stream, row) < rate ? 0 : (hny_real)(1 / (1 - rate));
}

void hny_embedding_forward(const struct hny_embedding *embedding, struct hny_compute *compute, size_t rows,
                           const int32_t *ids, double word_dropout, hny_real *x) {
    HNY_PROFILE("embeddings");
    const hny_real *table = hny_compute_values(compute, embedding->table);
    size_t width = embedding->width;
    for (size_t r = 0; r < rows; r++) {
        hny_real factor = word_factor(embedding, compute, word_dropout, r);
        memcpy(x + r * width, table + (size_t)ids[r] * width, width * sizeof *x);
        if (factor != 1) hny_scale(x + r * width, factor, width);
    }
}

hny_status hny_embedding_backward(const struct hny_embedding *embedding, struct hny_compute *compute,
                                  size_t rows, const int32_t *ids, double word_dropout, const hny_real *dx) {
    HNY_PROFILE("embeddings");
    hny_real *factor = NULL;
    if (compute->training && word_dropout > 0) {
        if (!(factor = hny_compute_take(compute, rows, 1))) return HNY_ERROR_MEMORY;
        for (size_t r = 0; r < rows; r++) factor[r] = word_factor(embedding, compute, word_dropout, r);
    }
    return hny_compute_row_gradient(compute, embedding->table, rows, ids, factor, dx);
}
