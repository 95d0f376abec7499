/* A client's connection to a depot (pipeline/DEPOT-PROTOCOL.md). It is made again by itself where it breaks;
 * what was under way is lost then, and the depot says UNKNOWN of the transfer. */
#ifndef HNY_PIPELINE_DEPOT_LINK_H
#define HNY_PIPELINE_DEPOT_LINK_H

#include "pipeline/depot_wire.h"
#include "pipeline/parcel.h"

enum { HNY_DEPOT_BEAT_MS = 1000 }; /* a client says something after so much silence */

struct hny_depot_link;

/* ENDPOINT: the depot's, as tcp://host:5560. KEY is the file of one's own pair, SERVER the depot's public key
 * or its file (pipeline/keys.h); with SERVER alone a pair is drawn for this connection; both NULL: without
 * keys. PATIENCE: ms without a word after which the depot is given up. */
hny_status hny_depot_link_open(struct hny_depot_link **link, const char *endpoint, const char *key,
                               const char *server, uint64_t patience);
void hny_depot_link_close(struct hny_depot_link **link); /* nulls; NULL is allowed */

uint64_t hny_depot_link_number(struct hny_depot_link *link);        /* the next transfer's */
uint64_t hny_depot_link_session(const struct hny_depot_link *link); /* drawn once */

/* *SENT, where it is not NULL: false where the connection takes no more at the moment. */
hny_status hny_depot_link_send(struct hny_depot_link *link, const struct hny_depot_message *message,
                               bool *sent);

/* The next message about TRANSFER within MILLISECONDS; its data lies in the link until the next call. *ANY
 * false where none has come. HNY_ERROR_IO once the depot has said nothing for PATIENCE; HNY_INTERRUPTED where
 * hny_stop_requested(). */
hny_status hny_depot_link_receive(struct hny_depot_link *link, uint64_t transfer, uint64_t milliseconds,
                                  struct hny_depot_message *message, bool *any);

/* What a refusal means for who asked: HNY_OK where it is worth asking again, after the pause that has been
 * made here; else HNY_ERROR_INPUT with the depot's reason. */
hny_status hny_depot_link_refused(struct hny_depot_link *link, const struct hny_depot_message *message);

/* HNY_OK until PATIENCE has passed since SINCE (hny_milliseconds), when the transfer last got further; then
 * HNY_ERROR_IO: a depot that only ever says the same is given up like a silent one. */
hny_status hny_depot_link_stuck(const struct hny_depot_link *link, uint64_t since);

#endif
