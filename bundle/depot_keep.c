#include "base/file.h"
#include "base/memory.h"
#include "bundle/depot_abandoned.h"
#include "bundle/depot_edit.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- Which releases stay ------------------------------------------------------------------------------- */

static bool is_whole(const struct hny_depot_bundle *bundle) {
    return !*bundle->parent;
}

static bool same_content(const struct hny_depot_bundle *a, const char *restores) {
    return strcmp(a->restores, restores) == 0;
}

/* The index is sorted, so releases of a name lie together, the highest last. */
static void mark_latest(const struct hny_depot_index *index, size_t releases, bool *kept) {
    size_t rank = 0;
    for (size_t i = index->count; i-- > 0;) {
        const struct hny_depot_bundle *here = &index->bundles[i], *above = here + 1;
        bool first = i + 1 == index->count || strcmp(above->name, here->name) != 0;
        if (first)
            rank = 0;
        else if (above->release != here->release)
            rank++;
        kept[i] = rank < releases;
    }
}

/* Marks what can make CONTENT: the whole bundle, or, where there is none, its deltas. *MORE: something was
 * not marked before. */
static void mark_content(const struct hny_depot_index *index, const char *content, bool *kept, bool *more) {
    bool whole = false;
    for (size_t i = 0; i < index->count && !whole; i++)
        whole = is_whole(&index->bundles[i]) && same_content(&index->bundles[i], content);
    for (size_t i = 0; i < index->count; i++) {
        const struct hny_depot_bundle *here = &index->bundles[i];
        if (kept[i] || !same_content(here, content) || (whole && !is_whole(here))) continue;
        kept[i] = *more = true;
    }
}

static bool whole_is_kept(const struct hny_depot_index *index, const char *content, const bool *kept) {
    for (size_t i = 0; i < index->count; i++)
        if (kept[i] && is_whole(&index->bundles[i]) && same_content(&index->bundles[i], content)) return true;
    return false;
}

static bool content_is_kept(const struct hny_depot_index *index, const char *content, const bool *kept) {
    bool there = false;
    for (size_t i = 0; i < index->count; i++) {
        if (!same_content(&index->bundles[i], content)) continue;
        if (kept[i]) return true;
        there = true;
    }
    return !there; /* who holds it does so elsewhere */
}

static void mark(const struct hny_depot_index *index, size_t releases, bool *kept) {
    bool more = true;
    mark_latest(index, releases, kept);
    while (more) {
        more = false;
        for (size_t i = 0; i < index->count; i++) {
            const struct hny_depot_bundle *here = &index->bundles[i];
            if (kept[i] && !is_whole(here) && !whole_is_kept(index, here->restores, kept))
                mark_content(index, here->parent, kept, &more);
        }
    }
    for (size_t i = 0; i < index->count; i++) {
        const struct hny_depot_bundle *here = &index->bundles[i];
        if (kept[i] && !is_whole(here) && !content_is_kept(index, here->parent, kept)) kept[i] = false;
    }
}

/* --- Files --------------------------------------------------------------------------------------------- */

static bool is_named(const struct hny_depot_index *index, const char *digest) {
    for (size_t i = 0; i < index->count; i++)
        if (strncmp(index->bundles[i].file, digest, HNY_DIGEST_TEXT - 1) == 0) return true;
    return false;
}

/* Whether NAME is that of a bundle's file, or of a copy on its way. */
static bool is_ours(const char *name) {
    if (strcmp(name, strrchr(HNY_DEPOT_COPY, '/') + 1) == 0) return true;
    return hny_digest_at(name) && strcmp(name + HNY_DIGEST_TEXT - 1, HNY_DEPOT_SUFFIX) == 0;
}

static hny_status collect_files(const struct hny_depot_edit *edit, const char *path,
                                struct hny_depot_removed *removed) {
    DIR *entries = opendir(path);
    if (!entries) return errno == ENOENT ? HNY_OK : hny_fail_errno("%s: cannot be listed", path);
    hny_status status = HNY_OK;
    for (const struct dirent *entry; status == HNY_OK && (entry = readdir(entries));) {
        struct stat about;
        if (!is_ours(entry->d_name) || is_named(&edit->index, entry->d_name)) continue;
        bool sized = fstatat(dirfd(entries), entry->d_name, &about, AT_SYMLINK_NOFOLLOW) == 0;
        if (unlinkat(dirfd(entries), entry->d_name, 0) != 0 && errno != ENOENT) {
            status = hny_fail_errno("%s/%s: cannot be removed", path, entry->d_name);
        } else {
            removed->files++;
            removed->bytes += sized ? (uint64_t)about.st_size : 0;
        }
    }
    closedir(entries);
    return status;
}

static hny_status collect(const struct hny_depot_edit *edit, struct hny_depot_removed *removed) {
    struct hny_buffer path = {0};
    hny_status status = hny_path_join(&path, edit->folder, HNY_DEPOT_FILES);
    if (status == HNY_OK) status = collect_files(edit, path.data, removed);
    hny_buffer_free(&path);
    return status;
}

/* --- Both ---------------------------------------------------------------------------------------------- */

static hny_status keep(struct hny_depot_edit *edit, size_t releases, struct hny_depot_removed *removed) {
    struct hny_depot_index *index = &edit->index;
    bool *kept = hny_allocate(index->count, sizeof *kept);
    size_t left = 0;
    if (!kept) return HNY_ERROR_MEMORY;
    mark(index, releases, kept);
    for (size_t i = 0; i < index->count; i++)
        if (kept[i]) index->bundles[left++] = index->bundles[i];
    removed->bundles = index->count - left;
    index->count = left;
    free(kept);
    /* First the index, then the files that it no longer names. */
    return removed->bundles ? hny_depot_edit_save(edit) : HNY_OK;
}

static hny_status change(const char *folder, size_t releases, struct hny_depot_removed *removed) {
    struct hny_depot_edit edit;
    *removed = (struct hny_depot_removed){0};
    hny_status status = hny_depot_edit_begin(&edit, folder, false);
    if (status == HNY_OK && releases > 0) status = keep(&edit, releases, removed);
    if (status == HNY_OK) status = collect(&edit, removed);
    if (status == HNY_OK) status = hny_depot_remove_abandoned(folder, removed);
    hny_depot_edit_end(&edit);
    return status;
}

hny_status hny_depot_keep(const char *folder, size_t releases, struct hny_depot_removed *removed) {
    if (releases == 0) return hny_fail(HNY_ERROR_USAGE, "%s: at least one release is kept", folder);
    return change(folder, releases, removed);
}

hny_status hny_depot_collect(const char *folder, struct hny_depot_removed *removed) {
    return change(folder, 0, removed);
}
