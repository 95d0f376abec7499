#include "pipeline/stage.h"

#include "base/file.h"
#include "base/progress.h"
#include "pipeline/gate.h"
#include "pipeline/link_watch.h"
#include "pipeline/post.h"
#include "pipeline/stage_sink.h"
#include "pipeline/stage_source.h"
#include "pipeline/stream_wire.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK 50
#define STORE 10           /* ms to wait at most while something is written and not stored */
#define LEAVE_AT_LAST 5000 /* ms for what was read, once a source is to stop */
#define PARTING 100        /* ms that a link is read on once all is said */
#define DESERTED 1500      /* ms without a word from downstream after which it is not waited for */

enum { MOST_ITEMS = 5, AT_A_TIME = 1024 };

struct stage {
    const struct hny_stage_options *options;
    void *context;
    void *above, *below; /* sockets of links; NULL where the edge is another */
    struct hny_link_watch *watches[2];
    struct hny_gate *gate; /* NULL: no stage above has to show a key */
    struct hny_source *source;
    struct hny_sink *sink;
    struct hny_work *work;
    struct hny_stream_core *core;
    struct hny_parcel parcel;
    struct hny_frames frames;
    struct hny_piece address; /* of who was last heard upstream */
    char address_bytes[256];
    uint64_t ticked, heard_below, leave_by;
    bool busy; /* there was something to do: look again before waiting */
};

/* --- Opening ------------------------------------------------------------------------------------------- */

static hny_status open_link(struct stage *stage, const struct hny_edge *edge, void **socket,
                            struct hny_link_watch **watch) {
    HNY_TRY(hny_edge_open(edge, stage->context, &stage->options->trust, socket));
    return hny_link_watch_open(watch, stage->context, *socket, edge, stage->options->trust.key != NULL);
}

/* Stages upstream are the gate's only clients. */
static void list_keys(const struct stage *stage, struct hny_key_files lists[HNY_DOORS]) {
    const char *path = stage->options->trust.allow;
    lists[HNY_DOOR_CLIENTS] = (struct hny_key_files){{path}, path != NULL};
    lists[HNY_DOOR_WORKERS] = (struct hny_key_files){0};
}

/* Before any socket is bound. */
static hny_status open_gate(struct stage *stage) {
    const struct hny_stage_options *options = stage->options;
    struct hny_key_files lists[HNY_DOORS];
    list_keys(stage, lists);
    HNY_TRY(hny_edge_check(&options->in, &options->trust));
    HNY_TRY(hny_edge_check(&options->out, &options->trust));
    if (!options->trust.allow) return HNY_OK;
    hny_reload_catch();
    return hny_gate_create(&stage->gate, stage->context, lists);
}

static hny_status open_edges(struct stage *stage) {
    const struct hny_stage_options *options = stage->options;
    char *position = NULL;
    if (options->in.kind == HNY_EDGE_LINK) {
        HNY_TRY(open_link(stage, &options->in, &stage->above, &stage->watches[0]));
    } else {
        if (!options->position && asprintf(&position, "%s.read-position", options->in.place) < 0)
            return hny_fail(HNY_ERROR_MEMORY, "out of memory for a path");
        hny_status status = hny_source_open(&stage->source, stage->context, &options->in,
                                            options->position ? options->position : position, options->follow,
                                            &options->trust);
        free(position);
        HNY_TRY(status);
    }
    if (options->out.kind == HNY_EDGE_LINK)
        return open_link(stage, &options->out, &stage->below, &stage->watches[1]);
    return hny_sink_open(&stage->sink, stage->context, &options->out, &options->trust);
}

static hny_status open_core(struct stage *stage) {
    struct hny_stream_options options;
    uint8_t uuid[16];
    hny_stream_options_defaults(&options);
    HNY_TRY(hny_uuid_make(uuid));
    memcpy(&options.session, uuid, sizeof options.session);
    options.source = stage->source;
    options.sink = stage->sink;
    options.unordered = stage->options->unordered;
    if (stage->sink) {
        options.sink_forgets = hny_sink_forgets(stage->sink);
        options.stream = hny_sink_stream(stage->sink);
    }
    if (stage->source) {
        options.source_forgets = hny_source_forgets(stage->source);
        options.stream = hny_source_stream(stage->source);
    }
    HNY_TRY(hny_stream_core_create(&stage->core, &options));
    if (stage->source) HNY_TRY(hny_source_begin(stage->source, stage->core));
    return stage->sink ? hny_sink_begin(stage->sink, stage->core) : HNY_OK;
}

static hny_status open_stage(struct stage *stage) {
    const struct hny_stage_options *options = stage->options;
    stage->context = zmq_ctx_new();
    if (!stage->context) return hny_zmq_fail("cannot make", "a context");
    HNY_TRY(open_gate(stage));
    HNY_TRY(open_edges(stage));
    HNY_TRY(hny_work_open(&stage->work, options->work, &options->with));
    stage->heard_below = hny_milliseconds();
    return open_core(stage);
}

