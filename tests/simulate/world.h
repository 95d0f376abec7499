/* A world of a broker, workers and clients, and what happens in it. */
#ifndef TESTS_SIMULATE_WORLD_H
#define TESTS_SIMULATE_WORLD_H

#include "pipeline/broker_core.h"
#include "pipeline/client_core.h"
#include "pipeline/worker_core.h"
#include "tests/simulate/events.h"

#define TRANSLATED "translated " /* what a translation puts before a text */

enum { MOST_WORKERS = 4, MOST_CLIENTS = 4, MOST_REQUESTS = 4096, MOST_JOBS = 512, TICK = 300 };
#define CALM 20000        /* ms after which the faults end */
#define THE_END 400000    /* ms by which all has to be answered, */
#define QUIET_END 1200000 /* also where long texts go over the slowest links, one after another */
#define SILENCE 90000     /* ms after which the broker has to have forgotten clients that died */

enum breach { NO_BREACH, BREACH_TWICE, BREACH_SWAP, BREACH_MUTE, BREACH_IMPATIENT };

/* What a client asked for, and how it came out. */
struct ask {
    unsigned answers;
    bool poison, cancelled, deadline, twice; /* by way of a third language */
    unsigned kills;
};

struct client {
    struct hny_client_core *core;
    unsigned incarnation;
    struct ask asks[MOST_REQUESTS];
    uint64_t last;
};

struct job {
    uint64_t number;
    struct hny_payload *payload;
};

struct worker {
    struct hny_worker_core *core; /* NULL: down */
    unsigned incarnation;
    bool stopped, stuck; /* the process; the engine alone */
    uint64_t until;      /* when it comes back */
    uint64_t steps;
    struct job jobs[MOST_JOBS];
    size_t job_count;
};

struct world {
    uint64_t chance, now, seed, leap;
    struct events events;
    struct hny_broker_core *broker; /* NULL: down */
    unsigned broker_incarnation;
    uint64_t broker_until;
    struct worker workers[MOST_WORKERS];
    struct client clients[MOST_CLIENTS];
    unsigned worker_count, client_count;
    unsigned loss, doubling, slow; /* in ten thousand */
    bool cut_worker[MOST_WORKERS], cut_client[MOST_CLIENTS];
    bool keyed;                  /* each other client has the same key */
    bool quiet;                  /* nothing fails in it: links to workers are slow, and keep the order */
    unsigned rate[MOST_WORKERS]; /* bytes a ms that a worker's link carries; 0: any number, in any order */
    uint64_t through[MOST_WORKERS][2]; /* when all is through that was sent from it, and to it */
    bool draining;                     /* the broker is to end */
    unsigned drains;
    unsigned losses; /* of workers: crashed, standing still, or cut off for a while; or of work for one */
    enum breach breach;
    size_t requests_left, asked, answered;
};

/* --- world.c --- */

/* Ends the simulation with WHAT, unless all is FINE. */
void demand(const struct world *world, bool fine, const char *what);
void expect(const struct world *world, hny_status status);

/* Whether their time has not ended. */
bool faults(const struct world *world);

void make_uuid(uint8_t *uuid, enum node_kind kind, unsigned index, unsigned incarnation);
void schedule_tick(struct world *world, struct address to);

/* Sends MESSAGE, whose payload's reference it takes over, as well as the network can at the time. */
void post(struct world *world, struct address from, struct address to, const struct hny_message *message);

/* --- broker_node.c --- */

struct hny_peer peer_of(const struct address *address);
void start_broker(struct world *world);
void flush_broker(struct world *world);

/* A broker that drains ends when nobody waits for anything from it, or its patience is over. */
void end_drained(struct world *world);

/* --- worker_nodes.c --- */

void start_worker(struct world *world, unsigned index);
void stop_worker(struct world *world, unsigned index);
void flush_worker(struct world *world, unsigned index);
void end_left(struct world *world, unsigned index); /* a worker that was asked to leave ends when it may */
void finish_job(struct world *world, const struct event *event);

/* --- client_nodes.c --- */

void start_client(struct world *world, unsigned index);
void flush_client(struct world *world, unsigned index);
void make_request(struct world *world, unsigned index);

/* --- faults.c --- */

void one_fault(struct world *world);
void heal(struct world *world); /* who was down may be up again */

#endif
