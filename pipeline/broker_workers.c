/* The broker's workers: who lives, who holds what, and who gets the next piece of work. */
#include "pipeline/broker_records.h"

#include "base/memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Beats after which silence, or standing still, means that a worker is lost. */
#define BEATS 3

/* --- Routes ----------------------------------------------------------------------------------------- */

/* *ROUTE of NAME, made where it is new. */
static hny_status enter_route(struct hny_broker_core *core, uint64_t now, const char *name,
                              struct hny_route **route) {
    HASH_FIND_STR(core->routes, name, *route);
    if (*route) return HNY_OK;
    struct hny_route *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    snprintf(made->name, sizeof made->name, "%s", name);
    hny_list_empty(&made->ring);
    made->empty_since = now;
    HASH_ADD_STR(core->routes, name, made);
    *route = made;
    return HNY_OK;
}

/* The first name ever offered serves requests that name none, too. */
static bool is_main(struct hny_broker_core *core, const char *name) {
    if (!*core->main_model) snprintf(core->main_model, sizeof core->main_model, "%s", name);
    return strcmp(core->main_model, name) == 0;
}

hny_status hny_broker_core_expect(struct hny_broker_core *core, uint64_t now, const char *name) {
    struct hny_route *route;
    HNY_TRY(enter_route(core, now, name, &route));
    route->expected = true;
    return is_main(core, name) ? enter_route(core, now, "", &route) : HNY_OK;
}

/* Names that workers or clients brought up, and that nobody has any use for, are not known for ever. */
static void forget_routes(struct hny_broker_core *core, uint64_t now) {
    struct hny_route *route = NULL, *next = NULL;
    HASH_ITER(hh, core->routes, route, next) {
        bool kept = route->workers > 0 || route->flows > 0 || route->expected || !*route->name ||
                    strcmp(route->name, core->main_model) == 0;
        if (kept || now - route->empty_since < core->limits.remember) continue;
        HASH_DEL(core->routes, route);
        free(route);
    }
}

hny_status hny_route_find(struct hny_broker_core *core, uint64_t now, const char *name,
                          struct hny_route **route) {
    HASH_FIND_STR(core->routes, name, *route);
    bool young = now - core->started < core->limits.orphan && HASH_COUNT(core->routes) < core->limits.routes;
    if (!*route && young) return enter_route(core, now, name, route);
    if (*route && (*route)->workers == 0 && now - (*route)->empty_since >= core->limits.orphan) *route = NULL;
    return HNY_OK;
}

static hny_status offer(struct hny_broker_core *core, uint64_t now, struct hny_worker *worker,
                        const char *name) {
    struct hny_route *route;
    HNY_TRY(enter_route(core, now, name, &route));
    for (size_t i = 0; i < worker->route_count; i++)
        if (worker->routes[i] == route) return HNY_OK;
    worker->routes[worker->route_count++] = route;
    route->workers++;
    return HNY_OK;
}

static void leave_routes(struct hny_worker *worker, uint64_t now) {
    for (size_t i = 0; i < worker->route_count; i++)
        if (--worker->routes[i]->workers == 0) worker->routes[i]->empty_since = now;
    worker->route_count = 0;
}

/* --- Saying ----------------------------------------------------------------------------------------- */

static hny_status welcome(struct hny_broker_core *core, const struct hny_worker *worker) {
    struct hny_message message = {
        .command = HNY_BEAT, .id = {.sequence = worker->last_job}, .received = worker->begun};
    memcpy(message.id.uuid, worker->uuid, sizeof message.id.uuid);
    return hny_broker_say(core, true, &worker->peer, &message);
}

static hny_status tell(struct hny_broker_core *core, const struct hny_peer *peer, enum hny_verb command,
                       const uint8_t *uuid, uint64_t job, struct hny_payload *payload) {
    struct hny_message message = {.command = command, .id = {.sequence = job}, .payload = payload};
    memcpy(message.id.uuid, uuid, sizeof message.id.uuid);
    return hny_broker_say(core, true, peer, &message);
}

