/* The broker's routes: the models and pairs that workers offer and clients ask for. */
#include "pipeline/broker_records.h"

#include "base/memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* *ROUTE of NAME, made where it is new. */
static hny_status enter_route(struct hny_broker_core *core, uint64_t now, const char *name,
                              struct hny_route **route) {
    HASH_FIND_STR(core->routes, name, *route);
    if (*route) return HNY_OK;
    struct hny_route *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    snprintf(made->name, sizeof made->name, "%s", name);
    hny_list_empty(&made->ring);
    made->empty_since = now;
    HASH_ADD_STR(core->routes, name, made);
    *route = made;
    return HNY_OK;
}

/* The first name ever offered serves requests that name none, too. */
static bool is_main(struct hny_broker_core *core, const char *name) {
    if (!*core->main_model) snprintf(core->main_model, sizeof core->main_model, "%s", name);
    return strcmp(core->main_model, name) == 0;
}

hny_status hny_broker_core_expect(struct hny_broker_core *core, uint64_t now, const char *name) {
    struct hny_route *route;
    HNY_TRY(enter_route(core, now, name, &route));
    route->expected = true;
    return is_main(core, name) ? enter_route(core, now, "", &route) : HNY_OK;
}

/* Names that workers or clients brought up, and that nobody has any use for, are not known for ever. */
void hny_routes_tick(struct hny_broker_core *core, uint64_t now) {
    struct hny_route *route = NULL, *next = NULL;
    HASH_ITER(hh, core->routes, route, next) {
        bool kept = route->workers > 0 || route->flows > 0 || route->expected || !*route->name ||
                    strcmp(route->name, core->main_model) == 0;
        if (kept || now - route->empty_since < core->limits.remember) continue;
        HASH_DEL(core->routes, route);
        free(route);
    }
}

hny_status hny_route_find(struct hny_broker_core *core, uint64_t now, const char *name,
                          struct hny_route **route) {
    HASH_FIND_STR(core->routes, name, *route);
    bool young = now - core->started < core->limits.orphan && HASH_COUNT(core->routes) < core->limits.routes;
    if (!*route && young) return enter_route(core, now, name, route);
    if (*route && (*route)->workers == 0 && now - (*route)->empty_since >= core->limits.orphan) *route = NULL;
    return HNY_OK;
}

static hny_status offer(struct hny_broker_core *core, uint64_t now, struct hny_worker *worker,
                        const char *name) {
    struct hny_route *route;
    HNY_TRY(enter_route(core, now, name, &route));
    for (size_t i = 0; i < worker->route_count; i++)
        if (worker->routes[i] == route) return HNY_OK;
    worker->routes[worker->route_count++] = route;
    route->workers++;
    return HNY_OK;
}

hny_status hny_route_offer(struct hny_broker_core *core, uint64_t now, struct hny_worker *worker,
                           const char *name) {
    HNY_TRY(offer(core, now, worker, name));
    return is_main(core, name) ? offer(core, now, worker, "") : HNY_OK;
}

void hny_routes_leave(struct hny_worker *worker, uint64_t now) {
    for (size_t i = 0; i < worker->route_count; i++)
        if (--worker->routes[i]->workers == 0) worker->routes[i]->empty_since = now;
    worker->route_count = 0;
}

void hny_routes_free(struct hny_broker_core *core) {
    struct hny_route *route = NULL, *next = NULL;
    HASH_ITER(hh, core->routes, route, next) {
        HASH_DEL(core->routes, route);
        free(route);
    }
}
