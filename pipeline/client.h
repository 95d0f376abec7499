/* A client of a broker: sentences go out, translations come back, each exactly once, whatever becomes of
 * broker, workers and connections meanwhile.
 *
 *     struct hny_client *client = NULL;
 *     struct hny_answer answer;
 *     uint64_t number;
 *     bool taken;
 *     hny_status status = hny_client_open(&client, "tcp://127.0.0.1:5555");
 *     if (status == HNY_OK) status = hny_client_translate(client, "{}", "Good morning.", 13, &number);
 *     if (status == HNY_OK) status = hny_client_take(client, 10000, &answer, &taken);
 *     if (status == HNY_OK && taken && !answer.refusal) printf("%.*s\n", (int)answer.size, answer.text);
 *     if (status == HNY_OK && taken) hny_answer_free(&answer);
 *     hny_client_close(&client);
 *
 * One thread at a time may use a client. */
#ifndef HNY_PIPELINE_CLIENT_H
#define HNY_PIPELINE_CLIENT_H

#include "base/buffer.h"
#include "pipeline/client_core.h"

struct hny_client;

/* ENDPOINT: the broker's for clients. Nothing is sent yet; a broker that is not there yet is waited for, and
 * so is one that does not let the client's key in, or has another key than it was told: see hny_client_check.
 */
hny_status hny_client_open(struct hny_client **client, const char *endpoint);

/* The same with keys: KEY is the file of one's own pair, SERVER the broker's public key or its file
 * (pipeline/keys.h). */
hny_status hny_client_open_keyed(struct hny_client **client, const char *endpoint, const char *key,
                                 const char *server);

/* Also tells the broker what was received, as far as that goes at once. Nulls; NULL is allowed. */
void hny_client_close(struct hny_client **client);

/* Asks for the translation of one sentence. OPTIONS: a JSON object (pipeline/PROTOCOL.md), "" for none.
 * *NUMBER comes back with the answer. Returns at once. */
hny_status hny_client_translate(struct hny_client *client, const char *options, const char *text, size_t size,
                                uint64_t *number);

/* The same for COUNT sentences in one request: one answer has all their translations, or none. */
hny_status hny_client_translate_all(struct hny_client *client, const char *options,
                                    const struct hny_piece *sentences, size_t count, uint64_t *number);

/* The answer to NUMBER is not wanted any more: it comes as a refusal, unless it was under way. */
hny_status hny_client_cancel(struct hny_client *client, uint64_t number);

struct hny_answer {
    uint64_t number;
    enum hny_refusal refusal; /* HNY_NOT_REFUSED: TEXT is the translation; else the reason, or nothing */
    const char *text;
    size_t size;
    struct hny_piece options; /* of a translation: JSON that tells more of it, where that was asked for */
    struct hny_payload
        *payload; /* that TEXT and OPTIONS lie in; its sentences are all translations, in order */
};
void hny_answer_free(struct hny_answer *answer);

/* The next answer, in the order of coming; *TAKEN false where none has come after MILLISECONDS. Requests go
 * out again in here alone: a client that waits for answers has to call it. */
hny_status hny_client_take(struct hny_client *client, uint64_t milliseconds, struct hny_answer *answer,
                           bool *taken);

/* The ZeroMQ socket on which answers come, for zmq_poll alone, by who waits for other things too and calls
 * hny_client_take with 0 ms then. Before waiting it has to be called until it takes nothing. */
void *hny_client_socket(struct hny_client *client);

/* The broker's state as a JSON object, appended to JSON; *GOT false where none has come after MILLISECONDS.
 * Answers that come meanwhile are kept for hny_client_take. */
hny_status hny_client_state(struct hny_client *client, uint64_t milliseconds, struct hny_buffer *json,
                            bool *got);

/* The same without waiting. _ask_state asks; once the answer has come, and hny_client_take was called since,
 * _told_state appends it to JSON, once: *TOLD false before. */
hny_status hny_client_ask_state(struct hny_client *client);
hny_status hny_client_told_state(struct hny_client *client, struct hny_buffer *json, bool *told);

/* HNY_ERROR_IO, saying what is wrong, where for so many MILLISECONDS and more no connection has come about
 * because the broker does not let the key in, or only one of the two has keys. The client keeps trying all
 * the same, here or not; what it was asked for goes out when it is let in. Looked at by hny_client_take and
 * hny_client_state. */
hny_status hny_client_check(const struct hny_client *client, uint64_t milliseconds);

/* Says, once, on standard error what keeps the client, which is WHO ("gateway"), from its broker, and when
 * that is over. For who waits for ever. */
void hny_client_note(struct hny_client *client, const char *who);

/* What is wrong with the connection, in words; NULL: nothing that is known. */
const char *hny_client_words(const struct hny_client *client);

size_t hny_client_pending(const struct hny_client *client); /* requests whose answer has not been taken */

#endif
