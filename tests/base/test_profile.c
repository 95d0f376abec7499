#include "base/profile.h"

#include "base/progress.h"
#include "base/threads.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static void pass(double seconds) {
    double end = hny_seconds() + seconds;
    while (hny_seconds() < end) continue;
}

static void inner(double seconds) {
    HNY_PROFILE("inner");
    pass(seconds);
}

static void outer(void) {
    HNY_PROFILE("outer");
    pass(0.02);
    inner(0.005);
    inner(0.005);
}

static const struct hny_profile_kind *find(const struct hny_profile_kind *kinds, size_t count,
                                           const char *name) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(kinds[i].name, name) == 0) return &kinds[i];
    cr_assert_fail("no kind %s", name);
    return NULL;
}

Test(profile, time_counts_to_the_innermost_kind) {
    struct hny_profile_kind kinds[HNY_PROFILE_KINDS];
    size_t count = 0;
    outer(); /* not on yet */
    hny_profile_start();
    double begin = hny_seconds();
    outer();
    double all = hny_seconds() - begin;
    hny_profile_stop(kinds, &count);
    outer();
    cr_assert_eq(count, 2);
    cr_assert_geq(kinds[0].seconds, kinds[1].seconds);
    const struct hny_profile_kind *out = find(kinds, count, "outer"), *in = find(kinds, count, "inner");
    cr_assert_eq(out->times, 1);
    cr_assert_eq(in->times, 2);
    cr_assert_geq(in->seconds, 0.01);
    cr_assert_geq(out->seconds, 0.02);
    cr_assert_leq(in->seconds + out->seconds, all);
    cr_assert_geq(in->seconds + out->seconds, 0.9 * all);
}

static hny_status work(void *context, size_t part, size_t thread) {
    (void)context, (void)part, (void)thread;
    inner(0.001);
    return HNY_OK;
}

Test(profile, threads_are_summed_and_a_new_start_forgets) {
    struct hny_profile_kind kinds[HNY_PROFILE_KINDS];
    struct hny_threads *threads = NULL;
    size_t count = 0;
    cr_assert_eq(hny_threads_create(&threads, 3), HNY_OK);
    for (int round = 0; round < 2; round++) {
        hny_profile_start();
        cr_assert_eq(hny_threads_run(threads, 12, work, NULL), HNY_OK);
        hny_profile_stop(kinds, &count);
        cr_assert_eq(count, 1);
        cr_assert_eq(kinds[0].times, 12);
        cr_assert_geq(kinds[0].seconds, 0.012);
    }
    hny_threads_destroy(&threads);
}

static void descend(int depth) {
    HNY_PROFILE("deep");
    if (depth > 0) descend(depth - 1);
}

Test(profile, more_kinds_or_depth_than_there_is_room_for_do_no_harm) {
    struct hny_profile_kind kinds[HNY_PROFILE_KINDS];
    static char names[HNY_PROFILE_KINDS + 5][8];
    size_t count = 0;
    hny_profile_start();
    descend(100);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(names[i], sizeof names[i], "%zu", i);
        HNY_PROFILE(names[i]);
    }
    hny_profile_stop(kinds, &count);
    cr_assert_eq(count, HNY_PROFILE_KINDS);
}
