#include "decoder/candidates.h"

#include "base/memory.h"
#include "decoder/search.h"
#include <stdlib.h>
#include <string.h>

void hny_candidates_free(struct hny_candidates *candidates) {
    free(candidates->ids);
    free(candidates->refused);
    free(candidates->bias);
    free(candidates->pieces);
    hny_selection_free(&candidates->selection);
    *candidates = (struct hny_candidates){0};
}

static hny_status check(const struct hny_search_model *model, const int32_t *ids, size_t count) {
    bool ends = count == 0;
    for (size_t i = 0; i < count; i++) {
        if (ids[i] < 0 || (size_t)ids[i] >= model->head->vocabulary || (i > 0 && ids[i] <= ids[i - 1]))
            return hny_fail(HNY_ERROR_USAGE, "candidate %zu is %d: expected rising ids below %zu", i, ids[i],
                            model->head->vocabulary);
        ends = ends || ids[i] == model->end;
    }
    return ends ? HNY_OK : hny_fail(HNY_ERROR_USAGE, "the end is not among the candidates");
}

hny_status hny_candidates_set(struct hny_candidates *candidates, const struct hny_search_model *model,
                              const bool *refused, const hny_real *bias, const int32_t *ids, size_t count) {
    HNY_TRY(check(model, ids, count));
    if (hny_grow(&candidates->ids, &candidates->ids_capacity, count, sizeof *ids) ||
        hny_grow(&candidates->refused, &candidates->refused_capacity, count, sizeof *refused) ||
        hny_grow(&candidates->bias, &candidates->bias_capacity, count, sizeof *bias) ||
        hny_grow(&candidates->pieces, &candidates->pieces_capacity, count, sizeof *candidates->pieces))
        return HNY_ERROR_MEMORY;
    candidates->count = count;
    candidates->piece_count = 0;
    candidates->packed = false;
    for (size_t i = 0; i < count; i++) {
        int32_t id = ids[i];
        int byte = model->bytes ? model->bytes[id] : -1;
        candidates->ids[i] = id;
        candidates->refused[i] = refused[id];
        candidates->bias[i] = bias[id];
        if (id == model->end) candidates->end = i;
        if (byte >= 0 && !(model->forbidden && model->forbidden[id]))
            candidates->pieces[candidates->piece_count++] =
                (struct hny_byte_piece){(int32_t)i, (uint8_t)byte};
    }
    return HNY_OK;
}

void hny_candidates_pick(const struct hny_candidates *candidates, const hny_real *whole, hny_real *logits) {
    for (size_t i = 0; i < candidates->count; i++) logits[i] = whole[candidates->ids[i]];
}
