#include "base/lines.h"

#include "base/memory.h"
#include "base/progress.h"
#include "base/utf8.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define RAW_BYTES ((size_t)1 << 16)   /* asked of the system at once */
#define CHUNK_BYTES ((size_t)1 << 17) /* unpacked at once */
#define MAGIC_BYTES 4

/* A packed text's decoder: takes from the raw bytes, adds to the text; see decode_gz. */
struct format {
    const char *name;
    unsigned char magic[MAGIC_BYTES];
    unsigned char mask[MAGIC_BYTES]; /* bits of magic that count; a 0 byte ends it */
    hny_status (*start)(struct hny_lines *lines);
    hny_status (*decode)(struct hny_lines *lines, char *out, size_t room, size_t *made);
};

/* text.data[begin, text.size) is unpacked and not yet handed out, and holds no LF before `scanned`. */
struct hny_lines {
    char *path;
    int fd;
    bool standard; /* input, which is not ours to close */
    bool told;     /* the format is known: NULL is plain */
    const struct format *format;

    unsigned char raw[RAW_BYTES]; /* [raw_begin, raw_end) is read and not yet unpacked */
    size_t raw_begin, raw_end;
    bool raw_over; /* the system has no more */

    z_stream gz;
    bool gz_started;
    ZSTD_DStream *zst;
    bool inside; /* a gzip member or zstd frame has begun and not ended */
    bool full;   /* the decoder may hold more text than there was room for */

    struct hny_buffer text;
    size_t begin, scanned;
    bool over; /* all of the text is in `text` */
    struct hny_buffer repaired;
    uint64_t number, replaced;
    uint64_t dropped; /* bytes of the text that lay before text.data */
    uint64_t offset;  /* of the line last read */
    size_t bytes;

    hny_status failure; /* met once, it stays */
    struct hny_buffer message;
};

/* --- From the system ----------------------------------------------------------------------------------- */

static bool readable(int fd, int wait_ms) {
    struct pollfd ask = {.fd = fd, .events = POLLIN};
    return poll(&ask, 1, wait_ms) > 0;
}

/* One read(2): what is there, or waits for it. *GOT 0 is the end. */
static hny_status read_some(struct hny_lines *lines, void *data, size_t room, size_t *got) {
    for (;;) {
        ssize_t count = read(lines->fd, data, room);
        if (count >= 0) {
            *got = (size_t)count;
            return HNY_OK;
        }
        if (errno == EAGAIN)
            readable(lines->fd, -1);
        else if (errno != EINTR)
            return hny_fail_errno("%s: cannot be read", lines->path);
        if (hny_stop_requested())
            return hny_fail(HNY_INTERRUPTED, "%s: reading was interrupted", lines->path);
    }
}

/* Adds to the raw bytes, of which less than half of the room may be taken. */
static hny_status read_raw(struct hny_lines *lines) {
    size_t left = lines->raw_end - lines->raw_begin;
    memmove(lines->raw, lines->raw + lines->raw_begin, left);
    lines->raw_begin = 0;
    lines->raw_end = left;
    size_t got = 0;
    HNY_TRY(read_some(lines, lines->raw + left, RAW_BYTES - left, &got));
    lines->raw_end += got;
    lines->raw_over = got == 0;
    return HNY_OK;
}

/* --- Unpacking ----------------------------------------------------------------------------------------- */

static hny_status start_gz(struct hny_lines *lines) {
    if (inflateInit2(&lines->gz, 16 + MAX_WBITS) != Z_OK)
        return hny_fail(HNY_ERROR_MEMORY, "%s: zlib does not start", lines->path);
    lines->gz_started = true;
    return HNY_OK;
}

/* Unpacks raw bytes to OUT (ROOM bytes); *MADE is how many. Members follow each other without a gap; zero
 * bytes behind one are padding, as tapes and block devices leave it. */
