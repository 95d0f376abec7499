/* honyaku send: a text, line by line, to a broker, and its translations. */
#include "base/json.h"
#include "base/lines.h"
#include "base/memory.h"
#include "base/progress.h"
#include "pipeline/client.h"
#include "tools/commands.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct hny_option options[] = {
    {"connect", 'c', "ENDPOINT", false, false,
     "the broker's endpoint for clients (default: tcp://127.0.0.1:5555)"},
    {"model", 'm', "NAME", false, false, "model or pair, as en-ja (default: the broker's first)"},
    {"source", 's', "LANGUAGE", false, false, "with --target, in place of --model: that pair's"},
    {"target", 't', "LANGUAGE", false, false, "see --source"},
    {"via", 0, "LANGUAGE", false, false, "by way of this language, where no model has the pair itself"},
    {"deadline", 0, "MS", false, false, "that a line's translation may take (default: any)"},
    {"priority", 0, "N", false, false, "0 to 9: higher goes first among one's own (default: 0)"},
    {"window", 0, "N", false, false, "lines under way at a time (default: 512)"},
    {"quiet", 'q', NULL, false, false, "no progress on standard error"},
    {"key", 'k', "FILE", false, false, "one's own keys, from honyaku keygen curve"},
    {"server-key", 0, "KEY", false, false, "the broker's public key, or the file with it"},
    {NULL, 0, NULL, false, false, NULL},
};

/* Seconds after which a broker that was busy, or was about to end, is asked again. */
#define PAUSE 0.25

/* ms after which a broker that does not let the key in is given up: somebody waits. */
#define REFUSED 2000

/* A line between its reading and its writing. */
struct slot {
    bool answered;
    struct hny_answer answer;
    char *text; /* kept until it is answered */
    size_t size;
    uint64_t number; /* of the request for it */
    double due;      /* when it is to be asked for again; 0: it is not */
};

struct job {
    struct hny_client *client;
    struct hny_lines *lines;
    struct hny_buffer request; /* options */
    struct slot *slots;        /* [window] line n is at n % window */
    size_t window;
    uint64_t read, written; /* lines */
    uint64_t refused;
    size_t paused; /* lines that are to be asked for again */
    double begun;
};

/* The options of every request, as JSON. */
static hny_status write_request(const struct hny_arguments *arguments, size_t deadline, size_t priority,
                                struct hny_buffer *request) {
    static const char *const names[] = {"model", "source", "target", "via"};
    json_t *json =
        json_pack("{s:I, s:I}", "deadline", (json_int_t)deadline, "priority", (json_int_t)priority);
    for (size_t i = 0; json && i < sizeof names / sizeof *names; i++) {
        const char *name = hny_argument_text(arguments, names[i]);
        if (name && json_object_set_new(json, names[i], json_string(name)) != 0) {
            json_decref(json);
            return hny_fail(HNY_ERROR_USAGE, "--%s %s is no name", names[i], name);
        }
    }
    if (!json) return hny_fail(HNY_ERROR_MEMORY, "out of memory for JSON");
    hny_status status = hny_json_print(request, json, false);
    json_decref(json);
    return status;
}

static hny_status read_options(const struct hny_arguments *arguments, struct job *job) {
    size_t deadline = 0, priority = 0;
    job->window = 512;
    HNY_TRY(hny_argument_count(arguments, "deadline", 1, UINT32_MAX, &deadline));
    HNY_TRY(hny_argument_count(arguments, "priority", 0, 9, &priority));
    HNY_TRY(hny_argument_count(arguments, "window", 1, 4096, &job->window));
    HNY_TRY(write_request(arguments, deadline, priority, &job->request));
    job->slots = hny_allocate(job->window, sizeof *job->slots);
    return job->slots ? HNY_OK : HNY_ERROR_MEMORY;
}

static struct slot *slot_of(const struct job *job, uint64_t line) {
    return &job->slots[line % job->window];
}

static hny_status ask(struct job *job, uint64_t line) {
    struct slot *slot = slot_of(job, line);
    return hny_client_translate(job->client, job->request.data, slot->text, slot->size, &slot->number);
}

static hny_status read_line(struct job *job, bool *more) {
    const char *text;
    size_t size;
    HNY_TRY(hny_lines_next(job->lines, &text, &size, more));
    if (!*more) return HNY_OK;
    struct slot *slot = slot_of(job, job->read);
    *slot = (struct slot){.text = malloc(size + 1), .size = size};
    if (!slot->text) return hny_fail(HNY_ERROR_MEMORY, "out of memory for a line of %zu bytes", size);
    memcpy(slot->text, text, size);
    job->read++;
    return ask(job, job->read - 1);
}

/* The line that was asked for under NUMBER; those asked for again have numbers in no order. */
static struct slot *find_slot(const struct job *job, uint64_t number) {
    for (uint64_t line = job->written; line < job->read; line++)
        if (slot_of(job, line)->number == number) return slot_of(job, line);
    return NULL;
}

/* Asks again for lines whose pause is over. */
static hny_status ask_again(struct job *job) {
    double now = job->paused > 0 ? hny_seconds() : 0;
    for (uint64_t line = job->written; job->paused > 0 && line < job->read; line++) {
        struct slot *slot = slot_of(job, line);
        if (!(slot->due > 0) || now < slot->due) continue;
        slot->due = 0;
        job->paused--;
        HNY_TRY(ask(job, line));
    }
    return HNY_OK;
}

