#include "base/threads.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "base/thread.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct member {
    struct hny_threads *team;
    pthread_t thread;
    size_t number; /* 1…count-1; the caller is 0 */
};

struct hny_threads {
    size_t count;
    struct member *members; /* count - 1 */
    size_t started;         /* of the members */

    pthread_mutex_t lock;
    pthread_cond_t begin; /* `job` has grown, or `ending` */
    pthread_cond_t end;   /* `working` is 0 */
    unsigned long job;    /* number of the job at hand */
    size_t working;       /* members that have not finished it */
    bool ending;

    hny_task *task;
    void *context;
    size_t parts;
    atomic_size_t next; /* part that nobody has taken */
    size_t failed_part; /* the lowest yet; parts where none failed */
    hny_status status;  /* of that part, and its message */
    struct hny_buffer message;
};

static void keep_failure(struct hny_threads *team, size_t part, hny_status status) {
    pthread_mutex_lock(&team->lock);
    if (part < team->failed_part) {
        team->failed_part = part;
        team->status = status;
        const char *message = hny_message();
        hny_buffer_clear(&team->message);
        /* Without memory for the message the status alone is passed on. */
        (void)hny_buffer_append(&team->message, message, strlen(message));
    }
    pthread_mutex_unlock(&team->lock);
}

static void do_share(struct hny_threads *team, size_t number) {
    for (size_t part; (part = atomic_fetch_add(&team->next, 1)) < team->parts;) {
        hny_status status = team->task(team->context, part, number);
        if (status == HNY_OK) continue;
        keep_failure(team, part, status);
        /* All parts below have begun, so the lowest failing one is found. */
        atomic_store(&team->next, team->parts);
        return;
    }
}

static void *live(void *argument) {
    struct member *self = argument;
    struct hny_threads *team = self->team;
    unsigned long done = 0;
    pthread_mutex_lock(&team->lock);
    for (;;) {
        while (team->job == done && !team->ending) pthread_cond_wait(&team->begin, &team->lock);
        if (team->ending) break;
        done = team->job;
        pthread_mutex_unlock(&team->lock);
        do_share(team, self->number);
        pthread_mutex_lock(&team->lock);
        if (--team->working == 0) pthread_cond_signal(&team->end);
    }
    pthread_mutex_unlock(&team->lock);
    return NULL;
}

static hny_status start_members(struct hny_threads *team) {
    for (; team->started + 1 < team->count; team->started++) {
        struct member *member = &team->members[team->started];
        *member = (struct member){.team = team, .number = team->started + 1};
        hny_status status = hny_thread_start(&member->thread, live, member);
        if (status != HNY_OK)
            return hny_fail_within(status, "only %zu of %zu threads", team->started + 1, team->count);
    }
    return HNY_OK;
}

hny_status hny_threads_create(struct hny_threads **threads, size_t count) {
    if (count == 0) return hny_fail(HNY_ERROR_USAGE, "0 threads were asked for");
    struct hny_threads *team = hny_allocate(1, sizeof *team);
    if (!team) return HNY_ERROR_MEMORY;
    team->count = count;
    pthread_mutex_init(&team->lock, NULL);
    pthread_cond_init(&team->begin, NULL);
    pthread_cond_init(&team->end, NULL);
    team->members = hny_allocate(count - 1, sizeof *team->members);
    hny_status status = team->members ? start_members(team) : HNY_ERROR_MEMORY;
    if (status == HNY_OK)
        *threads = team;
    else
        hny_threads_destroy(&team);
    return status;
}

void hny_threads_destroy(struct hny_threads **threads) {
    struct hny_threads *team = *threads;
    if (!team) return;
    pthread_mutex_lock(&team->lock);
    team->ending = true;
    pthread_cond_broadcast(&team->begin);
    pthread_mutex_unlock(&team->lock);
    for (size_t i = 0; i < team->started; i++) pthread_join(team->members[i].thread, NULL);
    pthread_cond_destroy(&team->end);
    pthread_cond_destroy(&team->begin);
    pthread_mutex_destroy(&team->lock);
    hny_buffer_free(&team->message);
    free(team->members);
    free(team);
    *threads = NULL;
}

size_t hny_threads_count(const struct hny_threads *threads) {
    return threads->count;
}

hny_status hny_threads_run(struct hny_threads *threads, size_t parts, hny_task *task, void *context) {
    struct hny_threads *team = threads;
    pthread_mutex_lock(&team->lock);
    team->task = task;
    team->context = context;
    team->parts = team->failed_part = parts;
    atomic_store(&team->next, 0);
    team->status = HNY_OK;
    bool alone = parts < 2 || team->count == 1; /* waking the others would be for nothing */
    if (!alone) {
        team->working = team->count - 1;
        team->job++;
        pthread_cond_broadcast(&team->begin);
    }
    pthread_mutex_unlock(&team->lock);

    do_share(team, 0);

    pthread_mutex_lock(&team->lock);
    while (!alone && team->working > 0) pthread_cond_wait(&team->end, &team->lock);
    hny_status status = team->status;
    pthread_mutex_unlock(&team->lock);
    if (status == HNY_OK) return HNY_OK;
    return hny_fail(status, "%s", team->message.data ? team->message.data : "out of memory");
}

size_t hny_processors(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    int count = CPU_COUNT(&set);
    return count < 1 ? 1 : (size_t)count;
}
