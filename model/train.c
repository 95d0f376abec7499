#include "model/train.h"

#include "model/run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A loss this many times that of guessing evenly means that the weights have run away. */
static const double exploding = 4;

/* What the loop reads batches into, kept from update to update. */
struct intake {
    struct hny_batch *batches; /* [accumulate] */
    struct hny_pair **pairs;   /* [accumulate] */
    size_t *capacity;
    struct hny_trainer_batch *views;
    size_t count;
};

static hny_status open_intake(struct intake *intake, size_t count) {
    *intake = (struct intake){.batches = hny_allocate(count, sizeof *intake->batches),
                              .pairs = hny_allocate(count, sizeof *intake->pairs),
                              .capacity = hny_allocate(count, sizeof *intake->capacity),
                              .views = hny_allocate(count, sizeof *intake->views),
                              .count = count};
    return intake->batches && intake->pairs && intake->capacity && intake->views ? HNY_OK : HNY_ERROR_MEMORY;
}

static void close_intake(struct intake *intake) {
    for (size_t i = 0; i < intake->count; i++) {
        if (intake->batches) hny_batch_free(&intake->batches[i]);
        if (intake->pairs) free(intake->pairs[i]);
    }
    free(intake->batches);
    free(intake->pairs);
    free(intake->capacity);
    free(intake->views);
}

static struct hny_pair pair_of(const struct hny_batch *batch, size_t b) {
    const struct hny_batch_side *source = &batch->side[HNY_SOURCE], *target = &batch->side[HNY_TARGET];
    size_t s = batch->source_of[b];
    return (struct hny_pair){.source = source->ids.ids + source->begin[s],
                             .source_length = source->length[s],
                             .target = target->ids.ids + target->begin[b],
                             .target_length = target->length[b]};
}

static hny_status take_batches(struct hny_run *run, struct intake *intake) {
    for (size_t i = 0; i < intake->count; i++) {
        struct hny_batch *batch = &intake->batches[i];
        HNY_TRY(hny_batches_next(run->batches, batch));
        if (hny_grow(&intake->pairs[i], &intake->capacity[i], batch->pairs, sizeof **intake->pairs) != 0)
            return HNY_ERROR_MEMORY;
        for (size_t b = 0; b < batch->pairs; b++) intake->pairs[i][b] = pair_of(batch, b);
        intake->views[i] = (struct hny_trainer_batch){intake->pairs[i], batch->pairs};
    }
    return HNY_OK;
}

static hny_status write_update(struct hny_run *run, double rate) {
    struct hny_run_state *state = &run->state;
    double seconds = state->since_seconds;
    double tokens = (double)state->since.tokens;
    json_t *line =
        json_pack("{s:s, s:I, s:I, s:f, s:f, s:f, s:f, s:I, s:f, s:f}", "event", "update", "update",
                  (json_int_t)state->update, "epoch", (json_int_t)state->position.epoch, "loss",
                  state->since.smoothed / tokens, "cross_entropy", state->since.cross_entropy / tokens,
                  "learning_rate", rate, "gradient_norm", state->norm, "tokens", (json_int_t)state->tokens,
                  "seconds", state->seconds, "tokens_per_second", seconds > 0 ? tokens / seconds : 0.0);
    if (!line) return hny_fail(HNY_ERROR_MEMORY, "out of memory for the log");
    return hny_log_write(run->log, line);
}

static void tell_time(char *out, size_t size, double seconds) {
    unsigned long whole = seconds > 0 ? (unsigned long)seconds : 0;
    if (whole >= 3600)
        snprintf(out, size, "%lu:%02lu:%02lu", whole / 3600, whole / 60 % 60, whole % 60);
    else
        snprintf(out, size, "%lu:%02lu", whole / 60, whole % 60);
}

/* How long it will still take by the limits there are; negative where none is known. */
static double seconds_left(const struct hny_run *run) {
    const struct hny_config *config = &run->config;
    double left = -1;
    if (config->max_updates > 0 && run->state.update > 0)
        left = run->state.seconds / (double)run->state.update *
               (double)(config->max_updates - run->state.update);
    double minutes = config->max_minutes * 60 - run->state.seconds;
    if (config->max_minutes > 0 && (left < 0 || minutes < left)) left = minutes;
    return left;
}

static void show(const struct hny_run *run, const struct hny_loss *loss, double seconds) {
    char limit[32] = "", eta[40] = "", time[24];
    if (run->config.max_updates > 0)
        snprintf(limit, sizeof limit, "/%llu", (unsigned long long)run->config.max_updates);
    double left = seconds_left(run);
    tell_time(time, sizeof time, left);
    if (left >= 0) snprintf(eta, sizeof eta, ", %s left", time);
    hny_progress_show("update %llu%s, epoch %u: loss %.3f, %.0f tokens/s%s",
                      (unsigned long long)run->state.update, limit, run->state.position.epoch + 1,
                      loss->smoothed / (double)loss->tokens, seconds > 0 ? (double)loss->tokens / seconds : 0,
                      eta);
}

