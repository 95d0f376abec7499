#include "pipeline/pull_bases.h"

#include "bundle/peek.h"
#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 1 << 12 };

hny_status hny_pull_bases_add(struct hny_pull_bases *bases, const char *path,
                              const struct hny_bundle *bundle) {
    size_t count = bases->count + 1;
    if (bundle->parent) return HNY_OK;
    if (!bases->names && !(bases->names = hny_arena_create(ARENA_BYTES))) return HNY_ERROR_MEMORY;
    if (hny_grow(&bases->paths, &bases->path_room, count, sizeof *bases->paths) != 0 ||
        hny_grow(&bases->digests, &bases->digest_room, count, sizeof *bases->digests) != 0)
        return HNY_ERROR_MEMORY;
    const char *copy = hny_arena_text(bases->names, path, strlen(path));
    if (!copy) return HNY_ERROR_MEMORY;
    bases->paths[bases->count] = copy;
    memcpy(bases->digests[bases->count], bundle->digest, sizeof bundle->digest);
    bases->count = count;
    return HNY_OK;
}

hny_status hny_pull_bases_read(struct hny_pull_bases *bases, const char *const *paths, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct hny_bundle bundle;
        HNY_TRY(hny_bundle_peek(paths[i], &bundle));
        hny_status status =
            bundle.parent
                ? hny_fail(HNY_ERROR_USAGE, "%s: a delta, expected a whole bundle to build on", paths[i])
                : hny_pull_bases_add(bases, paths[i], &bundle);
        hny_bundle_free(&bundle);
        HNY_TRY(status);
    }
    return HNY_OK;
}

void hny_pull_bases_free(struct hny_pull_bases *bases) {
    hny_arena_destroy(&bases->names);
    free(bases->paths);
    free(bases->digests);
    *bases = (struct hny_pull_bases){0};
}
