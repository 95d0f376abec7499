/* A source, stages and a sink in a world of faults: messages are lost, doubled, late and out of order; any
 * process crashes and comes back without its memory, with what source and sink had stored; of what a sink had
 * written and not stored a part is lost, and what is kept may break off anywhere. After a time of faults all
 * heals. The input grows behind its end, and the stream goes on. Checked throughout: what is stored is the
 * beginning of the right output, to the byte; in the end it is whole. Where source or sink keep no position:
 * no line comes twice, or none is lost. A seed decides everything, so a failure is seen again by its seed.
 *
 *     simulate-stream [--seeds N] [--first SEED] [--lines N] [--breach early|seen|torn|ahead] */
#include "base/buffer.h"
#include "pipeline/stream_core.h"
#include "tests/simulate/events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_STAGES = 5,
    MOST_LINES = 2000,
    MOST_TEXT = 64,
    MOST_ENDS = 256,
    PLACES = HNY_STREAM_WINDOW + 1,
    TICK = 50
};
#define CALM 20000  /* ms after which the faults end */
#define A_LINE 3000 /* ms that one may take at most, where the window is a single record */

enum breach { NO_BREACH, BREACH_EARLY, BREACH_SEEN, BREACH_TORN, BREACH_AHEAD, BREACHES };
static const char *const breaches[BREACHES] = {"none", "early", "seen", "torn", "ahead"};

struct stage {
    struct hny_stream_core *core; /* NULL: down */
    unsigned incarnation;
    uint64_t until; /* when it comes back */
    bool finished;
};

/* On the source's disk: the position, and how many lines lie before it; the end's number, once it was
 * decided. In memory: what was given last. */
struct source {
    struct hny_stream_position stored;
    size_t stored_lines;
    uint64_t end;
    uint64_t number;
    size_t line;
    size_t lines_of[PLACES]; /* [number % PLACES] lines up to that number */
    bool ended;
};

/* On the sink's disk: a file, of which all up to SYNCED outlasts a crash, and its position. */
struct sink {
    struct hny_buffer file;
    size_t synced;
    struct hny_stream_position stored;
    size_t stored_size;
    size_t checked; /* bytes that were found right */
    size_t checked_lines;
    unsigned times[MOST_LINES]; /* that a line lies in what is stored */
};

struct world {
    uint64_t chance, now, seed;
    struct events events;
    struct stage stages[MOST_STAGES];
    unsigned count;
    bool source_forgets, sink_forgets, unordered;
    size_t records, bytes;
    struct source source;
    struct sink sink;
    size_t lines, there; /* all, and those that the input has by now */
    unsigned loss, doubling, slow;
    bool cut[MOST_STAGES]; /* the link behind a stage */
    enum breach breach;
    uint64_t ends[MOST_ENDS]; /* all that were given */
    unsigned end_count;
    bool over;
};

static void demand(const struct world *world, bool fine, const char *what) {
    if (!fine) tell_breach(world->seed, world->now, what);
}

static void expect(const struct world *world, hny_status status) {
    demand(world, status == HNY_OK, hny_message());
}

static bool faults(const struct world *world) {
    return world->now < CALM;
}

static bool by_chance(struct world *world, unsigned in_ten_thousand) {
    return faults(world) && chance_of(&world->chance, in_ten_thousand);
}

static bool is_source(unsigned index) {
    return index == 0;
}

static bool is_sink(const struct world *world, unsigned index) {
    return index + 1 == world->count;
}

/* What becomes of line LINE, from 0; some are refused, and stay empty. */
static bool is_refused(size_t line) {
    return line % 17 == 5;
}

static size_t right_text(const struct world *world, size_t line, char text[MOST_TEXT]) {
    size_t size = 0;
    if (!is_refused(line)) {
        size = (size_t)snprintf(text, MOST_TEXT, "line %zu", line);
        for (unsigned i = 0; i < world->count; i++) text[size++] = (char)('a' + i);
    }
    text[size++] = '\n';
    return size;
}

static struct hny_payload *payload_of(const struct world *world, const char *text, size_t size) {
    struct hny_payload *payload =
        hny_payload_create((struct hny_piece){"", 0}, &(struct hny_piece){text, size}, 1);
    demand(world, payload != NULL, "memory");
    return payload;
}

/* --- The network --------------------------------------------------------------------------------------- */

