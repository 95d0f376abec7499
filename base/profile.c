#include "base/profile.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DEEPEST = 16 };

/* What one thread has counted. It outlives its thread, since the report comes later. */
struct counts {
    struct counts *next;
    struct hny_profile_kind kinds[HNY_PROFILE_KINDS];
    size_t kind_count;
    size_t inside[DEEPEST]; /* kinds, the innermost last */
    size_t depth;
    struct timespec since; /* of the innermost, or of its return from a kind inside it */
};

bool hny_profile_on;
static struct counts *all;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local struct counts *mine;

static bool join(void) {
    mine = calloc(1, sizeof *mine);
    if (!mine) return false;
    pthread_mutex_lock(&lock);
    mine->next = all;
    all = mine;
    pthread_mutex_unlock(&lock);
    return true;
}

/* Counts the time until now to the innermost kind. */
static void settle(struct counts *counts) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (counts->depth > 0)
        counts->kinds[counts->inside[counts->depth - 1]].seconds +=
            (double)(now.tv_sec - counts->since.tv_sec) +
            1e-9 * (double)(now.tv_nsec - counts->since.tv_nsec);
    counts->since = now;
}

/* Kinds are few and their names few constants, most of them found at once by their address. */
static size_t find_kind(struct hny_profile_kind *kinds, size_t *count, const char *name) {
    size_t i = 0;
    while (i < *count && kinds[i].name != name && strcmp(kinds[i].name, name) != 0) i++;
    if (i == *count && i < HNY_PROFILE_KINDS) kinds[(*count)++] = (struct hny_profile_kind){.name = name};
    return i;
}

bool hny_profile_enter(const char *name) {
    if (!mine && !join()) return false;
    size_t kind = find_kind(mine->kinds, &mine->kind_count, name);
    if (kind == HNY_PROFILE_KINDS || mine->depth == DEEPEST) return false;
    settle(mine);
    mine->kinds[kind].times++;
    mine->inside[mine->depth++] = kind;
    return true;
}

void hny_profile_leave(const bool *entered) {
    if (!*entered) return;
    settle(mine);
    mine->depth--;
}

void hny_profile_start(void) {
    pthread_mutex_lock(&lock);
    for (struct counts *counts = all; counts; counts = counts->next) counts->kind_count = 0;
    pthread_mutex_unlock(&lock);
    hny_profile_on = true;
}

static int compare_kinds(const void *left, const void *right) {
    const struct hny_profile_kind *a = left, *b = right;
    return a->seconds > b->seconds ? -1 : a->seconds < b->seconds;
}

void hny_profile_stop(struct hny_profile_kind *kinds, size_t *count) {
    hny_profile_on = false;
    *count = 0;
    pthread_mutex_lock(&lock);
    for (const struct counts *counts = all; counts; counts = counts->next)
        for (size_t i = 0; i < counts->kind_count; i++) {
            size_t kind = find_kind(kinds, count, counts->kinds[i].name);
            if (kind == HNY_PROFILE_KINDS) continue;
            kinds[kind].seconds += counts->kinds[i].seconds;
            kinds[kind].times += counts->kinds[i].times;
        }
    pthread_mutex_unlock(&lock);
    qsort(kinds, *count, sizeof *kinds, compare_kinds);
}
