#include "pipeline/stream_core.h"

#include "base/memory.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum slot_state {
    SLOT_FREE,
    SLOT_WORKING, /* START was given */
    SLOT_DONE,    /* the record is what leaves */
    SLOT_WRITTEN, /* WRITE was given */
    SLOT_STORED,  /* by an unordered sink, while one before it is not */
};

/* A record from its coming to the news that it is stored. */
struct slot {
    enum slot_state state;
    struct hny_record record;
    size_t came_as;  /* bytes when it came */
    size_t bytes;    /* now */
    bool sent, come; /* downstream, to the process that is there now */
    uint64_t sent_at, order;
    size_t ahead; /* bytes under way when it was sent, itself included */
};

struct queued {
    enum hny_stream_act act;
    enum hny_link_verb verb; /* of DOWN */
    struct hny_record record;
};

struct hny_stream_core {
    struct hny_stream_options options;
    uint64_t stream;
    bool known;  /* where the stream stands; else BASE is 0 */
    bool orphan; /* nobody upstream knows it */
    uint64_t base, refused;
    struct slot slots[HNY_STREAM_WINDOW]; /* number n, base < n <= base + WINDOW, is at n % WINDOW */
    size_t held, came_bytes, sent_bytes;  /* records; bytes as they came; bytes that downstream may hold */
    uint64_t fed, end;                    /* of a source: last number given, and the end's, or 0 */
    uint64_t next_write;                  /* of an ordered sink */
    bool ended;                           /* record BASE is an end */

    bool heard_below, heard_above;       /* anything, in the life of this process */
    uint64_t below_session, last, bytes; /* who is downstream, and its credit */
    size_t under_way;                    /* bytes of records that were sent and are not known to have come */
    uint64_t sends, latest; /* how often a record was sent; the latest of those that are known to have come */
    uint64_t above_at;      /* when upstream was heard */
    bool closed;            /* upstream has said CLOSE */
    bool tell;              /* upstream is to be told at once */
    bool greet;             /* downstream is */
    uint64_t told, greeted, ticked;

    struct queued *queue; /* [first, over) */
    size_t first, over, capacity;
};

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

static struct slot *slot_of(struct hny_stream_core *core, uint64_t number) {
    return &core->slots[number % HNY_STREAM_WINDOW];
}

static bool in_window(const struct hny_stream_core *core, uint64_t number) {
    return number > core->base && number - core->base <= core->options.records;
}

static size_t bytes_of(const struct hny_payload *payload) {
    return payload ? payload->bytes : 0;
}

static hny_status enqueue(struct hny_stream_core *core, enum hny_stream_act act, enum hny_link_verb verb,
                          const struct hny_record *record) {
    if (core->first == core->over) core->first = core->over = 0;
    if (hny_grow(&core->queue, &core->capacity, core->over + 1, sizeof *core->queue)) return HNY_ERROR_MEMORY;
    core->queue[core->over++] = (struct queued){act, verb, *record};
    hny_payload_keep(record->payload);
    return HNY_OK;
}

/* --- Slots --------------------------------------------------------------------------------------------- */

static void occupy(struct hny_stream_core *core, uint64_t number, enum slot_state state,
                   const struct hny_record *record) {
    size_t bytes = bytes_of(record->payload);
    *slot_of(core, number) =
        (struct slot){.state = state, .record = *record, .came_as = bytes, .bytes = bytes};
    hny_payload_keep(record->payload);
    core->held++;
    core->came_bytes += bytes;
}

static void release(struct hny_stream_core *core, struct slot *slot) {
    if (slot->state == SLOT_FREE) return;
    core->held--;
    core->came_bytes -= slot->came_as;
    if (slot->sent) core->sent_bytes -= slot->bytes;
    if (slot->sent && !slot->come) core->under_way -= slot->bytes;
    if (slot->sent && slot->order > core->latest) core->latest = slot->order;
    hny_payload_drop(&slot->record.payload);
    *slot = (struct slot){0};
}

