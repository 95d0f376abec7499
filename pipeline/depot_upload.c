#include "pipeline/depot_upload.h"

#include "base/memory.h"
#include "base/thread.h"
#include "pipeline/pull_check.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define READ_BYTES ((size_t)1 << 18)
#define WRITE_BACK ((uint64_t)8 << 20) /* begun so often, so that the last fsync has little left to do */

enum { LOCK_TRIES = 5, LOCK_PAUSE_NS = 10000000 };

struct piece {
    struct piece *next;
    size_t size;
    char data[];
};

struct hny_depot_upload {
    char *path;
    char file[HNY_DIGEST_TEXT];
    uint64_t bytes, found; /* of them at PATH when it began */
    struct hny_depot_publisher publisher;
    int descriptor, signal;
    pthread_t thread;
    bool running;
    uint64_t held;                /* the caller's alone */
    struct hny_pull_check *check; /* the thread's alone; NULL: the publisher verifies */
    /* The thread's and the caller's. */
    pthread_mutex_t lock;
    pthread_cond_t given;
    struct piece *first, **last;
    uint64_t written;
    bool left, done;
    enum hny_depot_refusal refusal;
    char reason[1024];
};

static void ring(const struct hny_depot_upload *upload) {
    uint64_t one = 1;
    /* A counter that is full wakes the caller as well. */
    if (write(upload->signal, &one, sizeof one) < 0) return;
}

/* --- In the thread ------------------------------------------------------------------------------------- */

/* The next piece, waited for; NULL: nothing more comes. */
static struct piece *take(struct hny_depot_upload *upload) {
    pthread_mutex_lock(&upload->lock);
    while (!upload->first && !upload->left) pthread_cond_wait(&upload->given, &upload->lock);
    struct piece *piece = upload->first;
    if (piece) upload->first = piece->next;
    if (!upload->first) upload->last = &upload->first;
    pthread_mutex_unlock(&upload->lock);
    return piece;
}

static void note_written(struct hny_depot_upload *upload, uint64_t written) {
    pthread_mutex_lock(&upload->lock);
    upload->written = written;
    pthread_mutex_unlock(&upload->lock);
    ring(upload);
}

static hny_status digest_found(const struct hny_depot_upload *upload, struct hny_digest *digest) {
    char *data = malloc(READ_BYTES);
    hny_status status = data ? HNY_OK : hny_fail(HNY_ERROR_MEMORY, "out of memory for a file");
    for (uint64_t at = 0; status == HNY_OK && at < upload->found;) {
        uint64_t left = upload->found - at;
        ssize_t got =
            pread(upload->descriptor, data, left < READ_BYTES ? (size_t)left : READ_BYTES, (off_t)at);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            status = hny_fail_errno("%s: cannot be read", upload->path);
        else if (got == 0)
            status = hny_fail(HNY_ERROR_IO, "%s: was cut meanwhile", upload->path);
        else
            status = hny_digest_add(digest, data, (size_t)got);
        at += got > 0 ? (uint64_t)got : 0;
    }
    free(data);
    return status;
}

static hny_status write_piece(const struct hny_depot_upload *upload, const struct piece *piece, uint64_t at) {
    for (size_t done = 0; done < piece->size;) {
        ssize_t put = pwrite(upload->descriptor, piece->data + done, piece->size - done, (off_t)(at + done));
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return hny_fail_errno("%s: cannot be written", upload->path);
        done += (size_t)put;
    }
    return HNY_OK;
}

static void write_back(const struct hny_depot_upload *upload, uint64_t *begun, uint64_t at) {
    if (at - *begun < WRITE_BACK) return;
    /* Not for safety: fsync says in the end whether all is there. */
    sync_file_range(upload->descriptor, (off_t)*begun, (off_t)(at - *begun), SYNC_FILE_RANGE_WRITE);
    *begun = at;
}

