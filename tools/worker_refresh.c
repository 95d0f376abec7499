#include "tools/worker_refresh.h"

#include "base/progress.h"
#include "tools/children.h"
#include "tools/depot_watch.h"
#include "tools/model_version.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { MOST_WORDS = 48, DRAIN_MS = 60000 };

struct refresh {
    const struct hny_arguments *arguments;
    const char *model;
    const struct hny_worker_options *options;
    struct hny_children children;
    struct hny_model_version now, renewed; /* the second while its worker is on its way */
    struct hny_depot_watch *watch;
};

static hny_status add_worker(struct refresh *refresh, const struct hny_model_version *version) {
    static const char *const passed[][2] = {{"threads", "--threads"},
                                            {"beam", "--beam"},
                                            {"rows", "--rows"},
                                            {"precision", "--precision"},
                                            {"credit", "--credit"},
                                            {"key", "--key"},
                                            {"server-key", "--server-key"},
                                            {NULL, NULL}};
    const struct hny_worker_options *options = refresh->options;
    const char *program = refresh->children.program;
    char image[16];
    snprintf(image, sizeof image, "%d", version->image);
    const char *words[MOST_WORDS] = {
        program, "worker", "--connect", options->broker, "--model", version->folder.data, "--image", image};
    size_t count = 8;
    for (size_t i = 0; i < options->name_count; i++) {
        words[count++] = "--name";
        words[count++] = options->names[i];
    }
    count += hny_children_pass_on(refresh->arguments, passed, words + count);
    if (hny_argument_given(refresh->arguments, "shortlist")) words[count] = "--shortlist";
    return hny_supervisor_add(refresh->children.supervisor, program, words, version->image, 0);
}

static hny_status reload(void *context) {
    struct refresh *refresh = context;
    HNY_TRY(hny_model_version_open(&refresh->renewed, refresh->arguments, refresh->model));
    return add_worker(refresh, &refresh->renewed);
}

static void note_reload(void *context, bool replaced) {
    struct refresh *refresh = context;
    struct hny_model_version old = replaced ? refresh->now : refresh->renewed;
    if (replaced) refresh->now = refresh->renewed;
    refresh->renewed = (struct hny_model_version)HNY_MODEL_VERSION_NONE;
    hny_model_version_close(&old);
    const struct hny_bundle *bundle = hny_place_bundle(refresh->now.place);
    if (replaced)
        hny_progress_note("%s@%llu is in service", bundle->name, (unsigned long long)bundle->release);
}

static hny_status watch(struct refresh *refresh, unsigned seconds) {
    struct hny_watched watched = {.model = refresh->model};
    memcpy(watched.digest, hny_place_bundle(refresh->now.place)->full, sizeof watched.digest);
    return hny_depot_watch_start(&refresh->watch, refresh->arguments, &watched, 1, seconds);
}

static hny_status run(struct refresh *refresh, unsigned seconds) {
    char ready[HNY_CHILDREN_FOLDER + 8];
    HNY_TRY(hny_children_open(&refresh->children));
    struct hny_supervisor *supervisor = refresh->children.supervisor;
    snprintf(ready, sizeof ready, "%s/ready", refresh->children.folder);
    HNY_TRY(hny_supervisor_listen(supervisor, ready));
    HNY_TRY(hny_model_version_open(&refresh->now, refresh->arguments, refresh->model));
    HNY_TRY(add_worker(refresh, &refresh->now));
    /* A new worker that has to wait for a broker is as good as the old one, which waits too. */
    hny_supervisor_on_reload(supervisor,
                             &(struct hny_supervisor_reload){reload, note_reload, UINT_MAX, refresh});
    HNY_TRY(watch(refresh, seconds));
    return hny_supervisor_run(supervisor, DRAIN_MS);
}

hny_status hny_worker_refresh(const struct hny_arguments *arguments, const char *model,
                              const struct hny_worker_options *options, unsigned seconds) {
    struct refresh refresh = {.arguments = arguments,
                              .model = model,
                              .options = options,
                              .now = HNY_MODEL_VERSION_NONE,
                              .renewed = HNY_MODEL_VERSION_NONE};
    if (!hny_model_is_remote(model) || hny_model_is_fixed(model))
        return hny_fail(HNY_ERROR_USAGE,
                        "--refresh looks for new releases, as of depot://host:port/en-ja@latest: %s stays as "
                        "it is",
                        model);
    hny_service_catch();
    hny_status status = run(&refresh, seconds);
    hny_depot_watch_stop(&refresh.watch);
    hny_children_close(&refresh.children);
    hny_model_version_close(&refresh.now);
    hny_model_version_close(&refresh.renewed);
    return status;
}
