#include "pipeline/carrier_folder.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/progress.h"
#include "bundle/depot.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES ((size_t)1 << 18)

struct folder {
    struct hny_buffer folder, path;
    char *room; /* READ_BYTES */
};

static hny_status read_index(void *context, struct hny_buffer *text) {
    struct folder *folder = context;
    HNY_TRY(hny_path_join(&folder->path, folder->folder.data, HNY_DEPOT_INDEX));
    hny_status status = hny_file_read(folder->path.data, HNY_CARRIER_INDEX_MOST, text);
    /* What is not there does not come by waiting. */
    return status == HNY_ERROR_IO ? hny_fail_within(HNY_ERROR_INPUT, "no depot") : status;
}

static hny_status hand_on(const struct folder *folder, int file, uint64_t offset, uint64_t end,
                          hny_status (*take)(void *taker, const void *data, size_t size), void *taker) {
    while (offset < end) {
        size_t size = end - offset < READ_BYTES ? (size_t)(end - offset) : READ_BYTES;
        ssize_t got = pread(file, folder->room, size, (off_t)offset);
        if (hny_stop_requested()) return hny_fail(HNY_INTERRUPTED, "%s: interrupted", folder->path.data);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return hny_fail_errno("%s: cannot be read", folder->path.data);
        if (got == 0) return hny_fail(HNY_ERROR_INPUT, "%s: was cut meanwhile", folder->path.data);
        HNY_TRY(take(taker, folder->room, (size_t)got));
        offset += (uint64_t)got;
    }
    return HNY_OK;
}

static hny_status fetch(void *context, const char *file, uint64_t offset, uint64_t end,
                        hny_status (*take)(void *taker, const void *data, size_t size), void *taker) {
    struct folder *folder = context;
    struct stat about;
    HNY_TRY(hny_depot_path(&folder->path, folder->folder.data, file));
    int fd = open(folder->path.data, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* no waiting for a pipe */
    if (fd < 0 && errno == ENOENT)
        return hny_fail(HNY_ERROR_INPUT, "%s: is not there, though the index names it", folder->path.data);
    if (fd < 0) return hny_fail_errno("%s: cannot be opened", folder->path.data);
    hny_status status = HNY_OK;
    if (fstat(fd, &about) != 0)
        status = hny_fail_errno("%s: cannot be asked for its size", folder->path.data);
    else if (!S_ISREG(about.st_mode) || (uint64_t)about.st_size != end)
        status = hny_fail(HNY_ERROR_INPUT, "%s: has %lld bytes, but the index says %llu", folder->path.data,
                          (long long)about.st_size, (unsigned long long)end);
    if (status == HNY_OK) status = hand_on(folder, fd, offset, end, take, taker);
    close(fd);
    return status;
}

static void close_folder(void *context) {
    struct folder *folder = context;
    hny_buffer_free(&folder->folder);
    hny_buffer_free(&folder->path);
    free(folder->room);
    free(folder);
}

hny_status hny_carrier_folder_open(struct hny_carrier *carrier, const char *path) {
    struct folder *folder = hny_allocate(1, sizeof *folder);
    if (!folder) return HNY_ERROR_MEMORY;
    folder->room = malloc(READ_BYTES);
    hny_status status = folder->room ? hny_buffer_print(&folder->folder, "%s", path)
                                     : hny_fail(HNY_ERROR_MEMORY, "%s: out of memory", path);
    if (status == HNY_OK)
        *carrier = (struct hny_carrier){read_index, fetch, close_folder, folder};
    else
        close_folder(folder);
    return status;
}