/* Until the file is whole, or was left: then *WHOLE is false. */
static hny_status receive(struct hny_depot_upload *upload, struct hny_digest *digest, bool *whole) {
    uint64_t at = upload->found, begun = at;
    HNY_TRY(digest_found(upload, digest));
    while (at < upload->bytes) {
        struct piece *piece = take(upload);
        if (!piece) break;
        hny_status status = write_piece(upload, piece, at);
        if (status == HNY_OK) status = hny_digest_add(digest, piece->data, piece->size);
        at += piece->size;
        free(piece);
        HNY_TRY(status);
        write_back(upload, &begun, at);
        hny_pull_check_tell(upload->check, at);
        note_written(upload, at);
    }
    *whole = at == upload->bytes;
    return fsync(upload->descriptor) == 0 ? HNY_OK
                                          : hny_fail_errno("%s: cannot be brought to disk", upload->path);
}

/* What is not wanted would not be the next time either. */
static hny_status publish(struct hny_depot_upload *upload, const char *digest,
                          enum hny_depot_refusal *refusal) {
    const struct hny_depot_publisher *publisher = &upload->publisher;
    struct hny_bundle contents = {0};
    hny_status status;
    if (strcmp(digest, upload->file) == 0) {
        *refusal = HNY_DEPOT_REFUSED_UNFIT;
        /* Where it could not be read as it came, as a delta cannot, the publisher reads it and says why. */
        bool good = hny_pull_check_end(&upload->check, &contents);
        const struct hny_depot_upload_file file = {upload->path, upload->file, good ? &contents : NULL};
        status = publisher->publish(publisher->context, &file);
    } else {
        *refusal = HNY_DEPOT_REFUSED_DAMAGED;
        status = hny_fail(HNY_ERROR_INPUT, "what came has the SHA-256 %s, not %s", digest, upload->file);
    }
    hny_bundle_free(&contents);
    if (status == HNY_OK || status == HNY_ERROR_INPUT) unlink(upload->path);
    return status;
}

static hny_status work(struct hny_depot_upload *upload, enum hny_depot_refusal *refusal) {
    struct hny_digest *digest = NULL;
    char text[HNY_DIGEST_TEXT];
    bool whole = false;
    HNY_TRY(hny_digest_open(&digest));
    /* Without it the file is verified when it is there. */
    (void)hny_pull_check_start(&upload->check, upload->path, upload->found, &upload->publisher.reading);
    hny_status status = receive(upload, digest, &whole);
    hny_status closed = hny_digest_close(&digest, text);
    if (status == HNY_OK) status = closed;
    if (status == HNY_OK && whole) status = publish(upload, text, refusal);
    hny_pull_check_abandon(&upload->check);
    return status;
}

static void *live(void *argument) {
    struct hny_depot_upload *upload = argument;
    enum hny_depot_refusal refusal = HNY_DEPOT_NOT_REFUSED;
    hny_status status = work(upload, &refusal);
    if (status == HNY_OK) refusal = HNY_DEPOT_NOT_REFUSED;
    if (status != HNY_OK && status != HNY_ERROR_INPUT) refusal = HNY_DEPOT_REFUSED_FAILED;
    pthread_mutex_lock(&upload->lock);
    upload->refusal = refusal;
    if (status != HNY_OK) snprintf(upload->reason, sizeof upload->reason, "%s", hny_message());
    upload->done = true;
    pthread_mutex_unlock(&upload->lock);
    ring(upload);
    return NULL;
}

/* --- The caller's side --------------------------------------------------------------------------------- */

/* Who removes what is abandoned (bundle/depot_abandoned.h) has the lock for a moment. */
static hny_status lock_file(const struct hny_depot_upload *upload) {
    for (int tries = 1; flock(upload->descriptor, LOCK_EX | LOCK_NB) != 0; tries++) {
        if (errno != EWOULDBLOCK || tries == LOCK_TRIES)
            return hny_fail_errno("%s: is written by another process", upload->path);
        nanosleep(&(struct timespec){.tv_nsec = LOCK_PAUSE_NS}, NULL);
    }
    return HNY_OK;
}

/* What has another name is published, and only whole: a depot was killed before it removed this one. Nothing
 * may be written to it. */
static bool is_published(const struct hny_depot_upload *upload, const struct stat *about) {
    return about->st_nlink > 1 && (uint64_t)about->st_size != upload->bytes;
}

