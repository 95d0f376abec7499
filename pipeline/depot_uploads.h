/* Who sends what to a depot: the files that are on their way (pipeline/depot_upload.h), and the connections
 * that they come by. What has come of a file outlasts the connection, and the depot: FOLDER/SHA256.partial.
 */
#ifndef HNY_PIPELINE_DEPOT_UPLOADS_H
#define HNY_PIPELINE_DEPOT_UPLOADS_H

#include "pipeline/broker_core.h"
#include "pipeline/depot_upload.h"

struct hny_depot_uploads_options {
    const char *folder; /* of what has not come whole yet; it is there */
    size_t most;        /* files at a time */
    uint64_t largest;   /* bytes of a file */
    struct hny_depot_publisher publisher;
};

struct hny_depot_uploads;
hny_status hny_depot_uploads_create(struct hny_depot_uploads **uploads,
                                    const struct hny_depot_uploads_options *options);

/* Waits for the threads, which write what they have, and finish what they publish. Nulls; NULL is allowed. */
void hny_depot_uploads_destroy(struct hny_depot_uploads **uploads);

/* An open file that can be read from when there may be something to tell. */
int hny_depot_uploads_signal(const struct hny_depot_uploads *uploads);

/* PEER, whose key is KEY, says OFFER: for the first time, again, or from another connection than before.
 * *REFUSAL says why not. */
void hny_depot_uploads_offer(struct hny_depot_uploads *uploads, uint64_t now, const struct hny_peer *peer,
                             const uint8_t key[HNY_KEY_SIZE], const struct hny_depot_message *message,
                             enum hny_depot_refusal *refusal);

bool hny_depot_uploads_has(const struct hny_depot_uploads *uploads,
                           const char *file); /* FILE is on its way */

/* PEER says CHUNK. False: no such transfer, or not the bytes that come next: it has to ask anew. */
bool hny_depot_uploads_chunk(struct hny_depot_uploads *uploads, uint64_t now, const struct hny_peer *peer,
                             const struct hny_depot_message *message);

/* PEER has no further interest, or is no more. */
void hny_depot_uploads_cancel(struct hny_depot_uploads *uploads, const struct hny_peer *peer,
                              uint64_t transfer);

/* The next message to a client, about FILE; false: there is none at the moment. Drops those that were silent
 * for HNY_DEPOT_SILENCE_MS. The message's data lasts until the next call. */
bool hny_depot_uploads_tell(struct hny_depot_uploads *uploads, uint64_t now, struct hny_peer *peer,
                            struct hny_depot_message *message);

size_t hny_depot_uploads_count(const struct hny_depot_uploads *uploads);

#endif