/* What a failed run leaves behind. */
static const char *tell_kept(const struct hny_run *run, char *text, size_t size) {
    snprintf(text, size, "what was saved after update %llu is kept", (unsigned long long)run->kept);
    return run->keeps ? text : "nothing was saved before, and the folder is free again";
}

static hny_status check_loss(const struct hny_run *run, const struct hny_loss *loss) {
    double mean = loss->cross_entropy / (double)loss->tokens;
    double even = log((double)run->model->target_vocabulary);
    char kept[64];
    if (isfinite(mean) && mean < exploding * even) return HNY_OK;
    return hny_fail(
        HNY_ERROR_NUMERIC,
        "update %llu: the loss is %g nats a word, where guessing evenly has %.2f: the learning rate %g is "
        "too high; %s",
        (unsigned long long)run->state.update + 1, mean, even,
        hny_schedule_rate(&run->state.schedule, &run->config, run->state.update + 1),
        tell_kept(run, kept, sizeof kept));
}

/* One update, and what the log and the state take down of it. */
static hny_status update(struct hny_run *run, struct intake *intake) {
    struct hny_run_state *state = &run->state;
    double start = hny_seconds(), rate = hny_schedule_rate(&state->schedule, &run->config, state->update + 1);
    struct hny_loss loss;
    char kept[64];
    HNY_TRY(take_batches(run, intake));
    hny_status status = hny_trainer_update(run->trainer, intake->views, intake->count, state->update + 1,
                                           rate, &loss, &state->norm);
    if (status == HNY_ERROR_NUMERIC) {
        status = check_loss(run, &loss);
        return status != HNY_OK
                   ? status
                   : hny_fail(HNY_ERROR_NUMERIC, "update %llu: the gradient is not finite; %s",
                              (unsigned long long)state->update + 1, tell_kept(run, kept, sizeof kept));
    }
    HNY_TRY(status);
    HNY_TRY(check_loss(run, &loss));
    double spent = hny_seconds() - start;
    run->saved = run->scored = false;
    state->update++;
    state->tokens += loss.tokens;
    state->position = intake->batches[intake->count - 1].after;
    state->seconds += spent;
    state->since.smoothed += loss.smoothed;
    state->since.cross_entropy += loss.cross_entropy;
    state->since.tokens += loss.tokens;
    state->since.correct += loss.correct;
    state->since_updates++;
    state->since_seconds += spent;
    show(run, &loss, spent);
    if (state->update % run->config.log_every != 0) return HNY_OK;
    status = write_update(run, rate);
    state->since = (struct hny_loss){0};
    state->since_updates = 0;
    state->since_seconds = 0;
    return status;
}

static hny_status write_validation(struct hny_run *run, bool better) {
    const struct hny_heldout_scores *scores = &run->scores;
    json_t *line = json_pack("{s:s, s:I, s:I, s:f, s:f, s:b}", "event", "validation", "update",
                             (json_int_t)run->state.update, "epoch", (json_int_t)run->state.position.epoch,
                             "loss", scores->loss, "accuracy", scores->accuracy, "better", better);
    bool whole = line != NULL;
    if (whole && scores->translated)
        whole = json_object_set_new(line, "bleu", json_real(scores->bleu)) == 0 &&
                json_object_set_new(line, "chrf", json_real(scores->chrf)) == 0;
    if (whole) return hny_log_write(run->log, line);
    json_decref(line);
    return hny_fail(HNY_ERROR_MEMORY, "out of memory for the log");
}

/* Scores the weights that would be used, says so, and saves them. REGULAR as in hny_schedule_validated. */
static hny_status validate(struct hny_run *run, bool regular) {
    struct hny_run_state *state = &run->state;
    if (!run->heldout) {
        state->validated = state->update;
        return hny_run_save(run, true);
    }
    double start = hny_seconds();
    HNY_TRY(hny_trainer_average(run->trainer, true));
    hny_status status = hny_heldout_score(run->heldout, run->trainer, &run->scores);
    HNY_TRY(hny_trainer_average(run->trainer, false));
    if (status == HNY_INTERRUPTED) return HNY_OK; /* the loop saves; resumed, it validates again */
    HNY_TRY(status);
    char kept[64];
    if (!isfinite(run->scores.loss))
        return hny_fail(HNY_ERROR_NUMERIC, "update %llu: the validation loss is %g; %s",
                        (unsigned long long)state->update, run->scores.loss,
                        tell_kept(run, kept, sizeof kept));
    const char *metric = run->config.valid_metric;
    double score = strcmp(metric, "bleu") == 0   ? run->scores.bleu
                   : strcmp(metric, "chrf") == 0 ? run->scores.chrf
                                                 : run->scores.loss;
    bool better;
    run->saved = false;
    run->scored = true;
    hny_schedule_validated(&state->schedule, &run->config, state->update, score, regular, &better);
    state->validated = state->update;
    state->exhausted = regular && hny_schedule_exhausted(&state->schedule, &run->config);
    state->seconds += hny_seconds() - start;
    char translated[64] = "";
    if (run->scores.translated)
        snprintf(translated, sizeof translated, ", BLEU %.2f, chrF %.2f", run->scores.bleu, run->scores.chrf);
    hny_progress_note("update %llu: validation loss %.4f%s%s", (unsigned long long)state->update,
                      run->scores.loss, translated, better ? ", the best so far" : "");
    HNY_TRY(write_validation(run, better));
    return hny_run_save(run, better);
}

