#include "pipeline/worker.h"

#include "base/memory.h"
#include "base/progress.h"
#include "pipeline/confine.h"
#include "pipeline/keys.h"
#include "pipeline/parcel.h"
#include "pipeline/wire.h"
#include "pipeline/worker_core.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TICK 100
#define LEAVE_AT_LAST 60000 /* ms that it has for what it holds, once it is to stop */

/* A job of several sentences, each a line of the translator's. */
struct job {
    struct job *next;
    uint64_t number;
    struct hny_payload *payload;
    struct hny_buffer *texts; /* [payload->count] */
    size_t left;
    bool cancelled;
};

struct shell {
    const struct hny_worker_options *options;
    void *context, *socket;
    struct hny_worker_core *core;
    struct hny_translator *translator; /* NULL: an echo */
    struct job *jobs;
    struct hny_parcel parcel;
    struct hny_frames frames;
    struct hny_piece *pieces;
    size_t piece_capacity;
    uint64_t echoed, ticked;
    /* A line's tag is its place here: which job it is of, and which sentence. */
    struct place {
        struct job *job;
        size_t sentence;
    } * places;
    size_t place_count, place_capacity;
    size_t *free_places;
    size_t free_count, free_capacity;
};

void hny_worker_options_defaults(struct hny_worker_options *options) {
    *options = (struct hny_worker_options){.credit = 16384, .beat = 1000};
    hny_translator_defaults(&options->translator);
    options->translator.unordered = true;
}

static hny_status open_core(struct shell *shell) {
    const struct hny_worker_options *options = shell->options;
    uint8_t uuid[16];
    struct hny_piece *names = hny_allocate(options->name_count, sizeof *names);
    if (!names) return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < options->name_count; i++)
        names[i] = (struct hny_piece){options->names[i], strlen(options->names[i])};
    struct hny_payload *models = hny_payload_create((struct hny_piece){"", 0}, names, options->name_count);
    hny_status status = models ? hny_uuid_make(uuid) : HNY_ERROR_MEMORY;
    if (status == HNY_OK)
        status = hny_worker_core_create(&shell->core, uuid, models, options->credit, options->beat);
    hny_payload_drop(&models);
    free(names);
    return status;
}

static hny_status open_shell(struct shell *shell) {
    const struct hny_worker_options *options = shell->options;
    if (options->model)
        HNY_TRY(hny_translator_create(&shell->translator, options->model, &options->translator));
    HNY_TRY(open_core(shell));
    shell->context = zmq_ctx_new();
    if (!shell->context) return hny_zmq_fail("cannot make", "a context");
    HNY_TRY(hny_socket_open(&shell->socket, shell->context, ZMQ_DEALER, -1, 1000));
    if (options->key) HNY_TRY(hny_keys_use(shell->socket, options->key, options->server));
    return zmq_connect(shell->socket, options->broker) == 0
               ? HNY_OK
               : hny_zmq_fail("cannot connect to", options->broker);
}

static void free_job(struct job *job) {
    for (size_t i = 0; job->texts && i < job->payload->count; i++) hny_buffer_free(&job->texts[i]);
    free(job->texts);
    hny_payload_drop(&job->payload);
    free(job);
}

static void close_shell(struct shell *shell) {
    hny_translator_destroy(&shell->translator);
    while (shell->jobs) {
        struct job *job = shell->jobs;
        shell->jobs = job->next;
        free_job(job);
    }
    free(shell->places);
    free(shell->free_places);
    free(shell->pieces);
    hny_parcel_free(&shell->parcel);
    hny_frames_free(&shell->frames);
    hny_worker_core_destroy(&shell->core);
    if (shell->socket) zmq_close(shell->socket);
    if (shell->context) zmq_ctx_term(shell->context);
}

/* --- Jobs
 * ---------------------------------------------------------------------------------------------------- */

static void remove_job(struct shell *shell, struct job *job) {
    struct job **link = &shell->jobs;
    while (*link != job) link = &(*link)->next;
    *link = job->next;
    free_job(job);
}

