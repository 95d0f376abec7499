/* The broker as a state machine: what it is told, and when, decides what it says. No socket, clock, thread or
 * randomness inside; the shell around it (and the simulator) brings messages and time, and carries out the
 * actions.
 *
 * What it promises, while it lives: a client's request has one terminal answer, given again as often as it is
 * asked for, until the client has said that it received it or it has grown old; a request whose worker is
 * lost is handed out again, alone with a worker from then on, and set aside when it has cost several workers;
 * what is late or not wanted is dropped before it costs computation; every queue has a limit. Clients are
 * served in turn; those with the same key have one turn together.
 *
 * Times are milliseconds of any clock that does not go backward. HNY_ERROR_MEMORY is the only failure: the
 * broker's process had better end then, and its clients ask its successor. */
#ifndef HNY_PIPELINE_BROKER_CORE_H
#define HNY_PIPELINE_BROKER_CORE_H

#include "base/buffer.h"
#include "pipeline/keys.h"
#include "pipeline/message.h"

/* Where a message came from and an answer goes: a routing id. It stands for a connection, never for a client.
 */
struct hny_peer {
    uint8_t size;
    uint8_t bytes[31];
};

struct hny_broker_limits {
    uint64_t beat;     /* ms between beats; a worker that is silent, or stands still, for 3 is lost */
    uint64_t remember; /* ms that an answer is kept for a client that does not say it received it */
    uint64_t silence;  /* ms without a word after which a client's waiting work is dropped */
    uint64_t orphan;   /* ms that work waits for a model whose workers have all gone, or, with a new broker,
                        * have   not come yet */
    size_t routes;     /* names of models known at a time */
    size_t clients; /* known at a time: where there are so many, those that have nothing here and are silent
                     * for a beat make room */
    size_t waiting; /* requests of one client that wait or are worked on */
    size_t answers; /* of one client that are remembered */
    size_t request_bytes;     /* of the sentences of a request */
    size_t request_sentences; /* of a request */
    size_t bytes; /* of memory for all that waits, is worked on and is remembered; the share of a client, or
                   * of all clients with the same key, is a quarter, or a single request */
    unsigned killed; /* workers that a request may cost */
};
void hny_broker_limits_defaults(struct hny_broker_limits *limits);

struct hny_broker_core;

/* NONCE: random, unlike any earlier broker's: workers' sessions are numbered from it. LIMITS may be NULL. */
hny_status hny_broker_core_create(struct hny_broker_core **core, const struct hny_broker_limits *limits,
                                  uint32_t nonce);
void hny_broker_core_destroy(struct hny_broker_core **core); /* nulls; NULL is allowed */

/* Workers for NAME will come: requests for it wait from now on. The first name ever, expected or of a
 * worker's, is the model of requests that name none. */
hny_status hny_broker_core_expect(struct hny_broker_core *core, uint64_t now, const char *name);

/* MESSAGE, its payload still the caller's, has come from a client. KEY: whose connection it is (CURVE's
 * public key), NULL without keys; a client's uuid belongs to the key that used it first. Commands that no
 * client has are ignored. */
hny_status hny_broker_core_client(struct hny_broker_core *core, uint64_t now, const struct hny_peer *peer,
                                  const uint8_t *key, const struct hny_message *message);

/* The same from a worker. */
hny_status hny_broker_core_worker(struct hny_broker_core *core, uint64_t now, const struct hny_peer *peer,
                                  const struct hny_message *message);

/* Time has passed: to be called a few times in a beat. */
hny_status hny_broker_core_tick(struct hny_broker_core *core, uint64_t now);

/* From here on new requests are refused; accepted ones are answered. */
void hny_broker_core_drain(struct hny_broker_core *core);
bool hny_broker_core_drained(const struct hny_broker_core *core); /* nothing waits or is worked on */

/* Tells the workers that this broker ends, so that those that are to end need not wait for it, and the others
 * look for its successor at once. The last thing that is asked of it. */
hny_status hny_broker_core_part(struct hny_broker_core *core);

/* What to send. */
struct hny_action {
    bool to_worker; /* by the workers' socket, else by the clients' */
    struct hny_peer peer;
    struct hny_message message; /* a reference to the payload is the taker's */
};
bool hny_broker_core_take(struct hny_broker_core *core, struct hny_action *action); /* false: nothing to do */

/* All of it as a JSON object of one line, appended to TEXT: what `honyaku status` shows. */
hny_status hny_broker_core_report(const struct hny_broker_core *core, uint64_t now, struct hny_buffer *text);

/* For tests. */
struct hny_broker_counts {
    size_t clients, workers, waiting, working, remembered, bytes, flows, routes, shares;
    uint64_t accepted, answered, refused, handed_out_again;
};
void hny_broker_core_count(const struct hny_broker_core *core, struct hny_broker_counts *counts);

#endif
