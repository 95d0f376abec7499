#include "pipeline/pull_held.h"

#include "base/file.h"
#include "bundle/bundle.h"
#include "bundle/peek.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char suffix[] = ".tar.zst";

void hny_held_close(struct hny_held *held) {
    hny_buffer_free(&held->path);
    hny_buffer_free(&held->folder);
    hny_buffer_free(&held->prefix);
    hny_bundle_free(&held->latest);
    hny_bundle_free(&held->same);
    hny_pull_bases_free(&held->bases);
}

/* --- Where --------------------------------------------------------------------------------------------- */

/* The file that TO names, its links followed as far as they lead anywhere. */
static hny_status place_file(struct hny_held *held, const char *to) {
    struct stat about;
    if (stat(to, &about) == 0 && S_ISDIR(about.st_mode))
        return hny_fail(HNY_ERROR_USAGE, "%s: is a folder: --into puts the bundle there", to);
    if (stat(to, &about) == 0 && !S_ISREG(about.st_mode))
        return hny_fail(HNY_ERROR_USAGE, "%s: is no plain file", to);
    char *target = realpath(to, NULL);
    hny_status status = hny_buffer_print(&held->path, "%s", target ? target : to);
    free(target);
    HNY_TRY(status);
    const char *slash = strrchr(held->path.data, '/');
    HNY_TRY(hny_buffer_print(&held->folder, "%.*s", slash ? (int)(slash - held->path.data + 1) : 1,
                             slash ? held->path.data : "."));
    return hny_buffer_print(&held->prefix, "%s.", slash ? slash + 1 : held->path.data);
}

static hny_status place_in_folder(struct hny_held *held, const char *to,
                                  const struct hny_depot_bundle *bundle) {
    char name[HNY_RELEASE_TEXT];
    hny_release_print(bundle->name, bundle->release, name);
    HNY_TRY(hny_directory_create(to));
    HNY_TRY(hny_buffer_print(&held->folder, "%s", to));
    HNY_TRY(hny_buffer_print(&held->prefix, "%s@", bundle->name));
    HNY_TRY(hny_path_join(&held->path, to, name));
    return hny_buffer_print(&held->path, "%s", suffix);
}

/* --- What ---------------------------------------------------------------------------------------------- */

/* What the file ENTRY is called by; false where it is no release of a bundle. */
static bool parse_entry(struct hny_release *release, const char *entry) {
    char text[HNY_RELEASE_TEXT];
    size_t length = strlen(entry), end = sizeof suffix - 1;
    if (length <= end || length - end >= sizeof text || strcmp(entry + length - end, suffix) != 0)
        return false;
    memcpy(text, entry, length - end);
    text[length - end] = '\0';
    return hny_release_parse(release, text) == HNY_OK && release->number > 0 &&
           release->number <= HNY_RELEASE_MOST;
}

/* The release that the file ENTRY is called by; 0 where it is none of the bundle NAME's. */
static uint64_t release_of(const char *entry, const char *name) {
    struct hny_release release;
    return parse_entry(&release, entry) && strcmp(release.name, name) == 0 ? release.number : 0;
}

/* The releases in the folder, and the highest: what calls itself by another name than its file's is none. */
static hny_status find_releases(struct hny_held *held, const struct hny_depot_bundle *bundle) {
    struct hny_buffer path = {0};
    DIR *entries = opendir(held->folder.data);
    if (!entries) return hny_fail_errno("%s: cannot be listed", held->folder.data);
    hny_status status = HNY_OK;
    for (const struct dirent *entry; status == HNY_OK && (entry = readdir(entries));) {
        struct hny_bundle found;
        uint64_t release = release_of(entry->d_name, bundle->name);
        if (release == 0) continue;
        status = hny_path_join(&path, held->folder.data, entry->d_name);
        if (status != HNY_OK || hny_bundle_peek(path.data, &found) != HNY_OK) continue;
        bool ours = strcmp(found.name, bundle->name) == 0 && found.release == release;
        if (ours) status = hny_pull_bases_add(&held->bases, path.data, &found);
        if (ours && release > held->latest.release) {
            hny_bundle_free(&held->latest);
            held->latest = found;
        } else {
            hny_bundle_free(&found);
        }
    }
    closedir(entries);
    hny_buffer_free(&path);
    return status;
}

/* What is at the path and is no bundle, or half of one, is there to be replaced. */
static void look_at_same(struct hny_held *held) {
    if (hny_path_exists(held->path.data) && hny_bundle_peek(held->path.data, &held->same) != HNY_OK)
        held->same = (struct hny_bundle){0};
}

