#include "tools/bases.h"

hny_status hny_bases_add(struct hny_bases *bases, const char *file) {
    if (bases->count == HNY_CHAIN_MOST)
        return hny_fail(HNY_ERROR_USAGE, "%s: a chain has at most %d bundles", file, HNY_CHAIN_MOST);
    bases->files[bases->count++] = file;
    return HNY_OK;
}

hny_status hny_bases_read(struct hny_bases *bases, const struct hny_arguments *arguments) {
    for (size_t i = 0; i < hny_argument_times(arguments, "base"); i++)
        HNY_TRY(hny_bases_add(bases, hny_argument_at(arguments, "base", i)));
    return HNY_OK;
}