static hny_status decode_gz(struct hny_lines *lines, char *out, size_t room, size_t *made) {
    z_stream *gz = &lines->gz;
    if (!lines->inside)
        while (lines->raw_begin < lines->raw_end && lines->raw[lines->raw_begin] == 0) lines->raw_begin++;
    gz->next_in = lines->raw + lines->raw_begin;
    gz->avail_in = (uInt)(lines->raw_end - lines->raw_begin);
    gz->next_out = (Bytef *)out;
    gz->avail_out = (uInt)room;
    if (gz->avail_in) lines->inside = true;
    int result = inflate(gz, Z_NO_FLUSH);
    lines->raw_begin = lines->raw_end - gz->avail_in;
    *made = room - gz->avail_out;
    lines->full = gz->avail_out == 0;
    if (result == Z_STREAM_END) {
        lines->inside = lines->full = false;
        result = inflateReset(gz);
    }
    if (result == Z_OK || result == Z_BUF_ERROR) return HNY_OK;
    return hny_fail(result == Z_MEM_ERROR ? HNY_ERROR_MEMORY : HNY_ERROR_INPUT, "%s: damaged gzip data: %s",
                    lines->path, gz->msg ? gz->msg : zError(result));
}

static hny_status start_zst(struct hny_lines *lines) {
    lines->zst = ZSTD_createDStream();
    return lines->zst ? HNY_OK : hny_fail(HNY_ERROR_MEMORY, "%s: zstd does not start", lines->path);
}

static hny_status decode_zst(struct hny_lines *lines, char *out, size_t room, size_t *made) {
    ZSTD_inBuffer in = {lines->raw, lines->raw_end, lines->raw_begin};
    ZSTD_outBuffer to = {out, room, 0};
    size_t result = ZSTD_decompressStream(lines->zst, &to, &in);
    if (ZSTD_isError(result))
        return hny_fail(HNY_ERROR_INPUT, "%s: damaged zstd data: %s", lines->path, ZSTD_getErrorName(result));
    lines->raw_begin = in.pos;
    *made = to.pos;
    lines->inside = result != 0;
    lines->full = lines->inside && to.pos == room;
    return HNY_OK;
}

static const struct format formats[] = {
    {"gzip", {0x1F, 0x8B}, {0xFF, 0xFF}, start_gz, decode_gz},
    {"zstd", {0x28, 0xB5, 0x2F, 0xFD}, {0xFF, 0xFF, 0xFF, 0xFF}, start_zst, decode_zst},
    {"zstd",
     {0x50, 0x2A, 0x4D, 0x18},
     {0xF0, 0xFF, 0xFF, 0xFF},
     start_zst,
     decode_zst}, /* a skippable frame */
};

/* Whether the raw bytes begin like FORMAT; *SURE false where more of them could tell otherwise. */
static bool begins_like(const struct hny_lines *lines, const struct format *format, bool *sure) {
    for (size_t i = 0; i < MAGIC_BYTES && format->mask[i]; i++) {
        *sure = i < lines->raw_end;
        if (!*sure) return false;
        if ((lines->raw[i] & format->mask[i]) != format->magic[i]) return false;
    }
    return true;
}

/* Reads as few bytes as tell the format: the first line of a terminal must not wait for a second. */
static hny_status tell_format(struct hny_lines *lines) {
    HNY_TRY(read_raw(lines));
    bool all_sure = true;
    for (size_t i = 0; i < sizeof formats / sizeof *formats && !lines->format; i++) {
        bool sure = true;
        if (begins_like(lines, &formats[i], &sure)) lines->format = &formats[i];
        all_sure = all_sure && (sure || lines->raw_over);
    }
    lines->told = lines->format || all_sure;
    return lines->format ? lines->format->start(lines) : HNY_OK;
}

static bool needs_raw(const struct hny_lines *lines) {
    return !lines->told || (lines->raw_begin == lines->raw_end && !lines->full);
}

