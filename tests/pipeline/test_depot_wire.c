#include "pipeline/depot_pulls.h"
#include "pipeline/depot_wire.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define NAME "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct hny_peer anna = {4, "anna"}, bert = {4, "bert"};

/* --- Wire ---------------------------------------------------------------------------------------------- */

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

/* --- Pulls --------------------------------------------------------------------------------------------- */

static struct hny_depot_pulls *make_pulls(size_t most) {
    struct hny_depot_pulls *pulls = NULL;
    cr_assert_eq(hny_depot_pulls_create(&pulls, most), HNY_OK);
    return pulls;
}

static enum hny_depot_refusal begin(struct hny_depot_pulls *pulls, uint64_t now, const struct hny_peer *peer,
                                    uint64_t transfer, uint64_t credit, uint64_t end) {
    const struct hny_depot_message message = {
        .verb = HNY_DEPOT_VERB_FETCH, .transfer = transfer, .credit = credit, .end = end};
    enum hny_depot_refusal refusal;
    int file = open("/dev/null", O_RDONLY);
    hny_depot_pulls_begin(pulls, now, peer, &message, file, (uint64_t)1 << 30, &refusal);
    if (refusal != HNY_DEPOT_NOT_REFUSED) close(file);
    return refusal;
}

/* Takes all chunks that may go out, under tokens from FIRST on; their bytes. */
static uint64_t send_all(struct hny_depot_pulls *pulls, uint64_t first, struct hny_depot_part *last) {
    uint64_t bytes = 0;
    while (hny_depot_pulls_next(pulls, first++, last)) bytes += last->size;
    return bytes;
}

static bool have(struct hny_depot_pulls *pulls, uint64_t now, uint64_t next, uint64_t token) {
    return hny_depot_pulls_have(pulls, now, &anna,
                                &(struct hny_depot_message){.transfer = 1, .offset = next, .token = token});
}

Test(depot_pulls, no_more_is_under_way_than_the_credit_and_no_more_than_the_depots_own) {
    struct hny_depot_pulls *pulls = make_pulls(2);
    struct hny_depot_part part = {0};
    cr_assert_eq(begin(pulls, 0, &anna, 1, 100000, 1 << 30), HNY_DEPOT_NOT_REFUSED);
    uint64_t sent = send_all(pulls, 1, &part);
    cr_expect(sent <= 100000 && sent > 75000, "%llu", (unsigned long long)sent);
    cr_assert_eq(begin(pulls, 0, &bert, 1, UINT64_MAX, 1 << 30), HNY_DEPOT_NOT_REFUSED);
    cr_expect_eq(send_all(pulls, 1, &part), (uint64_t)HNY_DEPOT_CREDIT);
    cr_expect_eq(send_all(pulls, 1, &part), 0);
    hny_depot_pulls_destroy(&pulls);
}

Test(depot_pulls, what_was_not_read_cannot_be_confirmed) {
    struct hny_depot_pulls *pulls = make_pulls(1);
    struct hny_depot_part part = {0};
    begin(pulls, 0, &anna, 1, 1 << 20, 1 << 30);
    uint64_t sent = send_all(pulls, 100, &part);
    cr_expect(have(pulls, 1, sent, part.token + 1));          /* guessed */
    cr_expect(have(pulls, 1, sent + 1, part.token));          /* a place that no chunk ends at */
    cr_expect(have(pulls, 1, (uint64_t)1 << 30, part.token)); /* all of it, by what one had */
    cr_expect_eq(send_all(pulls, 200, &part), 0);
    struct hny_depot_part none;
    cr_expect_not(hny_depot_pulls_next(pulls, 300, &none));
    hny_depot_pulls_destroy(&pulls);
}

Test(depot_pulls, what_came_makes_room_also_for_all_before_it) {
    struct hny_depot_pulls *pulls = make_pulls(1);
    struct hny_depot_part first, second, part;
    begin(pulls, 0, &anna, 1, 1 << 20, 1 << 30);
    cr_assert(hny_depot_pulls_next(pulls, 11, &first) && hny_depot_pulls_next(pulls, 12, &second));
    send_all(pulls, 13, &part);
    cr_assert(have(pulls, 1, second.offset + second.size, 12));
    cr_expect_eq(send_all(pulls, 20, &part), first.size + second.size);
    hny_depot_pulls_destroy(&pulls);
}

Test(depot_pulls, a_transfer_is_forgotten_once_all_has_come) {
    struct hny_depot_pulls *pulls = make_pulls(1);
    struct hny_depot_part part;
    begin(pulls, 0, &anna, 1, 1 << 20, 300000);
    cr_assert_eq(send_all(pulls, 5, &part), 300000);
    cr_expect_eq(begin(pulls, 0, &bert, 1, 1, 10), HNY_DEPOT_REFUSED_BUSY);
    cr_expect(have(pulls, 1, 300000, part.token));
    cr_expect_not(have(pulls, 1, 300000, part.token));
    cr_expect_eq(hny_depot_pulls_count(pulls), 0);
    cr_expect_eq(begin(pulls, 0, &bert, 1, 1, 10), HNY_DEPOT_NOT_REFUSED);
    hny_depot_pulls_destroy(&pulls);
}

