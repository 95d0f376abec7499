/* honyaku status: what a broker tells of its models, workers, queues and times. */
#include "base/json.h"
#include "base/progress.h"
#include "pipeline/client.h"
#include "tools/commands.h"

#include <stdio.h>
#include <time.h>

static const struct hny_option options[] = {
    {"connect", 'c', "ENDPOINT", false, false,
     "the broker's endpoint for clients (default: tcp://127.0.0.1:5555)"},
    {"json", 0, NULL, false, false, "one JSON object a line"},
    {"watch", 'w', "SECONDS", false, false, "again and again, so far apart"},
    {"wait", 0, "SECONDS", false, false, "for an answer (default: 5)"},
    {"key", 'k', "FILE", false, false, "one's own keys, from honyaku keygen curve"},
    {"server-key", 0, "KEY", false, false, "the broker's public key, or the file with it"},
    {NULL, 0, NULL, false, false, NULL},
};

static long long number(const json_t *object, const char *key) {
    return json_integer_value(json_object_get(object, key));
}

static void print_models(const json_t *models) {
    size_t i;
    json_t *model;
    printf("\n%-24s %8s %8s\n", "model", "workers", "waiting");
    json_array_foreach(models, i, model) {
        const char *name = json_string_value(json_object_get(model, "name"));
        printf("%-24s %8lld %8lld%s\n", name && *name ? name : "(any)", number(model, "workers"),
               number(model, "waiting"), json_is_true(json_object_get(model, "main")) ? "  main" : "");
    }
}

static void print_workers(const json_t *workers) {
    size_t i;
    json_t *worker;
    printf("\n%-24s %8s %8s %8s %10s\n", "worker", "jobs", "bytes", "credit", "silent ms");
    json_array_foreach(workers, i, worker) {
        const char *uuid = json_string_value(json_object_get(worker, "uuid"));
        printf("%-8.8s %-15s %8lld %8lld %8lld %10lld%s\n", uuid ? uuid : "",
               json_string_value(json_array_get(json_object_get(worker, "models"), 0)),
               number(worker, "jobs"), number(worker, "bytes"), number(worker, "credit"),
               number(worker, "silent_ms"),
               json_is_true(json_object_get(worker, "leaving")) ? "  leaving" : "");
    }
}

static void print_state(const json_t *state) {
    const json_t *times = json_object_get(state, "milliseconds");
    printf("up %lld s%s, %lld clients; %lld waiting, %lld worked on, %lld remembered, %.1f MiB\n",
           number(state, "up_ms") / 1000, json_is_true(json_object_get(state, "draining")) ? ", ending" : "",
           number(state, "clients"), number(state, "waiting"), number(state, "working"),
           number(state, "remembered"), (double)number(state, "bytes") / 1048576);
    printf("%lld accepted, %lld translated, %lld refused, %lld handed out again; p50 %lld ms, p95 %lld ms, "
           "p99 %lld ms\n",
           number(state, "accepted"), number(state, "translated"), number(state, "refused"),
           number(state, "handed_out_again"), number(times, "p50"), number(times, "p95"),
           number(times, "p99"));
    print_models(json_object_get(state, "models"));
    print_workers(json_object_get(state, "workers"));
}

static hny_status show(struct hny_client *client, const char *broker, double wait, bool as_json) {
    struct hny_buffer text = {0};
    json_t *state = NULL;
    bool got = false;
    hny_status status = hny_client_state(client, (uint64_t)(wait * 1000), &text, &got);
    const char *why = hny_client_words(client);
    if (status == HNY_OK && !got)
        status = hny_fail(HNY_ERROR_IO, "%s: no answer in %g seconds%s%s", broker, wait, why ? ": " : "",
                          why ? why : "");
    if (status == HNY_OK && as_json) printf("%s\n", text.data);
    if (status == HNY_OK && !as_json)
        status = hny_json_parse("the broker's state", text.data, text.size, &state);
    if (state) print_state(state);
    json_decref(state);
    hny_buffer_free(&text);
    return status == HNY_OK ? hny_output_flush() : status;
}

static hny_status run(const struct hny_arguments *arguments) {
    double wait = 5, every = 0;
    struct hny_client *client = NULL;
    const char *broker = hny_argument_text(arguments, "connect");
    const char *key = hny_argument_text(arguments, "key"),
               *server = hny_argument_text(arguments, "server-key");
    bool as_json = hny_argument_given(arguments, "json");
    if (!broker) broker = "tcp://127.0.0.1:5555";
    HNY_TRY(hny_argument_real(arguments, "wait", 0.1, 3600, &wait));
    HNY_TRY(hny_argument_real(arguments, "watch", 0.1, 3600, &every));
    hny_stop_catch();
    hny_status status = hny_client_open_keyed(&client, broker, key, server);
    while (status == HNY_OK) {
        status = show(client, broker, wait, as_json);
        if (every <= 0 || hny_stop_requested()) break;
        nanosleep(&(struct timespec){(time_t)every, (long)((every - (double)(time_t)every) * 1e9)}, NULL);
        if (hny_stop_requested()) break;
        if (!as_json) printf("\n");
    }
    hny_client_close(&client);
    return status;
}

const struct hny_command hny_command_status = {
    .name = "status",
    .arguments = "",
    .summary = "what a broker tells of its models, workers, queues and times",
    .description = "Times are from a request's acceptance to its translation, since the broker began.",
    .example = "honyaku status --watch 2\n"
               "honyaku status --json | jq .workers",
    .options = options,
    .least = 0,
    .most = 0,
    .run = run,
};