/* All up to STORED is; REFUSED of it. */
static void move_base(struct hny_stream_core *core, uint64_t stored, uint64_t refused) {
    struct slot *last = in_window(core, stored) ? slot_of(core, stored) : NULL;
    core->ended = last && last->state != SLOT_FREE && last->record.end;
    for (uint64_t i = 1; i <= HNY_STREAM_WINDOW && core->base + i <= stored; i++)
        release(core, slot_of(core, core->base + i));
    core->base = stored;
    core->refused = refused;
    if (core->fed < stored) core->fed = stored;
    if (core->next_write <= stored) core->next_write = stored + 1;
    core->tell = core->greet = true;
}

/* Somebody says where the stream stands. */
static hny_status learn(struct hny_stream_core *core, uint64_t stored, uint64_t refused) {
    if (stored == HNY_STREAM_UNKNOWN) return HNY_OK;
    if (core->known && stored <= core->base) return HNY_OK;
    if (core->known && core->options.sink && !core->options.sink_forgets)
        return hny_fail(HNY_ERROR_INPUT,
                        "the input goes on behind record %" PRIu64
                        ", but the output ends with record %" PRIu64 ": its position is lost or another's",
                        stored, core->base);
    if (!core->known || stored > core->base) move_base(core, stored, refused);
    core->known = true;
    return HNY_OK;
}

/* --- Downstream ---------------------------------------------------------------------------------------- */

static hny_status send_one(struct hny_stream_core *core, uint64_t now, uint64_t number) {
    struct slot *slot = slot_of(core, number);
    if (slot->state != SLOT_DONE || slot->sent || slot->come) return HNY_OK;
    if (!core->heard_below || number > core->last) return HNY_OK;
    bool fits = core->sent_bytes + slot->bytes <= core->bytes;
    if (!fits && number != core->base + 1) return HNY_OK;
    slot->sent = true;
    slot->sent_at = now;
    slot->order = ++core->sends;
    core->sent_bytes += slot->bytes;
    core->under_way += slot->bytes;
    slot->ahead = core->under_way;
    return enqueue(core, HNY_STREAM_DOWN, HNY_LINK_RECORD, &slot->record);
}

static hny_status send_all(struct hny_stream_core *core, uint64_t now) {
    for (uint64_t i = 1; core->held > 0 && i <= core->options.records; i++)
        HNY_TRY(send_one(core, now, core->base + i));
    return HNY_OK;
}

static void unsend(struct hny_stream_core *core, struct slot *slot) {
    if (slot->sent) core->sent_bytes -= slot->bytes;
    if (slot->sent && !slot->come) core->under_way -= slot->bytes;
    slot->sent = slot->come = false;
}

static hny_status write_done(struct hny_stream_core *core, uint64_t number) {
    bool unordered = core->options.unordered;
    for (uint64_t next = unordered ? number : core->next_write; in_window(core, next); next++) {
        struct slot *slot = slot_of(core, next);
        if (slot->state != SLOT_DONE && slot->state != SLOT_STORED) return HNY_OK;
        if (slot->state == SLOT_DONE) {
            slot->state = SLOT_WRITTEN;
            HNY_TRY(enqueue(core, HNY_STREAM_WRITE, HNY_LINK_RECORD, &slot->record));
        }
        if (unordered) return HNY_OK;
        core->next_write = next + 1;
    }
    return HNY_OK;
}

/* A source that has forgotten what it gave goes on behind all that its predecessor gave; what of that has
 * not come is lost, and its number must not be missed. */
static void take_over(struct hny_stream_core *core, const struct hny_link_message *state) {
    for (size_t i = HNY_STREAM_WINDOW; i > 0; i--) {
        bool come = state->come[(i - 1) / 8] >> (i - 1) % 8 & 1;
        uint64_t number = state->stored + i;
        if (core->fed == core->base && !come) continue;
        if (core->fed < number) core->fed = number;
        if (slot_of(core, number)->state == SLOT_FREE)
            occupy(core, number, SLOT_DONE, &(struct hny_record){.number = number});
        slot_of(core, number)->come = come;
    }
}

