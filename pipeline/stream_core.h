/* A stage of a stream as a state machine: records come in on one side under the numbers that the source gave
 * them, something is done with each, and they leave on the other side. No socket, file, clock, thread or
 * randomness inside; the shell around it (pipeline/stage.h, and the simulator) brings messages and time and
 * carries out the actions.
 *
 * Numbers count 1, 2, 3… and never change on the way, so a record is known everywhere by its number, in
 * whatever order it comes, and as often. A stage holds what it was given until it hears from downstream that
 * it is stored at the end of the stream; only then does it say so upstream. So at every time all records
 * behind the last stored one are held by the source, or can be read again by it, and a stage that dies has
 * nothing to lose. What is held is bounded: HNY_STREAM_WINDOW records behind the last stored one, and of what
 * comes in no more bytes than the credit that is given, unless one record alone is larger.
 *
 * pipeline/PROTOCOL.md has the rules of the conversation. Times are milliseconds of any clock that does not
 * go backward. */
#ifndef HNY_PIPELINE_STREAM_CORE_H
#define HNY_PIPELINE_STREAM_CORE_H

#include "pipeline/message.h"

enum { HNY_STREAM_WINDOW = 1024 }; /* records behind the last stored one that a stage holds at most */
#define HNY_STREAM_UNKNOWN UINT64_MAX
#define HNY_STREAM_MOST ((uint64_t)1 << 62) /* no number is higher, so sums of them are numbers too */

/* PAYLOAD's pieces: none (NULL) is a record of which nothing is written; one is a text; 2n+1 are the n
 * sentences of a text, each between the white space around it (pipeline/stage_work.h). */
struct hny_record {
    uint64_t number;
    bool end;     /* the source has no more: the last record, without pieces */
    bool refused; /* a part of it could not be translated and is empty */
    struct hny_payload *payload;
};

enum hny_link_verb {
    /* downstream */
    HNY_LINK_HELLO,  /* I am here */
    HNY_LINK_RECORD, /* the same, with a record */
    HNY_LINK_CLOSE,  /* all is stored, the end included: I go, and you may */
    /* upstream */
    HNY_LINK_STATE, /* what is stored, what has come, and how much more may come */
    HNY_LINK_VERBS,
};

/* Plain data. What STORED says is true for ever, whoever says it and however late it comes. */
struct hny_link_message {
    enum hny_link_verb verb;
    uint64_t session;         /* of the process that says it */
    uint64_t stream;          /* which stream it is, chosen by its source; 0: not known */
    uint64_t stored;          /* all records up to this one are; HNY_STREAM_UNKNOWN: nobody upstream knows */
    uint64_t refused;         /* how many of those */
    struct hny_record record; /* of RECORD */
    uint64_t last;            /* of STATE: the highest number that may be sent */
    uint64_t bytes;           /* of STATE: of records that are sent and not stored */
    uint8_t come[HNY_STREAM_WINDOW / 8]; /* of STATE: bit i, the lowest of byte 0 first, is for STORED + 1 + i
                                          */
};

struct hny_stream_options {
    uint64_t session; /* random, new for every process */
    uint64_t stream;  /* of a source: random where it has no position, else that of its position; else 0 */
    bool source;      /* the process reads the stream's source itself */
    bool sink;        /* the process writes its end itself */
    bool source_forgets, sink_forgets; /* it keeps no position over its own death */
    bool unordered;                    /* of a sink: write what is done at once */
    size_t records;                    /* at most HNY_STREAM_WINDOW; the same for all stages */
    size_t bytes;                      /* of records that come in and are not stored */
    uint64_t again; /* ms, and those that what is under way takes at HNY_FLOOR_RATE, after which a record that
                     * has not come is sent again */
    uint64_t beat;  /* ms between signs of life */
    uint64_t silence; /* ms without a word from upstream, all being stored, after which a stage ends */
};
void hny_stream_options_defaults(struct hny_stream_options *options);

struct hny_stream_core;
hny_status hny_stream_core_create(struct hny_stream_core **core, const struct hny_stream_options *options);
void hny_stream_core_destroy(struct hny_stream_core **core); /* nulls; NULL is allowed */

/* What a source's or sink's position says. */
struct hny_stream_position {
    uint64_t stream;  /* 0: none yet */
    uint64_t stored;  /* all records up to this one */
    uint64_t refused; /* of those */
    size_t seen_count;
    uint64_t seen[HNY_STREAM_WINDOW]; /* rising: records that an unordered sink has stored beyond */
};

/* Goes on behind POSITION; first the source's, then the sink's. HNY_ERROR_INPUT where they are not of the
 * same stream, or the sink's is behind. */
hny_status hny_stream_core_begin(struct hny_stream_core *core, const struct hny_stream_position *position,
                                 bool of_sink);

/* Of a source: whether there is room for another record; the number that it has, which leaps over those that
 * turn out to be stored already; and the record, of which PAYLOAD (NULL: no pieces) is the caller's. */
bool hny_stream_core_room(const struct hny_stream_core *core);
uint64_t hny_stream_core_next(const struct hny_stream_core *core);
hny_status hny_stream_core_feed(struct hny_stream_core *core, uint64_t now, struct hny_payload *payload,
                                bool end);

/* Of a source: its end was NUMBER, which is stored already. */
void hny_stream_core_ended(struct hny_stream_core *core, uint64_t number);

/* MESSAGE, its payload still the caller's, has come. HNY_ERROR_INPUT where it shows that positions are lost
 * or mixed up. */
hny_status hny_stream_core_message(struct hny_stream_core *core, uint64_t now,
                                   const struct hny_link_message *message);

/* What a START asked for is done; PAYLOAD (NULL: no pieces) is the caller's. */
hny_status hny_stream_core_done(struct hny_stream_core *core, uint64_t now, uint64_t number,
                                struct hny_payload *payload, bool refused);

/* Of a sink: where it will stand once all that WRITE gave is stored; and that it is. */
void hny_stream_core_position(const struct hny_stream_core *core, struct hny_stream_position *position);
hny_status hny_stream_core_stored(struct hny_stream_core *core);

/* Time has passed; to be called some times in a beat. */
hny_status hny_stream_core_tick(struct hny_stream_core *core, uint64_t now);

/* Whether all is stored, the end included, and upstream knows it: the stage may end, after _close, whose
 * message is still to be sent. */
bool hny_stream_core_finished(const struct hny_stream_core *core);
hny_status hny_stream_core_close(struct hny_stream_core *core);

/* Whether all is stored, the end included, whether or not upstream has heard of it. */
bool hny_stream_core_through(const struct hny_stream_core *core);

uint64_t hny_stream_core_base(const struct hny_stream_core *core);    /* the last stored; 0 at first */
uint64_t hny_stream_core_refused(const struct hny_stream_core *core); /* of those */
uint64_t hny_stream_core_stream(const struct hny_stream_core *core);
size_t hny_stream_core_held(const struct hny_stream_core *core); /* records */

enum hny_stream_act {
    HNY_STREAM_START, /* do it, then say _done */
    HNY_STREAM_WRITE, /* of a sink: write it, in the order of these actions */
    HNY_STREAM_DOWN,  /* send MESSAGE downstream */
    HNY_STREAM_UP,    /* send MESSAGE upstream */
};
struct hny_stream_action {
    enum hny_stream_act act;
    struct hny_record record;        /* of START and WRITE; a reference to its payload is the taker's */
    struct hny_link_message message; /* the same of its record's */
};
bool hny_stream_core_take(struct hny_stream_core *core, uint64_t now, struct hny_stream_action *action);

#endif
