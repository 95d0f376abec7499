#include "pipeline/supervisor.h"

#include "base/memory.h"
#include "base/progress.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FIRST_PAUSE 0.2
#define LONGEST_PAUSE 5.0
#define GOOD_LIFE 10.0

struct child {
    char *path;
    char **words;
    int file;
    unsigned order;
    pid_t process; /* 0: not running */
    double begun, pause, due;
};

struct hny_supervisor {
    struct child *children;
    size_t count, capacity;
};

hny_status hny_supervisor_create(struct hny_supervisor **supervisor) {
    *supervisor = hny_allocate(1, sizeof **supervisor);
    return *supervisor ? HNY_OK : HNY_ERROR_MEMORY;
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
    free(old->children);
    free(old);
    *supervisor = NULL;
}

hny_status hny_supervisor_add(struct hny_supervisor *supervisor, const char *path, const char *const *words,
                              int file, unsigned order) {
    struct child child = {.path = strdup(path), .file = file, .order = order, .pause = FIRST_PAUSE};
    size_t count = 0;
    while (words[count]) count++;
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

/* In the child: signals as a new process has them, and an end with the parent's. */
static void become(const struct child *child, pid_t parent) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(1);
    if (child->file >= 0) fcntl(child->file, F_SETFD, 0);
    execv(child->path, child->words);
    _exit(127);
}

static hny_status start(struct child *child) {
    pid_t parent = getpid(), process = fork();
    if (process < 0) return hny_fail_errno("cannot start %s %s", child->path, child->words[1]);
    if (process == 0) become(child, parent);
    child->process = process;
    child->begun = hny_seconds();
    return HNY_OK;
}

static void note_end(struct child *child, int status) {
    double now = hny_seconds(), lived = now - child->begun;
    if (lived >= GOOD_LIFE) child->pause = FIRST_PAUSE;
    child->due = now + child->pause;
    child->pause = 2 * child->pause < LONGEST_PAUSE ? 2 * child->pause : LONGEST_PAUSE;
    if (hny_stop_requested()) return;
    if (WIFSIGNALED(status))
        hny_progress_note("%s %d: killed by signal %d after %.1f s; started again", child->words[1],
                          (int)child->process, WTERMSIG(status), lived);
    else
        hny_progress_note("%s %d: ended with status %d after %.1f s; started again", child->words[1],
                          (int)child->process, WEXITSTATUS(status), lived);
}

static void reap(struct hny_supervisor *supervisor) {
    int status;
    for (size_t i = 0; i < supervisor->count; i++) {
        struct child *child = &supervisor->children[i];
        if (child->process <= 0 || waitpid(child->process, &status, WNOHANG) != child->process) continue;
        note_end(child, status);
        child->process = 0;
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

static void stop_order(struct hny_supervisor *supervisor, unsigned order, unsigned patience) {
    double end = hny_seconds() + patience / 1000.0;
    any_lives(supervisor, order, SIGTERM);
    while (any_lives(supervisor, order, 0)) {
        doze();
        reap(supervisor);
        if (hny_seconds() >= end) any_lives(supervisor, order, SIGKILL);
    }
}

hny_status hny_supervisor_run(struct hny_supervisor *supervisor, unsigned patience) {
    unsigned last = 0;
    for (size_t i = 0; i < supervisor->count; i++)
        if (supervisor->children[i].order > last) last = supervisor->children[i].order;
    while (!hny_stop_requested()) {
        double now = hny_seconds();
        for (size_t i = 0; i < supervisor->count; i++) {
            struct child *child = &supervisor->children[i];
            if (child->process == 0 && now >= child->due) HNY_TRY(start(child));
        }
        doze();
        reap(supervisor);
    }
    for (unsigned order = 0; order <= last; order++) stop_order(supervisor, order, patience);
    return HNY_OK;
}
