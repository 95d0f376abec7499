/* What a stage knows: the records of pipeline/stream_core.c, stream_window.c and stream_down.c. */
#ifndef HNY_PIPELINE_STREAM_RECORDS_H
#define HNY_PIPELINE_STREAM_RECORDS_H

#include "pipeline/stream_core.h"

enum hny_slot_state {
    HNY_SLOT_FREE,
    HNY_SLOT_WORKING, /* START was given */
    HNY_SLOT_DONE,    /* the record is what leaves */
    HNY_SLOT_WRITTEN, /* WRITE was given */
    HNY_SLOT_STORED,  /* by an unordered sink, while one before it is not */
};

/* A record from its coming to the news that it is stored. */
struct hny_slot {
    enum hny_slot_state state;
    struct hny_record record;
    size_t came_as;  /* bytes when it came */
    size_t bytes;    /* now */
    bool sent, come; /* downstream, to the process that is there now */
    uint64_t sent_at, order;
    size_t ahead; /* bytes under way when it was sent, itself included */
};

struct hny_stream_queued {
    enum hny_stream_act act;
    enum hny_link_verb verb; /* of DOWN */
    struct hny_record record;
};

struct hny_stream_core {
    struct hny_stream_options options;
    uint64_t stream;
    bool known;  /* where the stream stands; else BASE is 0 */
    bool orphan; /* nobody upstream knows it */
    uint64_t base, refused;
    struct hny_slot slots[HNY_STREAM_WINDOW]; /* number n, base < n <= base + WINDOW, is at n % WINDOW */
    size_t held, came_bytes, sent_bytes; /* records; bytes as they came; bytes that downstream may hold */
    uint64_t fed, end;                   /* of a source: last number given, and the end's, or 0 */
    uint64_t next_write;                 /* of an ordered sink */
    bool ended;                          /* record BASE is an end */

    bool heard_below, heard_above;       /* anything, in the life of this process */
    uint64_t below_session, last, bytes; /* who is downstream, and its credit */
    size_t under_way;                    /* bytes of records that were sent and are not known to have come */
    uint64_t sends, latest; /* how often a record was sent; the latest of those that are known to have come */
    uint64_t above_at;      /* when upstream was heard */
    bool closed;            /* upstream has said CLOSE */
    bool tell;              /* upstream is to be told at once */
    bool greet;             /* downstream is */
    uint64_t told, greeted, ticked;

    struct hny_stream_queued *queue; /* [first, over) */
    size_t first, over, capacity;
};

static inline struct hny_slot *hny_slot_of(struct hny_stream_core *core, uint64_t number) {
    return &core->slots[number % HNY_STREAM_WINDOW];
}

static inline bool hny_in_window(const struct hny_stream_core *core, uint64_t number) {
    return number > core->base && number - core->base <= core->options.records;
}

static inline size_t hny_payload_bytes(const struct hny_payload *payload) {
    return payload ? payload->bytes : 0;
}

/* --- pipeline/stream_core.c --- */

/* Appends an action of RECORD; it gets a reference of its own. VERB is of DOWN. */
hny_status hny_stream_enqueue(struct hny_stream_core *core, enum hny_stream_act act, enum hny_link_verb verb,
                              const struct hny_record *record);

/* --- pipeline/stream_window.c --- */

/* RECORD, of which a reference is taken, is held as NUMBER, whose slot is free and in the window. */
void hny_slot_occupy(struct hny_stream_core *core, uint64_t number, enum hny_slot_state state,
                     const struct hny_record *record);

/* All up to STORED is, and is let go; REFUSED of it. */
void hny_stream_move_base(struct hny_stream_core *core, uint64_t stored, uint64_t refused);

/* Somebody says where the stream stands. HNY_ERROR_INPUT where a sink that keeps its position stands before
 * that. */
hny_status hny_stream_learn(struct hny_stream_core *core, uint64_t stored, uint64_t refused);

/* Somebody downstream, who has STORED so much, says which STREAM it is (0: nothing). HNY_ERROR_INPUT where a
 * source that keeps its position reads another. */
hny_status hny_stream_check(struct hny_stream_core *core, uint64_t stream, uint64_t stored);

/* --- pipeline/stream_down.c --- */

/* Sends record NUMBER downstream, if it is done, has not been sent, and there is credit for it. */
hny_status hny_stream_send(struct hny_stream_core *core, uint64_t now, uint64_t number);

/* Sends what must have been lost again, and whatever there is credit for. */
hny_status hny_stream_send_again(struct hny_stream_core *core, uint64_t now);

hny_status hny_stream_hear_below(struct hny_stream_core *core, uint64_t now,
                                 const struct hny_link_message *state);

#endif
