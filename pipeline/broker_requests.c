/* The broker's requests, from being accepted until their answers are forgotten, and the memory they take. */
#include "pipeline/broker_records.h"

#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

/* Of a flow, at most: it may have a lane of its own. */
#define FLOW_MEMORY (sizeof(struct hny_flow) + sizeof(struct hny_lane))

/* What CLIENT has took BEFORE, and takes NOW. */
static void count_bytes(struct hny_broker_core *core, struct hny_client *client, size_t before, size_t now) {
    client->bytes = client->bytes + now - before;
    core->counts.bytes = core->counts.bytes + now - before;
    if (client->share) client->share->bytes = client->share->bytes + now - before;
}

/* --- Flows ---------------------------------------------------------------------------------------------- */

static void free_flow(struct hny_broker_core *core, struct hny_flow *flow) {
    struct hny_flow **link = &flow->client->flows;
    while (*link != flow) link = &(*link)->next;
    *link = flow->next;
    flow->route->flows--;
    core->counts.flows--;
    hny_lane_leave(flow);
    count_bytes(core, flow->client, FLOW_MEMORY, 0);
    free(flow);
}

static void enter_flow(struct hny_request *request, struct hny_flow *flow) {
    request->flow = flow;
    flow->requests++;
}

static void leave_flow(struct hny_broker_core *core, struct hny_flow *flow) {
    if (--flow->requests == 0) free_flow(core, flow);
}

static hny_status find_flow(struct hny_broker_core *core, struct hny_client *client, struct hny_route *route,
                            struct hny_flow **found) {
    for (*found = client->flows; *found; *found = (*found)->next)
        if ((*found)->route == route) return HNY_OK;
    struct hny_flow *flow = hny_allocate(1, sizeof *flow);
    if (!flow) return HNY_ERROR_MEMORY;
    flow->client = client;
    flow->route = route;
    if (hny_lane_join(flow) != HNY_OK) {
        free(flow);
        *found = NULL;
        return HNY_ERROR_MEMORY;
    }
    hny_list_empty(&flow->node);
    for (size_t p = 0; p < HNY_PRIORITIES; p++) hny_list_empty(&flow->waiting[p]);
    flow->next = client->flows;
    *found = client->flows = flow;
    route->flows++;
    core->counts.flows++;
    count_bytes(core, client, 0, FLOW_MEMORY);
    return HNY_OK;
}

void hny_flows_free(struct hny_broker_core *core, struct hny_client *client) {
    while (client->flows) free_flow(core, client->flows);
}

/* --- Where a request hangs ------------------------------------------------------------------------------ */

void hny_request_unhook(struct hny_broker_core *core, struct hny_request *request) {
    struct hny_flow *flow = request->flow;
    size_t cost = hny_payload_cost(request->payload);
    hny_list_remove(&request->node);
    switch (request->state) {
    case HNY_WAITING:
        core->counts.waiting--;
        if (--flow->count == 0) hny_turns_leave(flow);
        break;
    case HNY_WORKING:
        core->counts.working--;
        request->worker->used -= cost;
        if (--request->worker->job_count == 0) request->worker->alone = false;
        request->worker = NULL;
        break;
    case HNY_ANSWERED:
        core->counts.remembered--;
        break;
    }
}

void hny_request_wait(struct hny_broker_core *core, struct hny_request *request, bool first) {
    struct hny_flow *flow = request->flow;
    struct hny_list_node *queue = &flow->waiting[request->payload->wants.priority];
    request->state = HNY_WAITING;
    hny_list_put(first ? queue->behind : queue, &request->node);
    core->counts.waiting++;
    if (flow->count++ == 0) hny_turns_enter(flow);
}

/* --- Its life ------------------------------------------------------------------------------------------- */

hny_status hny_request_tell(struct hny_broker_core *core, const struct hny_request *request) {
    const struct hny_client *client = request->client;
    struct hny_message message = {.command = HNY_ACCEPTED, .id = {.sequence = request->sequence}};
    memcpy(message.id.uuid, client->uuid, sizeof message.id.uuid);
    if (request->state == HNY_ANSWERED) {
        message.command = request->refusal ? HNY_REFUSED : HNY_TRANSLATED;
        message.refusal = request->refusal;
        message.together = request->together;
        message.payload = request->payload;
    }
    return hny_broker_say(core, false, &client->peer, &message);
}

