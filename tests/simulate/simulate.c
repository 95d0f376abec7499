/* Broker, workers and clients in a world of faults: messages are lost, doubled, late and out of order; anyone
 * crashes, stands still or comes back; links are cut; the broker's clock leaps; texts kill whoever translates
 * them; links to workers carry so many bytes a second. After a time of faults all heals. Checked throughout:
 * a request is answered once, with its own translation or a refusal that has a reason; in the end every
 * request of a living client is answered; what kills workers is set aside. In some worlds nothing goes wrong
 * but that links are slow and texts long: there nothing is handed out again. A seed decides everything, so a
 * failure is seen again by its seed.
 *
 *     simulate [--seeds N] [--first SEED] [--requests N] [--breach twice|swap|mute|impatient] */
#include "pipeline/broker_core.h"
#include "pipeline/client_core.h"
#include "pipeline/worker_core.h"
#include "tests/simulate/events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char prefix[] = "translated ";

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

static void demand(const struct world *world, bool fine, const char *what) {
    if (!fine) tell_breach(world->seed, world->now, what);
}

static void expect(const struct world *world, hny_status status) {
    demand(world, status == HNY_OK, hny_message());
}

static bool faults(const struct world *world) {
    return world->now < CALM && !world->quiet;
}

static void make_uuid(uint8_t *uuid, enum node_kind kind, unsigned index, unsigned incarnation) {
    memset(uuid, 0, 16);
    uuid[0] = (uint8_t)kind;
    uuid[1] = (uint8_t)index;
    memcpy(uuid + 4, &incarnation, sizeof incarnation);
}

/* --- The network ------------------------------------------------------------------------------------ */

static bool is_cut(const struct world *world, const struct address *address) {
    if (address->kind == NODE_WORKER) return world->cut_worker[address->index];
    return address->kind == NODE_CLIENT && world->cut_client[address->index];
}

/* ms that a message of so many BYTES more takes from or to a worker. */
static uint64_t carry(struct world *world, const struct address *from, const struct address *to,
                      size_t bytes) {
    enum { HEAD = 100 };
    bool down = to->kind == NODE_WORKER;
    unsigned worker = down ? to->index : from->index;
    bool any = !down && from->kind != NODE_WORKER;
    if (any || world->rate[worker] == 0) return 1 + chance_below(&world->chance, 20);
    uint64_t *through = &world->through[worker][down];
    if (*through < world->now) *through = world->now;
    *through += 1 + (HEAD + bytes) / world->rate[worker];
    return *through - world->now;
}

/* Takes over the payload's reference. */
static void send(struct world *world, struct address from, struct address to,
                 const struct hny_message *message) {
    struct event event = {.kind = EVENT_MESSAGE, .to = to, .from = from, .message = *message};
    bool bad = faults(world);
    unsigned copies = 1;
    if (world->breach == BREACH_IMPATIENT && message->command == HNY_BEAT) event.message.coming = 0;
    if (bad && (is_cut(world, &from) || is_cut(world, &to) || chance_of(&world->chance, world->loss)))
        copies = 0;
    if (copies && bad && chance_of(&world->chance, world->doubling)) copies = 2;
    for (unsigned i = 0; i < copies; i++) {
        bool slow = bad && chance_of(&world->chance, world->slow);
        event.time = world->now + carry(world, &from, &to, hny_payload_carried(message->payload)) +
                     (slow ? chance_below(&world->chance, 8000) : 0);
        hny_payload_keep(event.message.payload);
        events_put(&world->events, &event);
    }
    hny_payload_drop(&event.message.payload);
}

static struct hny_peer peer_of(const struct address *address) {
    struct hny_peer peer = {.size = sizeof *address};
    memcpy(peer.bytes, address, sizeof *address);
    return peer;
}

static void flush_broker(struct world *world) {
    struct hny_action action;
    struct address from = {NODE_BROKER, 0, world->broker_incarnation}, to;
    while (world->broker && hny_broker_core_take(world->broker, &action)) {
        memcpy(&to, action.peer.bytes, sizeof to);
        if (world->breach == BREACH_SWAP && action.message.command == HNY_TRANSLATED &&
            action.message.id.sequence > 1 && chance_of(&world->chance, 20))
            action.message.id.sequence--;
        if (world->breach == BREACH_MUTE && action.message.command == HNY_TRANSLATED &&
            action.message.id.sequence % 50 == 0) {
            hny_payload_drop(&action.message.payload);
            continue;
        }
        send(world, from, to, &action.message);
    }
}