/* Why no further update is wanted; NULL where one is. */
static const char *reason_to_end(const struct hny_run *run) {
    const struct hny_config *config = &run->config;
    if (config->max_updates > 0 && run->state.update >= config->max_updates) return "max_updates";
    if (config->max_epochs > 0 && run->state.position.epoch >= config->max_epochs) return "max_epochs";
    if (config->max_minutes > 0 && run->state.seconds >= config->max_minutes * 60) return "max_minutes";
    if (run->state.exhausted) return "patience";
    return NULL;
}

static bool due(uint64_t update, uint64_t every) {
    return update > 0 && update % every == 0;
}

static hny_status stop(struct hny_run *run) {
    if (!run->saved) HNY_TRY(hny_run_save(run, false));
    hny_progress_note("stopped after update %llu; --resume goes on from here",
                      (unsigned long long)run->state.update);
    return hny_fail(HNY_INTERRUPTED, "%s", "");
}

static hny_status loop(struct hny_run *run, struct intake *intake) {
    struct hny_run_state *state = &run->state;
    for (;;) {
        bool regular = due(state->update, run->config.validate_every);
        if ((regular || reason_to_end(run)) && state->validated != state->update)
            HNY_TRY(validate(run, regular));
        if (reason_to_end(run) && state->validated == state->update) return HNY_OK;
        if (hny_stop_requested()) return stop(run);
        HNY_TRY(update(run, intake));
        bool validation = due(state->update, run->config.validate_every) || reason_to_end(run);
        if (!validation && due(state->update, run->config.save_every)) HNY_TRY(hny_run_save(run, false));
    }
}

static hny_status tell_memory(struct hny_run *run) {
    struct hny_batch_bounds bounds;
    size_t fixed, activations;
    hny_batches_bounds(run->batches, &bounds);
    HNY_TRY(hny_trainer_bytes(run->trainer, bounds.rows[HNY_SOURCE], bounds.rows[HNY_TARGET], &fixed,
                              &activations));
    size_t mib = (fixed + activations) >> 20;
    hny_progress_note(
        "memory: %zu MiB (weights, gradients and optimiser %zu, a batch of at most %zu source and %zu target "
        "words %zu)",
        mib, fixed >> 20, bounds.rows[HNY_SOURCE], bounds.rows[HNY_TARGET], activations >> 20);
    if (run->config.memory > 0 && mib > run->config.memory)
        return hny_fail(HNY_ERROR_MEMORY,
                        "training needs %zu MiB, but memory allows %llu; smaller batches need less", mib,
                        (unsigned long long)run->config.memory);
    return HNY_OK;
}

static hny_status run_all(struct hny_run *run) {
    const char *reason = reason_to_end(run);
    if (reason && run->state.validated == run->state.update && run->state.update > 0) {
        if (strcmp(reason, "max_updates") == 0)
            hny_progress_note("Already at update %llu of %llu: nothing to do",
                              (unsigned long long)run->state.update,
                              (unsigned long long)run->config.max_updates);
        else
            hny_progress_note("Already at the end (update %llu, by %s): nothing to do",
                              (unsigned long long)run->state.update, reason);
        return HNY_OK;
    }
    HNY_TRY(tell_memory(run));
    struct intake intake;
    hny_status status = open_intake(&intake, run->config.accumulate);
    if (status == HNY_OK) status = loop(run, &intake);
    close_intake(&intake);
    if (status == HNY_OK)
        hny_progress_note("finished at update %llu, by %s: %s", (unsigned long long)run->state.update,
                          reason_to_end(run), run->job->out);
    return status;
}

hny_status hny_train(const struct hny_train_job *job) {
    struct hny_run run;
    hny_status status = hny_run_open(&run, job);
    if (status == HNY_OK) status = run_all(&run);
    if (status == HNY_OK) status = hny_log_close(&run.log);
    if (hny_preparation_refusal(status)) hny_preparation_forget(&run.preparation, job);
    hny_progress_end();
    hny_run_close(&run);
    return status;
}
