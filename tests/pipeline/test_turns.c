/* Whose turn it is: keys among each other, and the clients of one key among themselves. */
#include "tests/pipeline/broker_scene.h"

#include <criterion/criterion.h>
#include <string.h>

static const uint8_t keys[2][HNY_KEY_SIZE] = {{1}, {2}};
enum { CROWD = 100, LONELY = 200 };

/* As long as makes a turn (1,024 bytes, of which a sentence costs 16 besides). */
#define SIXTY_THREE "123456789 123456789 123456789 123456789 123456789 123456789 123"
#define LONG(first)                                                                                          \
    first SIXTY_THREE first SIXTY_THREE first SIXTY_THREE first SIXTY_THREE first SIXTY_THREE first          \
        SIXTY_THREE first SIXTY_THREE first SIXTY_THREE first SIXTY_THREE first SIXTY_THREE first            \
            SIXTY_THREE first SIXTY_THREE first SIXTY_THREE first SIXTY_THREE first SIXTY_THREE
#define CROWD_TEXT LONG("c")
#define LONELY_TEXT LONG("l")

/* WHO asks for a TEXT with KEY (NULL: without). */
static void ask_as(struct scene *scene, uint8_t who, uint64_t number, const char *text, const uint8_t *key) {
    struct hny_message message = make(HNY_TRANSLATE, who, number);
    struct hny_payload *payload = message.payload = text_of(text, "");
    client_says(scene, message, key);
    hny_payload_drop(&payload);
}

/* The worker's only job is done; whether the one that it gets next says TEXT. *JOB: its number. */
static bool next_says(struct scene *scene, uint64_t *job, const char *text) {
    finish(scene, WORKER, *job, "done");
    const struct hny_message *work = heard(scene, HNY_WORK, WORKER);
    cr_assert_not_null(work);
    *job = work->id.sequence;
    return says(work, text);
}

/* A worker with one job; then a hundred clients with key CROWDED ask three times each, and behind them one
 * with key ALONE five times. How many of the next COUNT jobs are its. */
static size_t lonely_among(size_t count, const uint8_t *crowded, const uint8_t *alone) {
    struct scene scene;
    size_t found = 0;
    open_scene(&scene);
    begin(&scene);
    join(&scene, WORKER, 1);
    ask_as(&scene, 1, 1, CROWD_TEXT, crowded);
    uint64_t job = heard(&scene, HNY_WORK, WORKER)->id.sequence;
    for (uint64_t number = 2; number < 5; number++)
        for (uint8_t who = 1; who <= CROWD; who++) ask_as(&scene, who, number, CROWD_TEXT, crowded);
    for (uint64_t number = 1; number < 6; number++) ask_as(&scene, LONELY, number, LONELY_TEXT, alone);
    for (size_t i = 0; i < count; i++) found += next_says(&scene, &job, LONELY_TEXT);
    close_scene(&scene);
    return found;
}

Test(turns, a_hundred_clients_with_one_key_do_not_starve_one_with_another) {
    cr_assert_eq(lonely_among(12, keys[0], keys[1]), 5);
}

Test(turns, clients_with_one_key_take_turns_among_themselves) {
    cr_assert_leq(lonely_among(CROWD, keys[0], keys[0]), 1);
    cr_assert_eq(lonely_among(2 * CROWD + 10, keys[0], keys[0]), 2);
    cr_assert_eq(lonely_among(3 * CROWD + 5, keys[0], keys[0]), 5);
}

Test(turns, clients_without_a_key_each_have_their_own) {
    cr_assert_eq(lonely_among(2 * CROWD + 10, NULL, NULL), 2);
    cr_assert_eq(lonely_among(12, NULL, keys[0]), lonely_among(12, NULL, NULL));
}

Test(turns, what_is_left_of_them_is_cleared_away) {
    struct scene scene;
    struct hny_broker_counts counts;
    open_scene(&scene);
    begin(&scene);
    join(&scene, WORKER, 1);
    for (uint8_t who = 1; who <= 3; who++) ask_as(&scene, who, 1, CROWD_TEXT, keys[who % 2]);
    for (uint8_t who = 1; who <= 3; who++) client_says(&scene, make(HNY_RECEIVED, who, 1), keys[who % 2]);
    hny_broker_core_count(scene.core, &counts);
    cr_assert(counts.waiting == 0 && counts.working == 0 && counts.flows == 0 && counts.bytes == 0);
    close_scene(&scene);
}