/* --- Workers ---------------------------------------------------------------------------------------- */

static void schedule_tick(struct world *world, struct address to) {
    events_put(&world->events,
               &(struct event){.time = world->now + TICK, .kind = EVENT_TICK, .to = to, .from = to});
}

static void start_worker(struct world *world, unsigned index) {
    struct worker *worker = &world->workers[index];
    uint8_t uuid[16];
    static const struct hny_piece names[2][2] = {{{"en-ja", 5}, {"en-de", 5}}, {{"en-ja", 5}, {"ja-en", 5}}};
    worker->incarnation++;
    worker->stopped = worker->stuck = false;
    memset(world->through[index], 0, sizeof world->through[index]); /* it has another connection */
    make_uuid(uuid, NODE_WORKER, index, worker->incarnation);
    struct hny_payload *models = hny_payload_create((struct hny_piece){"", 0}, names[index % 2], 2);
    demand(world, models != NULL, "memory");
    expect(world, hny_worker_core_create(&worker->core, uuid, models, 200, 1000));
    hny_payload_drop(&models);
    schedule_tick(world, (struct address){NODE_WORKER, index, worker->incarnation});
}

static void end_worker(struct world *world, unsigned index) {
    struct worker *worker = &world->workers[index];
    for (size_t i = 0; i < worker->job_count; i++) hny_payload_drop(&worker->jobs[i].payload);
    worker->job_count = 0;
    hny_worker_core_destroy(&worker->core);
    worker->until = world->now + 200 + chance_below(&world->chance, 3000);
}

static void stop_worker(struct world *world, unsigned index) {
    end_worker(world, index);
    world->losses++;
}

static void flush_worker(struct world *world, unsigned index) {
    struct worker *worker = &world->workers[index];
    struct hny_worker_action action;
    struct address self = {NODE_WORKER, index, worker->incarnation};
    while (worker->core && hny_worker_core_take(worker->core, &action)) {
        if (action.act == HNY_WORKER_SEND) {
            send(world, self, (struct address){NODE_BROKER, 0, 0}, &action.message);
        } else if (action.act == HNY_WORKER_START) {
            demand(world, worker->job_count < MOST_JOBS, "a worker has too many jobs");
            worker->jobs[worker->job_count++] = (struct job){action.job, action.message.payload};
            events_put(&world->events,
                       &(struct event){.time = world->now + 20 + chance_below(&world->chance, 600),
                                       .kind = EVENT_JOB,
                                       .to = self,
                                       .job = action.job});
        } else {
            for (size_t i = 0; i < worker->job_count; i++)
                if (worker->jobs[i].number == action.job) {
                    hny_payload_drop(&worker->jobs[i].payload);
                    worker->jobs[i] = worker->jobs[--worker->job_count];
                }
        }
    }
}

/* A worker that was asked to leave ends when it may. */
static void end_left(struct world *world, unsigned index) {
    struct worker *worker = &world->workers[index];
    if (worker->core && hny_worker_core_left(worker->core)) end_worker(world, index);
}

/* A text is "client incarnation number poison", behind what a first translation puts before it. */
static void read_text(const struct hny_payload *payload, unsigned *client, unsigned *incarnation,
                      unsigned long long *number, char *kind) {
    char text[64] = "";
    size_t size = payload->sentences[0].size < sizeof text ? payload->sentences[0].size : sizeof text - 1;
    memcpy(text, payload->sentences[0].data, size);
    const char *from = strncmp(text, prefix, sizeof prefix - 1) == 0 ? text + sizeof prefix - 1 : text;
    if (sscanf(from, "%u %u %llu %c", client, incarnation, number, kind) != 4) abort();
}