/* Takes over the reference to the payload. */
static void send(struct world *world, unsigned from, unsigned to, const struct hny_link_message *message) {
    bool bad = faults(world);
    unsigned link = from < to ? from : to, copies = 1;
    if (bad && (world->cut[link] || chance_of(&world->chance, world->loss))) copies = 0;
    if (copies && bad && chance_of(&world->chance, world->doubling)) copies = 2;
    for (unsigned i = 0; i < copies; i++) {
        struct hny_link_message *note = malloc(sizeof *note);
        demand(world, note != NULL, "memory");
        *note = *message;
        hny_payload_keep(note->record.payload);
        bool slow = bad && chance_of(&world->chance, world->slow);
        events_put(&world->events,
                   &(struct event){.time = world->now + 1 + chance_below(&world->chance, slow ? 8000 : 20),
                                   .kind = EVENT_MESSAGE,
                                   .to = {.index = to},
                                   .note = note});
    }
    struct hny_payload *payload = message->record.payload;
    hny_payload_drop(&payload);
}

static void drop_note(struct event *event) {
    struct hny_link_message *note = event->note;
    if (note) hny_payload_drop(&note->record.payload);
    free(note);
    event->note = NULL;
}

/* --- What is stored ------------------------------------------------------------------------------------ */

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

