/* honyaku serve: a broker and its workers, all in one. */
#include "base/progress.h"
#include "base/threads.h"
#include "pipeline/gate.h"
#include "pipeline/http_guard.h"
#include "pipeline/message.h"
#include "tools/children.h"
#include "tools/commands.h"
#include "tools/depot_watch.h"
#include "tools/model_version.h"
#include "tools/service_state.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_MODELS = 16, MOST_WORDS = 24, MOST_PATH = 4096 };
enum { GATEWAYS, BROKERS, WORKERS }; /* the order in which they are stopped */

static const struct hny_option options[] = {
    {"model", 'm', "DIR", false, false,
     "a model's folder or bundle, one of a depot, or NAME=DIR; may come again, the first serves who names "
     "none"},
    {"model-key", 0, "KEY", false, false,
     "whose signature a bundle must have: a public key, or a file of some; may come again"},
    {"bind", 'b', "ENDPOINT", false, false, "where clients connect (default: tcp://127.0.0.1:5555)"},
    {"http", 0, "ADDRESS", false, false,
     "also a gateway that speaks HTTP at ADDRESS:PORT or a port of 127.0.0.1: see honyaku gateway"},
    HNY_MODEL_DEPOT_OPTIONS,
    {"refresh", 0, "SECONDS", false, false,
     "between looks for new releases of models that come from depots; 0: none (default: 60)"},
    {"workers", 'w', "N", false, false, "processes for each model (default: one a processor)"},
    {"shortlist", 0, NULL, false, false,
     "choose among the words of the model's shortlist (honyaku shortlist): faster"},
    {"precision", 0, "NAME", false, false, "f32, bf16, int8 or auto (default: auto)"},
    {"beam", 0, "N", false, false, "hypotheses kept at each step; 1 is greedy (default: 5)"},
    {"echo", 0, NULL, false, false, "no model: give back what comes, to try a connection"},
    {"key", 'k', "FILE", false, false, "the service's keys, from honyaku keygen curve"},
    {"allow", 0, "FILE", false, false, "public keys of clients, a line each, that are let in"},
    {"state", 0, "FILE", false, false, "where the service says which process it is, for honyaku reload"},
    {"insecure", 0, NULL, false, false, "bind addresses that other machines reach, without keys"},
    {NULL, 0, NULL, false, false, NULL},
};

struct served {
    char name[HNY_ROUTE_NAME];
    const char *folder;                    /* as it was named; NULL: an echo */
    struct hny_model_version now, renewed; /* the second while workers with it are on their way */
};

struct service {
    const struct hny_arguments *arguments;
    struct hny_children children;
    struct served models[MOST_MODELS];
    size_t count, workers; /* of each model */
    char endpoint[96];
    char gateway_keys[HNY_CHILDREN_FOLDER + 8]; /* name of the gateway's own pair; "": it needs none */
    struct hny_service_state state;
    struct hny_depot_watch *watch;
};

/* NAME=FOLDER, or a folder, whose name is the model's then. */
static hny_status read_model(const char *text, struct served *model) {
    const char *equal = strchr(text, '=');
    model->folder = equal ? equal + 1 : text;
    model->now.image = model->renewed.image = -1;
    if (!equal) return hny_model_name(model->folder, model->name, sizeof model->name);
    int written = snprintf(model->name, sizeof model->name, "%.*s", (int)(equal - text), text);
    return written > 0 && (size_t)written < sizeof model->name && *model->folder
               ? HNY_OK
               : hny_fail(HNY_ERROR_USAGE,
                          "--model %s: the name has not 1 to %zu bytes, or no folder follows", text,
                          sizeof model->name - 1);
}

/* Its workers are its own children, behind a socket in a folder that only its user enters. */
static hny_status add_broker(struct service *service, const char *bind) {
    const struct hny_arguments *arguments = service->arguments;
    const char *words[16 + 2 * MOST_MODELS] = {
        service->children.program, "broker", "--quiet", "--bind", bind, "--workers", service->endpoint};
    static const char *const passed[][2] = {{"key", "--key"}, {"allow", "--allow"}, {NULL, NULL}};
    char list[HNY_CHILDREN_FOLDER + 16];
    size_t count = 7;
    snprintf(list, sizeof list, "%s.pub", service->gateway_keys);
    for (size_t i = 0; i < service->count; i++) {
        words[count++] = "--model";
        words[count++] = service->models[i].name;
    }
    count += hny_children_pass_on(arguments, passed, words + count);
    if (*service->gateway_keys) {
        words[count++] = "--allow";
        words[count++] = list;
    }
    if (hny_argument_given(arguments, "insecure")) words[count++] = "--insecure";
    return hny_supervisor_add(service->children.supervisor, service->children.program, words, -1, BROKERS);
}

