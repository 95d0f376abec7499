#include "broker_scene.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(broker);

Test(broker, a_request_is_accepted_worked_on_and_answered_until_it_was_received) {
    struct scene scene;
    open_scene(&scene);
    begin(&scene);
    join(&scene, WORKER, 1000);
    ask(&scene, ANNA, 1, "one");
    cr_assert(heard(&scene, HNY_ACCEPTED, ANNA));
    const struct hny_message *work = heard(&scene, HNY_WORK, WORKER);
    cr_assert(says(work, "one"));
    uint64_t job = work->id.sequence;
    ask(&scene, ANNA, 1, "one");
    cr_assert(heard(&scene, HNY_ACCEPTED, ANNA) && scene.count == 1, "a repeat is not worked on");
    finish(&scene, WORKER, job, "eins");
    cr_assert(says(heard(&scene, HNY_TRANSLATED, ANNA), "eins"));
    finish(&scene, WORKER, job, "zwei");
    cr_assert_eq(scene.count, 0, "a second result is nobody's");
    ask(&scene, ANNA, 1, "one");
    cr_assert(says(heard(&scene, HNY_TRANSLATED, ANNA), "eins") && scene.count == 1, "the same answer again");
    client_says(&scene, make(HNY_RECEIVED, ANNA, 1), NULL);
    ask(&scene, ANNA, 1, "one");
    cr_assert_eq(scene.count, 0, "a repeat of what was received is late");
    struct hny_broker_counts counts;
    hny_broker_core_count(scene.core, &counts);
    cr_assert(counts.remembered == 0 && counts.bytes == 0 && counts.answered == 1);
    close_scene(&scene);
}

Test(broker, answers_are_forgotten_after_their_time) {
    struct scene scene;
    open_scene(&scene);
    scene.limits.remember = 5000;
    begin(&scene);
    join(&scene, WORKER, 1000);
    ask(&scene, ANNA, 1, "one");
    finish(&scene, WORKER, heard(&scene, HNY_WORK, WORKER)->id.sequence, "eins");
    pass(&scene, 4000);
    struct hny_broker_counts counts;
    hny_broker_core_count(scene.core, &counts);
    cr_assert(counts.remembered == 1 && counts.clients == 1);
    pass(&scene, 2000);
    hny_broker_core_count(scene.core, &counts);
    cr_assert(counts.remembered == 0 && counts.clients == 0 && counts.bytes == 0);
    close_scene(&scene);
}

Test(broker, limits_refuse_what_goes_beyond) {
    struct scene scene;
    open_scene(&scene);
    scene.limits.waiting = 2;
    scene.limits.request_bytes = 10;
    scene.limits.clients = 1;
    begin(&scene);
    pass(&scene, scene.limits.orphan + 1000);
    ask(&scene, ANNA, 1, "one");
    cr_assert(refused(&scene, ANNA, HNY_REFUSED_MODEL), "no worker was ever there");
    join(&scene, WORKER, 1);
    ask(&scene, ANNA, 1, "one");
    cr_assert(heard(&scene, HNY_ACCEPTED, ANNA));
    ask(&scene, ANNA, 2, "more than ten bytes");
    cr_assert(refused(&scene, ANNA, HNY_REFUSED_TOO_LONG));
    ask(&scene, ANNA, 3, "two");
    cr_assert(heard(&scene, HNY_ACCEPTED, ANNA) && !heard(&scene, HNY_WORK, WORKER), "no credit is left");
    ask(&scene, ANNA, 4, "three");
    cr_assert(refused(&scene, ANNA, HNY_REFUSED_BUSY));
    ask(&scene, BERT, 1, "one");
    cr_assert(refused(&scene, BERT, HNY_REFUSED_BUSY), "a client too many");
    client_says(&scene, make(HNY_TRANSLATE, ANNA, 5), NULL);
    cr_assert(refused(&scene, ANNA, HNY_REFUSED_BAD), "without a sentence");
    hny_broker_core_drain(scene.core);
    ask(&scene, ANNA, 6, "four");
    cr_assert(refused(&scene, ANNA, HNY_REFUSED_LEAVING));
    cr_assert_not(hny_broker_core_drained(scene.core));
    close_scene(&scene);
}