hny_status hny_held_open(struct hny_held *held, const char *to, bool into,
                         const struct hny_depot_bundle *bundle) {
    HNY_TRY(into ? place_in_folder(held, to, bundle) : place_file(held, to));
    look_at_same(held);
    if (into) return find_releases(held, bundle);
    return held->same.name ? hny_pull_bases_add(&held->bases, held->path.data, &held->same) : HNY_OK;
}

/* --- Whether ------------------------------------------------------------------------------------------- */

static hny_status check_later(const struct hny_bundle *there, const char *source, const char *wanted,
                              const struct hny_depot_bundle *bundle) {
    if (!there->name || strcmp(there->name, bundle->name) != 0 || there->release <= bundle->release ||
        hny_depot_is_fixed(wanted))
        return HNY_OK;
    return hny_fail(HNY_ERROR_INPUT,
                    "%s: its latest is %s@%llu, but a later one, release %llu, is here already: ask for "
                    "%s@%llu to go back",
                    source, bundle->name, (unsigned long long)bundle->release,
                    (unsigned long long)there->release, bundle->name, (unsigned long long)bundle->release);
}

hny_status hny_held_check(const struct hny_held *held, const char *source, const char *wanted,
                          const struct hny_depot_bundle *bundle, const struct hny_pull_options *options,
                          struct hny_bundle *contents, bool *good) {
    const struct hny_bundle *same = &held->same;
    *good = false;
    HNY_TRY(check_later(&held->latest, source, wanted, bundle));
    HNY_TRY(check_later(same, source, wanted, bundle));
    if (!same->name || strcmp(same->name, bundle->name) != 0 || same->release != bundle->release)
        return HNY_OK;
    hny_status status = hny_bundle_verify(held->path.data, &options->reading, contents);
    if (status != HNY_OK && status != HNY_ERROR_INPUT) return status;
    *good = status == HNY_OK && strcmp(contents->digest, bundle->restores) == 0;
    /* Made of deltas that nobody signed, though the depot's own is wished for. */
    bool other = *good && options->whole && bundle->key && !*contents->signer;
    if ((*good && !other) || status != HNY_OK) return HNY_OK;
    *good = false;
    hny_bundle_free(contents);
    if (other) return HNY_OK;
    return hny_fail(HNY_ERROR_INPUT, "%s: its %s@%llu has other content than the one that is here, %s",
                    source, bundle->name, (unsigned long long)bundle->release, held->path.data);
}

/* --- Without the depot --------------------------------------------------------------------------------- */

static bool is_wanted(const struct hny_bundle *there, const char *wanted) {
    struct hny_release release;
    if (hny_depot_is_digest(wanted)) return strncmp(there->digest, wanted, strlen(wanted)) == 0;
    if (hny_release_parse(&release, wanted) != HNY_OK || strcmp(there->name, release.name) != 0) return false;
    return !hny_depot_is_fixed(wanted) || there->release == release.number;
}

/* Whether the file PATH, called by RELEASE, says that it is what is wanted. */
static bool fits(const char *path, const struct hny_release *release, const char *wanted) {
    struct hny_bundle there;
    if (hny_bundle_peek(path, &there) != HNY_OK) return false;
    bool fit = strcmp(there.name, release->name) == 0 && there.release == release->number &&
               is_wanted(&there, wanted);
    hny_bundle_free(&there);
    return fit;
}

/* The highest release under *RELEASE that says so; *RELEASE 0: none. */
static hny_status find_below(const char *folder, const char *wanted, uint64_t *release,
                             struct hny_buffer *path) {
    struct hny_buffer entered = {0};
    struct hny_release called;
    uint64_t below = *release;
    DIR *entries = opendir(folder);
    *release = 0;
    if (!entries) return errno == ENOENT ? HNY_OK : hny_fail_errno("%s: cannot be listed", folder);
    hny_status status = HNY_OK;
    for (const struct dirent *entry; status == HNY_OK && (entry = readdir(entries));) {
        if (!parse_entry(&called, entry->d_name) || called.number <= *release || called.number >= below)
            continue;
        status = hny_path_join(&entered, folder, entry->d_name);
        if (status != HNY_OK || !fits(entered.data, &called, wanted)) continue;
        *release = called.number;
        status = hny_path_join(path, folder, entry->d_name);
    }
    closedir(entries);
    hny_buffer_free(&entered);
    return status;
}

hny_status hny_held_find(const char *folder, const char *wanted, const struct hny_read_options *reading,
                         struct hny_buffer *path, struct hny_bundle *contents) {
    uint64_t release = HNY_RELEASE_MOST + 1;
    hny_status status;
    *contents = (struct hny_bundle){0};
    do {
        hny_buffer_clear(path);
        HNY_TRY(find_below(folder, wanted, &release, path));
        if (release == 0) return HNY_OK;
        status = hny_bundle_verify(path->data, reading, contents);
    } while (status == HNY_ERROR_INPUT);
    return status;
}
