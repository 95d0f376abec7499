#include "model/workers.h"

#include "base/buffer.h"
#include "base/thread.h"
#include "model/engine.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct worker {
    struct hny_workers *team;
    struct hny_engine *engine;
    struct hny_job *cancelled; /* that it may still have; behind the team's lock */
    pthread_t thread;
};

struct hny_workers {
    struct worker *workers; /* [count] */
    size_t count;
    size_t started;
    int notice;
    atomic_ullong steps;

    pthread_mutex_t lock;  /* of everything below, and of the jobs' `done` */
    pthread_cond_t more;   /* jobs are waiting, or `ending` */
    pthread_cond_t done;   /* a job is done, or one has failed */
    struct hny_job *first; /* those that no engine has */
    struct hny_job **last;
    size_t waiting, undone;
    bool ending;
    hny_status status; /* of the first failure, with its message */
    struct hny_buffer message;
};

/* Fails only where the counter is full, and then it is readable anyhow. */
static void notify(const struct hny_workers *team) {
    const uint64_t one = 1;
    ssize_t written = write(team->notice, &one, sizeof one);
    (void)written;
}

static void fail(struct hny_workers *team, hny_status status) {
    pthread_mutex_lock(&team->lock);
    if (team->status == HNY_OK) {
        team->status = status;
        /* Without memory for the message the status alone is passed on. */
        (void)hny_buffer_append(&team->message, hny_message(), strlen(hny_message()));
    }
    pthread_cond_broadcast(&team->done);
    pthread_mutex_unlock(&team->lock);
    notify(team);
}

/* The lock is held. */
static void finish(struct hny_workers *team, struct hny_job *job, const struct hny_translation *translation) {
    job->translation = *translation;
    job->done = true;
    team->undone--;
    pthread_cond_broadcast(&team->done);
    notify(team);
}

/* The lock is held. */
static void drop_cancelled(struct worker *self) {
    const struct hny_translation none = {0};
    for (struct hny_job *job = self->cancelled; job; job = job->next_cancelled) {
        if (job->done) continue;
        hny_engine_cancel(self->engine, (uint64_t)(uintptr_t)job);
        finish(self->team, job, &none);
    }
    self->cancelled = NULL;
}

/* Takes what the engine wants off the queue, but leaves the others their share: a list, NULL where there is
 * nothing or the end has come. Waits where the engine is empty. */
static struct hny_job *fetch(struct worker *self, bool *ending) {
    struct hny_workers *team = self->team;
    struct hny_job *jobs = NULL, **last = &jobs;
    pthread_mutex_lock(&team->lock);
    drop_cancelled(self);
    if (hny_engine_sentences(self->engine) == 0)
        while (!team->first && !team->ending) pthread_cond_wait(&team->more, &team->lock);
    *ending = team->ending;
    if (team->first && !team->ending) {
        size_t wanted = hny_engine_wants(self->engine, team->first->options.beam);
        size_t share = (team->waiting + team->count - 1) / team->count;
        for (size_t i = 0; i < wanted && i < share; i++) {
            team->first->holder = self;
            *last = team->first;
            last = &team->first->next;
            team->first = team->first->next;
            team->waiting--;
        }
        *last = NULL;
        if (!team->first) team->last = &team->first;
    }
    pthread_mutex_unlock(&team->lock);
    return jobs;
}

static hny_status give_engine(struct hny_engine *engine, struct hny_job *jobs) {
    while (jobs) {
        struct hny_job *job = jobs;
        jobs = job->next;
        HNY_TRY(hny_engine_add(engine, (uint64_t)(uintptr_t)job, job->ids, job->count, &job->options));
    }
    return HNY_OK;
}

static hny_status hand_over(struct worker *self) {
    struct hny_workers *team = self->team;
    for (;;) {
        struct hny_translation translation;
        bool taken;
        HNY_TRY(hny_engine_take(self->engine, &translation, &taken));
        if (!taken) return HNY_OK;
        struct hny_job *job = (struct hny_job *)(uintptr_t)translation.tag;
        pthread_mutex_lock(&team->lock);
        finish(team, job, &translation);
        pthread_mutex_unlock(&team->lock);
    }
}

static void *work(void *argument) {
    struct worker *self = argument;
    for (bool ending = false;;) {
        struct hny_job *jobs = fetch(self, &ending);
        if (ending) return NULL;
        hny_status status = give_engine(self->engine, jobs);
        if (status == HNY_OK) status = hny_engine_step(self->engine);
        self->team->steps++;
        if (status == HNY_OK) status = hand_over(self);
        if (status != HNY_OK) {
            fail(self->team, status);
            return NULL;
        }
    }
}

