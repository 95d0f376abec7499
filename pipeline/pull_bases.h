/* The bundles that are held where one is pulled, and that deltas can build on. */
#ifndef HNY_PIPELINE_PULL_BASES_H
#define HNY_PIPELINE_PULL_BASES_H

#include "base/memory.h"
#include "bundle/contents.h"

/* In the zero state there are none. */
struct hny_pull_bases {
    struct hny_arena *names;
    const char **paths;
    char (*digests)[HNY_DIGEST_TEXT]; /* as they state them: nothing is checked yet */
    size_t count, path_room, digest_room;
};

/* Adds the bundle at PATH, whose manifest says BUNDLE, unless it is a delta. */
hny_status hny_pull_bases_add(struct hny_pull_bases *bases, const char *path,
                              const struct hny_bundle *bundle);

/* Adds the files PATHS, COUNT of them, each a whole bundle: a delta is HNY_ERROR_USAGE. */
hny_status hny_pull_bases_read(struct hny_pull_bases *bases, const char *const *paths, size_t count);

void hny_pull_bases_free(struct hny_pull_bases *bases); /* back to the zero state */

#endif
