/* A client as a state machine: requests go out under numbers of their own, again and again until they are
 * answered, and each is answered to the caller exactly once, whatever becomes of broker, workers and
 * connections. No socket, clock, thread or randomness inside. */
#ifndef HNY_PIPELINE_CLIENT_CORE_H
#define HNY_PIPELINE_CLIENT_CORE_H

#include "pipeline/message.h"

struct hny_client_options {
    uint64_t again; /* ms, and those that what is under way takes at HNY_FLOOR_RATE, after which a request
                     * that is not accepted goes out again, or an accepted one that a later one's answer has
                     * overtaken; others, and those that went often, wait up to 8 times as long */
    uint64_t ping;  /* ms without a word of one's own after which the broker is told that one is there */
};
void hny_client_options_defaults(struct hny_client_options *options);

struct hny_client_core;

/* UUID: random, new for every client. OPTIONS may be NULL. */
hny_status hny_client_core_create(struct hny_client_core **core, const uint8_t *uuid,
                                  const struct hny_client_options *options);
void hny_client_core_destroy(struct hny_client_core **core); /* nulls; NULL is allowed */

/* A request: *SEQUENCE is its number, from 1 in order. A reference to PAYLOAD is taken. It goes out at once
 * unless very many are under way: then when those before it have been answered. What
 * no broker takes (HNY_REQUEST_BYTES and its neighbours) is refused at once. */
hny_status hny_client_core_translate(struct hny_client_core *core, uint64_t now, struct hny_payload *payload,
                                     uint64_t *sequence);

/* The answer to SEQUENCE is not wanted any more; it comes all the same, a refusal unless it was under way: at
 * once where the request has not gone out. Its text is not kept. */
hny_status hny_client_core_cancel(struct hny_client_core *core, uint64_t now, uint64_t sequence);

/* MESSAGE, its payload still the caller's, has come from a broker. */
hny_status hny_client_core_message(struct hny_client_core *core, uint64_t now,
                                   const struct hny_message *message);

/* Time has passed; to be called some times in `again`. */
hny_status hny_client_core_tick(struct hny_client_core *core, uint64_t now);

/* The connection has been made anew: what had gone out before SINCE, and has not been accepted, is lost, and
 * goes out again. */
hny_status hny_client_core_renewed(struct hny_client_core *core, uint64_t now, uint64_t since);

void hny_client_core_uuid(const struct hny_client_core *core, uint8_t *uuid);

size_t hny_client_core_pending(const struct hny_client_core *core); /* requests without an answer */

struct hny_client_action {
    bool answer; /* to the caller: message.id.sequence is answered, TRANSLATED or REFUSED; else to the
                  * broker */
    struct hny_message message; /* a reference to the payload is the taker's */
};
bool hny_client_core_take(struct hny_client_core *core, struct hny_client_action *action);

#endif
