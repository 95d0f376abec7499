#include "pipeline/supervisor.h"

#include "base/memory.h"
#include "base/notify.h"
#include "base/progress.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FIRST_PAUSE 0.2
#define LONGEST_PAUSE 5.0
#define LONGEST_PAUSE_WITH_END 1.0 /* somebody waits for the end */
#define GOOD_LIFE 10.0
#define MOST_FAILURES 6 /* in a row, each by a child's own decision */

struct child {
    char *path;
    char **words;
    int file;
    unsigned order;
    unsigned generation;
    pid_t process; /* 0: not running */
    bool ready;
    bool retired; /* it ends, and is not started again */
    double begun, pause, due, lived, kill_at;
    int ended; /* its last status, as wait gives it */
    unsigned failures;
    bool finishes, finished;
    char name[64];
};

struct hny_supervisor {
    struct child *children;
    size_t count, capacity;
    char *place; /* of the socket where children say that they are ready; NULL: there is none */
    int socket;
    unsigned generation; /* of children that are added */
    struct hny_supervisor_reload reload;
    enum { STEADY, RENEWING, RETIRING } phase;
    bool failed, replaced; /* the newest generation; how the renewal comes out */
    char why[512];         /* it was not replaced */
    double renew_end;
    bool announced;
};

hny_status hny_supervisor_create(struct hny_supervisor **supervisor) {
    *supervisor = hny_allocate(1, sizeof **supervisor);
    if (!*supervisor) return HNY_ERROR_MEMORY;
    (*supervisor)->socket = -1;
    return HNY_OK;
}

hny_status hny_supervisor_listen(struct hny_supervisor *supervisor, const char *path) {
    supervisor->place = strdup(path);
    if (!supervisor->place) return hny_fail(HNY_ERROR_MEMORY, "out of memory for a path");
    return hny_notify_listen(path, &supervisor->socket);
}

void hny_supervisor_on_reload(struct hny_supervisor *supervisor, const struct hny_supervisor_reload *reload) {
    supervisor->reload = *reload;
    hny_reload_catch();
}

static void free_child(struct child *child) {
    for (size_t i = 0; child->words && child->words[i]; i++) free(child->words[i]);
    free(child->words);
    free(child->path);
}

void hny_supervisor_destroy(struct hny_supervisor **supervisor) {
    struct hny_supervisor *old = *supervisor;
    if (!old) return;
    for (size_t i = 0; i < old->count; i++) {
        struct child *child = &old->children[i];
        if (child->process > 0 && kill(child->process, SIGKILL) == 0) waitpid(child->process, NULL, 0);
        free_child(child);
    }
    if (old->socket >= 0) close(old->socket);
    if (old->place) unlink(old->place);
    free(old->place);
    free(old->children);
    free(old);
    *supervisor = NULL;
}

hny_status hny_supervisor_add(struct hny_supervisor *supervisor, const char *path, const char *const *words,
                              int file, unsigned order) {
    struct child child = {.path = strdup(path),
                          .file = file,
                          .order = order,
                          .generation = supervisor->generation,
                          .pause = FIRST_PAUSE};
    size_t count = 0;
    while (words[count]) count++;
    snprintf(child.name, sizeof child.name, "%s", count > 1 ? words[1] : path);
    child.words = calloc(count + 1, sizeof *child.words);
    bool complete = child.path && child.words;
    for (size_t i = 0; complete && i < count; i++) complete = (child.words[i] = strdup(words[i])) != NULL;
    if (!complete || hny_grow(&supervisor->children, &supervisor->capacity, supervisor->count + 1,
                              sizeof *supervisor->children)) {
        free_child(&child);
        return hny_fail(HNY_ERROR_MEMORY, "out of memory for a child process");
    }
    supervisor->children[supervisor->count++] = child;
    return HNY_OK;
}

/* In the child: signals as a new process has them, and an end with the parent's. What a terminal says to all
 * of its processes at once is this process's own business, since it ends its children one after another. */
static void become(const struct child *child, const char *place, pid_t parent) {
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGHUP);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
    signal(SIGPIPE, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(1);
    if (child->file >= 0) fcntl(child->file, F_SETFD, 0);
    if (place)
        setenv("NOTIFY_SOCKET", place, 1);
    else
        unsetenv("NOTIFY_SOCKET"); /* this process's own business */
    execv(child->path, child->words);
    _exit(127);
}

