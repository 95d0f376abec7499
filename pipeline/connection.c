#include "pipeline/connection.h"

#include "base/memory.h"
#include "base/progress.h"
#include "pipeline/parcel.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS                                                                                               \
    (ZMQ_EVENT_CONNECTED | ZMQ_EVENT_CONNECT_RETRIED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED |                       \
     ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |                            \
     ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)

/* ms that ZeroMQ may knock by itself at an end that hangs up: a broker that begins or ends does so, too. */
#define LENIENT 1000

struct hny_connection {
    void *socket, *events; /* the one that is watched; and that by which ZeroMQ tells of it */
    char *endpoint;        /* NULL: it binds */
    bool keyed;
    struct hny_parcel parcel;
    enum hny_connection_fault fault;
    uint64_t since; /* when it began */
    size_t failures;
    bool reached; /* somebody has taken the connection since it was last looked for */

    bool stopped;          /* ZeroMQ has given it up, or it was taken from it */
    uint64_t again, pause; /* when it is made again; and what the pause behind that one would be */
    bool renewed;          /* it has been given up since it came about last */
    bool told_renewed;     /* and has come about again, of which nobody has been told */
    uint64_t made;         /* when it was made again */
    enum hny_connection_fault said;
};

hny_status hny_connection_open(struct hny_connection **connection, void *context, void *socket,
                               const char *endpoint, bool keyed) {
    struct hny_connection *made = hny_allocate(1, sizeof *made);
    char place[64];
    *connection = made;
    if (!made) return HNY_ERROR_MEMORY;
    made->keyed = keyed;
    made->pause = HNY_CONNECTION_PAUSE;
    snprintf(place, sizeof place, "inproc://watch-%p", socket);
    hny_status status = HNY_OK;
    if (endpoint && !(made->endpoint = strdup(endpoint)))
        status = hny_fail(HNY_ERROR_MEMORY, "out of memory for an endpoint");
    else if (zmq_socket_monitor(socket, place, EVENTS) != 0)
        status = hny_zmq_fail("cannot watch", endpoint ? endpoint : "a socket");
    else
        made->socket = socket;
    if (status == HNY_OK) status = hny_socket_open(&made->events, context, ZMQ_PAIR, -1, 0);
    if (status == HNY_OK && zmq_connect(made->events, place) != 0)
        status = hny_zmq_fail("cannot connect to", place);
    if (status != HNY_OK) hny_connection_close(connection);
    return status;
}

/* ZeroMQ's thread may wait for room where events are told: where nobody has called for long there is none. */
static void drain(struct hny_connection *connection) {
    bool any = connection->events != NULL;
    while (any)
        if (hny_parcel_receive(connection->events, &connection->parcel, &any) != HNY_OK) any = false;
}

void hny_connection_close(struct hny_connection **connection) {
    struct hny_connection *old = *connection;
    if (!old) return;
    drain(old);
    if (old->socket) zmq_socket_monitor(old->socket, NULL, 0);
    if (old->events) zmq_close(old->events);
    hny_parcel_free(&old->parcel);
    free(old->endpoint);
    free(old);
    *connection = NULL;
}

/* --- Events ------------------------------------------------------------------------------------------- */

static bool is_of_keys(enum hny_connection_fault fault) {
    return fault > HNY_CONNECTION_ABSENT;
}

/* A reason that was given stays the reason where another try is cut off without one: which of two ends that
 * do not go together gives up first is chance. */
static void set_fault(struct hny_connection *connection, uint64_t now, enum hny_connection_fault fault) {
    bool same = fault == connection->fault || (is_of_keys(fault) && is_of_keys(connection->fault));
    if (!same) connection->since = now;
    if (connection->endpoint && fault == HNY_CONNECTION_CUT && is_of_keys(connection->fault)) return;
    connection->fault = fault;
}

static void succeed(struct hny_connection *connection, uint64_t now) {
    set_fault(connection, now, HNY_CONNECTION_FINE);
    connection->pause = HNY_CONNECTION_PAUSE;
    connection->told_renewed = connection->renewed;
    connection->renewed = false;
}

