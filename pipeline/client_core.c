#include "pipeline/client_core.h"

#include "base/memory.h"
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

/* How much longer than the first time a request waits at most before it goes out again. */
#define LONGEST_WAIT 8

/* Numbers under way at a time: the broker confirms, and remembers, in rising order, so that one request
 * without an answer keeps all answers behind it in its memory. Within its limits, none is refused as busy. */
#define SPAN 4096

/* Answers after which the broker hears at once that they were received, since it remembers only so many. */
#define CONFIRM_EVERY 512

struct pending {
    UT_hash_handle hh;
    uint64_t sequence;
    struct hny_payload *payload;
    uint64_t asked; /* when it went out last; 0: not yet */
    uint64_t order; /* in which it did */
    size_t size,
        ahead;      /* what it takes of a connection; what was under way when it went out, itself included */
    unsigned waits; /* in units of `again`, before it goes out again */
    bool accepted, cancelled;
};

struct hny_client_core {
    uint8_t uuid[16];
    struct hny_client_options options;
    uint64_t last;            /* number given */
    struct pending *requests; /* in rising order of their numbers, as uthash keeps the order of adding */
    struct pending *unsent;   /* the first that has not gone out; NULL: all have */
    uint64_t newest;          /* the highest number that was answered */
    size_t under_way;      /* bytes of requests that have gone out; their answers are taken to be as long */
    uint64_t asks, latest; /* how often anything went out; the latest of those that are known to have come */
    uint64_t told;         /* when anything was last said */
    uint64_t received;     /* what the broker was last told to forget */
    unsigned unconfirmed;  /* answers since */
    bool repeated;         /* an answer came again: the broker has not heard that it was received */

    struct hny_client_action *actions; /* [first, end) */
    size_t first, end, capacity;
};

void hny_client_options_defaults(struct hny_client_options *options) {
    *options = (struct hny_client_options){.again = 2000, .ping = 10000};
}

hny_status hny_client_core_create(struct hny_client_core **core, const uint8_t *uuid,
                                  const struct hny_client_options *options) {
    struct hny_client_core *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    memcpy(made->uuid, uuid, sizeof made->uuid);
    hny_client_options_defaults(&made->options);
    if (options) made->options = *options;
    *core = made;
    return HNY_OK;
}

static void forget(struct hny_client_core *core, struct pending *pending) {
    if (core->unsent == pending) core->unsent = pending->hh.next;
    core->under_way -= pending->size;
    HASH_DEL(core->requests, pending);
    hny_payload_drop(&pending->payload);
    free(pending);
}

void hny_client_core_destroy(struct hny_client_core **core) {
    struct hny_client_core *old = *core;
    if (!old) return;
    while (old->requests) forget(old, old->requests);
    for (size_t i = old->first; i < old->end; i++) hny_payload_drop(&old->actions[i].message.payload);
    free(old->actions);
    free(old);
    *core = NULL;
}

static hny_status act(struct hny_client_core *core, bool answer, struct hny_message message) {
    if (core->first == core->end) core->first = core->end = 0;
    if (hny_grow(&core->actions, &core->capacity, core->end + 1, sizeof *core->actions))
        return HNY_ERROR_MEMORY;
    memcpy(message.id.uuid, core->uuid, sizeof message.id.uuid);
    core->actions[core->end++] = (struct hny_client_action){answer, message};
    hny_payload_keep(message.payload);
    return HNY_OK;
}

bool hny_client_core_take(struct hny_client_core *core, struct hny_client_action *action) {
    if (core->first == core->end) return false;
    *action = core->actions[core->first++];
    return true;
}

static hny_status tell(struct hny_client_core *core, uint64_t now, enum hny_verb command, uint64_t sequence,
                       struct hny_payload *payload) {
    core->told = now;
    return act(core, false,
               (struct hny_message){
                   .command = command, .id.sequence = sequence, .together = true, .payload = payload});
}

/* Says PENDING's wish. */
static hny_status ask(struct hny_client_core *core, uint64_t now, struct pending *pending) {
    if (pending->asked && pending->waits < LONGEST_WAIT) pending->waits *= 2;
    if (!pending->asked && pending->payload) {
        pending->size = pending->payload->bytes + pending->payload->options.size;
        core->under_way += pending->size;
    }
    pending->asked = now ? now : 1;
    pending->order = ++core->asks;
    pending->ahead = core->under_way;
    if (core->unsent == pending) core->unsent = pending->hh.next;
    if (pending->cancelled) return tell(core, now, HNY_CANCEL, pending->sequence, NULL);
    return tell(core, now, HNY_TRANSLATE, pending->sequence, pending->payload);
}

/* Whether it is time to say PENDING's wish again. One that was
 * accepted can wait, unless a later one has been answered before it: then its answer may have been lost. */
static bool is_due(const struct hny_client_core *core, uint64_t now, const struct pending *pending) {
    bool patient = pending->accepted && pending->sequence > core->newest;
    bool passed = !pending->accepted && pending->order < core->latest; /* by one that went out later */
    uint64_t wait = core->options.again * (patient ? LONGEST_WAIT : pending->waits);
    return now - pending->asked >= wait + (passed ? 0 : pending->ahead / HNY_FLOOR_RATE);
}

