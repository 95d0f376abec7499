/* Workers to and from which long words are under way: they are waited for, and nobody else is. */
#include "pipeline/worker_core.h"
#include "tests/pipeline/broker_scene.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* TEN_SECONDS: bytes that a connection takes so long for at least; PATIENCE: ms, three beats. */
enum { TEN_SECONDS = 10000 * HNY_FLOOR_RATE, PATIENCE = 3000 };

static struct hny_payload *long_text(size_t size) {
    char *text = malloc(size + 1);
    cr_assert_not_null(text);
    memset(text, 'a', size);
    text[size] = '\0';
    struct hny_payload *payload = text_of(text, "");
    free(text);
    return payload;
}

static void ask_long(struct scene *scene, uint64_t number, size_t size) {
    struct hny_message message = make(HNY_TRANSLATE, ANNA, number);
    struct hny_payload *payload = message.payload = long_text(size);
    client_says(scene, message, NULL);
    hny_payload_drop(&payload);
}

/* A beat of WORKER, which holds job HELD (0: none), and behind which so much is COMING. */
static void beat(struct scene *scene, uint64_t session, uint64_t received, uint64_t held, uint32_t coming) {
    struct hny_message message = make(HNY_BEAT, WORKER, session);
    struct hny_payload *payload = message.payload = hny_jobs_pack(&held, held != 0);
    message.received = received;
    message.coming = coming;
    worker_says(scene, message);
    hny_payload_drop(&payload);
}

/* So many MILLISECONDS pass, with a beat of the worker every half second. */
static void beat_on(struct scene *scene, uint64_t milliseconds, uint64_t session, uint64_t received,
                    uint64_t held) {
    for (uint64_t end = scene->now + milliseconds; scene->now < end;) {
        pass(scene, 500);
        beat(scene, session, received, held, 0);
    }
}

static size_t workers(const struct scene *scene) {
    struct hny_broker_counts counts;
    hny_broker_core_count(scene->core, &counts);
    return counts.workers;
}

/* The worker has been given a text that takes ten seconds; its job. */
static uint64_t open_long(struct scene *scene) {
    open_scene(scene);
    begin(scene);
    join(scene, WORKER, 1000);
    ask_long(scene, 1, TEN_SECONDS);
    return heard(scene, HNY_WORK, WORKER)->id.sequence;
}

Test(slow_links, a_long_job_is_announced_and_a_short_one_is_not) {
    struct scene scene;
    uint64_t job = open_long(&scene);
    const struct hny_message *before = heard(&scene, HNY_BEAT, WORKER);
    cr_assert(before && before->coming >= TEN_SECONDS && before->coming < TEN_SECONDS + 100);
    cr_assert(scene.said[scene.count - 1].message.command == HNY_WORK &&
              scene.said[scene.count - 2].message.command == HNY_BEAT);
    finish(&scene, WORKER, job, "done");
    ask(&scene, ANNA, 2, "short");
    cr_assert(heard(&scene, HNY_WORK, WORKER) && !heard(&scene, HNY_BEAT, WORKER));
    close_scene(&scene);
}

Test(slow_links, a_worker_that_a_long_job_is_on_its_way_to_is_waited_for_but_not_for_ever) {
    struct scene scene;
    uint64_t job = open_long(&scene);
    beat_on(&scene, 10000 + PATIENCE - 500, job, job - 1, 0);
    cr_assert_eq(workers(&scene), 1);
    beat_on(&scene, 1500, job, job - 1, 0);
    cr_assert_eq(workers(&scene), 0, "it should have come");
    close_scene(&scene);
}

Test(slow_links, a_worker_that_is_silent_is_lost_at_once_whatever_is_on_its_way_to_it) {
    struct scene scene;
    open_long(&scene);
    pass(&scene, PATIENCE);
    cr_assert_eq(workers(&scene), 0);
    close_scene(&scene);
}

Test(slow_links, a_worker_that_hangs_once_a_long_job_has_come_is_lost_at_once) {
    struct scene scene;
    uint64_t job = open_long(&scene);
    beat_on(&scene, 5000, job, job - 1, 0);
    beat_on(&scene, PATIENCE - 500, job, job, job);
    cr_assert_eq(workers(&scene), 1);
    beat_on(&scene, 1500, job, job, job);
    cr_assert_eq(workers(&scene), 0);
    close_scene(&scene);
}