static hny_status fill_packed(struct hny_lines *lines) {
    if (needs_raw(lines)) {
        HNY_TRY(read_raw(lines));
        lines->over = lines->raw_over;
        if (!lines->over || !lines->inside) return HNY_OK;
        return hny_fail(HNY_ERROR_INPUT, "%s: the %s data breaks off: the file is cut short", lines->path,
                        lines->format->name);
    }
    size_t made = 0;
    HNY_TRY(hny_buffer_reserve(&lines->text, CHUNK_BYTES));
    HNY_TRY(lines->format->decode(lines, lines->text.data + lines->text.size, CHUNK_BYTES, &made));
    lines->text.size += made;
    return HNY_OK;
}

static hny_status fill_plain(struct hny_lines *lines) {
    if (lines->raw_begin < lines->raw_end) { /* what telling the format has read */
        HNY_TRY(hny_buffer_append(&lines->text, lines->raw + lines->raw_begin,
                                  lines->raw_end - lines->raw_begin));
        lines->raw_begin = lines->raw_end;
        return HNY_OK;
    }
    size_t got = 0;
    HNY_TRY(hny_buffer_reserve(&lines->text, CHUNK_BYTES));
    if (!lines->raw_over) HNY_TRY(read_some(lines, lines->text.data + lines->text.size, CHUNK_BYTES, &got));
    lines->text.size += got;
    lines->over = got == 0;
    return HNY_OK;
}

/* --- Lines --------------------------------------------------------------------------------------------- */

hny_status hny_lines_open(struct hny_lines **lines, const char *path) {
    struct hny_lines *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->standard = strcmp(path, "-") == 0;
    made->fd = made->standard ? STDIN_FILENO : -1;
    made->path = strdup(made->standard ? "standard input" : path);
    hny_status status = made->path ? HNY_OK : hny_fail(HNY_ERROR_MEMORY, "%s: out of memory", path);
    if (status == HNY_OK && !made->standard) {
        made->fd = open(path, O_RDONLY | O_CLOEXEC);
        if (made->fd < 0) status = hny_fail_errno("%s: cannot be opened", path);
    }
    if (status == HNY_OK)
        *lines = made;
    else
        hny_lines_close(&made);
    return status;
}

void hny_lines_close(struct hny_lines **lines) {
    if (!*lines) return;
    if (!(*lines)->standard && (*lines)->fd >= 0) close((*lines)->fd);
    if ((*lines)->gz_started) inflateEnd(&(*lines)->gz);
    ZSTD_freeDStream((*lines)->zst);
    hny_buffer_free(&(*lines)->text);
    hny_buffer_free(&(*lines)->repaired);
    hny_buffer_free(&(*lines)->message);
    free((*lines)->path);
    free(*lines);
    *lines = NULL;
}

static hny_status check_length(const struct hny_lines *lines, size_t length) {
    if (length <= HNY_LINE_LIMIT) return HNY_OK;
    return hny_fail(HNY_ERROR_INPUT, "%s:%llu: the line is longer than %zu MiB", lines->path,
                    (unsigned long long)lines->number + 1, HNY_LINE_LIMIT >> 20);
}

/* A step, with one read(2) at most, towards more text or its end. */
static hny_status fill(struct hny_lines *lines) {
    struct hny_buffer *text = &lines->text;
    HNY_TRY(check_length(lines, text->size - lines->begin));
    if (lines->begin) {
        text->size -= lines->begin;
        lines->dropped += lines->begin;
        lines->scanned -= lines->begin;
        memmove(text->data, text->data + lines->begin, text->size);
        lines->begin = 0;
    }
    if (!lines->told) return tell_format(lines);
    HNY_TRY(lines->format ? fill_packed(lines) : fill_plain(lines));
    if (text->data) text->data[text->size] = '\0';
    return HNY_OK;
}

/* Fills until a whole line is there or the text is over, but only as far as the system gives without waiting
 * unless WAIT. A failure is kept for every later call. */
