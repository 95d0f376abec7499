#include "model/run.h"

#include "base/file.h"
#include "model/checkpoint.h"
#include "model/folder.h"
#include "model/folder_weights.h"
#include "model/run_state.h"

#include <stdlib.h>
#include <string.h>

/* The files of a checkpoint beside those of a model. */
static const char *const training_name = "training.safetensors", *const state_name = "state.json";

/* The blocks that training goes on from and translating does without. */
struct blocks {
    hny_real *block[3];
    const char *prefix[3];
    size_t count;
};

static struct blocks training_blocks(const struct hny_run *run) {
    const struct hny_optimiser *optimiser = run->trainer->optimiser;
    struct blocks blocks = {.count = 0};
    if (optimiser->average) { /* the model's own file holds the average then */
        blocks.block[blocks.count] = run->model->parameters.values;
        blocks.prefix[blocks.count++] = "weights.";
    }
    if (optimiser->first) {
        blocks.block[blocks.count] = optimiser->first;
        blocks.prefix[blocks.count++] = "first.";
    }
    if (optimiser->second) {
        blocks.block[blocks.count] = optimiser->second;
        blocks.prefix[blocks.count++] = "second.";
    }
    return blocks;
}

/* What computed it, and of which tensors: otherwise the same state may lead to other bits. */
static json_t *environment_of(const struct hny_run *run) {
    struct hny_buffer frozen = {0};
    json_t *environment = NULL;
    hny_status status = hny_buffer_print(&frozen, "%s", "");
    for (size_t i = 0; status == HNY_OK && i < run->job->freeze_count; i++)
        status = hny_buffer_print(&frozen, "%s%s", i > 0 ? " " : "", run->job->freeze[i]);
    if (status == HNY_OK)
        environment =
            json_pack("{s:s, s:s, s:s, s:s}", "version", HNY_VERSION, "library", hny_product_library(),
                      "precision", hny_precision_name(run->precision), "frozen", frozen.data);
    hny_buffer_free(&frozen);
    return environment;
}

static json_t *training_of(const struct hny_run *run) {
    json_t *training = json_pack("{s:I, s:I}", "update", (json_int_t)run->state.update, "tokens",
                                 (json_int_t)run->state.tokens);
    if (training && run->scored) {
        json_t *scores = json_pack("{s:f}", "loss", run->scores.loss);
        if (scores && run->scores.translated) {
            json_object_set_new(scores, "bleu", json_real(run->scores.bleu));
            json_object_set_new(scores, "chrf", json_real(run->scores.chrf));
        }
        json_object_set_new(training, "validation", scores);
    }
    if (!training) hny_fail(HNY_ERROR_MEMORY, "out of memory for a checkpoint");
    return training;
}

static hny_status write_state(struct hny_run *run, const char *path) {
    HNY_TRY(hny_log_sync(run->log, &run->state.log_bytes));
    json_t *object = hny_run_state_object(&run->state, environment_of(run));
    hny_status status = object ? hny_json_save(path, object) : HNY_ERROR_MEMORY;
    json_decref(object);
    return status;
}

static hny_status write_files(struct hny_run *run, const char *folder) {
    const struct hny_optimiser *optimiser = run->trainer->optimiser;
    const hny_real *used = optimiser->average ? optimiser->average : run->model->parameters.values;
    struct hny_buffer path = {0};
    json_t *training = training_of(run);
    hny_status status = training ? HNY_OK : HNY_ERROR_MEMORY;
    if (status == HNY_OK)
        status =
            hny_folder_write(folder, run->model, used, (const char *const *)run->preparation.tokenizer_paths,
                             run->preparation.tokenizer_count, training);
    struct blocks blocks = training_blocks(run);
    if (status == HNY_OK) status = hny_path_join(&path, folder, training_name);
    if (status == HNY_OK)
        status = hny_folder_write_blocks(path.data, &run->model->parameters,
                                         (const hny_real *const *)blocks.block, blocks.prefix, blocks.count);
    if (status == HNY_OK) status = hny_path_join(&path, folder, state_name);
    if (status == HNY_OK) status = write_state(run, path.data);
    json_decref(training);
    hny_buffer_free(&path);
    return status;
}

hny_status hny_run_save(struct hny_run *run, bool best) {
    struct hny_checkpoint *checkpoint = NULL;
    const char *out = run->job->out;
    HNY_TRY(hny_checkpoint_begin(&checkpoint, out, run->state.update));
    hny_status status = write_files(run, hny_checkpoint_folder(checkpoint));
    if (status == HNY_OK) status = hny_checkpoint_commit(&checkpoint);
    hny_checkpoint_abandon(&checkpoint);
    HNY_TRY(status);
    if (best || !run->heldout) HNY_TRY(hny_checkpoint_point(out, HNY_CHECKPOINT_BEST, run->state.update));
    run->saved = run->keeps = true;
    run->kept = run->state.update;
    return hny_checkpoint_keep(out, run->config.keep);
}

