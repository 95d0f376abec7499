#include "pipeline/broker.h"

#include "base/notify.h"
#include "base/progress.h"
#include "pipeline/bare.h"
#include "pipeline/post.h"
#include <stdio.h>
#include <string.h>

/* Messages of one socket that are read before the other one's turn. */
#define TURN 256
#define TICK 100

struct shell {
    const struct hny_broker_options *options;
    void *context, *clients, *workers; /* ZeroMQ's */
    struct hny_broker_core *core;
    struct hny_bare *bare;
    struct hny_gate *gate; /* NULL: without keys */
    struct hny_key_pair pair;
    struct hny_post post;
    struct hny_buffer text; /* of a bare answer */
    uint64_t ticked;
};

void hny_broker_options_defaults(struct hny_broker_options *options) {
    *options = (struct hny_broker_options){.drain = 30000};
    hny_broker_limits_defaults(&options->limits);
}

static hny_status bind_socket(struct shell *shell, void **socket, const char *endpoint, enum hny_door door) {
    HNY_TRY(hny_socket_open(socket, shell->context, ZMQ_ROUTER, HNY_FRAME_BYTES, 1000));
    if (shell->gate && shell->options->allow[door].count > 0)
        HNY_TRY(hny_gate_guard(*socket, &shell->pair, door));
    return zmq_bind(*socket, endpoint) == 0 ? HNY_OK : hny_zmq_fail("cannot bind", endpoint);
}

static hny_status open_shell(struct shell *shell) {
    uint8_t random[16];
    uint64_t nonce[2];
    HNY_TRY(hny_uuid_make(random));
    memcpy(nonce, random, sizeof random);
    shell->context = zmq_ctx_new();
    if (!shell->context) return hny_zmq_fail("cannot make", "a context");
    zmq_ctx_set(shell->context, ZMQ_MAX_SOCKETS, 65536);
    HNY_TRY(hny_broker_core_create(&shell->core, &shell->options->limits, (uint32_t)nonce[0]));
    for (size_t i = 0; i < shell->options->model_count; i++)
        HNY_TRY(hny_broker_core_expect(shell->core, hny_milliseconds(), shell->options->models[i]));
    HNY_TRY(hny_bare_create(&shell->bare, nonce[1], shell->options->limits.clients));
    if (shell->options->key) {
        HNY_TRY(hny_keys_read(shell->options->key, &shell->pair));
        HNY_TRY(hny_gate_create(&shell->gate, shell->context, shell->options->allow));
    }
    HNY_TRY(bind_socket(shell, &shell->workers, shell->options->workers, HNY_DOOR_WORKERS));
    return bind_socket(shell, &shell->clients, shell->options->clients, HNY_DOOR_CLIENTS);
}

static void close_shell(struct shell *shell) {
    hny_post_free(&shell->post);
    hny_buffer_free(&shell->text);
    hny_bare_destroy(&shell->bare);
    hny_broker_core_destroy(&shell->core);
    if (shell->clients) zmq_close(shell->clients);
    if (shell->workers) zmq_close(shell->workers);
    hny_gate_destroy(&shell->gate);
    explicit_bzero(&shell->pair, sizeof shell->pair);
    if (shell->context) zmq_ctx_term(shell->context);
}

/* --- In --------------------------------------------------------------------------------------------- */

/* Where the parcel comes from, and the empty frame behind it; false for one without them, or with a routing
 * id longer than ours, which ZeroMQ does not make by itself. */
static bool read_envelope(const struct hny_parcel *parcel, struct hny_peer *peer) {
    *peer = (struct hny_peer){0};
    if (parcel->count < 3 || parcel->pieces[1].size != 0) return false;
    const struct hny_piece *piece = &parcel->pieces[0];
    if (piece->size == 0 || piece->size > sizeof peer->bytes) return false;
    peer->size = (uint8_t)piece->size;
    memcpy(peer->bytes, piece->data, piece->size);
    return true;
}