hny_status hny_worker_abandon(struct hny_broker_core *core, struct hny_request *request) {
    struct hny_worker *worker = request->worker;
    if (request->job > worker->received) {
        worker->dropped += hny_payload_carried(request->payload);
        if (request->job > worker->dropped_job) worker->dropped_job = request->job;
    }
    return tell(core, &worker->peer, HNY_ABANDON, worker->uuid, request->job, NULL);
}

/* Says that so much is COMING right behind this. */
static hny_status announce(struct hny_broker_core *core, const struct hny_worker *worker, uint32_t coming) {
    struct hny_message message = {
        .command = HNY_BEAT, .id = {.sequence = worker->last_job}, .coming = coming};
    memcpy(message.id.uuid, worker->uuid, sizeof message.id.uuid);
    return hny_broker_say(core, true, &worker->peer, &message);
}

/* --- Handing out ------------------------------------------------------------------------------------ */

/* The first request of FLOW, by priority. */
static struct hny_request *first_of(const struct hny_flow *flow) {
    for (size_t p = HNY_PRIORITIES; p-- > 0;)
        if (!hny_list_is_empty(&flow->waiting[p]))
            return HNY_OF_NODE(struct hny_request, flow->waiting[p].behind);
    return NULL;
}

static bool has_room(const struct hny_worker *worker) {
    if (worker->leaving || worker->alone) return false;
    return worker->job_count == 0 || worker->used < worker->credit;
}

/* Whether WORKER can take REQUEST now. One that has cost a worker goes alone: those beside it shall not be
 * blamed. */
static bool can_take(const struct hny_worker *worker, const struct hny_request *request) {
    return has_room(worker) && (worker->job_count == 0 || request->killed == 0);
}

static hny_status give(struct hny_broker_core *core, uint64_t now, struct hny_worker *worker,
                       struct hny_request *request) {
    uint32_t coming = hny_payload_coming(request->payload);
    if (coming) HNY_TRY(announce(core, worker, coming));
    hny_request_unhook(core, request);
    bool idle = worker->job_count == 0;
    if (idle && worker->moved < now) worker->moved = now;
    if ((idle || worker->received == worker->last_job) && worker->received_at < now)
        worker->received_at = now;
    request->state = HNY_WORKING;
    request->worker = worker;
    request->job = ++worker->last_job;
    worker->used += hny_payload_cost(request->payload);
    worker->job_count++;
    worker->alone = request->killed > 0;
    hny_list_put(&worker->jobs, &request->node);
    core->counts.working++;
    return tell(core, &worker->peer, HNY_WORK, worker->uuid, request->job, request->payload);
}

/* The turn of whoever has it at ROUTE. *GAVE: whether WORKER has got something. */
static hny_status take_turn(struct hny_broker_core *core, uint64_t now, struct hny_worker *worker,
                            struct hny_route *route, bool *gave) {
    *gave = false;
    for (struct hny_flow *flow = NULL; (flow = hny_turn_of(route));) {
        struct hny_request *request = first_of(flow);
        if (request->deadline && now >= request->deadline) {
            HNY_TRY(hny_request_answer(core, now, request, HNY_REFUSED_DEADLINE, NULL));
            continue;
        }
        if (!can_take(worker, request)) return HNY_OK;
        if (!hny_turn_pays(flow, hny_payload_cost(request->payload))) continue;
        *gave = true;
        return give(core, now, worker, request);
    }
    return HNY_OK;
}

/* One request for WORKER, of one of its routes in turn. */
static hny_status feed(struct hny_broker_core *core, uint64_t now, struct hny_worker *worker, bool *gave) {
    *gave = false;
    for (size_t i = 0; i < worker->route_count && !*gave; i++) {
        struct hny_route *route = worker->routes[worker->next_route++ % worker->route_count];
        HNY_TRY(take_turn(core, now, worker, route, gave));
    }
    return HNY_OK;
}

