#include "pipeline/stream_wire.h"

#include "base/memory.h"
#include "base/utf8.h"
#include <endian.h>
#include <string.h>

#define FLAG_END 1u
#define FLAG_REFUSED 2u

enum { MOST_NUMBERS = 6, HEAD = 3 };

static const char protocol[] = "HNYL1";

/* A verb's name, and the numbers of its messages. */
static const struct {
    const char *name;
    size_t numbers;
} verbs[HNY_LINK_VERBS] = {
    [HNY_LINK_HELLO] = {"HELLO", 4},
    [HNY_LINK_RECORD] = {"RECORD", 6},
    [HNY_LINK_CLOSE] = {"CLOSE", 4},
    [HNY_LINK_STATE] = {"STATE", 6},
};

hny_status hny_stream_wire_write(struct hny_frames *frames, const struct hny_link_message *message) {
    const struct hny_record *record = &message->record;
    const struct hny_payload *payload = message->verb == HNY_LINK_RECORD ? record->payload : NULL;
    bool state = message->verb == HNY_LINK_STATE;
    size_t pieces = payload ? payload->count : 0, numbers = verbs[message->verb].numbers;
    uint64_t flags = (record->end ? FLAG_END : 0) | (record->refused ? FLAG_REFUSED : 0);
    uint64_t written[MOST_NUMBERS] = {message->session,
                                      message->stream,
                                      message->stored,
                                      message->refused,
                                      state ? message->last : record->number,
                                      state ? message->bytes : flags};
    for (size_t i = 0; i < numbers; i++) written[i] = htobe64(written[i]);
    hny_buffer_clear(&frames->head);
    HNY_TRY(hny_buffer_append(&frames->head, written, numbers * sizeof *written));
    if (state) HNY_TRY(hny_buffer_append(&frames->head, message->come, sizeof message->come));
    if (hny_grow(&frames->pieces, &frames->capacity, HEAD + 1 + pieces, sizeof *frames->pieces))
        return HNY_ERROR_MEMORY;
    frames->count = 0;
    frames->pieces[frames->count++] = (struct hny_piece){protocol, sizeof protocol - 1};
    frames->pieces[frames->count++] =
        (struct hny_piece){verbs[message->verb].name, strlen(verbs[message->verb].name)};
    frames->pieces[frames->count++] = (struct hny_piece){frames->head.data, numbers * sizeof *written};
    if (state)
        frames->pieces[frames->count++] =
            (struct hny_piece){frames->head.data + numbers * sizeof *written, sizeof message->come};
    for (size_t i = 0; i < pieces; i++) frames->pieces[frames->count++] = payload->sentences[i];
    return HNY_OK;
}

static hny_status fail(const char *what) {
    return hny_fail(HNY_ERROR_INPUT, "a malformed message between stages: %s", what);
}

static hny_status read_pieces(const struct hny_piece *pieces, size_t count, struct hny_record *record) {
    if (count > HNY_RECORD_PIECES) return fail("too many pieces");
    if (count > 0 && count % 2 == 0) return fail("sentences that do not stand between pieces");
    for (size_t i = 0; i < count; i++)
        if (memchr(pieces[i].data, '\0', pieces[i].size) || memchr(pieces[i].data, '\n', pieces[i].size) ||
            !hny_utf8_valid(pieces[i].data, pieces[i].size))
            return fail("a piece is no line of UTF-8");
    if (count == 0) return HNY_OK;
    record->payload = hny_payload_create((struct hny_piece){"", 0}, pieces, count);
    return record->payload ? HNY_OK : HNY_ERROR_MEMORY;
}

hny_status hny_stream_wire_read(const struct hny_piece *frames, size_t count,
                                struct hny_link_message *message) {
    uint64_t numbers[MOST_NUMBERS] = {0};
    *message = (struct hny_link_message){.verb = HNY_LINK_VERBS};
    if (count < HEAD || !hny_piece_is(&frames[0], protocol)) return fail("not of this protocol");
    for (size_t i = 0; i < HNY_LINK_VERBS; i++)
        if (hny_piece_is(&frames[1], verbs[i].name)) message->verb = (enum hny_link_verb)i;
    if (message->verb == HNY_LINK_VERBS) return fail("an unknown verb");
    bool state = message->verb == HNY_LINK_STATE, record = message->verb == HNY_LINK_RECORD;
    if (frames[2].size != verbs[message->verb].numbers * sizeof *numbers) return fail("its numbers");
    memcpy(numbers, frames[2].data, frames[2].size);
    for (size_t i = 0; i < MOST_NUMBERS; i++) numbers[i] = be64toh(numbers[i]);
    message->session = numbers[0];
    message->stream = numbers[1];
    message->stored = numbers[2];
    message->refused = numbers[3];
    if (message->stored != HNY_STREAM_UNKNOWN && message->stored > HNY_STREAM_MOST)
        return fail("a number that no record has");
    if (state) {
        if (count != HEAD + 1 || frames[3].size > sizeof message->come) return fail("its bits");
        message->last = numbers[4];
        message->bytes = numbers[5];
        memcpy(message->come, frames[3].data, frames[3].size);
    } else if (!record && count != HEAD) {
        return fail("frames too many");
    }
    if (!record) return HNY_OK;
    message->record.number = numbers[4];
    message->record.end = numbers[5] & FLAG_END;
    message->record.refused = numbers[5] & FLAG_REFUSED;
    if (message->record.number == 0 || message->record.number > HNY_STREAM_MOST)
        return fail("a number that no record has");
    return read_pieces(frames + HEAD, count - HEAD, &message->record);
}