static void finish_job(struct world *world, const struct event *event) {
    struct worker *worker = &world->workers[event->to.index];
    if (!worker->core || worker->incarnation != event->to.incarnation) return;
    if (worker->stopped || worker->stuck) { /* later, when it moves again */
        struct event again = *event;
        again.time = world->now + 200;
        events_put(&world->events, &again);
        return;
    }
    for (size_t i = 0; i < worker->job_count; i++) {
        struct job *job = &worker->jobs[i];
        if (job->number != event->job) continue;
        unsigned client, incarnation;
        unsigned long long number;
        char kind, text[80];
        read_text(job->payload, &client, &incarnation, &number, &kind);
        if (kind == 'p') {
            if (world->clients[client].incarnation == incarnation)
                world->clients[client].asks[number].kills++;
            stop_worker(world, event->to.index);
            return;
        }
        int size = snprintf(text, sizeof text, "%s%.*s", prefix, (int)job->payload->sentences[0].size,
                            job->payload->sentences[0].data);
        struct hny_payload *done =
            hny_payload_create((struct hny_piece){"", 0}, &(struct hny_piece){text, (size_t)size}, 1);
        demand(world, done != NULL, "memory");
        done->bytes = job->payload->bytes;
        expect(world, hny_worker_core_done(worker->core, job->number, HNY_NOT_REFUSED, done));
        hny_payload_drop(&done);
        hny_payload_drop(&job->payload);
        *job = worker->jobs[--worker->job_count];
        break;
    }
    flush_worker(world, event->to.index);
}

/* --- Clients ---------------------------------------------------------------------------------------- */

static void start_client(struct world *world, unsigned index) {
    struct client *client = &world->clients[index];
    uint8_t uuid[16];
    client->incarnation++;
    client->last = 0;
    memset(client->asks, 0, sizeof client->asks);
    make_uuid(uuid, NODE_CLIENT, index, client->incarnation);
    expect(world, hny_client_core_create(&client->core, uuid, NULL));
    schedule_tick(world, (struct address){NODE_CLIENT, index, client->incarnation});
}

static void check_answer(struct world *world, unsigned index, const struct hny_message *message) {
    struct client *client = &world->clients[index];
    uint64_t number = message->id.sequence;
    demand(world, number > 0 && number <= client->last, "an answer to nothing");
    struct ask *ask = &client->asks[number];
    demand(world, ++ask->answers == 1, "a second answer");
    world->answered++;
    if (message->command == HNY_TRANSLATED) {
        char text[80];
        int size = snprintf(text, sizeof text, "%s%s%u %u %llu %c", ask->twice ? prefix : "", prefix, index,
                            client->incarnation, (unsigned long long)number, ask->poison ? 'p' : 'n');
        demand(world,
               message->payload && message->payload->count == 1 &&
                   message->payload->sentences[0].size == (size_t)size &&
                   memcmp(message->payload->sentences[0].data, text, (size_t)size) == 0,
               "another's text");
        return;
    }
    switch (message->refusal) {
    case HNY_REFUSED_DEADLINE:
        demand(world, ask->deadline, "a deadline that nobody set");
        break;
    case HNY_REFUSED_CANCELLED:
        demand(world, ask->cancelled, "cancelled, though nobody asked");
        break;
    case HNY_REFUSED_POISON:
        demand(world, ask->poison || world->losses >= 3, "poison, though no worker was lost");
        break;
    case HNY_REFUSED_LEAVING:
        demand(world, world->drains > 0, "the broker ends, though nobody asked it to");
        break;
    case HNY_REFUSED_MODEL:
    case HNY_REFUSED_BUSY:
        break;
    default:
        demand(world, false, "a refusal without reason");
    }
}

static void flush_client(struct world *world, unsigned index) {
    struct client *client = &world->clients[index];
    struct hny_client_action action;
    struct address self = {NODE_CLIENT, index, client->incarnation};
    while (hny_client_core_take(client->core, &action)) {
        if (!action.answer) {
            send(world, self, (struct address){NODE_BROKER, 0, 0}, &action.message);
            continue;
        }
        check_answer(world, index, &action.message);
        if (world->breach == BREACH_TWICE && chance_of(&world->chance, 20))
            check_answer(world, index, &action.message);
        hny_payload_drop(&action.message.payload);
    }
}