/* Who holds least among those that may still get something in this round; NULL: nobody. */
static struct hny_worker *least_laden(const struct hny_broker_core *core) {
    struct hny_worker *least = NULL;
    for (struct hny_worker *worker = core->workers; worker; worker = worker->hh.next)
        if (worker->round != core->round && has_room(worker) && (!least || worker->used < least->used))
            least = worker;
    return least;
}

/* Each request to the worker that holds least: what comes in single sentences is spread. */
hny_status hny_workers_feed(struct hny_broker_core *core, uint64_t now) {
    core->round++;
    while (core->counts.waiting > 0) {
        struct hny_worker *worker = least_laden(core);
        bool gave;
        if (!worker) return HNY_OK;
        HNY_TRY(feed(core, now, worker, &gave));
        if (!gave) worker->round = core->round; /* there is nothing for it */
    }
    return HNY_OK;
}

/* --- Losing ----------------------------------------------------------------------------------------- */

/* A job that its worker has lost waits again, as the first. */
static void wait_again(struct hny_broker_core *core, struct hny_request *request) {
    hny_request_unhook(core, request);
    hny_request_wait(core, request, true);
    core->counts.handed_out_again++;
}

/* All jobs of WORKER wait again. KILLED: it may have died of one of them. */
static hny_status take_back(struct hny_broker_core *core, uint64_t now, struct hny_worker *worker,
                            bool killed) {
    /* The last one first, so that they stand in their old order at the head of their queues. */
    while (!hny_list_is_empty(&worker->jobs)) {
        struct hny_request *request = HNY_OF_NODE(struct hny_request, worker->jobs.before);
        if (killed && ++request->killed >= core->limits.killed) {
            HNY_TRY(hny_request_answer(core, now, request, HNY_REFUSED_POISON, NULL));
            continue;
        }
        wait_again(core, request);
    }
    return HNY_OK;
}

static hny_status lose(struct hny_broker_core *core, uint64_t now, struct hny_worker *worker, bool killed) {
    HNY_TRY(take_back(core, now, worker, killed));
    leave_routes(worker, now);
    HASH_DEL(core->workers, worker);
    free(worker);
    return HNY_OK;
}

/* WORKER, which leaves and holds nothing, may end. */
static hny_status dismiss(struct hny_broker_core *core, uint64_t now, struct hny_worker *worker) {
    HNY_TRY(tell(core, &worker->peer, HNY_UNKNOWN, worker->uuid, worker->last_job, NULL));
    return lose(core, now, worker, false);
}

/* --- What workers say ------------------------------------------------------------------------------- */

static bool offers_something(const struct hny_message *message) {
    const struct hny_payload *payload = message->payload;
    if (!payload || payload->count == 0 || payload->count > HNY_ROUTES_A_WORKER) return false;
    for (size_t i = 0; i < payload->count; i++) {
        const struct hny_piece *name = &payload->sentences[i];
        if (name->size == 0 || name->size >= HNY_ROUTE_NAME || memchr(name->data, '\0', name->size))
            return false;
    }
    return true;
}

