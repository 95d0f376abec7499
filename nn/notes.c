#include "nn/notes.h"

#include "base/memory.h"

hny_status hny_notes_add(struct hny_notes *notes, const struct hny_note *note) {
    if (hny_grow(&notes->list, &notes->capacity, notes->count + 1, sizeof *notes->list))
        return HNY_ERROR_MEMORY;
    notes->list[notes->count++] = *note;
    return HNY_OK;
}
