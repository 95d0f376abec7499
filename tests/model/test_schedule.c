#include "model/schedule.h"

#include <criterion/criterion.h>
#include <math.h>

static struct hny_config config;
static struct hny_schedule schedule;

static void set(const char *name, const char *value) {
    cr_assert_eq(hny_config_set(&config, name, value), HNY_OK, "%s", hny_message());
}

static void start(void) {
    schedule = (struct hny_schedule){0};
    hny_config_defaults(&config);
    set("learning-rate", "0.01");
    set("warmup", "0");
}
TestSuite(schedule, .init = start);

static void expect_rate(uint64_t update, double rate) {
    double found = hny_schedule_rate(&schedule, &config, update);
    cr_assert(fabs(found - rate) < 1e-15, "update %d: %.17g, expected %.17g", (int)update, found, rate);
}

/* A regular validation at UPDATE; whether it is the best so far. */
static bool validated(uint64_t update, double score) {
    bool better;
    hny_schedule_validated(&schedule, &config, update, score, true, &better);
    return better;
}

/* The one at the end. */
static bool validated_last(uint64_t update, double score) {
    bool better;
    hny_schedule_validated(&schedule, &config, update, score, false, &better);
    return better;
}

Test(schedule, the_rate_rises_evenly_from_the_first_update_to_the_end_of_the_warmup) {
    static const char *const all[] = {"constant", "inverse-sqrt", "stalled", "steps"};
    set("warmup", "4");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        set("schedule", all[i]);
        expect_rate(1, 0.0025);
        expect_rate(2, 0.005);
        expect_rate(3, 0.0075);
        expect_rate(4, 0.01);
    }
}

Test(schedule, a_constant_rate_stays_whatever_validations_say) {
    set("schedule", "constant");
    set("decay-patience", "1");
    for (uint64_t update = 1; update <= 5; update++) validated(update, 1);
    expect_rate(1, 0.01);
    expect_rate(1000000, 0.01);
}

Test(schedule, the_inverse_root_begins_where_the_warmup_ends) {
    set("schedule", "inverse-sqrt");
    set("warmup", "100");
    expect_rate(100, 0.01);
    expect_rate(400, 0.005);
    expect_rate(10000, 0.001);
    set("warmup", "0");
    expect_rate(1, 0.01);
    expect_rate(4, 0.005);
}

Test(schedule, steps_decay_at_the_start_and_at_every_step_behind_it) {
    set("schedule", "steps");
    set("decay-factor", "0.5");
    set("decay-every", "10");
    expect_rate(1000, 0.01); /* decay-start 0: never */
    set("decay-start", "100");
    expect_rate(99, 0.01);
    expect_rate(100, 0.005);
    expect_rate(109, 0.005);
    expect_rate(110, 0.0025);
    expect_rate(120, 0.00125);
}

Test(schedule, a_stalled_score_decays_the_rate_once_a_patience) {
    set("decay-patience", "2");
    set("decay-factor", "0.1");
    cr_assert(validated(10, 3));
    cr_assert(!validated(20, 3));
    expect_rate(21, 0.01);
    cr_assert(!validated(30, 4));
    expect_rate(31, 0.001);
    cr_assert(!validated(40, 4));
    expect_rate(41, 0.001);
    cr_assert(!validated(50, 4));
    expect_rate(51, 0.0001);
    cr_assert(validated(60, 2));
    cr_assert(!validated(70, 2));
    expect_rate(71, 0.0001);
    cr_assert_eq(schedule.best_update, 60);
    cr_assert_eq(schedule.best, 2.0);
}

Test(schedule, a_loss_is_better_when_lower_and_a_bleu_when_higher) {
    cr_assert(validated(1, 3));
    cr_assert(validated(2, 2.5));
    cr_assert(!validated(3, 2.75));
    schedule = (struct hny_schedule){0};
    set("valid-metric", "bleu");
    cr_assert(validated(1, 3));
    cr_assert(!validated(2, 2.5));
    cr_assert(validated(3, 3.5));
    set("valid-metric", "chrf");
    cr_assert(validated(4, 4));
}

Test(schedule, patience_ends_after_so_many_validations_without_a_better_one) {
    set("patience", "2");
    cr_assert(!hny_schedule_exhausted(&schedule, &config));
    validated(1, 3);
    validated(2, 3);
    cr_assert(!hny_schedule_exhausted(&schedule, &config));
    validated(3, 2);
    validated(4, 2);
    cr_assert(!hny_schedule_exhausted(&schedule, &config));
    validated(5, 2);
    cr_assert(hny_schedule_exhausted(&schedule, &config));
    set("patience", "0");
    cr_assert(!hny_schedule_exhausted(&schedule, &config));
}

Test(schedule, the_validation_at_the_end_can_be_the_best_but_counts_for_nothing_else) {
    set("decay-patience", "1");
    validated(10, 3);
    cr_assert(validated_last(15, 1));
    cr_assert_eq(schedule.best_update, 15);
    cr_assert(!validated(20, 2)); /* worse than at 15, but better than what stalls are told by */
    expect_rate(21, 0.01);
    cr_assert_eq(schedule.stalled, 0);
    cr_assert(!validated_last(25, 9));
    cr_assert_eq(schedule.stalled, 0);
    cr_assert(!validated(30, 2));
    expect_rate(31, 0.005);
}

Test(schedule, it_is_read_back_as_it_was_written) {
    schedule = (struct hny_schedule){.validated = true,
                                     .best = 0.1 + 0.2,
                                     .best_update = 7,
                                     .counted = true,
                                     .mark = 1.0 / 3,
                                     .stalled = 3,
                                     .decay_stalled = 1,
                                     .decays = 2};
    struct hny_schedule back = {0};
    json_t *object = hny_schedule_object(&schedule);
    cr_assert_eq(hny_schedule_read(&back, object, "state.json"), HNY_OK, "%s", hny_message());
    cr_assert_eq(back.validated, schedule.validated);
    cr_assert_eq(back.best, schedule.best);
    cr_assert_eq(back.best_update, schedule.best_update);
    cr_assert_eq(back.counted, schedule.counted);
    cr_assert_eq(back.mark, schedule.mark);
    cr_assert_eq(back.stalled, schedule.stalled);
    cr_assert_eq(back.decay_stalled, schedule.decay_stalled);
    cr_assert_eq(back.decays, schedule.decays);
    static const char *const keys[] = {"validated", "best",    "best_update",   "counted",
                                       "mark",      "stalled", "decay_stalled", "decays"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        json_t *less = json_copy(object);
        json_object_del(less, keys[i]);
        cr_assert_eq(hny_schedule_read(&back, less, "state.json"), HNY_ERROR_INPUT, "without %s", keys[i]);
        cr_assert_not_null(strstr(hny_message(), "state.json"));
        json_decref(less);
    }
    json_decref(object);
}
