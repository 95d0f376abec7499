#include "pipeline/worker.h"

#include "base/memory.h"
#include "base/notify.h"
#include "base/progress.h"
#include "base/threads.h"
#include "pipeline/confine.h"
#include "pipeline/connection.h"
#include "pipeline/keys.h"
#include "pipeline/post.h"
#include "pipeline/worker_core.h"
#include "pipeline/worker_jobs.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TICK 100
#define AT_A_TIME 64        /* jobs that are handed on before the broker's turn */
#define CREDIT_A_ROW 64     /* bytes; five rows are a sentence */
#define LEAVE_AT_LAST 60000 /* ms that it has for what it holds, once it is to stop */

struct shell {
    const struct hny_worker_options *options;
    void *context, *socket;
    struct hny_connection *connection;
    struct hny_worker_core *core;
    struct hny_worker_jobs *jobs;
    struct hny_post post;
    uint64_t ticked;
};

void hny_worker_options_defaults(struct hny_worker_options *options) {
    *options = (struct hny_worker_options){.beat = 1000};
    hny_translator_defaults(&options->translator);
}

/* Enough that the translator's rows are always full, and little enough that who asks for a single sentence
 * does not wait long behind what is held already. */
static uint32_t credit_of(const struct hny_worker_options *options) {
    size_t threads = options->translator.threads ? options->translator.threads : hny_processors();
    size_t credit = CREDIT_A_ROW * options->translator.rows * threads;
    if (options->credit) return options->credit;
    return credit < UINT32_MAX ? (uint32_t)credit : UINT32_MAX;
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
        status = hny_worker_core_create(&shell->core, uuid, models, credit_of(options), options->beat);
    hny_payload_drop(&models);
    free(names);
    return status;
}

static hny_status open_shell(struct shell *shell) {
    const struct hny_worker_options *options = shell->options;
    HNY_TRY(hny_worker_jobs_create(&shell->jobs, options->model, &options->translator));
    HNY_TRY(open_core(shell));
    shell->context = zmq_ctx_new();
    if (!shell->context) return hny_zmq_fail("cannot make", "a context");
    HNY_TRY(hny_socket_open(&shell->socket, shell->context, ZMQ_DEALER, -1, 1000));
    HNY_TRY(hny_keys_use(shell->socket, options->key, options->server));
    HNY_TRY(hny_connection_open(&shell->connection, shell->context, shell->socket, options->broker,
                                options->server != NULL));
    if (zmq_connect(shell->socket, options->broker) != 0)
        return hny_zmq_fail("cannot connect to", options->broker);
    /* A broker on another machine may have to be connected to again. */
    return hny_confine(strncmp(options->broker, "ipc://", 6) != 0);
}

static void close_shell(struct shell *shell) {
    hny_worker_jobs_destroy(&shell->jobs);
    hny_post_free(&shell->post);
    hny_worker_core_destroy(&shell->core);
    hny_connection_close(&shell->connection);
    if (shell->socket) zmq_close(shell->socket);
    if (shell->context) zmq_ctx_term(shell->context);
}

static hny_status act(struct shell *shell) {
    struct hny_worker_action action;
    while (hny_worker_core_take(shell->core, &action)) {
        if (action.act == HNY_WORKER_START) {
            HNY_TRY(hny_worker_jobs_start(shell->jobs, action.job, action.message.payload));
            continue;
        }
        hny_status status = HNY_OK;
        if (action.act == HNY_WORKER_SEND)
            status = hny_post_send(&shell->post, shell->socket, NULL, &action.message);
        else
            hny_worker_jobs_cancel(shell->jobs, action.job);
        hny_payload_drop(&action.message.payload);
        HNY_TRY(status);
    }
    return HNY_OK;
}

static hny_status hear(struct shell *shell) {
    for (;;) {
        struct hny_message message;
        bool any;
        HNY_TRY(hny_post_receive(&shell->post, shell->socket, &message, &any));
        if (!any) return HNY_OK;
        hny_status status = hny_worker_core_message(shell->core, hny_milliseconds(), &message);
        hny_payload_drop(&message.payload);
        HNY_TRY(status);
        HNY_TRY(act(shell));
    }
}

/* Hands on what is done. The notice is read before looking, so that nothing is missed between the two. */
static hny_status deliver(struct shell *shell, int notice) {
    struct hny_worker_done done;
    uint64_t times;
    ssize_t got = notice >= 0 ? read(notice, &times, sizeof times) : 0;
    (void)got; /* nothing there: what is done is looked for all the same */
    bool taken = true;
    for (size_t i = 0; i < AT_A_TIME && taken; i++) {
        HNY_TRY(hny_worker_jobs_take(shell->jobs, &done, &taken));
        if (!taken) break;
        hny_status status = hny_worker_core_done(shell->core, done.number, done.refusal, done.payload);
        hny_payload_drop(&done.payload);
        HNY_TRY(status);
    }
    return HNY_OK;
}

static hny_status turn(struct shell *shell) {
    int notice = hny_worker_jobs_notice(shell->jobs);
    zmq_pollitem_t items[2] = {{shell->socket, 0, ZMQ_POLLIN, 0}, {NULL, notice, ZMQ_POLLIN, 0}};
    long wait = hny_worker_jobs_more(shell->jobs) ? 0 : TICK;
    if (zmq_poll(items, notice >= 0 ? 2 : 1, wait) < 0 && zmq_errno() != EINTR)
        return hny_zmq_fail("cannot wait for", "messages");
    HNY_TRY(hear(shell));
    HNY_TRY(deliver(shell, notice));
    uint64_t now = hny_milliseconds();
    if (now - shell->ticked >= TICK) {
        shell->ticked = now;
        HNY_TRY(hny_connection_turn(shell->connection, now));
        hny_connection_note(shell->connection, "worker", now);
        HNY_TRY(hny_worker_core_tick(shell->core, now, hny_worker_jobs_steps(shell->jobs)));
    }
    return act(shell);
}

/* Nobody waits for what may not have gone out yet. */
static void end_at_once(const struct shell *shell) {
    static const int linger = 0;
    (void)zmq_setsockopt(shell->socket, ZMQ_LINGER, &linger, sizeof linger);
}

hny_status hny_worker_run(const struct hny_worker_options *options) {
    struct shell shell = {.options = options};
    uint64_t end = 0;
    bool ready = false;
    hny_status status = open_shell(&shell);
    while (status == HNY_OK && !hny_worker_core_left(shell.core)) {
        status = turn(&shell);
        if (!ready && hny_worker_core_joined(shell.core)) {
            ready = true;
            hny_notify_ready();
        }
        if (!hny_stop_requested()) continue;
        uint64_t now = hny_milliseconds();
        if (!end) end = now + LEAVE_AT_LAST;
        hny_worker_core_leave(shell.core);
        if (now >= end) break;
    }
    if (status == HNY_OK && hny_worker_core_left(shell.core)) end_at_once(&shell);
    close_shell(&shell);
    return status;
}
