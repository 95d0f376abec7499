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

/* What they ask for. */
void hny_argument_model_depot(const struct hny_arguments *arguments, struct hny_model_cache_options *options);

/* Looks now, and then every SECONDS, what the depots say of COUNT models, and fetches a bundle that is
 * another than before; when it is in the cache this process gets SIGHUP. Models that are no depot's are
 * passed over. MODELS and OPTIONS have to outlive the watch. HNY_OK, and *WATCH NULL, where there is nothing
 * to watch. */
struct hny_depot_watch;
hny_status hny_depot_watch_start(struct hny_depot_watch **watch, const char *const *models, size_t count,
                                 unsigned seconds, const struct hny_model_cache_options *options);
void hny_depot_watch_stop(struct hny_depot_watch **watch); /* nulls; NULL is allowed */

#endif
