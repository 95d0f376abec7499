/* The source, and where it stands in its input. */
#include "tests/simulate-stream/world.h"

#include <stdio.h>

void start_source(struct world *world, struct hny_stream_core *core) {
    struct source *source = &world->source;
    source->ended = false;
    source->number = 0;
    if (world->source_forgets) { /* what it had read is gone */
        source->line += chance_below(&world->chance, 3);
        if (source->line > world->there) source->line = world->there;
        return;
    }
    source->number = source->stored.stored;
    source->line = source->stored_lines;
    source->lines_of[source->number % PLACES] = source->line;
    expect(world, hny_stream_core_begin(core, &source->stored, false));
}

static void note_number(struct world *world, uint64_t number) {
    world->source.number = number;
    world->source.lines_of[number % PLACES] = world->source.line;
}

void skip_stored(struct world *world, struct hny_stream_core *core) {
    struct source *source = &world->source;
    while (source->number + 1 < hny_stream_core_next(core)) {
        if (source->end == source->number + 1) {
            source->ended = true;
            hny_stream_core_ended(core, source->end);
        } else if (!world->source_forgets) {
            source->line++;
        }
        note_number(world, source->number + 1);
    }
}

static void give_end(struct world *world, struct hny_stream_core *core) {
    struct source *source = &world->source;
    source->ended = true;
    source->end = source->number + 1; /* stored before it is given */
    demand(world, world->end_count < MOST_ENDS, "too many ends");
    world->ends[world->end_count++] = source->end;
    expect(world, hny_stream_core_feed(core, world->now, NULL, true));
    note_number(world, source->number + 1);
}

void read_source(struct world *world) {
    struct source *source = &world->source;
    struct hny_stream_core *core = world->stages[0].core;
    for (uint64_t more = 1 + chance_below(&world->chance, 8); more > 0; more--) {
        if (!core || source->ended || !hny_stream_core_room(core)) return;
        skip_stored(world, core);
        if (source->ended) return;
        bool decided = source->end > source->number;
        if (decided && !world->source_forgets ? source->number + 1 == source->end
                                              : source->line == world->there) {
            give_end(world, core);
        } else {
            char text[MOST_TEXT];
            int size = snprintf(text, sizeof text, "line %zu", source->line);
            struct hny_payload *payload = payload_of(world, text, (size_t)size);
            expect(world, hny_stream_core_feed(core, world->now, payload, false));
            hny_payload_drop(&payload);
            source->line++;
            note_number(world, source->number + 1);
        }
        flush_stage(world, 0);
    }
}

void finish_source(struct world *world) {
    struct stage *stage = &world->stages[0];
    store_source(world, stage->core);
    check_whole(world);
    expect(world, hny_stream_core_close(stage->core));
    flush_stage(world, 0);
    hny_stream_core_destroy(&stage->core);
    if (world->count == 1) world->sink.file.size = world->sink.stored_size;
    world->over = world->there == world->lines;
    world->there += chance_below(&world->chance, world->lines - world->there + 1);
    if (world->now > CALM) world->there = world->lines;
    stage->until = world->now + chance_below(&world->chance, 3000);
}
