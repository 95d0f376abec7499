/* Threads that translate ids, each with an engine of its own, fed from one queue. Which thread translates a
 * sentence, and beside which others, changes nothing in the result. */
#ifndef HNY_MODEL_WORKERS_H
#define HNY_MODEL_WORKERS_H

#include "decoder/search.h"
#include "model/model.h"

/* A sentence. The fields above the line are the caller's to fill in; job and ids stay where they are until
 * the job is done or the workers are destroyed. */
struct hny_job {
    const int32_t *ids; /* [count], at least 1 */
    size_t count;
    struct hny_search_options options;
    /* ---- */
    struct hny_translation translation; /* the caller's once the job is done */
    bool done;                          /* read it through hny_workers_done */
    struct hny_job *next, *next_cancelled;
    void *holder; /* the worker that has it; NULL: none yet */
};

struct hny_workers;

/* COUNT threads (at least 1) besides the caller's, with engines of ROWS that use the model's SHORTLIST or do
 * not. MODEL and VIEW as for hny_engine_create. The workers' functions are for one thread, the caller's. */
hny_status hny_workers_create(struct hny_workers **workers, const struct hny_model *model,
                              const struct hny_search_model *view, size_t count, size_t rows, bool shortlist);

/* Jobs that are not done stay so. Nulls; NULL is allowed. */
void hny_workers_destroy(struct hny_workers **workers);

/* COUNT jobs at once, so that they are read together. Returns at once. */
void hny_workers_give(struct hny_workers *workers, struct hny_job *jobs, size_t count);

/* A job that nobody wants any more: it is done with an empty translation, at once or before the next step of
 * the engine that has it, unless it was done already. */
void hny_workers_cancel(struct hny_workers *workers, struct hny_job *job);

bool hny_workers_done(struct hny_workers *workers, const struct hny_job *job);
size_t hny_workers_undone(struct hny_workers *workers); /* jobs given and not done */

/* A file descriptor (eventfd(2)) that is readable since a job was done, or a worker failed, until it is read.
 */
int hny_workers_notice(const struct hny_workers *workers);

/* Grows with every step of every engine: one that stands still while jobs are undone hangs. */
uint64_t hny_workers_steps(const struct hny_workers *workers);

/* Waits until fewer than UNDONE jobs are undone. Where a worker has failed: its status and message, for this
 * and every later call. */
hny_status hny_workers_wait(struct hny_workers *workers, size_t undone);

#endif
