/* Child processes that are started again when they end: a broker and its workers, the stages of a stream. */
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
 * gets SIGTERM when this process dies, and does not hear SIGINT and SIGHUP, which a terminal sends to both.
 * FILE, unless -1, stays open in it under the same number. ORDER: children of a lower one are stopped first.
 */
hny_status hny_supervisor_add(struct hny_supervisor *supervisor, const char *path, const char *const *words,
                              int file, unsigned order);

/* What the child added last is called in messages, below 64 bytes; without it its first word. */
void hny_supervisor_name(struct hny_supervisor *supervisor, const char *name);

/* Children say here that they are ready (base/notify.h): a socket at PATH, in a folder that only its user
 * enters, is made, and removed in the end. Without it a child is ready once it has been started. */
hny_status hny_supervisor_listen(struct hny_supervisor *supervisor, const char *path);

/* What is to happen when children are to be replaced. RELOAD is called in hny_supervisor_run when SIGHUP has
 * come: children that it adds are a new generation, and live beside the older ones of their order until all
 * of them are ready; then the older ones get SIGTERM and are not started again. Where one of the new ones
 * ends before, or PATIENCE ms have passed, they are given up, and the older ones stay. DONE is called when
 * all that were given up have ended; where the older ones were not REPLACED, hny_message() says why. CONTEXT
 * goes to both. */
struct hny_supervisor_reload {
    hny_status (*reload)(void *context);
    void (*done)(void *context, bool replaced);
    unsigned patience;
    void *context;
};
void hny_supervisor_on_reload(struct hny_supervisor *supervisor, const struct hny_supervisor_reload *reload);

/* The child added last has work that ends: with status 0 it has finished, and once all such children have the
 * others are stopped. Where there are such children the pauses grow to 1 second alone, and one that ends by
 * itself with another status, six times without having lived for 10 seconds, is given up. */
void hny_supervisor_finishes(struct hny_supervisor *supervisor);

void hny_supervisor_signal(const struct hny_supervisor *supervisor, unsigned order,
                           int number); /* sends it to the children of ORDER */

/* Keeps the children alive until hny_stop_requested() (base/progress.h) or all is finished; then SIGTERM
 * order by order, each after the children of the one before have ended, and SIGKILL for those that have not
 * after PATIENCE ms. HNY_ERROR_IO where one was given up: then all are stopped too. Says that this process is
 * ready when all children first are. */
hny_status hny_supervisor_run(struct hny_supervisor *supervisor, unsigned patience);

bool hny_supervisor_finished(const struct hny_supervisor *supervisor); /* all that can have */

void hny_supervisor_destroy(
    struct hny_supervisor **supervisor); /* kills what lives; nulls; NULL is allowed */

#endif
