/* The worker's state machine, told by hand what a broker would say. */
#include "pipeline/worker_core.h"

#include <criterion/criterion.h>
#include <string.h>

static const uint8_t uuid[16] = {7};
enum { BEAT = 1000 };

static void check(hny_status status) {
    cr_assert_eq(status, HNY_OK, "%s", hny_message());
}

static struct hny_worker_core *begin(void) {
    struct hny_worker_core *core;
    struct hny_piece name = {"en-ja", 5};
    struct hny_payload *models = hny_payload_create((struct hny_piece){"", 0}, &name, 1);
    cr_assert_not_null(models);
    check(hny_worker_core_create(&core, uuid, models, 200, BEAT));
    hny_payload_drop(&models);
    return core;
}

static void hear(struct hny_worker_core *core, uint64_t now, enum hny_verb command, uint64_t number,
                 uint64_t received, struct hny_payload *payload) {
    struct hny_message message = {
        .command = command, .id.sequence = number, .received = received, .payload = payload};
    memcpy(message.id.uuid, uuid, sizeof uuid);
    check(hny_worker_core_message(core, now, &message));
}

/* How often ACT is among the actions; for SEND, of COMMAND. *NUMBER: of the last. */
static size_t count(struct hny_worker_core *core, enum hny_worker_act act, enum hny_verb command,
                    uint64_t *number) {
    struct hny_worker_action action;
    size_t found = 0;
    while (hny_worker_core_take(core, &action)) {
        if (action.act == act && (act != HNY_WORKER_SEND || action.message.command == command)) {
            found++;
            *number = act == HNY_WORKER_SEND ? action.message.id.sequence : action.job;
        }
        hny_payload_drop(&action.message.payload);
    }
    return found;
}

static uint64_t session(uint64_t number) {
    return number << HNY_JOB_BITS;
}

/* In session 5, since 1000 ms. */
static struct hny_worker_core *join(void) {
    struct hny_worker_core *core = begin();
    uint64_t number;
    check(hny_worker_core_tick(core, 1000, 0));
    cr_assert_eq(count(core, HNY_WORKER_SEND, HNY_READY, &number), 1);
    hear(core, 1000, HNY_BEAT, session(5), 1, NULL);
    cr_assert(hny_worker_core_joined(core));
    return core;
}

Test(worker, one_that_is_to_end_waits_until_the_broker_knows) {
    struct hny_worker_core *core = join();
    uint64_t number;
    hny_worker_core_leave(core);
    check(hny_worker_core_tick(core, 1100, 0));
    cr_assert_eq(count(core, HNY_WORKER_SEND, HNY_LEAVE, &number), 1);
    cr_assert_not(hny_worker_core_left(core));
    hear(core, 1200, HNY_UNKNOWN, session(5), 0, NULL);
    cr_assert(hny_worker_core_left(core));
    hny_worker_core_destroy(&core);
}

Test(worker, where_the_broker_has_ended_it_need_not_wait) {
    struct hny_worker_core *core = join();
    hear(core, 1200, HNY_LEAVE, session(5), 0, NULL);
    cr_assert_not(hny_worker_core_left(core));
    hny_worker_core_leave(core);
    cr_assert(hny_worker_core_left(core));
    hny_worker_core_destroy(&core);
}

Test(worker, one_that_is_about_to_end_does_so_when_the_broker_ends) {
    struct hny_worker_core *core = join();
    hny_worker_core_leave(core);
    hear(core, 1200, HNY_LEAVE, session(5), 0, NULL);
    cr_assert(hny_worker_core_left(core));
    hny_worker_core_destroy(&core);
}

Test(worker, where_the_broker_has_ended_its_successor_is_asked_for_work_with_the_next_beat) {
    struct hny_worker_core *core = join();
    struct hny_piece sentence = {"a", 1};
    struct hny_payload *work = hny_payload_create((struct hny_piece){"", 0}, &sentence, 1);
    uint64_t number;
    hear(core, 1100, HNY_WORK, session(5) + 1, 0, work);
    hny_payload_drop(&work);
    cr_assert_eq(count(core, HNY_WORKER_START, 0, &number), 1);
    hear(core, 1200, HNY_LEAVE, session(5) + 1, 0, NULL);
    cr_assert_not(hny_worker_core_joined(core));
    cr_assert_eq(count(core, HNY_WORKER_CANCEL, 0, &number), 1);
    cr_assert_eq(number, session(5) + 1);
    check(hny_worker_core_tick(core, 1900, 0));
    cr_assert_eq(count(core, HNY_WORKER_SEND, HNY_READY, &number), 0);
    check(hny_worker_core_tick(core, 2200, 0));
    cr_assert_eq(count(core, HNY_WORKER_SEND, HNY_READY, &number), 1);
    cr_assert_eq(number, 2);
    /* From here on another broker may count on it. */
    hny_worker_core_leave(core);
    cr_assert_not(hny_worker_core_left(core));
    hny_worker_core_destroy(&core);
}

Test(worker, the_end_of_a_broker_of_before_means_nothing) {
    struct hny_worker_core *core = join();
    hear(core, 1200, HNY_LEAVE, session(4), 0, NULL);
    cr_assert(hny_worker_core_joined(core));
    hny_worker_core_destroy(&core);
}
