#include "model/file_check.h"

#include "base/digest.h"
#include "base/memory.h"
#include "base/thread.h"
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct hny_file_checking {
    char *path, *wanted;
    int file;
    pthread_t thread;
    bool started;

    pthread_mutex_t lock; /* of `joined` */
    bool joined;
    hny_status status; /* with its message, once the thread is joined */
    char *message;
};

static hny_status compare(int file, const char *path, const char *wanted) {
    char text[HNY_DIGEST_TEXT];
    HNY_TRY(hny_digest_descriptor(file, path, text));
    if (strcmp(text, wanted) == 0) return HNY_OK;
    return hny_fail(HNY_ERROR_INPUT, "%s: damaged: its SHA-256 is %s, but config.json says %s", path, text,
                    wanted);
}

static hny_status open_file(const char *path, int *file) {
    *file = open(path, O_RDONLY | O_CLOEXEC);
    return *file < 0 ? hny_fail_errno("%s: cannot be opened", path) : HNY_OK;
}

hny_status hny_file_check(const char *path, const char *wanted) {
    int file;
    HNY_TRY(open_file(path, &file));
    hny_status status = compare(file, path, wanted);
    close(file);
    return status;
}

static void *work(void *argument) {
    struct hny_file_checking *self = argument;
    self->status = compare(self->file, self->path, self->wanted);
    if (self->status != HNY_OK) self->message = strdup(hny_message());
    return NULL;
}

hny_status hny_file_check_begin(struct hny_file_checking **checking, const char *path, const char *wanted) {
    struct hny_file_checking *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    pthread_mutex_init(&made->lock, NULL);
    made->file = -1;
    made->path = strdup(path);
    made->wanted = strdup(wanted);
    hny_status status = made->path && made->wanted ? open_file(path, &made->file)
                                                   : hny_fail(HNY_ERROR_MEMORY, "%s: out of memory", path);
    if (status == HNY_OK) status = hny_thread_start(&made->thread, work, made);
    made->started = status == HNY_OK;
    if (status != HNY_OK) hny_file_check_destroy(&made);
    *checking = made;
    return status;
}

static void join(struct hny_file_checking *checking) {
    pthread_mutex_lock(&checking->lock);
    if (checking->started && !checking->joined) pthread_join(checking->thread, NULL);
    checking->joined = true;
    pthread_mutex_unlock(&checking->lock);
}

hny_status hny_file_check_result(struct hny_file_checking *checking) {
    join(checking);
    if (checking->status == HNY_OK) return HNY_OK;
    return hny_fail(checking->status, "%s", checking->message ? checking->message : "out of memory");
}

int hny_file_check_descriptor(const struct hny_file_checking *checking) {
    return checking->file;
}

void hny_file_check_destroy(struct hny_file_checking **checking) {
    struct hny_file_checking *old = *checking;
    if (!old) return;
    join(old);
    if (old->file >= 0) close(old->file);
    pthread_mutex_destroy(&old->lock);
    free(old->message);
    free(old->path);
    free(old->wanted);
    free(old);
    *checking = NULL;
}
