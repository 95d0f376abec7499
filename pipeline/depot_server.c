#include "pipeline/depot_server.h"

#include "base/file.h"
#include "base/notify.h"
#include "base/progress.h"
#include "bundle/depot_abandoned.h"
#include "pipeline/depot_folder.h"
#include "pipeline/depot_pulls.h"
#include "pipeline/depot_uploads.h"
#include "pipeline/gate.h"
#include "pipeline/parcel.h"
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define TURN 64 /* messages that are read, and chunks that are sent, before it is the others' turn */
#define TICK 100
#define CLEAN_MS 3600000
#define TRIM_MS 5000
#define LINGER_MS 2000
#define CONNECTION_MS 30000 /* after which the system gives up a connection that takes nothing */

/* TOKENS: 256 bytes, the most that getrandom(2) gives whatever signals come. */
enum { QUEUE = 1024, TOKENS = 32 };
static const enum hny_door pulling = HNY_DOOR_CLIENTS, pushing = HNY_DOOR_WORKERS;

struct server {
    const struct hny_depot_server_options *options;
    void *context, *socket; /* ZeroMQ's */
    struct hny_gate *gate;  /* NULL: without keys */
    struct hny_key_pair pair;
    struct hny_depot_pulls *pulls;
    struct hny_depot_uploads *uploads; /* NULL: nobody may push */
    struct hny_buffer partial;         /* the folder of uploads */
    struct hny_parcel parcel;
    struct hny_frames frames;
    uint64_t tokens[TOKENS], ticked;
    uint64_t trimmed; /* when memory that is free was last given back */
    uint64_t cleaned; /* when abandoned pushes were last looked for */
    size_t token;
    bool leaving;
};

void hny_depot_server_options_defaults(struct hny_depot_server_options *options) {
    *options = (struct hny_depot_server_options){.bind = "tcp://127.0.0.1:5560",
                                                 .transfers = 64,
                                                 .patience = 30000,
                                                 .uploads = 8,
                                                 .largest = (uint64_t)16 << 30,
                                                 .drain = 30000};
}

static void list_keys(const struct hny_depot_server_options *options, struct hny_key_files lists[HNY_DOORS]) {
    lists[pulling] = (struct hny_key_files){{options->allow}, options->allow != NULL};
    lists[pushing] = (struct hny_key_files){{options->allow_push}, options->allow_push != NULL};
}

hny_status hny_depot_server_check(const struct hny_depot_server_options *options) {
    struct hny_key_files lists[HNY_DOORS];
    const char *endpoints[HNY_DOORS];
    list_keys(options, lists);
    endpoints[pulling] = options->bind;
    endpoints[pushing] = "ipc://"; /* never without a list */
    return hny_doors_check(endpoints, options->key, lists, options->insecure);
}

/* --- Opening ------------------------------------------------------------------------------------------- */

static hny_status open_uploads(struct server *server) {
    const struct hny_depot_server_options *options = server->options;
    if (!options->allow_push) return HNY_OK;
    HNY_TRY(hny_path_join(&server->partial, options->folder, HNY_DEPOT_UPLOADS));
    HNY_TRY(hny_directory_create(server->partial.data));
    server->cleaned = hny_milliseconds();
    hny_depot_folder_clean(options->folder);
    const struct hny_depot_uploads_options chosen = {.folder = server->partial.data,
                                                     .most = options->uploads,
                                                     .largest = options->largest,
                                                     .publisher =
                                                         hny_depot_folder_publisher(options->folder)};
    return hny_depot_uploads_create(&server->uploads, &chosen);
}

static hny_status open_keys(struct server *server) {
    const struct hny_depot_server_options *options = server->options;
    struct hny_key_files lists[HNY_DOORS];
    if (!options->key) return HNY_OK;
    list_keys(options, lists);
    HNY_TRY(hny_keys_read(options->key, &server->pair));
    HNY_TRY(hny_gate_create(&server->gate, server->context, lists));
    return hny_gate_guard(server->socket, &server->pair, options->allow ? HNY_DOOR_EITHER : HNY_DOOR_ANYBODY);
}

static hny_status open_server(struct server *server) {
    static const int queue = QUEUE, patience = CONNECTION_MS;
    const char *bind = server->options->bind;
    server->context = zmq_ctx_new();
    if (!server->context) return hny_zmq_fail("cannot make", "a context");
    zmq_ctx_set(server->context, ZMQ_MAX_SOCKETS, 65536);
    HNY_TRY(hny_depot_pulls_create(&server->pulls, server->options->transfers, server->options->patience));
    HNY_TRY(open_uploads(server));
    HNY_TRY(hny_socket_open(&server->socket, server->context, ZMQ_ROUTER, HNY_DEPOT_FRAME_BYTES, LINGER_MS));
    if (zmq_setsockopt(server->socket, ZMQ_SNDHWM, &queue, sizeof queue) != 0 ||
        zmq_setsockopt(server->socket, ZMQ_RCVHWM, &queue, sizeof queue) != 0 ||
        zmq_setsockopt(server->socket, ZMQ_TCP_MAXRT, &patience, sizeof patience) != 0)
        return hny_zmq_fail("cannot set", "a socket's options");
    HNY_TRY(open_keys(server));
    return zmq_bind(server->socket, bind) == 0 ? HNY_OK : hny_zmq_fail("cannot bind", bind);
}