static void note_start(const struct child *child) {
    if (child->begun == 0) return;
    bool killed = WIFSIGNALED(child->ended);
    hny_progress_note("%s: %s %d after %.1f s; started again as %d", child->name,
                      killed ? "killed by signal" : "ended with status",
                      killed ? WTERMSIG(child->ended) : WEXITSTATUS(child->ended), child->lived,
                      (int)child->process);
}

static hny_status start(struct child *child, const char *place) {
    pid_t parent = getpid(), process = fork();
    if (process < 0) return hny_fail_errno("cannot start %s %s", child->path, child->words[1]);
    if (process == 0) become(child, place, parent);
    child->process = process;
    note_start(child);
    child->begun = hny_seconds();
    child->ready = place == NULL;
    return HNY_OK;
}

static void note_end(struct child *child, int status, double longest) {
    double now = hny_seconds();
    child->ended = status;
    child->lived = now - child->begun;
    child->finished = child->finishes && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (child->lived >= GOOD_LIFE) child->pause = FIRST_PAUSE;
    child->due = now + child->pause;
    child->pause = 2 * child->pause < longest ? 2 * child->pause : longest;
    bool failed = WIFEXITED(status) && WEXITSTATUS(status) != 0 && child->lived < GOOD_LIFE;
    child->failures = failed ? child->failures + 1 : 0;
}

static bool has_end(const struct hny_supervisor *supervisor) {
    bool any = false;
    for (size_t i = 0; i < supervisor->count; i++) any = any || supervisor->children[i].finishes;
    return any;
}

static void forget_child(struct hny_supervisor *supervisor, size_t at) {
    struct child *children = supervisor->children;
    free_child(&children[at]);
    memmove(children + at, children + at + 1, (supervisor->count - at - 1) * sizeof *children);
    supervisor->count--;
}

static void reap(struct hny_supervisor *supervisor) {
    int status;
    for (size_t i = supervisor->count; i-- > 0;) {
        struct child *child = &supervisor->children[i];
        if (child->process <= 0 || waitpid(child->process, &status, WNOHANG) != child->process) continue;
        child->process = 0;
        child->ready = false;
        if (child->retired)
            forget_child(supervisor, i);
        else if (supervisor->phase == RENEWING && child->generation == supervisor->generation)
            supervisor->failed = true;
        else
            note_end(child, status, has_end(supervisor) ? LONGEST_PAUSE_WITH_END : LONGEST_PAUSE);
    }
}

static void doze(void) {
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
}

/* Whether children of ORDER live; where SIGNAL is not 0 they get it. */
static bool any_lives(const struct hny_supervisor *supervisor, unsigned order, int signal_number) {
    bool any = false;
    for (size_t i = 0; i < supervisor->count; i++) {
        const struct child *child = &supervisor->children[i];
        if (child->order != order || child->process <= 0) continue;
        any = true;
        if (signal_number) kill(child->process, signal_number);
    }
    return any;
}

void hny_supervisor_signal(const struct hny_supervisor *supervisor, unsigned order, int number) {
    any_lives(supervisor, order, number);
}

static void stop_order(struct hny_supervisor *supervisor, unsigned order, unsigned patience) {
    double end = hny_seconds() + patience / 1000.0;
    any_lives(supervisor, order, SIGTERM);
    while (any_lives(supervisor, order, 0)) {
        doze();
        reap(supervisor);
        if (hny_seconds() >= end) any_lives(supervisor, order, SIGKILL);
    }
}

/* --- One generation after another ------------------------------------------------------------------- */

static bool all_ready(const struct hny_supervisor *supervisor, unsigned generation) {
    for (size_t i = 0; i < supervisor->count; i++) {
        const struct child *child = &supervisor->children[i];
        if (child->generation == generation && !child->retired && !child->ready) return false;
    }
    return true;
}

static void retire(struct hny_supervisor *supervisor, size_t at, unsigned patience) {
    struct child *child = &supervisor->children[at];
    child->retired = true;
    child->kill_at = hny_seconds() + patience / 1000.0;
    if (child->process > 0)
        kill(child->process, SIGTERM);
    else
        forget_child(supervisor, at);
}

static bool is_replaced(const struct hny_supervisor *supervisor, const struct child *old) {
    for (size_t i = 0; i < supervisor->count; i++)
        if (supervisor->children[i].generation == supervisor->generation &&
            supervisor->children[i].order == old->order)
            return true;
    return false;
}

