/* A worker's process: a model that translates what a broker hands out. One thread speaks with the broker, and
 * beats while others compute. */
#ifndef HNY_PIPELINE_WORKER_H
#define HNY_PIPELINE_WORKER_H

#include "model/translator.h"
#include "pipeline/message.h"

struct hny_worker_options {
    const char *broker;            /* the endpoint of its workers */
    const char *key, *server;      /* files with its keys and the broker's public one; NULL: no keys */
    const struct hny_model *model; /* borrowed; NULL: an echo, which gives back what it gets */
    const char *const *names;      /* what requests call the model: the main one first */
    size_t name_count;
    struct hny_translator_options translator; /* .threads: that compute */
    uint32_t credit; /* bytes: work comes while it holds less; 0: 64 a row and thread of the translator's */
    uint64_t beat;   /* ms */
};
void hny_worker_options_defaults(struct hny_worker_options *options); /* the pointers stay NULL */

/* Gives up what a worker does not need (pipeline/confine.h): the process is good for nothing else from here
 * on. Works until hny_stop_requested() (base/progress.h); finishes what it holds. A broker that is not there,
 * or does not let it in, is waited for, which is said once on standard error. */
hny_status hny_worker_run(const struct hny_worker_options *options);

#endif
