#include "pipeline/client.h"

#include "base/memory.h"
#include "pipeline/connection.h"
#include "pipeline/keys.h"
#include "pipeline/post.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TICK 250

struct hny_client {
    void *context, *socket;
    char *endpoint;
    struct hny_connection *connection;
    struct hny_client_core *core;
    struct hny_post post;
    uint64_t ticked;
    struct hny_message *answers; /* [first, end) that nobody has taken */
    size_t first, end, capacity;
    struct hny_payload *state; /* the broker's last STATE */
};

hny_status hny_client_open(struct hny_client **client, const char *endpoint) {
    return hny_client_open_keyed(client, endpoint, NULL, NULL);
}

hny_status hny_client_open_keyed(struct hny_client **client, const char *endpoint, const char *key,
                                 const char *server) {
    struct hny_client *made = hny_allocate(1, sizeof *made);
    uint8_t uuid[16];
    if (!made) return HNY_ERROR_MEMORY;
    hny_status status = hny_uuid_make(uuid);
    if (status == HNY_OK) status = hny_client_core_create(&made->core, uuid, NULL);
    if (status == HNY_OK && !(made->context = zmq_ctx_new()))
        status = hny_zmq_fail("cannot make", "a context");
    if (status == HNY_OK) status = hny_socket_open(&made->socket, made->context, ZMQ_DEALER, -1, 200);
    if (status == HNY_OK && !(made->endpoint = strdup(endpoint)))
        status = hny_fail(HNY_ERROR_MEMORY, "out of memory for an endpoint");
    if (status == HNY_OK) status = hny_keys_use(made->socket, key, server);
    if (status == HNY_OK)
        status =
            hny_connection_open(&made->connection, made->context, made->socket, endpoint, server != NULL);
    if (status == HNY_OK && zmq_connect(made->socket, endpoint) != 0)
        status = hny_zmq_fail("cannot connect to", endpoint);
    if (status != HNY_OK) hny_client_close(&made);
    *client = made;
    return status;
}

/* Takes over the payload. */
static hny_status keep_answer(struct hny_client *client, const struct hny_message *message) {
    if (client->first == client->end) client->first = client->end = 0;
    if (hny_grow(&client->answers, &client->capacity, client->end + 1, sizeof *client->answers))
        return HNY_ERROR_MEMORY;
    client->answers[client->end++] = *message;
    return HNY_OK;
}

static hny_status act(struct hny_client *client) {
    struct hny_client_action action;
    while (hny_client_core_take(client->core, &action)) {
        if (action.answer) {
            HNY_TRY(keep_answer(client, &action.message));
            continue;
        }
        hny_status status = hny_post_send(&client->post, client->socket, NULL, &action.message);
        hny_payload_drop(&action.message.payload);
        HNY_TRY(status);
    }
    return HNY_OK;
}

void hny_client_close(struct hny_client **client) {
    struct hny_client *old = *client;
    if (!old) return;
    if (old->socket && hny_client_core_tick(old->core, hny_milliseconds()) == HNY_OK) (void)act(old);
    for (size_t i = old->first; i < old->end; i++) hny_payload_drop(&old->answers[i].payload);
    free(old->answers);
    hny_payload_drop(&old->state);
    hny_post_free(&old->post);
    hny_client_core_destroy(&old->core);
    hny_connection_close(&old->connection);
    free(old->endpoint);
    if (old->socket) zmq_close(old->socket);
    if (old->context) zmq_ctx_term(old->context);
    free(old);
    *client = NULL;
}

hny_status hny_client_translate(struct hny_client *client, const char *options, const char *text, size_t size,
                                uint64_t *number) {
    return hny_client_translate_all(client, options, &(struct hny_piece){text, size}, 1, number);
}

hny_status hny_client_translate_all(struct hny_client *client, const char *options,
                                    const struct hny_piece *sentences, size_t count, uint64_t *number) {
    struct hny_payload *payload =
        hny_payload_create((struct hny_piece){options, strlen(options)}, sentences, count);
    if (!payload) return HNY_ERROR_MEMORY;
    hny_status status = hny_client_core_translate(client->core, hny_milliseconds(), payload, number);
    hny_payload_drop(&payload);
    return status == HNY_OK ? act(client) : status;
}

hny_status hny_client_cancel(struct hny_client *client, uint64_t number) {
    HNY_TRY(hny_client_core_cancel(client->core, hny_milliseconds(), number));
    return act(client);
}

void hny_answer_free(struct hny_answer *answer) {
    hny_payload_drop(&answer->payload);
    *answer = (struct hny_answer){0};
}