static void tell_environment(const struct hny_run *run, json_t *object) {
    json_t *was = json_object_get(object, "environment"), *now = environment_of(run);
    const char *name;
    json_t *value;
    if (was && now) json_object_foreach(now, name, value) {
            const char *before = json_string_value(json_object_get(was, name));
            if (!before || strcmp(before, json_string_value(value)) != 0)
                hny_progress_note("%s: %s was \"%s\" and is \"%s\": the result will not be the same bits",
                                  run->job->out, name, before ? before : "unknown", json_string_value(value));
        }
    json_decref(now);
}

/* A crash may have come between the two pointers. */
static hny_status mend_best(struct hny_run *run) {
    const struct hny_schedule *schedule = &run->state.schedule;
    uint64_t step = run->heldout ? schedule->best_update : run->state.update, points = 0;
    bool found;
    struct hny_buffer folder = {0};
    if (run->heldout && !schedule->validated) return HNY_OK;
    hny_status status = hny_checkpoint_find(run->job->out, HNY_CHECKPOINT_BEST, &folder, &points, &found);
    if (status == HNY_OK && (!found || points != step))
        status = hny_checkpoint_point(run->job->out, HNY_CHECKPOINT_BEST, step);
    hny_buffer_free(&folder);
    return status;
}

static hny_status read_checkpoint(struct hny_run *run, const char *folder) {
    struct hny_buffer path = {0};
    json_t *object = NULL;
    struct blocks blocks = training_blocks(run);
    struct hny_optimiser *optimiser = run->trainer->optimiser;
    hny_real *used = optimiser->average ? optimiser->average : run->model->parameters.values;
    hny_status status = hny_checkpoint_verify(folder);
    if (status == HNY_OK) status = hny_path_join(&path, folder, "model.safetensors");
    if (status == HNY_OK)
        status =
            hny_folder_read_blocks(path.data, &run->model->parameters, &used, (const char *const[]){""}, 1);
    if (status == HNY_OK) status = hny_path_join(&path, folder, training_name);
    if (status == HNY_OK)
        status = hny_folder_read_blocks(path.data, &run->model->parameters, blocks.block, blocks.prefix,
                                        blocks.count);
    if (status == HNY_OK) status = hny_path_join(&path, folder, state_name);
    if (status == HNY_OK) status = hny_json_load(path.data, &object);
    if (status == HNY_OK) status = hny_run_state_read(&run->state, object, path.data);
    if (status == HNY_OK) {
        optimiser->step = run->state.update;
        tell_environment(run, object);
    }
    json_decref(object);
    hny_buffer_free(&path);
    return status;
}

/* Goes on from the last checkpoint, where there is one. */
static hny_status take_up(struct hny_run *run) {
    struct hny_buffer folder = {0};
    uint64_t step;
    bool found = false;
    hny_status status = hny_checkpoint_clean(run->job->out);
    if (status == HNY_OK)
        status = hny_checkpoint_find(run->job->out, HNY_CHECKPOINT_CURRENT, &folder, &step, &found);
    if (status == HNY_OK && found) status = read_checkpoint(run, folder.data);
    if (status == HNY_OK && found) status = mend_best(run);
    if (status == HNY_OK && found) status = hny_parameters_pack(&run->model->parameters, run->threads);
    if (status == HNY_OK && found)
        hny_progress_note("%s: going on after update %llu", run->job->out,
                          (unsigned long long)run->state.update);
    else if (status == HNY_OK && run->preparation.begun)
        hny_progress_note("%s: no checkpoint was saved yet: starting afresh", run->job->out);
    run->saved = run->keeps = status == HNY_OK && found;
    run->kept = run->state.update;
    hny_buffer_free(&folder);
    return status;
}

/* The weights to begin with: drawn, or those of the model that is started from. */
static hny_status begin_weights(struct hny_run *run) {
    hny_model_initialise(run->model, run->config.seed);
    if (!run->job->from) return HNY_OK;
    struct hny_model *from = NULL;
    HNY_TRY(hny_folder_read(&from, run->job->from, NULL));
    hny_status status = hny_config_same(&from->config, &run->model->config, HNY_CONFIG_MODEL);
    if (status == HNY_OK && from->parameters.count != run->model->parameters.count)
        status = hny_fail(HNY_ERROR_USAGE, "%s: its vocabulary is not that of this training", run->job->from);
    if (status == HNY_OK)
        memcpy(run->model->parameters.values, from->parameters.values,
               from->parameters.count * sizeof *from->parameters.values);
    else
        status = hny_fail_within(status, "--from %s", run->job->from);
    hny_model_destroy(&from);
    return status;
}