/* Once more where it was removed between its opening and the lock: that file has no name any more. */
static hny_status open_locked(struct hny_depot_upload *upload, struct stat *about) {
    do {
        if (upload->descriptor >= 0) close(upload->descriptor);
        upload->descriptor = open(upload->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (upload->descriptor < 0) return hny_fail_errno("%s: cannot be opened", upload->path);
        HNY_TRY(lock_file(upload));
        if (fstat(upload->descriptor, about) != 0)
            return hny_fail_errno("%s: cannot be asked for its size", upload->path);
        if (is_published(upload, about) && unlink(upload->path) != 0)
            return hny_fail_errno("%s: cannot be removed", upload->path);
    } while (about->st_nlink == 0 || is_published(upload, about));
    return HNY_OK;
}

static hny_status open_file(struct hny_depot_upload *upload) {
    struct stat about;
    HNY_TRY(open_locked(upload, &about));
    upload->found = (uint64_t)about.st_size;
    if (upload->found > upload->bytes) {
        if (ftruncate(upload->descriptor, 0) != 0) return hny_fail_errno("%s: cannot be cut", upload->path);
        upload->found = 0;
    }
    upload->held = upload->written = upload->found;
    return HNY_OK;
}

static hny_status start(struct hny_depot_upload *upload) {
    HNY_TRY(hny_thread_start(&upload->thread, live, upload));
    upload->running = true;
    return HNY_OK;
}

hny_status hny_depot_upload_open(struct hny_depot_upload **upload, const char *path, const char *file,
                                 uint64_t bytes, const struct hny_depot_publisher *publisher, int signal) {
    struct hny_depot_upload *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    snprintf(made->file, sizeof made->file, "%s", file);
    made->bytes = bytes;
    made->publisher = *publisher;
    made->descriptor = -1;
    made->signal = signal;
    made->last = &made->first;
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->given, NULL);
    made->path = strdup(path);
    hny_status status = made->path ? open_file(made) : hny_fail(HNY_ERROR_MEMORY, "%s: out of memory", path);
    if (status == HNY_OK) status = start(made);
    if (status != HNY_OK) hny_depot_upload_close(&made);
    *upload = made;
    return status;
}

void hny_depot_upload_close(struct hny_depot_upload **upload) {
    struct hny_depot_upload *old = *upload;
    if (!old) return;
    hny_depot_upload_leave(old);
    if (old->running) pthread_join(old->thread, NULL);
    for (struct piece *piece = old->first, *next; piece; piece = next) {
        next = piece->next;
        free(piece);
    }
    if (old->descriptor >= 0) close(old->descriptor);
    pthread_cond_destroy(&old->given);
    pthread_mutex_destroy(&old->lock);
    free(old->path);
    free(old);
    *upload = NULL;
}

uint64_t hny_depot_upload_held(const struct hny_depot_upload *upload) {
    return upload->held;
}

uint64_t hny_depot_upload_written(struct hny_depot_upload *upload) {
    pthread_mutex_lock(&upload->lock);
    uint64_t written = upload->written;
    pthread_mutex_unlock(&upload->lock);
    return written;
}

hny_status hny_depot_upload_give(struct hny_depot_upload *upload, const void *data, size_t size) {
    struct piece *piece = malloc(sizeof *piece + size);
    if (!piece) return hny_fail(HNY_ERROR_MEMORY, "out of memory for a chunk");
    piece->next = NULL;
    piece->size = size;
    memcpy(piece->data, data, size);
    upload->held += size;
    pthread_mutex_lock(&upload->lock);
    *upload->last = piece;
    upload->last = &piece->next;
    pthread_cond_signal(&upload->given);
    pthread_mutex_unlock(&upload->lock);
    return HNY_OK;
}

void hny_depot_upload_leave(struct hny_depot_upload *upload) {
    pthread_mutex_lock(&upload->lock);
    upload->left = true;
    pthread_cond_signal(&upload->given);
    pthread_mutex_unlock(&upload->lock);
}

bool hny_depot_upload_done(struct hny_depot_upload *upload, enum hny_depot_refusal *refusal,
                           const char **reason) {
    pthread_mutex_lock(&upload->lock);
    bool done = upload->done;
    pthread_mutex_unlock(&upload->lock);
    /* The thread touches neither any more. */
    *refusal = done ? upload->refusal : HNY_DEPOT_NOT_REFUSED;
    *reason = done ? upload->reason : "";
    return done;
}