Test(depot_pulls, transfers_take_turns) {
    struct hny_depot_pulls *pulls = make_pulls(2);
    struct hny_depot_part a, b, c;
    begin(pulls, 0, &anna, 1, 1 << 20, 1 << 30);
    begin(pulls, 0, &bert, 1, 1 << 20, 1 << 30);
    cr_assert(hny_depot_pulls_next(pulls, 1, &a) && hny_depot_pulls_next(pulls, 2, &b) &&
              hny_depot_pulls_next(pulls, 3, &c));
    cr_expect_neq(memcmp(&a.peer, &b.peer, sizeof a.peer), 0);
    cr_expect_eq(memcmp(&a.peer, &c.peer, sizeof a.peer), 0);
    cr_expect_eq(c.offset, a.offset + a.size);
    hny_depot_pulls_destroy(&pulls);
}

Test(depot_pulls, who_is_silent_or_reads_nothing_is_dropped_and_his_place_is_kept_for_a_while) {
    struct hny_depot_pulls *pulls = make_pulls(1);
    struct hny_depot_part part;
    struct hny_peer peer;
    uint64_t transfer;
    begin(pulls, 0, &anna, 1, 1 << 20, 1 << 30);
    send_all(pulls, 1, &part);
    uint64_t now = 0;
    for (; now < HNY_DEPOT_STUCK_MS; now += 1000) {
        cr_assert_not(hny_depot_pulls_drop(pulls, now, &peer, &transfer));
        cr_assert(have(pulls, now, 0, 0)); /* he lives, and reads nothing */
    }
    cr_assert(hny_depot_pulls_drop(pulls, now, &peer, &transfer));
    cr_expect_eq(transfer, 1);
    cr_expect_not(hny_depot_pulls_drop(pulls, now, &peer, &transfer));
    cr_expect_not(have(pulls, now, 0, 0));
    cr_expect_eq(begin(pulls, now, &bert, 1, 1, 10), HNY_DEPOT_REFUSED_BUSY);
    now += HNY_DEPOT_STUCK_MS;
    cr_expect_not(hny_depot_pulls_drop(pulls, now, &peer, &transfer));
    cr_expect_eq(begin(pulls, now, &bert, 1, 1, 10), HNY_DEPOT_NOT_REFUSED);
    cr_expect(hny_depot_pulls_drop(pulls, now + HNY_DEPOT_SILENCE_MS, &peer, &transfer));
    cr_expect_eq(memcmp(&peer, &bert, sizeof peer), 0);
    hny_depot_pulls_destroy(&pulls);
}

Test(depot_pulls, a_connection_that_has_gone_leaves_its_place_at_once) {
    struct hny_depot_pulls *pulls = make_pulls(1);
    struct hny_depot_part part;
    begin(pulls, 0, &anna, 1, 1 << 20, 1 << 30);
    send_all(pulls, 1, &part);
    hny_depot_pulls_gone(pulls, &anna, 1);
    cr_expect_eq(begin(pulls, 0, &bert, 1, 1, 10), HNY_DEPOT_NOT_REFUSED);
    hny_depot_pulls_destroy(&pulls);
}

Test(depot_pulls, one_connection_has_so_many_and_none_twice_the_same) {
    struct hny_depot_pulls *pulls = make_pulls(100);
    for (uint64_t i = 1; i <= HNY_DEPOT_PULLS_OF_ONE; i++)
        cr_assert_eq(begin(pulls, 0, &anna, i, 1, 10), HNY_DEPOT_NOT_REFUSED);
    cr_expect_eq(begin(pulls, 0, &anna, 99, 1, 10), HNY_DEPOT_REFUSED_BUSY);
    cr_expect_eq(begin(pulls, 0, &anna, 1, 1, 10), HNY_DEPOT_REFUSED_BAD);
    cr_expect_eq(begin(pulls, 0, &bert, 1, 1, ((uint64_t)1 << 30) + 1), HNY_DEPOT_REFUSED_BAD);
    cr_expect_eq(begin(pulls, 0, &bert, 1, 1, (uint64_t)1 << 30), HNY_DEPOT_NOT_REFUSED);
    hny_depot_pulls_destroy(&pulls);
}

Test(depot_pulls, a_credit_of_one_byte_moves_one_byte_at_a_time) {
    struct hny_depot_pulls *pulls = make_pulls(1);
    struct hny_depot_part part;
    begin(pulls, 0, &anna, 1, 1, 3);
    for (uint64_t i = 1; i <= 3; i++) {
        cr_assert(hny_depot_pulls_next(pulls, i, &part));
        cr_expect_eq(part.size, 1);
        cr_expect_not(hny_depot_pulls_next(pulls, 99, &part));
        cr_expect(have(pulls, 1, i, i));
    }
    cr_expect_eq(hny_depot_pulls_count(pulls), 0);
    hny_depot_pulls_destroy(&pulls);
}
