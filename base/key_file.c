#include "base/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static hny_status write_new(const char *path, const char *text, mode_t mode) {
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (file < 0)
        return errno == EEXIST ? hny_fail(HNY_ERROR_INPUT, "%s: is there already", path)
                               : hny_fail_errno("%s: cannot be made", path);
    size_t size = strlen(text);
    bool written = write(file, text, size) == (ssize_t)size && fsync(file) == 0;
    hny_status status = written ? HNY_OK : hny_fail_errno("%s: cannot be written", path);
    if (close(file) != 0 && status == HNY_OK) status = hny_fail_errno("%s: cannot be written", path);
    if (status != HNY_OK) unlink(path);
    return status;
}

hny_status hny_key_files_write(const char *name, const char *secret, const char *open) {
    char path[PATH_MAX];
    if ((size_t)snprintf(path, sizeof path, "%s.key", name) >= sizeof path)
        return hny_fail(HNY_ERROR_USAGE, "a name of %zu bytes is too long", strlen(name));
    HNY_TRY(write_new(path, secret, 0600));
    snprintf(path, sizeof path, "%s.pub", name);
    hny_status status = write_new(path, open, 0644);
    if (status == HNY_OK) return HNY_OK;
    snprintf(path, sizeof path, "%s.key", name);
    unlink(path); /* half a pair is none */
    return status;
}

hny_status hny_key_file_read(const char *path, bool secret, char *text, size_t size) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return hny_fail_errno("%s: cannot be opened", path);
    struct stat about;
    hny_status status = HNY_OK;
    if (fstat(file, &about) != 0)
        status = hny_fail_errno("%s: cannot be looked at", path);
    else if (secret && (about.st_mode & 077))
        status = hny_fail(HNY_ERROR_INPUT, "%s: others may read or write it (mode %o): chmod 600", path,
                          (unsigned)about.st_mode & 07777);
    ssize_t got = status == HNY_OK ? read(file, text, size - 1) : 0;
    if (got < 0) status = hny_fail_errno("%s: cannot be read", path);
    text[got > 0 ? got : 0] = '\0';
    close(file);
    return status;
}