static hny_status freeze(struct hny_run *run) {
    for (size_t i = 0; i < run->job->freeze_count; i++) {
        size_t count = hny_parameters_freeze(&run->model->parameters, run->job->freeze[i]);
        if (count == 0)
            return hny_fail(HNY_ERROR_USAGE,
                            "--freeze %s: no tensor has such a name (honyaku info --tensors lists them)",
                            run->job->freeze[i]);
        hny_progress_note("%zu tensors named %s keep their values", count, run->job->freeze[i]);
    }
    return HNY_OK;
}

static hny_status open_model(struct hny_run *run) {
    struct hny_preparation *preparation = &run->preparation;
    HNY_TRY(hny_model_create(&run->model, &run->config, preparation->vocabulary[HNY_SOURCE],
                             preparation->vocabulary[HNY_TARGET]));
    /* the model borrows the preparation's tokenizers; hny_run_close takes them back before it goes */
    run->model->source_tokenizer = preparation->tokenizers[HNY_SOURCE];
    run->model->target_tokenizer = preparation->tokenizers[HNY_TARGET];
    HNY_TRY(begin_weights(run));
    HNY_TRY(freeze(run));
    HNY_TRY(hny_trainer_create(&run->trainer, run->model, run->threads, run->precision));
    if (run->trainer->optimiser->average)
        memcpy(run->trainer->optimiser->average, run->model->parameters.values,
               run->model->parameters.count * sizeof(hny_real));
    return HNY_OK;
}

static hny_status open_data(struct hny_run *run) {
    const struct hny_config *config = &run->config;
    const struct hny_preparation *preparation = &run->preparation;
    struct hny_batches_options options = {
        .seed = config->seed,
        .tokens = config->batch_sentences > 0 ? 0 : config->batch_tokens,
        .sentences = config->batch_sentences,
        .sampling = {.temperature = config->subword_temperature, .dropout = config->bpe_dropout}};
    HNY_TRY(hny_batches_create(&run->batches, preparation->corpus, &options, run->threads));
    if (!run->job->valid_source) return HNY_OK;
    return hny_heldout_open(&run->heldout, run->job->valid_source, run->job->valid_target,
                            preparation->tokenizers[HNY_SOURCE], preparation->tokenizers[HNY_TARGET],
                            preparation->vocabulary[HNY_SOURCE], preparation->vocabulary[HNY_TARGET]);
}

static hny_status open_log(struct hny_run *run) {
    struct hny_buffer path = {0};
    hny_status status = hny_path_join(&path, run->job->out, "log.jsonl");
    if (status == HNY_OK) status = hny_log_open(&run->log, path.data, run->state.log_bytes);
    hny_buffer_free(&path);
    return status;
}

static hny_status open_all(struct hny_run *run) {
    HNY_TRY(hny_config_check(&run->config));
    HNY_TRY(hny_precision_parse(run->config.precision, &run->precision));
    size_t threads = run->config.threads ? run->config.threads : hny_processors();
    HNY_TRY(hny_threads_create(&run->threads, threads < run->config.shards ? threads : run->config.shards));
    HNY_TRY(hny_preparation_open(&run->preparation, run->job, run->threads));
    HNY_TRY(open_data(run));
    HNY_TRY(open_model(run));
    HNY_TRY(take_up(run));
    HNY_TRY(hny_batches_seek(run->batches, run->state.position));
    HNY_TRY(open_log(run));
    const struct hny_parameters *parameters = &run->model->parameters;
    hny_progress_note("%zu tensors, %zu numbers to learn, %zu frozen; %s, %s, %zu threads",
                      parameters->tensor_count, hny_parameters_numbers(parameters, false),
                      hny_parameters_numbers(parameters, true), hny_product_library(),
                      hny_precision_name(run->precision), hny_threads_count(run->threads));
    return HNY_OK;
}

hny_status hny_run_open(struct hny_run *run, const struct hny_train_job *job) {
    *run = (struct hny_run){.job = job, .config = job->config, .preparation = {.lock = -1}};
    return open_all(run);
}

void hny_run_close(struct hny_run *run) {
    hny_log_close(&run->log);
    hny_trainer_destroy(&run->trainer);
    if (run->model) run->model->source_tokenizer = run->model->target_tokenizer = NULL;
    hny_model_destroy(&run->model);
    hny_heldout_close(&run->heldout);
    hny_batches_destroy(&run->batches);
    hny_preparation_close(&run->preparation);
    hny_threads_destroy(&run->threads);
}
