#include "base/file.h"

#include "base/descriptor.h"
#include "base/memory.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES ((size_t)1 << 16)
#define WRITER_BYTES ((size_t)1 << 18)
#define TEMPORARY_NAMES 1000 /* tried before giving up; more than one is only met after a crash */

/* --- Reading ------------------------------------------------------------------------------------------- */

static hny_status read_all(int fd, const char *path, size_t limit, struct hny_buffer *buffer) {
    size_t before = buffer->size;
    for (;;) {
        HNY_TRY(hny_buffer_reserve(buffer, READ_BYTES));
        ssize_t got = read(fd, buffer->data + buffer->size, READ_BYTES);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return hny_fail_errno("%s: cannot be read", path);
        if (got == 0) return HNY_OK;
        buffer->size += (size_t)got;
        buffer->data[buffer->size] = '\0';
        if (buffer->size - before > limit)
            return hny_fail(HNY_ERROR_INPUT, "%s: longer than %zu bytes", path, limit);
    }
}

hny_status hny_file_read(const char *path, size_t limit, struct hny_buffer *buffer) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return hny_fail_errno("%s: cannot be opened", path);
    size_t before = buffer->size;
    hny_status status = read_all(fd, path, limit, buffer);
    close(fd);
    if (status != HNY_OK && buffer->data) {
        buffer->size = before;
        buffer->data[before] = '\0';
    }
    return status;
}

hny_status hny_map_descriptor(struct hny_map *map, int descriptor, const char *name) {
    struct stat about;
    void *data = NULL;
    if (fstat(descriptor, &about) != 0) return hny_fail_errno("%s: cannot be asked for its size", name);
    if (!S_ISREG(about.st_mode)) return hny_fail(HNY_ERROR_INPUT, "%s: not a plain file", name);
    if (about.st_size > 0) {
        data = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
        if (data == MAP_FAILED) return hny_fail_errno("%s: cannot be mapped", name);
    }
    *map = (struct hny_map){.data = data, .size = (size_t)about.st_size};
    return HNY_OK;
}

hny_status hny_map_open(struct hny_map *map, const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return hny_fail_errno("%s: cannot be opened", path);
    hny_status status = hny_map_descriptor(map, fd, path);
    close(fd);
    return status;
}

void hny_map_close(struct hny_map *map) {
    if (map->size) munmap((void *)(uintptr_t)map->data, map->size);
    *map = (struct hny_map){0};
}

/* --- Writing ------------------------------------------------------------------------------------------- */

struct hny_writer {
    char *path;      /* what is replaced, links resolved */
    char *temporary; /* beside it; NULL where PATH is a device or a pipe, which is written in place */
    int fd;
    uint64_t size; /* bytes taken, written or still pending */
    size_t pending_size;
    char *pending; /* WRITER_BYTES */
};

static void free_writer(struct hny_writer **writer) {
    if ((*writer)->fd >= 0) close((*writer)->fd);
    free((*writer)->path);
    free((*writer)->temporary);
    free((*writer)->pending);
    free(*writer);
    *writer = NULL;
}

/* The name that a rename replaces: a link's target, so that the link stays one. */
static char *resolve(const char *path) {
    char *target = realpath(path, NULL);
    return target ? target : strdup(path);
}

