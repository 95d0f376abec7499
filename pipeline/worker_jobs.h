/* A worker's jobs on their way through a translator: each has one or more sentences, and is done when the
 * last of them is. */
#ifndef HNY_PIPELINE_WORKER_JOBS_H
#define HNY_PIPELINE_WORKER_JOBS_H

#include "model/translator.h"
#include "pipeline/message.h"

struct hny_worker_jobs;

/* MODEL NULL: an echo, which gives back what it gets. OPTIONS of the translator; lines leave it in any order.
 */
hny_status hny_worker_jobs_create(struct hny_worker_jobs **jobs, const struct hny_model *model,
                                  const struct hny_translator_options *options);
void hny_worker_jobs_destroy(struct hny_worker_jobs **jobs); /* nulls; NULL is allowed */

/* Begins job NUMBER; the reference to PAYLOAD becomes the jobs'. Of its options "nbest", "beam", "scores" and
 * "alignment" count (pipeline/PROTOCOL.md). Failure: the worker had better end. */
hny_status hny_worker_jobs_start(struct hny_worker_jobs *jobs, uint64_t number, struct hny_payload *payload);

/* Job NUMBER is not wanted any more: nothing comes of it, and no more is computed for it. */
void hny_worker_jobs_cancel(struct hny_worker_jobs *jobs, uint64_t number);

/* A job that is done: its translations, which are the caller's to drop, or a refusal. */
struct hny_worker_done {
    uint64_t number;
    enum hny_refusal refusal;
    struct hny_payload *payload;
};
hny_status hny_worker_jobs_take(struct hny_worker_jobs *jobs, struct hny_worker_done *done, bool *taken);

/* As hny_translator_notice, -1 for an echo; and a counter that moves while there is work. */
int hny_worker_jobs_notice(const struct hny_worker_jobs *jobs);
uint64_t hny_worker_jobs_steps(const struct hny_worker_jobs *jobs);

/* Whether _take may have something without a further notice: it does only so much at a time. */
bool hny_worker_jobs_more(const struct hny_worker_jobs *jobs);

#endif
