#include "pipeline/depot_link.h"

#include "base/memory.h"
#include "base/progress.h"
#include "pipeline/keys.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAUSE_MS 250 /* before a depot that was busy is asked again */
#define LINGER_MS 1000

enum { QUEUE = 64 }; /* messages either way: some more than a transfer's credit */

struct hny_depot_link {
    void *context, *socket;
    char *endpoint;
    struct hny_parcel parcel;
    struct hny_frames frames;
    uint64_t number, session, patience;
    uint64_t silence; /* ms that were waited since the depot last said something */
};

/* Whoever has the depot's public key may have no pair of its own. */
static hny_status use_keys(void *socket, const char *key, const char *server) {
    struct hny_key_pair pair;
    char server_key[HNY_KEY_TEXT];
    if (key || !server) return hny_keys_use(socket, key, server);
    HNY_TRY(hny_keys_public(server, server_key));
    bool fine = zmq_curve_keypair(pair.public_key, pair.secret_key) == 0 &&
                zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server_key, HNY_KEY_TEXT) == 0 &&
                zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, pair.public_key, HNY_KEY_TEXT) == 0 &&
                zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, pair.secret_key, HNY_KEY_TEXT) == 0;
    explicit_bzero(&pair, sizeof pair);
    return fine ? HNY_OK : hny_zmq_fail("cannot set", "a socket's keys");
}

static hny_status open_link(struct hny_depot_link *link, const char *key, const char *server) {
    uint8_t uuid[16];
    int queue = QUEUE;
    if (!link->endpoint) return hny_fail(HNY_ERROR_MEMORY, "out of memory for an endpoint");
    HNY_TRY(hny_uuid_make(uuid));
    memcpy(&link->session, uuid, sizeof link->session);
    link->context = zmq_ctx_new();
    if (!link->context) return hny_zmq_fail("cannot make", "a context");
    HNY_TRY(hny_socket_open(&link->socket, link->context, ZMQ_DEALER, HNY_DEPOT_FRAME_BYTES, LINGER_MS));
    if (zmq_setsockopt(link->socket, ZMQ_SNDHWM, &queue, sizeof queue) != 0 ||
        zmq_setsockopt(link->socket, ZMQ_RCVHWM, &queue, sizeof queue) != 0)
        return hny_zmq_fail("cannot set", "a socket's options");
    HNY_TRY(use_keys(link->socket, key, server));
    return zmq_connect(link->socket, link->endpoint) == 0 ? HNY_OK
                                                          : hny_zmq_fail("cannot connect to", link->endpoint);
}

hny_status hny_depot_link_open(struct hny_depot_link **link, const char *endpoint, const char *key,
                               const char *server, uint64_t patience) {
    struct hny_depot_link *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->endpoint = strdup(endpoint);
    made->patience = patience;
    hny_status status = open_link(made, key, server);
    if (status != HNY_OK) hny_depot_link_close(&made);
    *link = made;
    return status;
}

void hny_depot_link_close(struct hny_depot_link **link) {
    struct hny_depot_link *old = *link;
    if (!old) return;
    hny_parcel_free(&old->parcel);
    hny_frames_free(&old->frames);
    if (old->socket) zmq_close(old->socket);
    if (old->context) zmq_ctx_term(old->context);
    free(old->endpoint);
    free(old);
    *link = NULL;
}

uint64_t hny_depot_link_number(struct hny_depot_link *link) {
    link->silence = 0;
    return ++link->number;
}

uint64_t hny_depot_link_session(const struct hny_depot_link *link) {
    return link->session;
}

hny_status hny_depot_link_send(struct hny_depot_link *link, const struct hny_depot_message *message,
                               bool *sent) {
    bool went = false;
    HNY_TRY(hny_depot_wire_write(&link->frames, message));
    HNY_TRY(hny_parcel_send(link->socket, link->frames.pieces, link->frames.count, &went));
    if (sent) *sent = went;
    return HNY_OK;
}

/* What has come; *ANY false where it is nothing, or about another transfer. */
static hny_status read_one(struct hny_depot_link *link, uint64_t transfer, struct hny_depot_message *message,
                           bool *any, bool *came) {
    HNY_TRY(hny_parcel_receive(link->socket, &link->parcel, came));
    *any = false;
    if (!*came || link->parcel.cut) return HNY_OK;
    hny_status status = hny_depot_wire_read(link->parcel.pieces, link->parcel.count, message);
    if (status == HNY_ERROR_INPUT) return HNY_OK;
    link->silence = 0;
    *any = message->transfer == transfer;
    return status;
}

static hny_status give_up(const struct hny_depot_link *link) {
    return hny_fail(HNY_ERROR_IO,
                    "%s: no answer for %g seconds: either no depot is there, or it does not let this key in",
                    link->endpoint, (double)link->patience / 1000);
}

hny_status hny_depot_link_receive(struct hny_depot_link *link, uint64_t transfer, uint64_t milliseconds,
                                  struct hny_depot_message *message, bool *any) {
    uint64_t begun = hny_milliseconds(), now = begun;
    for (;; now = hny_milliseconds()) {
        bool came;
        uint64_t waited = now - begun;
        HNY_TRY(read_one(link, transfer, message, any, &came));
        if (*any) return HNY_OK;
        if (hny_stop_requested()) return HNY_INTERRUPTED;
        if (came && waited < milliseconds) continue;
        if (waited >= milliseconds) {
            link->silence += waited;
            return link->silence < link->patience ? HNY_OK : give_up(link);
        }
        zmq_pollitem_t item = {link->socket, 0, ZMQ_POLLIN, 0};
        if (zmq_poll(&item, 1, (long)(milliseconds - waited)) < 0 && zmq_errno() != EINTR)
            return hny_zmq_fail("cannot wait for", link->endpoint);
    }
}

hny_status hny_depot_link_stuck(const struct hny_depot_link *link, uint64_t since) {
    if (hny_milliseconds() - since < link->patience) return HNY_OK;
    return hny_fail(HNY_ERROR_IO,
                    "%s: got no further for %g seconds: the depot is busy, or sends what was not asked for",
                    link->endpoint, (double)link->patience / 1000);
}

hny_status hny_depot_link_refused(struct hny_depot_link *link, const struct hny_depot_message *message) {
    bool again = message->refusal == HNY_DEPOT_REFUSED_BUSY || message->refusal == HNY_DEPOT_REFUSED_LEAVING;
    if (hny_stop_requested()) return HNY_INTERRUPTED;
    if (again) {
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
        return HNY_OK;
    }
    return hny_fail(HNY_ERROR_INPUT, "%s: refused: %s%s%.*s", link->endpoint,
                    hny_depot_refusal_name(message->refusal), message->data.size ? ": " : "",
                    (int)message->data.size, message->data.data);
}
