/* Clients that speak nothing but text: a REQ socket that sends one frame and gets one back. The broker gives
 * each a uuid of its own, and a number to each of its requests; the answer goes back as bare as it came. */
#ifndef HNY_PIPELINE_BARE_H
#define HNY_PIPELINE_BARE_H

#include "base/buffer.h"
#include "pipeline/broker_core.h"

struct hny_bare;
hny_status hny_bare_create(struct hny_bare **bare, uint64_t nonce, size_t most);
void hny_bare_destroy(struct hny_bare **bare); /* nulls; NULL is allowed */

/* TEXT from PEER, whose connection has KEY (NULL: none), as a TRANSLATE; its payload is the caller's.
 * *MESSAGE is a PING where PEER has a request open: a REQ socket cannot ask twice, so it is no REQ. It is a
 * REFUSED, for PEER, where too many peers are known that have one open, or had lately. HNY_ERROR_INPUT where
 * TEXT is no UTF-8. */
hny_status hny_bare_ask(struct hny_bare *bare, uint64_t now, const struct hny_peer *peer, const uint8_t *key,
                        struct hny_piece text, struct hny_message *message);

/* The key that UUID's client has shown, for the broker's core; NULL: none. */
const uint8_t *hny_bare_key(const struct hny_bare *bare, const uint8_t *uuid);

/* Whether UUID is that of a bare client: such a one has no business in a message of the protocol. */
bool hny_bare_is(const struct hny_bare *bare, const uint8_t *uuid);

/* The frame that answers a bare client, in TEXT: a translation, or NUL, a code and a reason. *ANSWERED false
 * where MESSAGE is no answer. *RECEIVED is to be told to the broker's core then. */
hny_status hny_bare_answer(struct hny_bare *bare, const struct hny_message *message, struct hny_buffer *text,
                           bool *answered, struct hny_message *received);

/* Forgets peers without an open request that were silent for long. */
void hny_bare_tick(struct hny_bare *bare, uint64_t now);

#endif