static hny_status finish(struct shell *shell, struct job *job, enum hny_refusal refusal) {
    struct hny_payload *done = NULL;
    hny_status status = HNY_OK;
    if (!refusal && !job->cancelled) {
        struct hny_piece *texts = hny_allocate(job->payload->count, sizeof *texts);
        for (size_t i = 0; texts && i < job->payload->count; i++)
            texts[i] = (struct hny_piece){job->texts[i].data ? job->texts[i].data : "", job->texts[i].size};
        done = texts ? hny_payload_create((struct hny_piece){"", 0}, texts, job->payload->count) : NULL;
        free(texts);
        if (!done) status = HNY_ERROR_MEMORY;
    }
    if (status == HNY_OK && !job->cancelled)
        status = hny_worker_core_done(shell->core, job->number, refusal, done);
    hny_payload_drop(&done);
    remove_job(shell, job);
    return status;
}

/* A number for sentence I of JOB, which comes back as a line's tag. */
static hny_status take_place(struct shell *shell, struct job *job, size_t i, uint64_t *tag) {
    if (shell->free_count > 0) {
        *tag = shell->free_places[--shell->free_count];
    } else {
        if (hny_grow(&shell->places, &shell->place_capacity, shell->place_count + 1, sizeof *shell->places) ||
            hny_grow(&shell->free_places, &shell->free_capacity, shell->place_count + 1,
                     sizeof *shell->free_places))
            return HNY_ERROR_MEMORY;
        *tag = shell->place_count++;
    }
    shell->places[*tag] = (struct place){job, i};
    return HNY_OK;
}

static hny_status echo(struct shell *shell, struct job *job) {
    for (size_t i = 0; i < job->payload->count; i++)
        HNY_TRY(hny_buffer_append(&job->texts[i], job->payload->sentences[i].data,
                                  job->payload->sentences[i].size));
    shell->echoed++;
    return finish(shell, job, HNY_NOT_REFUSED);
}

/* Takes over the payload. */
static hny_status start(struct shell *shell, uint64_t number, struct hny_payload *payload) {
    struct job *job = hny_allocate(1, sizeof *job);
    struct hny_buffer *texts = hny_allocate(payload->count, sizeof *texts);
    if (!job || !texts) {
        free(job);
        free(texts);
        hny_payload_drop(&payload);
        return HNY_ERROR_MEMORY;
    }
    *job = (struct job){
        .next = shell->jobs, .number = number, .payload = payload, .texts = texts, .left = payload->count};
    shell->jobs = job;
    if (!shell->translator || payload->count == 0) return echo(shell, job);
    for (size_t i = 0; i < payload->count; i++) {
        uint64_t tag;
        HNY_TRY(take_place(shell, job, i, &tag));
        hny_status status = hny_translator_add(shell->translator, tag, payload->sentences[i].data,
                                               payload->sentences[i].size);
        if (status == HNY_OK) continue;
        shell->free_places[shell->free_count++] = tag;
        if (status != HNY_ERROR_INPUT || i > 0) return status;
        return finish(shell, job, HNY_REFUSED_BAD);
    }
    return HNY_OK;
}

/* The translator cannot be told: what comes of it is thrown away. */
static void cancel(struct shell *shell, uint64_t number) {
    for (struct job *job = shell->jobs; job; job = job->next)
        if (job->number == number) job->cancelled = true;
}

static hny_status take_line(struct shell *shell, struct hny_line_translation *line) {
    struct place place = shell->places[line->tag];
    shell->free_places[shell->free_count++] = line->tag;
    hny_status status =
        hny_buffer_append(&place.job->texts[place.sentence], line->texts[0].data, line->texts[0].size);
    hny_line_translation_free(line);
    if (status != HNY_OK || --place.job->left > 0) return status;
    return finish(shell, place.job, HNY_NOT_REFUSED);
}

static hny_status take_lines(struct shell *shell) {
    struct hny_line_translation line;
    for (bool taken = true; taken;) {
        HNY_TRY(hny_translator_take(shell->translator, false, &line, &taken));
        if (taken) HNY_TRY(take_line(shell, &line));
    }
    return HNY_OK;
}