Test(broker, clients_that_have_gone_make_room_for_others) {
    struct scene scene;
    open_scene(&scene);
    scene.limits.clients = 2;
    begin(&scene);
    join(&scene, WORKER, 1000);
    ask(&scene, ANNA, 1, "one");
    finish(&scene, WORKER, heard(&scene, HNY_WORK, WORKER)->id.sequence, "eins");
    client_says(&scene, make(HNY_RECEIVED, ANNA, 1), NULL);
    ask(&scene, BERT, 1, "one");
    ask(&scene, BERT + 1, 1, "one");
    cr_assert(refused(&scene, BERT + 1, HNY_REFUSED_BUSY), "she may have more to ask");
    scene.now += scene.limits.beat;
    ask(&scene, BERT + 1, 1, "one");
    cr_assert(heard(&scene, HNY_ACCEPTED, BERT + 1));
    scene.now += scene.limits.beat;
    ask(&scene, ANNA, 2, "two");
    cr_assert(refused(&scene, ANNA, HNY_REFUSED_BUSY), "the others have something here");
    close_scene(&scene);
}

static void ask_with(struct scene *scene, uint8_t client, uint64_t number, size_t option_bytes) {
    static const char options[8192];
    struct hny_message message = make(HNY_TRANSLATE, client, number);
    const struct hny_piece sentence = {"a", 1};
    struct hny_payload *payload = message.payload =
        hny_payload_create((struct hny_piece){options, option_bytes}, &sentence, 1);
    cr_assert_not_null(payload);
    client_says(scene, message, NULL);
    hny_payload_drop(&payload);
}

Test(broker, what_a_client_leaves_unconfirmed_takes_a_part_of_the_memory_alone) {
    struct scene scene;
    struct hny_broker_counts counts;
    open_scene(&scene);
    scene.limits.bytes = 64 << 10;
    begin(&scene);
    join(&scene, WORKER, 1000);
    uint64_t number = 1;
    for (; number < 64; number++) {
        ask_with(&scene, ANNA, number, 4000);
        if (refused(&scene, ANNA, HNY_REFUSED_BUSY)) break;
        finish(&scene, WORKER, heard(&scene, HNY_WORK, WORKER)->id.sequence, "eins");
    }
    cr_assert(number > 4 && number < 64, "answers are short, but each takes something: %d", (int)number);
    for (uint64_t first = number++; number < first + 8; number++) ask_with(&scene, ANNA, number, 4000);
    hny_broker_core_count(scene.core, &counts);
    cr_assert(counts.bytes <= scene.limits.bytes / 4);
    ask_with(&scene, BERT, 1, 4000);
    cr_assert(heard(&scene, HNY_ACCEPTED, BERT), "another has room");
    client_says(&scene, make(HNY_RECEIVED, ANNA, number), NULL);
    ask_with(&scene, ANNA, number + 1, 4000);
    cr_assert(heard(&scene, HNY_ACCEPTED, ANNA), "and so has she, once she has confirmed");
    close_scene(&scene);
}

Test(broker, options_count_as_memory) {
    struct scene scene;
    open_scene(&scene);
    scene.limits.bytes = 64 << 10;
    begin(&scene);
    for (uint64_t number = 1; number <= 3; number++) {
        ask_with(&scene, ANNA, number, 4000);
        cr_assert(heard(&scene, HNY_ACCEPTED, ANNA));
    }
    ask_with(&scene, ANNA, 4, 8000);
    cr_assert(refused(&scene, ANNA, HNY_REFUSED_BUSY));
    close_scene(&scene);
}

Test(broker, a_new_broker_waits_for_its_workers) {
    struct scene scene;
    open_scene(&scene);
    begin(&scene);
    ask(&scene, ANNA, 1, "one");
    cr_assert(heard(&scene, HNY_ACCEPTED, ANNA));
    struct hny_message other = make(HNY_TRANSLATE, ANNA, 2);
    struct hny_payload *payload = other.payload = text_of("two", "de-en");
    client_says(&scene, other, NULL);
    hny_payload_drop(&payload);
    cr_assert(heard(&scene, HNY_ACCEPTED, ANNA));
    join(&scene, WORKER, 1000);
    cr_assert(says(heard(&scene, HNY_WORK, WORKER), "one"), "the first model is that of who names none");
    for (size_t beats = 0; beats < 70; beats++) {
        pass(&scene, 1000);
        if (refused(&scene, ANNA, HNY_REFUSED_MODEL)) break;
        cr_assert_leq(beats, 60, "nobody has de-en, and it is not told");
        client_says(&scene, make(HNY_PING, ANNA, 2), NULL);
    }
    close_scene(&scene);
}

