#include "tools/depot_watch.h"

#include "base/memory.h"
#include "base/progress.h"
#include "base/thread.h"
#include "tools/signers.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TICK_MS 100 /* after which an end is noticed */

struct hny_depot_watch {
    struct hny_watched *watched;
    size_t count;
    unsigned seconds;
    const struct hny_arguments *arguments;
    pthread_t thread;
    bool running;
    atomic_bool ending;
};

/* Anew each time, since files of keys may have changed. SIGNERS, in the zero state, is the caller's to free
 * also after a failure. */
static hny_status read_options(const struct hny_arguments *arguments, struct hny_signers *signers,
                               struct hny_model_cache_options *options) {
    options->folder = hny_argument_text(arguments, "cache");
    options->depot.server = hny_argument_text(arguments, "depot-key");
    options->depot.key = hny_argument_text(arguments, "own-key");
    return hny_argument_signers(arguments, "model-key", signers, &options->pull.reading.signers);
}

hny_status hny_argument_model_begin(const struct hny_arguments *arguments, const char *model,
                                    struct hny_buffer *path) {
    struct hny_model_cache_options options = HNY_MODEL_CACHE_DEFAULTS;
    struct hny_signers signers = {0};
    hny_status status = read_options(arguments, &signers, &options);
    if (status == HNY_OK) status = hny_model_cache_begin(model, &options, path);
    hny_signers_free(&signers);
    return status;
}

/* What is new is in the cache before anybody is told, so that taking it up does not wait for it. */
static hny_status look(const struct hny_model_cache_options *options, struct hny_watched *watched,
                       bool *fresh) {
    struct hny_buffer path = {0};
    char digest[HNY_DIGEST_TEXT];
    HNY_TRY(hny_model_cache_digest(watched->model, options, digest));
    if (strcmp(digest, watched->digest) == 0) return HNY_OK;
    hny_status status = hny_model_cache_fetch(watched->model, options, &path);
    hny_buffer_free(&path);
    HNY_TRY(status);
    memcpy(watched->digest, digest, sizeof digest);
    *fresh = true;
    return HNY_OK;
}

/* Whether something has come. */
static bool look_at_all(const struct hny_depot_watch *watch) {
    bool fresh = false;
    for (size_t i = 0; i < watch->count; i++) {
        struct hny_model_cache_options options = HNY_MODEL_CACHE_DEFAULTS;
        struct hny_signers signers = {0};
        hny_status status = read_options(watch->arguments, &signers, &options);
        if (status == HNY_OK) status = look(&options, &watch->watched[i], &fresh);
        hny_signers_free(&signers);
        if (status != HNY_OK && status != HNY_INTERRUPTED)
            hny_progress_note("%s stays as it was: %s", watch->watched[i].model, hny_message());
    }
    return fresh;
}

static void *live(void *argument) {
    struct hny_depot_watch *watch = argument;
    double due = hny_seconds() + watch->seconds;
    while (!watch->ending && !hny_stop_requested()) {
        nanosleep(&(struct timespec){.tv_nsec = TICK_MS * 1000000L}, NULL);
        if (hny_seconds() < due) continue;
        if (look_at_all(watch) && !watch->ending) kill(getpid(), SIGHUP);
        due = hny_seconds() + watch->seconds;
    }
    return NULL;
}

static hny_status start(struct hny_depot_watch *watch) {
    HNY_TRY(hny_thread_start(&watch->thread, live, watch));
    watch->running = true;
    return HNY_OK;
}

hny_status hny_depot_watch_start(struct hny_depot_watch **watch, const struct hny_arguments *arguments,
                                 const struct hny_watched *models, size_t count, unsigned seconds) {
    struct hny_depot_watch *made = hny_allocate(1, sizeof *made);
    if (made) made->watched = hny_allocate(count, sizeof *made->watched);
    hny_status status = made && made->watched ? HNY_OK : HNY_ERROR_MEMORY;
    *watch = made;
    for (size_t i = 0; status == HNY_OK && i < count; i++)
        if (hny_model_is_remote(models[i].model) && !hny_model_is_fixed(models[i].model))
            made->watched[made->count++] = models[i];
    if (status == HNY_OK) {
        made->seconds = seconds;
        made->arguments = arguments;
        if (made->count > 0 && seconds > 0) status = start(made);
    }
    if (status != HNY_OK || !made->running) hny_depot_watch_stop(watch);
    return status;
}

void hny_depot_watch_stop(struct hny_depot_watch **watch) {
    struct hny_depot_watch *old = *watch;
    if (!old) return;
    old->ending = true;
    if (old->running) pthread_join(old->thread, NULL);
    free(old->watched);
    free(old);
    *watch = NULL;
}
