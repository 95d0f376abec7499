/* honyaku worker: translates what a broker hands out. */
#include "base/progress.h"
#include "model/folder_shortlist.h"
#include "pipeline/worker.h"
#include "tools/commands.h"
#include "tools/depot_watch.h"
#include "tools/signers.h"
#include "tools/worker_refresh.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_NAMES = 8 };

static const struct hny_option options[] = {
    {"connect", 'c', "ENDPOINT", false, false,
     "the broker's endpoint for workers (default: tcp://127.0.0.1:5556)"},
    {"model", 'm', "DIR", false, false,
     "the model's folder or bundle, or one of a depot: depot://host:port/en-ja@latest"},
    {"model-key", 0, "KEY", false, false,
     "whose signature a bundle must have: a public key, or a file of some; may come again"},
    {"name", 'n', "NAME", false, false,
     "what requests call the model, as en-ja; may come again (default: the folder's name)"},
    HNY_MODEL_DEPOT_OPTIONS,
    {"refresh", 0, "SECONDS", false, false,
     "between looks for a new release of a depot's model, which is then taken up; 0: none (default: 0)"},
    {"echo", 0, NULL, false, false, "no model: give back what comes, to try a connection"},
    {"threads", 't', "N", false, false, "threads that compute (default: 1)"},
    {"beam", 'b', "N", false, false, "hypotheses kept at each step; 1 is greedy (default: 5)"},
    {"rows", 0, "N", false, false, "hypotheses that a thread computes at once (default: 64)"},
    {"shortlist", 0, NULL, false, false,
     "choose among the words of the model's shortlist (honyaku shortlist): faster"},
    {"precision", 0, "NAME", false, false, "f32, bf16, int8 or auto (default: auto)"},
    {"credit", 0, "BYTES", false, false,
     "of text: more comes while it holds less (default: 64 a row and thread)"},
    {"image", 0, "FD", false, false, "open file that holds the packed weights, from a parent process"},
    {"key", 'k', "FILE", false, false, "one's own keys, from honyaku keygen curve"},
    {"server-key", 0, "KEY", false, false, "the broker's public key, or the file with it"},
    {NULL, 0, NULL, false, false, NULL},
};

static hny_status open_place(const struct hny_arguments *arguments, const char *named,
                             enum hny_precision precision, struct hny_model **model) {
    struct hny_buffer path = {0};
    hny_status status = hny_argument_model_begin(arguments, named, &path);
    if (status == HNY_OK) status = hny_argument_model(arguments, path.data, precision, model);
    hny_buffer_free(&path);
    return status;
}

static hny_status open_model(const struct hny_arguments *arguments, const char *folder,
                             struct hny_model **model) {
    enum hny_precision precision;
    const char *name = hny_argument_text(arguments, "precision");
    size_t image = 0;
    HNY_TRY(hny_precision_parse(name ? name : "auto", &precision));
    HNY_TRY(hny_argument_count(arguments, "image", 3, 1 << 20, &image));
    if (image == 0) return open_place(arguments, folder, precision, model);
    int file = (int)image;
    hny_status status = hny_folder_open_shared(model, folder, precision, &file);
    close(file);
    return status;
}

/* What requests call the model; NAMES has room for MOST_NAMES, and NAME for one that was not given. */
static hny_status read_names(const struct hny_arguments *arguments, const char *model,
                             struct hny_worker_options *chosen, const char **names,
                             char name[HNY_ROUTE_NAME]) {
    chosen->name_count = hny_argument_times(arguments, "name");
    if (chosen->name_count > MOST_NAMES)
        return hny_fail(HNY_ERROR_USAGE, "--name comes %zu times: at most %d", chosen->name_count,
                        MOST_NAMES);
    for (size_t i = 0; i < chosen->name_count; i++) names[i] = hny_argument_at(arguments, "name", i);
    if (chosen->name_count == 0) {
        snprintf(name, HNY_ROUTE_NAME, "echo");
        if (model) HNY_TRY(hny_model_name(model, name, HNY_ROUTE_NAME));
        names[chosen->name_count++] = name;
    }
    for (size_t i = 0; i < chosen->name_count; i++)
        if (!*names[i] || strlen(names[i]) >= HNY_ROUTE_NAME)
            return hny_fail(HNY_ERROR_USAGE, "the name \"%s\" has not 1 to %d bytes", names[i],
                            HNY_ROUTE_NAME - 1);
    chosen->names = names;
    return HNY_OK;
}

