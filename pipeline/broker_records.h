/* What the broker knows: the records of pipeline/broker_*.c, and how they hang together. */
#ifndef HNY_PIPELINE_BROKER_RECORDS_H
#define HNY_PIPELINE_BROKER_RECORDS_H

#include "pipeline/broker_core.h"
#include "pipeline/histogram.h"
#include <uthash.h>

enum { HNY_PRIORITIES = 10, HNY_ROUTES_A_WORKER = 16 };

struct hny_list_node {
    struct hny_list_node *before, *behind;
};

enum hny_request_state { HNY_WAITING, HNY_WORKING, HNY_ANSWERED };

/* A request that has been accepted, until its answer is forgotten. */
struct hny_request {
    struct hny_list_node node; /* in its flow's queue, its worker's jobs, or the core's answers */
    UT_hash_handle hh;         /* by sequence, among its client's */
    uint64_t sequence;
    struct hny_client *client;
    struct hny_flow *flow; /* while it waits or is worked on */
    enum hny_request_state state;
    struct hny_payload *payload; /* the sentences, then the answer */
    enum hny_refusal refusal;    /* of the answer */
    bool together;               /* its sentences came so, and its translations go so */
    uint64_t deadline;           /* 0: none */
    uint64_t answered;           /* when */
    uint64_t accepted;           /* when */
    unsigned killed;             /* workers lost with it */
    struct hny_worker *worker;
    uint64_t job;
};

/* A client's requests for one route, by priority; as long as there is one that waits or is worked on. */
struct hny_flow {
    struct hny_list_node node; /* in its lane's ring, while something waits */
    struct hny_client *client;
    struct hny_route *route;
    struct hny_lane *lane;
    struct hny_list_node waiting[HNY_PRIORITIES];
    size_t count;          /* of those that wait */
    size_t requests;       /* or are worked on */
    size_t deficit;        /* bytes that it may still have handed out in its turn */
    struct hny_flow *next; /* of its client */
};

/* The flows of all clients with one key for one route, or one flow of a client without: those who have a turn
 * together. As long as it has a flow. */
struct hny_lane {
    struct hny_list_node node; /* in its route's ring, while something waits */
    struct hny_route *route;
    struct hny_share *share;   /* NULL: of a client without a key */
    struct hny_list_node ring; /* flows with something waiting, in turn */
    size_t flows;
    size_t deficit;        /* as a flow's */
    struct hny_lane *next; /* of its share */
};

/* What the clients with one key have together: whoever has it can be as many as he likes. */
struct hny_share {
    UT_hash_handle hh;
    uint8_t key[HNY_KEY_SIZE];
    size_t clients, bytes;
    struct hny_lane *lanes;
};

struct hny_client {
    UT_hash_handle hh;
    uint8_t uuid[16];
    struct hny_share *share; /* NULL: it has no key */
    struct hny_peer peer;    /* where it was last heard */
    uint64_t heard;
    uint64_t received; /* answers up to this one are forgotten */
    struct hny_request *requests;
    size_t waiting, answers; /* waiting: or worked on */
    size_t timed;            /* of those that wait or are worked on: with a deadline */
    size_t bytes;            /* of all of them, and of the flows */
    struct hny_flow *flows;
};

/* A model or pair that workers have. */
struct hny_route {
    UT_hash_handle hh;
    char name[HNY_ROUTE_NAME];
    size_t workers, flows;
    bool expected;             /* it was named when the broker began: never forgotten */
    uint64_t empty_since;      /* where workers is 0 */
    struct hny_list_node ring; /* lanes with something waiting, in turn */
};

struct hny_worker {
    UT_hash_handle hh;
    uint8_t uuid[16];
    struct hny_peer peer;
    struct hny_route *routes[HNY_ROUTES_A_WORKER + 1];
    size_t route_count;
    size_t next_route;         /* whose turn it is */
    uint64_t round;            /* of handing out, in which it gets no more */
    size_t credit, used;       /* bytes */
    struct hny_list_node jobs; /* in rising order of their numbers */
    size_t job_count;
    uint32_t session;
    uint64_t begun; /* how many times, as its READY said */
    uint64_t last_job;
    uint64_t heard, beat_sent; /* the last word; later than now where a long one is on its way */
    uint64_t steps, moved;     /* its counter, and when it last stood otherwise or nothing was held */
    uint64_t received,
        received_at;      /* the highest job that has reached it, and when all had, or one more was sent */
    size_t dropped;       /* bytes of jobs that were abandoned and may still be on their way */
    uint64_t dropped_job; /* the last of them */
    bool alone;           /* with a request that has cost a worker */
    bool leaving;
};

struct hny_broker_core {
    struct hny_broker_limits limits;
    struct hny_client *clients;
    struct hny_share *shares;
    struct hny_worker *workers;
    struct hny_route *routes;
    char main_model[HNY_ROUTE_NAME]; /* of requests that name none, whose route is "": the first ever offered
                                      */
    uint64_t started;                /* when it was first told of anything */
    struct hny_list_node answers;    /* requests that are answered, oldest first */
    struct hny_broker_counts counts;
    struct hny_histogram times; /* from a request's acceptance to its translation, ms */
    bool draining;
    uint64_t last_tick;
    uint64_t swept;   /* when room was last made for new clients */
    uint64_t round;   /* of handing out */
    uint32_t session; /* the last that was opened */

    struct hny_action *actions; /* a ring: [first, first + action_count) */
    size_t first_action, action_count, action_capacity;
};

#define HNY_OF_NODE(type, pointer) ((type *)(void *)((char *)(pointer)-offsetof(type, node)))