static hny_status open_temporary(struct hny_writer *writer) {
    /* The process id keeps two processes apart that replace the same file at once; the last one wins whole.
     */
    for (int attempt = 0; attempt < TEMPORARY_NAMES; attempt++) {
        free(writer->temporary);
        if (asprintf(&writer->temporary, "%s.%ld-%d.tmp", writer->path, (long)getpid(), attempt) < 0) {
            writer->temporary = NULL;
            return hny_fail(HNY_ERROR_MEMORY, "%s: out of memory", writer->path);
        }
        writer->fd = open(writer->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (writer->fd >= 0) return HNY_OK;
        if (errno != EEXIST) break;
    }
    hny_status status = hny_fail_errno("%s: cannot be created", writer->temporary);
    free(writer->temporary);
    writer->temporary = NULL;
    return status;
}

static hny_status open_target(struct hny_writer *writer) {
    struct stat about;
    if (stat(writer->path, &about) != 0 || S_ISREG(about.st_mode)) return open_temporary(writer);
    if (S_ISDIR(about.st_mode)) return hny_fail(HNY_ERROR_USAGE, "%s: is a folder", writer->path);
    writer->fd = open(writer->path, O_WRONLY | O_CLOEXEC);
    return writer->fd >= 0 ? HNY_OK : hny_fail_errno("%s: cannot be opened", writer->path);
}

hny_status hny_writer_open(struct hny_writer **writer, const char *path) {
    struct hny_writer *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->fd = -1;
    made->path = resolve(path);
    made->pending = malloc(WRITER_BYTES);
    hny_status status = made->path && made->pending ? open_target(made)
                                                    : hny_fail(HNY_ERROR_MEMORY, "%s: out of memory", path);
    if (status == HNY_OK)
        *writer = made;
    else
        free_writer(&made);
    return status;
}

static hny_status flush(struct hny_writer *writer) {
    size_t size = writer->pending_size;
    writer->pending_size = 0;
    return hny_descriptor_write(writer->fd, writer->path, writer->pending, size);
}

hny_status hny_writer_write(struct hny_writer *writer, const void *data, size_t size) {
    if (size > WRITER_BYTES - writer->pending_size) HNY_TRY(flush(writer));
    if (size >= WRITER_BYTES) {
        HNY_TRY(hny_descriptor_write(writer->fd, writer->path, data, size));
    } else if (size > 0) {
        memcpy(writer->pending + writer->pending_size, data, size);
        writer->pending_size += size;
    }
    writer->size += size;
    return HNY_OK;
}

uint64_t hny_writer_size(const struct hny_writer *writer) {
    return writer->size;
}

static hny_status finish(struct hny_writer *writer) {
    HNY_TRY(flush(writer));
    if (writer->temporary && fsync(writer->fd) != 0)
        return hny_fail_errno("%s: cannot be brought to disk", writer->path);
    int fd = writer->fd;
    writer->fd = -1; /* closed even where close fails */
    if (close(fd) != 0) return hny_fail_errno("%s: cannot be closed", writer->path);
    if (!writer->temporary) return HNY_OK;
    if (rename(writer->temporary, writer->path) != 0)
        return hny_fail_errno("%s: cannot be replaced", writer->path);
    free(writer->temporary);
    writer->temporary = NULL;
    return hny_directory_sync_parent(writer->path);
}

hny_status hny_writer_commit(struct hny_writer **writer) {
    hny_status status = finish(*writer);
    hny_writer_abandon(writer);
    return status;
}

void hny_writer_abandon(struct hny_writer **writer) {
    if (!*writer) return;
    if ((*writer)->temporary) unlink((*writer)->temporary);
    free_writer(writer);
}

hny_status hny_file_write(const char *path, const void *data, size_t size) {
    struct hny_writer *writer = NULL;
    HNY_TRY(hny_writer_open(&writer, path));
    hny_status status = hny_writer_write(writer, data, size);
    if (status == HNY_OK) return hny_writer_commit(&writer);
    hny_writer_abandon(&writer);
    return status;
}

/* --- Folders ------------------------------------------------------------------------------------------- */

bool hny_path_exists(const char *path) {
    return access(path, F_OK) == 0;
}

static hny_status create_one(const char *path) {
    if (mkdir(path, 0777) == 0) return hny_directory_sync_parent(path);
    int reason = errno;
    struct stat about;
    if (reason == EEXIST && stat(path, &about) == 0 && S_ISDIR(about.st_mode)) return HNY_OK;
    errno = reason;
    return hny_fail_errno("%s: the folder cannot be created", path);
}

hny_status hny_directory_create(const char *path) {
    char *part = strdup(path);
    if (!part) return hny_fail(HNY_ERROR_MEMORY, "%s: out of memory", path);
    hny_status status = HNY_OK;
    for (char *slash = part; status == HNY_OK && (slash = strchr(slash + 1, '/')); *slash = '/') {
        *slash = '\0';
        /* Only what is missing is made: the parents may lie where nothing can be written. */
        if (!hny_path_exists(part)) status = create_one(part);
    }
    free(part);
    return status == HNY_OK ? create_one(path) : status;
}

hny_status hny_directory_sync(const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return hny_fail_errno("%s: the folder cannot be opened", path);
    hny_status status = HNY_OK;
    /* EINVAL: this file system cannot, and has no way to be asked for more. */
    if (fsync(fd) != 0 && errno != EINVAL)
        status = hny_fail_errno("%s: the folder cannot be brought to disk", path);
    close(fd);
    return status;
}

hny_status hny_directory_sync_parent(const char *path) {
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') length--;
    const char *slash = memrchr(path, '/', length);
    if (!slash) return hny_directory_sync(".");
    char *folder = strndup(path, slash == path ? 1 : (size_t)(slash - path));
    if (!folder) return hny_fail(HNY_ERROR_MEMORY, "%s: out of memory", path);
    hny_status status = hny_directory_sync(folder);
    free(folder);
    return status;
}

static hny_status remove_entries(FTS *walk) {
    for (FTSENT *entry; errno = 0, (entry = fts_read(walk));) {
        switch (entry->fts_info) {
        case FTS_D:
            break; /* on the way down; removed on the way up */
        case FTS_DNR:
        case FTS_ERR:
        case FTS_NS:
            errno = entry->fts_errno;
            if (errno == ENOENT) break;
            return hny_fail_errno("%s: cannot be removed", entry->fts_path);
        default:
            if (remove(entry->fts_accpath) != 0 && errno != ENOENT)
                return hny_fail_errno("%s: cannot be removed", entry->fts_path);
        }
    }
    return errno ? hny_fail_errno("a folder cannot be read") : HNY_OK;
}

hny_status hny_directory_remove(const char *path) {
    char *name = strdup(path);
    if (!name) return hny_fail(HNY_ERROR_MEMORY, "%s: out of memory", path);
    FTS *walk = fts_open((char *[]){name, NULL}, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    hny_status status = walk ? remove_entries(walk) : hny_fail_errno("%s: cannot be removed", path);
    if (walk) fts_close(walk);
    free(name);
    return status;
}

/* Whether NAME ends as open_temporary makes it: ".PID-ATTEMPT.tmp". */
static bool is_temporary(const char *name) {
    static const char digits[] = "0123456789";
    const char *end = strrchr(name, '.');
    if (!end || strcmp(end, ".tmp") != 0) return false;
    const char *dot = memrchr(name, '.', (size_t)(end - name));
    if (!dot || dot == name) return false;
    size_t pid = strspn(dot + 1, digits);
    if (pid == 0 || dot[1 + pid] != '-') return false;
    const char *attempt = dot + 1 + pid + 1;
    return attempt < end && attempt + strspn(attempt, digits) == end;
}

/* Of files whose names begin with PREFIX. */
static hny_status clean(const char *folder, const char *prefix) {
    DIR *entries = opendir(folder);
    if (!entries) return hny_fail_errno("%s: cannot be listed", folder);
    hny_status status = HNY_OK;
    for (const struct dirent *entry; status == HNY_OK && (entry = readdir(entries));)
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0 && is_temporary(entry->d_name) &&
            unlinkat(dirfd(entries), entry->d_name, 0) != 0 && errno != ENOENT)
            status = hny_fail_errno("%s/%s: cannot be removed", folder, entry->d_name);
    closedir(entries);
    return status;
}

hny_status hny_directory_clean(const char *folder) {
    return clean(folder, "");
}

hny_status hny_file_clean(const char *path) {
    char *folder = NULL, *prefix = NULL;
    const char *slash = strrchr(path, '/');
    int folder_size =
        slash ? asprintf(&folder, "%.*s", (int)(slash - path + 1), path) : asprintf(&folder, ".");
    int prefix_size = asprintf(&prefix, "%s.", slash ? slash + 1 : path);
    hny_status status = folder_size >= 0 && prefix_size >= 0
                            ? clean(folder, prefix)
                            : hny_fail(HNY_ERROR_MEMORY, "%s: out of memory", path);
    if (folder_size >= 0) free(folder);
    if (prefix_size >= 0) free(prefix);
    return status;
}

hny_status hny_path_join(struct hny_buffer *buffer, const char *folder, const char *name) {
    size_t length = strlen(folder);
    const char *between = length == 0 || folder[length - 1] == '/' ? "" : "/";
    hny_buffer_clear(buffer);
    return hny_buffer_print(buffer, "%s%s%s", folder, between, name);
}