static hny_status seek(struct hny_lines *lines, bool wait, const char **end) {
    *end = NULL;
    while (lines->failure == HNY_OK) {
        struct hny_buffer *text = &lines->text;
        if (text->size > lines->scanned)
            *end = memchr(text->data + lines->scanned, '\n', text->size - lines->scanned);
        if (*end || lines->over) return HNY_OK;
        lines->scanned = text->size;
        if (!wait && needs_raw(lines) && !readable(lines->fd, 0)) return HNY_OK;
        lines->failure = fill(lines);
        if (lines->failure == HNY_OK) continue;
        HNY_TRY(hny_buffer_append(&lines->message, hny_message(), strlen(hny_message())));
    }
    return hny_fail(lines->failure, "%s", lines->message.data ? lines->message.data : "out of memory");
}

hny_status hny_lines_next(struct hny_lines *lines, const char **text, size_t *size, bool *more) {
    const char *end;
    HNY_TRY(seek(lines, true, &end));
    char *line = lines->text.data ? lines->text.data + lines->begin : NULL;
    size_t length = end ? (size_t)(end - line) : lines->text.size - lines->begin;
    *more = end || length > 0;
    if (!*more) return HNY_OK;
    HNY_TRY(check_length(lines, length));
    lines->offset = lines->dropped + lines->begin;
    lines->begin += length + (end != NULL);
    lines->scanned = lines->begin;
    lines->number++;
    if (end && length > 0 && line[length - 1] == '\r') length--;
    line[length] = '\0';
    *text = line;
    *size = lines->bytes = length;
    if (hny_utf8_valid(line, length)) return HNY_OK;
    size_t replaced = 0;
    hny_buffer_clear(&lines->repaired);
    HNY_TRY(hny_utf8_repair(&lines->repaired, line, length, &replaced));
    lines->replaced += replaced;
    *text = lines->repaired.data;
    *size = lines->repaired.size;
    return HNY_OK;
}

hny_status hny_lines_seek(struct hny_lines *lines, uint64_t offset) {
    struct stat about;
    bool more = true;
    while (!lines->told) HNY_TRY(tell_format(lines));
    while (lines->format && more && hny_lines_behind(lines) < offset) {
        const char *text;
        size_t size;
        HNY_TRY(hny_lines_next(lines, &text, &size, &more));
    }
    lines->number = lines->replaced = 0;
    uint64_t there = hny_lines_behind(lines);
    if (!lines->format) {
        if (fstat(lines->fd, &about) != 0)
            return hny_fail_errno("%s: cannot be asked for its size", lines->path);
        there = (uint64_t)about.st_size < offset ? (uint64_t)about.st_size : offset;
        if (lseek(lines->fd, (off_t)there, SEEK_SET) < 0)
            return hny_fail_errno("%s: cannot be read from its middle", lines->path);
        lines->raw_begin = lines->raw_end = 0;
        lines->raw_over = false;
        lines->dropped = there;
    }
    if (there == offset) return HNY_OK;
    return hny_fail(HNY_ERROR_INPUT, "%s: is shorter than %llu bytes, or has no line that begins there",
                    lines->path, (unsigned long long)offset);
}

bool hny_lines_would_wait(struct hny_lines *lines) {
    const char *end;
    if (seek(lines, false, &end) != HNY_OK) return false;
    return !end && !lines->over;
}

uint64_t hny_lines_number(const struct hny_lines *lines) {
    return lines->number;
}

uint64_t hny_lines_replaced(const struct hny_lines *lines) {
    return lines->replaced;
}

uint64_t hny_lines_offset(const struct hny_lines *lines) {
    return lines->offset;
}

uint64_t hny_lines_behind(const struct hny_lines *lines) {
    return lines->dropped + lines->begin;
}

size_t hny_lines_bytes(const struct hny_lines *lines) {
    return lines->bytes;
}

bool hny_lines_packed(const struct hny_lines *lines) {
    return lines->format != NULL;
}

const char *hny_lines_path(const struct hny_lines *lines) {
    return lines->path;
}
