/* The reader of messages: frames, each behind its length in two bytes. What is read comes back the same
 * through writing, and neither broker nor worker nor client fails on it. Reader: pipeline/wire.c */
#include "tests/fuzz/fuzz.h"

#include "pipeline/broker_core.h"
#include "pipeline/client_core.h"
#include "pipeline/wire.h"
#include "pipeline/worker_core.h"
#include <string.h>

enum { MOST_FRAMES = 32 };

static bool same_pieces(const struct hny_piece *a, const struct hny_piece *b) {
    return a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

static void check_round_trip(const struct hny_message *message) {
    struct hny_frames frames = {0};
    struct hny_message back;
    FUZZ_CHECK(hny_wire_write(&frames, message) == HNY_OK);
    FUZZ_CHECK(hny_wire_read(frames.pieces, frames.count, &back) == HNY_OK);
    FUZZ_CHECK(back.command == message->command && memcmp(&back.id, &message->id, sizeof back.id) == 0);
    FUZZ_CHECK(back.refusal == message->refusal && back.credit == message->credit);
    FUZZ_CHECK(back.steps == message->steps && back.received == message->received);
    FUZZ_CHECK(back.coming == message->coming && back.together == message->together);
    FUZZ_CHECK(back.payload->count == message->payload->count);
    for (size_t i = 0; i < back.payload->count; i++)
        FUZZ_CHECK(same_pieces(&back.payload->sentences[i], &message->payload->sentences[i]));
    hny_payload_drop(&back.payload);
    hny_frames_free(&frames);
}

static void drop_actions(struct hny_broker_core *broker) {
    struct hny_action action;
    while (hny_broker_core_take(broker, &action)) hny_payload_drop(&action.message.payload);
}

/* A broker with a worker and a request, to which the message comes from either side. */
static void tell_broker(const struct hny_message *message) {
    static const struct hny_piece model = {"en-ja", 5};
    struct hny_broker_core *broker = NULL;
    const struct hny_peer peer = {1, {1}};
    struct hny_message first = {.command = HNY_READY, .id = {{1}, 1}, .credit = 100};
    FUZZ_CHECK(hny_broker_core_create(&broker, NULL, 7) == HNY_OK);
    struct hny_payload *payload = first.payload = hny_payload_create((struct hny_piece){"", 0}, &model, 1);
    FUZZ_CHECK(payload && hny_broker_core_worker(broker, 1, &peer, &first) == HNY_OK);
    first.command = HNY_TRANSLATE;
    FUZZ_CHECK(hny_broker_core_client(broker, 2, &peer, NULL, &first) == HNY_OK);
    FUZZ_CHECK(hny_broker_core_client(broker, 3, &peer, NULL, message) == HNY_OK);
    FUZZ_CHECK(hny_broker_core_worker(broker, 4, &peer, message) == HNY_OK);
    for (uint64_t now = 5; now < 100000; now += 20000)
        FUZZ_CHECK(hny_broker_core_tick(broker, now) == HNY_OK);
    drop_actions(broker);
    hny_payload_drop(&payload);
    hny_broker_core_destroy(&broker);
}

static void tell_others(const struct hny_message *message) {
    static const struct hny_piece model = {"en-ja", 5};
    struct hny_payload *payload = hny_payload_create((struct hny_piece){"", 0}, &model, 1);
    struct hny_worker_core *worker = NULL;
    struct hny_client_core *client = NULL;
    uint64_t number;
    FUZZ_CHECK(payload && hny_worker_core_create(&worker, message->id.uuid, payload, 100, 1000) == HNY_OK);
    FUZZ_CHECK(hny_client_core_create(&client, message->id.uuid, NULL) == HNY_OK);
    FUZZ_CHECK(hny_client_core_translate(client, 1, payload, &number) == HNY_OK);
    for (uint64_t now = 2; now < 20000; now += 5000) {
        FUZZ_CHECK(hny_worker_core_message(worker, now, message) == HNY_OK);
        FUZZ_CHECK(hny_client_core_message(client, now, message) == HNY_OK);
        FUZZ_CHECK(hny_worker_core_tick(worker, now, 0) == HNY_OK);
        FUZZ_CHECK(hny_client_core_tick(client, now) == HNY_OK);
    }
    hny_payload_drop(&payload);
    hny_worker_core_destroy(&worker);
    hny_client_core_destroy(&client);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct hny_piece frames[MOST_FRAMES];
    struct hny_message message;
    size_t count = fuzz_cut(data, size, frames, MOST_FRAMES);
    hny_status status = hny_wire_read(frames, count, &message);
    if (status != HNY_OK) {
        FUZZ_CHECK(status == HNY_ERROR_INPUT && !message.payload);
        message.payload = NULL;
        tell_broker(&message); /* as the shell does with a request that it can name */
        return 0;
    }
    check_round_trip(&message);
    tell_broker(&message);
    tell_others(&message);
    hny_payload_drop(&message.payload);
    return 0;
}
