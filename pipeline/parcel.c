#include "pipeline/parcel.h"

#include "base/memory.h"
#include "base/progress.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

hny_status hny_zmq_fail(const char *what, const char *endpoint) {
    return hny_fail(HNY_ERROR_IO, "%s %s: %s", what, endpoint, zmq_strerror(zmq_errno()));
}

static void forget_parts(struct hny_parcel *parcel) {
    for (size_t i = 0; i < parcel->count; i++) zmq_msg_close(&parcel->parts[i]);
    parcel->count = 0;
}

void hny_parcel_free(struct hny_parcel *parcel) {
    forget_parts(parcel);
    free(parcel->parts);
    free(parcel->pieces);
    *parcel = (struct hny_parcel){0};
}

/* A message is never moved once ZeroMQ has it, so the array grows before its parts come. */
static hny_status reserve(struct hny_parcel *parcel) {
    if (parcel->parts) return HNY_OK;
    parcel->parts = calloc(HNY_PARCEL_PARTS, sizeof *parcel->parts);
    parcel->pieces = calloc(HNY_PARCEL_PARTS, sizeof *parcel->pieces);
    if (parcel->parts && parcel->pieces) return HNY_OK;
    hny_parcel_free(parcel);
    return hny_fail(HNY_ERROR_MEMORY, "out of memory for a message");
}

static hny_status skip_rest(void *socket) {
    zmq_msg_t part;
    for (bool more = true; more;) {
        zmq_msg_init(&part);
        if (zmq_msg_recv(&part, socket, 0) < 0) {
            zmq_msg_close(&part);
            return hny_zmq_fail("cannot receive from", "a socket");
        }
        more = zmq_msg_more(&part);
        zmq_msg_close(&part);
    }
    return HNY_OK;
}

hny_status hny_parcel_receive(void *socket, struct hny_parcel *parcel, bool *any) {
    HNY_TRY(reserve(parcel));
    forget_parts(parcel);
    *any = false;
    for (bool more = true; more;) {
        if (parcel->count == HNY_PARCEL_PARTS) {
            HNY_TRY(skip_rest(socket));
            forget_parts(parcel);
            return HNY_OK;
        }
        zmq_msg_t *part = &parcel->parts[parcel->count];
        zmq_msg_init(part);
        /* The parts of a message come together: only for the first there may be nothing. */
        if (zmq_msg_recv(part, socket, ZMQ_DONTWAIT) < 0) {
            int error = zmq_errno();
            zmq_msg_close(part);
            if (error == EINTR && parcel->count > 0) continue;
            if ((error == EAGAIN || error == EINTR) && parcel->count == 0) return HNY_OK;
            return hny_zmq_fail("cannot receive from", "a socket");
        }
        parcel->pieces[parcel->count++] = (struct hny_piece){zmq_msg_data(part), zmq_msg_size(part)};
        more = zmq_msg_more(part);
    }
    *any = true;
    return HNY_OK;
}

bool hny_parcel_key(const struct hny_parcel *parcel, uint8_t *key) {
    const char *user = parcel->count > 0 ? zmq_msg_gets(&parcel->parts[parcel->count - 1], "User-Id") : NULL;
    return user && strlen(user) == 40 && zmq_z85_decode(key, user);
}

hny_status hny_parcel_send(void *socket, const struct hny_piece *pieces, size_t count, bool *sent) {
    *sent = false;
    for (size_t i = 0; i < count; i++) {
        int flags = ZMQ_DONTWAIT | (i + 1 < count ? ZMQ_SNDMORE : 0);
        while (zmq_send(socket, pieces[i].data, pieces[i].size, flags) < 0) {
            int error = zmq_errno();
            if (error == EINTR) continue;
            /* Once the first part is taken ZeroMQ takes the others too. */
            if (i == 0 && (error == EAGAIN || error == EHOSTUNREACH)) return HNY_OK;
            return hny_zmq_fail("cannot send to", "a socket");
        }
    }
    *sent = true;
    return HNY_OK;
}

/* Messages that wait on either side of a connection: more than a client has under way at a time, or a worker
 * holds, with an answer and an acknowledgement for each. */
#define QUEUE 16384

hny_status hny_socket_open(void **socket, void *context, int type, int64_t most, int linger) {
    int mandatory = 1, beat = 5000, timeout = 15000, queue = QUEUE;
    void *made = zmq_socket(context, type);
    if (!made) return hny_zmq_fail("cannot make", "a socket");
    bool fine = zmq_setsockopt(made, ZMQ_MAXMSGSIZE, &most, sizeof most) == 0 &&
                zmq_setsockopt(made, ZMQ_LINGER, &linger, sizeof linger) == 0 &&
                zmq_setsockopt(made, ZMQ_SNDHWM, &queue, sizeof queue) == 0 &&
                zmq_setsockopt(made, ZMQ_RCVHWM, &queue, sizeof queue) == 0 &&
                zmq_setsockopt(made, ZMQ_HEARTBEAT_IVL, &beat, sizeof beat) == 0 &&
                zmq_setsockopt(made, ZMQ_HEARTBEAT_TIMEOUT, &timeout, sizeof timeout) == 0;
    if (fine && type == ZMQ_ROUTER)
        fine = zmq_setsockopt(made, ZMQ_ROUTER_MANDATORY, &mandatory, sizeof mandatory) == 0;
    if (!fine) {
        hny_status status = hny_zmq_fail("cannot set", "a socket's options");
        zmq_close(made);
        return status;
    }
    *socket = made;
    return HNY_OK;
}

uint64_t hny_milliseconds(void) {
    return (uint64_t)(hny_seconds() * 1000);
}

hny_status hny_uuid_make(uint8_t *uuid) {
    if (getrandom(uuid, 16, 0) == 16) return HNY_OK;
    return hny_fail_errno("cannot draw random bytes");
}
