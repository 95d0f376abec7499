/* The reader of messages about a depot: frames, each behind its length in two bytes. What is read comes back
 * the same through writing, and a depot's transfers take it, whatever it asks for. Reader:
 * pipeline/depot_wire.c */
#include "tests/fuzz/fuzz.h"

#include "pipeline/depot_pulls.h"
#include "pipeline/depot_wire.h"
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { MOST_FRAMES = 8, FILE_BYTES = 1 << 20, ROUNDS = 100 };

static void check_round_trip(const struct hny_depot_message *message) {
    struct hny_frames frames = {0};
    struct hny_depot_message back;
    FUZZ_CHECK(hny_depot_wire_write(&frames, message) == HNY_OK);
    FUZZ_CHECK(hny_depot_wire_read(frames.pieces, frames.count, &back) == HNY_OK);
    FUZZ_CHECK(back.verb == message->verb && back.transfer == message->transfer);
    FUZZ_CHECK(back.session == message->session && back.credit == message->credit);
    FUZZ_CHECK(back.offset == message->offset && back.end == message->end && back.token == message->token);
    FUZZ_CHECK(back.refusal == message->refusal && strcmp(back.file, message->file) == 0);
    FUZZ_CHECK(back.data.size == message->data.size);
    FUZZ_CHECK(back.data.size == 0 || memcmp(back.data.data, message->data.data, back.data.size) == 0);
    hny_frames_free(&frames);
}

/* The message comes to a depot that already has a transfer; all that goes out is confirmed, but never what
 * has not gone out. */
static void tell_pulls(const struct hny_depot_message *message) {
    static const struct hny_peer peer = {1, {1}};
    struct hny_depot_message own = {
        .verb = HNY_DEPOT_VERB_FETCH, .transfer = 1, .credit = 1 << 16, .end = 1 << 18};
    struct hny_depot_pulls *pulls = NULL;
    struct hny_depot_part part;
    enum hny_depot_refusal refusal;
    int file = open("/dev/null", O_RDONLY | O_CLOEXEC), second = open("/dev/null", O_RDONLY | O_CLOEXEC);
    FUZZ_CHECK(hny_depot_pulls_create(&pulls, 2, 10) == HNY_OK);
    hny_depot_pulls_begin(pulls, 1, &peer, &own, file, FILE_BYTES, &refusal);
    FUZZ_CHECK(refusal == HNY_DEPOT_NOT_REFUSED && hny_depot_pulls_next(pulls, 7, &part));
    if (message->verb == HNY_DEPOT_VERB_INDEX || message->verb == HNY_DEPOT_VERB_FETCH)
        hny_depot_pulls_begin(pulls, 1, &peer, message, second, FILE_BYTES, &refusal);
    else
        refusal = HNY_DEPOT_REFUSED_BAD;
    if (refusal != HNY_DEPOT_NOT_REFUSED) close(second);
    hny_depot_pulls_have(pulls, 2, &peer, message);
    for (uint64_t i = 8; i < ROUNDS && hny_depot_pulls_next(pulls, i, &part); i++) {
        FUZZ_CHECK(part.size > 0 && part.size <= HNY_DEPOT_CHUNK_BYTES);
        FUZZ_CHECK(part.offset + part.size <= part.end && part.end <= FILE_BYTES);
        own.transfer = part.transfer;
        own.offset = part.offset + part.size;
        own.token = i;
        FUZZ_CHECK(hny_depot_pulls_have(pulls, 3, &peer, &own));
    }
    hny_depot_pulls_cancel(pulls, 4, &peer, message);
    hny_depot_pulls_destroy(&pulls);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct hny_piece frames[MOST_FRAMES];
    struct hny_depot_message message;
    size_t count = fuzz_cut(data, size, frames, MOST_FRAMES);
    hny_status status = hny_depot_wire_read(frames, count, &message);
    FUZZ_CHECK(status == HNY_OK || status == HNY_ERROR_INPUT);
    if (status != HNY_OK) return 0;
    check_round_trip(&message);
    tell_pulls(&message);
    return 0;
}