/* --- The broker
 * ---------------------------------------------------------------------------------------------- */

static hny_status tell(struct shell *shell, const struct hny_message *message) {
    HNY_TRY(hny_wire_write(&shell->frames, message));
    size_t count = shell->frames.count + 1;
    if (hny_grow(&shell->pieces, &shell->piece_capacity, count, sizeof *shell->pieces))
        return HNY_ERROR_MEMORY;
    shell->pieces[0] = (struct hny_piece){"", 0};
    memcpy(shell->pieces + 1, shell->frames.pieces, shell->frames.count * sizeof *shell->pieces);
    bool sent;
    return hny_parcel_send(shell->socket, shell->pieces, count, &sent);
}

static hny_status act(struct shell *shell) {
    struct hny_worker_action action;
    while (hny_worker_core_take(shell->core, &action)) {
        if (action.act == HNY_WORKER_START) {
            HNY_TRY(start(shell, action.job, action.message.payload));
            continue;
        }
        hny_status status = HNY_OK;
        if (action.act == HNY_WORKER_SEND)
            status = tell(shell, &action.message);
        else
            cancel(shell, action.job);
        hny_payload_drop(&action.message.payload);
        HNY_TRY(status);
    }
    return HNY_OK;
}

static hny_status hear(struct shell *shell) {
    for (;;) {
        struct hny_message message;
        bool any;
        HNY_TRY(hny_parcel_receive(shell->socket, &shell->parcel, &any));
        if (!any) return HNY_OK;
        const struct hny_parcel *parcel = &shell->parcel;
        if (parcel->count < 2 || parcel->pieces[0].size != 0) continue;
        hny_status status = hny_wire_read(parcel->pieces + 1, parcel->count - 1, &message);
        if (status == HNY_ERROR_INPUT) continue;
        if (status == HNY_OK) status = hny_worker_core_message(shell->core, hny_milliseconds(), &message);
        hny_payload_drop(&message.payload);
        HNY_TRY(status);
        HNY_TRY(act(shell));
    }
}

static hny_status turn(struct shell *shell) {
    zmq_pollitem_t items[2] = {{shell->socket, 0, ZMQ_POLLIN, 0}};
    if (shell->translator)
        items[1] = (zmq_pollitem_t){NULL, hny_translator_notice(shell->translator), ZMQ_POLLIN, 0};
    if (zmq_poll(items, shell->translator ? 2 : 1, TICK) < 0 && zmq_errno() != EINTR)
        return hny_zmq_fail("cannot wait for", "messages");
    if (items[0].revents & ZMQ_POLLIN) HNY_TRY(hear(shell));
    if (items[1].revents & ZMQ_POLLIN) {
        uint64_t times;
        ssize_t got = read(items[1].fd, &times, sizeof times);
        (void)got; /* 0 bytes: somebody read it before, and the lines are there all the same */
    }
    if (shell->translator) HNY_TRY(take_lines(shell));
    uint64_t now = hny_milliseconds();
    if (now - shell->ticked >= TICK) {
        shell->ticked = now;
        uint64_t steps = shell->translator ? hny_translator_steps(shell->translator) : shell->echoed;
        HNY_TRY(hny_worker_core_tick(shell->core, now, steps));
    }
    return act(shell);
}

hny_status hny_worker_run(const struct hny_worker_options *options) {
    struct shell shell = {.options = options};
    uint64_t end = 0;
    hny_status status = open_shell(&shell);
    /* A broker on another machine may have to be connected to again. */
    if (status == HNY_OK) status = hny_confine(strncmp(options->broker, "ipc://", 6) != 0);
    while (status == HNY_OK && !hny_worker_core_left(shell.core)) {
        status = turn(&shell);
        if (!hny_stop_requested()) continue;
        uint64_t now = hny_milliseconds();
        if (!end) end = now + LEAVE_AT_LAST;
        hny_worker_core_leave(shell.core);
        if (now >= end) break;
    }
    close_shell(&shell);
    return status;
}
