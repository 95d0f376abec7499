/* One side of a batch, laid out as nn/sequences.h has it: longest sentences first, ids step by step. */
#ifndef HNY_MODEL_LAYOUT_H
#define HNY_MODEL_LAYOUT_H

#include "base/memory.h"
#include "nn/sequences.h"
#include <stdint.h>

struct hny_layout {
    struct hny_sequences sequences;
    size_t *order; /* [batch] which sentence stands in place b */
    size_t *place; /* its inverse */
    int32_t *ids;  /* [T][B], not filled in yet */
};

struct hny_layout_sentence {
    const int32_t *ids;
    size_t length; /* of the ids themselves */
};

/* Lays out COUNT sentences, EXTRA positions longer than their ids; all from ARENA. */
hny_status hny_layout_make(struct hny_layout *side, struct hny_arena *arena,
                           const struct hny_layout_sentence *sentences, size_t count, size_t extra);

/* ids[t][b] = FIRST (where it is not negative), the sentence's ids, then LAST, as far as the layout goes. */
void hny_layout_ids(const struct hny_layout *side, const struct hny_layout_sentence *sentences, int32_t first,
                    int32_t last, int32_t *ids);

#endif
