/* What the broker's records take: who shares a part of the memory, and that nothing of those who have gone
 * stays. */
#include "broker_scene.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const uint8_t one_key[HNY_KEY_SIZE] = {1}, other_key[HNY_KEY_SIZE] = {2};

static struct hny_broker_counts counts_of(const struct scene *scene) {
    struct hny_broker_counts counts;
    hny_broker_core_count(scene->core, &counts);
    return counts;
}

static void ask_keyed(struct scene *scene, uint8_t client, uint64_t number, const uint8_t *key) {
    static const char options[4000];
    struct hny_message message = make(HNY_TRANSLATE, client, number);
    const struct hny_piece sentence = {"a", 1};
    struct hny_payload *payload = message.payload =
        hny_payload_create((struct hny_piece){options, sizeof options}, &sentence, 1);
    cr_assert_not_null(payload);
    client_says(scene, message, key);
    hny_payload_drop(&payload);
}

Test(broker_memory, clients_with_one_key_have_one_share) {
    struct scene scene;
    open_scene(&scene);
    scene.limits.bytes = 64 << 10;
    begin(&scene);
    uint8_t client = 20;
    for (; client < 40; client++) {
        ask_keyed(&scene, client, 1, one_key);
        if (refused(&scene, client, HNY_REFUSED_BUSY)) break;
    }
    cr_assert(client > 21 && client < 40, "a client more for each request is no way round the limit");
    cr_assert(counts_of(&scene).bytes <= scene.limits.bytes / 4);
    cr_assert_eq(counts_of(&scene).shares, 1);
    ask_keyed(&scene, 50, 1, other_key);
    cr_assert(heard(&scene, HNY_ACCEPTED, 50), "another key has room");
    client_says(&scene, make(HNY_CANCEL, 20, 1), one_key);
    client_says(&scene, make(HNY_RECEIVED, 20, 1), one_key);
    ask_keyed(&scene, client, 1, one_key);
    cr_assert(heard(&scene, HNY_ACCEPTED, client), "and so has this one, once something is confirmed");
    close_scene(&scene);
}

Test(broker_memory, without_keys_each_client_has_a_share) {
    struct scene scene;
    open_scene(&scene);
    scene.limits.bytes = 64 << 10;
    begin(&scene);
    for (uint8_t client = 20; client < 30; client++) {
        ask_keyed(&scene, client, 1, NULL);
        cr_assert(heard(&scene, HNY_ACCEPTED, client));
    }
    cr_assert_eq(counts_of(&scene).shares, 0);
    close_scene(&scene);
}

Test(broker_memory, nothing_of_what_has_been_received_stays) {
    struct scene scene;
    open_scene(&scene);
    begin(&scene);
    join(&scene, WORKER, 1000);
    ask(&scene, ANNA, 1, "one");
    cr_assert_eq(counts_of(&scene).flows, 1);
    uint64_t job = heard(&scene, HNY_WORK, WORKER)->id.sequence;
    finish(&scene, WORKER, job, "eins");
    cr_assert_eq(counts_of(&scene).flows, 0, "an answer that is remembered stands in no queue");
    client_says(&scene, make(HNY_RECEIVED, ANNA, 1), NULL);
    cr_assert_eq(counts_of(&scene).bytes, 0);
    close_scene(&scene);
}

Test(broker_memory, by_way_of_a_third_language_there_is_one_queue_after_the_other) {
    struct scene scene;
    open_scene(&scene);
    begin(&scene);
    join_with(&scene, WORKER, 1000, "en-ja");
    join_with(&scene, OTHER, 1000, "ja-de");
    struct hny_message message = make(HNY_TRANSLATE, ANNA, 1);
    struct hny_payload *payload = message.payload = text_of("one", "en-ja");
    strcpy(payload->wants.then, "ja-de");
    client_says(&scene, message, NULL);
    hny_payload_drop(&payload);
    finish(&scene, WORKER, heard(&scene, HNY_WORK, WORKER)->id.sequence, "ichi");
    cr_assert(says(heard(&scene, HNY_WORK, OTHER), "ichi"));
    cr_assert_eq(counts_of(&scene).flows, 1);
    finish(&scene, OTHER, heard(&scene, HNY_WORK, OTHER)->id.sequence, "eins");
    cr_assert(says(heard(&scene, HNY_TRANSLATED, ANNA), "eins"));
    cr_assert_eq(counts_of(&scene).flows, 0);
    close_scene(&scene);
}

/* A client of its own for each number. */
static struct hny_message from(enum hny_verb command, uint32_t client) {
    struct hny_message message = {.command = command, .id.sequence = 1};
    message.id.uuid[0] = ANNA;
    memcpy(message.id.uuid + 4, &client, sizeof client);
    return message;
}

/* Asks for what no worker has, so that it is refused when it has grown old, or cancels it. */
static void come_and_go(struct scene *scene, uint32_t client) {
    uint8_t key[HNY_KEY_SIZE] = {3};
    struct hny_message message = from(HNY_TRANSLATE, client);
    struct hny_payload *payload = message.payload = text_of("one", "");
    memcpy(key + 1, &client, sizeof client);
    client_says(scene, message, key);
    hny_payload_drop(&payload);
    client_says(scene, from(HNY_CANCEL, client), key);
    if (client % 2) client_says(scene, from(HNY_RECEIVED, client), key);
}

Test(broker_memory, many_clients_that_come_and_go_leave_nothing_behind) {
    struct scene scene;
    struct hny_broker_counts counts;
    open_scene(&scene);
    scene.limits.clients = 500;
    scene.limits.remember = 1000;
    begin(&scene);
    for (uint32_t client = 1; client <= 50000; client++) {
        if (client % 50 == 0) { /* a worker lives, so that the model stays */
            join(&scene, WORKER, 0);
            pass(&scene, 250);
        }
        come_and_go(&scene, client);
        counts = counts_of(&scene);
        cr_assert(counts.clients <= 500 && counts.shares <= 500 && counts.flows == 0 &&
                  counts.remembered <= 500);
    }
    cr_assert_eq(counts.accepted, 50000, "each was served: %d", (int)counts.accepted);
    pass(&scene, 3000);
    counts = counts_of(&scene);
    cr_assert(counts.clients == 0 && counts.shares == 0 && counts.bytes == 0 && counts.remembered == 0);
    close_scene(&scene);
}

Test(broker_memory, models_that_nobody_has_any_more_are_forgotten_but_those_that_are_expected) {
    struct scene scene;
    open_scene(&scene);
    begin(&scene);
    check(hny_broker_core_expect(scene.core, scene.now, "en-ja"));
    for (uint8_t worker = 0; worker < 100; worker++) {
        char name[16];
        snprintf(name, sizeof name, "model-%d", worker);
        join_with(&scene, (uint8_t)(100 + worker), 1000, name);
        pass(&scene, 4000); /* and the one before is lost */
    }
    cr_assert_geq(counts_of(&scene).routes, 100);
    pass(&scene, scene.limits.remember + 1000);
    cr_assert_eq(counts_of(&scene).routes, 2, "the expected one, and that of requests that name none: %d",
                 (int)counts_of(&scene).routes);
    close_scene(&scene);
}
