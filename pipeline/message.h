/* What broker, workers and clients say to each other, apart from how it lies in frames (pipeline/wire.h). The
 * rules of the conversation are pipeline/PROTOCOL.md. */
#ifndef HNY_PIPELINE_MESSAGE_H
#define HNY_PIPELINE_MESSAGE_H

#include "base/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hny_verb {
    /* a client to the broker */
    HNY_TRANSLATE, /* please: answered by ACCEPTED and one TRANSLATED or REFUSED */
    HNY_CANCEL, /* the answer is not wanted any more: answered by REFUSED (cancelled), or what came before it
                 */
    HNY_RECEIVED, /* answers up to this sequence number have come, all of them: the broker may forget them */
    HNY_PING,     /* to a broker: I am still there; answered by PONG */
    HNY_STATUS,   /* how are you: answered by STATE */
    /* the broker to a client */
    HNY_ACCEPTED,
    HNY_TRANSLATED,
    HNY_REFUSED,
    HNY_PONG,
    HNY_STATE, /* a JSON object that tells of models, workers, queues and times */
    /* a worker to the broker */
    HNY_READY, /* a session begins, what I held before is forgotten: these are my models, so much can I hold
                */
    HNY_BEAT,  /* either way: alive. From the broker it opens the session that it names, in answer to READY */
    HNY_DONE,  /* a job's translations, or its refusal */
    HNY_LEAVE, /* no more work please; what I hold will be DONE. From the broker: I end, the session is over
                */
    /* the broker to a worker */
    HNY_WORK,
    HNY_ABANDON, /* nobody wants this job any more */
    HNY_UNKNOWN, /* I do not know you: say READY */
    HNY_COMMANDS,
};

/* Why a request is not translated. Numbers are part of the protocol. */
enum hny_refusal {
    HNY_NOT_REFUSED,
    HNY_REFUSED_BUSY,      /* a limit is reached: later, perhaps */
    HNY_REFUSED_DEADLINE,  /* passed */
    HNY_REFUSED_MODEL,     /* no worker has such a model */
    HNY_REFUSED_TOO_LONG,  /* more bytes or sentences than the broker takes, in the request or its answer */
    HNY_REFUSED_POISON,    /* it has killed too many workers */
    HNY_REFUSED_CANCELLED, /* as asked */
    HNY_REFUSED_LEAVING,   /* the broker is shutting down */
    HNY_REFUSED_BAD,       /* the request is malformed, or its text is no UTF-8 */
    HNY_REFUSED_FAILED,    /* the worker could not: out of memory, or a fault in the model */
    HNY_REFUSALS,
};
const char *hny_refusal_name(enum hny_refusal refusal); /* "busy", "deadline", …: static */

/* A client's uuid and the number that it gave a request, from 1. Or a worker's uuid, with the number of a
 * job, or with that of a session alone: the upper half, which the broker chooses unlike any that it or
 * another broker has chosen before, so that no late word of another session is taken for one about this one's
 * work. Of READY: how many times the worker has begun. */
struct hny_request_id {
    uint8_t uuid[16];
    uint64_t sequence;
};

struct hny_piece {
    const char *data;
    size_t size;
};

/* Of a request: what has more is refused. */
enum { HNY_REQUEST_BYTES = 1 << 20, HNY_REQUEST_SENTENCES = 1024, HNY_OPTIONS_BYTES = 16 << 10 };

/* Of a frame to the broker, which hangs up on larger ones: above a request's limit, so that what is somewhat
 * too long is refused in words. */
enum { HNY_FRAME_BYTES = 2 * HNY_REQUEST_BYTES };

/* Bytes a millisecond (64 KiB a second) that a connection is taken to carry at least: what has been sent is
 * not sent again before it, and what was sent before it, can have come at this rate. */
enum { HNY_FLOOR_RATE = 64 };

/* A message between broker and worker that takes more of a connection than the first of these, in bytes,
 * keeps what comes behind it waiting: a BEAT just before it says how much it is, and the other side does not
 * expect another word sooner than it can have come at HNY_FLOOR_RATE. More than the second is not believed.
 */
enum { HNY_COMING_LEAST = 16 << 10, HNY_COMING_MOST = 8 * HNY_REQUEST_BYTES };

enum { HNY_ROUTE_NAME = 64 }; /* bytes of a model's or pair's name, its NUL included */

/* What a request wants, of what the broker has to know. Workers read the rest out of the options. */
struct hny_wants {
    char model[HNY_ROUTE_NAME]; /* a model's name or a pair "en-ja"; "" for the first model */
    char then[HNY_ROUTE_NAME];  /* the one that translates the translation again; "" for none */
    uint32_t deadline;          /* ms from its arrival on; 0: none */
    uint8_t priority;           /* 0 to 9; higher goes first */
};

