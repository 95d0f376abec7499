/* Models that lie in a depot: fetched, checked, and kept in a folder of this user. */
#ifndef HNY_PIPELINE_MODEL_CACHE_H
#define HNY_PIPELINE_MODEL_CACHE_H

#include "pipeline/depot_source.h"
#include "pipeline/pull.h"

struct hny_model_cache_options {
    struct hny_depot_source_options depot;
    struct hny_pull_options pull;
    const char *folder; /* NULL: honyaku in XDG_CACHE_HOME, or in ~/.cache */
};

#define HNY_MODEL_CACHE_DEFAULTS                                                                             \
    { .depot = HNY_DEPOT_SOURCE_DEFAULTS, .pull = HNY_PULL_DEFAULTS }

/* Whether MODEL is the address of a bundle in a depot, as depot://host:port/en-ja@latest, and no path. */
bool hny_model_is_remote(const char *model);

/* Whether MODEL is that of a bundle whose content stays the same: by its release's number, or by its digest.
 */
bool hny_model_is_fixed(const char *model);

/* What MODEL, a path or the address of a bundle, is called by default, below ROOM bytes. HNY_ERROR_USAGE
 * where that does not fit. */
hny_status hny_model_name(const char *model, char *name, size_t room);

/* Puts into PATH, which is cleared first, where MODEL lies on this machine. A bundle of a depot is fetched as
 * hny_pull does, unless it is there already, to a folder of that depot below the cache. */
hny_status hny_model_cache_fetch(const char *model, const struct hny_model_cache_options *options,
                                 struct hny_buffer *path);

/* The same for who begins to serve: what the cache holds, whole by reading all of it, is taken where MODEL
 * names it by its number or digest, and nobody asked; and where its depot cannot be reached (HNY_ERROR_IO)
 * the highest release that the cache holds, which is said (hny_progress_note). The depot is given up sooner
 * then. */
hny_status hny_model_cache_begin(const char *model, const struct hny_model_cache_options *options,
                                 struct hny_buffer *path);

/* The digest of what the depot says is MODEL now: another than before means that there is something new. */
hny_status hny_model_cache_digest(const char *model, const struct hny_model_cache_options *options,
                                  char digest[HNY_DIGEST_TEXT]);

#endif