static struct hny_piece address_of(const struct hny_peer *peer) {
    return (struct hny_piece){(const char *)peer->bytes, peer->size};
}

static hny_status out(struct shell *shell);

/* The key that the connection is known by, in KEY; NULL: none. */
static const uint8_t *key_of(const struct shell *shell, uint8_t key[HNY_KEY_SIZE]) {
    return shell->gate && hny_parcel_key(&shell->post.parcel, key) ? key : NULL;
}

static hny_status tell_core(struct shell *shell, const struct hny_peer *peer,
                            const struct hny_message *message) {
    uint8_t key[HNY_KEY_SIZE];
    return hny_broker_core_client(shell->core, hny_milliseconds(), peer, key_of(shell, key), message);
}

/* The sender of a request that cannot be read is told so, as far as it can be named. */
static hny_status refuse_malformed(struct shell *shell, const struct hny_peer *peer,
                                   const struct hny_message *read) {
    const struct hny_message refused = {.command = HNY_TRANSLATE,
                                        .id = read->id}; /* without a payload: the core says what it is */
    return read->command == HNY_TRANSLATE ? tell_core(shell, peer, &refused) : HNY_OK;
}

static hny_status send_bare(struct shell *shell, const struct hny_peer *peer, struct hny_piece text) {
    const struct hny_piece pieces[] = {address_of(peer), {"", 0}, text};
    bool sent;
    return hny_parcel_send(shell->clients, pieces, sizeof pieces / sizeof *pieces, &sent);
}

static hny_status from_bare(struct shell *shell, const struct hny_peer *peer, struct hny_piece text) {
    struct hny_message message;
    uint8_t bytes[HNY_KEY_SIZE];
    const uint8_t *key = key_of(shell, bytes);
    uint64_t now = hny_milliseconds();
    hny_status status = hny_bare_ask(shell->bare, now, peer, key, text, &message);
    if (status == HNY_ERROR_INPUT) return send_bare(shell, peer, (struct hny_piece){"\0malformed", 10});
    if (status == HNY_OK && message.command == HNY_REFUSED)
        return send_bare(shell, peer, (struct hny_piece){"\0busy", 5});
    if (status == HNY_OK) status = hny_broker_core_client(shell->core, now, peer, key, &message);
    hny_payload_drop(&message.payload);
    return status;
}

static hny_status from_client(struct shell *shell) {
    const struct hny_parcel *parcel = &shell->post.parcel;
    struct hny_message message;
    struct hny_peer peer;
    if (!read_envelope(parcel, &peer)) return HNY_OK;
    if (parcel->count == 3) return from_bare(shell, &peer, parcel->pieces[2]);
    hny_status status = hny_wire_read(parcel->pieces + 2, parcel->count - 2, &message);
    if (hny_bare_is(shell->bare, message.id.uuid)) {
        hny_payload_drop(&message.payload);
        return HNY_OK;
    }
    if (status == HNY_ERROR_INPUT) return refuse_malformed(shell, &peer, &message);
    if (status == HNY_OK) status = tell_core(shell, &peer, &message);
    hny_payload_drop(&message.payload);
    return status;
}

static hny_status from_worker(struct shell *shell) {
    const struct hny_parcel *parcel = &shell->post.parcel;
    struct hny_message message;
    struct hny_peer peer;
    if (!read_envelope(parcel, &peer)) return HNY_OK;
    hny_status status = hny_wire_read(parcel->pieces + 2, parcel->count - 2, &message);
    if (status == HNY_ERROR_INPUT) return HNY_OK;
    if (status == HNY_OK) status = hny_broker_core_worker(shell->core, hny_milliseconds(), &peer, &message);
    hny_payload_drop(&message.payload);
    return status;
}

