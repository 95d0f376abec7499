/* Messages between a depot and its clients as frames of a ZeroMQ multipart message: "HNYD1", the verb,
 * numbers of eight bytes, most significant byte first, and then what the verb carries.
 * pipeline/DEPOT-PROTOCOL.md is the same for people. */
#ifndef HNY_PIPELINE_DEPOT_WIRE_H
#define HNY_PIPELINE_DEPOT_WIRE_H

#include "base/digest.h"
#include "pipeline/wire.h"

enum hny_depot_verb {
    /* a client to the depot */
    HNY_DEPOT_VERB_INDEX,  /* index.json, please: answered by CHUNKs */
    HNY_DEPOT_VERB_FETCH,  /* a part of a file, please: answered by CHUNKs */
    HNY_DEPOT_VERB_HAVE,   /* this far it has come; also said while nothing comes */
    HNY_DEPOT_VERB_CANCEL, /* the transfer is not wanted any more: no answer */
    HNY_DEPOT_VERB_OFFER,  /* a file for the depot: answered by WANT; also said while nothing comes */
    /* either way */
    HNY_DEPOT_VERB_CHUNK, /* bytes of the file */
    /* the depot to a client */
    HNY_DEPOT_VERB_WANT,    /* of an offered file: this far it is here, so far may be sent */
    HNY_DEPOT_VERB_STORED,  /* the offered file is in the depot */
    HNY_DEPOT_VERB_REFUSED, /* the transfer is over */
    HNY_DEPOT_VERB_UNKNOWN, /* the depot knows no such transfer (any more): ask anew */
    HNY_DEPOT_VERBS,
};

/* Why a transfer is over without having been done. Their names are part of the protocol. */
enum hny_depot_refusal {
    HNY_DEPOT_NOT_REFUSED,
    HNY_DEPOT_REFUSED_BUSY,     /* a limit is reached, or another sends the same file: later, perhaps */
    HNY_DEPOT_REFUSED_BUNDLE,   /* the depot has no such file */
    HNY_DEPOT_REFUSED_KEY,      /* the key of the connection, or none, does not allow it */
    HNY_DEPOT_REFUSED_TOO_LONG, /* an offered file is larger than the depot takes */
    HNY_DEPOT_REFUSED_LEAVING,  /* the depot is shutting down */
    HNY_DEPOT_REFUSED_BAD,      /* malformed, or beyond the end of the file */
    HNY_DEPOT_REFUSED_DAMAGED,  /* what came has another SHA-256; nothing of it is kept */
    HNY_DEPOT_REFUSED_UNFIT,    /* no whole bundle, one without a release, or its release is there already */
    HNY_DEPOT_REFUSED_FAILED,   /* the depot could not: its disk is full, or a fault in it */
    HNY_DEPOT_REFUSALS,
};
const char *hny_depot_refusal_name(enum hny_depot_refusal refusal); /* "busy", …: static */

#define HNY_DEPOT_MOST ((uint64_t)1 << 62)                               /* bytes of a file */
enum { HNY_DEPOT_CHUNK_BYTES = 1 << 18, HNY_DEPOT_REASON_BYTES = 2048 }; /* at most */

/* Of a frame at most: CurveZMQ makes it some bytes longer. */
enum { HNY_DEPOT_FRAME_BYTES = HNY_DEPOT_CHUNK_BYTES + 256 };

/* Plain data: what a verb does not carry is 0, or empty. */
struct hny_depot_message {
    enum hny_depot_verb verb;
    uint64_t transfer; /* chosen by the client, unlike any other of its connection; never 0 */
    uint64_t session;  /* OFFER: chosen by who sends the file; WANT: of the depot's taking */
    uint64_t credit;   /* INDEX, FETCH: bytes that may be under way */
    uint64_t offset;   /* FETCH, CHUNK: of the first byte; HAVE, WANT: behind the last that has come */
    uint64_t end;   /* FETCH, CHUNK: behind the last of the transfer; WANT: behind the last that may be sent;
                     * OFFER: the file's size */
    uint64_t token; /* CHUNK: drawn by the depot; HAVE: that of the last chunk that has come, or 0 */
    char file[HNY_DIGEST_TEXT]; /* FETCH, OFFER: its SHA-256 */
    enum hny_depot_refusal refusal;
    struct hny_piece data; /* CHUNK: the bytes; REFUSED: the reason in words, UTF-8 */
};

/* FRAMES point into themselves and to the message's data, which has to live as long. */
hny_status hny_depot_wire_write(struct hny_frames *frames, const struct hny_depot_message *message);

/* *MESSAGE of COUNT frames, into which its data points. HNY_ERROR_INPUT where they are no message: then
 * *MESSAGE says all the same which verb (HNY_DEPOT_VERBS: unknown) and transfer (0: unknown) it is about. */
hny_status hny_depot_wire_read(const struct hny_piece *frames, size_t count,
                               struct hny_depot_message *message);

#endif
