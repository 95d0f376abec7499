#include "pipeline/client_core.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(client);

static const uint8_t uuid[16] = {7};

static void check(hny_status status) {
    cr_assert_eq(status, HNY_OK, "%s", hny_message());
}

static struct hny_client_core *open_client(void) {
    struct hny_client_core *core = NULL;
    check(hny_client_core_create(&core, uuid, NULL));
    return core;
}

static uint64_t ask(struct hny_client_core *core, uint64_t now) {
    struct hny_payload *payload =
        hny_payload_create((struct hny_piece){"", 0}, &(struct hny_piece){"text", 4}, 1);
    uint64_t number;
    cr_assert_not_null(payload);
    check(hny_client_core_translate(core, now, payload, &number));
    hny_payload_drop(&payload);
    return number;
}

static void hear(struct hny_client_core *core, uint64_t now, enum hny_verb command, uint64_t number) {
    struct hny_message message = {.command = command, .id.sequence = number};
    memcpy(message.id.uuid, uuid, sizeof uuid);
    check(hny_client_core_message(core, now, &message));
}

/* What the client has said since it was last heard: how many messages of COMMAND, *LAST the number of the
 * last one. */
static size_t said(struct hny_client_core *core, enum hny_verb command, uint64_t *last) {
    struct hny_client_action action;
    size_t count = 0;
    while (hny_client_core_take(core, &action)) {
        if (!action.answer && action.message.command == command) {
            count++;
            *last = action.message.id.sequence;
        }
        hny_payload_drop(&action.message.payload);
    }
    return count;
}

static size_t said_after(struct hny_client_core *core, uint64_t now, uint64_t *last) {
    check(hny_client_core_tick(core, now));
    return said(core, HNY_TRANSLATE, last);
}

static enum hny_refusal refused_at_once(struct hny_client_core *core, size_t sentences, size_t option_bytes) {
    static const char options[HNY_OPTIONS_BYTES + 1];
    static struct hny_piece pieces[HNY_REQUEST_SENTENCES + 1];
    struct hny_client_action action;
    uint64_t number;
    for (size_t i = 0; i < sentences; i++) pieces[i] = (struct hny_piece){"a", 1};
    struct hny_payload *payload =
        hny_payload_create((struct hny_piece){options, option_bytes}, pieces, sentences);
    cr_assert_not_null(payload);
    check(hny_client_core_translate(core, 1000, payload, &number));
    hny_payload_drop(&payload);
    cr_assert(hny_client_core_take(core, &action) && action.message.id.sequence == number);
    hny_payload_drop(&action.message.payload);
    return action.answer ? action.message.refusal : HNY_NOT_REFUSED;
}

Test(client, what_no_broker_takes_is_refused_at_once) {
    struct hny_client_core *core = open_client();
    cr_assert_eq(refused_at_once(core, HNY_REQUEST_SENTENCES, HNY_OPTIONS_BYTES), HNY_NOT_REFUSED);
    cr_assert_eq(refused_at_once(core, HNY_REQUEST_SENTENCES + 1, 0), HNY_REFUSED_TOO_LONG);
    cr_assert_eq(refused_at_once(core, 1, HNY_OPTIONS_BYTES + 1), HNY_REFUSED_BAD);
    hny_client_core_destroy(&core);
}

Test(client, what_is_cancelled_while_there_is_no_broker_does_not_pile_up) {
    enum { SPAN = 4096, MORE = 1000 };
    struct hny_client_core *core = open_client();
    struct hny_client_action action;
    uint64_t last;
    for (int i = 0; i < SPAN + MORE; i++) ask(core, 1000);
    cr_assert_eq(said(core, HNY_TRANSLATE, &last), SPAN);
    for (uint64_t number = 1; number <= SPAN + MORE; number++) {
        check(hny_client_core_cancel(core, 1000, number));
        cr_assert(hny_client_core_take(core, &action));
        cr_assert_eq(action.answer, number > SPAN);
        cr_assert_eq(action.message.command, number > SPAN ? HNY_REFUSED : HNY_CANCEL);
        cr_assert_eq(action.message.id.sequence, number);
        cr_assert_null(action.message.payload);
    }
    cr_assert_eq(hny_client_core_pending(core), SPAN);
    hear(core, 2000, HNY_REFUSED, 1);
    cr_assert_eq(hny_client_core_pending(core), SPAN - 1);
    hny_client_core_destroy(&core);
}

Test(client, a_request_that_is_not_accepted_goes_out_again_and_more_and_more_rarely) {
    struct hny_client_core *core = open_client();
    uint64_t last;
    ask(core, 1000);
    cr_assert_eq(said(core, HNY_TRANSLATE, &last), 1);
    size_t times = 0;
    for (uint64_t now = 1000; now <= 61000; now += 250) times += said_after(core, now, &last);
    cr_assert_eq(times, 5, "%zu: after 2, 4, 8, 16 and 16 seconds", times);
    hny_client_core_destroy(&core);
}