static void close_server(struct server *server) {
    hny_depot_uploads_destroy(&server->uploads);
    hny_depot_pulls_destroy(&server->pulls);
    hny_parcel_free(&server->parcel);
    hny_frames_free(&server->frames);
    hny_buffer_free(&server->partial);
    if (server->socket) zmq_close(server->socket);
    hny_gate_destroy(&server->gate);
    explicit_bzero(&server->pair, sizeof server->pair);
    if (server->context) zmq_ctx_term(server->context);
}

/* --- Out ----------------------------------------------------------------------------------------------- */

/* *GONE: there is no such connection any more. LAST, an initialised message or NULL, is the last frame in
 * place of the last one of MESSAGE, and taken. */
static hny_status send(struct server *server, const struct hny_peer *peer,
                       const struct hny_depot_message *message, zmq_msg_t *last, bool *gone) {
    const struct hny_frames *frames = &server->frames;
    HNY_TRY(hny_depot_wire_write(&server->frames, message));
    *gone = false;
    int sent = zmq_send(server->socket, peer->bytes, peer->size, ZMQ_DONTWAIT | ZMQ_SNDMORE);
    if (sent < 0 && zmq_errno() != EHOSTUNREACH && zmq_errno() != EAGAIN)
        return hny_zmq_fail("cannot send to", "a socket");
    /* A queue that is full is that of a client which reads nothing: its transfers will be dropped. */
    *gone = sent < 0 && zmq_errno() == EHOSTUNREACH;
    if (sent < 0 && last) zmq_msg_close(last);
    if (sent < 0) return HNY_OK;
    for (size_t i = 0; i < frames->count; i++) {
        const struct hny_piece *piece = &frames->pieces[i];
        bool end = i + 1 == frames->count;
        int flags = end ? 0 : ZMQ_SNDMORE; /* once the first part is taken the others are too */
        if (end && last)
            sent = zmq_msg_send(last, server->socket, flags);
        else
            sent = zmq_send(server->socket, piece->data, piece->size, flags);
        if (sent < 0) return hny_zmq_fail("cannot send to", "a socket");
    }
    return HNY_OK;
}

static hny_status tell(struct server *server, const struct hny_peer *peer, enum hny_depot_verb verb,
                       uint64_t transfer, enum hny_depot_refusal refusal, bool *gone) {
    const struct hny_depot_message message = {
        .verb = verb, .transfer = transfer, .refusal = refusal, .data = {"", 0}};
    return send(server, peer, &message, NULL, gone);
}

static hny_status refuse(struct server *server, const struct hny_peer *peer, uint64_t transfer,
                         enum hny_depot_refusal refusal) {
    bool gone;
    return refusal == HNY_DEPOT_NOT_REFUSED
               ? HNY_OK
               : tell(server, peer, HNY_DEPOT_VERB_REFUSED, transfer, refusal, &gone);
}

static hny_status say_unknown(struct server *server, const struct hny_peer *peer, uint64_t transfer) {
    bool gone;
    return tell(server, peer, HNY_DEPOT_VERB_UNKNOWN, transfer, HNY_DEPOT_NOT_REFUSED, &gone);
}

static hny_status draw_token(struct server *server, uint64_t *token) {
    if (server->token % TOKENS == 0 &&
        getrandom(server->tokens, sizeof server->tokens, 0) != sizeof server->tokens)
        return hny_fail_errno("cannot draw random bytes");
    *token = server->tokens[server->token++ % TOKENS] | 1; /* 0 says that there is none */
    return HNY_OK;
}

