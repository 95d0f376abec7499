#include "pipeline/depot_wire.h"

#include "base/memory.h"
#include "base/utf8.h"
#include <endian.h>
#include <string.h>

enum { HEAD = 3, MOST_NUMBERS = 4, MOST_TAIL = 2 };

static const char protocol[] = "HNYD1";

/* What stands behind the numbers. */
enum tail { NOTHING, FILE_NAME, BYTES, REFUSAL };

#define AT(field) offsetof(struct hny_depot_message, field)

/* A verb's name, where its numbers belong, and what follows them. */
static const struct {
    const char *name;
    size_t count, fields[MOST_NUMBERS];
    enum tail tail;
} verbs[HNY_DEPOT_VERBS] = {
    [HNY_DEPOT_VERB_INDEX] = {"INDEX", 2, {AT(transfer), AT(credit)}, NOTHING},
    [HNY_DEPOT_VERB_FETCH] = {"FETCH", 4, {AT(transfer), AT(credit), AT(offset), AT(end)}, FILE_NAME},
    [HNY_DEPOT_VERB_HAVE] = {"HAVE", 3, {AT(transfer), AT(offset), AT(token)}, NOTHING},
    [HNY_DEPOT_VERB_CANCEL] = {"CANCEL", 1, {AT(transfer)}, NOTHING},
    [HNY_DEPOT_VERB_OFFER] = {"OFFER", 3, {AT(transfer), AT(session), AT(end)}, FILE_NAME},
    [HNY_DEPOT_VERB_CHUNK] = {"CHUNK", 4, {AT(transfer), AT(offset), AT(end), AT(token)}, BYTES},
    [HNY_DEPOT_VERB_WANT] = {"WANT", 4, {AT(transfer), AT(session), AT(offset), AT(end)}, NOTHING},
    [HNY_DEPOT_VERB_STORED] = {"STORED", 1, {AT(transfer)}, NOTHING},
    [HNY_DEPOT_VERB_REFUSED] = {"REFUSED", 1, {AT(transfer)}, REFUSAL},
    [HNY_DEPOT_VERB_UNKNOWN] = {"UNKNOWN", 1, {AT(transfer)}, NOTHING},
};

static const char *const refusals[HNY_DEPOT_REFUSALS] = {
    [HNY_DEPOT_NOT_REFUSED] = "none",
    [HNY_DEPOT_REFUSED_BUSY] = "busy",
    [HNY_DEPOT_REFUSED_BUNDLE] = "no-such-bundle",
    [HNY_DEPOT_REFUSED_KEY] = "not-allowed",
    [HNY_DEPOT_REFUSED_TOO_LONG] = "too-long",
    [HNY_DEPOT_REFUSED_LEAVING] = "shutting-down",
    [HNY_DEPOT_REFUSED_BAD] = "malformed",
    [HNY_DEPOT_REFUSED_DAMAGED] = "damaged",
    [HNY_DEPOT_REFUSED_UNFIT] = "unfit",
    [HNY_DEPOT_REFUSED_FAILED] = "failed",
};

const char *hny_depot_refusal_name(enum hny_depot_refusal refusal) {
    return (size_t)refusal < HNY_DEPOT_REFUSALS ? refusals[refusal] : "?";
}

/* --- Writing ------------------------------------------------------------------------------------------ */

/* What follows the numbers of MESSAGE; how many pieces. */
static size_t write_tail(const struct hny_depot_message *message, struct hny_piece pieces[MOST_TAIL]) {
    const char *code = hny_depot_refusal_name(message->refusal);
    switch (verbs[message->verb].tail) {
    case NOTHING:
        return 0;
    case FILE_NAME:
        pieces[0] = (struct hny_piece){message->file, strlen(message->file)};
        return 1;
    case BYTES:
        pieces[0] = message->data;
        return 1;
    case REFUSAL:
        pieces[0] = (struct hny_piece){code, strlen(code)};
        pieces[1] = message->data;
        return 2;
    }
    return 0;
}

hny_status hny_depot_wire_write(struct hny_frames *frames, const struct hny_depot_message *message) {
    uint64_t numbers[MOST_NUMBERS] = {0};
    size_t count = verbs[message->verb].count;
    const char *name = verbs[message->verb].name;
    for (size_t i = 0; i < count; i++) {
        memcpy(&numbers[i], (const char *)message + verbs[message->verb].fields[i], sizeof *numbers);
        numbers[i] = htobe64(numbers[i]);
    }
    hny_buffer_clear(&frames->head);
    HNY_TRY(hny_buffer_append(&frames->head, numbers, count * sizeof *numbers));
    if (hny_grow(&frames->pieces, &frames->capacity, HEAD + MOST_TAIL, sizeof *frames->pieces))
        return HNY_ERROR_MEMORY;
    frames->pieces[0] = (struct hny_piece){protocol, sizeof protocol - 1};
    frames->pieces[1] = (struct hny_piece){name, strlen(name)};
    frames->pieces[2] = (struct hny_piece){frames->head.data, frames->head.size};
    frames->count = HEAD + write_tail(message, frames->pieces + HEAD);
    return HNY_OK;
}

