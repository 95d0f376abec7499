#include "pipeline/partial.h"

#include "base/descriptor.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/progress.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char suffix[] = ".pulling";
enum { DIGITS = 16 };
#define READ_BYTES ((size_t)1 << 18)
#define FLUSH_BYTES ((uint64_t)8 << 20) /* the disk is set to work so often, and not only at the end */

struct hny_partial {
    struct hny_buffer target, path, folder;
    char file[HNY_DIGEST_TEXT];
    uint64_t bytes, size, flushed;
    int fd;
    struct hny_digest *digest; /* of what is there; NULL behind _check */
};

/* --- Opening ------------------------------------------------------------------------------------------- */

/* Whether the open file is still the one at its path: who removes it does so under its lock. */
static bool still_there(const struct hny_partial *partial) {
    struct stat here, there;
    return fstat(partial->fd, &here) == 0 && stat(partial->path.data, &there) == 0 &&
           here.st_ino == there.st_ino && here.st_dev == there.st_dev;
}

static hny_status open_locked(struct hny_partial *partial) {
    const char *path = partial->path.data;
    for (;;) {
        partial->fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (partial->fd < 0) return hny_fail_errno("%s: cannot be created", path);
        if (flock(partial->fd, LOCK_EX | LOCK_NB) != 0)
            return errno == EWOULDBLOCK
                       ? hny_fail(HNY_ERROR_USAGE, "%s: another process is pulling there", path)
                       : hny_fail_errno("%s: cannot be locked", path);
        if (still_there(partial)) return HNY_OK;
        close(partial->fd);
        partial->fd = -1;
    }
}

static hny_status read_what_is_there(struct hny_partial *partial) {
    char *room = malloc(READ_BYTES);
    hny_status status = room ? HNY_OK : hny_fail(HNY_ERROR_MEMORY, "%s: out of memory", partial->path.data);
    while (status == HNY_OK) {
        ssize_t got = read(partial->fd, room, READ_BYTES);
        if (got == 0) break;
        if (hny_stop_requested()) {
            status = hny_fail(HNY_INTERRUPTED, "%s: interrupted", partial->path.data);
        } else if (got > 0) {
            status = hny_digest_add(partial->digest, room, (size_t)got);
            partial->size += (uint64_t)got;
        } else if (errno != EINTR) {
            status = hny_fail_errno("%s: cannot be read", partial->path.data);
        }
    }
    free(room);
    partial->flushed = partial->size;
    return status;
}

static hny_status name_parts(struct hny_partial *partial, const char *path) {
    const char *slash = strrchr(path, '/');
    HNY_TRY(hny_buffer_print(&partial->target, "%s", path));
    HNY_TRY(hny_buffer_print(&partial->path, "%s.%.*s%s", path, DIGITS, partial->file, suffix));
    return slash ? hny_buffer_append(&partial->folder, path, slash == path ? 1 : (size_t)(slash - path))
                 : hny_buffer_print(&partial->folder, ".");
}

static hny_status open_all(struct hny_partial *partial, const char *path) {
    struct stat about;
    HNY_TRY(name_parts(partial, path));
    HNY_TRY(open_locked(partial));
    if (fstat(partial->fd, &about) != 0 || !S_ISREG(about.st_mode))
        return hny_fail(HNY_ERROR_USAGE, "%s: is no plain file", partial->path.data);
    HNY_TRY(hny_digest_open(&partial->digest));
    return (uint64_t)about.st_size > partial->bytes ? hny_partial_restart(partial)
                                                    : read_what_is_there(partial);
}

hny_status hny_partial_open(struct hny_partial **partial, const char *path, const char *file,
                            uint64_t bytes) {
    struct hny_partial *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->fd = -1;
    made->bytes = bytes;
    snprintf(made->file, sizeof made->file, "%s", file);
    hny_status status = open_all(made, path);
    if (status == HNY_OK)
        *partial = made;
    else
        hny_partial_leave(&made);
    return status;
}

uint64_t hny_partial_size(const struct hny_partial *partial) {
    return partial->size;
}

const char *hny_partial_path(const struct hny_partial *partial) {
    return partial->path.data;
}

/* --- Bytes --------------------------------------------------------------------------------------------- */

