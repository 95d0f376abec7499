#include "bundle/supply.h"

#include "base/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define AHEAD_BYTES ((size_t)1 << 14)

struct hny_supply {
    char *name;
    int fd; /* -1: memory */
    bool ours;
    unsigned char *room;       /* AHEAD_BYTES, what was read ahead; NULL: memory */
    const unsigned char *data; /* what was read ahead, or all of the memory */
    size_t size, at;
    uint64_t taken;
    hny_status (*more)(void *context, uint64_t at, bool *end); /* NULL: it does not grow */
    void *context;
};

static hny_status create(struct hny_supply **supply, const char *name) {
    struct hny_supply *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->fd = -1;
    made->name = strdup(name);
    if (!made->name) {
        free(made);
        return hny_fail(HNY_ERROR_MEMORY, "%s: out of memory", name);
    }
    *supply = made;
    return HNY_OK;
}

hny_status hny_supply_memory(struct hny_supply **supply, const char *name, const void *data, size_t size) {
    HNY_TRY(create(supply, name));
    (*supply)->data = data;
    (*supply)->size = size;
    return HNY_OK;
}

static hny_status open_file(struct hny_supply *supply, const char *path) {
    supply->ours = strcmp(path, "-") != 0;
    supply->fd = supply->ours ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
    if (supply->fd < 0) return hny_fail_errno("%s: cannot be opened", path);
    struct stat about;
    if (fstat(supply->fd, &about) != 0) return hny_fail_errno("%s: cannot be asked for its kind", path);
    if (S_ISDIR(about.st_mode)) return hny_fail(HNY_ERROR_INPUT, "%s: a folder, expected a bundle", path);
    supply->data = supply->room = hny_allocate(AHEAD_BYTES, 1);
    return supply->room ? HNY_OK : HNY_ERROR_MEMORY;
}

hny_status hny_supply_open(struct hny_supply **supply, const char *path) {
    struct hny_supply *made = NULL;
    HNY_TRY(create(&made, strcmp(path, "-") == 0 ? "standard input" : path));
    hny_status status = open_file(made, path);
    if (status == HNY_OK)
        *supply = made;
    else
        hny_supply_close(&made);
    return status;
}

hny_status hny_supply_open_growing(struct hny_supply **supply, const char *path,
                                   hny_status (*more)(void *context, uint64_t at, bool *end), void *context) {
    HNY_TRY(hny_supply_open(supply, path));
    (*supply)->more = more;
    (*supply)->context = context;
    return HNY_OK;
}

void hny_supply_close(struct hny_supply **supply) {
    if (!*supply) return;
    if ((*supply)->ours && (*supply)->fd >= 0) close((*supply)->fd);
    free((*supply)->room);
    free((*supply)->name);
    free(*supply);
    *supply = NULL;
}

/* At least one byte, SIZE to TO before others to the room, which is empty; *GOT, those at TO, and the room 0
 * at the file's end. So the better part of what is large goes to its place at once. */
static hny_status read_some(struct hny_supply *supply, void *to, size_t size, size_t *got) {
    const struct iovec places[] = {{to, size}, {supply->room, AHEAD_BYTES}};
    for (;;) {
        ssize_t count = readv(supply->fd, places, 2);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return hny_fail_errno("%s: cannot be read", supply->name);
        *got = (size_t)count < size ? (size_t)count : size;
        supply->at = 0;
        supply->size = (size_t)count - *got;
        return HNY_OK;
    }
}

/* Makes *END true, or *GOT bytes at TO, at most SIZE, or at least one byte ready. */
static hny_status fill(struct hny_supply *supply, void *to, size_t size, size_t *got, bool *end) {
    *end = false;
    *got = 0;
    if (supply->at < supply->size) return HNY_OK;
    if (!supply->room) {
        *end = true;
        return HNY_OK;
    }
    if (supply->more) HNY_TRY(supply->more(supply->context, supply->taken, end));
    if (*end) return HNY_OK;
    HNY_TRY(read_some(supply, to, size, got));
    *end = *got == 0 && supply->size == 0;
    return HNY_OK;
}

hny_status hny_supply_take(struct hny_supply *supply, void *to, size_t size) {
    unsigned char *next = to;
    while (size > 0) {
        size_t got;
        bool end;
        HNY_TRY(fill(supply, next, size, &got, &end));
        if (end)
            return hny_fail(HNY_ERROR_INPUT, "%s: cut short: it ends at byte %llu", supply->name,
                            (unsigned long long)supply->taken);
        size_t ready = supply->size - supply->at, count = got ? got : ready < size ? ready : size;
        if (got == 0) {
            memcpy(next, supply->data + supply->at, count);
            supply->at += count;
        }
        supply->taken += count;
        next += count;
        size -= count;
    }
    return HNY_OK;
}

hny_status hny_supply_end(struct hny_supply *supply, bool *end) {
    size_t got;
    return fill(supply, supply->room, 0, &got, end);
}

uint64_t hny_supply_taken(const struct hny_supply *supply) {
    return supply->taken;
}

const char *hny_supply_name(const struct hny_supply *supply) {
    return supply->name;
}