static hny_status ready(struct hny_broker_core *core, uint64_t now, const struct hny_peer *peer,
                        struct hny_worker *worker, const struct hny_message *message) {
    uint64_t begun = message->id.sequence;
    if (!offers_something(message) || begun == 0) return HNY_OK;
    if (worker && begun < worker->begun) return HNY_OK; /* it was long on its way */
    if (worker && begun == worker->begun) {
        worker->peer = *peer;
        worker->heard = now;
        return welcome(core, worker);
    }
    if (worker) {
        HNY_TRY(take_back(core, now, worker, false));
        leave_routes(worker, now);
    } else {
        if (!(worker = hny_allocate(1, sizeof *worker))) return HNY_ERROR_MEMORY;
        memcpy(worker->uuid, message->id.uuid, sizeof worker->uuid);
        hny_list_empty(&worker->jobs);
        HASH_ADD(hh, core->workers, uuid, sizeof worker->uuid, worker);
    }
    worker->peer = *peer;
    worker->heard = worker->moved = worker->received_at = now;
    worker->beat_sent = 0;
    worker->credit = message->credit;
    worker->leaving = false;
    worker->steps = 0;
    worker->dropped = 0;
    worker->dropped_job = 0;
    worker->begun = begun;
    worker->session = ++core->session;
    worker->received = worker->last_job = (uint64_t)worker->session << HNY_JOB_BITS;
    for (size_t i = 0; i < message->payload->count; i++) {
        const struct hny_piece *piece = &message->payload->sentences[i];
        char name[HNY_ROUTE_NAME] = "";
        memcpy(name, piece->data, piece->size);
        HNY_TRY(offer(core, now, worker, name));
        if (is_main(core, name)) HNY_TRY(offer(core, now, worker, ""));
    }
    HNY_TRY(welcome(core, worker));
    return hny_workers_feed(core, now);
}

/* JOB and those before it have come to WORKER, or are lost. */
static void has_reached(struct hny_worker *worker, uint64_t now, uint64_t job) {
    if (worker->received_at > now) worker->received_at = now; /* the long word has come */
    if (job > worker->last_job || job < worker->received) return;
    if (job > worker->received || job == worker->last_job) worker->received_at = now;
    worker->received = job;
    if (job >= worker->dropped_job) worker->dropped = 0;
}

/* Whether WORKER can be expected to compute: something of what it is to do has come to it. */
static bool has_come(const struct hny_worker *worker) {
    return worker->job_count > 0 &&
           HNY_OF_NODE(struct hny_request, worker->jobs.behind)->job <= worker->received;
}

static hny_status done(struct hny_broker_core *core, uint64_t now, struct hny_worker *worker,
                       const struct hny_message *message) {
    for (struct hny_list_node *node = worker->jobs.behind; node != &worker->jobs; node = node->behind) {
        struct hny_request *request = HNY_OF_NODE(struct hny_request, node);
        if (request->job != message->id.sequence) continue;
        bool fits =
            message->refusal || (message->payload && message->payload->count == request->payload->count);
        worker->moved = now;
        has_reached(worker, now, request->job);
        if (fits && !message->refusal && *request->payload->wants.then)
            HNY_TRY(hny_request_pass_on(core, now, request, message->payload));
        else
            HNY_TRY(hny_request_answer(core, now, request, fits ? message->refusal : HNY_REFUSED_FAILED,
                                       fits ? message->payload : NULL));
        return hny_workers_feed(core, now);
    }
    return HNY_OK; /* it was abandoned, or handed out again */
}

/* Jobs that reached the worker and that it does not hold any more have been done, and their results lost. */
static hny_status find_lost(struct hny_broker_core *core, struct hny_worker *worker,
                            const struct hny_message *message) {
    enum { MOST = 4096 };
    uint64_t held[MOST];
    size_t count = hny_jobs_unpack(message->payload, held, MOST);
    if (count > MOST) return HNY_OK;
    for (struct hny_list_node *node = worker->jobs.before, *before; node != &worker->jobs; node = before) {
        struct hny_request *request = HNY_OF_NODE(struct hny_request, node);
        before = node->before;
        bool kept = request->job > message->received;
        for (size_t i = 0; i < count && !kept; i++) kept = held[i] == request->job;
        if (!kept) wait_again(core, request);
    }
    return HNY_OK;
}

static hny_status beat(struct hny_broker_core *core, uint64_t now, struct hny_worker *worker,
                       const struct hny_message *message) {
    if (message->steps != worker->steps || !has_come(worker)) worker->moved = now;
    worker->steps = message->steps;
    has_reached(worker, now, message->received);
    if (message->coming) /* it comes before all else: nothing is to be heard meanwhile */
        worker->heard = worker->moved = worker->received_at = now + hny_coming_patience(message->coming);
    HNY_TRY(find_lost(core, worker, message));
    return hny_workers_feed(core, now);
}