static void make_request(struct world *world, unsigned index) {
    struct client *client = &world->clients[index];
    if (client->last + 1 >= MOST_REQUESTS) return;
    struct ask *ask = &client->asks[client->last + 1];
    char text[64];
    *ask = (struct ask){.poison = !world->quiet && chance_of(&world->chance, 60),
                        .deadline = chance_of(&world->chance, 500),
                        .twice = chance_of(&world->chance, 1000)};
    int size = snprintf(text, sizeof text, "%u %u %llu %c", index, client->incarnation,
                        (unsigned long long)client->last + 1, ask->poison ? 'p' : 'n');
    struct hny_payload *payload =
        hny_payload_create((struct hny_piece){"", 0}, &(struct hny_piece){text, (size_t)size}, 1);
    demand(world, payload != NULL, "memory");
    static const char *const routes[] = {"", "en-ja", "en-de", "ja-en"};
    snprintf(payload->wants.model, sizeof payload->wants.model, "%s",
             routes[chance_below(&world->chance, 4)]);
    if (ask->twice) {
        strcpy(payload->wants.model, "en-ja");
        strcpy(payload->wants.then, "ja-en");
    }
    /* As if it were so long: its length is all that anybody looks at. */
    if (chance_of(&world->chance, world->quiet ? 1000 : 300))
        payload->bytes = chance_below(&world->chance, HNY_REQUEST_BYTES);
    payload->wants.deadline = ask->deadline ? 1 + (uint32_t)chance_below(&world->chance, 5000) : 0;
    payload->wants.priority = (uint8_t)chance_below(&world->chance, 10);
    uint64_t number;
    expect(world, hny_client_core_translate(client->core, world->now, payload, &number));
    demand(world, number == ++client->last, "numbers out of order");
    hny_payload_drop(&payload);
    world->asked++;
    if (chance_of(&world->chance, 300)) {
        uint64_t which = 1 + chance_below(&world->chance, client->last);
        client->asks[which].cancelled = true;
        expect(world, hny_client_core_cancel(client->core, world->now, which));
    }
    flush_client(world, index);
}

/* --- The broker and faults -------------------------------------------------------------------------- */

static void start_broker(struct world *world) {
    struct hny_broker_limits limits;
    hny_broker_limits_defaults(&limits);
    limits.waiting = 64;
    world->broker_incarnation++;
    world->draining = false;
    expect(world, hny_broker_core_create(&world->broker, &limits, (uint32_t)chance_number(&world->chance)));
    schedule_tick(world, (struct address){NODE_BROKER, 0, world->broker_incarnation});
}

static void one_fault(struct world *world) {
    unsigned w = (unsigned)chance_below(&world->chance, world->worker_count);
    unsigned c = (unsigned)chance_below(&world->chance, world->client_count);
    struct worker *worker = &world->workers[w];
    switch (chance_below(&world->chance, 11)) {
    case 0:
        if (worker->core) stop_worker(world, w);
        break;
    case 1:
        worker->stopped = true;
        world->losses++;
        worker->until = world->now + chance_below(&world->chance, 9000);
        break;
    case 2:
        worker->stuck = true;
        world->losses++;
        worker->until = world->now + chance_below(&world->chance, 9000);
        break;
    case 3:
        if (!world->broker || !chance_of(&world->chance, 3000)) break;
        hny_broker_core_destroy(&world->broker);
        world->broker_until = world->now + chance_below(&world->chance, 4000);
        break;
    case 4:
        if (!chance_of(&world->chance, 2000)) break;
        for (uint64_t n = 1; n <= world->clients[c].last; n++) /* nobody waits for them any more */
            if (!world->clients[c].asks[n].answers) world->answered++;
        hny_client_core_destroy(&world->clients[c].core);
        start_client(world, c);
        break;
    case 5:
        world->cut_worker[w] = !world->cut_worker[w];
        world->losses++;
        break;
    case 6:
        world->cut_client[c] = !world->cut_client[c];
        break;
    case 7:
        if (!worker->core) break;
        hny_worker_core_leave(worker->core);
        end_left(world, w);
        break;
    case 8:
        if (!world->broker || !chance_of(&world->chance, 3000)) break;
        hny_broker_core_drain(world->broker);
        world->draining = true;
        world->drains++;
        world->broker_until = world->now + 20000;
        break;
    case 9:
        world->leap += chance_below(&world->chance, 30000);
        break;
    default:
        world->loss = (unsigned)chance_below(&world->chance, 2000);
        world->doubling = (unsigned)chance_below(&world->chance, 2000);
        world->slow = (unsigned)chance_below(&world->chance, 2000);
        world->losses++;
    }
}