/* The immutable part of a message, shared by all who hold it: options (JSON, may be empty) and sentences,
 * which lie one behind the other with a NUL between them. Any thread may keep and drop it: large ones are
 * sent without being copied. */
struct hny_payload {
    size_t references;
    struct hny_wants wants;
    struct hny_piece options;
    size_t count;
    size_t bytes; /* of all sentences */
    struct hny_piece sentences[];
};

/* What PAYLOAD takes of a queue's or a worker's limit: its text, and something a sentence, so that empty ones
 * have a limit too. */
enum { HNY_SENTENCE_COST = 16 };
static inline size_t hny_payload_cost(const struct hny_payload *payload) {
    return payload ? payload->bytes + HNY_SENTENCE_COST * payload->count : 0;
}

/* What it takes of a connection, about. */
static inline size_t hny_payload_carried(const struct hny_payload *payload) {
    return payload ? hny_payload_cost(payload) + payload->options.size : 0;
}

/* Of what a BEAT before PAYLOAD says: 0 where that is so small that it needs none. */
static inline uint32_t hny_payload_coming(const struct hny_payload *payload) {
    size_t size = hny_payload_carried(payload);
    if (size <= HNY_COMING_LEAST) return 0;
    return size < HNY_COMING_MOST ? (uint32_t)size : HNY_COMING_MOST;
}

/* ms for what a BEAT says is coming. */
static inline uint64_t hny_coming_patience(uint32_t coming) {
    return (coming < HNY_COMING_MOST ? coming : HNY_COMING_MOST) / HNY_FLOOR_RATE;
}

/* The memory that PAYLOAD takes: 0 for NULL. */
size_t hny_payload_memory(const struct hny_payload *payload);

/* All sentences and the NULs between them, as they lie in PAYLOAD. */
static inline struct hny_piece hny_payload_text(const struct hny_payload *payload) {
    if (payload->count == 0) return (struct hny_piece){"", 0};
    return (struct hny_piece){payload->sentences[0].data, payload->bytes + payload->count - 1};
}

/* Copies OPTIONS and COUNT sentences; one reference is the caller's. NULL with a message: out of memory. */
struct hny_payload *hny_payload_create(struct hny_piece options, const struct hny_piece *sentences,
                                       size_t count);

/* The same of the sentences that TEXT holds with a NUL between them, one at least: of the first MOST of them.
 */
struct hny_payload *hny_payload_split(struct hny_piece options, struct hny_piece text, size_t most);
struct hny_payload *hny_payload_keep(struct hny_payload *payload); /* one reference more; NULL stays NULL */
void hny_payload_drop(struct hny_payload **payload);               /* one less, the last frees; nulls */

/* Plain data. What PAYLOAD holds: TRANSLATE, WORK the sentences; STATE the JSON; TRANSLATED, DONE the
 * translations; REFUSED and a refusing DONE the reason in words, or nothing; READY the names of models, the
 * first one the worker's main; a worker's BEAT the numbers of the jobs that it holds (hny_jobs_pack), so that
 * the broker finds out what was lost on the way. NULL elsewhere. */
struct hny_message {
    enum hny_verb command;
    struct hny_request_id id;
    enum hny_refusal refusal; /* of REFUSED and DONE */
    uint32_t credit;          /* of READY: work comes while the worker holds less (hny_payload_cost) */
    uint64_t steps;    /* of BEAT: of its engine; standing still while it holds work means that it hangs */
    uint64_t received; /* of BEAT: the highest job number that has reached the worker; from the broker, the
                        * READY that it answers, 0 none */
    uint32_t coming;   /* of BEAT: bytes of the message right behind it, 0 where those are few */
    bool together; /* of TRANSLATE, TRANSLATED, WORK and DONE: the sentences lie in one frame, where it can
                    * hold them. A request's answer comes as the request did */
    struct hny_payload *payload;
};

/* ms that have passed at NOW since TIME, which may be one that is still expected: none then. */
static inline uint64_t hny_since(uint64_t time, uint64_t now) {
    return now > time ? now - time : 0;
}

/* Job numbers as a payload, eight bytes each, and back; _unpack returns their number, 0 for a payload of
 * another form, and writes at most LIMIT. */
struct hny_payload *hny_jobs_pack(const uint64_t *jobs, size_t count);
size_t hny_jobs_unpack(const struct hny_payload *payload, uint64_t *jobs, size_t limit);

bool hny_piece_is(const struct hny_piece *piece, const char *text); /* equal to TEXT */
bool hny_uuid_equal(const uint8_t *a, const uint8_t *b);

#define HNY_JOB_BITS 32
static inline uint64_t hny_job_session(uint64_t job) {
    return job >> HNY_JOB_BITS;
}

#endif
