#include "tests/simulate/world.h"

#include <string.h>

void start_broker(struct world *world) {
    struct hny_broker_limits limits;
    hny_broker_limits_defaults(&limits);
    limits.waiting = 64;
    world->broker_incarnation++;
    world->draining = false;
    expect(world, hny_broker_core_create(&world->broker, &limits, (uint32_t)chance_number(&world->chance)));
    schedule_tick(world, (struct address){NODE_BROKER, 0, world->broker_incarnation});
}

struct hny_peer peer_of(const struct address *address) {
    struct hny_peer peer = {.size = sizeof *address};
    memcpy(peer.bytes, address, sizeof *address);
    return peer;
}

void flush_broker(struct world *world) {
    struct hny_action action;
    struct address from = {NODE_BROKER, 0, world->broker_incarnation}, to;
    while (world->broker && hny_broker_core_take(world->broker, &action)) {
        memcpy(&to, action.peer.bytes, sizeof to);
        if (world->breach == BREACH_SWAP && action.message.command == HNY_TRANSLATED &&
            action.message.id.sequence > 1 && chance_of(&world->chance, 20))
            action.message.id.sequence--;
        if (world->breach == BREACH_MUTE && action.message.command == HNY_TRANSLATED &&
            action.message.id.sequence % 50 == 0) {
            hny_payload_drop(&action.message.payload);
            continue;
        }
        post(world, from, to, &action.message);
    }
}

void end_drained(struct world *world) {
    if (!world->draining || !world->broker) return;
    if (!hny_broker_core_drained(world->broker) && world->now < world->broker_until) return;
    expect(world, hny_broker_core_part(world->broker));
    flush_broker(world);
    hny_broker_core_destroy(&world->broker);
    world->broker_until = world->now + chance_below(&world->chance, 2000);
}