/* A broker that drains ends when nobody waits for anything from it, or its patience is over. */
static void end_drained(struct world *world) {
    if (!world->draining || !world->broker) return;
    if (!hny_broker_core_drained(world->broker) && world->now < world->broker_until) return;
    expect(world, hny_broker_core_part(world->broker));
    flush_broker(world);
    hny_broker_core_destroy(&world->broker);
    world->broker_until = world->now + chance_below(&world->chance, 2000);
}

static void heal(struct world *world) {
    end_drained(world);
    if (!world->broker && (world->now >= world->broker_until || !faults(world))) start_broker(world);
    for (unsigned w = 0; w < world->worker_count; w++) {
        struct worker *worker = &world->workers[w];
        if (world->now < worker->until && faults(world)) continue;
        worker->stopped = worker->stuck = false;
        if (!worker->core && world->now >= worker->until) start_worker(world, w);
    }
}

/* --- Running ---------------------------------------------------------------------------------------- */

static void deliver(struct world *world, struct event *event) {
    const struct address *to = &event->to;
    if (to->kind == NODE_BROKER && world->broker) {
        struct hny_peer peer = peer_of(&event->from);
        uint64_t now = world->now + world->leap;
        static const uint8_t keys[2][HNY_KEY_SIZE] = {{1}, {2}};
        const uint8_t *key = world->keyed ? keys[event->from.index % 2] : NULL;
        expect(world, event->from.kind == NODE_WORKER
                          ? hny_broker_core_worker(world->broker, now, &peer, &event->message)
                          : hny_broker_core_client(world->broker, now, &peer, key, &event->message));
        flush_broker(world);
    } else if (to->kind == NODE_WORKER) {
        struct worker *worker = &world->workers[to->index];
        if (worker->core && worker->incarnation == to->incarnation && !worker->stopped) {
            if (event->message.command == HNY_WORK && !hny_worker_core_joined(worker->core))
                world->losses++; /* it has overtaken the welcome, and is lost */
            expect(world, hny_worker_core_message(worker->core, world->now, &event->message));
            flush_worker(world, to->index);
            end_left(world, to->index);
        }
    } else if (to->kind == NODE_CLIENT && world->clients[to->index].incarnation == to->incarnation) {
        expect(world, hny_client_core_message(world->clients[to->index].core, world->now, &event->message));
        flush_client(world, to->index);
    }
    hny_payload_drop(&event->message.payload);
}

static void tick(struct world *world, const struct address *to) {
    if (to->kind == NODE_BROKER) {
        if (!world->broker || world->broker_incarnation != to->incarnation) return;
        expect(world, hny_broker_core_tick(world->broker, world->now + world->leap));
        flush_broker(world);
    } else if (to->kind == NODE_WORKER) {
        struct worker *worker = &world->workers[to->index];
        if (!worker->core || worker->incarnation != to->incarnation) return;
        if (!worker->stopped) {
            if (worker->job_count > 0 && !worker->stuck) worker->steps++;
            expect(world, hny_worker_core_tick(worker->core, world->now, worker->steps));
            flush_worker(world, to->index);
            end_left(world, to->index);
        }
    } else {
        if (world->clients[to->index].incarnation != to->incarnation) return;
        expect(world, hny_client_core_tick(world->clients[to->index].core, world->now));
        flush_client(world, to->index);
    }
    schedule_tick(world, *to);
}

static void happen(struct world *world, struct event *event) {
    switch (event->kind) {
    case EVENT_MESSAGE:
        deliver(world, event);
        break;
    case EVENT_TICK:
        tick(world, &event->to);
        break;
    case EVENT_JOB:
        finish_job(world, event);
        break;
    case EVENT_REQUEST:
        make_request(world, (unsigned)chance_below(&world->chance, world->client_count));
        if (--world->requests_left > 0) {
            event->time = world->now + chance_below(&world->chance, 2 * CALM / 120);
            events_put(&world->events, event);
        }
        break;
    case EVENT_FAULT:
        if (faults(world)) one_fault(world);
        heal(world);
        event->time = world->now + chance_below(&world->chance, 1000);
        events_put(&world->events, event);
        break;
    }
}