/* An answer finds its line; where the broker was busy, or is to end and a successor may come, the line waits
 * to be asked for again. */
static hny_status take_answer(struct job *job, uint64_t milliseconds, bool *taken) {
    struct hny_answer answer;
    HNY_TRY(hny_client_take(job->client, milliseconds, &answer, taken));
    if (!*taken) return HNY_OK;
    struct slot *slot = find_slot(job, answer.number);
    if (!slot)
        return hny_fail(HNY_ERROR_IO, "an answer to nothing"); /* cannot be: each number is answered once */
    if (answer.refusal == HNY_REFUSED_BUSY || answer.refusal == HNY_REFUSED_LEAVING) {
        hny_answer_free(&answer);
        slot->due = hny_seconds() + PAUSE;
        job->paused++;
        return HNY_OK;
    }
    slot->answer = answer;
    slot->answered = true;
    free(slot->text);
    slot->text = NULL;
    return HNY_OK;
}

/* Lines that are refused stay empty, so that the others keep their numbers. */
static hny_status write_answered(struct job *job) {
    bool any = false;
    while (job->written < job->read && slot_of(job, job->written)->answered) {
        struct slot *slot = slot_of(job, job->written);
        struct hny_answer *answer = &slot->answer;
        job->written++;
        any = true;
        if (answer->refusal) {
            job->refused++;
            fprintf(stderr, "honyaku: send: %s:%" PRIu64 ": refused: %s\n", hny_lines_path(job->lines),
                    job->written, hny_refusal_name(answer->refusal));
        }
        size_t size = answer->refusal ? 0 : answer->size;
        bool wrong = fwrite(answer->text, 1, size, stdout) != size || putchar('\n') == EOF;
        hny_answer_free(answer);
        slot->answered = false;
        if (wrong) return hny_fail_errno("standard output: cannot be written");
    }
    if (any && fflush(stdout) != 0) return hny_fail_errno("standard output: cannot be written");
    double seconds = hny_seconds() - job->begun;
    if (any)
        hny_progress_show("%" PRIu64 " lines translated, %.0f a second", job->written,
                          (double)job->written / (seconds > 0 ? seconds : 1));
    return HNY_OK;
}

static hny_status send_all(struct job *job) {
    for (bool more = true; more || job->written < job->read;) {
        bool room = job->read - job->written < job->window, taken;
        if (hny_stop_requested()) return HNY_INTERRUPTED;
        if (more && room && (job->written == job->read || !hny_lines_would_wait(job->lines))) {
            HNY_TRY(read_line(job, &more));
            HNY_TRY(take_answer(job, 0, &taken));
        } else {
            HNY_TRY(take_answer(job, 20, &taken));
        }
        while (taken) HNY_TRY(take_answer(job, 0, &taken));
        HNY_TRY(hny_client_check(job->client, REFUSED));
        hny_client_note(job->client, "send");
        HNY_TRY(ask_again(job));
        HNY_TRY(write_answered(job));
    }
    return HNY_OK;
}

static void close_job(struct job *job) {
    for (size_t i = 0; job->slots && i < job->window; i++) {
        hny_answer_free(&job->slots[i].answer);
        free(job->slots[i].text);
    }
    free(job->slots);
    hny_buffer_free(&job->request);
    hny_client_close(&job->client);
    hny_lines_close(&job->lines);
}

static hny_status run(const struct hny_arguments *arguments) {
    struct job job = {.begun = hny_seconds()};
    const char *broker = hny_argument_text(arguments, "connect");
    hny_progress_quiet(hny_argument_given(arguments, "quiet"));
    hny_stop_catch();
    hny_status status = read_options(arguments, &job);
    if (status == HNY_OK)
        status = hny_lines_open(&job.lines,
                                hny_argument_rest(arguments) ? hny_argument_rest_at(arguments, 0) : "-");
    const char *key = hny_argument_text(arguments, "key"),
               *server = hny_argument_text(arguments, "server-key");
    if (status == HNY_OK)
        status = hny_client_open_keyed(&job.client, broker ? broker : "tcp://127.0.0.1:5555", key, server);
    if (status == HNY_OK) status = send_all(&job);
    hny_progress_end();
    if (status == HNY_OK && job.refused > 0)
        status = hny_fail(HNY_ERROR_INPUT, "%" PRIu64 " of %" PRIu64 " lines were refused", job.refused,
                          job.written);
    close_job(&job);
    return status;
}

const struct hny_command hny_command_send = {
    .name = "send",
    .arguments = "[FILE]",
    .summary = "send a text to a broker line by line, and write the translations",
    .description = "Line N of the output is the translation of line N of the input. Many lines are under way "
                   "at once. A broker "
                   "or worker that fails meanwhile costs nothing but time: each line is translated once, or "
                   "refused with a "
                   "reason, and then its line stays empty and the exit status is not 0. A broker that is not "
                   "there is waited for; one that does not let the key in is given up after 2 seconds.",
    .example = "honyaku send --model en-ja < in.en > out.ja",
    .options = options,
    .least = 0,
    .most = 1,
    .run = run,
};
