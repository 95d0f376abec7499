/* honyaku broker: hands clients' sentences to workers, and answers. */
#include "base/progress.h"
#include "pipeline/broker.h"
#include "tools/commands.h"

#include <stdio.h>
#include <string.h>

static const struct hny_option options[] = {
    {"bind", 'b', "ENDPOINT", false, false, "where clients connect (default: tcp://127.0.0.1:5555)"},
    {"workers", 'w', "ENDPOINT", false, false, "where workers connect (default: tcp://127.0.0.1:5556)"},
    {"model", 'm', "NAME", false, false,
     "a model whose workers are on their way; may come again, the first serves requests that name none"},
    {"waiting", 0, "N", false, false, "requests of one client at a time (default: 4096)"},
    {"clients", 0, "N", false, false, "clients known at a time (default: 20000)"},
    {"memory", 0, "MIB", false, false, "text that waits, is worked on or is remembered (default: 1024)"},
    {"drain", 0, "SECONDS", false, false, "for accepted requests once it is to stop (default: 30)"},
    {"key", 'k', "FILE", false, false, "the broker's keys, from honyaku keygen curve"},
    {"allow", 0, "FILE", false, false,
     "public keys of clients, a line each, that are let in; may come again"},
    {"allow-workers", 0, "FILE", false, false, "the same for workers"},
    {"insecure", 0, NULL, false, false, "bind addresses that other machines reach without keys"},
    {"quiet", 'q', NULL, false, false, "say nothing but errors"},
    {NULL, 0, NULL, false, false, NULL},
};

static void say_ready(void *context) {
    const struct hny_broker_options *chosen = context;
    hny_progress_note("broker: clients at %s, workers at %s", chosen->clients, chosen->workers);
}

static hny_status read_lists(const struct hny_arguments *arguments, const char *option,
                             struct hny_key_files *files) {
    files->count = hny_argument_times(arguments, option);
    if (files->count > HNY_KEY_FILES)
        return hny_fail(HNY_ERROR_USAGE, "--%s comes more than %d times", option, HNY_KEY_FILES);
    for (size_t i = 0; i < files->count; i++) files->paths[i] = hny_argument_at(arguments, option, i);
    return HNY_OK;
}

static hny_status run(const struct hny_arguments *arguments) {
    struct hny_broker_options chosen;
    size_t memory = 1024, drain = 30;
    const char *clients = hny_argument_text(arguments, "bind"),
               *workers = hny_argument_text(arguments, "workers");
    hny_broker_options_defaults(&chosen);
    HNY_TRY(hny_argument_count(arguments, "waiting", 1, 1000000, &chosen.limits.waiting));
    HNY_TRY(hny_argument_count(arguments, "clients", 1, 1000000, &chosen.limits.clients));
    HNY_TRY(hny_argument_count(arguments, "memory", 1, 1 << 20, &memory));
    HNY_TRY(hny_argument_count(arguments, "drain", 0, 86400, &drain));
    chosen.limits.answers = 2 * chosen.limits.waiting;
    chosen.limits.bytes = memory << 20;
    chosen.drain = drain * 1000;
    chosen.clients = clients ? clients : "tcp://127.0.0.1:5555";
    chosen.workers = workers ? workers : "tcp://127.0.0.1:5556";
    chosen.key = hny_argument_text(arguments, "key");
    HNY_TRY(read_lists(arguments, "allow", &chosen.allow[HNY_DOOR_CLIENTS]));
    HNY_TRY(read_lists(arguments, "allow-workers", &chosen.allow[HNY_DOOR_WORKERS]));
    const char *const endpoints[HNY_DOORS] = {chosen.clients, chosen.workers};
    HNY_TRY(hny_doors_check(endpoints, chosen.key, chosen.allow, hny_argument_given(arguments, "insecure")));
    const char *models[64];
    chosen.model_count = hny_argument_times(arguments, "model");
    if (chosen.model_count > sizeof models / sizeof *models)
        return hny_fail(HNY_ERROR_USAGE, "more than 64 models");
    for (size_t i = 0; i < chosen.model_count; i++) {
        models[i] = hny_argument_at(arguments, "model", i);
        if (!*models[i] || strlen(models[i]) >= HNY_ROUTE_NAME)
            return hny_fail(HNY_ERROR_USAGE, "--model \"%s\" has not 1 to %d bytes", models[i],
                            HNY_ROUTE_NAME - 1);
    }
    chosen.models = models;
    hny_progress_quiet(hny_argument_given(arguments, "quiet"));
    hny_service_catch();
    return hny_broker_run(&chosen, say_ready, &chosen);
}

const struct hny_command hny_command_broker = {
    .name = "broker",
    .arguments = "",
    .summary = "hand sentences to workers and their translations back",
    .description = "Clients send sentences to one endpoint, workers with models connect to the other, and "
                   "come and go as they "
                   "like. What a lost worker held is handed out again. SIGTERM: nothing new is accepted, "
                   "what was accepted is "
                   "answered, and the broker ends. SIGHUP: the lists of keys are read again, for who "
                   "connects from then on.\n"
                   "pipeline/PROTOCOL.md is what is spoken; the simplest client is a ZeroMQ REQ socket that "
                   "sends a sentence.",
    .example = "honyaku broker --bind tcp://127.0.0.1:5555 --workers tcp://127.0.0.1:5556",
    .options = options,
    .least = 0,
    .most = 0,
    .run = run,
};
