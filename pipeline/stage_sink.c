#include "pipeline/stage_sink.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/progress.h"
#include "pipeline/parcel.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define STORE_MS 25
#define LOCK_MS 10000
#define FLUSH_BYTES ((size_t)1 << 18)

struct hny_sink {
    struct hny_edge edge;
    char *position_path;
    struct hny_position saved;
    int fd;
    void *socket;
    struct hny_buffer text; /* lines that are not written yet */
    size_t sent;            /* of a socket: bytes of TEXT that went out */
    bool pending, blocked;
    uint64_t stored_at;
};

/* --- Opening ------------------------------------------------------------------------------------------- */

/* A process that was asked to end may still be at it. */
static hny_status lock(const struct hny_sink *sink) {
    uint64_t end = hny_milliseconds() + LOCK_MS;
    while (flock(sink->fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return hny_fail_errno("%s: cannot be locked", sink->edge.place);
        if (hny_stop_requested()) return HNY_INTERRUPTED;
        if (hny_milliseconds() >= end)
            return hny_fail(HNY_ERROR_IO, "%s: another process writes it", sink->edge.place);
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    return HNY_OK;
}

static hny_status find_place(struct hny_sink *sink, bool found) {
    const char *path = sink->edge.place;
    struct stat about;
    if (fstat(sink->fd, &about) != 0) return hny_fail_errno("%s: cannot be asked for its size", path);
    if (!S_ISREG(about.st_mode))
        return hny_fail(HNY_ERROR_USAGE, "%s: is no plain file; others are written by -", path);
    if (!found && about.st_size > 0)
        return hny_fail(HNY_ERROR_INPUT,
                        "%s: has lines, but no %s that says where they come from: remove it, or "
                        "write elsewhere",
                        path, sink->position_path);
    if ((uint64_t)about.st_size < sink->saved.bytes)
        return hny_fail(HNY_ERROR_INPUT, "%s: is shorter than the %" PRIu64 " bytes that %s tells of", path,
                        sink->saved.bytes, sink->position_path);
    if (ftruncate(sink->fd, (off_t)sink->saved.bytes) != 0) return hny_fail_errno("%s: cannot be cut", path);
    if (lseek(sink->fd, 0, SEEK_END) < 0) return hny_fail_errno("%s: cannot be written at its end", path);
    return HNY_OK;
}

static hny_status open_file(struct hny_sink *sink) {
    const char *path = sink->edge.place;
    bool found;
    if (asprintf(&sink->position_path, "%s.position", path) < 0) {
        sink->position_path = NULL;
        return hny_fail(HNY_ERROR_MEMORY, "%s: out of memory", path);
    }
    sink->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (sink->fd < 0) return hny_fail_errno("%s: cannot be opened", path);
    HNY_TRY(lock(sink));
    HNY_TRY(hny_file_clean(sink->position_path));
    HNY_TRY(hny_position_load(sink->position_path, true, &sink->saved, &found));
    HNY_TRY(find_place(sink, found));
    /* Before the first line, or a file with lines could be without. */
    return found ? HNY_OK : hny_position_save(sink->position_path, true, &sink->saved);
}

hny_status hny_sink_open(struct hny_sink **sink, void *context, const struct hny_edge *edge,
                         const struct hny_edge_trust *trust) {
    struct hny_sink *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->edge = *edge;
    made->fd = -1;
    hny_status status = HNY_OK;
    if (edge->kind == HNY_EDGE_FILE)
        status = open_file(made);
    else if (edge->kind == HNY_EDGE_STANDARD)
        made->fd = STDOUT_FILENO;
    else
        status = hny_edge_open(edge, context, trust, &made->socket);
    if (status != HNY_OK) hny_sink_close(&made);
    *sink = made;
    return status;
}

void hny_sink_close(struct hny_sink **sink) {
    struct hny_sink *old = *sink;
    if (!old) return;
    if (old->fd >= 0 && old->fd != STDOUT_FILENO) close(old->fd);
    if (old->socket) zmq_close(old->socket);
    hny_buffer_free(&old->text);
    free(old->position_path);
    free(old);
    *sink = NULL;
}

bool hny_sink_forgets(const struct hny_sink *sink) {
    return !sink->position_path;
}

uint64_t hny_sink_stream(const struct hny_sink *sink) {
    return sink->saved.at.stream;
}

hny_status hny_sink_begin(struct hny_sink *sink, struct hny_stream_core *core) {
    return sink->position_path ? hny_stream_core_begin(core, &sink->saved.at, true) : HNY_OK;
}

/* --- Writing ------------------------------------------------------------------------------------------- */

static hny_status write_file(struct hny_sink *sink) {
    size_t done = 0;
    while (done < sink->text.size) {
        ssize_t put = write(sink->fd, sink->text.data + done, sink->text.size - done);
        if (put < 0 && errno == EINTR && !hny_stop_requested()) continue;
        if (put < 0 && errno == EINTR) return HNY_INTERRUPTED;
        if (put < 0)
            return hny_fail_errno("%s: cannot be written",
                                  sink->position_path ? sink->edge.place : "standard output");
        done += (size_t)put;
    }
    sink->saved.bytes += done;
    hny_buffer_clear(&sink->text);
    return HNY_OK;
}

/* A message a line, as far as the other side takes them. */
static hny_status write_socket(struct hny_sink *sink) {
    sink->blocked = false;
    while (sink->sent < sink->text.size) {
        const char *line = sink->text.data + sink->sent;
        size_t size = (size_t)((const char *)memchr(line, '\n', sink->text.size - sink->sent) - line);
        bool sent;
        HNY_TRY(hny_parcel_send(sink->socket, &(struct hny_piece){line, size}, 1, &sent));
        sink->blocked = !sent;
        if (!sent) return HNY_OK;
        sink->sent += size + 1;
    }
    hny_buffer_clear(&sink->text);
    sink->sent = 0;
    return HNY_OK;
}

hny_status hny_sink_write(struct hny_sink *sink, const struct hny_record *record) {
    const struct hny_payload *payload = record->payload;
    size_t count = payload ? payload->count : 0;
    sink->pending = true;
    /* Where there are sentences, they stand between pieces of white space. */
    for (size_t i = count > 1 ? 1 : 0; i < count; i += 2) {
        HNY_TRY(hny_buffer_append(&sink->text, payload->sentences[i].data, payload->sentences[i].size));
        HNY_TRY(hny_buffer_append(&sink->text, "\n", 1));
    }
    return !sink->socket && sink->text.size >= FLUSH_BYTES ? write_file(sink) : HNY_OK;
}

hny_status hny_sink_store(struct hny_sink *sink, struct hny_stream_core *core, bool at_once) {
    uint64_t now = hny_milliseconds();
    if (!sink->pending || (sink->position_path && !at_once && now - sink->stored_at < STORE_MS))
        return HNY_OK;
    HNY_TRY(sink->socket ? write_socket(sink) : write_file(sink));
    if (sink->blocked) return HNY_OK;
    if (sink->position_path) {
        if (fdatasync(sink->fd) != 0)
            return hny_fail_errno("%s: cannot be brought to disk", sink->edge.place);
        hny_stream_core_position(core, &sink->saved.at);
        HNY_TRY(hny_position_save(sink->position_path, true, &sink->saved));
        sink->stored_at = hny_milliseconds();
    }
    sink->pending = false;
    return hny_stream_core_stored(core);
}

bool hny_sink_pending(const struct hny_sink *sink) {
    return sink->pending;
}

bool hny_sink_poll(const struct hny_sink *sink, zmq_pollitem_t *item) {
    *item = (zmq_pollitem_t){sink->socket, -1, ZMQ_POLLOUT, 0};
    return sink->blocked;
}
