#include "bundle/depot_abandoned.h"

#include "base/file.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static bool is_partial(const char *name) {
    return hny_digest_at(name) && strcmp(name + HNY_DIGEST_TEXT - 1, HNY_DEPOT_PARTIAL) == 0;
}

static bool is_old(const struct stat *about) {
    return S_ISREG(about->st_mode) && about->st_mtime <= time(NULL) - HNY_DEPOT_ABANDONED;
}

/* Under its lock, and after looking again: it may have been gone on with since. */
static hny_status remove_locked(int folder, const char *name, int file, struct hny_depot_removed *removed) {
    struct stat about;
    if (flock(file, LOCK_EX | LOCK_NB) != 0 || fstat(file, &about) != 0) return HNY_OK;
    if (about.st_nlink == 0 || !is_old(&about)) return HNY_OK;
    if (unlinkat(folder, name, 0) != 0)
        return hny_fail_errno(HNY_DEPOT_UPLOADS "/%s: cannot be removed", name);
    removed->files++;
    removed->bytes += (uint64_t)about.st_size;
    return HNY_OK;
}

static hny_status look_at(int folder, const char *name, struct hny_depot_removed *removed) {
    struct stat about;
    if (fstatat(folder, name, &about, AT_SYMLINK_NOFOLLOW) != 0 || !is_old(&about)) return HNY_OK;
    int file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0)
        return errno == ENOENT ? HNY_OK : hny_fail_errno(HNY_DEPOT_UPLOADS "/%s: cannot be opened", name);
    hny_status status = remove_locked(folder, name, file, removed);
    close(file);
    return status;
}

hny_status hny_depot_remove_abandoned(const char *folder, struct hny_depot_removed *removed) {
    struct hny_buffer path = {0};
    hny_status status = hny_path_join(&path, folder, HNY_DEPOT_UPLOADS);
    DIR *entries = status == HNY_OK ? opendir(path.data) : NULL;
    if (status == HNY_OK && !entries && errno != ENOENT)
        status = hny_fail_errno("%s: cannot be listed", path.data);
    for (const struct dirent *entry; entries && status == HNY_OK && (entry = readdir(entries));)
        if (is_partial(entry->d_name)) status = look_at(dirfd(entries), entry->d_name, removed);
    if (entries) closedir(entries);
    hny_buffer_free(&path);
    return status;
}
