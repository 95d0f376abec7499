#include "pipeline/depot_pulls.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const struct hny_peer anna = {4, "anna"}, bert = {4, "bert"};

enum { PATIENCE = 5000 };

static struct hny_depot_pulls *make_pulls(size_t most) {
    struct hny_depot_pulls *pulls = NULL;
    cr_assert_eq(hny_depot_pulls_create(&pulls, most, PATIENCE), HNY_OK);
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

static bool says(struct hny_depot_pulls *pulls, uint64_t now, const struct hny_peer *peer, uint64_t transfer,
                 uint64_t next, uint64_t token) {
    const struct hny_depot_message message = {.transfer = transfer, .offset = next, .token = token};
    return hny_depot_pulls_have(pulls, now, peer, &message);
}

static bool have(struct hny_depot_pulls *pulls, uint64_t now, uint64_t next, uint64_t token) {
    return says(pulls, now, &anna, 1, next, token);
}

/* A transfer of which the first chunk was sent and confirmed, under token 1; that one's size. */
static uint64_t begin_well(struct hny_depot_pulls *pulls, uint64_t now, const struct hny_peer *peer,
                           uint64_t transfer, uint64_t credit, uint64_t end) {
    struct hny_depot_part first;
    cr_assert_eq(begin(pulls, now, peer, transfer, credit, end), HNY_DEPOT_NOT_REFUSED);
    cr_assert(hny_depot_pulls_next(pulls, 1, &first));
    cr_assert(says(pulls, now, peer, transfer, first.size, 1));
    return first.size;
}

Test(depot_pulls, no_more_is_under_way_than_the_credit_and_no_more_than_the_depots_own) {
    struct hny_depot_pulls *pulls = make_pulls(2);
    struct hny_depot_part part = {0};
    begin_well(pulls, 0, &anna, 1, 100000, 1 << 30);
    uint64_t sent = send_all(pulls, 2, &part);
    cr_expect(sent <= 100000 && sent > 75000, "%llu", (unsigned long long)sent);
    begin_well(pulls, 0, &bert, 1, UINT64_MAX, 1 << 30);
    cr_expect_eq(send_all(pulls, 2, &part), (uint64_t)HNY_DEPOT_CREDIT);
    cr_expect_eq(send_all(pulls, 2, &part), 0);
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
    begin_well(pulls, 0, &anna, 1, 1 << 20, 1 << 30);
    cr_assert(hny_depot_pulls_next(pulls, 11, &first) && hny_depot_pulls_next(pulls, 12, &second));
    send_all(pulls, 13, &part);
    cr_assert(have(pulls, 1, second.offset + second.size, 12));
    cr_expect_eq(send_all(pulls, 20, &part), first.size + second.size);
    hny_depot_pulls_destroy(&pulls);
}

Test(depot_pulls, a_transfer_is_forgotten_once_all_has_come) {
    struct hny_depot_pulls *pulls = make_pulls(1);
    struct hny_depot_part part;
    uint64_t first = begin_well(pulls, 0, &anna, 1, 1 << 20, 300000);
    cr_assert_eq(first + send_all(pulls, 5, &part), 300000);
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
    begin(pulls, 0, &anna, 1, 4 << 20, 1 << 30);
    begin(pulls, 0, &bert, 1, 4 << 20, 1 << 30);
    cr_assert(hny_depot_pulls_next(pulls, 1, &a) && hny_depot_pulls_next(pulls, 2, &b) &&
              hny_depot_pulls_next(pulls, 3, &c));
    cr_expect_neq(memcmp(&a.peer, &b.peer, sizeof a.peer), 0);
    cr_expect_eq(memcmp(&a.peer, &c.peer, sizeof a.peer), 0);
    cr_expect_eq(c.offset, a.offset + a.size);
    hny_depot_pulls_destroy(&pulls);
}

Test(depot_pulls, who_is_silent_or_reads_nothing_is_dropped) {
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
    cr_expect_eq(begin(pulls, now, &bert, 1, 1, 10), HNY_DEPOT_NOT_REFUSED);
    cr_expect(hny_depot_pulls_drop(pulls, now + HNY_DEPOT_SILENCE_MS, &peer, &transfer));
    cr_expect_eq(memcmp(&peer, &bert, sizeof peer), 0);
    hny_depot_pulls_destroy(&pulls);
}

/* --- Places -------------------------------------------------------------------------------------------- */

static struct hny_peer peer_called(size_t number) {
    return (struct hny_peer){2, {9, (uint8_t)number}};
}

/* HOLDERS ask, from AT on one a millisecond, and are sent what they may; their places are all there are. */
enum { HOLDERS = 64 };

static struct hny_depot_pulls *hold_all(uint64_t at) {
    struct hny_depot_pulls *pulls = make_pulls(HOLDERS);
    struct hny_depot_part part;
    for (size_t i = 0; i < HOLDERS; i++) {
        struct hny_peer holder = peer_called(i);
        cr_assert_eq(begin(pulls, at + i, &holder, 1, UINT64_MAX, 1 << 30), HNY_DEPOT_NOT_REFUSED);
    }
    cr_assert_eq(send_all(pulls, 1, &part), (uint64_t)HOLDERS * HNY_DEPOT_CREDIT / 4);
    return pulls;
}

static bool is_held(struct hny_depot_pulls *pulls, uint64_t now, size_t number) {
    struct hny_peer holder = peer_called(number);
    return says(pulls, now, &holder, 1, 0, 0);
}

Test(depot_pulls, who_confirms_nothing_gives_the_oldest_place_to_who_waits) {
    struct hny_depot_pulls *pulls = hold_all(0);
    struct hny_depot_part part;
    cr_expect_eq(begin(pulls, PATIENCE - 1, &anna, 1, 1 << 20, 600000), HNY_DEPOT_REFUSED_BUSY);
    cr_expect_eq(begin(pulls, PATIENCE, &anna, 1, 1 << 20, 600000), HNY_DEPOT_NOT_REFUSED);
    cr_expect_not(is_held(pulls, PATIENCE, 0));
    for (size_t i = 1; i < HOLDERS; i++) cr_expect(is_held(pulls, PATIENCE, i));
    cr_expect_eq(hny_depot_pulls_count(pulls), HOLDERS);
    /* And who has the place gets there, though the others go on asking. */
    for (uint64_t done = 0, token = 100; done < 600000; token++) {
        cr_assert(hny_depot_pulls_next(pulls, token, &part) && part.offset == done);
        done += part.size;
        cr_assert(have(pulls, 2 * PATIENCE, done, token));
    }
    cr_expect_eq(hny_depot_pulls_count(pulls), HOLDERS - 1);
    hny_depot_pulls_destroy(&pulls);
}

Test(depot_pulls, nobody_waits_nobody_goes) {
    struct hny_depot_pulls *pulls = hold_all(0);
    struct hny_peer peer;
    uint64_t transfer;
    for (size_t i = 0; i < HOLDERS; i++) cr_expect(is_held(pulls, 2 * PATIENCE, i));
    cr_expect_not(hny_depot_pulls_drop(pulls, 2 * PATIENCE, &peer, &transfer));
    hny_depot_pulls_destroy(&pulls);
}

Test(depot_pulls, who_gets_on_keeps_the_place) {
    struct hny_depot_pulls *pulls = make_pulls(1);
    struct hny_depot_part part;
    uint64_t now = 0, done = begin_well(pulls, 0, &anna, 1, 4096, 1 << 30);
    for (size_t i = 0; i < 10; i++) {
        cr_assert(hny_depot_pulls_next(pulls, 2, &part));
        now += PATIENCE - 1;
        cr_expect_eq(begin(pulls, now, &bert, 1, 1, 10), HNY_DEPOT_REFUSED_BUSY);
        done += part.size;
        cr_assert(have(pulls, now, done, 2));
    }
    hny_depot_pulls_destroy(&pulls);
}

Test(depot_pulls, who_was_dropped_comes_back_when_there_is_a_place_and_goes_on) {
    struct hny_depot_pulls *pulls = make_pulls(1);
    struct hny_depot_part part;
    uint64_t done = begin_well(pulls, 0, &anna, 1, 1 << 20, 1 << 30), under_way = send_all(pulls, 20, &part),
             token = 20 + under_way / part.size - 1;
    cr_assert_eq(begin(pulls, PATIENCE, &bert, 1, 1 << 20, 300000), HNY_DEPOT_NOT_REFUSED);
    send_all(pulls, 40, &part);
    cr_expect_not(have(pulls, PATIENCE + 1, done, 1), "it is told that it was dropped");
    /* Not in the same way: what it was sent it has not read. */
    cr_expect_eq(begin(pulls, 3 * PATIENCE, &anna, 2, 1 << 20, 1 << 30), HNY_DEPOT_REFUSED_BUSY);
    cr_expect_not(have(pulls, 3 * PATIENCE, done + under_way, token), "read now, under the old number");
    const struct hny_depot_message again = {.verb = HNY_DEPOT_VERB_FETCH,
                                            .transfer = 2,
                                            .credit = 1 << 20,
                                            .offset = done + under_way,
                                            .end = 1 << 30};
    enum hny_depot_refusal refusal;
    int file = open("/dev/null", O_RDONLY);
    hny_depot_pulls_begin(pulls, 3 * PATIENCE, &anna, &again, file, (uint64_t)1 << 30, &refusal);
    cr_expect_eq(refusal, HNY_DEPOT_NOT_REFUSED, "bert reads nothing for longer now");
    cr_assert(hny_depot_pulls_next(pulls, 60, &part));
    cr_expect_eq(part.transfer, 2);
    cr_expect_eq(part.offset, done + under_way);
    hny_depot_pulls_destroy(&pulls);
}

/* Chunks of the old transfer that its client passes over come before those of the new one. */
Test(depot_pulls, what_comes_behind_it_shows_that_it_was_read) {
    struct hny_depot_pulls *pulls = make_pulls(2);
    struct hny_depot_part part;
    uint64_t passed = begin_well(pulls, 0, &anna, 1, 1 << 20, 1 << 30);
    send_all(pulls, 20, &part);
    cr_assert(hny_depot_pulls_cancel(pulls, 1, &anna, &(struct hny_depot_message){.transfer = 1}));
    cr_expect_not(have(pulls, 2, passed, 1), "it counts, but it has no place");
    for (uint64_t i = 2; i <= HNY_DEPOT_PULLS_OF_ONE; i++) {
        begin_well(pulls, 2, &anna, i, 1 << 20, 1 << 30);
        send_all(pulls, 20, &part);
        cr_assert(hny_depot_pulls_cancel(pulls, 2, &anna, &(struct hny_depot_message){.transfer = i}));
    }
    /* More than one connection may have, if they still counted. */
    begin_well(pulls, 3, &anna, 9, 1 << 20, 1 << 30);
    cr_expect_eq(begin(pulls, 3, &anna, 10, 1, 10), HNY_DEPOT_NOT_REFUSED);
    hny_depot_pulls_destroy(&pulls);
}

/* However often they come back: what all have under way is bounded, and one chunk is everybody's. */
Test(depot_pulls, what_is_dropped_counts_until_it_was_read) {
    enum { PLACES = 4 };
    struct hny_depot_pulls *pulls = make_pulls(PLACES);
    struct hny_depot_part part;
    uint64_t under_way = 0, now = 0;
    size_t refused = 0;
    for (size_t i = 0; i < 100; i++, now++) {
        struct hny_peer holder = peer_called(i);
        if (begin(pulls, now, &holder, 1, UINT64_MAX, 1 << 30) != HNY_DEPOT_NOT_REFUSED) {
            refused++;
            continue;
        }
        uint64_t sent = send_all(pulls, 1, &part);
        cr_assert_geq(sent, 1, "everybody has one chunk");
        under_way += sent;
        cr_assert(says(pulls, now, &holder, 1, part.offset + part.size, sent / part.size));
        under_way += send_all(pulls, 1, &part) - sent;
        cr_assert(hny_depot_pulls_cancel(pulls, now, &holder, &(struct hny_depot_message){.transfer = 1}));
    }
    cr_expect_leq(under_way, PLACES * ((uint64_t)HNY_DEPOT_CREDIT + 4 * HNY_DEPOT_CHUNK_BYTES));
    cr_expect_gt(refused, 0);
    /* And after a minute they count no more. */
    uint64_t transfer;
    struct hny_peer peer;
    cr_expect_not(hny_depot_pulls_drop(pulls, now + HNY_DEPOT_STUCK_MS, &peer, &transfer));
    cr_expect_eq(begin(pulls, now + HNY_DEPOT_STUCK_MS, &anna, 1, 1, 10), HNY_DEPOT_NOT_REFUSED);
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