hny_status hny_partial_add(struct hny_partial *partial, const void *data, size_t size) {
    if (size > partial->bytes - partial->size)
        return hny_fail(HNY_ERROR_INPUT, "%s: more comes than the %llu bytes that were announced",
                        partial->path.data, (unsigned long long)partial->bytes);
    HNY_TRY(hny_descriptor_write(partial->fd, partial->path.data, data, size));
    HNY_TRY(hny_digest_add(partial->digest, data, size));
    partial->size += size;
    if (partial->size - partial->flushed < FLUSH_BYTES) return HNY_OK;
    /* A hint that loses nothing where a file system does not know it. */
    sync_file_range(partial->fd, (off64_t)partial->flushed, (off64_t)(partial->size - partial->flushed),
                    SYNC_FILE_RANGE_WRITE);
    partial->flushed = partial->size;
    return HNY_OK;
}

hny_status hny_partial_restart(struct hny_partial *partial) {
    if (ftruncate(partial->fd, 0) != 0 || lseek(partial->fd, 0, SEEK_SET) != 0)
        return hny_fail_errno("%s: cannot be emptied", partial->path.data);
    partial->size = partial->flushed = 0;
    hny_digest_close(&partial->digest, NULL);
    return hny_digest_open(&partial->digest);
}

hny_status hny_partial_check(struct hny_partial *partial, bool *right, char digest[HNY_DIGEST_TEXT]) {
    HNY_TRY(hny_digest_close(&partial->digest, digest));
    *right = partial->size == partial->bytes && strcmp(digest, partial->file) == 0;
    return HNY_OK;
}

/* --- Ends ---------------------------------------------------------------------------------------------- */

static void close_all(struct hny_partial **partial) {
    if ((*partial)->fd >= 0) close((*partial)->fd);
    hny_digest_close(&(*partial)->digest, NULL);
    hny_buffer_free(&(*partial)->target);
    hny_buffer_free(&(*partial)->path);
    hny_buffer_free(&(*partial)->folder);
    free(*partial);
    *partial = NULL;
}

hny_status hny_partial_sync(const struct hny_partial *partial) {
    return fsync(partial->fd) == 0 ? HNY_OK
                                   : hny_fail_errno("%s: cannot be brought to disk", partial->path.data);
}

hny_status hny_partial_commit(struct hny_partial **partial) {
    struct hny_partial *here = *partial;
    hny_status status = hny_partial_sync(here);
    if (status == HNY_OK && rename(here->path.data, here->target.data) != 0)
        status = hny_fail_errno("%s: cannot be replaced", here->target.data);
    if (status == HNY_OK) status = hny_directory_sync(here->folder.data);
    close_all(partial);
    return status;
}

void hny_partial_leave(struct hny_partial **partial) {
    struct stat about;
    if (!*partial) return;
    /* Nothing came: nothing is worth staying. Without a digest the file was not ours, or is whole. */
    if ((*partial)->digest && fstat((*partial)->fd, &about) == 0 && about.st_size == 0)
        unlink((*partial)->path.data);
    close_all(partial);
}

void hny_partial_remove(struct hny_partial **partial) {
    if (!*partial) return;
    unlink((*partial)->path.data);
    close_all(partial);
}

/* --- What others left ---------------------------------------------------------------------------------- */

static bool is_partial(const char *name, const char *prefix) {
    size_t length = strlen(name), before = strlen(prefix), end = sizeof suffix - 1;
    if (length < before + DIGITS + end || strncmp(name, prefix, before) != 0 ||
        strcmp(name + length - end, suffix) != 0)
        return false;
    const char *digits = name + length - end - DIGITS;
    return digits[-1] == '.' && strspn(digits, "0123456789abcdef") == DIGITS;
}

static void remove_idle(int folder, const char *name) {
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) unlinkat(folder, name, 0);
    close(fd);
}

void hny_partial_clean(const char *folder, const char *prefix, const struct hny_partial *keep) {
    const char *slash = keep ? strrchr(keep->path.data, '/') : NULL;
    const char *kept = !keep ? "" : slash ? slash + 1 : keep->path.data;
    DIR *entries = opendir(folder);
    if (!entries) return;
    for (const struct dirent *entry; (entry = readdir(entries));)
        if (is_partial(entry->d_name, prefix) && strcmp(entry->d_name, kept) != 0)
            remove_idle(dirfd(entries), entry->d_name);
    closedir(entries);
}
