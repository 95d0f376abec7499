/* Broker, workers and clients in a world of faults: messages are lost, doubled, late and out of order; anyone
 * crashes, stands still or comes back; links are cut; the broker's clock leaps; texts kill whoever translates
 * them; links to workers carry so many bytes a second. After a time of faults all heals. Checked throughout:
 * a request is answered once, with its own translation or a refusal that has a reason; in the end every
 * request of a living client is answered; what kills workers is set aside. In some worlds nothing goes wrong
 * but that links are slow and texts long: there nothing is handed out again. A seed decides everything, so a
 * failure is seen again by its seed.
 *
 *     simulate [--seeds N] [--first SEED] [--requests N] [--breach twice|swap|mute|impatient] */
#include "tests/simulate/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
