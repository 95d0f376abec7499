#include "pipeline/model_cache.h"

#include "base/file.h"
#include "base/progress.h"
#include "bundle/depot_index.h"
#include "bundle/place.h"
#include "pipeline/pull_held.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_PATH = 4096, DEPOT_DIGITS = 16 };
enum { HASTE = 5 }; /* seconds that a depot is waited for which one can begin without */

bool hny_model_is_remote(const char *model) {
    static const char *const schemes[] = {"depot://", "https://", "http://"};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (strncasecmp(model, schemes[i], strlen(schemes[i])) == 0) return true;
    return false;
}

bool hny_model_is_fixed(const char *model) {
    const char *slash = strrchr(model, '/');
    return hny_model_is_remote(model) && slash && hny_depot_is_fixed(slash + 1);
}

hny_status hny_model_name(const char *model, char *name, size_t room) {
    char path[MOST_PATH];
    size_t size = (size_t)snprintf(path, sizeof path, "%s", model);
    if (size == 0 || size >= sizeof path) return hny_fail(HNY_ERROR_USAGE, "\"%s\" names no model", model);
    char *last = (char *)(uintptr_t)hny_place_name(path);
    if (hny_model_is_remote(model)) last[strcspn(last, "@")] = '\0';
    size = (size_t)snprintf(name, room, "%s", last);
    return size > 0 && size < room
               ? HNY_OK
               : hny_fail(HNY_ERROR_USAGE, "%s: the name has not 1 to %zu bytes", model, room - 1);
}

/* The folder for what comes from DEPOT: two depots may have different bundles of the same name. */
static hny_status find_folder(const char *depot, const struct hny_model_cache_options *options,
                              struct hny_buffer *folder) {
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char digest[HNY_DIGEST_TEXT];
    HNY_TRY(hny_digest_bytes(depot, strlen(depot), digest));
    if (options->folder)
        HNY_TRY(hny_buffer_print(folder, "%s", options->folder));
    else if (cache && *cache == '/') /* others are to be ignored, says the XDG Base Directory Specification */
        HNY_TRY(hny_buffer_print(folder, "%s/honyaku", cache));
    else if (home && *home)
        HNY_TRY(hny_buffer_print(folder, "%s/.cache/honyaku", home));
    else
        return hny_fail(HNY_ERROR_USAGE, "--cache, XDG_CACHE_HOME or HOME says where models are kept");
    return hny_buffer_print(folder, "/%.*s", DEPOT_DIGITS, digest);
}

static hny_status pull(const struct hny_carrier *carrier, const char *depot, const char *wanted,
                       const struct hny_model_cache_options *options, struct hny_buffer *path) {
    struct hny_buffer folder = {0};
    struct hny_pulled pulled;
    hny_status status = find_folder(depot, options, &folder);
    if (status == HNY_OK)
        status = hny_pull(carrier, depot, wanted, folder.data, true, &options->pull, &pulled);
    hny_buffer_free(&folder);
    HNY_TRY(status);
    status = hny_buffer_append(path, pulled.path.data, pulled.path.size);
    hny_pulled_free(&pulled);
    return status;
}

/* A bundle that builds on another is as new as what it restores. */
static hny_status look(const struct hny_carrier *carrier, const char *depot, const char *wanted,
                       const struct hny_model_cache_options *options, char digest[HNY_DIGEST_TEXT]) {
    struct hny_depot_index index;
    const struct hny_depot_bundle *found;
    HNY_TRY(hny_pull_index(carrier, depot, &options->pull, &index));
    hny_status status = hny_depot_index_find(&index, depot, wanted, &found);
    if (status == HNY_OK) memcpy(digest, found->restores, HNY_DIGEST_TEXT);
    hny_depot_index_free(&index);
    return status;
}

/* Either PATH or DIGEST is wanted. */
static hny_status ask(const char *model, const struct hny_model_cache_options *options,
                      struct hny_buffer *path, char *digest) {
    struct hny_buffer depot = {0};
    struct hny_carrier carrier;
    const char *wanted;
    hny_status status = hny_depot_source_split(model, &depot, &wanted);
    if (status == HNY_OK) status = hny_depot_source_open(&carrier, depot.data, &options->depot);
    if (status == HNY_OK) {
        status = path ? pull(&carrier, depot.data, wanted, options, path)
                      : look(&carrier, depot.data, wanted, options, digest);
        carrier.close(carrier.context);
    }
    hny_buffer_free(&depot);
    return status;
}

hny_status hny_model_cache_fetch(const char *model, const struct hny_model_cache_options *options,
                                 struct hny_buffer *path) {
    hny_buffer_clear(path);
    if (!hny_model_is_remote(model)) return hny_buffer_append(path, model, strlen(model));
    return ask(model, options, path, NULL);
}

/* --- Beginning with what is there ---------------------------------------------------------------------- */

static hny_status find_kept(const char *model, const struct hny_model_cache_options *options,
                            struct hny_buffer *path, struct hny_bundle *kept, bool *fixed) {
    struct hny_buffer depot = {0}, folder = {0};
    const char *wanted;
    *kept = (struct hny_bundle){0};
    hny_status status = hny_depot_source_split(model, &depot, &wanted);
    if (status == HNY_OK) status = find_folder(depot.data, options, &folder);
    if (status == HNY_OK) status = hny_held_find(folder.data, wanted, &options->pull.reading, path, kept);
    *fixed = status == HNY_OK && hny_depot_is_fixed(wanted);
    hny_buffer_free(&depot);
    hny_buffer_free(&folder);
    return status;
}

/* PATH, with KEPT, gives way to what the depot has, if that can be reached. */
static hny_status renew(const char *model, const struct hny_model_cache_options *options,
                        const struct hny_bundle *kept, struct hny_buffer *path) {
    struct hny_model_cache_options hasty = *options;
    struct hny_buffer come = {0};
    char digest[HNY_DIGEST_TEXT];
    if (hasty.depot.web.patience > HASTE) hasty.depot.web.patience = HASTE;
    hasty.pull.tries = 1;
    hny_status status = ask(model, &hasty, NULL, digest);
    bool reached = status == HNY_OK;
    if (reached && strcmp(digest, kept->digest) == 0) return HNY_OK;
    if (reached) status = ask(model, options, &come, NULL);
    if (status == HNY_OK) {
        hny_buffer_clear(path);
        status = hny_buffer_append(path, come.data, come.size);
    }
    hny_buffer_free(&come);
    if (status != HNY_ERROR_IO) return status;
    hny_progress_note("%s: %s (%s): the cache's %s@%llu is served", model,
                      reached ? "could not be fetched" : "the depot cannot be reached", hny_message(),
                      kept->name, (unsigned long long)kept->release);
    return HNY_OK;
}

hny_status hny_model_cache_begin(const char *model, const struct hny_model_cache_options *options,
                                 struct hny_buffer *path) {
    struct hny_bundle kept;
    bool fixed;
    hny_buffer_clear(path);
    if (!hny_model_is_remote(model)) return hny_buffer_append(path, model, strlen(model));
    HNY_TRY(find_kept(model, options, path, &kept, &fixed));
    if (path->size == 0) return ask(model, options, path, NULL);
    hny_status status = fixed ? HNY_OK : renew(model, options, &kept, path);
    hny_bundle_free(&kept);
    return status;
}

hny_status hny_model_cache_digest(const char *model, const struct hny_model_cache_options *options,
                                  char digest[HNY_DIGEST_TEXT]) {
    return ask(model, options, NULL, digest);
}