/* A crash may come between any two steps; true: it came. */
static bool store_sink(struct world *world, struct hny_stream_core *core) {
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

static void store_source(struct world *world, struct hny_stream_core *core) {
    struct source *source = &world->source;
    uint64_t base = hny_stream_core_base(core);
    if (world->breach == BREACH_AHEAD && source->number > base) base++;
    if (base <= source->stored.stored) return;
    demand(world, base <= source->number, "more is stored than was given");
    source->stored = (struct hny_stream_position){
        .stream = hny_stream_core_stream(core), .stored = base, .refused = hny_stream_core_refused(core)};
    source->stored_lines = source->lines_of[base % PLACES];
}

/* --- Processes ----------------------------------------------------------------------------------------- */

static void start_source(struct world *world, struct hny_stream_core *core) {
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

static void start_sink(struct world *world, struct hny_stream_core *core) {
    struct sink *sink = &world->sink;
    if (world->sink_forgets) return;
    struct hny_stream_position position = sink->stored;
    if (world->breach != BREACH_TORN) sink->file.size = sink->stored_size;
    if (world->breach == BREACH_SEEN && position.stored > 0) position.stored--;
    sink->synced = sink->file.size;
    expect(world, hny_stream_core_begin(core, &position, true));
}

static void start_stage(struct world *world, unsigned index) {
    struct stage *stage = &world->stages[index];
    struct hny_stream_options options;
    hny_stream_options_defaults(&options);
    stage->incarnation++;
    options.session = chance_number(&world->chance);
    options.source = is_source(index);
    options.sink = is_sink(world, index);
    options.source_forgets = options.source && world->source_forgets;
    options.sink_forgets = options.sink && world->sink_forgets;
    options.unordered = world->unordered;
    options.records = world->records;
    options.bytes = world->bytes;
    if (options.source && !world->source.stored.stream) /* stored before it is used */
        world->source.stored.stream = world->source_forgets ? 0 : chance_number(&world->chance);
    options.stream = world->source_forgets ? chance_number(&world->chance) : world->source.stored.stream;
    if (!options.source) options.stream = 0;
    if (options.sink && !options.source) options.stream = world->sink.stored.stream;
    expect(world, hny_stream_core_create(&stage->core, &options));
    if (options.source) start_source(world, stage->core);
    if (options.sink) start_sink(world, stage->core);
    events_put(&world->events, &(struct event){.time = world->now + TICK,
                                               .kind = EVENT_TICK,
                                               .to = {.index = index, .incarnation = stage->incarnation}});
}

static void stop_stage(struct world *world, unsigned index) {
    struct stage *stage = &world->stages[index];
    hny_stream_core_destroy(&stage->core);
    stage->until = world->now + chance_below(&world->chance, 3000);
    if (!is_sink(world, index)) return;
    struct sink *sink = &world->sink;
    size_t unsure = sink->file.size - sink->synced;
    if (!world->sink_forgets) sink->file.size = sink->synced + chance_below(&world->chance, unsure + 1);
}

/* Whoever stores before what was behind it is stored tells those in front of it a lie. */
static void lie(struct world *world, struct hny_stream_core *core, uint64_t number) {
    struct hny_link_message state = {
        .verb = HNY_LINK_STATE, .session = 1, .stored = number, .last = number + 100, .bytes = 1000};
    expect(world, hny_stream_core_message(core, world->now, &state));
}

static void begin_work(struct world *world, unsigned index, const struct hny_record *record) {
    struct event event = {.time = world->now + 1 + chance_below(&world->chance, 300), .kind = EVENT_JOB};
    event.to = (struct address){.index = index, .incarnation = world->stages[index].incarnation};
    event.job = record->number;
    event.message.payload = record->payload;
    events_put(&world->events, &event);
}

static void write_record(struct world *world, const struct hny_record *record) {
    struct sink *sink = &world->sink;
    const struct hny_payload *payload = record->payload;
    for (size_t i = 0; payload && i < payload->count; i++) {
        expect(world, hny_buffer_append(&sink->file, payload->sentences[i].data, payload->sentences[i].size));
        expect(world, hny_buffer_append(&sink->file, "\n", 1));
    }
}

static void flush(struct world *world, unsigned index) {
    struct hny_stream_action action;
    struct stage *stage = &world->stages[index];
    while (stage->core && hny_stream_core_take(stage->core, world->now, &action)) {
        switch (action.act) {
        case HNY_STREAM_START:
            begin_work(world, index, &action.record);
            break;
        case HNY_STREAM_WRITE:
            write_record(world, &action.record);
            hny_payload_drop(&action.record.payload);
            break;
        case HNY_STREAM_DOWN:
            send(world, index, index + 1, &action.message);
            if (world->breach == BREACH_EARLY && action.message.verb == HNY_LINK_RECORD)
                lie(world, stage->core, action.message.record.number);
            break;
        case HNY_STREAM_UP:
            send(world, index, index - 1, &action.message);
            break;
        }
    }
}

static void finish_work(struct world *world, struct event *event) {
    struct stage *stage = &world->stages[event->to.index];
    struct hny_payload *payload = event->message.payload;
    if (stage->core && stage->incarnation == event->to.incarnation) {
        char text[MOST_TEXT];
        size_t size = payload->sentences[0].size, line;
        bool refused = size == 0;
        memcpy(text, payload->sentences[0].data, size);
        text[size] = '\0';
        if (sscanf(text, "line %zu", &line) == 1 && is_refused(line)) refused = true;
        text[size++] = (char)('a' + event->to.index);
        struct hny_payload *done = payload_of(world, text, refused ? 0 : size);
        expect(world, hny_stream_core_done(stage->core, world->now, event->job, done, refused));
        hny_payload_drop(&done);
        flush(world, event->to.index);
    }
    hny_payload_drop(&payload);
}

/* --- The source ---------------------------------------------------------------------------------------- */

static void note_number(struct world *world, uint64_t number) {
    world->source.number = number;
    world->source.lines_of[number % PLACES] = world->source.line;
}

/* Passes over what turns out to be stored already. */
static void skip_stored(struct world *world, struct hny_stream_core *core) {
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

static void read_source(struct world *world) {
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
        flush(world, 0);
    }
}

static void check_whole(const struct world *world) {
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

/* Whether NUMBER is an end, and stored. */
static bool is_end(const struct world *world, uint64_t number) {
    bool any = false;
    for (unsigned i = 0; i < world->end_count; i++) any = any || world->ends[i] == number;
    return any && (world->sink_forgets || world->sink.stored.stored >= number);
}

/* The run is over; the input may have grown before the next. */
static void finish_source(struct world *world) {
    struct stage *stage = &world->stages[0];
    store_source(world, stage->core);
    check_whole(world);
    expect(world, hny_stream_core_close(stage->core));
    flush(world, 0);
    hny_stream_core_destroy(&stage->core);
    if (world->count == 1) world->sink.file.size = world->sink.stored_size;
    world->over = world->there == world->lines;
    world->there += chance_below(&world->chance, world->lines - world->there + 1);
    if (world->now > CALM) world->there = world->lines;
    stage->until = world->now + chance_below(&world->chance, 3000);
}

/* --- Running ------------------------------------------------------------------------------------------- */

static void tick(struct world *world, const struct address *to) {
    struct stage *stage = &world->stages[to->index];
    if (!stage->core || stage->incarnation != to->incarnation) return;
    expect(world, hny_stream_core_tick(stage->core, world->now));
    flush(world, to->index);
    if (is_sink(world, to->index) && chance_of(&world->chance, 3000) && store_sink(world, stage->core)) {
        stop_stage(world, to->index);
        return;
    }
    if (is_source(to->index)) skip_stored(world, stage->core);
    if (is_source(to->index) && chance_of(&world->chance, 1000)) store_source(world, stage->core);
    flush(world, to->index);
    if (hny_stream_core_finished(stage->core)) {
        if (is_source(to->index)) {
            finish_source(world);
            return;
        }
        demand(world, is_end(world, hny_stream_core_base(stage->core)), "a stage ends before the stream");
        expect(world, hny_stream_core_close(stage->core));
        flush(world, to->index);
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
            flush(world, event->to.index);
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