Test(slow_links, what_is_behind_a_long_job_that_nobody_wants_any_more_is_waited_for) {
    struct scene scene;
    uint64_t job = open_long(&scene);
    client_says(&scene, make(HNY_CANCEL, ANNA, 1), NULL);
    cr_assert(heard(&scene, HNY_ABANDON, WORKER));
    ask(&scene, ANNA, 2, "short");
    beat_on(&scene, 10000, job, job - 1, 0);
    cr_assert_eq(workers(&scene), 1);
    beat_on(&scene, 1000, job, job, 0);
    beat_on(&scene, PATIENCE + 1000, job, job, 0);
    cr_assert_eq(workers(&scene), 0, "only the short one is missing");
    close_scene(&scene);
}

Test(slow_links, it_is_waited_for_also_where_something_before_it_was_called_back_later) {
    struct scene scene;
    open_scene(&scene);
    begin(&scene);
    join(&scene, WORKER, HNY_REQUEST_BYTES);
    ask(&scene, ANNA, 1, "before");
    uint64_t job = heard(&scene, HNY_WORK, WORKER)->id.sequence;
    ask_long(&scene, 2, TEN_SECONDS);
    client_says(&scene, make(HNY_CANCEL, ANNA, 2), NULL);
    client_says(&scene, make(HNY_CANCEL, ANNA, 1), NULL);
    ask(&scene, ANNA, 3, "behind");
    beat_on(&scene, 10000, job, job, 0);
    cr_assert_eq(workers(&scene), 1);
    close_scene(&scene);
}

Test(slow_links, a_worker_whose_long_answer_is_on_its_way_is_waited_for_but_not_for_ever) {
    for (int late = 0; late < 2; late++) {
        struct scene scene;
        open_scene(&scene);
        begin(&scene);
        join(&scene, WORKER, 1000);
        ask(&scene, ANNA, 1, "one");
        uint64_t job = heard(&scene, HNY_WORK, WORKER)->id.sequence;
        beat(&scene, job, job, job, TEN_SECONDS);
        pass(&scene, 10000 + PATIENCE - 500);
        cr_assert_eq(workers(&scene), 1);
        pass(&scene, late ? 500 : 0);
        cr_assert_eq(workers(&scene), !late);
        if (late) join(&scene, OTHER, 1000);
        cr_assert_eq(heard(&scene, HNY_WORK, OTHER) != NULL, late);
        close_scene(&scene);
    }
}

Test(slow_links, once_a_long_answer_has_come_silence_is_silence) {
    struct scene scene;
    open_scene(&scene);
    begin(&scene);
    join(&scene, WORKER, 1000);
    ask(&scene, ANNA, 1, "one");
    uint64_t job = heard(&scene, HNY_WORK, WORKER)->id.sequence;
    beat(&scene, job, job, job, TEN_SECONDS);
    ask(&scene, ANNA, 2, "two");
    pass(&scene, 5000);
    finish(&scene, WORKER, job, "done");
    cr_assert(says(heard(&scene, HNY_TRANSLATED, ANNA), "done"));
    pass(&scene, PATIENCE - 250);
    cr_assert_eq(workers(&scene), 1);
    pass(&scene, 250);
    cr_assert_eq(workers(&scene), 0);
    close_scene(&scene);
}

Test(slow_links, once_a_long_answer_has_come_work_has_to_reach_the_worker_as_ever) {
    struct scene scene;
    open_scene(&scene);
    begin(&scene);
    join(&scene, WORKER, 1000);
    ask(&scene, ANNA, 1, "one");
    uint64_t job = heard(&scene, HNY_WORK, WORKER)->id.sequence;
    beat(&scene, job, job, job, TEN_SECONDS);
    ask(&scene, ANNA, 2, "two");
    pass(&scene, 1000);
    finish(&scene, WORKER, job, "done");
    beat_on(&scene, PATIENCE - 500, job, job, 0);
    cr_assert_eq(workers(&scene), 1);
    beat_on(&scene, 1000, job, job, 0);
    cr_assert_eq(workers(&scene), 0);
    close_scene(&scene);
}

