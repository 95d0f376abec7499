#include "base/threads.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { PARTS = 100 };

struct record {
    atomic_int calls[PARTS];
    size_t thread[PARTS];
    pthread_t caller;
    size_t failing[2]; /* parts that fail; PARTS for none */
};

static hny_status note(void *context, size_t part, size_t thread) {
    struct record *record = context;
    atomic_fetch_add(&record->calls[part], 1);
    record->thread[part] = thread;
    if (thread == 0) cr_assert(pthread_equal(pthread_self(), record->caller));
    for (size_t i = 0; i < 2; i++)
        if (part == record->failing[i]) return hny_fail(HNY_ERROR_NUMERIC, "part %zu fails", part);
    return HNY_OK;
}

Test(threads, each_part_runs_once) {
    for (size_t count = 1; count <= 5; count++) {
        struct hny_threads *threads = NULL;
        cr_assert_eq(hny_threads_create(&threads, count), HNY_OK);
        cr_assert_eq(hny_threads_count(threads), count);
        for (size_t parts = 0; parts <= PARTS; parts += parts < 7 ? 1 : 31) {
            struct record record = {.caller = pthread_self(), .failing = {PARTS, PARTS}};
            cr_assert_eq(hny_threads_run(threads, parts, note, &record), HNY_OK);
            for (size_t part = 0; part < PARTS; part++) {
                cr_assert_eq(record.calls[part], part < parts);
                if (part < parts) cr_assert_lt(record.thread[part], count);
            }
        }
        hny_threads_destroy(&threads);
        cr_assert_null(threads);
        hny_threads_destroy(&threads);
    }
}

Test(threads, the_lowest_failing_part_is_reported) {
    for (size_t count = 1; count <= 4; count++) {
        struct hny_threads *threads = NULL;
        cr_assert_eq(hny_threads_create(&threads, count), HNY_OK);
        for (size_t first = 0; first < 20; first++) {
            struct record record = {.caller = pthread_self(), .failing = {first, first + 1}};
            char expected[32];
            snprintf(expected, sizeof expected, "part %zu fails", first);
            cr_assert_eq(hny_threads_run(threads, PARTS, note, &record), HNY_ERROR_NUMERIC);
            cr_assert_str_eq(hny_message(), expected);
        }
        struct record record = {.caller = pthread_self(), .failing = {PARTS, PARTS}};
        cr_assert_eq(hny_threads_run(threads, PARTS, note, &record), HNY_OK, "a failure is forgotten");
        hny_threads_destroy(&threads);
    }
}

static hny_status add(void *context, size_t part, size_t thread) {
    (void)thread;
    atomic_fetch_add((atomic_size_t *)context, part + 1);
    return HNY_OK;
}

Test(threads, many_short_jobs_lose_no_part) {
    struct hny_threads *threads = NULL;
    atomic_size_t sum = 0;
    cr_assert_eq(hny_threads_create(&threads, 3), HNY_OK);
    for (int i = 0; i < 5000; i++) cr_assert_eq(hny_threads_run(threads, 5, add, &sum), HNY_OK);
    cr_assert_eq(sum, 5000 * 15);
    hny_threads_destroy(&threads);
}

Test(threads, no_threads_are_refused) {
    struct hny_threads *threads = NULL;
    cr_assert_eq(hny_threads_create(&threads, 0), HNY_ERROR_USAGE);
    cr_assert_neq(hny_threads_create(&threads, SIZE_MAX), HNY_OK);
    cr_assert_null(threads);
}

Test(threads, there_is_a_processor) {
    cr_assert_geq(hny_processors(), 1);
}
