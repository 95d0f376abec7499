#include "pipeline/pull_check.h"

#include "base/memory.h"
#include "base/thread.h"
#include <pthread.h>
#include <stdlib.h>

struct hny_pull_check {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t size; /* of these, under the lock: */
    bool whole, spoilt;
    struct hny_supply *supply;
    const struct hny_read_options *reading;
    struct hny_bundle contents;
    hny_status status; /* the thread's, once it has ended */
};

/* Waits for bytes behind the first AT. */
static hny_status wait_behind(void *context, uint64_t at, bool *end) {
    struct hny_pull_check *check = context;
    pthread_mutex_lock(&check->lock);
    while (!check->spoilt && !check->whole && check->size <= at)
        pthread_cond_wait(&check->changed, &check->lock);
    bool spoilt = check->spoilt;
    *end = check->size <= at;
    pthread_mutex_unlock(&check->lock);
    return spoilt ? hny_fail(HNY_INTERRUPTED, "no more comes") : HNY_OK;
}

static void *run(void *context) {
    struct hny_pull_check *check = context;
    check->status = hny_bundle_read(check->supply, NULL, check->reading, &check->contents);
    return NULL;
}

static void destroy(struct hny_pull_check **check) {
    hny_bundle_free(&(*check)->contents);
    hny_supply_close(&(*check)->supply);
    pthread_cond_destroy(&(*check)->changed);
    pthread_mutex_destroy(&(*check)->lock);
    free(*check);
    *check = NULL;
}

hny_status hny_pull_check_start(struct hny_pull_check **check, const char *path, uint64_t size,
                                const struct hny_read_options *reading) {
    struct hny_pull_check *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->changed, NULL);
    made->size = size;
    made->reading = reading;
    hny_status status = hny_supply_open_growing(&made->supply, path, wait_behind, made);
    if (status == HNY_OK) status = hny_thread_start(&made->thread, run, made);
    if (status == HNY_OK)
        *check = made;
    else
        destroy(&made);
    return status;
}

void hny_pull_check_tell(struct hny_pull_check *check, uint64_t size) {
    if (!check) return;
    pthread_mutex_lock(&check->lock);
    check->size = size;
    pthread_cond_signal(&check->changed);
    pthread_mutex_unlock(&check->lock);
}

void hny_pull_check_spoil(struct hny_pull_check *check) {
    if (!check) return;
    pthread_mutex_lock(&check->lock);
    check->spoilt = true;
    pthread_cond_signal(&check->changed);
    pthread_mutex_unlock(&check->lock);
}

bool hny_pull_check_end(struct hny_pull_check **check, struct hny_bundle *contents) {
    struct hny_pull_check *here = *check;
    if (!here) return false;
    pthread_mutex_lock(&here->lock);
    here->whole = true;
    pthread_cond_signal(&here->changed);
    pthread_mutex_unlock(&here->lock);
    pthread_join(here->thread, NULL);
    bool good = here->status == HNY_OK && !here->spoilt;
    if (good) {
        *contents = here->contents;
        here->contents = (struct hny_bundle){0};
    }
    destroy(check);
    return good;
}

void hny_pull_check_abandon(struct hny_pull_check **check) {
    if (!*check) return;
    hny_pull_check_spoil(*check);
    pthread_join((*check)->thread, NULL);
    destroy(check);
}
