#include "pipeline/broker_core.h"

#include "base/memory.h"
#include "pipeline/broker_records.h"
#include <stdlib.h>
#include <string.h>

void hny_broker_limits_defaults(struct hny_broker_limits *limits) {
    *limits = (struct hny_broker_limits){.beat = 1000,
                                         .remember = 600000,
                                         .silence = 60000,
                                         .orphan = 60000,
                                         .routes = 1024,
                                         .clients = 20000,
                                         .waiting = 4096,
                                         .answers = 8192,
                                         .request_bytes = HNY_REQUEST_BYTES,
                                         .request_sentences = HNY_REQUEST_SENTENCES,
                                         .bytes = (size_t)1 << 30,
                                         .killed = 3};
}

hny_status hny_broker_core_create(struct hny_broker_core **core, const struct hny_broker_limits *limits,
                                  uint32_t nonce) {
    struct hny_broker_core *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    hny_broker_limits_defaults(&made->limits);
    if (limits) made->limits = *limits;
    made->session = nonce;
    hny_list_empty(&made->answers);
    *core = made;
    return HNY_OK;
}

void hny_broker_core_destroy(struct hny_broker_core **core) {
    struct hny_broker_core *old = *core;
    if (!old) return;
    struct hny_action action;
    while (hny_broker_core_take(old, &action)) hny_payload_drop(&action.message.payload);
    hny_clients_free(old);
    hny_workers_free(old);
    hny_routes_free(old);
    free(old->actions);
    free(old);
    *core = NULL;
}

static hny_status grow_actions(struct hny_broker_core *core) {
    size_t capacity = core->action_capacity ? 2 * core->action_capacity : 64;
    struct hny_action *larger = calloc(capacity, sizeof *larger);
    if (!larger) return hny_fail(HNY_ERROR_MEMORY, "out of memory for %zu messages", capacity);
    for (size_t i = 0; i < core->action_count; i++)
        larger[i] = core->actions[(core->first_action + i) % core->action_capacity];
    free(core->actions);
    core->actions = larger;
    core->action_capacity = capacity;
    core->first_action = 0;
    return HNY_OK;
}

hny_status hny_broker_say(struct hny_broker_core *core, bool to_worker, const struct hny_peer *peer,
                          const struct hny_message *message) {
    if (core->action_count == core->action_capacity) HNY_TRY(grow_actions(core));
    struct hny_action *action =
        &core->actions[(core->first_action + core->action_count++) % core->action_capacity];
    *action = (struct hny_action){.to_worker = to_worker, .peer = *peer, .message = *message};
    hny_payload_keep(action->message.payload);
    return HNY_OK;
}

bool hny_broker_core_take(struct hny_broker_core *core, struct hny_action *action) {
    if (core->action_count == 0) return false;
    *action = core->actions[core->first_action];
    core->first_action = (core->first_action + 1) % core->action_capacity;
    core->action_count--;
    return true;
}

void hny_broker_begin(struct hny_broker_core *core, uint64_t now) {
    if (!core->started) core->started = now ? now : 1;
}

/* Where the broker itself stood still, or its clock leapt, nobody else was silent for so long. What is
 * expected later than now stays so. */
static uint64_t later(uint64_t time, uint64_t gap, uint64_t now) {
    if (time > now) return time;
    return time + gap < now ? time + gap : now;
}

static void forgive(struct hny_broker_core *core, uint64_t gap, uint64_t now) {
    struct hny_worker *worker = NULL, *next = NULL;
    struct hny_client *client = NULL, *next_client = NULL;
    HASH_ITER(hh, core->workers, worker, next) {
        worker->heard = later(worker->heard, gap, now);
        worker->moved = later(worker->moved, gap, now);
        worker->received_at = later(worker->received_at, gap, now);
    }
    HASH_ITER(hh, core->clients, client, next_client) {
        client->heard = later(client->heard, gap, now);
    }
}

hny_status hny_broker_core_tick(struct hny_broker_core *core, uint64_t now) {
    if (core->last_tick && now - core->last_tick > core->limits.beat)
        forgive(core, now - core->last_tick, now);
    core->last_tick = now;
    hny_broker_begin(core, now);
    hny_routes_tick(core, now);
    HNY_TRY(hny_workers_tick(core, now));
    HNY_TRY(hny_clients_tick(core, now));
    return hny_workers_feed(core, now);
}

void hny_broker_core_drain(struct hny_broker_core *core) {
    core->draining = true;
}

bool hny_broker_core_drained(const struct hny_broker_core *core) {
    return core->counts.waiting == 0 && core->counts.working == 0;
}

hny_status hny_broker_core_part(struct hny_broker_core *core) {
    return hny_workers_part(core);
}

void hny_broker_core_count(const struct hny_broker_core *core, struct hny_broker_counts *counts) {
    *counts = core->counts;
    counts->clients = HASH_COUNT(core->clients);
    counts->workers = HASH_COUNT(core->workers);
    counts->routes = HASH_COUNT(core->routes);
    counts->shares = HASH_COUNT(core->shares);
}