static void fail(struct hny_connection *connection, uint64_t now, unsigned event) {
    bool cut = event == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL;
    connection->failures++;
    set_fault(connection, now,
              event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH ? HNY_CONNECTION_REFUSED
              : cut && connection->keyed               ? HNY_CONNECTION_CUT
                                                       : HNY_CONNECTION_UNLIKE);
    if (!connection->endpoint || connection->stopped || (cut && now - connection->since < LENIENT)) return;
    zmq_disconnect(connection->socket, connection->endpoint); /* if there is still something of it */
    connection->stopped = connection->renewed = true;
    connection->again = now + connection->pause;
    connection->pause = 2 * connection->pause < HNY_CONNECTION_LONGEST_PAUSE ? 2 * connection->pause
                                                                             : HNY_CONNECTION_LONGEST_PAUSE;
}

static void take_event(struct hny_connection *connection, uint64_t now, unsigned event) {
    switch (event) {
    case ZMQ_EVENT_CONNECTED:
        connection->reached = true;
        return;
    case ZMQ_EVENT_CONNECT_RETRIED: /* also said once where a connection that stood was lost */
        if (!connection->reached && !connection->stopped) set_fault(connection, now, HNY_CONNECTION_ABSENT);
        connection->reached = false;
        return;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        if (!connection->stopped) succeed(connection, now);
        return;
    default:
        fail(connection, now, event);
    }
}

hny_status hny_connection_turn(struct hny_connection *connection, uint64_t now) {
    for (;;) {
        uint16_t event; /* an event's first frame begins with it (zmq_socket_monitor(3)) */
        bool any;
        HNY_TRY(hny_parcel_receive(connection->events, &connection->parcel, &any));
        if (!any) break;
        if (connection->parcel.pieces[0].size < sizeof event) continue;
        memcpy(&event, connection->parcel.pieces[0].data, sizeof event);
        take_event(connection, now, event);
    }
    if (!connection->stopped || now < connection->again) return HNY_OK;
    connection->stopped = connection->reached = false;
    connection->made = now;
    return zmq_connect(connection->socket, connection->endpoint) == 0
               ? HNY_OK
               : hny_zmq_fail("cannot connect to", connection->endpoint);
}

/* --- What there is to say ------------------------------------------------------------------------------ */

enum hny_connection_fault hny_connection_fault(const struct hny_connection *connection, uint64_t *since) {
    *since = connection->since;
    return connection->fault;
}

size_t hny_connection_failures(const struct hny_connection *connection) {
    return connection->failures;
}

bool hny_connection_renewed(struct hny_connection *connection, uint64_t *since) {
    bool renewed = connection->told_renewed;
    connection->told_renewed = false;
    *since = connection->made;
    return renewed;
}

const char *hny_connection_words(const struct hny_connection *connection) {
    switch (connection->fault) {
    case HNY_CONNECTION_FINE:
        return "connected";
    case HNY_CONNECTION_ABSENT:
        return "no broker is there";
    case HNY_CONNECTION_REFUSED:
        return "the broker does not let this key in (its --allow)";
    case HNY_CONNECTION_UNLIKE:
        return connection->keyed
                   ? "the broker has no keys, or what is there is no broker"
                   : "the broker wants keys (--key and --server-key), or what is there is no broker";
    case HNY_CONNECTION_CUT:
        break;
    }
    return "the broker has not the key that was told (--server-key), or has no keys";
}

void hny_connection_note(struct hny_connection *connection, const char *who, uint64_t now) {
    enum hny_connection_fault fault = connection->fault;
    uint64_t patience = is_of_keys(fault) ? HNY_CONNECTION_REFUSED_FOR : HNY_CONNECTION_ABSENT_FOR;
    if (fault == connection->said || (fault && now - connection->since < patience)) return;
    connection->said = fault;
    hny_progress_note("%s: %s: %s%s", who, connection->endpoint, hny_connection_words(connection),
                      fault ? "; trying again" : "");
}
