#include "bundle/depot_index.h"

#include <string.h>

bool hny_depot_is_digest(const char *wanted) {
    size_t length = strlen(wanted);
    return length >= HNY_DEPOT_PREFIX && length < HNY_DIGEST_TEXT &&
           strspn(wanted, "0123456789abcdef") == length;
}

bool hny_depot_is_fixed(const char *wanted) {
    struct hny_release release;
    if (hny_depot_is_digest(wanted)) return true;
    return hny_release_parse(&release, wanted) == HNY_OK && release.number > 0 &&
           release.number != HNY_RELEASE_LATEST;
}

bool hny_depot_name_fits(const char *name) {
    return hny_release_name_fits(name) && !hny_depot_is_digest(name);
}

static bool begins(const char *digest, const char *wanted) {
    return strncmp(digest, wanted, strlen(wanted)) == 0;
}

static hny_status find_digest(const struct hny_depot_index *index, const char *source, const char *wanted,
                              const struct hny_depot_bundle **found) {
    for (size_t i = 0; i < index->count; i++) {
        const struct hny_depot_bundle *here = &index->bundles[i];
        if (!begins(here->digest, wanted) && !begins(here->restores, wanted)) continue;
        if (*found && strcmp((*found)->restores, here->restores) != 0)
            return hny_fail(HNY_ERROR_INPUT, "%s: more than one digest begins with %s", source, wanted);
        /* The whole bundle has no parent, hence comes first of its release. */
        if (!*found) *found = here;
    }
    return HNY_OK;
}

hny_status hny_depot_index_find(const struct hny_depot_index *index, const char *source, const char *wanted,
                                const struct hny_depot_bundle **found) {
    struct hny_release release;
    *found = NULL;
    if (hny_depot_is_digest(wanted)) {
        HNY_TRY(find_digest(index, source, wanted, found));
    } else {
        HNY_TRY(hny_release_parse(&release, wanted));
        bool latest = release.number == 0 || release.number == HNY_RELEASE_LATEST;
        for (size_t i = 0; i < index->count; i++) {
            const struct hny_depot_bundle *here = &index->bundles[i];
            if (strcmp(here->name, release.name) != 0) continue;
            if (latest ? !*found || here->release > (*found)->release
                       : !*found && here->release == release.number)
                *found = here;
        }
    }
    return *found ? HNY_OK : hny_fail(HNY_ERROR_INPUT, "%s: has no %s", source, wanted);
}