Test(client, an_accepted_request_waits_unless_a_later_one_is_answered_before_it) {
    struct hny_client_core *core = open_client();
    uint64_t last;
    for (size_t i = 0; i < 3; i++) ask(core, 1000);
    said(core, HNY_TRANSLATE, &last);
    for (uint64_t number = 1; number <= 3; number++) hear(core, 1001, HNY_ACCEPTED, number);
    cr_assert_eq(said_after(core, 9000, &last), 0);
    hear(core, 9001, HNY_TRANSLATED, 2);
    cr_assert_eq(said_after(core, 9250, &last), 1);
    cr_assert_eq(last, 1, "the third one is not late");
    cr_assert_eq(said_after(core, 17000, &last), 2, "in the end all are asked for");
    hny_client_core_destroy(&core);
}

Test(client, numbers_under_way_lie_within_what_a_broker_remembers) {
    struct hny_client_core *core = open_client();
    uint64_t last = 0;
    for (size_t i = 0; i < 6000; i++) ask(core, 1000);
    cr_assert_eq(said(core, HNY_TRANSLATE, &last), 4096);
    for (uint64_t number = 2; number <= 4096; number++) hear(core, 1010, HNY_TRANSLATED, number);
    cr_assert_eq(said(core, HNY_TRANSLATE, &last), 0,
                 "the first one keeps all answers in the broker's memory");
    hear(core, 1020, HNY_TRANSLATED, 1);
    cr_assert_eq(said(core, HNY_TRANSLATE, &last), 6000 - 4096);
    cr_assert_eq(last, 6000);
    hny_client_core_destroy(&core);
}

Test(client, answers_are_confirmed_up_to_the_first_that_is_missing) {
    struct hny_client_core *core = open_client();
    uint64_t last = 0;
    for (size_t i = 0; i < 5; i++) ask(core, 1000);
    said(core, HNY_TRANSLATE, &last);
    for (uint64_t number = 1; number <= 5; number++)
        if (number != 4) hear(core, 1010, HNY_TRANSLATED, number);
    check(hny_client_core_tick(core, 1250));
    cr_assert_eq(said(core, HNY_RECEIVED, &last), 1);
    cr_assert_eq(last, 3);
    hear(core, 1300, HNY_TRANSLATED, 4);
    check(hny_client_core_tick(core, 1500));
    cr_assert_eq(said(core, HNY_RECEIVED, &last), 1);
    cr_assert_eq(last, 5);
    hny_client_core_destroy(&core);
}

static uint64_t ask_long(struct hny_client_core *core, uint64_t now, size_t size) {
    char *text = calloc(1, size);
    uint64_t number;
    cr_assert_not_null(text);
    memset(text, 'a', size);
    struct hny_payload *payload =
        hny_payload_create((struct hny_piece){"", 0}, &(struct hny_piece){text, size}, 1);
    free(text);
    cr_assert_not_null(payload);
    check(hny_client_core_translate(core, now, payload, &number));
    hny_payload_drop(&payload);
    return number;
}

Test(client, what_a_slow_connection_still_carries_is_not_said_again) {
    struct hny_client_core *core = open_client();
    uint64_t last, half = 512 << 10, passage = half / HNY_FLOOR_RATE;
    ask_long(core, 1000, half);
    ask_long(core, 1000, half);
    cr_assert_eq(said(core, HNY_TRANSLATE, &last), 2);
    cr_assert_eq(said_after(core, 1000 + 2000 + passage - 1, &last), 0);
    cr_assert_eq(said_after(core, 1000 + 2000 + passage, &last), 1, "the first could have come by now");
    cr_assert_eq(last, 1);
    hny_client_core_destroy(&core);
}

Test(client, what_a_later_request_has_overtaken_is_said_again_without_waiting_for_its_size) {
    struct hny_client_core *core = open_client();
    uint64_t last;
    ask_long(core, 1000, 1 << 20);
    ask(core, 1000);
    cr_assert_eq(said(core, HNY_TRANSLATE, &last), 2);
    cr_assert_eq(said_after(core, 3000, &last), 0);
    hear(core, 3000, HNY_ACCEPTED, 2);
    cr_assert_eq(said_after(core, 3100, &last), 1);
    cr_assert_eq(last, 1);
    hny_client_core_destroy(&core);
}

Test(client, what_went_into_a_connection_that_was_given_up_goes_out_again_with_the_next) {
    struct hny_client_core *core = open_client();
    uint64_t last = 0;
    for (uint64_t at = 1000; at <= 3000; at += 1000) ask(core, at);
    hear(core, 1500, HNY_ACCEPTED, 1);
    said(core, HNY_TRANSLATE, &last);
    check(hny_client_core_renewed(core, 3500, 3000));
    cr_assert_eq(said(core, HNY_TRANSLATE, &last), 1,
                 "the first was accepted, the third waits in the new one");
    cr_assert_eq(last, 2);
    cr_assert_eq(said_after(core, 4500, &last), 0);
    hny_client_core_destroy(&core);
}