static hny_status read_options(const struct hny_arguments *arguments, struct hny_worker_options *chosen) {
    const char *broker = hny_argument_text(arguments, "connect");
    size_t credit = 0;
    hny_worker_options_defaults(chosen);
    chosen->broker = broker ? broker : "tcp://127.0.0.1:5556";
    chosen->key = hny_argument_text(arguments, "key");
    chosen->server = hny_argument_text(arguments, "server-key");
    HNY_TRY(hny_argument_count(arguments, "threads", 1, 1024, &chosen->translator.threads));
    HNY_TRY(hny_argument_count(arguments, "beam", 1, 1000, &chosen->translator.beam));
    HNY_TRY(hny_argument_count(arguments, "rows", 1, 4096, &chosen->translator.rows));
    HNY_TRY(hny_argument_count(arguments, "credit", 1, 1 << 30, &credit));
    chosen->credit = (uint32_t)credit;
    return HNY_OK;
}

static hny_status work(const struct hny_arguments *arguments, struct hny_worker_options *chosen,
                       const char *folder) {
    struct hny_model *model = NULL;
    if (folder) HNY_TRY(open_model(arguments, folder, &model));
    if (folder && hny_argument_given(arguments, "shortlist") &&
        hny_folder_demand_shortlist(model, folder) != HNY_OK) {
        hny_model_destroy(&model);
        return HNY_ERROR_USAGE;
    }
    chosen->model = model;
    chosen->translator.shortlist = hny_argument_given(arguments, "shortlist") && model;
    hny_service_catch();
    hny_status status = hny_worker_run(chosen);
    hny_model_destroy(&model);
    return status;
}

static hny_status run(const struct hny_arguments *arguments) {
    struct hny_worker_options chosen;
    const char *names[MOST_NAMES];
    char name[HNY_ROUTE_NAME];
    const char *folder = hny_argument_text(arguments, "model");
    size_t seconds = 0;
    if ((folder != NULL) == hny_argument_given(arguments, "echo"))
        return hny_fail(HNY_ERROR_USAGE, "either --model DIR says what translates, or --echo");
    HNY_TRY(read_options(arguments, &chosen));
    HNY_TRY(read_names(arguments, folder, &chosen, names, name));
    HNY_TRY(hny_argument_count(arguments, "refresh", 0, 86400, &seconds));
    if (seconds > 0 && !folder) return hny_fail(HNY_ERROR_USAGE, "--refresh goes with --model");
    return seconds > 0 ? hny_worker_refresh(arguments, folder, &chosen, (unsigned)seconds)
                       : work(arguments, &chosen, folder);
}

const struct hny_command hny_command_worker = {
    .name = "worker",
    .arguments = "",
    .summary = "translate what a broker hands out",
    .description =
        "Connects to a broker, waits for one that is not there or does not let it in, and finds it "
        "again when it comes back. SIGTERM: takes no more work, finishes what it holds, and ends.\n"
        "With --refresh this process fetches and checks the model, and a child that can open no "
        "file for writing and start no program translates. A new release gets a child beside the "
        "one before, which then finishes what it holds: each request is answered by the old model "
        "or the new one, and none is lost. SIGHUP: looks at once.",
    .example = "honyaku worker --model en-ja/ --name en-ja\n"
               "honyaku worker --model depot://example.org:5560/en-ja@latest --refresh 60\n"
               "honyaku worker --echo",
    .options = options,
    .least = 0,
    .most = 0,
    .run = run,
};
