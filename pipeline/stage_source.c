#include "pipeline/stage_source.h"

#include "base/file.h"
#include "base/lines.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "pipeline/parcel.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SAVE_MS 500
enum {
    AT_A_TIME = 256,               /* lines, before messages are looked at again */
    PLACES = HNY_STREAM_WINDOW + 1 /* of the last stored record, and of the window behind it */
};

struct hny_source {
    struct hny_edge edge;
    char *position_path;
    struct hny_position saved;
    bool follow;
    uint64_t saved_at;

    struct hny_lines *lines; /* NULL: a file whose end was reached; it is opened again where it is followed */
    uint64_t number;         /* of the record read last */
    uint64_t behind[PLACES]; /* [number % PLACES] where the file goes on behind that record */
    bool over;               /* the end was given */

    void *socket;
    struct hny_parcel parcel; /* what came last, of which all before AT was given */
    size_t at;
    bool there;
    struct hny_buffer text;
};

/* --- Opening ------------------------------------------------------------------------------------------- */

static hny_status draw(uint64_t *number) {
    uint8_t random[16];
    HNY_TRY(hny_uuid_make(random));
    memcpy(number, random, sizeof *number);
    *number |= 1; /* 0 is none */
    return HNY_OK;
}

static hny_status open_lines(struct hny_source *source, uint64_t offset) {
    HNY_TRY(hny_lines_open(&source->lines, source->edge.place));
    return hny_lines_seek(source->lines, offset);
}

/* The stream's name is on disk before anybody hears it. */
static hny_status open_file(struct hny_source *source, const char *position) {
    struct stat about;
    bool found;
    if (stat(source->edge.place, &about) != 0)
        return hny_fail_errno("%s: cannot be read", source->edge.place);
    if (!S_ISREG(about.st_mode))
        return hny_fail(HNY_ERROR_USAGE, "%s: is no plain file; what cannot be read again comes by -",
                        source->edge.place);
    source->position_path = strdup(position);
    if (!source->position_path) return hny_fail(HNY_ERROR_MEMORY, "%s: out of memory", position);
    HNY_TRY(hny_file_clean(position));
    HNY_TRY(hny_position_load(position, false, &source->saved, &found));
    if (!found) {
        HNY_TRY(draw(&source->saved.at.stream));
        HNY_TRY(hny_position_save(position, false, &source->saved));
    }
    source->number = source->saved.at.stored;
    source->behind[source->number % PLACES] = source->saved.bytes;
    return open_lines(source, source->saved.bytes);
}

hny_status hny_source_open(struct hny_source **source, void *context, const struct hny_edge *edge,
                           const char *position, bool follow, const struct hny_edge_trust *trust) {
    struct hny_source *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->edge = *edge;
    made->follow = follow;
    hny_status status = draw(&made->saved.at.stream);
    if (status == HNY_OK && edge->kind == HNY_EDGE_FILE)
        status = open_file(made, position);
    else if (status == HNY_OK && edge->kind == HNY_EDGE_STANDARD)
        status = hny_lines_open(&made->lines, "-");
    else if (status == HNY_OK)
        status = hny_edge_open(edge, context, trust, &made->socket);
    if (status != HNY_OK) hny_source_close(&made);
    *source = made;
    return status;
}

void hny_source_close(struct hny_source **source) {
    struct hny_source *old = *source;
    if (!old) return;
    hny_lines_close(&old->lines);
    hny_parcel_free(&old->parcel);
    hny_buffer_free(&old->text);
    if (old->socket) zmq_close(old->socket);
    free(old->position_path);
    free(old);
    *source = NULL;
}

bool hny_source_forgets(const struct hny_source *source) {
    return !source->position_path;
}

uint64_t hny_source_stream(const struct hny_source *source) {
    return source->saved.at.stream;
}

hny_status hny_source_begin(struct hny_source *source, struct hny_stream_core *core) {
    const struct hny_position *saved = &source->saved;
    struct stat about;
    if (!source->position_path) return HNY_OK;
    HNY_TRY(hny_stream_core_begin(core, &saved->at, false));
    if (source->follow || !saved->end || saved->end != saved->at.stored) return HNY_OK;
    if (stat(source->edge.place, &about) != 0)
        return hny_fail_errno("%s: cannot be read", source->edge.place);
    source->over = (uint64_t)about.st_size == saved->bytes;
    if (source->over) hny_stream_core_ended(core, saved->end);
    return HNY_OK;
}

/* --- Positions ----------------------------------------------------------------------------------------- */

hny_status hny_source_save(struct hny_source *source, struct hny_stream_core *core, bool at_once) {
    uint64_t now = hny_milliseconds(), base = hny_stream_core_base(core);
    if (!source->position_path || base <= source->saved.at.stored || base > source->number) return HNY_OK;
    if (!at_once && now - source->saved_at < SAVE_MS) return HNY_OK;
    source->saved.at.stored = base;
    source->saved.at.refused = hny_stream_core_refused(core);
    source->saved.bytes = source->behind[base % PLACES];
    source->saved_at = now;
    return hny_position_save(source->position_path, false, &source->saved);
}

/* A number that has once been the end's remains it, whatever is added to the file meanwhile. */
static hny_status decide_end(struct hny_source *source) {
    if (!source->position_path || source->saved.end == source->number + 1) return HNY_OK;
    source->saved.end = source->number + 1;
    return hny_position_save(source->position_path, false, &source->saved);
}

/* --- Records ------------------------------------------------------------------------------------------- */

