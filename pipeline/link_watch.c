#include "pipeline/link_watch.h"

#include "base/memory.h"
#include "base/progress.h"
#include "pipeline/parcel.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS                                                                                               \
    (ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |                                  \
     ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)

struct hny_link_watch {
    void *socket, *events; /* the link's; and the one by which ZeroMQ tells of it */
    struct hny_edge edge;
    bool keyed;
    struct hny_parcel parcel;
    uint16_t failure; /* the last event that was one; 0: none since a connection came about */
    uint64_t failing; /* since when there were no others */
    bool given_up;    /* by ZeroMQ, which does not connect again */
    uint64_t tried;   /* when that was last done for it */
    uint64_t begun;   /* when it was first looked at */
    uint64_t said;    /* when what is wrong was last said; 0: not yet */
    bool told;        /* that keys are what is wrong */
};

hny_status hny_link_watch_open(struct hny_link_watch **watch, void *context, void *socket,
                               const struct hny_edge *edge, bool keyed) {
    struct hny_link_watch *made = hny_allocate(1, sizeof *made);
    char place[64];
    *watch = made;
    if (!made) return HNY_ERROR_MEMORY;
    made->edge = *edge;
    made->keyed = keyed;
    snprintf(place, sizeof place, "inproc://watch-%p", socket);
    hny_status status = HNY_OK;
    if (zmq_socket_monitor(socket, place, EVENTS) != 0)
        status = hny_zmq_fail("cannot watch", edge->place);
    else
        made->socket = socket;
    if (status == HNY_OK) status = hny_socket_open(&made->events, context, ZMQ_PAIR, -1, 0);
    if (status == HNY_OK && zmq_connect(made->events, place) != 0)
        status = hny_zmq_fail("cannot connect to", place);
    if (status != HNY_OK) hny_link_watch_close(watch);
    return status;
}

void hny_link_watch_close(struct hny_link_watch **watch) {
    struct hny_link_watch *old = *watch;
    if (!old) return;
    if (old->socket) zmq_socket_monitor(old->socket, NULL, 0);
    if (old->events) zmq_close(old->events);
    hny_parcel_free(&old->parcel);
    free(old);
    *watch = NULL;
}

/* An event's first frame begins with its number (zmq_socket_monitor(3)). */
static hny_status read_events(struct hny_link_watch *watch, uint64_t now, bool *failed) {
    *failed = false;
    for (;;) {
        uint16_t event;
        bool any;
        HNY_TRY(hny_parcel_receive(watch->events, &watch->parcel, &any));
        if (!any) return HNY_OK;
        if (watch->parcel.pieces[0].size < sizeof event) continue;
        memcpy(&event, watch->parcel.pieces[0].data, sizeof event);
        *failed = event != ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
        if (*failed && !watch->failure) watch->failing = now;
        watch->failure = *failed ? event : 0;
        watch->given_up = *failed && event != ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL;
    }
}

static hny_status connect_again(struct hny_link_watch *watch, uint64_t now) {
    if (!watch->given_up || now - watch->tried < HNY_LINK_PAUSE) return HNY_OK;
    watch->given_up = false;
    watch->tried = now;
    zmq_disconnect(watch->socket, watch->edge.place); /* if there is still something of it */
    return zmq_connect(watch->socket, watch->edge.place) == 0
               ? HNY_OK
               : hny_zmq_fail("cannot connect to", watch->edge.place);
}

static const char *reason(const struct hny_link_watch *watch) {
    bool bind = watch->edge.bind;
    /* Without keys, whichever end gives up first, there is one reason. */
    switch (watch->keyed ? watch->failure : ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL) {
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        return bind ? "its key is not among those that are let in (--allow)"
                    : "the stage there does not let this one's key in (its --allow)";
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        return "one of the two stages has keys for it and the other has none, or what is there is no stage";
    default:
        return bind ? "it has not this stage's public key (its --link-key), or is no stage"
                    : "the stage there has not the key that was told (--link-key), or has no keys";
    }
}

hny_status hny_link_watch_turn(struct hny_link_watch *watch, uint64_t now, uint64_t heard) {
    const char *place = watch->edge.place;
    bool failed;
    HNY_TRY(read_events(watch, now, &failed));
    if (!watch->begun) watch->begun = now;
    if (watch->edge.bind) {
        if (!failed || (watch->said && now - watch->said < HNY_LINK_SILENCE)) return HNY_OK;
        watch->said = now;
        hny_progress_note("stream: link:%s: somebody was turned away: %s", place, reason(watch));
        return HNY_OK;
    }
    HNY_TRY(connect_again(watch, now));
    if (heard >= watch->said) {
        watch->said = 0;
        watch->told = false;
    }
    uint64_t since = heard > watch->begun ? heard : watch->begun;
    if (!watch->told && watch->failure && now - watch->failing >= HNY_LINK_REFUSED) {
        watch->said = now;
        watch->told = true;
        hny_progress_note("stream: link:%s: no connection comes about: %s", place, reason(watch));
    } else if (!watch->said && now - since >= HNY_LINK_SILENCE) {
        watch->said = now;
        hny_progress_note("stream: link:%s: no word for %d seconds: is a stage there?", place,
                          HNY_LINK_SILENCE / 1000);
    }
    return HNY_OK;
}
