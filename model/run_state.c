#include "model/run_state.h"

#include <string.h>

static const char kind[] = "honyaku training state";
enum { VERSION = 2 };

json_t *hny_run_state_object(const struct hny_run_state *state, json_t *environment) {
    json_t *object =
        json_pack("{s:s, s:i, s:I, s:I, s:{s:I, s:I, s:I}, s:o, s:I, s:b, s:f, s:{s:f, s:f, s:I, s:I, s:I, "
                  "s:f}, s:f, s:I, s:o}",
                  "kind", kind, "version", VERSION, "update", (json_int_t)state->update, "tokens",
                  (json_int_t)state->tokens, "position", "epoch", (json_int_t)state->position.epoch, "pool",
                  (json_int_t)state->position.pool, "batch", (json_int_t)state->position.batch, "schedule",
                  hny_schedule_object(&state->schedule), "validated", (json_int_t)state->validated,
                  "exhausted", state->exhausted, "seconds", state->seconds, "since", "cross_entropy",
                  state->since.cross_entropy, "smoothed", state->since.smoothed, "tokens",
                  (json_int_t)state->since.tokens, "correct", (json_int_t)state->since.correct, "updates",
                  (json_int_t)state->since_updates, "seconds", state->since_seconds, "norm", state->norm,
                  "log_bytes", (json_int_t)state->log_bytes, "environment", environment);
    if (!object) hny_fail(HNY_ERROR_MEMORY, "out of memory for the training state");
    return object;
}

hny_status hny_run_state_read(struct hny_run_state *state, json_t *object, const char *path) {
    const char *named;
    int version, exhausted;
    json_int_t update, tokens, epoch, pool, batch, validated, since_tokens, correct, updates, bytes;
    json_t *schedule;
    json_error_t error;
    if (json_unpack_ex(object, &error, 0, "{s:s, s:i}", "kind", &named, "version", &version) != 0)
        return hny_fail(HNY_ERROR_INPUT, "%s: not the state of a training: %s", path, error.text);
    if (strcmp(named, kind) != 0 || version != VERSION)
        return hny_fail(HNY_ERROR_INPUT, "%s: \"%s\" version %d, expected \"%s\" version %d", path, named,
                        version, kind, VERSION);
    if (json_unpack_ex(object, &error, 0,
                       "{s:I, s:I, s:{s:I, s:I, s:I}, s:o, s:I, s:b, s:F, s:{s:F, s:F, s:I, s:I, s:I, s:F}, "
                       "s:F, s:I}",
                       "update", &update, "tokens", &tokens, "position", "epoch", &epoch, "pool", &pool,
                       "batch", &batch, "schedule", &schedule, "validated", &validated, "exhausted",
                       &exhausted, "seconds", &state->seconds, "since", "cross_entropy",
                       &state->since.cross_entropy, "smoothed", &state->since.smoothed, "tokens",
                       &since_tokens, "correct", &correct, "updates", &updates, "seconds",
                       &state->since_seconds, "norm", &state->norm, "log_bytes", &bytes) != 0)
        return hny_fail(HNY_ERROR_INPUT, "%s: not the state of a training: %s", path, error.text);
    if (update < 0 || epoch < 0 || epoch > UINT32_MAX || pool < 0 || batch < 0 || bytes < 0)
        return hny_fail(HNY_ERROR_INPUT, "%s: a count is negative or too large", path);
    state->update = (uint64_t)update;
    state->tokens = (uint64_t)tokens;
    state->position = (struct hny_batch_position){(uint32_t)epoch, (uint64_t)pool, (uint64_t)batch};
    state->validated = (uint64_t)validated;
    state->exhausted = exhausted;
    state->since.tokens = (size_t)since_tokens;
    state->since.correct = (size_t)correct;
    state->since_updates = (uint64_t)updates;
    state->log_bytes = (unsigned long long)bytes;
    return hny_schedule_read(&state->schedule, schedule, path);
}
