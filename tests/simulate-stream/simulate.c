/* A source, stages and a sink in a world of faults: messages are lost, doubled, late and out of order; any
 * process crashes and comes back without its memory, with what source and sink had stored; of what a sink had
 * written and not stored a part is lost, and what is kept may break off anywhere. After a time of faults all
 * heals. The input grows behind its end, and the stream goes on. Checked throughout: what is stored is the
 * beginning of the right output, to the byte; in the end it is whole. Where source or sink keep no position:
 * no line comes twice, or none is lost. A seed decides everything, so a failure is seen again by its seed.
 *
 *     simulate-stream [--seeds N] [--first SEED] [--lines N] [--breach early|seen|torn|ahead] */
#include "tests/simulate-stream/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const breaches[BREACHES] = {"none", "early", "seen", "torn", "ahead"};

static void tick(struct world *world, const struct address *to) {
    struct stage *stage = &world->stages[to->index];
    if (!stage->core || stage->incarnation != to->incarnation) return;
    expect(world, hny_stream_core_tick(stage->core, world->now));
    flush_stage(world, to->index);
    if (is_sink(world, to->index) && chance_of(&world->chance, 3000) && store_sink(world, stage->core)) {
        stop_stage(world, to->index);
        return;
    }
    if (is_source(to->index)) skip_stored(world, stage->core);
    if (is_source(to->index) && chance_of(&world->chance, 1000)) store_source(world, stage->core);
    flush_stage(world, to->index);
    if (hny_stream_core_finished(stage->core)) {
        if (is_source(to->index)) {
            finish_source(world);
            return;
        }
        demand(world, is_end(world, hny_stream_core_base(stage->core)), "a stage ends before the stream");
        expect(world, hny_stream_core_close(stage->core));
        flush_stage(world, to->index);
        stop_stage(world, to->index);
        return;
    }
    events_put(&world->events, &(struct event){.time = world->now + TICK, .kind = EVENT_TICK, .to = *to});
}

static void one_fault(struct world *world) {
    unsigned index = (unsigned)chance_below(&world->chance, world->count);
    switch (chance_below(&world->chance, 6)) {
    case 0:
    case 1:
    case 2:
        if (world->stages[index].core) stop_stage(world, index);
        break;
    case 3:
        world->cut[index] = !world->cut[index];
        break;
    default:
        world->loss = (unsigned)chance_below(&world->chance, 2000);
        world->doubling = (unsigned)chance_below(&world->chance, 2000);
        world->slow = (unsigned)chance_below(&world->chance, 2000);
    }
}

static void happen(struct world *world, struct event *event) {
    struct stage *stage = &world->stages[event->to.index];
    switch (event->kind) {
    case EVENT_MESSAGE:
        if (stage->core) {
            expect(world, hny_stream_core_message(stage->core, world->now, event->note));
            flush_stage(world, event->to.index);
        }
        drop_note(event);
        break;
    case EVENT_TICK:
        tick(world, &event->to);
        break;
    case EVENT_JOB:
        finish_work(world, event);
        break;
    case EVENT_REQUEST:
        read_source(world);
        event->time = world->now + chance_below(&world->chance, 500);
        events_put(&world->events, event);
        break;
    case EVENT_FAULT:
        if (faults(world)) one_fault(world);
        for (unsigned i = 0; i < world->count; i++)
            if (!world->stages[i].core && (world->now >= world->stages[i].until || !faults(world)))
                start_stage(world, i);
        event->time = world->now + chance_below(&world->chance, 600);
        events_put(&world->events, event);
        break;
    }
}

static void make_world(struct world *world, uint64_t seed, size_t lines, enum breach breach) {
    memset(world, 0, sizeof *world);
    world->seed = world->chance = seed;
    world->breach = breach;
    world->count = 1 + (unsigned)chance_below(&world->chance, MOST_STAGES);
    if (breach == BREACH_EARLY && world->count == 1) world->count = 3;
    world->source_forgets = !breach && chance_of(&world->chance, 1500);
    world->sink_forgets = !breach && !world->source_forgets && chance_of(&world->chance, 1500);
    world->unordered = chance_of(&world->chance, 3000);
    world->records = 1 + chance_below(&world->chance, chance_of(&world->chance, 5000) ? 10 : 100);
    world->bytes = chance_of(&world->chance, 5000) ? 1000000 : 20 + chance_below(&world->chance, 500);
    world->lines = lines / 2 + chance_below(&world->chance, lines);
    world->there = world->lines / 2 + chance_below(&world->chance, world->lines / 2);
}

static size_t run(struct world *world, uint64_t seed, size_t lines, enum breach breach) {
    struct event event;
    make_world(world, seed, lines, breach);
    for (unsigned i = 0; i < world->count; i++) start_stage(world, i);
    events_put(&world->events, &(struct event){.time = 10, .kind = EVENT_REQUEST});
    events_put(&world->events, &(struct event){.time = 500, .kind = EVENT_FAULT});
    while (!world->over && events_take(&world->events, &event)) {
        world->now = event.time;
        demand(world, world->now < 2 * CALM + A_LINE * world->lines, "the stream stands still");
        happen(world, &event);
    }
    while (events_take(&world->events, &event)) {
        drop_note(&event);
        hny_payload_drop(&event.message.payload);
    }
    free(world->events.heap);
    for (unsigned i = 0; i < world->count; i++) hny_stream_core_destroy(&world->stages[i].core);
    hny_buffer_free(&world->sink.file);
    return world->lines;
}

int main(int count, char **arguments) {
    unsigned long long seeds = 2500, first = 1, lines = 150, given = 0;
    enum breach breach = NO_BREACH;
    for (int i = 1; i + 1 < count; i += 2) {
        if (strcmp(arguments[i], "--seeds") == 0) seeds = strtoull(arguments[i + 1], NULL, 10);
        if (strcmp(arguments[i], "--first") == 0) first = strtoull(arguments[i + 1], NULL, 10);
        if (strcmp(arguments[i], "--lines") == 0) lines = strtoull(arguments[i + 1], NULL, 10);
        for (int b = 0; b < BREACHES && strcmp(arguments[i], "--breach") == 0; b++)
            if (strcmp(arguments[i + 1], breaches[b]) == 0) breach = (enum breach)b;
    }
    struct world *world = malloc(sizeof *world);
    if (!world || seeds == 0 || lines < 4 || lines > MOST_LINES / 2) return 2;
    for (unsigned long long seed = first; seed < first + seeds; seed++)
        given += run(world, seed, lines, breach);
    printf("%llu records over %llu seeds without a breach\n", given, seeds);
    free(world);
    return 0;
}