static hny_status in(struct shell *shell, void *socket, hny_status (*take)(struct shell *shell)) {
    for (size_t i = 0; i < TURN; i++) {
        bool any;
        HNY_TRY(hny_parcel_receive(socket, &shell->post.parcel, &any));
        if (!any) return HNY_OK;
        HNY_TRY(take(shell));
        HNY_TRY(out(shell));
    }
    return HNY_OK;
}

/* --- Out -------------------------------------------------------------------------------------------- */

static hny_status to_bare(struct shell *shell, const struct hny_action *action) {
    struct hny_message received;
    bool answered;
    HNY_TRY(hny_bare_answer(shell->bare, &action->message, &shell->text, &answered, &received));
    if (!answered) return HNY_OK;
    HNY_TRY(send_bare(shell, &action->peer,
                      (struct hny_piece){shell->text.data ? shell->text.data : "", shell->text.size}));
    return hny_broker_core_client(shell->core, hny_milliseconds(), &action->peer,
                                  hny_bare_key(shell->bare, received.id.uuid), &received);
}

static hny_status out(struct shell *shell) {
    struct hny_action action;
    hny_status status = HNY_OK;
    while (status == HNY_OK && hny_broker_core_take(shell->core, &action)) {
        bool bare = !action.to_worker && hny_bare_is(shell->bare, action.message.id.uuid);
        const struct hny_piece address = address_of(&action.peer);
        status = bare ? to_bare(shell, &action)
                      : hny_post_send(&shell->post, action.to_worker ? shell->workers : shell->clients,
                                      &address, &action.message);
        hny_payload_drop(&action.message.payload);
    }
    return status;
}

/* --- Running ---------------------------------------------------------------------------------------- */

static hny_status turn(struct shell *shell) {
    zmq_pollitem_t items[] = {{shell->workers, 0, ZMQ_POLLIN, 0}, {shell->clients, 0, ZMQ_POLLIN, 0}};
    if (zmq_poll(items, 2, TICK) < 0 && zmq_errno() != EINTR)
        return hny_zmq_fail("cannot wait for", "messages");
    if (items[0].revents & ZMQ_POLLIN) HNY_TRY(in(shell, shell->workers, from_worker));
    if (items[1].revents & ZMQ_POLLIN) HNY_TRY(in(shell, shell->clients, from_client));
    uint64_t now = hny_milliseconds();
    if (now - shell->ticked < TICK) return HNY_OK;
    shell->ticked = now;
    HNY_TRY(hny_gate_check(shell->gate));
    hny_bare_tick(shell->bare, now);
    HNY_TRY(hny_broker_core_tick(shell->core, now));
    return out(shell);
}

/* Keys may have come and gone. */
static void renew_lists(struct shell *shell) {
    if (!shell->gate) return;
    if (hny_gate_renew(shell->gate, shell->options->allow) == HNY_OK)
        hny_progress_note("lists of keys were read again");
    else
        fprintf(stderr, "honyaku: broker: lists of keys stay as they were: %s\n", hny_message());
}

static hny_status serve(struct shell *shell) {
    uint64_t end = 0;
    for (;;) {
        HNY_TRY(turn(shell));
        if (hny_reload_requested()) renew_lists(shell);
        if (!hny_stop_requested()) continue;
        uint64_t now = hny_milliseconds();
        if (!end) {
            hny_broker_core_drain(shell->core);
            end = now + shell->options->drain;
        }
        if (hny_broker_core_drained(shell->core) || now >= end) break;
    }
    HNY_TRY(hny_broker_core_part(shell->core));
    return out(shell);
}

hny_status hny_broker_run(const struct hny_broker_options *options, void (*ready)(void *context),
                          void *context) {
    struct shell shell = {.options = options};
    hny_reload_catch();
    hny_status status = open_shell(&shell);
    if (status == HNY_OK && ready) ready(context);
    if (status == HNY_OK) hny_notify_ready();
    if (status == HNY_OK) status = serve(&shell);
    close_shell(&shell);
    return status;
}
