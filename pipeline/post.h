/* Messages of the protocol through a socket: what frames and parcels are for together. */
#ifndef HNY_PIPELINE_POST_H
#define HNY_PIPELINE_POST_H

#include "pipeline/parcel.h"
#include "pipeline/wire.h"

/* Memory that serves message after message. Zero-initialise; free with hny_post_free. */
struct hny_post {
    struct hny_parcel parcel; /* what came last */
    struct hny_frames frames;
    struct hny_piece *pieces; /* of what goes out */
    size_t capacity;
};
void hny_post_free(struct hny_post *post);

/* Sends MESSAGE by SOCKET without waiting: a ROUTER's to the peer whose routing id ADDRESS is, a DEALER's
 * where ADDRESS is NULL. One that the other side does not take is lost, as a message can always be. */
hny_status hny_post_send(struct hny_post *post, void *socket, const struct hny_piece *address,
                         const struct hny_message *message);

/* The next message that has come on the DEALER SOCKET, its payload the caller's; what is none is passed over.
 * *ANY false where there is none, without waiting. */
hny_status hny_post_receive(struct hny_post *post, void *socket, struct hny_message *message, bool *any);

#endif
