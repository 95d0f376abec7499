#include "nn/notes.h"

#include "base/memory.h"
#include "nn/elementwise.h"

hny_status hny_notes_add(struct hny_notes *notes, const struct hny_note *note) {
    if (hny_grow(&notes->list, &notes->capacity, notes->count + 1, sizeof *notes->list))
        return HNY_ERROR_MEMORY;
    notes->list[notes->count++] = *note;
    return HNY_OK;
}

void hny_note_add_rows(const struct hny_note *note, hny_real *table) {
    size_t width = note->tensor->shape[1];
    for (size_t r = 0; r < note->rows; r++) {
        hny_real factor = note->factor ? note->factor[r] : 1;
        if (factor != 0)
            hny_add_scaled(table + (size_t)note->ids[r] * width, factor, note->dy + r * note->dy_stride,
                           width);
    }
}
