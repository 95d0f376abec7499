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
