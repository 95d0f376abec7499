/* Who gets the next piece of the broker's work: the worker that holds least. Whose piece that is, is for
 * pipeline/broker_turns.c. */
#include "pipeline/broker_records.h"

#include <string.h>

/* Says that so much is COMING right behind this. */
static hny_status announce(struct hny_broker_core *core, const struct hny_worker *worker, uint32_t coming) {
    struct hny_message message = {
        .command = HNY_BEAT, .id = {.sequence = worker->last_job}, .coming = coming};
    memcpy(message.id.uuid, worker->uuid, sizeof message.id.uuid);
    return hny_broker_say(core, true, &worker->peer, &message);
}

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
    return hny_worker_tell(core, worker, HNY_WORK, request->job, request->payload);
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