Test(broker, clients_are_served_in_turn) {
    struct scene scene;
    open_scene(&scene);
    begin(&scene);
    join(&scene, WORKER, 1);
    ask(&scene, ANNA, 1, "a");
    uint64_t job = heard(&scene, HNY_WORK, WORKER)->id.sequence;
    char text[600];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (uint64_t n = 2; n < 40; n++) ask(&scene, ANNA, n, text);
    ask(&scene, BERT, 1, "b");
    size_t turns = 0;
    for (bool served = false; !served; turns++) {
        finish(&scene, WORKER, job, "t");
        const struct hny_message *work = heard(&scene, HNY_WORK, WORKER);
        cr_assert_not_null(work);
        job = work->id.sequence;
        served = says(work, "b");
    }
    cr_assert_leq(turns, 3, "%zu requests of another before", turns);
    close_scene(&scene);
}

Test(broker, higher_priorities_of_a_client_go_first) {
    struct scene scene;
    open_scene(&scene);
    begin(&scene);
    join(&scene, WORKER, 1);
    ask(&scene, ANNA, 1, "a");
    uint64_t job = heard(&scene, HNY_WORK, WORKER)->id.sequence;
    static const uint8_t priorities[] = {0, 9, 4, 9};
    static const char *const texts[] = {"last", "first", "third", "second"};
    for (uint64_t n = 0; n < 4; n++) {
        struct hny_message message = make(HNY_TRANSLATE, ANNA, n + 2);
        struct hny_payload *payload = message.payload = text_of(texts[n], "");
        payload->wants.priority = priorities[n];
        client_says(&scene, message, NULL);
        hny_payload_drop(&payload);
    }
    static const char *const order[] = {"first", "second", "third", "last"};
    for (size_t i = 0; i < 4; i++) {
        finish(&scene, WORKER, job, "t");
        const struct hny_message *work = heard(&scene, HNY_WORK, WORKER);
        cr_assert(says(work, order[i]), "%zu", i);
        job = work->id.sequence;
    }
    close_scene(&scene);
}

Test(broker, late_and_cancelled_work_is_dropped_before_it_is_handed_out) {
    struct scene scene;
    open_scene(&scene);
    begin(&scene);
    join(&scene, WORKER, 1);
    ask(&scene, ANNA, 1, "busy");
    uint64_t job = heard(&scene, HNY_WORK, WORKER)->id.sequence;
    struct hny_message late = make(HNY_TRANSLATE, ANNA, 2);
    struct hny_payload *payload = late.payload = text_of("late", "");
    payload->wants.deadline = 100;
    client_says(&scene, late, NULL);
    hny_payload_drop(&payload);
    ask(&scene, ANNA, 3, "unwanted");
    client_says(&scene, make(HNY_CANCEL, ANNA, 3), NULL);
    cr_assert(refused(&scene, ANNA, HNY_REFUSED_CANCELLED));
    scene.now += 100;
    finish(&scene, WORKER, job, "t");
    cr_assert(refused(&scene, ANNA, HNY_REFUSED_DEADLINE));
    cr_assert_null(heard(&scene, HNY_WORK, WORKER));
    ask(&scene, ANNA, 4, "begun");
    job = heard(&scene, HNY_WORK, WORKER)->id.sequence;
    client_says(&scene, make(HNY_CANCEL, ANNA, 4), NULL);
    cr_assert(refused(&scene, ANNA, HNY_REFUSED_CANCELLED));
    cr_assert_eq(heard(&scene, HNY_ABANDON, WORKER)->id.sequence, job);
    client_says(&scene, make(HNY_CANCEL, ANNA, 99), NULL);
    cr_assert(refused(&scene, ANNA, HNY_REFUSED_CANCELLED), "what never came is cancelled too");
    close_scene(&scene);
}