static hny_status hear(struct hny_client *client) {
    for (;;) {
        struct hny_message message;
        bool any;
        HNY_TRY(hny_post_receive(&client->post, client->socket, &message, &any));
        if (!any) return HNY_OK;
        if (message.command == HNY_STATE) {
            hny_payload_drop(&client->state);
            client->state = hny_payload_keep(message.payload);
        }
        hny_status status = hny_client_core_message(client->core, hny_milliseconds(), &message);
        hny_payload_drop(&message.payload);
        HNY_TRY(status);
        HNY_TRY(act(client));
    }
}

void *hny_client_socket(struct hny_client *client) {
    return client->socket;
}

/* Until something comes, END is reached, or it is time for a tick. */
static hny_status wait_until(const struct hny_client *client, uint64_t now, uint64_t end) {
    zmq_pollitem_t item = {client->socket, 0, ZMQ_POLLIN, 0};
    uint64_t wait = end - now < TICK ? end - now : TICK;
    if (zmq_poll(&item, 1, (long)wait) < 0 && zmq_errno() != EINTR)
        return hny_zmq_fail("cannot wait for", "the broker");
    return HNY_OK;
}

static void take_first(struct hny_client *client, struct hny_answer *answer) {
    struct hny_message *message = &client->answers[client->first++];
    *answer = (struct hny_answer){.number = message->id.sequence, .refusal = message->refusal, .text = ""};
    answer->payload = message->payload;
    if (answer->payload && !answer->refusal) answer->options = answer->payload->options;
    if (answer->payload && answer->payload->count > 0) {
        answer->text = answer->payload->sentences[0].data;
        answer->size = answer->payload->sentences[0].size;
    }
}

/* Time has passed; not oftener than once in a TICK. */
static hny_status tick(struct hny_client *client, uint64_t now) {
    uint64_t since;
    if (now - client->ticked < TICK) return HNY_OK;
    client->ticked = now;
    HNY_TRY(hny_connection_turn(client->connection, now));
    if (hny_connection_renewed(client->connection, &since))
        HNY_TRY(hny_client_core_renewed(client->core, now, since));
    HNY_TRY(hny_client_core_tick(client->core, now));
    return act(client);
}

hny_status hny_client_take(struct hny_client *client, uint64_t milliseconds, struct hny_answer *answer,
                           bool *taken) {
    uint64_t end = hny_milliseconds() + milliseconds;
    *taken = false;
    for (;;) {
        uint64_t now = hny_milliseconds();
        HNY_TRY(hear(client));
        HNY_TRY(tick(client, now));
        if (client->first < client->end) {
            take_first(client, answer);
            *taken = true;
            return HNY_OK;
        }
        if (now >= end) return HNY_OK;
        HNY_TRY(wait_until(client, now, end));
    }
}

hny_status hny_client_ask_state(struct hny_client *client) {
    struct hny_message message = {.command = HNY_STATUS};
    hny_client_core_uuid(client->core, message.id.uuid);
    return hny_post_send(&client->post, client->socket, NULL, &message);
}

hny_status hny_client_told_state(struct hny_client *client, struct hny_buffer *json, bool *told) {
    const struct hny_payload *state = client->state;
    *told = state && state->count == 1;
    hny_status status =
        *told ? hny_buffer_append(json, state->sentences[0].data, state->sentences[0].size) : HNY_OK;
    hny_payload_drop(&client->state);
    return status;
}

hny_status hny_client_state(struct hny_client *client, uint64_t milliseconds, struct hny_buffer *json,
                            bool *got) {
    uint64_t end = hny_milliseconds() + milliseconds, asked = 0;
    hny_payload_drop(&client->state);
    for (;;) {
        uint64_t now = hny_milliseconds();
        HNY_TRY(hear(client));
        HNY_TRY(hny_client_told_state(client, json, got));
        if (*got || now >= end) return HNY_OK;
        HNY_TRY(tick(client, now));
        if (!asked || now - asked >= 1000) {
            HNY_TRY(hny_client_ask_state(client));
            asked = now;
        }
        HNY_TRY(wait_until(client, now, end));
    }
}

hny_status hny_client_check(const struct hny_client *client, uint64_t milliseconds) {
    uint64_t since;
    enum hny_connection_fault fault = hny_connection_fault(client->connection, &since);
    bool refused = fault == HNY_CONNECTION_REFUSED || fault == HNY_CONNECTION_UNLIKE;
    if (!refused || hny_milliseconds() - since < milliseconds) return HNY_OK;
    return hny_fail(HNY_ERROR_IO, "%s: %s", client->endpoint, hny_connection_words(client->connection));
}

const char *hny_client_words(const struct hny_client *client) {
    uint64_t since;
    bool wrong = hny_connection_fault(client->connection, &since) != HNY_CONNECTION_FINE;
    return wrong ? hny_connection_words(client->connection) : NULL;
}

void hny_client_note(struct hny_client *client, const char *who) {
    hny_connection_note(client->connection, who, hny_milliseconds());
}

size_t hny_client_pending(const struct hny_client *client) {
    return hny_client_core_pending(client->core) + (client->end - client->first);
}
