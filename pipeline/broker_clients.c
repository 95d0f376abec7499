/* The broker's clients: who they are, what they say, and what time ends for them. */
#include "pipeline/broker_records.h"

#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

/* One client, or all with the same key, cannot have more than such a part of the memory, whether they wait or
 * never say what they received: the others are served all the same. */
#define SHARES 4

/* --- Saying ----------------------------------------------------------------------------------------- */

static hny_status tell(struct hny_broker_core *core, const struct hny_peer *peer, enum hny_verb command,
                       const struct hny_request_id *id, enum hny_refusal refusal,
                       struct hny_payload *payload) {
    const struct hny_message message = {
        .command = command, .id = *id, .refusal = refusal, .payload = payload};
    return hny_broker_say(core, false, peer, &message);
}

/* --- Clients ---------------------------------------------------------------------------------------- */

static struct hny_client *find_client(struct hny_broker_core *core, const uint8_t *uuid) {
    struct hny_client *client = NULL;
    HASH_FIND(hh, core->clients, uuid, sizeof client->uuid, client);
    return client;
}

/* Of KEY, which may be NULL; NULL where no client has it. */
static struct hny_share *find_share(const struct hny_broker_core *core, const uint8_t *key) {
    struct hny_share *share = NULL;
    if (key) HASH_FIND(hh, core->shares, key, sizeof share->key, share);
    return share;
}

/* The share of KEY becomes CLIENT's, too. */
static hny_status join_share(struct hny_broker_core *core, struct hny_client *client, const uint8_t *key) {
    if (!key) return HNY_OK;
    client->share = find_share(core, key);
    if (!client->share) {
        if (!(client->share = hny_allocate(1, sizeof *client->share))) return HNY_ERROR_MEMORY;
        memcpy(client->share->key, key, sizeof client->share->key);
        HASH_ADD(hh, core->shares, key, sizeof client->share->key, client->share);
    }
    client->share->clients++;
    return HNY_OK;
}

static void leave_share(struct hny_broker_core *core, const struct hny_client *client) {
    struct hny_share *share = client->share;
    if (!share || --share->clients > 0) return;
    HASH_DEL(core->shares, share);
    free(share);
}

static hny_status add_client(struct hny_broker_core *core, const uint8_t *uuid, const uint8_t *key,
                             struct hny_client **client) {
    struct hny_client *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    memcpy(made->uuid, uuid, sizeof made->uuid);
    if (join_share(core, made, key) != HNY_OK) {
        free(made);
        return HNY_ERROR_MEMORY;
    }
    HASH_ADD(hh, core->clients, uuid, sizeof made->uuid, made);
    *client = made;
    return HNY_OK;
}

static void free_client(struct hny_broker_core *core, struct hny_client *client) {
    hny_flows_free(core, client);
    leave_share(core, client);
    HASH_DEL(core->clients, client);
    free(client);
}

/* Where as many clients are known as may be, those that want nothing and wait for nothing are forgotten: they
 * are new ones when they come back. Not oftener than once in a beat, since all are looked at. */
static void make_room(struct hny_broker_core *core, uint64_t now) {
    struct hny_client *client = NULL, *next = NULL;
    const struct hny_broker_limits *limits = &core->limits;
    if (HASH_COUNT(core->clients) < limits->clients || now - core->swept < limits->beat) return;
    core->swept = now;
    HASH_ITER(hh, core->clients, client, next) {
        if (!client->requests && now - client->heard >= limits->beat) free_client(core, client);
    }
}

static bool owns(const struct hny_client *client, const uint8_t *key) {
    if (!client->share || !key) return !client->share && !key;
    return memcmp(client->share->key, key, HNY_KEY_SIZE) == 0;
}

/* --- What clients say ------------------------------------------------------------------------------- */

/* What CLIENT (NULL: an unknown one) has already, or all clients with KEY together. */
static size_t taken(const struct hny_broker_core *core, const struct hny_client *client, const uint8_t *key) {
    const struct hny_share *share = client ? client->share : find_share(core, key);
    if (share) return share->bytes;
    return client ? client->bytes : 0;
}

/* Why a new request of CLIENT (NULL: an unknown one), of whose memory so much was taken BEFORE, is not
 * accepted; HNY_NOT_REFUSED where it is. */
