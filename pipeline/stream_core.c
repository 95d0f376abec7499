#include "pipeline/stream_core.h"

#include "base/memory.h"
#include "pipeline/stream_records.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void hny_stream_options_defaults(struct hny_stream_options *options) {
    *options = (struct hny_stream_options){.records = HNY_STREAM_WINDOW,
                                           .bytes = (size_t)16 << 20,
                                           .again = 1000,
                                           .beat = 200,
                                           .silence = 10000};
}

hny_status hny_stream_core_create(struct hny_stream_core **core, const struct hny_stream_options *options) {
    struct hny_stream_core *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->options = *options;
    made->stream = options->stream;
    made->next_write = 1;
    made->greet = true;
    made->orphan = options->source && options->source_forgets;
    made->known = made->orphan && options->sink && options->sink_forgets;
    *core = made;
    return HNY_OK;
}

void hny_stream_core_destroy(struct hny_stream_core **core) {
    struct hny_stream_core *old = *core;
    if (!old) return;
    for (size_t i = 0; i < HNY_STREAM_WINDOW; i++) hny_payload_drop(&old->slots[i].record.payload);
    for (size_t i = old->first; i < old->over; i++) hny_payload_drop(&old->queue[i].record.payload);
    free(old->queue);
    free(old);
    *core = NULL;
}

hny_status hny_stream_enqueue(struct hny_stream_core *core, enum hny_stream_act act, enum hny_link_verb verb,
                              const struct hny_record *record) {
    if (core->first == core->over) core->first = core->over = 0;
    if (hny_grow(&core->queue, &core->capacity, core->over + 1, sizeof *core->queue)) return HNY_ERROR_MEMORY;
    core->queue[core->over++] = (struct hny_stream_queued){act, verb, *record};
    hny_payload_keep(record->payload);
    return HNY_OK;
}

/* --- Upstream ------------------------------------------------------------------------------------------ */

/* Records without pieces have nothing that could be done with them. */
static hny_status start(struct hny_stream_core *core, uint64_t now, const struct hny_record *record) {
    hny_slot_occupy(core, record->number, HNY_SLOT_WORKING, record);
    if (!record->payload || record->payload->count == 0)
        return hny_stream_core_done(core, now, record->number, record->payload, false);
    return hny_stream_enqueue(core, HNY_STREAM_START, HNY_LINK_RECORD, record);
}

static hny_status hear_record(struct hny_stream_core *core, uint64_t now, const struct hny_record *record) {
    bool fits = core->came_bytes + hny_payload_bytes(record->payload) <= core->options.bytes;
    if (!core->known || !hny_in_window(core, record->number) ||
        hny_slot_of(core, record->number)->state != HNY_SLOT_FREE ||
        (!fits && record->number != core->base + 1)) {
        core->tell = true; /* the other side may not have heard what is stored, or who is here */
        return HNY_OK;
    }
    return start(core, now, record);
}

static hny_status hear_above(struct hny_stream_core *core, uint64_t now,
                             const struct hny_link_message *message) {
    core->heard_above = true;
    core->above_at = now;
    if (message->stream && (!core->stream || core->base == 0)) core->stream = message->stream;
    HNY_TRY(hny_stream_learn(core, message->stored, message->refused));
    if (message->stored == HNY_STREAM_UNKNOWN && !core->known && !core->orphan) {
        core->orphan = core->greet = true;
        if (core->options.sink) HNY_TRY(hny_stream_learn(core, 0, 0));
    }
    if (message->verb == HNY_LINK_RECORD) return hear_record(core, now, &message->record);
    if (message->verb == HNY_LINK_HELLO) core->tell = true;
    if (message->verb == HNY_LINK_CLOSE && core->ended && message->stored == core->base) core->closed = true;
    return HNY_OK;
}

hny_status hny_stream_core_message(struct hny_stream_core *core, uint64_t now,
                                   const struct hny_link_message *message) {
    if (message->verb == HNY_LINK_STATE)
        return core->options.sink ? HNY_OK : hny_stream_hear_below(core, now, message);
    return core->options.source ? HNY_OK : hear_above(core, now, message);
}