/* The newest generation stays where REPLACED, and what it stands for goes; else the other way round. */
static void settle(struct hny_supervisor *supervisor, bool replaced, unsigned patience) {
    if (!replaced) snprintf(supervisor->why, sizeof supervisor->why, "%s", hny_message());
    for (size_t i = supervisor->count; i-- > 0;) {
        const struct child *child = &supervisor->children[i];
        bool newest = child->generation == supervisor->generation;
        if (!child->retired && (replaced ? !newest && is_replaced(supervisor, child) : newest))
            retire(supervisor, i, patience);
    }
    supervisor->replaced = replaced;
    supervisor->phase = RETIRING;
}

/* It is done when what is given up has ended: nobody asks the old ones any more then. */
static void finish(struct hny_supervisor *supervisor) {
    for (size_t i = 0; i < supervisor->count; i++)
        if (supervisor->children[i].retired) return;
    if (!supervisor->replaced) supervisor->generation--;
    supervisor->phase = STEADY;
    if (!supervisor->replaced) {
        hny_fail(HNY_ERROR_IO, "%s", supervisor->why); /* whatever was said since */
        hny_progress_note("not replaced: %s", supervisor->why);
    }
    if (supervisor->reload.done) supervisor->reload.done(supervisor->reload.context, supervisor->replaced);
}

static void begin_renewing(struct hny_supervisor *supervisor, unsigned patience) {
    supervisor->generation++;
    supervisor->failed = false;
    supervisor->phase = RENEWING;
    supervisor->renew_end = hny_seconds() + supervisor->reload.patience / 1000.0;
    if (supervisor->reload.reload(supervisor->reload.context) != HNY_OK) settle(supervisor, false, patience);
}

static void renew(struct hny_supervisor *supervisor, unsigned patience) {
    switch (supervisor->phase) {
    case STEADY:
        if (supervisor->reload.reload && hny_reload_requested()) begin_renewing(supervisor, patience);
        break;
    case RENEWING:
        if (supervisor->failed || hny_seconds() >= supervisor->renew_end) {
            hny_fail(HNY_ERROR_IO, "a new process %s",
                     supervisor->failed ? "has ended" : "does not get ready");
            settle(supervisor, false, patience);
        } else if (all_ready(supervisor, supervisor->generation)) {
            settle(supervisor, true, patience);
        }
        break;
    case RETIRING:
        finish(supervisor);
        break;
    }
}

/* --- Running ---------------------------------------------------------------------------------------- */

static void hear_ready(struct hny_supervisor *supervisor) {
    pid_t process;
    while (supervisor->socket >= 0 && hny_notify_next(supervisor->socket, &process))
        for (size_t i = 0; i < supervisor->count; i++)
            if (supervisor->children[i].process == process) supervisor->children[i].ready = true;
    if (supervisor->announced || !all_ready(supervisor, 0)) return;
    supervisor->announced = true;
    hny_notify_ready();
}

void hny_supervisor_name(struct hny_supervisor *supervisor, const char *name) {
    struct child *child = &supervisor->children[supervisor->count - 1];
    snprintf(child->name, sizeof child->name, "%s", name);
}

void hny_supervisor_finishes(struct hny_supervisor *supervisor) {
    supervisor->children[supervisor->count - 1].finishes = true;
}

bool hny_supervisor_finished(const struct hny_supervisor *supervisor) {
    for (size_t i = 0; i < supervisor->count; i++)
        if (supervisor->children[i].finishes && !supervisor->children[i].finished) return false;
    return has_end(supervisor);
}

static hny_status start_due(struct hny_supervisor *supervisor) {
    double now = hny_seconds();
    for (size_t i = 0; i < supervisor->count; i++) {
        struct child *child = &supervisor->children[i];
        if (child->retired && now >= child->kill_at) kill(child->process, SIGKILL);
        if (child->process != 0 || child->retired || child->finished || now < child->due) continue;
        if (child->failures >= MOST_FAILURES && has_end(supervisor))
            return hny_fail(HNY_ERROR_IO, "%s ends with status %d again and again: given up", child->name,
                            WEXITSTATUS(child->ended));
        HNY_TRY(start(child, supervisor->place));
    }
    return HNY_OK;
}

hny_status hny_supervisor_run(struct hny_supervisor *supervisor, unsigned patience) {
    hny_status status = HNY_OK;
    unsigned last = 0;
    for (size_t i = 0; i < supervisor->count; i++)
        if (supervisor->children[i].order > last) last = supervisor->children[i].order;
    while (status == HNY_OK && !hny_stop_requested() && !hny_supervisor_finished(supervisor)) {
        status = start_due(supervisor);
        doze();
        hear_ready(supervisor);
        reap(supervisor);
        renew(supervisor, patience);
    }
    for (unsigned order = 0; order <= last; order++) stop_order(supervisor, order, patience);
    return status;
}
