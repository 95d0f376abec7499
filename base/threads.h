/* A fixed team of threads that runs the same function over the parts of a job. */
#ifndef HNY_BASE_THREADS_H
#define HNY_BASE_THREADS_H

#include "base/status.h"
#include <stddef.h>

struct hny_threads;

/* COUNT threads in all, the calling one among them: COUNT 1 makes none. */
hny_status hny_threads_create(struct hny_threads **threads, size_t count);
void hny_threads_destroy(struct hny_threads **threads); /* nulls; NULL is allowed */
size_t hny_threads_count(const struct hny_threads *threads);

/* Calls TASK(CONTEXT, part, thread) once for each part 0…PARTS-1; a thread that is
 * free takes the next part, so which has which is left to chance, but no two parts of one thread run at once.
 * Returns when all are done: HNY_OK, or the status of the lowest failing part, its message in the caller's
 * hny_message(). The caller is thread 0. Once a part has failed no further ones begin. Not from within a
 * task. */
typedef hny_status hny_task(void *context, size_t part, size_t thread);
hny_status hny_threads_run(struct hny_threads *threads, size_t parts, hny_task *task, void *context);

/* Processors that this process may run on (its affinity), at least 1. */
size_t hny_processors(void);

#endif
