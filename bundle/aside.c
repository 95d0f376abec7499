#include "bundle/aside.h"

#include "base/memory.h"
#include "base/thread.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct piece {
    const void *data;
    size_t size;
};

struct hny_aside {
    struct hny_digest *digest; /* the thread's while there are pieces; else the caller's */
    bool running;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t added, taken;
    /* Under the lock: */
    struct piece *pieces;
    size_t next, count, room; /* NEXT: of those that are not digested yet */
    hny_status status;
    bool ending;
};

/* --- The thread ---------------------------------------------------------------------------------------- */

static void *live(void *context) {
    struct hny_aside *aside = context;
    pthread_mutex_lock(&aside->lock);
    for (;;) {
        while (aside->next == aside->count && !aside->ending) pthread_cond_wait(&aside->added, &aside->lock);
        if (aside->ending) break;
        const struct piece piece = aside->pieces[aside->next];
        pthread_mutex_unlock(&aside->lock);
        hny_status status = hny_digest_add(aside->digest, piece.data, piece.size);
        pthread_mutex_lock(&aside->lock);
        if (status != HNY_OK) aside->status = status;
        if (++aside->next == aside->count) pthread_cond_signal(&aside->taken);
    }
    pthread_mutex_unlock(&aside->lock);
    return NULL;
}

static hny_status start(struct hny_aside *aside) {
    HNY_TRY(hny_thread_start(&aside->thread, live, aside));
    aside->running = true;
    return HNY_OK;
}

hny_status hny_aside_create(struct hny_aside **aside, bool thread) {
    struct hny_aside *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->added, NULL);
    pthread_cond_init(&made->taken, NULL);
    hny_status status = thread ? start(made) : HNY_OK;
    if (status == HNY_OK)
        *aside = made;
    else
        hny_aside_destroy(&made);
    return status;
}

void hny_aside_destroy(struct hny_aside **aside) {
    struct hny_aside *old = *aside;
    if (!old) return;
    pthread_mutex_lock(&old->lock);
    old->ending = true; /* a piece that is being digested is finished, and no more are */
    pthread_cond_signal(&old->added);
    pthread_mutex_unlock(&old->lock);
    if (old->running) pthread_join(old->thread, NULL);
    hny_digest_close(&old->digest, NULL);
    pthread_cond_destroy(&old->taken);
    pthread_cond_destroy(&old->added);
    pthread_mutex_destroy(&old->lock);
    free(old->pieces);
    free(old);
    *aside = NULL;
}

/* --- The caller's side --------------------------------------------------------------------------------- */

hny_status hny_aside_begin(struct hny_aside *aside) {
    return hny_digest_open(&aside->digest);
}

hny_status hny_aside_add(struct hny_aside *aside, const void *data, size_t size) {
    if (!aside->running) return hny_digest_add(aside->digest, data, size);
    pthread_mutex_lock(&aside->lock);
    bool fits = hny_grow(&aside->pieces, &aside->room, aside->count + 1, sizeof *aside->pieces) == 0;
    if (fits) aside->pieces[aside->count++] = (struct piece){data, size};
    pthread_cond_signal(&aside->added);
    pthread_mutex_unlock(&aside->lock);
    return fits ? HNY_OK : HNY_ERROR_MEMORY;
}

hny_status hny_aside_wait(struct hny_aside *aside) {
    pthread_mutex_lock(&aside->lock);
    while (aside->next < aside->count) pthread_cond_wait(&aside->taken, &aside->lock);
    aside->next = aside->count = 0;
    hny_status status = aside->status;
    aside->status = HNY_OK;
    pthread_mutex_unlock(&aside->lock);
    /* The message is the other thread's. */
    return status == HNY_OK ? HNY_OK : hny_fail(status, "a digest cannot be computed");
}

hny_status hny_aside_end(struct hny_aside *aside, char text[HNY_DIGEST_TEXT]) {
    HNY_TRY(hny_aside_wait(aside));
    return hny_digest_close(&aside->digest, text);
}
