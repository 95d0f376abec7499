#include "nn/sequences.h"

hny_status hny_sequences_make(struct hny_sequences *sequences, struct hny_arena *arena, const size_t *length,
                              size_t batch) {
    if (batch == 0) return hny_fail(HNY_ERROR_USAGE, "a batch needs at least one sentence");
    for (size_t b = 0; b < batch; b++) {
        if (length[b] == 0) return hny_fail(HNY_ERROR_USAGE, "sentence %zu of a batch is empty", b);
        if (b > 0 && length[b] > length[b - 1])
            return hny_fail(HNY_ERROR_USAGE, "sentences of a batch must be sorted by falling length");
    }
    struct hny_sequences made = {.batch = batch, .steps = length[0]};
    made.length = hny_arena_take(arena, batch, sizeof *made.length);
    made.alive = hny_arena_take(arena, made.steps, sizeof *made.alive);
    made.offset = hny_arena_take(arena, made.steps + 1, sizeof *made.offset);
    if (!made.length || !made.alive || !made.offset) return HNY_ERROR_MEMORY;
    size_t alive = batch;
    for (size_t b = 0; b < batch; b++) made.length[b] = length[b];
    for (size_t t = 0; t < made.steps; t++) {
        while (length[alive - 1] <= t) alive--;
        made.alive[t] = alive;
        made.offset[t] = made.rows;
        made.rows += alive;
    }
    made.offset[made.steps] = made.rows;
    *sequences = made;
    return HNY_OK;
}
