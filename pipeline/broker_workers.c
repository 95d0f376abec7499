/* The broker's workers: who lives, and who holds what. */
#include "pipeline/broker_records.h"

#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

/* Beats after which silence, or standing still, means that a worker is lost. */
#define BEATS 3

/* --- Saying ----------------------------------------------------------------------------------------- */

static hny_status welcome(struct hny_broker_core *core, const struct hny_worker *worker) {
    struct hny_message message = {
        .command = HNY_BEAT, .id = {.sequence = worker->last_job}, .received = worker->begun};
    memcpy(message.id.uuid, worker->uuid, sizeof message.id.uuid);
    return hny_broker_say(core, true, &worker->peer, &message);
}

static hny_status tell(struct hny_broker_core *core, const struct hny_peer *peer, enum hny_verb command,
                       const uint8_t *uuid, uint64_t job, struct hny_payload *payload) {
    struct hny_message message = {
        .command = command, .id = {.sequence = job}, .together = true, .payload = payload};
    memcpy(message.id.uuid, uuid, sizeof message.id.uuid);
    return hny_broker_say(core, true, peer, &message);
}

hny_status hny_worker_tell(struct hny_broker_core *core, const struct hny_worker *worker,
                           enum hny_verb command, uint64_t job, struct hny_payload *payload) {
    return tell(core, &worker->peer, command, worker->uuid, job, payload);
}

hny_status hny_worker_abandon(struct hny_broker_core *core, struct hny_request *request) {
    struct hny_worker *worker = request->worker;
    if (request->job > worker->received) {
        worker->dropped += hny_payload_carried(request->payload);
        if (request->job > worker->dropped_job) worker->dropped_job = request->job;
    }
    return hny_worker_tell(core, worker, HNY_ABANDON, request->job, NULL);
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
    hny_routes_leave(worker, now);
    HASH_DEL(core->workers, worker);
    free(worker);
    return HNY_OK;
}

/* WORKER, which leaves and holds nothing, may end. */
static hny_status dismiss(struct hny_broker_core *core, uint64_t now, struct hny_worker *worker) {
    HNY_TRY(hny_worker_tell(core, worker, HNY_UNKNOWN, worker->last_job, NULL));
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
        hny_routes_leave(worker, now);
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
        HNY_TRY(hny_route_offer(core, now, worker, name));
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
        HNY_TRY(hny_worker_tell(core, worker, HNY_BEAT, worker->last_job, NULL));
    }
    return HNY_OK;
}

hny_status hny_workers_part(struct hny_broker_core *core) {
    for (const struct hny_worker *worker = core->workers; worker; worker = worker->hh.next)
        HNY_TRY(hny_worker_tell(core, worker, HNY_LEAVE, worker->last_job, NULL));
    return HNY_OK;
}

void hny_workers_free(struct hny_broker_core *core) {
    struct hny_worker *worker = NULL, *next = NULL;
    HASH_ITER(hh, core->workers, worker, next) {
        HASH_DEL(core->workers, worker);
        free(worker);
    }
}
