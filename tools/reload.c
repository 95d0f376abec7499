/* honyaku reload: has a service take up its models anew. */
#include "base/progress.h"
#include "tools/commands.h"
#include "tools/service_state.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>

static const struct hny_option options[] = {
    {"wait", 'w', "SECONDS", false, false, "for the new models to be in service (default: 60)"},
    {NULL, 0, NULL, false, false, NULL},
};

/* Until the service says how a reload after BEFORE came out. */
static hny_status wait_for(const char *path, long long before, double wait) {
    struct hny_service_state state;
    for (double end = hny_seconds() + wait; hny_seconds() < end;) {
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
        HNY_TRY(hny_service_state_read(path, &state));
        if (state.reloads <= before) continue;
        if (state.replaced) return HNY_OK;
        return hny_fail(HNY_ERROR_INPUT, "what was served stays: %s", state.message);
    }
    return hny_fail(HNY_ERROR_IO, "%s: nothing has come of it in %g seconds", path, wait);
}

static hny_status run(const struct hny_arguments *arguments) {
    double wait = 60;
    struct hny_service_state state;
    const char *path = hny_argument_rest_at(arguments, 0);
    HNY_TRY(hny_argument_real(arguments, "wait", 0.1, 86400, &wait));
    HNY_TRY(hny_service_state_read(path, &state));
    if (kill((pid_t)state.process, SIGHUP) != 0)
        return hny_fail_errno("cannot send a signal to process %lld", state.process);
    return wait_for(path, state.reloads, wait);
}

const struct hny_command hny_command_reload = {
    .name = "reload",
    .arguments = "FILE",
    .summary = "have a service take up its models anew, with nothing lost",
    .description = "FILE is the one that the service was given with --state. It opens its models' folders "
                   "again, and starts "
                   "workers for them beside the old ones; when all are ready the old ones finish what they "
                   "hold, and end. Each "
                   "request is answered by the old model or the new one. Where a new model cannot be opened, "
                   "or a worker does "
                   "not get ready, the old ones stay, and the exit status is not 0. SIGHUP does the same.",
    .example = "honyaku serve --model en-ja=model/ --state service.json &\n"
               "honyaku reload service.json",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