static hny_status check_stream(struct hny_stream_core *core, uint64_t stream, uint64_t stored) {
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

static hny_status hear_state(struct hny_stream_core *core, uint64_t now,
                             const struct hny_link_message *state) {
    bool first = !core->known;
    if (state->stored == HNY_STREAM_UNKNOWN) return HNY_OK;
    HNY_TRY(check_stream(core, state->stream, state->stored));
    HNY_TRY(learn(core, state->stored, state->refused));
    if (first && core->orphan && core->options.source) take_over(core, state);
    if (!core->heard_below || core->below_session != state->session) {
        for (size_t i = 0; i < HNY_STREAM_WINDOW; i++) unsend(core, &core->slots[i]);
        core->last = 0;
    }
    core->heard_below = true;
    core->below_session = state->session;
    for (size_t i = 0; i < core->options.records; i++) {
        uint64_t number = state->stored + 1 + i;
        if (!(state->come[i / 8] >> i % 8 & 1) || !in_window(core, number)) continue;
        struct slot *slot = slot_of(core, number);
        if (slot->state != SLOT_DONE) continue;
        if (slot->sent && !slot->come) core->under_way -= slot->bytes;
        slot->come = true;
        if (slot->sent && slot->order > core->latest) core->latest = slot->order;
    }
    if (state->last > core->last) core->last = state->last;
    core->bytes = state->bytes;
    return send_all(core, now);
}

/* --- Upstream ------------------------------------------------------------------------------------------ */

/* Records without pieces have nothing that could be done with them. */
static hny_status start(struct hny_stream_core *core, uint64_t now, const struct hny_record *record) {
    occupy(core, record->number, SLOT_WORKING, record);
    if (!record->payload || record->payload->count == 0)
        return hny_stream_core_done(core, now, record->number, record->payload, false);
    return enqueue(core, HNY_STREAM_START, HNY_LINK_RECORD, record);
}

static hny_status hear_record(struct hny_stream_core *core, uint64_t now, const struct hny_record *record) {
    bool fits = core->came_bytes + bytes_of(record->payload) <= core->options.bytes;
    if (!core->known || !in_window(core, record->number) ||
        slot_of(core, record->number)->state != SLOT_FREE || (!fits && record->number != core->base + 1)) {
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
    HNY_TRY(learn(core, message->stored, message->refused));
    if (message->stored == HNY_STREAM_UNKNOWN && !core->known && !core->orphan) {
        core->orphan = core->greet = true;
        if (core->options.sink) HNY_TRY(learn(core, 0, 0));
    }
    if (message->verb == HNY_LINK_RECORD) return hear_record(core, now, &message->record);
    if (message->verb == HNY_LINK_HELLO) core->tell = true;
    if (message->verb == HNY_LINK_CLOSE && core->ended && message->stored == core->base) core->closed = true;
    return HNY_OK;
}

hny_status hny_stream_core_message(struct hny_stream_core *core, uint64_t now,
                                   const struct hny_link_message *message) {
    if (message->verb == HNY_LINK_STATE) return core->options.sink ? HNY_OK : hear_state(core, now, message);
    return core->options.source ? HNY_OK : hear_above(core, now, message);
}

/* --- Source, work and sink ----------------------------------------------------------------------------- */

hny_status hny_stream_core_begin(struct hny_stream_core *core, const struct hny_stream_position *position,
                                 bool of_sink) {
    if (of_sink) {
        HNY_TRY(check_stream(core, position->stream, position->stored));
        if (core->known && position->stored < core->base)
            return hny_fail(HNY_ERROR_INPUT,
                            "the input goes on behind record %" PRIu64
                            ", but the output ends with record %" PRIu64
                            ": its position is lost or another's",
                            core->base, position->stored);
    }
    /* The sink's count is the one that others are copied from. */
    if (!core->known || of_sink || position->stored > core->base)
        move_base(core, position->stored, position->refused);
    core->known = true;
    for (size_t i = 0; i < position->seen_count; i++) {
        struct hny_record record = {.number = position->seen[i]};
        if (in_window(core, record.number) && slot_of(core, record.number)->state == SLOT_FREE)
            occupy(core, record.number, SLOT_STORED, &record);
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
    if (slot_of(core, record.number)->state == SLOT_STORED) return HNY_OK; /* by an unordered sink */
    return start(core, now, &record);
}

hny_status hny_stream_core_done(struct hny_stream_core *core, uint64_t now, uint64_t number,
                                struct hny_payload *payload, bool refused) {
    struct slot *slot = slot_of(core, number);
    if (!in_window(core, number) || slot->state != SLOT_WORKING || slot->record.number != number)
        return HNY_OK; /* it was stored meanwhile, having been sent by this process's predecessor */
    hny_payload_keep(payload);
    hny_payload_drop(&slot->record.payload);
    slot->record.payload = payload;
    slot->record.refused = slot->record.refused || refused;
    slot->bytes = bytes_of(payload);
    slot->state = SLOT_DONE;
    if (core->options.sink) return write_done(core, number);
    return send_one(core, now, number);
}

void hny_stream_core_position(const struct hny_stream_core *core, struct hny_stream_position *position) {
    *position = (struct hny_stream_position){core->stream, core->base, core->refused, 0, {0}};
    for (uint64_t number = core->base + 1; in_window(core, number); number++) {
        const struct slot *slot = &core->slots[number % HNY_STREAM_WINDOW];
        if (slot->state != SLOT_WRITTEN && slot->state != SLOT_STORED) continue;
        position->refused += slot->record.refused;
        if (position->stored == number - 1 && position->seen_count == 0)
            position->stored = number;
        else
            position->seen[position->seen_count++] = number;
    }
}

hny_status hny_stream_core_stored(struct hny_stream_core *core) {
    for (uint64_t i = 1; i <= core->options.records; i++)
        if (slot_of(core, core->base + i)->state == SLOT_WRITTEN)
            slot_of(core, core->base + i)->state = SLOT_STORED;
    uint64_t stored = core->base, refused = core->refused;
    for (; in_window(core, stored + 1) && slot_of(core, stored + 1)->state == SLOT_STORED; stored++)
        refused += slot_of(core, stored + 1)->record.refused;
    if (stored > core->base) move_base(core, stored, refused);
    return HNY_OK;
}

/* --- Time, and what is to be done ---------------------------------------------------------------------- */

hny_status hny_stream_core_tick(struct hny_stream_core *core, uint64_t now) {
    const struct hny_stream_options *options = &core->options;
    core->ticked = now;
    if (now - core->greeted >= options->beat) core->greet = true;
    if (now - core->told >= options->beat) core->tell = true;
    if (options->sink) return HNY_OK;
    for (uint64_t i = 1; core->held > 0 && i <= options->records; i++) {
        struct slot *slot = slot_of(core, core->base + i);
        if (!slot->sent || slot->come) continue;
        bool passed = slot->order < core->latest; /* by one that was sent later */
        if (now - slot->sent_at >= options->again + (passed ? 0 : slot->ahead / HNY_FLOOR_RATE))
            unsend(core, slot);
    }
    return send_all(core, now);
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
    return core->options.sink ? HNY_OK
                              : enqueue(core, HNY_STREAM_DOWN, HNY_LINK_CLOSE, &(struct hny_record){0});
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
        if (core->slots[(core->base + 1 + i) % HNY_STREAM_WINDOW].state != SLOT_FREE)
            state->come[i / 8] |= (uint8_t)(1 << i % 8);
}

bool hny_stream_core_take(struct hny_stream_core *core, uint64_t now, struct hny_stream_action *action) {
    *action = (struct hny_stream_action){0};
    if (core->first < core->over) {
        const struct queued *queued = &core->queue[core->first++];
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
