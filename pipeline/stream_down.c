/* A stage and the one downstream: what is sent, when it is sent again, and what is heard of it. */
#include "pipeline/stream_records.h"

hny_status hny_stream_send(struct hny_stream_core *core, uint64_t now, uint64_t number) {
    struct hny_slot *slot = hny_slot_of(core, number);
    if (slot->state != HNY_SLOT_DONE || slot->sent || slot->come) return HNY_OK;
    if (!core->heard_below || number > core->last) return HNY_OK;
    bool fits = core->sent_bytes + slot->bytes <= core->bytes;
    if (!fits && number != core->base + 1) return HNY_OK;
    slot->sent = true;
    slot->sent_at = now;
    slot->order = ++core->sends;
    core->sent_bytes += slot->bytes;
    core->under_way += slot->bytes;
    slot->ahead = core->under_way;
    return hny_stream_enqueue(core, HNY_STREAM_DOWN, HNY_LINK_RECORD, &slot->record);
}

static hny_status send_all(struct hny_stream_core *core, uint64_t now) {
    for (uint64_t i = 1; core->held > 0 && i <= core->options.records; i++)
        HNY_TRY(hny_stream_send(core, now, core->base + i));
    return HNY_OK;
}

static void unsend(struct hny_stream_core *core, struct hny_slot *slot) {
    if (slot->sent) core->sent_bytes -= slot->bytes;
    if (slot->sent && !slot->come) core->under_way -= slot->bytes;
    slot->sent = slot->come = false;
}

/* A source that has forgotten what it gave goes on behind all that its predecessor gave; what of that has
 * not come is lost, and its number must not be missed. */
static void take_over(struct hny_stream_core *core, const struct hny_link_message *state) {
    for (size_t i = HNY_STREAM_WINDOW; i > 0; i--) {
        bool come = state->come[(i - 1) / 8] >> (i - 1) % 8 & 1;
        uint64_t number = state->stored + i;
        if (core->fed == core->base && !come) continue;
        if (core->fed < number) core->fed = number;
        if (hny_slot_of(core, number)->state == HNY_SLOT_FREE)
            hny_slot_occupy(core, number, HNY_SLOT_DONE, &(struct hny_record){.number = number});
        hny_slot_of(core, number)->come = come;
    }
}

hny_status hny_stream_hear_below(struct hny_stream_core *core, uint64_t now,
                                 const struct hny_link_message *state) {
    bool first = !core->known;
    if (state->stored == HNY_STREAM_UNKNOWN) return HNY_OK;
    HNY_TRY(hny_stream_check(core, state->stream, state->stored));
    HNY_TRY(hny_stream_learn(core, state->stored, state->refused));
    if (first && core->orphan && core->options.source) take_over(core, state);
    if (!core->heard_below || core->below_session != state->session) {
        for (size_t i = 0; i < HNY_STREAM_WINDOW; i++) unsend(core, &core->slots[i]);
        core->last = 0;
    }
    core->heard_below = true;
    core->below_session = state->session;
    for (size_t i = 0; i < core->options.records; i++) {
        uint64_t number = state->stored + 1 + i;
        if (!(state->come[i / 8] >> i % 8 & 1) || !hny_in_window(core, number)) continue;
        struct hny_slot *slot = hny_slot_of(core, number);
        if (slot->state != HNY_SLOT_DONE) continue;
        if (slot->sent && !slot->come) core->under_way -= slot->bytes;
        slot->come = true;
        if (slot->sent && slot->order > core->latest) core->latest = slot->order;
    }
    if (state->last > core->last) core->last = state->last;
    core->bytes = state->bytes;
    return send_all(core, now);
}

hny_status hny_stream_send_again(struct hny_stream_core *core, uint64_t now) {
    const struct hny_stream_options *options = &core->options;
    for (uint64_t i = 1; core->held > 0 && i <= options->records; i++) {
        struct hny_slot *slot = hny_slot_of(core, core->base + i);
        if (!slot->sent || slot->come) continue;
        bool passed = slot->order < core->latest; /* by one that was sent later */
        if (now - slot->sent_at >= options->again + (passed ? 0 : slot->ahead / HNY_FLOOR_RATE))
            unsend(core, slot);
    }
    return send_all(core, now);
}
