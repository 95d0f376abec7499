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
    *any = parcel->cut = false;
    for (bool more = true; more;) {
        if (parcel->count == HNY_PARCEL_PARTS) {
            HNY_TRY(skip_rest(socket));
            parcel->cut = *any = true;
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

/* Below this a copy costs less than a reference. */
#define LARGE 1024

static bool lies_in(const struct hny_piece *piece, const struct hny_payload *owner) {
    if (!owner || piece->size < LARGE) return false;
    const char *begin = (const char *)(owner->sentences + owner->count);
    return piece->data >= begin && piece->data < begin + owner->options.size + owner->bytes + owner->count;
}

static void drop_owner(void *data, void *owner) {
    struct hny_payload *payload = owner;
    (void)data;
    hny_payload_drop(&payload);
}

static int make_part(zmq_msg_t *part, const struct hny_piece *piece, struct hny_payload *owner) {
    if (lies_in(piece, owner)) {
        int wrong = zmq_msg_init_data(part, (void *)(uintptr_t)piece->data, piece->size, drop_owner, owner);
        if (!wrong) hny_payload_keep(owner);
        return wrong;
    }
    if (zmq_msg_init_size(part, piece->size) != 0) return -1;
    if (piece->size) memcpy(zmq_msg_data(part), piece->data, piece->size);
    return 0;
}

hny_status hny_parcel_send_shared(void *socket, const struct hny_piece *pieces, size_t count,
                                  struct hny_payload *owner, bool *sent) {
    *sent = false;
    for (size_t i = 0; i < count; i++) {
        int flags = ZMQ_DONTWAIT | (i + 1 < count ? ZMQ_SNDMORE : 0);
        zmq_msg_t part;
        if (make_part(&part, &pieces[i], owner) != 0) return hny_zmq_fail("cannot make", "a message");
        while (zmq_msg_send(&part, socket, flags) < 0) {
            int error = zmq_errno();
            if (error == EINTR) continue;
            zmq_msg_close(&part);
            /* Once the first part is taken ZeroMQ takes the others too. */
            if (i == 0 && (error == EAGAIN || error == EHOSTUNREACH)) return HNY_OK;
            return hny_zmq_fail("cannot send to", "a socket");
        }
    }
    *sent = true;
    return HNY_OK;
}

hny_status hny_parcel_send(void *socket, const struct hny_piece *pieces, size_t count, bool *sent) {
    return hny_parcel_send_shared(socket, pieces, count, NULL, sent);
}

/* Messages that wait on either side of a connection: more than a client has under way at a time, or a worker
 * holds, with an answer and an acknowledgement for each. */
#define QUEUE 16384

#define BACKLOG 4096 /* connections that wait to be taken, when many come at once */

/* ms without a whole frame after a ping: a large frame may be on its way, either way, for long. */
#define SILENCE (15000 + HNY_FRAME_BYTES / HNY_FLOOR_RATE)

/* A ROUTER, which may have thousands of connections, leaves watching them to the kernel: ZeroMQ's own timers
 * are searched one by one. */
static bool set_watch(void *socket, int type) {
    static const int on = 1, idle = 30, count = 3, between = 10, beat = 5000, timeout = SILENCE;
    if (type != ZMQ_ROUTER)
        return zmq_setsockopt(socket, ZMQ_HEARTBEAT_IVL, &beat, sizeof beat) == 0 &&
               zmq_setsockopt(socket, ZMQ_HEARTBEAT_TIMEOUT, &timeout, sizeof timeout) == 0;
    return zmq_setsockopt(socket, ZMQ_ROUTER_MANDATORY, &on, sizeof on) == 0 &&
           zmq_setsockopt(socket, ZMQ_TCP_KEEPALIVE, &on, sizeof on) == 0 &&
           zmq_setsockopt(socket, ZMQ_TCP_KEEPALIVE_IDLE, &idle, sizeof idle) == 0 &&
           zmq_setsockopt(socket, ZMQ_TCP_KEEPALIVE_CNT, &count, sizeof count) == 0 &&
           zmq_setsockopt(socket, ZMQ_TCP_KEEPALIVE_INTVL, &between, sizeof between) == 0;
}

hny_status hny_socket_open(void **socket, void *context, int type, int64_t most, int linger) {
    int queue = QUEUE, backlog = BACKLOG;
    void *made = zmq_socket(context, type);
    if (!made) return hny_zmq_fail("cannot make", "a socket");
    if (zmq_setsockopt(made, ZMQ_MAXMSGSIZE, &most, sizeof most) != 0 ||
        zmq_setsockopt(made, ZMQ_LINGER, &linger, sizeof linger) != 0 ||
        zmq_setsockopt(made, ZMQ_SNDHWM, &queue, sizeof queue) != 0 ||
        zmq_setsockopt(made, ZMQ_RCVHWM, &queue, sizeof queue) != 0 ||
        zmq_setsockopt(made, ZMQ_BACKLOG, &backlog, sizeof backlog) != 0 || !set_watch(made, type)) {
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