Test(slow_links, a_broker_that_stood_still_waits_for_a_long_answer_no_shorter) {
    struct scene scene;
    uint64_t job = open_long(&scene);
    beat(&scene, job, job, job, TEN_SECONDS);
    pass(&scene, 250);
    scene.now += 4750;
    check(hny_broker_core_tick(scene.core, scene.now));
    pass(&scene, 5000 + PATIENCE - 250);
    cr_assert_eq(workers(&scene), 1);
    pass(&scene, 250);
    cr_assert_eq(workers(&scene), 0);
    close_scene(&scene);
}

Test(slow_links, nobody_can_announce_more_than_an_answer_may_be) {
    struct scene scene;
    uint64_t job = open_long(&scene);
    beat(&scene, job, job, job, UINT32_MAX);
    for (uint64_t end = scene.now + HNY_COMING_MOST / HNY_FLOOR_RATE + PATIENCE; scene.now < end;)
        pass(&scene, 5000);
    cr_assert_eq(workers(&scene), 0);
    close_scene(&scene);
}

/* --- The worker's side --------------------------------------------------------------------------------- */

static const uint8_t uuid[16] = {7};
#define SESSION ((uint64_t)5 << HNY_JOB_BITS)

static void tell(struct hny_worker_core *core, uint64_t now, struct hny_message message) {
    memcpy(message.id.uuid, uuid, sizeof uuid);
    check(hny_worker_core_message(core, now, &message));
}

/* In a session since 1000 ms, with job 1. */
static struct hny_worker_core *open_worker(void) {
    struct hny_worker_core *core;
    struct hny_payload *text = text_of("en-ja", "");
    check(hny_worker_core_create(&core, uuid, text, 200, 1000));
    check(hny_worker_core_tick(core, 1000, 0));
    tell(core, 1000, (struct hny_message){.command = HNY_BEAT, .id.sequence = SESSION, .received = 1});
    tell(core, 1000, (struct hny_message){.command = HNY_WORK, .id.sequence = SESSION + 1, .payload = text});
    hny_payload_drop(&text);
    return core;
}

/* The next message but READY; false: there is none. Its payload is the caller's. */
static bool next_message(struct hny_worker_core *core, struct hny_message *message) {
    struct hny_worker_action action;
    while (hny_worker_core_take(core, &action)) {
        *message = action.message;
        if (action.act == HNY_WORKER_SEND && message->command != HNY_READY) return true;
        hny_payload_drop(&action.message.payload);
    }
    return false;
}

Test(slow_links, a_worker_announces_a_long_answer_while_it_still_holds_the_job) {
    struct hny_worker_core *core = open_worker();
    struct hny_payload *answer = long_text(TEN_SECONDS);
    struct hny_message message;
    uint64_t held = 0;
    check(hny_worker_core_done(core, SESSION + 1, HNY_NOT_REFUSED, answer));
    hny_payload_drop(&answer);
    cr_assert(next_message(core, &message) && message.command == HNY_BEAT);
    cr_assert(message.coming >= TEN_SECONDS && message.coming < TEN_SECONDS + 100);
    cr_assert(hny_jobs_unpack(message.payload, &held, 1) == 1 && held == SESSION + 1);
    hny_payload_drop(&message.payload);
    cr_assert(next_message(core, &message) && message.command == HNY_DONE);
    hny_payload_drop(&message.payload);
    cr_assert_not(next_message(core, &message));
    hny_worker_core_destroy(&core);
}

Test(slow_links, a_broker_whose_long_word_is_on_its_way_is_waited_for_but_not_for_ever) {
    for (int come = 0; come < 2; come++) {
        struct hny_worker_core *core = open_worker();
        struct hny_message message;
        tell(core, 2000,
             (struct hny_message){.command = HNY_BEAT, .id.sequence = SESSION + 1, .coming = TEN_SECONDS});
        check(hny_worker_core_tick(core, 12000 + PATIENCE - 1, 0));
        cr_assert(hny_worker_core_joined(core));
        if (come) tell(core, 3000, (struct hny_message){.command = HNY_BEAT, .id.sequence = SESSION + 1});
        check(hny_worker_core_tick(core, come ? 3000 + PATIENCE - 1 : 12000 + PATIENCE, 0));
        cr_assert_eq(hny_worker_core_joined(core), come);
        check(hny_worker_core_tick(core, 12000 + PATIENCE, 0));
        cr_assert_not(hny_worker_core_joined(core));
        while (next_message(core, &message)) hny_payload_drop(&message.payload);
        hny_worker_core_destroy(&core);
    }
}
