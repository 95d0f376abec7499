/* The stages, what they do with a record, and how they come and go. */
#include "tests/simulate-stream/world.h"

#include <stdio.h>
#include <string.h>

static void start_sink(struct world *world, struct hny_stream_core *core) {
    struct sink *sink = &world->sink;
    if (world->sink_forgets) return;
    struct hny_stream_position position = sink->stored;
    if (world->breach != BREACH_TORN) sink->file.size = sink->stored_size;
    if (world->breach == BREACH_SEEN && position.stored > 0) position.stored--;
    sink->synced = sink->file.size;
    expect(world, hny_stream_core_begin(core, &position, true));
}

void start_stage(struct world *world, unsigned index) {
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

void stop_stage(struct world *world, unsigned index) {
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

void flush_stage(struct world *world, unsigned index) {
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
            post(world, index, index + 1, &action.message);
            if (world->breach == BREACH_EARLY && action.message.verb == HNY_LINK_RECORD)
                lie(world, stage->core, action.message.record.number);
            break;
        case HNY_STREAM_UP:
            post(world, index, index - 1, &action.message);
            break;
        }
    }
}

void finish_work(struct world *world, struct event *event) {
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
        flush_stage(world, event->to.index);
    }
    hny_payload_drop(&payload);
}