static enum hny_refusal judge(const struct hny_broker_core *core, const struct hny_client *client,
                              size_t before, const struct hny_payload *payload,
                              const struct hny_route *route) {
    const struct hny_broker_limits *limits = &core->limits;
    if (!payload || payload->count == 0 || payload->wants.priority >= HNY_PRIORITIES) return HNY_REFUSED_BAD;
    if (payload->bytes > limits->request_bytes || payload->count > limits->request_sentences)
        return HNY_REFUSED_TOO_LONG;
    if (core->draining) return HNY_REFUSED_LEAVING;
    if (!route) return HNY_REFUSED_MODEL;
    size_t bytes = hny_payload_memory(payload) + sizeof(struct hny_request);
    if (bytes + core->counts.bytes > limits->bytes) return HNY_REFUSED_BUSY;
    if (before > 0 && bytes + before > limits->bytes / SHARES) return HNY_REFUSED_BUSY;
    if (!client) return HASH_COUNT(core->clients) < limits->clients ? HNY_NOT_REFUSED : HNY_REFUSED_BUSY;
    return client->waiting < limits->waiting && client->answers < limits->answers ? HNY_NOT_REFUSED
                                                                                  : HNY_REFUSED_BUSY;
}

/* *ROUTE of what PAYLOAD wants first; NULL where that, or what it wants then, has no worker. */
static hny_status find_route(struct hny_broker_core *core, uint64_t now, const struct hny_payload *payload,
                             struct hny_route **route) {
    struct hny_route *second;
    if (!payload) return HNY_OK;
    HNY_TRY(hny_route_find(core, now, payload->wants.model, route));
    if (!*route || !*payload->wants.then) return HNY_OK;
    HNY_TRY(hny_route_find(core, now, payload->wants.then, &second));
    if (!second) *route = NULL;
    return HNY_OK;
}

/* A refusal of what was never accepted is not remembered: the same request may come again, and be accepted.
 */
static hny_status translate(struct hny_broker_core *core, uint64_t now, const struct hny_peer *peer,
                            const uint8_t *key, struct hny_client *client,
                            const struct hny_message *message) {
    struct hny_request *request = NULL;
    if (client) {
        if (message->id.sequence <= client->received) return HNY_OK; /* a repeat that was long on its way */
        HASH_FIND(hh, client->requests, &message->id.sequence, sizeof message->id.sequence, request);
        if (request) return hny_request_tell(core, request);
    }
    struct hny_route *route = NULL;
    if (!client) make_room(core, now);
    HNY_TRY(find_route(core, now, message->payload, &route));
    enum hny_refusal refusal = judge(core, client, taken(core, client, key), message->payload, route);
    if (refusal) {
        core->counts.refused++;
        return tell(core, peer, HNY_REFUSED, &message->id, refusal, NULL);
    }
    if (!client) {
        HNY_TRY(add_client(core, message->id.uuid, key, &client));
        client->peer = *peer;
        client->heard = now;
    }
    HNY_TRY(hny_request_accept(core, now, client, route, message));
    return hny_workers_feed(core, now);
}

static hny_status cancel(struct hny_broker_core *core, uint64_t now, const struct hny_peer *peer,
                         struct hny_client *client, const struct hny_message *message) {
    struct hny_request *request = NULL;
    if (client && message->id.sequence <= client->received) return HNY_OK;
    if (client) HASH_FIND(hh, client->requests, &message->id.sequence, sizeof message->id.sequence, request);
    if (!request) return tell(core, peer, HNY_REFUSED, &message->id, HNY_REFUSED_CANCELLED, NULL);
    if (request->state == HNY_ANSWERED) return hny_request_tell(core, request);
    if (request->state == HNY_WORKING) HNY_TRY(hny_worker_abandon(core, request));
    HNY_TRY(hny_request_answer(core, now, request, HNY_REFUSED_CANCELLED, NULL));
    return hny_workers_feed(core, now);
}

/* Whatever the client has an answer to, from whomever, is over. */
static hny_status received(struct hny_broker_core *core, uint64_t now, struct hny_client *client,
                           uint64_t sequence) {
    struct hny_request *request = NULL, *next = NULL;
    if (sequence <= client->received) return HNY_OK;
    client->received = sequence;
    HASH_ITER(hh, client->requests, request, next)
    if (request->sequence <= sequence) HNY_TRY(hny_request_drop(core, request));
    return hny_workers_feed(core, now);
}

