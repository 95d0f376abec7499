/* The world's time, lines and network. */
#include "tests/simulate-stream/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void demand(const struct world *world, bool fine, const char *what) {
    if (!fine) tell_breach(world->seed, world->now, what);
}

void expect(const struct world *world, hny_status status) {
    demand(world, status == HNY_OK, hny_message());
}

bool faults(const struct world *world) {
    return world->now < CALM;
}

bool by_chance(struct world *world, unsigned in_ten_thousand) {
    return faults(world) && chance_of(&world->chance, in_ten_thousand);
}

bool is_source(unsigned index) {
    return index == 0;
}

bool is_sink(const struct world *world, unsigned index) {
    return index + 1 == world->count;
}

bool is_refused(size_t line) {
    return line % 17 == 5;
}

size_t right_text(const struct world *world, size_t line, char text[MOST_TEXT]) {
    size_t size = 0;
    if (!is_refused(line)) {
        size = (size_t)snprintf(text, MOST_TEXT, "line %zu", line);
        for (unsigned i = 0; i < world->count; i++) text[size++] = (char)('a' + i);
    }
    text[size++] = '\n';
    return size;
}

struct hny_payload *payload_of(const struct world *world, const char *text, size_t size) {
    struct hny_payload *payload =
        hny_payload_create((struct hny_piece){"", 0}, &(struct hny_piece){text, size}, 1);
    demand(world, payload != NULL, "memory");
    return payload;
}

void post(struct world *world, unsigned from, unsigned to, const struct hny_link_message *message) {
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

void drop_note(struct event *event) {
    struct hny_link_message *note = event->note;
    if (note) hny_payload_drop(&note->record.payload);
    free(note);
    event->note = NULL;
}
