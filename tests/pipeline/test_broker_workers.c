#include "broker_scene.h"

#include <criterion/criterion.h>

TestSuite(broker_workers);

Test(broker_workers, a_silent_workers_job_is_handed_out_again_and_poison_set_aside) {
    struct scene scene;
    open_scene(&scene);
    begin(&scene);
    join(&scene, WORKER, 1000);
    ask(&scene, ANNA, 1, "poison");
    ask(&scene, ANNA, 2, "good");
    cr_assert(says(heard(&scene, HNY_WORK, WORKER), "good"), "both are with the worker");
    for (uint8_t lost = 1; lost <= 3; lost++) {
        pass(&scene, 2900);
        cr_assert_null(heard(&scene, HNY_REFUSED, ANNA));
        struct hny_broker_counts counts;
        hny_broker_core_count(scene.core, &counts);
        cr_assert_eq(counts.workers, 1);
        client_says(&scene, make(HNY_PING, ANNA, 2), NULL);
        cr_assert(heard(&scene, HNY_PONG, ANNA));
        pass(&scene, 200);
        hny_broker_core_count(scene.core, &counts);
        cr_assert_eq(counts.workers, 0, "three beats of silence");
        if (lost == 3) break;
        join(&scene, (uint8_t)(WORKER + lost), 1000);
        const struct hny_message *work = heard(&scene, HNY_WORK, (uint8_t)(WORKER + lost));
        cr_assert(says(work, "poison"), "alone, and first");
    }
    cr_assert(refused(&scene, ANNA, HNY_REFUSED_POISON));
    join(&scene, 20, 1000);
    const struct hny_message *work = heard(&scene, HNY_WORK, 20);
    cr_assert(says(work, "good"), "what stood beside it is not blamed");
    finish(&scene, 20, work->id.sequence, "gut");
    cr_assert(says(heard(&scene, HNY_TRANSLATED, ANNA), "gut"));
    close_scene(&scene);
}

Test(broker_workers, a_worker_that_stands_still_is_lost_and_a_long_batch_is_not) {
    struct scene scene;
    struct hny_broker_counts counts;
    open_scene(&scene);
    begin(&scene);
    join(&scene, WORKER, 1000);
    ask(&scene, ANNA, 1, "long");
    uint64_t job = heard(&scene, HNY_WORK, WORKER)->id.sequence;
    for (uint64_t steps = 1; steps < 20; steps++) {
        pass(&scene, 1000);
        worker_beats(&scene, WORKER, job, steps, job, job);
    }
    hny_broker_core_count(scene.core, &counts);
    cr_assert(counts.workers == 1 && counts.working == 1, "it moves");
    for (size_t beats = 0; beats < 4; beats++) {
        pass(&scene, 1000);
        worker_beats(&scene, WORKER, job, 19, job, job);
    }
    hny_broker_core_count(scene.core, &counts);
    cr_assert(counts.workers == 0 && counts.waiting == 1, "it beats, but its engine stands still");
    cr_assert(heard(&scene, HNY_UNKNOWN, WORKER), "it has to begin anew");
    close_scene(&scene);
}

Test(broker_workers, a_lost_result_is_noticed_by_the_next_beat) {
    struct scene scene;
    open_scene(&scene);
    begin(&scene);
    join(&scene, WORKER, 1000);
    ask(&scene, ANNA, 1, "one");
    uint64_t job = heard(&scene, HNY_WORK, WORKER)->id.sequence;
    worker_beats(&scene, WORKER, job, 1, job - 1, 0);
    cr_assert_null(heard(&scene, HNY_WORK, WORKER), "it is still on its way");
    worker_beats(&scene, WORKER, job, 2, job, job);
    cr_assert_null(heard(&scene, HNY_WORK, WORKER), "it is held");
    worker_beats(&scene, WORKER, job, 3, job, 0);
    cr_assert(says(heard(&scene, HNY_WORK, WORKER), "one"), "it is gone");
    close_scene(&scene);
}

Test(broker_workers, a_word_of_another_session_touches_nothing) {
    struct scene scene;
    open_scene(&scene);
    begin(&scene);
    join(&scene, WORKER, 1000);
    ask(&scene, ANNA, 1, "one");
    uint64_t job = heard(&scene, HNY_WORK, WORKER)->id.sequence;
    finish(&scene, WORKER, job + ((uint64_t)1 << HNY_JOB_BITS), "wrong");
    cr_assert_null(heard(&scene, HNY_TRANSLATED, ANNA));
    finish(&scene, OTHER, job, "wrong");
    cr_assert(heard(&scene, HNY_UNKNOWN, OTHER) && !heard(&scene, HNY_TRANSLATED, ANNA));
    finish(&scene, WORKER, job, "right");
    cr_assert(says(heard(&scene, HNY_TRANSLATED, ANNA), "right"));
    close_scene(&scene);
}

Test(broker_workers, a_leaving_worker_finishes_what_it_holds) {
    struct scene scene;
    open_scene(&scene);
    begin(&scene);
    join(&scene, WORKER, 1000);
    ask(&scene, ANNA, 1, "one");
    uint64_t job = heard(&scene, HNY_WORK, WORKER)->id.sequence;
    worker_says(&scene, make(HNY_LEAVE, WORKER, job));
    ask(&scene, ANNA, 2, "two");
    cr_assert_null(heard(&scene, HNY_WORK, WORKER));
    cr_assert_null(heard(&scene, HNY_UNKNOWN, WORKER));
    finish(&scene, WORKER, job, "eins");
    cr_assert(says(heard(&scene, HNY_TRANSLATED, ANNA), "eins"));
    cr_assert(heard(&scene, HNY_UNKNOWN, WORKER), "now it may end");
    join(&scene, OTHER, 1000);
    cr_assert(says(heard(&scene, HNY_WORK, OTHER), "two"));
    close_scene(&scene);
}

Test(broker_workers, work_goes_to_the_worker_that_holds_least) {
    struct scene scene;
    open_scene(&scene);
    begin(&scene);
    join(&scene, WORKER, 1000);
    join(&scene, OTHER, 1000);
    size_t mine = 0, others = 0;
    for (uint64_t number = 1; number <= 10; number++) {
        ask(&scene, ANNA, number, "some words");
        mine += heard(&scene, HNY_WORK, WORKER) != NULL;
        others += heard(&scene, HNY_WORK, OTHER) != NULL;
    }
    cr_assert(mine == 5 && others == 5, "%zu and %zu", mine, others);
    close_scene(&scene);
}