static hny_status tell_state(struct hny_broker_core *core, uint64_t now, const struct hny_peer *peer,
                             const struct hny_request_id *id) {
    struct hny_payload *state = hny_broker_state(core, now);
    if (!state) return HNY_ERROR_MEMORY;
    hny_status status = tell(core, peer, HNY_STATE, id, HNY_NOT_REFUSED, state);
    hny_payload_drop(&state);
    return status;
}

hny_status hny_broker_core_client(struct hny_broker_core *core, uint64_t now, const struct hny_peer *peer,
                                  const uint8_t *key, const struct hny_message *message) {
    struct hny_client *client = find_client(core, message->id.uuid);
    hny_broker_begin(core, now);
    if (client && !owns(client, key)) return HNY_OK;
    if (client) {
        client->peer = *peer;
        client->heard = now;
    }
    switch (message->command) {
    case HNY_TRANSLATE:
        return message->id.sequence > 0 ? translate(core, now, peer, key, client, message) : HNY_OK;
    case HNY_CANCEL:
        return cancel(core, now, peer, client, message);
    case HNY_RECEIVED:
        return client ? received(core, now, client, message->id.sequence) : HNY_OK;
    case HNY_PING:
        return tell(core, peer, HNY_PONG, &message->id, HNY_NOT_REFUSED, NULL);
    case HNY_STATUS:
        return tell_state(core, now, peer, &message->id);
    default:
        return HNY_OK;
    }
}

/* --- Time ------------------------------------------------------------------------------------------- */

static hny_status forget_old_answers(struct hny_broker_core *core, uint64_t now) {
    while (!hny_list_is_empty(&core->answers)) {
        struct hny_request *oldest = HNY_OF_NODE(struct hny_request, core->answers.behind);
        if (now - oldest->answered < core->limits.remember) break;
        HNY_TRY(hny_request_drop(core, oldest));
    }
    return HNY_OK;
}

static bool is_orphan(const struct hny_broker_core *core, uint64_t now, const struct hny_flow *flow) {
    const struct hny_route *route = flow->route;
    return route->workers == 0 && now - route->empty_since >= core->limits.orphan;
}

/* Whether time may have ended a request of CLIENT: so many wait that they are not all looked at each time. */
static bool may_be_over(const struct hny_broker_core *core, uint64_t now, const struct hny_client *client) {
    if (client->waiting == 0) return false;
    bool may = client->timed > 0 || now - client->heard >= core->limits.silence;
    for (const struct hny_flow *flow = client->flows; flow && !may; flow = flow->next)
        may = flow->count > 0 && is_orphan(core, now, flow);
    return may;
}

static hny_status tick_request(struct hny_broker_core *core, uint64_t now, struct hny_request *request) {
    const struct hny_client *client = request->client;
    if (request->state == HNY_ANSWERED) return HNY_OK;
    if (now - client->heard >= core->limits.silence) return hny_request_drop(core, request);
    bool late = request->deadline && now >= request->deadline;
    bool orphan = request->state == HNY_WAITING && is_orphan(core, now, request->flow);
    if (!late && !orphan) return HNY_OK;
    if (request->state == HNY_WORKING) HNY_TRY(hny_worker_abandon(core, request));
    return hny_request_answer(core, now, request, late ? HNY_REFUSED_DEADLINE : HNY_REFUSED_MODEL, NULL);
}

hny_status hny_clients_tick(struct hny_broker_core *core, uint64_t now) {
    struct hny_client *client = NULL, *next_client = NULL;
    struct hny_request *request = NULL, *next = NULL;
    HNY_TRY(forget_old_answers(core, now));
    HASH_ITER(hh, core->clients, client, next_client) {
        if (may_be_over(core, now, client)) {
            HASH_ITER(hh, client->requests, request, next)
            HNY_TRY(tick_request(core, now, request));
        }
        if (!client->requests && now - client->heard >= core->limits.remember) free_client(core, client);
    }
    return HNY_OK;
}

void hny_clients_free(struct hny_broker_core *core) {
    struct hny_client *client = NULL, *next_client = NULL;
    struct hny_request *request = NULL, *next = NULL;
    HASH_ITER(hh, core->clients, client, next_client) {
        HASH_ITER(hh, client->requests, request, next) {
            hny_payload_drop(&request->payload);
            HASH_DEL(client->requests, request);
            free(request);
        }
        free_client(core, client);
    }
}
