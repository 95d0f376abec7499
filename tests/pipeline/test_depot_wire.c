#include "pipeline/depot_wire.h"

#include <criterion/criterion.h>
#include <string.h>

#define NAME "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void check_round_trip(const struct hny_depot_message *message) {
    struct hny_frames frames = {0};
    struct hny_depot_message back;
    cr_assert_eq(hny_depot_wire_write(&frames, message), HNY_OK);
    cr_assert_eq(hny_depot_wire_read(frames.pieces, frames.count, &back), HNY_OK, "%s", hny_message());
    cr_expect_eq(back.verb, message->verb);
    cr_expect_eq(back.transfer, message->transfer);
    cr_expect_eq(back.session, message->session);
    cr_expect_eq(back.credit, message->credit);
    cr_expect_eq(back.offset, message->offset);
    cr_expect_eq(back.end, message->end);
    cr_expect_eq(back.token, message->token);
    cr_expect_eq(back.refusal, message->refusal);
    cr_expect_str_eq(back.file, message->file);
    cr_expect_eq(back.data.size, message->data.size);
    cr_expect(back.data.size == 0 || memcmp(back.data.data, message->data.data, back.data.size) == 0);
    hny_frames_free(&frames);
}

Test(depot_wire, every_verb_comes_back_as_it_was_written) {
    static const struct hny_depot_message messages[] = {
        {.verb = HNY_DEPOT_VERB_INDEX, .transfer = 1, .credit = 9},
        {.verb = HNY_DEPOT_VERB_FETCH,
         .transfer = 2,
         .credit = 1,
         .offset = 3,
         .end = HNY_DEPOT_MOST,
         .file = NAME},
        {.verb = HNY_DEPOT_VERB_HAVE, .transfer = UINT64_MAX, .offset = 7, .token = UINT64_MAX - 1},
        {.verb = HNY_DEPOT_VERB_CANCEL, .transfer = 1},
        {.verb = HNY_DEPOT_VERB_OFFER, .transfer = 1, .session = 77, .end = 12, .file = NAME},
        {.verb = HNY_DEPOT_VERB_CHUNK,
         .transfer = 1,
         .offset = 5,
         .end = 8,
         .token = 3,
         .data = {"\0a\n", 3}},
        {.verb = HNY_DEPOT_VERB_WANT, .transfer = 1, .session = 78, .offset = 4, .end = 4},
        {.verb = HNY_DEPOT_VERB_STORED, .transfer = 1},
        {.verb = HNY_DEPOT_VERB_REFUSED,
         .transfer = 1,
         .refusal = HNY_DEPOT_REFUSED_UNFIT,
         .data = {"so", 2}},
        {.verb = HNY_DEPOT_VERB_UNKNOWN, .transfer = 1},
    };
    cr_assert_eq(sizeof messages / sizeof *messages, HNY_DEPOT_VERBS);
    for (size_t i = 0; i < HNY_DEPOT_VERBS; i++) {
        cr_assert_eq(messages[i].verb, (enum hny_depot_verb)i);
        check_round_trip(&messages[i]);
    }
}

Test(depot_wire, every_code_of_a_refusal_comes_back) {
    for (int r = HNY_DEPOT_REFUSED_BUSY; r < HNY_DEPOT_REFUSALS; r++)
        check_round_trip(&(struct hny_depot_message){
            .verb = HNY_DEPOT_VERB_REFUSED, .transfer = 1, .refusal = (enum hny_depot_refusal)r});
}

/* A message that has to be refused, and what is known of it all the same. */
static void check_refused(const struct hny_piece *frames, size_t count, enum hny_depot_verb verb,
                          uint64_t transfer) {
    struct hny_depot_message message;
    cr_assert_eq(hny_depot_wire_read(frames, count, &message), HNY_ERROR_INPUT);
    cr_expect_eq(message.verb, verb);
    cr_expect_eq(message.transfer, transfer);
}