static bool read_part(const struct hny_depot_part *part, char *to) {
    for (size_t done = 0; done < part->size;) {
        ssize_t got = pread(part->file, to + done, part->size - done, (off_t)(part->offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        done += (size_t)got;
    }
    return true;
}

static hny_status send_part(struct server *server, const struct hny_depot_part *part) {
    const struct hny_depot_message chunk = {.verb = HNY_DEPOT_VERB_CHUNK,
                                            .transfer = part->transfer,
                                            .offset = part->offset,
                                            .end = part->end,
                                            .token = part->token,
                                            .data = {"", 0}};
    zmq_msg_t bytes;
    bool gone;
    if (zmq_msg_init_size(&bytes, part->size) != 0) return hny_zmq_fail("cannot make", "a message");
    if (!read_part(part, zmq_msg_data(&bytes))) {
        zmq_msg_close(&bytes);
        hny_depot_pulls_gone(server->pulls, &part->peer, part->transfer);
        return refuse(server, &part->peer, part->transfer, HNY_DEPOT_REFUSED_FAILED);
    }
    HNY_TRY(send(server, &part->peer, &chunk, &bytes, &gone));
    if (gone) hny_depot_pulls_gone(server->pulls, &part->peer, part->transfer);
    return HNY_OK;
}

/* What may go out, for a turn; *MORE: there is more of it. */
static hny_status out(struct server *server, bool *more) {
    struct hny_depot_message message;
    struct hny_depot_part part;
    struct hny_peer peer;
    uint64_t token = 0;
    bool gone;
    while (server->uploads && hny_depot_uploads_tell(server->uploads, hny_milliseconds(), &peer, &message)) {
        if (message.verb == HNY_DEPOT_VERB_REFUSED)
            hny_progress_note("depot: %s was refused, %s: %s", message.file,
                              hny_depot_refusal_name(message.refusal), message.data.data);
        HNY_TRY(send(server, &peer, &message, NULL, &gone));
        if (gone) hny_depot_uploads_cancel(server->uploads, &peer, message.transfer);
    }
    *more = true;
    for (size_t i = 0; i < TURN && *more; i++) {
        HNY_TRY(draw_token(server, &token));
        *more = hny_depot_pulls_next(server->pulls, token, &part);
        if (*more) HNY_TRY(send_part(server, &part));
    }
    return HNY_OK;
}

/* --- In ------------------------------------------------------------------------------------------------ */

static hny_status begin_pull(struct server *server, const struct hny_peer *peer,
                             const struct hny_depot_message *message) {
    int file;
    uint64_t size;
    if (server->leaving) return refuse(server, peer, message->transfer, HNY_DEPOT_REFUSED_LEAVING);
    enum hny_depot_refusal refusal = hny_depot_folder_open(server->options->folder, message, &file, &size);
    if (refusal != HNY_DEPOT_NOT_REFUSED) return refuse(server, peer, message->transfer, refusal);
    hny_depot_pulls_begin(server->pulls, hny_milliseconds(), peer, message, file, size, &refusal);
    if (refusal != HNY_DEPOT_NOT_REFUSED) close(file);
    return refuse(server, peer, message->transfer, refusal);
}

static hny_status take_offer(struct server *server, const struct hny_peer *peer,
                             const struct hny_depot_message *message) {
    enum hny_depot_refusal refusal = HNY_DEPOT_REFUSED_KEY;
    uint8_t key[HNY_KEY_SIZE];
    bool gone;
    if (server->uploads && hny_parcel_key(&server->parcel, key) &&
        hny_gate_lists(server->gate, pushing, key)) {
        refusal = HNY_DEPOT_REFUSED_LEAVING;
        if (!hny_depot_uploads_has(server->uploads, message->file) &&
            hny_depot_folder_has(server->options->folder, message->file))
            return tell(server, peer, HNY_DEPOT_VERB_STORED, message->transfer, HNY_DEPOT_NOT_REFUSED, &gone);
        if (!server->leaving)
            hny_depot_uploads_offer(server->uploads, hny_milliseconds(), peer, key, message, &refusal);
    }
    return refuse(server, peer, message->transfer, refusal);
}

static hny_status take(struct server *server, const struct hny_peer *peer,
                       const struct hny_depot_message *message) {
    uint64_t now = hny_milliseconds();
    switch (message->verb) {
    case HNY_DEPOT_VERB_INDEX:
    case HNY_DEPOT_VERB_FETCH:
        return begin_pull(server, peer, message);
    case HNY_DEPOT_VERB_HAVE:
        if (hny_depot_pulls_have(server->pulls, now, peer, message)) return HNY_OK;
        return say_unknown(server, peer, message->transfer);
    case HNY_DEPOT_VERB_CANCEL:
        if (!hny_depot_pulls_cancel(server->pulls, now, peer, message) && server->uploads)
            hny_depot_uploads_cancel(server->uploads, peer, message->transfer);
        return HNY_OK;
    case HNY_DEPOT_VERB_OFFER:
        return take_offer(server, peer, message);
    case HNY_DEPOT_VERB_CHUNK:
        if (server->uploads && hny_depot_uploads_chunk(server->uploads, now, peer, message)) return HNY_OK;
        return say_unknown(server, peer, message->transfer);
    default:
        return HNY_OK; /* what only a depot says */
    }
}

/* What is malformed is refused where it is known what it is about. */
static hny_status hear(struct server *server) {
    const struct hny_parcel *parcel = &server->parcel;
    struct hny_depot_message message;
    struct hny_peer peer = {0};
    if (parcel->count < 2 || parcel->pieces[0].size == 0 || parcel->pieces[0].size > sizeof peer.bytes)
        return HNY_OK;
    peer.size = (uint8_t)parcel->pieces[0].size;
    memcpy(peer.bytes, parcel->pieces[0].data, peer.size);
    hny_status status = hny_depot_wire_read(parcel->pieces + 1, parcel->count - 1, &message);
    if (status == HNY_OK) return take(server, &peer, &message);
    bool known = message.transfer != 0 && message.verb <= HNY_DEPOT_VERB_CHUNK;
    return known ? refuse(server, &peer, message.transfer, HNY_DEPOT_REFUSED_BAD) : HNY_OK;
}

static hny_status in(struct server *server, bool *more) {
    *more = true;
    for (size_t i = 0; i < TURN && *more; i++) {
        HNY_TRY(hny_parcel_receive(server->socket, &server->parcel, more));
        if (*more) HNY_TRY(hear(server));
    }
    return HNY_OK;
}

/* --- Running ------------------------------------------------------------------------------------------- */

static hny_status tick(struct server *server) {
    uint64_t now = hny_milliseconds(), transfer;
    struct hny_peer peer;
    bool gone;
    if (now - server->ticked < TICK) return HNY_OK;
    server->ticked = now;
    if (now - server->trimmed >= TRIM_MS) {
        malloc_trim(0); /* what many connections took would stay, between what others still have */
        server->trimmed = now;
    }
    if (server->uploads && now - server->cleaned >= CLEAN_MS) {
        server->cleaned = now;
        hny_depot_folder_clean(server->options->folder);
    }
    while (hny_depot_pulls_drop(server->pulls, now, &peer, &transfer)) {
        HNY_TRY(tell(server, &peer, HNY_DEPOT_VERB_UNKNOWN, transfer, HNY_DEPOT_NOT_REFUSED, &gone));
        if (gone) hny_depot_pulls_gone(server->pulls, &peer, transfer);
    }
    return hny_gate_check(server->gate);
}

/* Keys may have come and gone. */
static void renew_lists(struct server *server) {
    struct hny_key_files lists[HNY_DOORS];
    if (!server->gate) return;
    list_keys(server->options, lists);
    if (hny_gate_renew(server->gate, lists) == HNY_OK)
        hny_progress_note("depot: lists of keys were read again");
    else
        fprintf(stderr, "honyaku: depot: lists of keys stay as they were: %s\n", hny_message());
}

static hny_status turn(struct server *server, bool *busy) {
    int signal = server->uploads ? hny_depot_uploads_signal(server->uploads) : -1;
    zmq_pollitem_t items[] = {{server->socket, 0, ZMQ_POLLIN, 0}, {NULL, signal, ZMQ_POLLIN, 0}};
    bool heard, sent;
    if (zmq_poll(items, server->uploads ? 2 : 1, *busy ? 0 : TICK) < 0 && zmq_errno() != EINTR)
        return hny_zmq_fail("cannot wait for", "messages");
    HNY_TRY(in(server, &heard));
    HNY_TRY(out(server, &sent));
    *busy = heard || sent;
    return tick(server);
}

static bool is_idle(const struct server *server) {
    return hny_depot_pulls_count(server->pulls) == 0 &&
           (!server->uploads || hny_depot_uploads_count(server->uploads) == 0);
}

static hny_status serve(struct server *server) {
    uint64_t end = 0;
    for (bool busy = false;;) {
        HNY_TRY(turn(server, &busy));
        if (hny_reload_requested()) renew_lists(server);
        if (!hny_stop_requested()) continue;
        uint64_t now = hny_milliseconds();
        if (!server->leaving) end = now + server->options->drain;
        server->leaving = true;
        if (is_idle(server) || now >= end) return HNY_OK;
    }
}

hny_status hny_depot_server_run(const struct hny_depot_server_options *options,
                                void (*ready)(void *context, const char *endpoint), void *context) {
    struct server server = {.options = options};
    char endpoint[256] = "";
    size_t size = sizeof endpoint;
    hny_reload_catch();
    hny_status status = open_server(&server);
    if (status == HNY_OK && zmq_getsockopt(server.socket, ZMQ_LAST_ENDPOINT, endpoint, &size) != 0)
        status = hny_zmq_fail("cannot ask for", "an endpoint");
    if (status == HNY_OK && ready) ready(context, endpoint);
    if (status == HNY_OK) hny_notify_ready();
    if (status == HNY_OK) status = serve(&server);
    close_server(&server);
    return status;
}