static void close_stage(struct stage *stage) {
    hny_work_close(&stage->work);
    hny_source_close(&stage->source);
    hny_sink_close(&stage->sink);
    hny_stream_core_destroy(&stage->core);
    hny_parcel_free(&stage->parcel);
    hny_frames_free(&stage->frames);
    for (size_t i = 0; i < 2; i++) hny_link_watch_close(&stage->watches[i]);
    if (stage->above) zmq_close(stage->above);
    if (stage->below) zmq_close(stage->below);
    hny_gate_destroy(&stage->gate);
    if (stage->context) zmq_ctx_term(stage->context);
}

/* --- Messages ------------------------------------------------------------------------------------------ */

static hny_status send(struct stage *stage, bool up, const struct hny_link_message *message) {
    bool sent;
    size_t count = 0;
    HNY_TRY(hny_stream_wire_write(&stage->frames, message));
    if (!up) return hny_parcel_send(stage->below, stage->frames.pieces, stage->frames.count, &sent);
    struct hny_piece pieces[8];
    pieces[count++] = stage->address;
    for (size_t i = 0; i < stage->frames.count; i++) pieces[count++] = stage->frames.pieces[i];
    return hny_parcel_send(stage->above, pieces, count, &sent);
}

static hny_status act(struct stage *stage) {
    struct hny_stream_action action;
    while (hny_stream_core_take(stage->core, hny_milliseconds(), &action)) {
        hny_status status = HNY_OK;
        stage->busy = stage->busy || action.act == HNY_STREAM_START;
        switch (action.act) {
        case HNY_STREAM_START:
            HNY_TRY(hny_work_give(stage->work, &action.record));
            continue;
        case HNY_STREAM_WRITE:
            status = hny_sink_write(stage->sink, &action.record);
            break;
        case HNY_STREAM_DOWN:
            status = send(stage, false, &action.message);
            break;
        case HNY_STREAM_UP:
            status = send(stage, true, &action.message);
            break;
        }
        hny_payload_drop(&action.record.payload);
        hny_payload_drop(&action.message.record.payload);
        HNY_TRY(status);
    }
    return HNY_OK;
}

/* Whoever spoke last upstream is answered. */
static void note_address(struct stage *stage) {
    const struct hny_piece *address = &stage->parcel.pieces[0];
    if (address->size > sizeof stage->address_bytes) return;
    memcpy(stage->address_bytes, address->data, address->size);
    stage->address = (struct hny_piece){stage->address_bytes, address->size};
}

/* What has come by a link; what is no message of the protocol is passed over. */
static hny_status hear(struct stage *stage, void *socket, size_t before) {
    for (int i = 0; i < AT_A_TIME; i++) {
        struct hny_link_message message;
        bool any;
        HNY_TRY(hny_parcel_receive(socket, &stage->parcel, &any));
        if (!any) return HNY_OK;
        stage->busy = true;
        if (stage->parcel.count <= before) continue;
        hny_status status =
            hny_stream_wire_read(stage->parcel.pieces + before, stage->parcel.count - before, &message);
        if (status == HNY_ERROR_INPUT) continue;
        HNY_TRY(status);
        if (before > 0) note_address(stage);
        if (message.verb == HNY_LINK_STATE) stage->heard_below = hny_milliseconds();
        status = hny_stream_core_message(stage->core, hny_milliseconds(), &message);
        hny_payload_drop(&message.record.payload);
        HNY_TRY(status);
    }
    return HNY_OK;
}

/* --- Turns --------------------------------------------------------------------------------------------- */

static hny_status take_done(struct stage *stage) {
    for (bool any = true; any;) {
        struct hny_record done;
        HNY_TRY(hny_work_take(stage->work, &done, &any));
        if (!any) break;
        stage->busy = true;
        hny_status status =
            hny_stream_core_done(stage->core, hny_milliseconds(), done.number, done.payload, done.refused);
        hny_payload_drop(&done.payload);
        HNY_TRY(status);
    }
    return HNY_OK;
}

static hny_status wait(struct stage *stage) {
    zmq_pollitem_t items[MOST_ITEMS];
    int count = 0;
    long patience = stage->busy ? 0 : TICK;
    if (stage->above) items[count++] = (zmq_pollitem_t){stage->above, 0, ZMQ_POLLIN, 0};
    if (stage->below) items[count++] = (zmq_pollitem_t){stage->below, 0, ZMQ_POLLIN, 0};
    void *work = hny_work_socket(stage->work);
    if (work) items[count++] = (zmq_pollitem_t){work, 0, ZMQ_POLLIN, 0};
    bool reading = stage->source && !stage->leave_by && hny_stream_core_room(stage->core);
    if (reading && hny_source_poll(stage->source, &items[count])) count++;
    if (stage->sink && hny_sink_poll(stage->sink, &items[count])) count++;
    if (stage->sink && hny_sink_pending(stage->sink) && patience > STORE) patience = STORE;
    stage->busy = false;
    if (zmq_poll(items, count, patience) < 0 && zmq_errno() != EINTR)
        return hny_zmq_fail("cannot wait for", "messages");
    return HNY_OK;
}