static hny_status add_workers(struct service *service, const struct served *model,
                              const struct hny_model_version *version) {
    char image[16];
    const char *words[MOST_WORDS] = {service->children.program, "worker", "--connect", service->endpoint};
    size_t count = 4;
    snprintf(image, sizeof image, "%d", version->image);
    if (model->folder) {
        const char *const more[] = {"--model", version->folder.data, "--name", model->name, "--image", image};
        for (size_t i = 0; i < sizeof more / sizeof *more; i++) words[count++] = more[i];
    } else {
        words[count++] = "--echo";
    }
    static const char *const passed[][2] = {{"precision", "--precision"}, {"beam", "--beam"}, {NULL, NULL}};
    count += hny_children_pass_on(service->arguments, passed, words + count);
    if (model->folder && hny_argument_given(service->arguments, "shortlist")) words[count++] = "--shortlist";
    for (size_t i = 0; i < service->workers; i++)
        HNY_TRY(hny_supervisor_add(service->children.supervisor, service->children.program, words,
                                   version->image, WORKERS));
    return HNY_OK;
}

/* Where the broker wants keys of its clients the gateway gets a pair for this service's life, in the folder
 * that only its user enters; the broker lets it in beside those on the list, also where that is read again.
 */
static hny_status make_gateway_keys(struct service *service) {
    if (!hny_argument_given(service->arguments, "http") || !hny_argument_given(service->arguments, "key"))
        return HNY_OK;
    snprintf(service->gateway_keys, sizeof service->gateway_keys, "%s/gateway", service->children.folder);
    return hny_keys_make(service->gateway_keys);
}

/* A client of the broker at BIND like any other; where BIND is all addresses, by this machine's own. */
static hny_status add_gateway(struct service *service, const char *bind, const char *http, bool insecure) {
    static const char *const all[] = {"tcp://*:", "tcp://0.0.0.0:", "tcp://[::]:"};
    char broker[MOST_PATH];
    snprintf(broker, sizeof broker, "%s", bind);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strncmp(bind, all[i], strlen(all[i])) == 0)
            snprintf(broker, sizeof broker, "tcp://127.0.0.1:%s", bind + strlen(all[i]));
    const char *words[MOST_WORDS] = {
        service->children.program, "gateway", "--connect", broker, "--http", http};
    char key[HNY_CHILDREN_FOLDER + 16];
    struct hny_key_pair server;
    size_t count = 6;
    if (*service->gateway_keys) {
        HNY_TRY(hny_keys_read(hny_argument_text(service->arguments, "key"), &server));
        explicit_bzero(server.secret_key, sizeof server.secret_key);
        snprintf(key, sizeof key, "%s.key", service->gateway_keys);
        const char *const more[] = {"--key", key, "--server-key", server.public_key};
        for (size_t i = 0; i < sizeof more / sizeof *more; i++) words[count++] = more[i];
    }
    if (insecure) words[count++] = "--insecure";
    return hny_supervisor_add(service->children.supervisor, service->children.program, words, -1, GATEWAYS);
}

static hny_status open_service(struct service *service) {
    char ready[96];
    HNY_TRY(hny_children_open(&service->children));
    snprintf(service->endpoint, sizeof service->endpoint, "ipc://%s/workers", service->children.folder);
    snprintf(ready, sizeof ready, "%s/ready", service->children.folder);
    HNY_TRY(make_gateway_keys(service));
    return hny_supervisor_listen(service->children.supervisor, ready);
}

static void close_service(struct service *service) {
    hny_depot_watch_stop(&service->watch);
    hny_children_close(&service->children);
    for (size_t i = 0; i < service->count; i++) {
        hny_model_version_close(&service->models[i].now);
        hny_model_version_close(&service->models[i].renewed);
    }
}

/* --- Taking up models anew -------------------------------------------------------------------------- */

static hny_status reload(void *context) {
    struct service *service = context;
    hny_supervisor_signal(service->children.supervisor, BROKERS, SIGHUP); /* its lists of keys */
    for (size_t i = 0; i < service->count; i++) {
        struct served *model = &service->models[i];
        if (model->folder)
            HNY_TRY(hny_model_version_open(&model->renewed, service->arguments, model->folder));
        HNY_TRY(add_workers(service, model, &model->renewed));
    }
    return HNY_OK;
}

static void note_reload(void *context, bool replaced) {
    struct service *service = context;
    const char *path = hny_argument_text(service->arguments, "state");
    for (size_t i = 0; i < service->count; i++) {
        struct served *model = &service->models[i];
        struct hny_model_version old = replaced ? model->now : model->renewed;
        if (replaced) model->now = model->renewed;
        model->renewed = (struct hny_model_version)HNY_MODEL_VERSION_NONE;
        hny_model_version_close(&old);
    }
    if (replaced) hny_progress_note("new models are in service");
    service->state.reloads++;
    service->state.replaced = replaced;
    snprintf(service->state.message, sizeof service->state.message, "%s", replaced ? "" : hny_message());
    if (path && hny_service_state_write(path, &service->state) != HNY_OK)
        hny_progress_note("%s", hny_message());
}

