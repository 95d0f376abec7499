#include "tests/simulate/events.h"

#include <stdio.h>
#include <stdlib.h>

static bool before(const struct event *a, const struct event *b) {
    return a->time != b->time ? a->time < b->time : a->order < b->order;
}

void events_put(struct events *events, const struct event *event) {
    if (events->count == events->capacity) {
        events->capacity = events->capacity ? 2 * events->capacity : 256;
        events->heap = realloc(events->heap, events->capacity * sizeof *events->heap);
        if (!events->heap) {
            perror("simulate");
            exit(2);
        }
    }
    struct event made = *event;
    made.order = events->made++;
    size_t at = events->count++;
    for (; at > 0 && before(&made, &events->heap[(at - 1) / 2]); at = (at - 1) / 2)
        events->heap[at] = events->heap[(at - 1) / 2];
    events->heap[at] = made;
}

bool events_take(struct events *events, struct event *event) {
    if (events->count == 0) return false;
    *event = events->heap[0];
    struct event last = events->heap[--events->count];
    size_t at = 0;
    for (size_t below; (below = 2 * at + 1) < events->count; at = below) {
        if (below + 1 < events->count && before(&events->heap[below + 1], &events->heap[below])) below++;
        if (!before(&events->heap[below], &last)) break;
        events->heap[at] = events->heap[below];
    }
    events->heap[at] = last;
    return true;
}

void events_free(struct events *events) {
    for (size_t i = 0; i < events->count; i++) hny_payload_drop(&events->heap[i].message.payload);
    events->count = 0;
}

uint64_t chance_number(uint64_t *state) {
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

uint64_t chance_below(uint64_t *state, uint64_t limit) {
    return limit ? chance_number(state) % limit : 0;
}

bool chance_of(uint64_t *state, unsigned in_ten_thousand) {
    return chance_below(state, 10000) < in_ten_thousand;
}

void tell_breach(uint64_t seed, uint64_t now, const char *what) {
    printf("breach at seed %llu, %llu ms: %s\n", (unsigned long long)seed, (unsigned long long)now, what);
    exit(1);
}