#define PIECE(text)                                                                                          \
    { text, sizeof(text) - 1 }
#define ONE "\0\0\0\0\0\0\0\1"
#define TWO "\0\0\0\0\0\0\0\2"
#define NONE "\0\0\0\0\0\0\0\0"

Test(depot_wire, what_is_no_message_is_refused) {
    static const struct hny_piece protocol = PIECE("HNYD1"), name = PIECE(NAME);
    const struct hny_piece other[] = {PIECE("HNYL1"), PIECE("CANCEL"), PIECE(ONE)};
    const struct hny_piece verb[] = {protocol, PIECE("CANCELS"), PIECE(ONE)};
    const struct hny_piece numbers[] = {protocol, PIECE("CANCEL"), PIECE(ONE ONE)};
    const struct hny_piece nought[] = {protocol, PIECE("CANCEL"), PIECE(NONE)};
    const struct hny_piece frames[] = {protocol, PIECE("CANCEL"), PIECE(TWO), PIECE("")};
    const struct hny_piece credit[] = {protocol, PIECE("INDEX"), PIECE(TWO NONE)};
    const struct hny_piece empty[] = {protocol, PIECE("FETCH"), PIECE(TWO ONE ONE ONE), name};
    const struct hny_piece beyond[] = {protocol, PIECE("CHUNK"), PIECE(TWO ONE TWO ONE), PIECE("ab")};
    const struct hny_piece nothing[] = {protocol, PIECE("CHUNK"), PIECE(TWO ONE TWO ONE), PIECE("")};
    const struct hny_piece far[] = {protocol, PIECE("HAVE"), PIECE(TWO "\x40\0\0\0\0\0\0\1" ONE)};
    check_refused(other, 3, HNY_DEPOT_VERBS, 0);
    check_refused(verb, 3, HNY_DEPOT_VERBS, 0);
    check_refused(numbers, 3, HNY_DEPOT_VERB_CANCEL, 0);
    check_refused(nought, 3, HNY_DEPOT_VERB_CANCEL, 0);
    check_refused(frames, 4, HNY_DEPOT_VERB_CANCEL, 2);
    check_refused(credit, 3, HNY_DEPOT_VERB_INDEX, 2);
    check_refused(empty, 4, HNY_DEPOT_VERB_FETCH, 2);
    check_refused(empty, 3, HNY_DEPOT_VERB_FETCH, 2);
    check_refused(beyond, 4, HNY_DEPOT_VERB_CHUNK, 2);
    check_refused(nothing, 4, HNY_DEPOT_VERB_CHUNK, 2);
    check_refused(far, 3, HNY_DEPOT_VERB_HAVE, 2);
}

Test(depot_wire, a_file_has_no_name_but_its_digest) {
    static const char *const wrong[] = {"", "../../../etc/passwd", NAME "0",
                                        "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const struct hny_piece frames[] = {
            PIECE("HNYD1"), PIECE("FETCH"), PIECE(TWO ONE NONE ONE), {wrong[i], strlen(wrong[i])}};
        check_refused(frames, 4, HNY_DEPOT_VERB_FETCH, 2);
    }
}

Test(depot_wire, a_code_of_a_later_version_is_a_failure_and_a_reason_is_text) {
    const struct hny_piece later[] = {PIECE("HNYD1"), PIECE("REFUSED"), PIECE(ONE), PIECE("moon"), PIECE("")};
    const struct hny_piece wild[] = {PIECE("HNYD1"), PIECE("REFUSED"), PIECE(ONE), PIECE("busy"),
                                     PIECE("\xff")};
    struct hny_depot_message message;
    cr_assert_eq(hny_depot_wire_read(later, 5, &message), HNY_OK);
    cr_expect_eq(message.refusal, HNY_DEPOT_REFUSED_FAILED);
    check_refused(wild, 5, HNY_DEPOT_VERB_REFUSED, 1);
}