hny_status hny_broker_core_worker(struct hny_broker_core *core, uint64_t now, const struct hny_peer *peer,
                                  const struct hny_message *message) {
    struct hny_worker *worker = NULL;
    HASH_FIND(hh, core->workers, message->id.uuid, sizeof message->id.uuid, worker);
    hny_broker_begin(core, now);
    if (message->command == HNY_READY) return ready(core, now, peer, worker, message);
    if (!worker) return tell(core, peer, HNY_UNKNOWN, message->id.uuid, message->id.sequence, NULL);
    if (hny_job_session(message->id.sequence) != worker->session)
        return tell(core, peer, HNY_UNKNOWN, message->id.uuid, message->id.sequence, NULL);
    worker->peer = *peer;
    worker->heard = now;
    switch (message->command) {
    case HNY_DONE:
        HNY_TRY(done(core, now, worker, message));
        return worker->leaving && worker->job_count == 0 ? dismiss(core, now, worker) : HNY_OK;
    case HNY_BEAT:
        return beat(core, now, worker, message);
    case HNY_LEAVE:
        worker->leaving = true;
        return worker->job_count == 0 ? dismiss(core, now, worker) : HNY_OK;
    default:
        return HNY_OK;
    }
}

/* --- Time ------------------------------------------------------------------------------------------- */

/* Bytes on their way to WORKER. */
static size_t under_way(const struct hny_worker *worker) {
    size_t bytes = worker->dropped;
    for (const struct hny_list_node *node = worker->jobs.before; node != &worker->jobs; node = node->before) {
        const struct hny_request *request = HNY_OF_NODE(const struct hny_request, node);
        if (request->job <= worker->received) break;
        bytes += hny_payload_carried(request->payload);
    }
    return bytes;
}

/* Silent; or holding work, and its engine stands still, or work does not reach it. */
static bool is_lost(const struct hny_broker_core *core, uint64_t now, const struct hny_worker *worker) {
    uint64_t patience = BEATS * core->limits.beat;
    if (hny_since(worker->heard, now) >= patience) return true;
    if (worker->job_count == 0) return false;
    if (hny_since(worker->moved, now) >= patience) return true;
    if (worker->received == worker->last_job || hny_since(worker->received_at, now) < patience) return false;
    return hny_since(worker->received_at, now) >= patience + under_way(worker) / HNY_FLOOR_RATE;
}

hny_status hny_workers_tick(struct hny_broker_core *core, uint64_t now) {
    struct hny_worker *worker = NULL, *next = NULL;
    forget_routes(core, now);
    HASH_ITER(hh, core->workers, worker, next) {
        if (is_lost(core, now, worker)) {
            HNY_TRY(lose(core, now, worker, true));
            continue;
        }
        if (worker->leaving && worker->job_count == 0) {
            HNY_TRY(dismiss(core, now, worker));
            continue;
        }
        if (now - worker->beat_sent < core->limits.beat) continue;
        worker->beat_sent = now;
        HNY_TRY(tell(core, &worker->peer, HNY_BEAT, worker->uuid, worker->last_job, NULL));
    }
    return HNY_OK;
}

hny_status hny_workers_part(struct hny_broker_core *core) {
    for (const struct hny_worker *worker = core->workers; worker; worker = worker->hh.next)
        HNY_TRY(tell(core, &worker->peer, HNY_LEAVE, worker->uuid, worker->last_job, NULL));
    return HNY_OK;
}

void hny_workers_free(struct hny_broker_core *core) {
    struct hny_worker *worker = NULL, *next = NULL;
    struct hny_route *route = NULL, *next_route = NULL;
    HASH_ITER(hh, core->workers, worker, next) {
        HASH_DEL(core->workers, worker);
        free(worker);
    }
    HASH_ITER(hh, core->routes, route, next_route) {
        HASH_DEL(core->routes, route);
        free(route);
    }
}
