/* Multipart messages over ZeroMQ sockets. */
#ifndef HNY_PIPELINE_PARCEL_H
#define HNY_PIPELINE_PARCEL_H

#include "pipeline/message.h"
#include <zmq.h>

/* A message that was received. Zero-initialise; free with hny_parcel_free; may be used again. */
struct hny_parcel {
    zmq_msg_t *parts;
    struct hny_piece *pieces; /* [count] where the parts lie */
    size_t count;
    bool cut; /* there were more */
};
void hny_parcel_free(struct hny_parcel *parcel);

enum { HNY_PARCEL_PARTS = 4096 }; /* of a message; further ones are lost */

/* The next message that has come on SOCKET: *ANY false where there is none, without waiting. */
hny_status hny_parcel_receive(void *socket, struct hny_parcel *parcel, bool *any);

/* The public key of the connection that the message came by, 32 bytes; false where it has none. */
bool hny_parcel_key(const struct hny_parcel *parcel, uint8_t *key);

/* Sends COUNT pieces without waiting; *SENT false where the other side takes no more, or has gone: it is lost
 * then, as a message can always be. */
hny_status hny_parcel_send(void *socket, const struct hny_piece *pieces, size_t count, bool *sent);

/* The same where pieces may lie in OWNER (NULL: none does): large ones of those are not copied, so that
 * however often a payload waits to be sent it takes its memory once. */
hny_status hny_parcel_send_shared(void *socket, const struct hny_piece *pieces, size_t count,
                                  struct hny_payload *owner, bool *sent);

/* A socket of TYPE of CONTEXT, bounded: a part may have MOST bytes. Closing it waits for LINGER ms at most.
 */
hny_status hny_socket_open(void **socket, void *context, int type, int64_t most, int linger);

/* HNY_ERROR_IO: what ZeroMQ says, behind WHAT and ENDPOINT. */
hny_status hny_zmq_fail(const char *what, const char *endpoint);

uint64_t hny_milliseconds(void); /* of hny_seconds, in which the state machines count */

hny_status hny_uuid_make(uint8_t *uuid); /* 16 random bytes */

#endif