static hny_status start(struct hny_workers *team) {
    for (; team->started < team->count; team->started++) {
        struct worker *worker = &team->workers[team->started];
        HNY_TRY(hny_thread_start(&worker->thread, work, worker));
    }
    return HNY_OK;
}

hny_status hny_workers_create(struct hny_workers **workers, const struct hny_model *model,
                              const struct hny_search_model *view, size_t count, size_t rows,
                              bool shortlist) {
    struct hny_workers *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->more, NULL);
    pthread_cond_init(&made->done, NULL);
    made->last = &made->first;
    made->notice = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    made->workers = hny_allocate(count, sizeof *made->workers);
    made->count = made->workers ? count : 0;
    hny_status status = made->workers ? HNY_OK : HNY_ERROR_MEMORY;
    if (status == HNY_OK && made->notice < 0) status = hny_fail_errno("cannot make an eventfd");
    for (size_t i = 0; i < made->count && status == HNY_OK; i++) {
        made->workers[i].team = made;
        status = hny_engine_create(&made->workers[i].engine, model, view, rows);
        if (status == HNY_OK && shortlist) status = hny_engine_use_shortlist(made->workers[i].engine);
    }
    if (status == HNY_OK) status = start(made);
    if (status != HNY_OK) hny_workers_destroy(&made);
    *workers = made;
    return status;
}

void hny_workers_destroy(struct hny_workers **workers) {
    struct hny_workers *team = *workers;
    if (!team) return;
    pthread_mutex_lock(&team->lock);
    team->ending = true;
    pthread_cond_broadcast(&team->more);
    pthread_mutex_unlock(&team->lock);
    for (size_t i = 0; i < team->started; i++) pthread_join(team->workers[i].thread, NULL);
    for (size_t i = 0; i < team->count; i++) hny_engine_destroy(&team->workers[i].engine);
    pthread_mutex_destroy(&team->lock);
    pthread_cond_destroy(&team->more);
    pthread_cond_destroy(&team->done);
    hny_buffer_free(&team->message);
    if (team->notice >= 0) close(team->notice);
    free(team->workers);
    free(team);
    *workers = NULL;
}

void hny_workers_give(struct hny_workers *workers, struct hny_job *jobs, size_t count) {
    pthread_mutex_lock(&workers->lock);
    for (size_t i = 0; i < count; i++) {
        jobs[i].next = NULL;
        jobs[i].holder = NULL;
        *workers->last = &jobs[i];
        workers->last = &jobs[i].next;
    }
    workers->waiting += count;
    workers->undone += count;
    pthread_cond_broadcast(&workers->more);
    pthread_mutex_unlock(&workers->lock);
}

/* Takes JOB off the queue. The lock is held. */
static void unqueue(struct hny_workers *team, struct hny_job *job) {
    struct hny_job **link = &team->first;
    while (*link != job) link = &(*link)->next;
    *link = job->next;
    if (team->last == &job->next) team->last = link;
    team->waiting--;
}

void hny_workers_cancel(struct hny_workers *workers, struct hny_job *job) {
    const struct hny_translation none = {0};
    pthread_mutex_lock(&workers->lock);
    struct worker *holder = job->holder;
    if (job->done) {
        /* too late: nothing is saved any more */
    } else if (holder) {
        job->next_cancelled = holder->cancelled;
        holder->cancelled = job;
    } else {
        unqueue(workers, job);
        finish(workers, job, &none);
    }
    pthread_mutex_unlock(&workers->lock);
}

bool hny_workers_done(struct hny_workers *workers, const struct hny_job *job) {
    pthread_mutex_lock(&workers->lock);
    bool done = job->done;
    pthread_mutex_unlock(&workers->lock);
    return done;
}

size_t hny_workers_undone(struct hny_workers *workers) {
    pthread_mutex_lock(&workers->lock);
    size_t undone = workers->undone;
    pthread_mutex_unlock(&workers->lock);
    return undone;
}

int hny_workers_notice(const struct hny_workers *workers) {
    return workers->notice;
}

uint64_t hny_workers_steps(const struct hny_workers *workers) {
    return workers->steps;
}

hny_status hny_workers_wait(struct hny_workers *workers, size_t undone) {
    pthread_mutex_lock(&workers->lock);
    while (workers->status == HNY_OK && workers->undone >= undone)
        pthread_cond_wait(&workers->done, &workers->lock);
    hny_status status = workers->status;
    if (status != HNY_OK)
        hny_fail(status, "%s", workers->message.data ? workers->message.data : "out of memory");
    pthread_mutex_unlock(&workers->lock);
    return status;
}