/* --- Source, work and sink ----------------------------------------------------------------------------- */

hny_status hny_stream_core_begin(struct hny_stream_core *core, const struct hny_stream_position *position,
                                 bool of_sink) {
    if (of_sink) {
        HNY_TRY(hny_stream_check(core, position->stream, position->stored));
        if (core->known && position->stored < core->base)
            return hny_fail(HNY_ERROR_INPUT,
                            "the input goes on behind record %" PRIu64
                            ", but the output ends with record %" PRIu64
                            ": its position is lost or another's",
                            core->base, position->stored);
    }
    /* The sink's count is the one that others are copied from. */
    if (!core->known || of_sink || position->stored > core->base)
        hny_stream_move_base(core, position->stored, position->refused);
    core->known = true;
    for (size_t i = 0; i < position->seen_count; i++) {
        struct hny_record record = {.number = position->seen[i]};
        if (hny_in_window(core, record.number) && hny_slot_of(core, record.number)->state == HNY_SLOT_FREE)
            hny_slot_occupy(core, record.number, HNY_SLOT_STORED, &record);
    }
    return HNY_OK;
}

uint64_t hny_stream_core_next(const struct hny_stream_core *core) {
    return core->fed + 1;
}

void hny_stream_core_ended(struct hny_stream_core *core, uint64_t number) {
    core->end = number;
}

bool hny_stream_core_room(const struct hny_stream_core *core) {
    return core->known && !core->end && core->fed - core->base < core->options.records &&
           core->came_bytes < core->options.bytes;
}

hny_status hny_stream_core_feed(struct hny_stream_core *core, uint64_t now, struct hny_payload *payload,
                                bool end) {
    struct hny_record record = {.number = ++core->fed, .end = end, .payload = payload};
    if (end) core->end = record.number;
    if (hny_slot_of(core, record.number)->state == HNY_SLOT_STORED) return HNY_OK; /* by an unordered sink */
    return start(core, now, &record);
}

static hny_status write_done(struct hny_stream_core *core, uint64_t number) {
    bool unordered = core->options.unordered;
    for (uint64_t next = unordered ? number : core->next_write; hny_in_window(core, next); next++) {
        struct hny_slot *slot = hny_slot_of(core, next);
        if (slot->state != HNY_SLOT_DONE && slot->state != HNY_SLOT_STORED) return HNY_OK;
        if (slot->state == HNY_SLOT_DONE) {
            slot->state = HNY_SLOT_WRITTEN;
            HNY_TRY(hny_stream_enqueue(core, HNY_STREAM_WRITE, HNY_LINK_RECORD, &slot->record));
        }
        if (unordered) return HNY_OK;
        core->next_write = next + 1;
    }
    return HNY_OK;
}

hny_status hny_stream_core_done(struct hny_stream_core *core, uint64_t now, uint64_t number,
                                struct hny_payload *payload, bool refused) {
    struct hny_slot *slot = hny_slot_of(core, number);
    if (!hny_in_window(core, number) || slot->state != HNY_SLOT_WORKING || slot->record.number != number)
        return HNY_OK; /* it was stored meanwhile, having been sent by this process's predecessor */
    hny_payload_keep(payload);
    hny_payload_drop(&slot->record.payload);
    slot->record.payload = payload;
    slot->record.refused = slot->record.refused || refused;
    slot->bytes = hny_payload_bytes(payload);
    slot->state = HNY_SLOT_DONE;
    if (core->options.sink) return write_done(core, number);
    return hny_stream_send(core, now, number);
}

void hny_stream_core_position(const struct hny_stream_core *core, struct hny_stream_position *position) {
    *position = (struct hny_stream_position){core->stream, core->base, core->refused, 0, {0}};
    for (uint64_t number = core->base + 1; hny_in_window(core, number); number++) {
        const struct hny_slot *slot = &core->slots[number % HNY_STREAM_WINDOW];
        if (slot->state != HNY_SLOT_WRITTEN && slot->state != HNY_SLOT_STORED) continue;
        position->refused += slot->record.refused;
        if (position->stored == number - 1 && position->seen_count == 0)
            position->stored = number;
        else
            position->seen[position->seen_count++] = number;
    }
}

