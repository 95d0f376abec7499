/* What a depot sends: transfers of files' parts, each as far as its client's credit reaches. A state machine
 * without sockets, clock or randomness: the caller says what time it is, in ms, and draws the tokens.
 *
 * Every chunk carries a token that nobody can guess, and counts as under way until the client has said it
 * back: so a client that only asks and never reads has no more of the depot's memory than a part of its
 * credit, and its place for no longer than others can do without it. */
#ifndef HNY_PIPELINE_DEPOT_PULLS_H
#define HNY_PIPELINE_DEPOT_PULLS_H

#include "pipeline/broker_core.h"
#include "pipeline/depot_wire.h"

enum {
    HNY_DEPOT_CREDIT = 4 << 20,   /* bytes under way of a transfer, at most */
    HNY_DEPOT_PULLS_OF_ONE = 8,   /* transfers of one connection at a time */
    HNY_DEPOT_SILENCE_MS = 10000, /* a client that says nothing is dropped */
    HNY_DEPOT_STUCK_MS = 60000,   /* and so is one that reads nothing of what is under way */
};

/* MOST transfers have a place at a time, and the bytes under way of all come to HNY_DEPOT_CREDIT for each of
 * these at most; beyond that everybody, also who was dropped, up to three times as many, has one chunk. Until
 * something of a transfer was confirmed a quarter of its credit goes out. PATIENCE: ms without anything
 * confirmed after which a transfer's place is another's who asks for it when there is none left. */
struct hny_depot_pulls;
hny_status hny_depot_pulls_create(struct hny_depot_pulls **pulls, size_t most, uint64_t patience);
void hny_depot_pulls_destroy(struct hny_depot_pulls **pulls); /* closes their files; nulls; NULL is allowed */

/* A transfer of FILE, an open file of SIZE bytes, as PEER's message asks: INDEX all of it, FETCH a part.
 * *REFUSAL says why not; where it is HNY_DEPOT_NOT_REFUSED the file is the transfer's, else the caller's.
 * Where there is no place the transfer that has got nowhere for longest, and for PATIENCE, is dropped, unless
 * PEER itself has left unread what it was sent. */
void hny_depot_pulls_begin(struct hny_depot_pulls *pulls, uint64_t now, const struct hny_peer *peer,
                           const struct hny_depot_message *message, int file, uint64_t size,
                           enum hny_depot_refusal *refusal);

/* What PEER says in HAVE or CANCEL. False: there is no such transfer, or it was dropped. */
bool hny_depot_pulls_have(struct hny_depot_pulls *pulls, uint64_t now, const struct hny_peer *peer,
                          const struct hny_depot_message *message);
bool hny_depot_pulls_cancel(struct hny_depot_pulls *pulls, uint64_t now, const struct hny_peer *peer,
                            const struct hny_depot_message *message);

/* The next chunk that may go out: one of each transfer in turn. It counts as sent, under TOKEN. */
struct hny_depot_part {
    struct hny_peer peer;
    uint64_t transfer, offset, end, token;
    int file;
    size_t size;
};
bool hny_depot_pulls_next(struct hny_depot_pulls *pulls, uint64_t token, struct hny_depot_part *part);

/* The connection of that transfer is no more, or its file cannot be read: nothing of it is under way. */
void hny_depot_pulls_gone(struct hny_depot_pulls *pulls, const struct hny_peer *peer, uint64_t transfer);

/* The next transfer that has waited too long for its client, and is dropped: the client may be told. What was
 * under way stands in the connection's queue until the system gives that up, so it counts for
 * HNY_DEPOT_STUCK_MS more, unless the connection is _gone or something that was sent behind it has come. */
bool hny_depot_pulls_drop(struct hny_depot_pulls *pulls, uint64_t now, struct hny_peer *peer,
                          uint64_t *transfer);

size_t hny_depot_pulls_count(const struct hny_depot_pulls *pulls); /* that are not dropped: with a place */

#endif
