/* The simulator's time and chance: events in the order of their times, and numbers that a seed decides. */
#ifndef HNY_TESTS_SIMULATE_EVENTS_H
#define HNY_TESTS_SIMULATE_EVENTS_H

#include "pipeline/message.h"

enum event_kind { EVENT_MESSAGE, EVENT_TICK, EVENT_JOB, EVENT_REQUEST, EVENT_FAULT };
enum node_kind { NODE_BROKER, NODE_WORKER, NODE_CLIENT };

struct address {
    enum node_kind kind;
    unsigned index, incarnation;
};

struct event {
    uint64_t time, order; /* equal times: in the order of their making */
    enum event_kind kind;
    struct address to, from;
    uint64_t job;
    struct hny_message message;
    void *note; /* what another simulator sends; its own to free */
};

struct events {
    struct event *heap;
    size_t count, capacity;
    uint64_t made;
};

void events_put(struct events *events, const struct event *event);
bool events_take(struct events *events, struct event *event);
void events_free(struct events *events); /* drops the payloads of what is left */

/* Says that a promise was broken, where, and how it is seen again; ends the program with 1. */
void tell_breach(uint64_t seed, uint64_t now, const char *what) __attribute__((noreturn));

/* SplitMix64 (Steele, Lea & Flood 2014). */
uint64_t chance_number(uint64_t *state);
uint64_t chance_below(uint64_t *state, uint64_t limit); /* 0…LIMIT-1 */
bool chance_of(uint64_t *state, unsigned in_ten_thousand);

#endif
