/* honyaku depot: gives out bundles, and takes some in. */
#include "base/progress.h"
#include "pipeline/depot_server.h"
#include "tools/commands.h"

static const struct hny_option options[] = {
    {"dir", 'd', "DIR", false, false, "the depot's folder"},
    {"bind", 'b', "ENDPOINT", false, false, "where clients connect (default: tcp://127.0.0.1:5560)"},
    {"key", 'k', "FILE", false, false, "the depot's keys, from honyaku keygen curve"},
    {"allow", 0, "FILE", false, false,
     "public keys of clients, a line each, that may pull (default: with any key)"},
    {"allow-push", 0, "FILE", false, false, "the same of those that may push, and pull (default: nobody)"},
    {"insecure", 0, NULL, false, false, "let everybody pull from an address that other machines reach"},
    {"transfers", 0, "N", false, false, "pulls at a time, for each 5 MiB of memory (default: 64)"},
    {"patience", 0, "SECONDS", false, false,
     "after which a pull that gets nowhere gives its place to who waits for one (default: 30)"},
    {"uploads", 0, "N", false, false, "pushes at a time (default: 8)"},
    {"largest", 0, "MIB", false, false, "of a bundle that is pushed (default: 16384)"},
    {"drain", 0, "SECONDS", false, false, "for transfers under way once it is to stop (default: 30)"},
    {"quiet", 'q', NULL, false, false, "say nothing but errors"},
    {NULL, 0, NULL, false, false, NULL},
};

static void say_ready(void *context, const char *endpoint) {
    const struct hny_depot_server_options *chosen = context;
    hny_progress_note("depot: %s at %s%s", chosen->folder, endpoint,
                      chosen->allow_push ? ", and takes bundles in" : "");
}

static hny_status run(const struct hny_arguments *arguments) {
    struct hny_depot_server_options chosen;
    const char *bind = hny_argument_text(arguments, "bind");
    size_t largest = 16384, drain = 30;
    double patience = 30;
    hny_depot_server_options_defaults(&chosen);
    HNY_TRY(hny_argument_count(arguments, "transfers", 1, 65536, &chosen.transfers));
    HNY_TRY(hny_argument_count(arguments, "uploads", 1, 1024, &chosen.uploads));
    HNY_TRY(hny_argument_count(arguments, "largest", 1, (size_t)1 << 30, &largest));
    HNY_TRY(hny_argument_count(arguments, "drain", 0, 86400, &drain));
    chosen.largest = (uint64_t)largest << 20;
    chosen.drain = drain * 1000;
    HNY_TRY(hny_argument_real(arguments, "patience", 0.1, 86400, &patience));
    chosen.patience = (uint64_t)(patience * 1000);
    chosen.folder = hny_argument_text(arguments, "dir");
    if (!chosen.folder) return hny_fail(HNY_ERROR_USAGE, "--dir DIR says which folder is the depot");
    if (bind) chosen.bind = bind;
    chosen.key = hny_argument_text(arguments, "key");
    chosen.allow = hny_argument_text(arguments, "allow");
    chosen.allow_push = hny_argument_text(arguments, "allow-push");
    chosen.insecure = hny_argument_given(arguments, "insecure");
    HNY_TRY(hny_depot_server_check(&chosen));
    hny_progress_quiet(hny_argument_given(arguments, "quiet"));
    hny_service_catch();
    return hny_depot_server_run(&chosen, say_ready, &chosen);
}

const struct hny_command hny_command_depot = {
    .name = "depot",
    .arguments = "",
    .summary = "give out bundles to who pulls, and take in those that are pushed",
    .description =
        "DIR is a depot's folder, as honyaku publish makes it (bundle/DEPOT.md). Without keys whoever "
        "reaches "
        "the endpoint may pull, and nobody may push. What is pushed is verified before it is published. "
        "SIGTERM: no "
        "transfer is begun, those under way are finished. SIGHUP: the lists of keys are read again, for who "
        "connects from then on.\n"
        "pipeline/DEPOT-PROTOCOL.md is what is spoken.",
    .example =
        "honyaku depot --dir models/ --bind tcp://127.0.0.1:5560\n"
        "honyaku depot --dir models/ --bind tcp://*:5560 --key depot.key --allow clients.pub --allow-push "
        "builders.pub",
    .options = options,
    .least = 0,
    .most = 0,
    .run = run,
};