static hny_status ask_unsent(struct hny_client_core *core, uint64_t now) {
    while (core->unsent && core->unsent->sequence < core->requests->sequence + SPAN)
        HNY_TRY(ask(core, now, core->unsent));
    return HNY_OK;
}

/* A broker might hang up on what is too long, again and again. */
static enum hny_refusal judge(const struct hny_payload *payload) {
    if (payload->bytes > HNY_REQUEST_BYTES || payload->count > HNY_REQUEST_SENTENCES)
        return HNY_REFUSED_TOO_LONG;
    return payload->options.size > HNY_OPTIONS_BYTES ? HNY_REFUSED_BAD : HNY_NOT_REFUSED;
}

hny_status hny_client_core_translate(struct hny_client_core *core, uint64_t now, struct hny_payload *payload,
                                     uint64_t *sequence) {
    enum hny_refusal refusal = judge(payload);
    if (refusal) {
        *sequence = ++core->last;
        return act(
            core, true,
            (struct hny_message){.command = HNY_REFUSED, .id.sequence = *sequence, .refusal = refusal});
    }
    struct pending *pending = hny_allocate(1, sizeof *pending);
    if (!pending) return HNY_ERROR_MEMORY;
    pending->sequence = *sequence = ++core->last;
    pending->payload = hny_payload_keep(payload);
    pending->waits = 1;
    HASH_ADD(hh, core->requests, sequence, sizeof pending->sequence, pending);
    if (!core->unsent) core->unsent = pending;
    return ask_unsent(core, now);
}

static struct pending *find(struct hny_client_core *core, uint64_t sequence) {
    struct pending *pending = NULL;
    HASH_FIND(hh, core->requests, &sequence, sizeof sequence, pending);
    return pending;
}

hny_status hny_client_core_cancel(struct hny_client_core *core, uint64_t now, uint64_t sequence) {
    struct pending *pending = find(core, sequence);
    if (!pending || pending->cancelled) return HNY_OK;
    if (!pending->asked) { /* the broker has not heard of it, and may be gone for long */
        forget(core, pending);
        return act(core, true,
                   (struct hny_message){
                       .command = HNY_REFUSED, .id.sequence = sequence, .refusal = HNY_REFUSED_CANCELLED});
    }
    hny_payload_drop(&pending->payload);
    core->under_way -= pending->size;
    pending->size = 0;
    pending->cancelled = true;
    pending->accepted = false;
    pending->asked = 0;
    pending->waits = 1;
    return ask(core, now, pending);
}

/* Tells the broker what it may forget: all below the oldest request without an answer. */
static hny_status confirm(struct hny_client_core *core, uint64_t now) {
    uint64_t received = core->requests ? core->requests->sequence - 1 : core->last;
    if (received == 0 || (received == core->received && !core->repeated)) return HNY_OK;
    core->received = received;
    core->repeated = false;
    core->unconfirmed = 0;
    return tell(core, now, HNY_RECEIVED, received, NULL);
}

static hny_status answer(struct hny_client_core *core, uint64_t now, const struct hny_message *message) {
    struct pending *pending = find(core, message->id.sequence);
    if (!pending) {
        core->repeated = true;
        return HNY_OK;
    }
    if (pending->sequence > core->newest) core->newest = pending->sequence;
    if (pending->order > core->latest) core->latest = pending->order;
    forget(core, pending);
    HNY_TRY(act(core, true, *message));
    if (++core->unconfirmed >= CONFIRM_EVERY) HNY_TRY(confirm(core, now));
    return ask_unsent(core, now);
}

hny_status hny_client_core_message(struct hny_client_core *core, uint64_t now,
                                   const struct hny_message *message) {
    if (!hny_uuid_equal(message->id.uuid, core->uuid)) return HNY_OK;
    struct pending *pending;
    switch (message->command) {
    case HNY_ACCEPTED:
        pending = find(core, message->id.sequence);
        if (!pending || pending->cancelled) return HNY_OK;
        pending->accepted = true;
        if (pending->order > core->latest) core->latest = pending->order;
        return HNY_OK;
    case HNY_TRANSLATED:
    case HNY_REFUSED:
        return answer(core, now, message);
    default:
        return HNY_OK;
    }
}

hny_status hny_client_core_tick(struct hny_client_core *core, uint64_t now) {
    HNY_TRY(confirm(core, now));
    for (struct pending *pending = core->requests; pending != core->unsent; pending = pending->hh.next)
        if (is_due(core, now, pending)) HNY_TRY(ask(core, now, pending));
    if (core->requests && now - core->told >= core->options.ping)
        return tell(core, now, HNY_PING, core->last, NULL);
    return HNY_OK;
}

hny_status hny_client_core_renewed(struct hny_client_core *core, uint64_t now, uint64_t since) {
    for (struct pending *pending = core->requests; pending != core->unsent; pending = pending->hh.next) {
        if (pending->accepted || pending->asked >= since) continue;
        pending->waits = 1; /* nobody has been asked so far */
        HNY_TRY(ask(core, now, pending));
    }
    return HNY_OK;
}

void hny_client_core_uuid(const struct hny_client_core *core, uint8_t *uuid) {
    memcpy(uuid, core->uuid, sizeof core->uuid);
}

size_t hny_client_core_pending(const struct hny_client_core *core) {
    return HASH_COUNT(core->requests);
}
