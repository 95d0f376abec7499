#include "model/trainer.h"

#include "base/progress.h"

#include <stdlib.h>
#include <string.h>

/* A shard's share of an update. */
struct hny_trainer_part {
    struct hny_loss loss;
    struct hny_pair *pairs; /* of the batch at hand */
    size_t capacity;
    struct hny_pass *pass;
    bool more; /* words of the pass are left */
};

hny_status hny_trainer_create(struct hny_trainer **trainer, struct hny_model *model,
                              struct hny_threads *threads, enum hny_precision precision) {
    const struct hny_config *config = &model->config;
    struct hny_optimiser_options options = {
        .kind = strcmp(config->optimiser, "sgd") == 0 ? HNY_OPTIMISER_SGD : HNY_OPTIMISER_ADAM,
        .beta1 = config->beta1,
        .beta2 = config->beta2,
        .epsilon = config->epsilon,
        .momentum = config->momentum,
        .clip = config->clip,
        .average = config->average,
        .weight_decay = config->weight_decay};
    if (hny_threads_count(threads) > config->shards)
        return hny_fail(HNY_ERROR_USAGE, "%zu threads for %llu shards", hny_threads_count(threads),
                        (unsigned long long)config->shards);
    struct hny_trainer *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->model = model;
    made->threads = threads;
    made->shards = config->shards;
    made->computes = hny_allocate(made->shards, sizeof *made->computes);
    made->parts = hny_allocate(made->shards, sizeof *made->parts);
    hny_status status = made->computes && made->parts ? HNY_OK : HNY_ERROR_MEMORY;
    for (size_t s = 0; status == HNY_OK && s < made->shards; s++) {
        status = hny_model_compute_create(&made->computes[s], model, precision);
        if (status != HNY_OK) break;
        made->computes[s]->seed = config->seed;
    }
    if (status == HNY_OK) status = hny_gradients_create(&made->gradients, &model->parameters, made->shards);
    if (status == HNY_OK) status = hny_optimiser_create(&made->optimiser, &model->parameters, &options);
    if (status == HNY_OK) status = hny_parameters_prepare(&model->parameters, precision, true);
    if (status == HNY_OK) status = hny_parameters_pack(&model->parameters, threads);
    if (status != HNY_OK) hny_trainer_destroy(&made);
    *trainer = made;
    return status;
}

void hny_trainer_destroy(struct hny_trainer **trainer) {
    struct hny_trainer *old = *trainer;
    if (!old) return;
    if (old->optimiser && old->averaged) {
        hny_real *values = old->model->parameters.values;
        old->model->parameters.values = old->optimiser->average;
        old->optimiser->average = values;
    }
    for (size_t s = 0; s < old->shards; s++) {
        if (old->computes) hny_compute_destroy(&old->computes[s]);
        if (old->parts) free(old->parts[s].pairs);
    }
    free(old->parts);
    free(old->computes);
    hny_gradients_destroy(&old->gradients);
    hny_optimiser_destroy(&old->optimiser);
    free(old);
    *trainer = NULL;
}

/* What the shards' parts of a batch share. */
struct update {
    struct hny_trainer *trainer;
    const struct hny_trainer_batch *batch;
    uint64_t number;
    size_t place; /* of the batch in the update */
};

/* The pairs of one shard: every shards-th of the batch, so that lengths spread evenly where it is sorted. */
static hny_status begin_shard(void *context, size_t shard, size_t thread) {
    (void)thread;
    struct update *update = context;
    struct hny_trainer *trainer = update->trainer;
    const struct hny_trainer_batch *batch = update->batch;
    struct hny_compute *compute = trainer->computes[shard];
    struct hny_trainer_part *part = &trainer->parts[shard];
    size_t mine = batch->count > shard ? (batch->count - shard - 1) / trainer->shards + 1 : 0;
    if (hny_grow(&part->pairs, &part->capacity, mine + 1, sizeof *part->pairs)) return HNY_ERROR_MEMORY;
    for (size_t p = 0; p < mine; p++) part->pairs[p] = batch->pairs[shard + p * trainer->shards];
    compute->notes = &trainer->gradients->notes[shard];
    compute->training = true;
    compute->update = (uint32_t)update->number;
    compute->shard = (uint32_t)(update->place * trainer->shards + shard);
    part->more = true;
    return hny_pass_begin(trainer->model, compute, part->pairs, mine, &part->pass);
}

