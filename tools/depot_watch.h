/* Models that come from depots: options of commands that take them, and a thread that looks for new releases.
 */
#ifndef HNY_TOOLS_DEPOT_WATCH_H
#define HNY_TOOLS_DEPOT_WATCH_H

#include "pipeline/model_cache.h"
#include "tools/tool.h"

/* Rows of an option table. */
#define HNY_MODEL_DEPOT_OPTIONS                                                                              \
    {"cache", 0,     "FOLDER",                                                                               \
     false,   false, "for models of depots (default: honyaku in XDG_CACHE_HOME, ~/.cache)"},                 \
        {"depot-key", 0, "KEY", false, false, "the public key of a model's depot://, or the file with it"},  \
    {                                                                                                        \
        "own-key", 0, "FILE", false, false,                                                                  \
            "for it: one's own keys (default: drawn where there is --depot-key)"                             \
    }

/* hny_model_cache_begin of MODEL as they, and --model-key, ask for. */
hny_status hny_argument_model_begin(const struct hny_arguments *arguments, const char *model,
                                    struct hny_buffer *path);

/* A model, as it was named, and the digest of the bundle that is in service. */
struct hny_watched {
    const char *model;
    char digest[HNY_DIGEST_TEXT];
};

/* Looks every SECONDS what the depots say of COUNT models, and fetches a bundle that is another than the one
 * in service; when it is in the cache this process gets SIGHUP. Models that are no depot's are passed over,
 * and those that stay the same. The names and ARGUMENTS have to outlive the watch. HNY_OK, and *WATCH NULL,
 * where there is nothing to watch. */
struct hny_depot_watch;
hny_status hny_depot_watch_start(struct hny_depot_watch **watch, const struct hny_arguments *arguments,
                                 const struct hny_watched *models, size_t count, unsigned seconds);
void hny_depot_watch_stop(struct hny_depot_watch **watch); /* nulls; NULL is allowed */

#endif
