#include "model/schedule.h"

#include <math.h>
#include <string.h>

static double warm(const struct hny_config *config, uint64_t update) {
    if (config->warmup == 0 || update >= config->warmup) return 1;
    return (double)update / (double)config->warmup;
}

/* Decays in steps: how many lie behind UPDATE. */
static uint64_t steps_behind(const struct hny_config *config, uint64_t update) {
    if (config->decay_start == 0 || update < config->decay_start) return 0;
    return 1 + (update - config->decay_start) / config->decay_every;
}

double hny_schedule_rate(const struct hny_schedule *schedule, const struct hny_config *config,
                         uint64_t update) {
    double rate = config->learning_rate * warm(config, update);
    if (strcmp(config->schedule, "inverse-sqrt") == 0) {
        double turn = config->warmup > 0 ? (double)config->warmup : 1;
        return (double)update > turn ? rate * sqrt(turn / (double)update) : rate;
    }
    if (strcmp(config->schedule, "steps") == 0)
        return rate * pow(config->decay_factor, (double)steps_behind(config, update));
    return rate * pow(config->decay_factor, (double)schedule->decays);
}

static bool improves(const struct hny_config *config, double score, double on) {
    return strcmp(config->valid_metric, "loss") == 0 ? score < on : score > on;
}

void hny_schedule_validated(struct hny_schedule *schedule, const struct hny_config *config, uint64_t update,
                            double score, bool regular, bool *better) {
    *better = !schedule->validated || improves(config, score, schedule->best);
    if (*better) {
        schedule->validated = true;
        schedule->best = score;
        schedule->best_update = update;
    }
    if (!regular) return;
    bool rises = !schedule->counted || improves(config, score, schedule->mark);
    if (rises) schedule->mark = score;
    schedule->counted = true;
    schedule->stalled = rises ? 0 : schedule->stalled + 1;
    schedule->decay_stalled = rises ? 0 : schedule->decay_stalled + 1;
    if (strcmp(config->schedule, "stalled") == 0 && schedule->decay_stalled >= config->decay_patience) {
        schedule->decays++;
        schedule->decay_stalled = 0;
    }
}

bool hny_schedule_exhausted(const struct hny_schedule *schedule, const struct hny_config *config) {
    return config->patience > 0 && schedule->stalled >= config->patience;
}

json_t *hny_schedule_object(const struct hny_schedule *schedule) {
    return json_pack("{s:b, s:f, s:I, s:b, s:f, s:I, s:I, s:I}", "validated", schedule->validated, "best",
                     schedule->best, "best_update", (json_int_t)schedule->best_update, "counted",
                     schedule->counted, "mark", schedule->mark, "stalled", (json_int_t)schedule->stalled,
                     "decay_stalled", (json_int_t)schedule->decay_stalled, "decays",
                     (json_int_t)schedule->decays);
}

hny_status hny_schedule_read(struct hny_schedule *schedule, json_t *object, const char *path) {
    int validated, counted;
    json_int_t update, stalled, decay_stalled, decays;
    json_error_t error;
    if (json_unpack_ex(object, &error, 0, "{s:b, s:F, s:I, s:b, s:F, s:I, s:I, s:I}", "validated", &validated,
                       "best", &schedule->best, "best_update", &update, "counted", &counted, "mark",
                       &schedule->mark, "stalled", &stalled, "decay_stalled", &decay_stalled, "decays",
                       &decays) != 0)
        return hny_fail(HNY_ERROR_INPUT, "%s: schedule: %s", path, error.text);
    schedule->validated = validated;
    schedule->counted = counted;
    schedule->best_update = (uint64_t)update;
    schedule->stalled = (uint64_t)stalled;
    schedule->decay_stalled = (uint64_t)decay_stalled;
    schedule->decays = (uint64_t)decays;
    return HNY_OK;
}