Test(broker, an_id_belongs_to_the_key_that_used_it_first) {
    static const uint8_t mine[HNY_KEY_SIZE] = {1}, yours[HNY_KEY_SIZE] = {2};
    struct scene scene;
    open_scene(&scene);
    begin(&scene);
    join(&scene, WORKER, 1000);
    struct hny_message message = make(HNY_TRANSLATE, ANNA, 1);
    struct hny_payload *payload = message.payload = text_of("one", "");
    client_says(&scene, message, mine);
    cr_assert(heard(&scene, HNY_ACCEPTED, ANNA));
    client_says(&scene, message, yours);
    cr_assert_eq(scene.count, 0);
    client_says(&scene, message, NULL);
    cr_assert_eq(scene.count, 0);
    client_says(&scene, message, mine);
    cr_assert(heard(&scene, HNY_ACCEPTED, ANNA));
    hny_payload_drop(&payload);
    close_scene(&scene);
}

Test(broker, a_vanished_clients_waiting_work_is_dropped) {
    struct scene scene;
    struct hny_broker_counts counts;
    open_scene(&scene);
    scene.limits.silence = 10000;
    begin(&scene);
    join(&scene, WORKER, 1);
    ask(&scene, ANNA, 1, "working");
    uint64_t job = heard(&scene, HNY_WORK, WORKER)->id.sequence;
    ask(&scene, ANNA, 2, "waiting");
    for (uint64_t steps = 1; steps <= 10; steps++) {
        pass(&scene, 1000);
        if (steps < 10) worker_beats(&scene, WORKER, job, steps, job, job);
    }
    cr_assert(heard(&scene, HNY_ABANDON, WORKER));
    hny_broker_core_count(scene.core, &counts);
    cr_assert(counts.waiting == 0 && counts.working == 0 && counts.bytes == 0);
    close_scene(&scene);
}

Test(broker, tells_of_itself) {
    struct scene scene;
    open_scene(&scene);
    begin(&scene);
    join(&scene, WORKER, 1000);
    ask(&scene, ANNA, 1, "one");
    scene.now += 40;
    finish(&scene, WORKER, heard(&scene, HNY_WORK, WORKER)->id.sequence, "eins");
    ask(&scene, ANNA, 2, "two");
    client_says(&scene, make(HNY_STATUS, BERT, 9), NULL);
    const struct hny_message *state = heard(&scene, HNY_STATE, BERT);
    cr_assert(state && state->id.sequence == 9 && state->payload->count == 1);
    char text[2048];
    snprintf(text, sizeof text, "%.*s", (int)state->payload->sentences[0].size,
             state->payload->sentences[0].data);
    static const char *const parts[] = {"\"translated\":1",
                                        "\"working\":1",
                                        "\"clients\":1",
                                        "\"p50\":47",
                                        "\"name\":\"en-ja\",\"workers\":1",
                                        "\"jobs\":1"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        cr_assert(strstr(text, parts[i]), "%s is not in %s", parts[i], text);
    close_scene(&scene);
}

static void ask_by_way(struct scene *scene, uint64_t number, const char *text) {
    struct hny_message message = make(HNY_TRANSLATE, ANNA, number);
    struct hny_payload *payload = message.payload = text_of(text, "en-ja");
    strcpy(payload->wants.then, "ja-de");
    client_says(scene, message, NULL);
    hny_payload_drop(&payload);
}

Test(broker, a_request_by_way_of_a_third_language_is_translated_twice) {
    struct scene scene;
    open_scene(&scene);
    begin(&scene);
    join(&scene, WORKER, 1000);
    ask_by_way(&scene, 1, "one");
    uint64_t job = heard(&scene, HNY_WORK, WORKER)->id.sequence;
    join_with(&scene, OTHER, 1000, "ja-de");
    finish(&scene, WORKER, job, "ichi");
    cr_assert_null(heard(&scene, HNY_TRANSLATED, ANNA));
    const struct hny_message *work = heard(&scene, HNY_WORK, OTHER);
    cr_assert(says(work, "ichi"));
    finish(&scene, OTHER, work->id.sequence, "eins");
    cr_assert(says(heard(&scene, HNY_TRANSLATED, ANNA), "eins"));
    cr_assert(hny_broker_core_drained(scene.core));
    close_scene(&scene);
}

Test(broker, a_third_language_whose_model_nobody_has_is_refused_at_once) {
    struct scene scene;
    open_scene(&scene);
    begin(&scene);
    join(&scene, WORKER, 1000);
    pass(&scene, scene.limits.orphan);
    join(&scene, OTHER, 1000);
    ask_by_way(&scene, 1, "one");
    cr_assert(refused(&scene, ANNA, HNY_REFUSED_MODEL));
    close_scene(&scene);
}