/* Keys may have come and gone; and links may not come about. */
static hny_status look_at_links(struct stage *stage, uint64_t now) {
    struct hny_key_files lists[HNY_DOORS];
    list_keys(stage, lists);
    if (stage->gate && hny_reload_requested()) {
        if (hny_gate_renew(stage->gate, lists) == HNY_OK)
            hny_progress_note("stream: the list of keys was read again");
        else
            hny_progress_note("stream: the list of keys stays as it was: %s", hny_message());
    }
    HNY_TRY(hny_gate_check(stage->gate));
    for (size_t i = 0; i < 2; i++)
        if (stage->watches[i]) HNY_TRY(hny_link_watch_turn(stage->watches[i], now, stage->heard_below));
    return HNY_OK;
}

static hny_status turn(struct stage *stage, bool at_once) {
    bool any = false;
    HNY_TRY(wait(stage));
    if (stage->above) HNY_TRY(hear(stage, stage->above, 1));
    if (stage->below) HNY_TRY(hear(stage, stage->below, 0));
    if (stage->source && !stage->leave_by) HNY_TRY(hny_source_give(stage->source, stage->core, &any));
    stage->busy = stage->busy || any;
    HNY_TRY(act(stage));
    HNY_TRY(take_done(stage));
    HNY_TRY(act(stage));
    if (stage->sink) HNY_TRY(hny_sink_store(stage->sink, stage->core, at_once));
    if (stage->source) HNY_TRY(hny_source_save(stage->source, stage->core, false));
    uint64_t now = hny_milliseconds();
    if (now - stage->ticked >= TICK) {
        stage->ticked = now;
        HNY_TRY(look_at_links(stage, now));
        HNY_TRY(hny_stream_core_tick(stage->core, now));
    }
    return act(stage);
}

/* Whether a process that was asked to stop has nothing left that would be lost, or cannot help it. */
static bool may_leave(struct stage *stage) {
    uint64_t now = hny_milliseconds();
    if (!stage->source) return true;
    if (!stage->leave_by) stage->leave_by = now + LEAVE_AT_LAST;
    bool deserted = stage->below && now - stage->heard_below >= DESERTED;
    return hny_stream_core_held(stage->core) == 0 || deserted || now >= stage->leave_by;
}

static hny_status live(struct stage *stage) {
    while (!hny_stream_core_finished(stage->core)) {
        /* Where all is stored CLOSE is to be handed on, although upstream has not said it. */
        if (hny_stop_requested() && hny_stream_core_through(stage->core)) return HNY_OK;
        if (hny_stop_requested() && may_leave(stage)) return HNY_INTERRUPTED;
        HNY_TRY(turn(stage, hny_stop_requested()));
    }
    return HNY_OK;
}

/* Reads on for a moment after CLOSE: a connection that is closed with something unread is reset, and what had
 * been sent by it last may be lost with it. */
static hny_status part(struct stage *stage) {
    uint64_t end = hny_milliseconds() + PARTING;
    for (uint64_t now; stage->below && (now = hny_milliseconds()) < end;) {
        zmq_pollitem_t item = {stage->below, 0, ZMQ_POLLIN, 0};
        bool any = true;
        if (zmq_poll(&item, 1, (long)(end - now)) < 0 && zmq_errno() != EINTR)
            return hny_zmq_fail("cannot wait at", "a link");
        while (any) HNY_TRY(hny_parcel_receive(stage->below, &stage->parcel, &any));
    }
    return HNY_OK;
}

static hny_status report(const struct stage *stage) {
    uint64_t refused = hny_stream_core_refused(stage->core);
    char text[40];
    if (!stage->source) return HNY_OK;
    if (!stage->options->report)
        return refused == 0 ? HNY_OK : hny_fail(HNY_ERROR_INPUT, "%" PRIu64 " records were refused", refused);
    int size = snprintf(text, sizeof text, "{\"refused\": %" PRIu64 "}\n", refused);
    return hny_file_write(stage->options->report, text, (size_t)size);
}

hny_status hny_stage_run(const struct hny_stage_options *options) {
    struct stage stage = {.options = options};
    hny_status status = open_stage(&stage);
    if (status == HNY_OK) status = live(&stage);
    /* What is stored is worth keeping, however it ended. */
    if ((status == HNY_OK || status == HNY_INTERRUPTED) && stage.sink && stage.core) {
        hny_status stored = hny_sink_store(stage.sink, stage.core, true);
        if (status == HNY_OK) status = stored;
    }
    if ((status == HNY_OK || status == HNY_INTERRUPTED) && stage.source && stage.core) {
        hny_status saved = hny_source_save(stage.source, stage.core, true);
        if (status == HNY_OK) status = saved;
    }
    if (status == HNY_OK) status = hny_stream_core_close(stage.core);
    if (status == HNY_OK) status = act(&stage);
    if (status == HNY_OK) status = part(&stage);
    if (status == HNY_OK) status = report(&stage);
    close_stage(&stage);
    return status;
}
