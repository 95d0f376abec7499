#include "pipeline/edge.h"

#include "base/lines.h"
#include "pipeline/gate.h"
#include "pipeline/parcel.h"
#include <string.h>

#define LINGER_MS 5000
#define QUEUE_MESSAGES 4096 /* more than a window of records */
#define RECONNECT_MS 20
#define LARGEST_BYTES ((int64_t)4 * HNY_LINE_LIMIT) /* of a line, broken UTF-8 in it replaced */

static const struct {
    const char *sign;
    enum hny_edge_kind kind;
    bool in, out, keeps;
    int in_type, out_type;
} kinds[] = {
    {"file:", HNY_EDGE_FILE, true, true, true, -1, -1},
    {"link:", HNY_EDGE_LINK, true, true, true, ZMQ_ROUTER, ZMQ_DEALER},
    {"pull:", HNY_EDGE_PULL, true, false, false, ZMQ_PULL, -1},
    {"sub:", HNY_EDGE_SUB, true, false, false, ZMQ_SUB, -1},
    {"push:", HNY_EDGE_PUSH, false, true, false, -1, ZMQ_PUSH},
    {"pub:", HNY_EDGE_PUB, false, true, false, -1, ZMQ_PUB},
};

hny_status hny_edge_read(const char *name, const char *text, bool out, struct hny_edge *edge) {
    *edge = (struct hny_edge){.kind = HNY_EDGE_STANDARD, .place = text, .socket = -1};
    if (strcmp(text, "-") == 0) return HNY_OK;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t size = strlen(kinds[i].sign);
        if (strncmp(text, kinds[i].sign, size) != 0 || !(out ? kinds[i].out : kinds[i].in)) continue;
        edge->kind = kinds[i].kind;
        edge->place = text + size;
        edge->keeps = kinds[i].keeps;
        edge->socket = out ? kinds[i].out_type : kinds[i].in_type;
        if (edge->kind == HNY_EDGE_LINK) {
            edge->bind = !out;
        } else if (edge->socket >= 0 && *edge->place == '@') {
            edge->bind = true;
            edge->place++;
        }
        if (*edge->place && (edge->socket < 0 || strstr(edge->place, "://"))) return HNY_OK;
        return hny_fail(HNY_ERROR_USAGE, "%s: %s names no %s", name, text,
                        edge->socket < 0 ? "file" : "endpoint");
    }
    return hny_fail(HNY_ERROR_USAGE, "%s: %s is none of file:PATH, -, link:ENDPOINT, %s", name, text,
                    out ? "push:ENDPOINT, pub:ENDPOINT" : "pull:ENDPOINT, sub:ENDPOINT");
}

static hny_status set_options(void *socket, int type) {
    int queue = QUEUE_MESSAGES, again = RECONNECT_MS;
    bool fine = zmq_setsockopt(socket, ZMQ_SNDHWM, &queue, sizeof queue) == 0 &&
                zmq_setsockopt(socket, ZMQ_RCVHWM, &queue, sizeof queue) == 0 &&
                zmq_setsockopt(socket, ZMQ_RECONNECT_IVL, &again, sizeof again) == 0;
    if (fine && type == ZMQ_SUB) fine = zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "", 0) == 0;
    return fine ? HNY_OK : hny_zmq_fail("cannot set", "a socket's options");
}

hny_status hny_edge_check(const struct hny_edge *edge, const struct hny_edge_trust *trust) {
    bool link = edge->kind == HNY_EDGE_LINK;
    if (edge->socket < 0) return HNY_OK;
    if (link && (edge->bind ? trust->allow : trust->server) && !trust->key)
        return hny_fail(HNY_ERROR_USAGE, "link:%s: %s wants one's own keys too, --key", edge->place,
                        edge->bind ? "--allow" : "--link-key");
    if (!link)
        return edge->bind ? hny_door_check(edge->place, false, trust->insecure, "a link with keys") : HNY_OK;
    return edge->bind ? hny_door_check(edge->place, trust->allow, trust->insecure, "--key and --allow")
                      : hny_door_check(edge->place, trust->server, trust->insecure, "--key and --link-key");
}

static hny_status set_keys(void *socket, const struct hny_edge *edge, const struct hny_edge_trust *trust) {
    struct hny_key_pair pair;
    if (edge->kind != HNY_EDGE_LINK || !(edge->bind ? trust->allow : trust->server)) return HNY_OK;
    if (!edge->bind) return hny_keys_use(socket, trust->key, trust->server);
    HNY_TRY(hny_keys_read(trust->key, &pair));
    hny_status status = hny_gate_guard(socket, &pair, HNY_DOOR_CLIENTS);
    explicit_bzero(&pair, sizeof pair);
    return status;
}

hny_status hny_edge_open(const struct hny_edge *edge, void *context, const struct hny_edge_trust *trust,
                         void **socket) {
    *socket = NULL;
    HNY_TRY(hny_edge_check(edge, trust));
    HNY_TRY(hny_socket_open(socket, context, edge->socket, LARGEST_BYTES,
                            edge->kind == HNY_EDGE_LINK ? 1000 : LINGER_MS));
    hny_status status = set_options(*socket, edge->socket);
    if (status == HNY_OK) status = set_keys(*socket, edge, trust);
    if (status == HNY_OK && (edge->bind ? zmq_bind : zmq_connect)(*socket, edge->place) != 0)
        status = hny_zmq_fail(edge->bind ? "cannot bind" : "cannot connect to", edge->place);
    if (status == HNY_OK) return HNY_OK;
    zmq_close(*socket);
    *socket = NULL;
    return status;
}
