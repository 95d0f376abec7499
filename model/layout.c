#include "model/layout.h"

#include <string.h>

/* Places by falling length, equal ones in their own order. */
static void sort_places(const size_t *length, size_t *order, size_t count, size_t longest, size_t *starts) {
    memset(starts, 0, (longest + 2) * sizeof *starts);
    for (size_t i = 0; i < count; i++) starts[longest - length[i] + 1]++;
    for (size_t l = 1; l <= longest + 1; l++) starts[l] += starts[l - 1];
    for (size_t i = 0; i < count; i++) order[starts[longest - length[i]]++] = i;
}

hny_status hny_layout_make(struct hny_layout *side, struct hny_arena *arena,
                           const struct hny_layout_sentence *sentences, size_t count, size_t extra) {
    size_t longest = 0;
    for (size_t i = 0; i < count; i++)
        longest = sentences[i].length > longest ? sentences[i].length : longest;
    longest += extra;
    size_t *length = hny_arena_take(arena, count, sizeof *length);
    size_t *sorted = hny_arena_take(arena, count, sizeof *sorted);
    size_t *starts = hny_arena_take(arena, longest + 2, sizeof *starts);
    side->order = hny_arena_take(arena, count, sizeof *side->order);
    side->place = hny_arena_take(arena, count, sizeof *side->place);
    if (!length || !sorted || !starts || !side->order || !side->place) return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < count; i++) length[i] = sentences[i].length + extra;
    sort_places(length, side->order, count, longest, starts);
    for (size_t b = 0; b < count; b++) {
        side->place[side->order[b]] = b;
        sorted[b] = length[side->order[b]];
    }
    HNY_TRY(hny_sequences_make(&side->sequences, arena, sorted, count));
    side->ids = hny_arena_take(arena, side->sequences.rows, sizeof *side->ids);
    return side->ids ? HNY_OK : HNY_ERROR_MEMORY;
}

void hny_layout_ids(const struct hny_layout *side, const struct hny_layout_sentence *sentences, int32_t first,
                    int32_t last, int32_t *ids) {
    const struct hny_sequences *s = &side->sequences;
    size_t shift = first >= 0;
    for (size_t t = 0; t < s->steps; t++)
        for (size_t b = 0; b < s->alive[t]; b++) {
            const struct hny_layout_sentence *sentence = &sentences[side->order[b]];
            ids[s->offset[t] + b] = t < shift                      ? first
                                    : t - shift < sentence->length ? sentence->ids[t - shift]
                                                                   : last;
        }
}
