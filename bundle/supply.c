#include "bundle/supply.h"

#include "base/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES ((size_t)1 << 18)

struct hny_supply {
    char *name;
    int fd; /* -1: memory */
    bool ours;
    unsigned char *room;       /* READ_BYTES, what was read ahead; NULL: memory */
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
    supply->data = supply->room = hny_allocate(READ_BYTES, 1);
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

/* At most SIZE bytes straight from the file; *GOT 0 at its end. */
static hny_status read_some(const struct hny_supply *supply, void *to, size_t size, size_t *got) {
    for (;;) {
        ssize_t count = read(supply->fd, to, size);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return hny_fail_errno("%s: cannot be read", supply->name);
        *got = (size_t)count;
        return HNY_OK;
    }
}

/* Makes *END true or at least one byte ready. */
static hny_status fill(struct hny_supply *supply, bool *end) {
    *end = false;
    if (supply->at < supply->size) return HNY_OK;
    if (!supply->room) {
        *end = true;
        return HNY_OK;
    }
    supply->at = supply->size = 0;
    if (supply->more) HNY_TRY(supply->more(supply->context, supply->taken, end));
    if (*end) return HNY_OK;
    HNY_TRY(read_some(supply, supply->room, READ_BYTES, &supply->size));
    *end = supply->size == 0;
    return HNY_OK;
}

hny_status hny_supply_take(struct hny_supply *supply, void *to, size_t size) {
    unsigned char *next = to;
    while (size > 0) {
        bool end;
        HNY_TRY(fill(supply, &end));
        if (end)
            return hny_fail(HNY_ERROR_INPUT, "%s: cut short: it ends at byte %llu", supply->name,
                            (unsigned long long)supply->taken);
        size_t count = supply->size - supply->at < size ? supply->size - supply->at : size;
        memcpy(next, supply->data + supply->at, count);
        supply->at += count;
        supply->taken += count;
        next += count;
        size -= count;
    }
    return HNY_OK;
}

hny_status hny_supply_end(struct hny_supply *supply, bool *end) {
    return fill(supply, end);
}

uint64_t hny_supply_taken(const struct hny_supply *supply) {
    return supply->taken;
}

const char *hny_supply_name(const struct hny_supply *supply) {
    return supply->name;
}
