/* Whose turn it is among those whose requests wait for a route: first key by key, then, among the clients
 * with one key, one by one. Whoever has a key can be as many clients as he likes, and gets one turn all the
 * same. Clients without a key each stand for themselves. Turns are by bytes (deficit round robin; Shreedhar &
 * Varghese 1995). */
#include "pipeline/broker_records.h"

#include "base/memory.h"
#include <stdlib.h>

/* What may be handed out in a turn: a few sentences. */
#define TURN_BYTES ((size_t)1024)

hny_status hny_lane_join(struct hny_flow *flow) {
    struct hny_share *share = flow->client->share;
    struct hny_lane *lane = share ? share->lanes : NULL;
    while (lane && lane->route != flow->route) lane = lane->next;
    if (!lane) {
        if (!(lane = hny_allocate(1, sizeof *lane))) return HNY_ERROR_MEMORY;
        lane->route = flow->route;
        lane->share = share;
        hny_list_empty(&lane->node);
        hny_list_empty(&lane->ring);
        if (share) {
            lane->next = share->lanes;
            share->lanes = lane;
        }
    }
    lane->flows++;
    flow->lane = lane;
    return HNY_OK;
}

void hny_lane_leave(struct hny_flow *flow) {
    struct hny_lane *lane = flow->lane;
    flow->lane = NULL;
    if (--lane->flows > 0) return;
    if (lane->share) {
        struct hny_lane **link = &lane->share->lanes;
        while (*link != lane) link = &(*link)->next;
        *link = lane->next;
    }
    hny_list_remove(&lane->node);
    free(lane);
}

void hny_turns_enter(struct hny_flow *flow) {
    struct hny_lane *lane = flow->lane;
    if (hny_list_is_empty(&lane->ring)) hny_list_put(&lane->route->ring, &lane->node);
    hny_list_put(&lane->ring, &flow->node);
}

void hny_turns_leave(struct hny_flow *flow) {
    struct hny_lane *lane = flow->lane;
    flow->deficit = 0;
    hny_list_remove(&flow->node);
    if (!hny_list_is_empty(&lane->ring)) return;
    lane->deficit = 0;
    hny_list_remove(&lane->node);
}

struct hny_flow *hny_turn_of(const struct hny_route *route) {
    if (hny_list_is_empty(&route->ring)) return NULL;
    const struct hny_lane *lane = HNY_OF_NODE(const struct hny_lane, route->ring.behind);
    return HNY_OF_NODE(struct hny_flow, lane->ring.behind);
}

/* The turn goes on: NODE, at the head of RING, is its last. */
static void go_on(struct hny_list_node *ring, struct hny_list_node *node) {
    hny_list_remove(node);
    hny_list_put(ring, node);
}

bool hny_turn_pays(struct hny_flow *flow, size_t cost) {
    struct hny_lane *lane = flow->lane;
    if (lane->deficit < cost) {
        lane->deficit += TURN_BYTES;
        go_on(&lane->route->ring, &lane->node);
        return false;
    }
    if (flow->deficit < cost) {
        flow->deficit += TURN_BYTES;
        go_on(&lane->ring, &flow->node);
        return false;
    }
    lane->deficit -= cost;
    flow->deficit -= cost;
    return true;
}

size_t hny_turns_waiting(const struct hny_route *route) {
    size_t count = 0;
    for (const struct hny_list_node *at = route->ring.behind; at != &route->ring; at = at->behind) {
        const struct hny_lane *lane = HNY_OF_NODE(const struct hny_lane, at);
        for (const struct hny_list_node *node = lane->ring.behind; node != &lane->ring; node = node->behind)
            count += HNY_OF_NODE(const struct hny_flow, node)->count;
    }
    return count;
}