static hny_status shard_words(void *context, size_t shard, size_t thread) {
    (void)thread;
    struct hny_trainer_part *part = &((struct update *)context)->trainer->parts[shard];
    return part->more ? hny_pass_words(part->pass, &part->loss, &part->more) : HNY_OK;
}

static hny_status end_shard(void *context, size_t shard, size_t thread) {
    (void)thread;
    return hny_pass_end(((struct update *)context)->trainer->parts[shard].pass);
}

/* Runs TASK for every shard, and computes the gradients that were noted in it. */
static hny_status run_shards(struct update *update, hny_task *task) {
    struct hny_trainer *trainer = update->trainer;
    HNY_TRY(hny_threads_run(trainer->threads, trainer->shards, task, update));
    return hny_gradients_compute(trainer->gradients, trainer->computes, trainer->threads);
}

static bool more_words(const struct hny_trainer *trainer) {
    for (size_t s = 0; s < trainer->shards; s++)
        if (trainer->parts[s].more) return true;
    return false;
}

static hny_status run_batch(struct update *update) {
    HNY_TRY(run_shards(update, begin_shard));
    while (more_words(update->trainer)) HNY_TRY(run_shards(update, shard_words));
    return run_shards(update, end_shard);
}

static void add_loss(struct hny_loss *sum, const struct hny_loss *part) {
    sum->cross_entropy += part->cross_entropy;
    sum->smoothed += part->smoothed;
    sum->tokens += part->tokens;
    sum->correct += part->correct;
}

hny_status hny_trainer_update(struct hny_trainer *trainer, const struct hny_trainer_batch *batches,
                              size_t count, uint64_t update, double rate, struct hny_loss *loss,
                              double *norm) {
    struct update job = {.trainer = trainer, .number = update};
    *loss = (struct hny_loss){0};
    for (size_t s = 0; s < trainer->shards; s++) trainer->parts[s].loss = (struct hny_loss){0};
    hny_gradients_clear(trainer->gradients);
    for (job.place = 0; job.place < count; job.place++) {
        job.batch = &batches[job.place];
        HNY_TRY(run_batch(&job));
    }
    for (size_t s = 0; s < trainer->shards; s++) add_loss(loss, &trainer->parts[s].loss);
    if (loss->tokens == 0) return hny_fail(HNY_ERROR_USAGE, "an update needs at least one pair");
    HNY_TRY(hny_optimiser_step(trainer->optimiser, &trainer->model->parameters, trainer->gradients,
                               1 / (double)loss->tokens, rate, trainer->threads, norm));
    return hny_parameters_pack(&trainer->model->parameters, trainer->threads);
}

/* Held-out pairs are computed in fixed parts, so that their sum has a fixed order. */
enum { PAIRS_A_PART = 64 };

struct evaluation {
    struct hny_trainer *trainer;
    const struct hny_pair *pairs;
    size_t count;
    struct hny_loss *losses;
};

static hny_status run_part(void *context, size_t part, size_t thread) {
    struct evaluation *job = context;
    if (hny_stop_requested()) return HNY_INTERRUPTED;
    struct hny_compute *compute = job->trainer->computes[thread];
    compute->notes = NULL;
    compute->training = false;
    size_t first = part * PAIRS_A_PART, left = job->count - first;
    return hny_model_pass(job->trainer->model, compute, job->pairs + first,
                          left < PAIRS_A_PART ? left : PAIRS_A_PART, &job->losses[part], NULL);
}

