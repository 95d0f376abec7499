/* Child processes that are started again when they end: a broker and its workers. */
#ifndef HNY_PIPELINE_SUPERVISOR_H
#define HNY_PIPELINE_SUPERVISOR_H

#include "base/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct hny_supervisor;

hny_status hny_supervisor_create(struct hny_supervisor **supervisor);

/* A child that runs WORDS (NULL at the end; copied) of the program PATH, and again when it ends, after 0.2
 * seconds, then twice as long each time, up to 5 seconds, and from 0.2 again once it has lived for 10. It
 * gets SIGTERM when this process dies. FILE, unless -1, stays open in it under the same number. ORDER:
 * children of a lower one are stopped first. */
hny_status hny_supervisor_add(struct hny_supervisor *supervisor, const char *path, const char *const *words,
                              int file, unsigned order);

/* Keeps the children alive until hny_stop_requested() (base/progress.h); then SIGTERM order by order, each
 * after the children of the one before have ended, and SIGKILL for those that have not after PATIENCE ms. */
hny_status hny_supervisor_run(struct hny_supervisor *supervisor, unsigned patience);

void hny_supervisor_destroy(
    struct hny_supervisor **supervisor); /* kills what lives; nulls; NULL is allowed */

#endif
