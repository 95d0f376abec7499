/* What a stage holds of a stream, and where the stream stands. */
#include "pipeline/stream_records.h"

#include <inttypes.h>

void hny_slot_occupy(struct hny_stream_core *core, uint64_t number, enum hny_slot_state state,
                     const struct hny_record *record) {
    size_t bytes = hny_payload_bytes(record->payload);
    *hny_slot_of(core, number) =
        (struct hny_slot){.state = state, .record = *record, .came_as = bytes, .bytes = bytes};
    hny_payload_keep(record->payload);
    core->held++;
    core->came_bytes += bytes;
}

static void release(struct hny_stream_core *core, struct hny_slot *slot) {
    if (slot->state == HNY_SLOT_FREE) return;
    core->held--;
    core->came_bytes -= slot->came_as;
    if (slot->sent) core->sent_bytes -= slot->bytes;
    if (slot->sent && !slot->come) core->under_way -= slot->bytes;
    if (slot->sent && slot->order > core->latest) core->latest = slot->order;
    hny_payload_drop(&slot->record.payload);
    *slot = (struct hny_slot){0};
}

void hny_stream_move_base(struct hny_stream_core *core, uint64_t stored, uint64_t refused) {
    struct hny_slot *last = hny_in_window(core, stored) ? hny_slot_of(core, stored) : NULL;
    core->ended = last && last->state != HNY_SLOT_FREE && last->record.end;
    for (uint64_t i = 1; i <= HNY_STREAM_WINDOW && core->base + i <= stored; i++)
        release(core, hny_slot_of(core, core->base + i));
    core->base = stored;
    core->refused = refused;
    if (core->fed < stored) core->fed = stored;
    if (core->next_write <= stored) core->next_write = stored + 1;
    core->tell = core->greet = true;
}

hny_status hny_stream_learn(struct hny_stream_core *core, uint64_t stored, uint64_t refused) {
    if (stored == HNY_STREAM_UNKNOWN) return HNY_OK;
    if (core->known && stored <= core->base) return HNY_OK;
    if (core->known && core->options.sink && !core->options.sink_forgets)
        return hny_fail(HNY_ERROR_INPUT,
                        "the input goes on behind record %" PRIu64
                        ", but the output ends with record %" PRIu64 ": its position is lost or another's",
                        stored, core->base);
    if (!core->known || stored > core->base) hny_stream_move_base(core, stored, refused);
    core->known = true;
    return HNY_OK;
}

hny_status hny_stream_check(struct hny_stream_core *core, uint64_t stream, uint64_t stored) {
    bool told = core->options.source && !core->options.source_forgets;
    if (!stream || stream == core->stream) return HNY_OK;
    if (told && core->stream && stored != HNY_STREAM_UNKNOWN && stored > 0)
        return hny_fail(HNY_ERROR_INPUT,
                        "the output has %" PRIu64 " records of another input: remove it and its position to "
                        "begin anew, or write elsewhere",
                        stored);
    if (!told) core->stream = stream;
    return HNY_OK;
}
