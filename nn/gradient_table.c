#include "nn/gradient_table.h"

#include "base/memory.h"
#include "nn/elementwise.h"
#include <stdlib.h>
#include <string.h>

struct hny_gradient_table {
    size_t rows, width;
    size_t *place; /* [rows] 1 + the row's place among those held; 0: it is not */
    size_t *held;  /* which rows they are */
    size_t count, held_capacity;
    hny_real *values; /* [count][width] */
    size_t value_capacity;
};

hny_status hny_gradient_table_create(struct hny_gradient_table **table, size_t rows, size_t width) {
    struct hny_gradient_table *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->rows = rows;
    made->width = width;
    made->place = hny_allocate(rows, sizeof *made->place);
    if (!made->place) hny_gradient_table_destroy(&made);
    *table = made;
    return made ? HNY_OK : HNY_ERROR_MEMORY;
}

void hny_gradient_table_destroy(struct hny_gradient_table **table) {
    if (!*table) return;
    free((*table)->place);
    free((*table)->held);
    free((*table)->values);
    free(*table);
    *table = NULL;
}

/* The numbers of ROW, zero where it was not held; NULL with a message. */
static hny_real *take_row(struct hny_gradient_table *table, size_t row) {
    size_t width = table->width;
    if (table->place[row] == 0) {
        size_t count = table->count + 1;
        if (hny_grow(&table->held, &table->held_capacity, count, sizeof *table->held) ||
            hny_grow(&table->values, &table->value_capacity, count * width, sizeof *table->values))
            return NULL;
        memset(table->values + table->count * width, 0, width * sizeof *table->values);
        table->held[table->count] = row;
        table->place[row] = table->count = count;
    }
    return table->values + (table->place[row] - 1) * width;
}

hny_status hny_gradient_table_add(struct hny_gradient_table *table, const struct hny_note *note) {
    for (size_t r = 0; r < note->rows; r++) {
        hny_real factor = note->factor ? note->factor[r] : 1;
        if (factor == 0) continue;
        hny_real *to = take_row(table, (size_t)note->ids[r]);
        if (!to) return HNY_ERROR_MEMORY;
        hny_add_scaled(to, factor, note->dy + r * note->dy_stride, table->width);
    }
    return HNY_OK;
}

bool hny_gradient_table_part(const struct hny_gradient_table *table, size_t first, size_t count,
                             hny_real *to) {
    size_t width = table->width, end = first + count;
    bool any = false;
    for (size_t row = first / width; row < table->rows && row * width < end; row++) {
        if (table->place[row] == 0) continue;
        if (!any) memset(to, 0, count * sizeof *to);
        any = true;
        size_t from = row * width > first ? row * width : first;
        size_t stop = (row + 1) * width < end ? (row + 1) * width : end;
        memcpy(to + (from - first), table->values + (table->place[row] - 1) * width + (from - row * width),
               (stop - from) * sizeof *to);
    }
    return any;
}

void hny_gradient_table_clear(struct hny_gradient_table *table) {
    for (size_t i = 0; i < table->count; i++) table->place[table->held[i]] = 0;
    table->count = 0;
}

size_t hny_gradient_table_bytes(const struct hny_gradient_table *table) {
    return table->rows * sizeof *table->place;
}