/* --- Reading ------------------------------------------------------------------------------------------ */

static hny_status fail(const char *what) {
    return hny_fail(HNY_ERROR_INPUT, "a malformed message about a depot: %s", what);
}

static hny_status read_file(const struct hny_piece *piece, struct hny_depot_message *message) {
    if (piece->size != HNY_DIGEST_TEXT - 1) return fail("a file is called by its SHA-256");
    memcpy(message->file, piece->data, piece->size);
    message->file[piece->size] = '\0';
    return hny_digest_at(message->file) ? HNY_OK : fail("a file is called by its SHA-256");
}

static hny_status read_bytes(const struct hny_piece *piece, struct hny_depot_message *message) {
    if (piece->size == 0 || piece->size > HNY_DEPOT_CHUNK_BYTES) return fail("the size of a chunk");
    if (message->end < message->offset || piece->size > message->end - message->offset)
        return fail("a chunk beyond the end");
    message->data = *piece;
    return HNY_OK;
}

static hny_status read_refusal(const struct hny_piece *pieces, struct hny_depot_message *message) {
    const struct hny_piece *reason = &pieces[1];
    if (reason->size > HNY_DEPOT_REASON_BYTES || !hny_utf8_valid(reason->data, reason->size) ||
        (reason->size > 0 && memchr(reason->data, '\0', reason->size)))
        return fail("a reason that is no text");
    message->data = *reason;
    message->refusal = HNY_DEPOT_REFUSED_FAILED; /* where the code is a later version's */
    for (int r = HNY_DEPOT_REFUSED_BUSY; r < HNY_DEPOT_REFUSALS; r++)
        if (hny_piece_is(&pieces[0], refusals[r])) message->refusal = (enum hny_depot_refusal)r;
    return HNY_OK;
}

static hny_status read_numbers(const struct hny_piece *piece, struct hny_depot_message *message) {
    size_t count = verbs[message->verb].count;
    uint64_t numbers[MOST_NUMBERS];
    if (piece->size != count * sizeof *numbers) return fail("its numbers");
    memcpy(numbers, piece->data, piece->size);
    for (size_t i = 0; i < count; i++) {
        numbers[i] = be64toh(numbers[i]);
        memcpy((char *)message + verbs[message->verb].fields[i], &numbers[i], sizeof *numbers);
    }
    if (message->transfer == 0) return fail("a transfer has a number from 1 on");
    if (message->offset > HNY_DEPOT_MOST || message->end > HNY_DEPOT_MOST)
        return fail("a place that no file has");
    return HNY_OK;
}

/* A part that is asked for, and a file that is offered, hold something. */
static hny_status check_numbers(const struct hny_depot_message *message) {
    bool asks = message->verb == HNY_DEPOT_VERB_INDEX || message->verb == HNY_DEPOT_VERB_FETCH;
    bool spans = message->verb == HNY_DEPOT_VERB_FETCH || message->verb == HNY_DEPOT_VERB_OFFER;
    if (asks && message->credit == 0) return fail("no credit");
    if (spans && message->end <= message->offset) return fail("nothing is asked for, or offered");
    if (message->verb == HNY_DEPOT_VERB_WANT && message->end < message->offset)
        return fail("less is wanted than is there");
    return HNY_OK;
}

hny_status hny_depot_wire_read(const struct hny_piece *frames, size_t count,
                               struct hny_depot_message *message) {
    static const size_t pieces[] = {[NOTHING] = 0, [FILE_NAME] = 1, [BYTES] = 1, [REFUSAL] = 2};
    *message = (struct hny_depot_message){.verb = HNY_DEPOT_VERBS};
    if (count < HEAD || !hny_piece_is(&frames[0], protocol)) return fail("not of this protocol");
    for (size_t i = 0; i < HNY_DEPOT_VERBS; i++)
        if (hny_piece_is(&frames[1], verbs[i].name)) message->verb = (enum hny_depot_verb)i;
    if (message->verb == HNY_DEPOT_VERBS) return fail("an unknown verb");
    enum tail tail = verbs[message->verb].tail;
    HNY_TRY(read_numbers(&frames[2], message));
    if (count != HEAD + pieces[tail]) return fail("the number of its frames");
    HNY_TRY(check_numbers(message));
    if (tail == FILE_NAME) return read_file(&frames[HEAD], message);
    if (tail == BYTES) return read_bytes(&frames[HEAD], message);
    return tail == REFUSAL ? read_refusal(&frames[HEAD], message) : HNY_OK;
}