static inline void hny_list_empty(struct hny_list_node *list) {
    list->before = list->behind = list;
}
static inline bool hny_list_is_empty(const struct hny_list_node *list) {
    return list->behind == list;
}
/* Puts NODE before PLACE: at the end of a list, where PLACE is the list. */
static inline void hny_list_put(struct hny_list_node *place, struct hny_list_node *node) {
    node->before = place->before;
    node->behind = place;
    place->before->behind = node;
    place->before = node;
}
static inline void hny_list_remove(struct hny_list_node *node) {
    node->before->behind = node->behind;
    node->behind->before = node->before;
    node->before = node->behind = node;
}

/* --- pipeline/broker_core.c --- */

void hny_broker_begin(struct hny_broker_core *core,
                      uint64_t now); /* notes when it was first told of anything */

/* Appends an action; PAYLOAD gets a reference of its own. */
hny_status hny_broker_say(struct hny_broker_core *core, bool to_worker, const struct hny_peer *peer,
                          const struct hny_message *message);

/* --- pipeline/broker_requests.c --- */

/* Makes a request of CLIENT of MESSAGE, which has a payload, for ROUTE: it waits. The client is told. */
hny_status hny_request_accept(struct hny_broker_core *core, uint64_t now, struct hny_client *client,
                              struct hny_route *route, const struct hny_message *message);

/* Tells REQUEST's client that it is accepted, or its answer. */
hny_status hny_request_tell(struct hny_broker_core *core, const struct hny_request *request);

/* REQUEST, which waits or is worked on, has its terminal answer: PAYLOAD (a reference is taken) or a REFUSAL.
 * The client is told. */
hny_status hny_request_answer(struct hny_broker_core *core, uint64_t now, struct hny_request *request,
                              enum hny_refusal refusal, struct hny_payload *payload);

/* REQUEST, which is worked on, goes by way of a third language, and this is its TRANSLATION into that: it
 * waits again, for the second model. */
hny_status hny_request_pass_on(struct hny_broker_core *core, uint64_t now, struct hny_request *request,
                               const struct hny_payload *translation);

/* Back among those that wait, FIRST or last of its priority. */
void hny_request_wait(struct hny_broker_core *core, struct hny_request *request, bool first);

/* Takes REQUEST out of its queue or its worker's jobs: it hangs nowhere then. */
void hny_request_unhook(struct hny_broker_core *core, struct hny_request *request);

/* Forgets a request that nobody asks for any more, whatever its state; its worker is told. */
hny_status hny_request_drop(struct hny_broker_core *core, struct hny_request *request);

/* Those of CLIENT, whose requests are gone. */
void hny_flows_free(struct hny_broker_core *core, struct hny_client *client);

/* --- pipeline/broker_clients.c --- */

hny_status hny_clients_tick(struct hny_broker_core *core, uint64_t now);
void hny_clients_free(struct hny_broker_core *core);

/* --- pipeline/broker_turns.c --- */

/* FLOW, whose client and route are set, gets its lane, or leaves it. A failed _join changes nothing. */
hny_status hny_lane_join(struct hny_flow *flow);
void hny_lane_leave(struct hny_flow *flow);

/* Something of FLOW waits now, and nothing did; or nothing waits any more. */
void hny_turns_enter(struct hny_flow *flow);
void hny_turns_leave(struct hny_flow *flow);

struct hny_flow *hny_turn_of(const struct hny_route *route); /* whose turn it is; NULL: nothing waits */

/* Whether FLOW, whose turn it is, may have handed out what COSTs so many bytes: they are taken off. False:
 * the turn has gone on, perhaps to FLOW again, which may have more the next time. */
bool hny_turn_pays(struct hny_flow *flow, size_t cost);

size_t hny_turns_waiting(const struct hny_route *route); /* requests */

/* --- pipeline/broker_report.c --- */

/* What hny_broker_core_report gives, as a payload. NULL with a message: out of memory. */
struct hny_payload *hny_broker_state(const struct hny_broker_core *core, uint64_t now);

/* --- pipeline/broker_routes.c --- */

/* *ROUTE of NAME ("" for the first ever). NULL where no worker has had it lately; a new broker takes any
 * name, since its workers may be on their way. */
hny_status hny_route_find(struct hny_broker_core *core, uint64_t now, const char *name,
                          struct hny_route **route);

/* WORKER, which must have fewer than HNY_ROUTES_A_WORKER, has NAME, too. */
hny_status hny_route_offer(struct hny_broker_core *core, uint64_t now, struct hny_worker *worker,
                           const char *name);

/* WORKER has none any more. */
void hny_routes_leave(struct hny_worker *worker, uint64_t now);

void hny_routes_tick(struct hny_broker_core *core, uint64_t now);
void hny_routes_free(struct hny_broker_core *core); /* when clients and workers are gone */

/* --- pipeline/broker_feed.c --- */

/* Hands out what waits, as far as workers have credit. */
hny_status hny_workers_feed(struct hny_broker_core *core, uint64_t now);

/* --- pipeline/broker_workers.c --- */

/* Says COMMAND to WORKER. */
hny_status hny_worker_tell(struct hny_broker_core *core, const struct hny_worker *worker,
                           enum hny_verb command, uint64_t job, struct hny_payload *payload);

/* Tells the worker of REQUEST, which is worked on, that nobody wants it any more. */
hny_status hny_worker_abandon(struct hny_broker_core *core, struct hny_request *request);

/* Tells them that the broker ends. */
hny_status hny_workers_part(struct hny_broker_core *core);

hny_status hny_workers_tick(struct hny_broker_core *core, uint64_t now);
void hny_workers_free(struct hny_broker_core *core);

#endif