hny_status hny_stream_core_stored(struct hny_stream_core *core) {
    for (uint64_t i = 1; i <= core->options.records; i++)
        if (hny_slot_of(core, core->base + i)->state == HNY_SLOT_WRITTEN)
            hny_slot_of(core, core->base + i)->state = HNY_SLOT_STORED;
    uint64_t stored = core->base, refused = core->refused;
    for (; hny_in_window(core, stored + 1) && hny_slot_of(core, stored + 1)->state == HNY_SLOT_STORED;
         stored++)
        refused += hny_slot_of(core, stored + 1)->record.refused;
    if (stored > core->base) hny_stream_move_base(core, stored, refused);
    return HNY_OK;
}

/* --- Time, and what is to be done ---------------------------------------------------------------------- */

hny_status hny_stream_core_tick(struct hny_stream_core *core, uint64_t now) {
    const struct hny_stream_options *options = &core->options;
    core->ticked = now;
    if (now - core->greeted >= options->beat) core->greet = true;
    if (now - core->told >= options->beat) core->tell = true;
    if (options->sink) return HNY_OK;
    return hny_stream_send_again(core, now);
}

bool hny_stream_core_finished(const struct hny_stream_core *core) {
    if (core->options.source) return core->end && core->base >= core->end;
    if (!core->ended || core->held > 0) return false;
    bool silent = core->ticked > core->above_at && core->ticked - core->above_at >= core->options.silence;
    return core->closed || (core->heard_above && silent);
}

bool hny_stream_core_through(const struct hny_stream_core *core) {
    return core->options.source ? hny_stream_core_finished(core) : core->ended && core->held == 0;
}

hny_status hny_stream_core_close(struct hny_stream_core *core) {
    return core->options.sink
               ? HNY_OK
               : hny_stream_enqueue(core, HNY_STREAM_DOWN, HNY_LINK_CLOSE, &(struct hny_record){0});
}

uint64_t hny_stream_core_base(const struct hny_stream_core *core) {
    return core->base;
}

uint64_t hny_stream_core_refused(const struct hny_stream_core *core) {
    return core->refused;
}

uint64_t hny_stream_core_stream(const struct hny_stream_core *core) {
    return core->stream;
}

size_t hny_stream_core_held(const struct hny_stream_core *core) {
    return core->held;
}

static struct hny_link_message message_of(const struct hny_stream_core *core, enum hny_link_verb verb) {
    return (struct hny_link_message){.verb = verb,
                                     .session = core->options.session,
                                     .stream = core->stream,
                                     .stored = core->known ? core->base : HNY_STREAM_UNKNOWN,
                                     .refused = core->refused};
}

static void fill_state(const struct hny_stream_core *core, struct hny_link_message *state) {
    state->last = core->base + core->options.records;
    state->bytes = core->options.bytes;
    for (size_t i = 0; i < core->options.records; i++)
        if (core->slots[(core->base + 1 + i) % HNY_STREAM_WINDOW].state != HNY_SLOT_FREE)
            state->come[i / 8] |= (uint8_t)(1 << i % 8);
}

bool hny_stream_core_take(struct hny_stream_core *core, uint64_t now, struct hny_stream_action *action) {
    *action = (struct hny_stream_action){0};
    if (core->first < core->over) {
        const struct hny_stream_queued *queued = &core->queue[core->first++];
        action->act = queued->act;
        action->message = message_of(core, queued->verb);
        if (queued->act == HNY_STREAM_DOWN)
            action->message.record = queued->record;
        else
            action->record = queued->record;
        return true;
    }
    if (core->greet && !core->options.sink && (core->known || core->orphan)) {
        core->greet = false;
        core->greeted = now;
        action->act = HNY_STREAM_DOWN;
        action->message = message_of(core, HNY_LINK_HELLO);
        return true;
    }
    if (core->tell && !core->options.source && core->known && core->heard_above) {
        core->tell = false;
        core->told = now;
        action->act = HNY_STREAM_UP;
        action->message = message_of(core, HNY_LINK_STATE);
        fill_state(core, &action->message);
        return true;
    }
    return false;
}
