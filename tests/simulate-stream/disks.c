/* What source and sink store, and whether it is right. */
#include "tests/simulate-stream/world.h"

#include <stdio.h>
#include <string.h>

static void count_line(struct world *world, const char *text, size_t size) {
    struct sink *sink = &world->sink;
    size_t line;
    char right[MOST_TEXT];
    if (size == 1) return; /* a refused line does not say which it is */
    demand(world, sscanf(text, "line %zu", &line) == 1 && line < world->there, "a line that nobody gave");
    demand(world, right_text(world, line, right) == size && memcmp(right, text, size) == 0, "a wrong line");
    sink->times[line]++;
    demand(world, sink->times[line] == 1 || world->sink_forgets, "a line is stored twice");
    sink->checked_lines++;
}

/* Looks at what was added to what is stored. */
static void check_stored(struct world *world) {
    struct sink *sink = &world->sink;
    bool exact = !world->source_forgets && !world->sink_forgets && !world->unordered;
    while (sink->checked < sink->stored_size) {
        const char *text = sink->file.data + sink->checked;
        const char *end = memchr(text, '\n', sink->stored_size - sink->checked);
        demand(world, end != NULL, "what is stored breaks off");
        size_t size = (size_t)(end - text) + 1;
        if (exact) {
            char right[MOST_TEXT];
            size_t line = sink->checked_lines++;
            demand(world,
                   line < world->there && right_text(world, line, right) == size &&
                       memcmp(right, text, size) == 0,
                   "what is stored is not the beginning of the output");
            sink->times[line]++;
        } else {
            count_line(world, text, size);
        }
        sink->checked += size;
    }
}

/* A crash may come between any two steps. */
bool store_sink(struct world *world, struct hny_stream_core *core) {
    struct sink *sink = &world->sink;
    sink->synced = sink->file.size;
    if (by_chance(world, 300)) return true;
    hny_stream_core_position(core, &sink->stored);
    sink->stored_size = sink->file.size;
    check_stored(world);
    if (by_chance(world, 300)) return true;
    expect(world, hny_stream_core_stored(core));
    return false;
}

void store_source(struct world *world, struct hny_stream_core *core) {
    struct source *source = &world->source;
    uint64_t base = hny_stream_core_base(core);
    if (world->breach == BREACH_AHEAD && source->number > base) base++;
    if (base <= source->stored.stored) return;
    demand(world, base <= source->number, "more is stored than was given");
    source->stored = (struct hny_stream_position){
        .stream = hny_stream_core_stream(core), .stored = base, .refused = hny_stream_core_refused(core)};
    source->stored_lines = source->lines_of[base % PLACES];
}

void check_whole(const struct world *world) {
    const struct sink *sink = &world->sink;
    size_t refused = 0;
    for (size_t line = 0; line < world->there; line++) {
        refused += is_refused(line);
        demand(world,
               sink->times[line] > 0 || world->source_forgets ||
                   (is_refused(line) && sink->checked_lines > 0),
               "a line is lost");
    }
    if (world->source_forgets || world->sink_forgets) return;
    demand(world, sink->stored.stored == world->source.number && sink->stored.seen_count == 0,
           "the sink's position is not the end");
    demand(world, sink->stored.refused == refused && world->source.stored.refused == refused,
           "refused lines are miscounted");
    size_t size = 0;
    char text[MOST_TEXT];
    for (size_t line = 0; line < world->there; line++) size += right_text(world, line, text);
    demand(world, sink->stored_size == size, "the output is not as long as it should be");
}

bool is_end(const struct world *world, uint64_t number) {
    bool any = false;
    for (unsigned i = 0; i < world->end_count; i++) any = any || world->ends[i] == number;
    return any && (world->sink_forgets || world->sink.stored.stored >= number);
}
