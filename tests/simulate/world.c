/* The world's time and network. */
#include "tests/simulate/world.h"

#include <string.h>

void demand(const struct world *world, bool fine, const char *what) {
    if (!fine) tell_breach(world->seed, world->now, what);
}

void expect(const struct world *world, hny_status status) {
    demand(world, status == HNY_OK, hny_message());
}

bool faults(const struct world *world) {
    return world->now < CALM && !world->quiet;
}

void make_uuid(uint8_t *uuid, enum node_kind kind, unsigned index, unsigned incarnation) {
    memset(uuid, 0, 16);
    uuid[0] = (uint8_t)kind;
    uuid[1] = (uint8_t)index;
    memcpy(uuid + 4, &incarnation, sizeof incarnation);
}

void schedule_tick(struct world *world, struct address to) {
    events_put(&world->events,
               &(struct event){.time = world->now + TICK, .kind = EVENT_TICK, .to = to, .from = to});
}

static bool is_cut(const struct world *world, const struct address *address) {
    if (address->kind == NODE_WORKER) return world->cut_worker[address->index];
    return address->kind == NODE_CLIENT && world->cut_client[address->index];
}

/* ms that a message of so many BYTES more takes from or to a worker. */
static uint64_t carry(struct world *world, const struct address *from, const struct address *to,
                      size_t bytes) {
    enum { HEAD = 100 };
    bool down = to->kind == NODE_WORKER;
    unsigned worker = down ? to->index : from->index;
    bool any = !down && from->kind != NODE_WORKER;
    if (any || world->rate[worker] == 0) return 1 + chance_below(&world->chance, 20);
    uint64_t *through = &world->through[worker][down];
    if (*through < world->now) *through = world->now;
    *through += 1 + (HEAD + bytes) / world->rate[worker];
    return *through - world->now;
}

void post(struct world *world, struct address from, struct address to, const struct hny_message *message) {
    struct event event = {.kind = EVENT_MESSAGE, .to = to, .from = from, .message = *message};
    bool bad = faults(world);
    unsigned copies = 1;
    if (world->breach == BREACH_IMPATIENT && message->command == HNY_BEAT) event.message.coming = 0;
    if (bad && (is_cut(world, &from) || is_cut(world, &to) || chance_of(&world->chance, world->loss)))
        copies = 0;
    if (copies && bad && chance_of(&world->chance, world->doubling)) copies = 2;
    for (unsigned i = 0; i < copies; i++) {
        bool slow = bad && chance_of(&world->chance, world->slow);
        event.time = world->now + carry(world, &from, &to, hny_payload_carried(message->payload)) +
                     (slow ? chance_below(&world->chance, 8000) : 0);
        hny_payload_keep(event.message.payload);
        events_put(&world->events, &event);
    }
    hny_payload_drop(&event.message.payload);
}
