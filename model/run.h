/* A training run between two updates: what it works with, and the state that a checkpoint keeps of it.
 * Everything that decides what comes next is in the state, so that a run read back goes on as if it had never
 * stopped. */
#ifndef HNY_MODEL_RUN_H
#define HNY_MODEL_RUN_H

#include "base/progress.h"
#include "model/batches.h"
#include "model/heldout.h"
#include "model/preparation.h"
#include "model/schedule.h"

struct hny_run_state {
    uint64_t update;                    /* done */
    uint64_t tokens;                    /* target tokens learned from, ends counted */
    struct hny_batch_position position; /* of the next batch */
    struct hny_schedule schedule;
    uint64_t validated;    /* update of the last validation */
    bool exhausted;        /* patience ended it */
    double seconds;        /* spent on updates and validations; decides nothing but max_minutes */
    struct hny_loss since; /* since the last line of the log */
    uint64_t since_updates;
    double since_seconds;
    double norm; /* of the last gradient */
    unsigned long long log_bytes;
};

struct hny_run {
    const struct hny_train_job *job;
    struct hny_config config; /* checked and completed */
    enum hny_precision precision;
    struct hny_threads *threads;
    struct hny_preparation preparation;
    struct hny_model *model;
    struct hny_trainer *trainer;
    struct hny_batches *batches;
    struct hny_heldout *heldout; /* NULL without validation files */
    struct hny_log *log;
    struct hny_run_state state;
    struct hny_heldout_scores scores; /* of the last validation, for config.json */
    bool scored;                      /* scores are those of the weights as they are now */
    bool saved;                       /* the current checkpoint holds this very state */
    bool keeps;                       /* there is a current checkpoint */
    uint64_t kept;                    /* its update */
};

/* Makes everything that RUN works with, and reads the last checkpoint where there is one. */
hny_status hny_run_open(struct hny_run *run, const struct hny_train_job *job);
void hny_run_close(struct hny_run *run);

/* Writes a checkpoint of the state; BEST moves the pointer to the best weights here as well. Without
 * validation files the latest weights are the best. */
hny_status hny_run_save(struct hny_run *run, bool best);

#endif