static void check_end(struct world *world) {
    struct hny_broker_counts counts;
    for (unsigned c = 0; c < world->client_count; c++) {
        const struct client *client = &world->clients[c];
        demand(world, hny_client_core_pending(client->core) == 0, "a request without an answer");
        for (uint64_t n = 1; n <= client->last; n++) {
            demand(world, client->asks[n].answers == 1, "a request that was forgotten");
            demand(world, client->asks[n].kills <= 3 * world->broker_incarnation, "poison killed too many");
        }
    }
    hny_broker_core_count(world->broker, &counts);
    demand(world, !world->quiet || counts.handed_out_again == 0, "a worker behind a slow link was given up");
    demand(world, counts.waiting == 0 && counts.working == 0, "the broker holds work that nobody waits for");
}

static bool over(const struct world *world) {
    return world->now > CALM && world->requests_left == 0 && world->answered == world->asked && world->broker;
}

static size_t run(struct world *world, uint64_t seed, size_t requests, enum breach breach) {
    struct event event;
    memset(world, 0, sizeof *world);
    world->seed = world->chance = seed;
    world->breach = breach;
    world->requests_left = requests;
    world->worker_count = 1 + (unsigned)chance_below(&world->chance, MOST_WORKERS);
    world->client_count = 1 + (unsigned)chance_below(&world->chance, MOST_CLIENTS);
    world->quiet = chance_of(&world->chance, 1500);
    world->keyed = chance_of(&world->chance, 5000);
    static const unsigned rates[] = {HNY_FLOOR_RATE, 100, 300, 10000};
    for (unsigned w = 0; w < world->worker_count; w++)
        if (world->quiet || chance_of(&world->chance, 2000))
            world->rate[w] = rates[chance_below(&world->chance, sizeof rates / sizeof *rates)];
    start_broker(world);
    for (unsigned w = 0; w < world->worker_count; w++) start_worker(world, w);
    for (unsigned c = 0; c < world->client_count; c++) start_client(world, c);
    events_put(&world->events, &(struct event){.time = 100, .kind = EVENT_REQUEST});
    events_put(&world->events, &(struct event){.time = 500, .kind = EVENT_FAULT});
    uint64_t quiet = 0; /* when everything was answered */
    while (events_take(&world->events, &event)) {
        world->now = event.time;
        happen(world, &event);
        if (!over(world)) {
            demand(world, world->now < (world->quiet ? QUIET_END : THE_END), "requests are not answered");
            quiet = 0;
        } else if (!quiet) {
            quiet = world->now;
        } else if (world->now > quiet + SILENCE) { /* stragglers have come, and the dead are forgotten */
            break;
        }
    }
    check_end(world);
    events_free(&world->events);
    free(world->events.heap);
    hny_broker_core_destroy(&world->broker);
    for (unsigned w = 0; w < world->worker_count; w++)
        if (world->workers[w].core) stop_worker(world, w);
    for (unsigned c = 0; c < world->client_count; c++) hny_client_core_destroy(&world->clients[c].core);
    return world->asked;
}

int main(int count, char **arguments) {
    unsigned long long seeds = 2000, first = 1, requests = 120, asked = 0;
    enum breach breach = NO_BREACH;
    static const char *const breaches[] = {"none", "twice", "swap", "mute", "impatient"};
    for (int i = 1; i + 1 < count; i += 2) {
        if (strcmp(arguments[i], "--seeds") == 0) seeds = strtoull(arguments[i + 1], NULL, 10);
        if (strcmp(arguments[i], "--first") == 0) first = strtoull(arguments[i + 1], NULL, 10);
        if (strcmp(arguments[i], "--requests") == 0) requests = strtoull(arguments[i + 1], NULL, 10);
        for (int b = 0; b < 5 && strcmp(arguments[i], "--breach") == 0; b++)
            if (strcmp(arguments[i + 1], breaches[b]) == 0) breach = (enum breach)b;
    }
    struct world *world = malloc(sizeof *world);
    if (!world || seeds == 0 || requests == 0) return 2;
    for (unsigned long long seed = first; seed < first + seeds; seed++)
        asked += run(world, seed, requests, breach);
    printf("%llu requests over %llu seeds without a breach\n", asked, seeds);
    free(world);
    return 0;
}