/* One piece; what a line of a stream cannot hold is replaced. */
static hny_status make_payload(struct hny_source *source, const char *text, size_t size,
                               struct hny_payload **payload) {
    struct hny_buffer *repaired = &source->text;
    bool whole = !memchr(text, '\0', size) && hny_utf8_valid(text, size);
    if (!whole) {
        hny_buffer_clear(repaired);
        for (size_t at = 0, end; at <= size; at = end + 1) {
            const char *nul = at < size ? memchr(text + at, '\0', size - at) : NULL;
            end = nul ? (size_t)(nul - text) : size;
            HNY_TRY(hny_utf8_repair(repaired, text + at, end - at, NULL));
            if (nul) HNY_TRY(hny_buffer_append(repaired, "\xEF\xBF\xBD", 3));
        }
    }
    *payload = hny_payload_create(
        (struct hny_piece){"", 0},
        whole ? &(struct hny_piece){text, size} : &(struct hny_piece){repaired->data, repaired->size}, 1);
    return *payload ? HNY_OK : HNY_ERROR_MEMORY;
}

/* A followed file that has grown is opened again behind what was read. */
static hny_status look_for_more(struct hny_source *source, uint64_t behind) {
    struct stat about;
    if (stat(source->edge.place, &about) != 0)
        return hny_fail_errno("%s: cannot be read", source->edge.place);
    if ((uint64_t)about.st_size <= behind) return HNY_OK;
    return open_lines(source, behind);
}

/* The next line: *MORE false where there is none; *WAIT where there may be one later. */
static hny_status next_line(struct hny_source *source, const char **text, size_t *size, bool *more,
                            bool *wait) {
    uint64_t behind = source->behind[source->number % PLACES];
    *more = *wait = false;
    if (!source->lines && source->follow) HNY_TRY(look_for_more(source, behind));
    if (source->lines && source->edge.kind == HNY_EDGE_STANDARD && hny_lines_would_wait(source->lines)) {
        *wait = true;
        return HNY_OK;
    }
    if (source->lines) HNY_TRY(hny_lines_next(source->lines, text, size, more));
    /* Of a line that is being written the end is missing. */
    bool half =
        *more && source->follow && (*text)[*size] == '\0' &&
        hny_lines_behind(source->lines) == hny_lines_offset(source->lines) + hny_lines_bytes(source->lines);
    if (half) *more = false;
    if (!*more && source->follow) {
        hny_lines_close(&source->lines);
        *wait = true;
    }
    return HNY_OK;
}

/* The next line of the messages that have come. */
static hny_status next_message(struct hny_source *source, const char **text, size_t *size, bool *more) {
    *more = source->there;
    if (!source->there) {
        HNY_TRY(hny_parcel_receive(source->socket, &source->parcel, more));
        source->there = *more;
        source->at = 0;
    }
    if (source->parcel.cut) *more = source->there = false; /* it is not known what was its last frame */
    if (!*more) return HNY_OK;
    const struct hny_piece *last = &source->parcel.pieces[source->parcel.count - 1];
    const char *begin = last->data + source->at;
    size_t left = last->size - source->at;
    const char *end = left ? memchr(begin, '\n', left) : NULL;
    *text = begin;
    *size = end ? (size_t)(end - begin) : left;
    source->at += *size + (end != NULL);
    source->there = source->at < last->size;
    return HNY_OK;
}

static hny_status next(struct hny_source *source, const char **text, size_t *size, bool *more, bool *wait) {
    bool known = source->position_path && source->saved.end == source->number + 1;
    *more = *wait = false;
    if (known) return HNY_OK;
    if (!source->socket) return next_line(source, text, size, more, wait);
    HNY_TRY(next_message(source, text, size, more));
    *wait = !*more;
    return HNY_OK;
}

static void count(struct hny_source *source) {
    uint64_t before = source->behind[source->number % PLACES];
    source->number++;
    source->behind[source->number % PLACES] =
        source->lines && source->position_path ? hny_lines_behind(source->lines) : before;
}

/* Passes over what is stored already, as it turns out: the position lay behind the sink's. */
static hny_status skip(struct hny_source *source, struct hny_stream_core *core) {
    const char *text;
    size_t size;
    bool more, wait;
    if (!source->position_path) source->number = hny_stream_core_next(core) - 1;
    while (source->number + 1 < hny_stream_core_next(core)) {
        HNY_TRY(next(source, &text, &size, &more, &wait));
        if (!more && source->saved.end != source->number + 1)
            return hny_fail(HNY_ERROR_INPUT, "%s: has fewer than the %" PRIu64 " lines that the output has",
                            source->edge.place, hny_stream_core_base(core));
        count(source);
        if (more) continue;
        source->over = true;
        hny_stream_core_ended(core, source->number);
    }
    return HNY_OK;
}

hny_status hny_source_give(struct hny_source *source, struct hny_stream_core *core, bool *any) {
    const char *text = NULL;
    size_t size = 0;
    bool more = true, wait;
    *any = false;
    for (int i = 0; i < AT_A_TIME && more && !source->over && hny_stream_core_room(core); i++) {
        HNY_TRY(skip(source, core));
        if (source->over) return HNY_OK;
        HNY_TRY(next(source, &text, &size, &more, &wait));
        if (wait) return HNY_OK;
        struct hny_payload *payload = NULL;
        if (more)
            HNY_TRY(make_payload(source, text, size, &payload));
        else
            HNY_TRY(decide_end(source));
        count(source);
        source->over = !more;
        *any = true;
        hny_status status = hny_stream_core_feed(core, hny_milliseconds(), payload, !more);
        hny_payload_drop(&payload);
        HNY_TRY(status);
    }
    return HNY_OK;
}

bool hny_source_poll(const struct hny_source *source, zmq_pollitem_t *item) {
    *item = (zmq_pollitem_t){source->socket, STDIN_FILENO, ZMQ_POLLIN, 0};
    return !source->over && (source->socket || source->edge.kind == HNY_EDGE_STANDARD);
}
