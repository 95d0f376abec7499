#include "base/temporary.h"

#include "base/file.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PREFIX "honyaku-"
enum { RANDOM = 6, PATIENCE = 60 /* s between a folder's making and its lock, at the very most */ };

/* The folder NAME in UNDER, locked, where this user's process has left it; else -1. */
static int hold_left(int under, const char *name) {
    struct stat about;
    if (strncmp(name, PREFIX, strlen(PREFIX)) != 0 || strlen(name) != strlen(PREFIX) + RANDOM) return -1;
    int file = openat(under, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0) return -1;
    if (fstat(file, &about) == 0 && about.st_uid == geteuid() && about.st_mtime + PATIENCE < time(NULL) &&
        flock(file, LOCK_EX | LOCK_NB) == 0)
        return file;
    close(file);
    return -1;
}

/* What cannot be removed stays: it is in nobody's way. */
static void remove_left(const char *under) {
    DIR *entries = opendir(under);
    struct hny_buffer path = {0};
    for (struct dirent *entry; entries && (entry = readdir(entries));) {
        int held = hold_left(dirfd(entries), entry->d_name);
        if (held < 0) continue;
        hny_buffer_clear(&path);
        if (hny_path_join(&path, under, entry->d_name) == HNY_OK) (void)hny_directory_remove(path.data);
        close(held);
    }
    hny_buffer_free(&path);
    if (entries) closedir(entries);
}

hny_status hny_temporary_open(struct hny_temporary *temporary, const char *under) {
    struct hny_buffer path = {0};
    if (!under) under = getenv("TMPDIR");
    if (!under || !*under) under = "/tmp";
    remove_left(under);
    hny_status status = hny_path_join(&path, under, PREFIX "XXXXXX");
    if (status == HNY_OK && !mkdtemp(path.data)) status = hny_fail_errno("%s: cannot be made", path.data);
    if (status != HNY_OK) {
        hny_buffer_free(&path);
        return status;
    }
    *temporary = (struct hny_temporary){path, open(path.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (temporary->lock >= 0 && flock(temporary->lock, LOCK_EX | LOCK_NB) == 0) return HNY_OK;
    status = hny_fail_errno("%s: cannot be locked", path.data);
    hny_temporary_close(temporary);
    return status;
}

bool hny_temporary_close(struct hny_temporary *temporary) {
    if (!temporary->path.size) return true;
    char message[1024];
    snprintf(message, sizeof message, "%s", hny_message());
    bool removed = hny_directory_remove(temporary->path.data) == HNY_OK;
    if (!removed) hny_fail(HNY_ERROR_IO, "%s", message);
    if (temporary->lock >= 0) close(temporary->lock);
    hny_buffer_free(&temporary->path);
    *temporary = (struct hny_temporary){0};
    return removed;
}
