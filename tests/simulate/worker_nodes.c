/* Workers, and how they do their jobs. */
#include "tests/simulate/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void start_worker(struct world *world, unsigned index) {
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

void stop_worker(struct world *world, unsigned index) {
    end_worker(world, index);
    world->losses++;
}

void flush_worker(struct world *world, unsigned index) {
    struct worker *worker = &world->workers[index];
    struct hny_worker_action action;
    struct address self = {NODE_WORKER, index, worker->incarnation};
    while (worker->core && hny_worker_core_take(worker->core, &action)) {
        if (action.act == HNY_WORKER_SEND) {
            post(world, self, (struct address){NODE_BROKER, 0, 0}, &action.message);
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

void end_left(struct world *world, unsigned index) {
    struct worker *worker = &world->workers[index];
    if (worker->core && hny_worker_core_left(worker->core)) end_worker(world, index);
}

/* A text is "client incarnation number poison", behind what a first translation puts before it. */
static void read_text(const struct hny_payload *payload, unsigned *client, unsigned *incarnation,
                      unsigned long long *number, char *kind) {
    char text[64] = "";
    size_t size = payload->sentences[0].size < sizeof text ? payload->sentences[0].size : sizeof text - 1;
    memcpy(text, payload->sentences[0].data, size);
    const char *from =
        strncmp(text, TRANSLATED, sizeof TRANSLATED - 1) == 0 ? text + sizeof TRANSLATED - 1 : text;
    if (sscanf(from, "%u %u %llu %c", client, incarnation, number, kind) != 4) abort();
}

void finish_job(struct world *world, const struct event *event) {
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
        int size = snprintf(text, sizeof text, "%s%.*s", TRANSLATED, (int)job->payload->sentences[0].size,
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