hny_status hny_trainer_evaluate(struct hny_trainer *trainer, const struct hny_pair *pairs, size_t count,
                                struct hny_loss *loss) {
    size_t parts = (count + PAIRS_A_PART - 1) / PAIRS_A_PART;
    struct hny_loss *losses = calloc(parts + 1, sizeof *losses);
    if (!losses) return hny_fail(HNY_ERROR_MEMORY, "out of memory for %zu parts", parts);
    struct evaluation job = {trainer, pairs, count, losses};
    hny_status status = hny_threads_run(trainer->threads, parts, run_part, &job);
    for (size_t p = 0; p < parts; p++) add_loss(loss, &losses[p]);
    free(losses);
    return status;
}

hny_status hny_trainer_average(struct hny_trainer *trainer, bool averaged) {
    struct hny_optimiser *optimiser = trainer->optimiser;
    if (!optimiser->average || trainer->averaged == averaged) return HNY_OK;
    hny_real *values = trainer->model->parameters.values;
    trainer->model->parameters.values = optimiser->average;
    optimiser->average = values;
    trainer->averaged = averaged;
    return hny_parameters_pack(&trainer->model->parameters, trainer->threads);
}

/* Enough that the samples' target words pass those whose logits are held at once (decoder/softmax.c). */
enum { SAMPLE_PAIRS = 32, SAMPLE_SHORT = 8, SAMPLE_LONG = 16 };

/* Activations of pairs of SOURCE and TARGET words, all of them the end: any words cost the same. */
static hny_status run_sample(struct hny_trainer *trainer, size_t source, size_t target, double *bytes) {
    struct hny_compute *compute = trainer->computes[0];
    int32_t ids[SAMPLE_LONG];
    struct hny_pair sample[SAMPLE_PAIRS];
    for (size_t i = 0; i < SAMPLE_LONG; i++) ids[i] = HNY_ID_END;
    for (size_t p = 0; p < SAMPLE_PAIRS; p++) sample[p] = (struct hny_pair){ids, ids, source, target};
    struct hny_loss loss = {0};
    compute->notes = &trainer->gradients->notes[0];
    compute->training = true;
    HNY_TRY(hny_model_pass(trainer->model, compute, sample, SAMPLE_PAIRS, &loss, NULL));
    *bytes = (double)hny_arena_used(compute->arena);
    hny_gradients_clear(trainer->gradients);
    return HNY_OK;
}

hny_status hny_trainer_bytes(struct hny_trainer *trainer, size_t source_rows, size_t target_rows,
                             size_t *fixed, size_t *activations) {
    const struct hny_parameters *parameters = &trainer->model->parameters;
    size_t blocks = 1, packed = 0;
    blocks += (trainer->optimiser->first != NULL) + (trainer->optimiser->second != NULL) +
              (trainer->optimiser->average != NULL);
    for (size_t i = 0; i < parameters->tensor_count; i++)
        if (parameters->tensors[i]->weights) packed += hny_weights_bytes(parameters->tensors[i]->weights);
    *fixed = blocks * parameters->count * sizeof(hny_real) + packed + hny_gradients_bytes(trainer->gradients);
    double small, source, target;
    HNY_TRY(run_sample(trainer, SAMPLE_SHORT, SAMPLE_SHORT, &small));
    HNY_TRY(run_sample(trainer, SAMPLE_LONG, SAMPLE_SHORT, &source));
    HNY_TRY(run_sample(trainer, SAMPLE_SHORT, SAMPLE_LONG, &target));
    const double more = SAMPLE_PAIRS * (SAMPLE_LONG - SAMPLE_SHORT),
                 rows = SAMPLE_PAIRS * (SAMPLE_SHORT + 1); /* the end is a row too */
    double a_source = (source - small) / more, a_target = (target - small) / more;
    double a_shard = small - rows * (a_source + a_target);
    *activations = (size_t)((double)trainer->shards * a_shard + (double)source_rows * a_source +
                            (double)target_rows * a_target);
    return HNY_OK;
}