static void set_payload(struct hny_broker_core *core, struct hny_request *request,
                        struct hny_payload *payload) {
    struct hny_payload *old = request->payload;
    count_bytes(core, request->client, hny_payload_memory(old), hny_payload_memory(payload));
    request->payload = hny_payload_keep(payload);
    hny_payload_drop(&old);
}

/* REQUEST waits no more, nor is it worked on. */
static void end_waiting(struct hny_broker_core *core, struct hny_request *request) {
    request->client->waiting--;
    if (request->deadline) request->client->timed--;
    leave_flow(core, request->flow);
    request->flow = NULL;
}

hny_status hny_request_accept(struct hny_broker_core *core, uint64_t now, struct hny_client *client,
                              struct hny_route *route, const struct hny_message *message) {
    struct hny_flow *flow;
    HNY_TRY(find_flow(core, client, route, &flow));
    struct hny_request *request = hny_allocate(1, sizeof *request);
    if (!request) return HNY_ERROR_MEMORY;
    request->sequence = message->id.sequence;
    request->client = client;
    request->together = message->together;
    enter_flow(request, flow);
    request->accepted = now;
    request->deadline = message->payload->wants.deadline ? now + message->payload->wants.deadline : 0;
    set_payload(core, request, message->payload);
    count_bytes(core, client, 0, sizeof *request);
    HASH_ADD(hh, client->requests, sequence, sizeof request->sequence, request);
    client->waiting++;
    if (request->deadline) client->timed++;
    core->counts.accepted++;
    hny_request_wait(core, request, false);
    return hny_request_tell(core, request);
}

hny_status hny_request_answer(struct hny_broker_core *core, uint64_t now, struct hny_request *request,
                              enum hny_refusal refusal, struct hny_payload *payload) {
    hny_request_unhook(core, request);
    end_waiting(core, request);
    request->client->answers++;
    request->state = HNY_ANSWERED;
    request->refusal = refusal;
    request->answered = now;
    set_payload(core, request, payload);
    hny_list_put(&core->answers, &request->node);
    core->counts.remembered++;
    if (refusal) {
        core->counts.refused++;
    } else {
        core->counts.answered++;
        hny_histogram_add(&core->times, now - request->accepted);
    }
    return hny_request_tell(core, request);
}

hny_status hny_request_drop(struct hny_broker_core *core, struct hny_request *request) {
    if (request->state == HNY_WORKING) HNY_TRY(hny_worker_abandon(core, request));
    hny_request_unhook(core, request);
    struct hny_client *client = request->client;
    if (request->state == HNY_ANSWERED)
        client->answers--;
    else
        end_waiting(core, request);
    set_payload(core, request, NULL);
    count_bytes(core, client, sizeof *request, 0);
    HASH_DEL(client->requests, request);
    free(request);
    return HNY_OK;
}

/* It has waited its turn before, so it goes first; and no worker of this model has been lost with it. */
hny_status hny_request_pass_on(struct hny_broker_core *core, uint64_t now, struct hny_request *request,
                               const struct hny_payload *translation) {
    const struct hny_payload *old = request->payload;
    struct hny_route *route;
    struct hny_flow *flow;
    HNY_TRY(hny_route_find(core, now, old->wants.then, &route));
    if (!route) return hny_request_answer(core, now, request, HNY_REFUSED_MODEL, NULL);
    HNY_TRY(find_flow(core, request->client, route, &flow));
    struct hny_payload *next = hny_payload_create(old->options, translation->sentences, translation->count);
    if (!next) return HNY_ERROR_MEMORY;
    next->wants = old->wants;
    memcpy(next->wants.model, old->wants.then, sizeof next->wants.model);
    *next->wants.then = '\0';
    hny_request_unhook(core, request);
    set_payload(core, request, next);
    hny_payload_drop(&next);
    struct hny_flow *before = request->flow;
    enter_flow(request, flow);
    leave_flow(core, before);
    request->killed = 0;
    hny_request_wait(core, request, true);
    return HNY_OK;
}