/* --- Serving ---------------------------------------------------------------------------------------- */

static hny_status watch_depots(struct service *service) {
    struct hny_watched models[MOST_MODELS];
    size_t count = 0, seconds = 60;
    HNY_TRY(hny_argument_count(service->arguments, "refresh", 0, 86400, &seconds));
    for (size_t i = 0; i < service->count; i++) {
        const struct served *model = &service->models[i];
        const struct hny_bundle *bundle = model->folder ? hny_place_bundle(model->now.place) : NULL;
        if (!bundle) continue;
        models[count].model = model->folder;
        memcpy(models[count++].digest, bundle->full, HNY_DIGEST_TEXT);
    }
    return hny_depot_watch_start(&service->watch, service->arguments, models, count, (unsigned)seconds);
}

static hny_status serve(struct service *service, const char *bind) {
    const char *state = hny_argument_text(service->arguments, "state");
    HNY_TRY(open_service(service));
    for (size_t i = 0; i < service->count; i++) {
        struct served *model = &service->models[i];
        if (model->folder) HNY_TRY(hny_model_version_open(&model->now, service->arguments, model->folder));
    }
    HNY_TRY(add_broker(service, bind));
    for (size_t i = 0; i < service->count; i++)
        HNY_TRY(add_workers(service, &service->models[i], &service->models[i].now));
    const char *http = hny_argument_text(service->arguments, "http");
    if (http) HNY_TRY(add_gateway(service, bind, http, hny_argument_given(service->arguments, "insecure")));
    hny_supervisor_on_reload(service->children.supervisor,
                             &(struct hny_supervisor_reload){reload, note_reload, 60000, service});
    HNY_TRY(watch_depots(service));
    if (state) {
        HNY_TRY(hny_service_state_begin(&service->state));
        HNY_TRY(hny_service_state_write(state, &service->state));
    }
    hny_progress_note("serving at %s", bind);
    hny_status status = hny_supervisor_run(service->children.supervisor, 60000);
    if (state) unlink(state);
    return status;
}

static hny_status check_http(const struct hny_arguments *arguments) {
    const char *http = hny_argument_text(arguments, "http");
    struct hny_http_address address;
    if (!http) return HNY_OK;
    return hny_http_address_read(http, hny_argument_given(arguments, "insecure"), &address);
}

static hny_status run(const struct hny_arguments *arguments) {
    struct service service = {.arguments = arguments};
    const char *bind = hny_argument_text(arguments, "bind");
    bool echo = hny_argument_given(arguments, "echo");
    if (!bind) bind = "tcp://127.0.0.1:5555";
    const char *const endpoints[HNY_DOORS] = {bind, "ipc://"};
    const char *allow = hny_argument_text(arguments, "allow");
    const struct hny_key_files lists[HNY_DOORS] = {{{allow}, allow != NULL}};
    HNY_TRY(hny_doors_check(endpoints, hny_argument_text(arguments, "key"), lists,
                            hny_argument_given(arguments, "insecure")));
    HNY_TRY(hny_argument_count(arguments, "workers", 1, 1024, &service.workers));
    HNY_TRY(check_http(arguments));
    service.count = hny_argument_times(arguments, "model");
    if (service.count > MOST_MODELS) return hny_fail(HNY_ERROR_USAGE, "at most %d models", MOST_MODELS);
    if ((service.count > 0) == echo)
        return hny_fail(HNY_ERROR_USAGE, "either --model DIR says what translates, or --echo");
    for (size_t i = 0; i < service.count; i++)
        HNY_TRY(read_model(hny_argument_at(arguments, "model", i), &service.models[i]));
    if (echo)
        service.models[service.count++] =
            (struct served){.name = "echo", .now.image = -1, .renewed.image = -1};
    if (service.workers == 0) service.workers = hny_processors();
    hny_service_catch();
    hny_status status = serve(&service, bind);
    close_service(&service);
    return status;
}

const struct hny_command hny_command_serve = {
    .name = "serve",
    .arguments = "",
    .summary = "serve models to clients: a broker and its workers",
    .description =
        "One process hands out sentences, others translate them; one that ends is started again. "
        "The workers of a model "
        "share its weights in memory. SIGTERM: nothing new is accepted, what was accepted is "
        "answered, and all end. With --key and --http the gateway has a key of its own, and whoever "
        "reaches its address is served without one. SIGHUP, or honyaku reload: the models, and lists of "
        "keys, are "
        "taken up anew with nothing lost; so is a new release of a model that was named by where a depot has "
        "it, as --model depot://models.example.org:5560/en-ja@latest.",
    .example = "honyaku serve --model en-ja=model/ --bind tcp://127.0.0.1:5555 --workers 2",
    .options = options,
    .least = 0,
    .most = 0,
    .run = run,
};
