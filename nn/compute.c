#include "nn/compute.h"

#include <string.h>

hny_real *hny_compute_take(struct hny_compute *compute, size_t rows, size_t columns) {
    size_t bytes;
    if (__builtin_mul_overflow(columns, sizeof(hny_real), &bytes)) {
        hny_fail(HNY_ERROR_MEMORY, "a matrix of %zu columns is too wide", columns);
        return NULL;
    }
    return hny_arena_take(compute->arena, rows, bytes);
}

hny_real *hny_compute_zeroed(struct hny_compute *compute, size_t rows, size_t columns) {
    hny_real *taken = hny_compute_take(compute, rows, columns);
    if (taken) memset(taken, 0, rows * columns * sizeof *taken);
    return taken;
}

hny_status hny_compute_weight_gradient(struct hny_compute *compute, const struct hny_tensor *matrix,
                                       size_t rows, const hny_real *dy, size_t dy_stride, const hny_real *x,
                                       size_t x_stride) {
    const struct hny_note note = {
        .tensor = matrix, .rows = rows, .dy = dy, .dy_stride = dy_stride, .x = x, .x_stride = x_stride};
    if (compute->notes) return matrix->frozen ? HNY_OK : hny_notes_add(compute->notes, &note);
    return hny_product_weight_gradient(compute->products, compute->precision, rows, matrix->shape[0],
                                       matrix->shape[1], dy, dy_stride, x, x_stride,
                                       compute->gradients + matrix->offset, true);
}

hny_status hny_compute_row_gradient(struct hny_compute *compute, const struct hny_tensor *table, size_t rows,
                                    const int32_t *ids, const hny_real *factor, const hny_real *dx) {
    const struct hny_note note = {
        .tensor = table, .rows = rows, .dy = dx, .dy_stride = table->shape[1], .ids = ids, .factor = factor};
    if (compute->notes) return table->frozen ? HNY_OK : hny_notes_add(compute->notes, &note);
    hny_note_add_rows(&note, compute->gradients + table->offset);
    return HNY_OK;
}
