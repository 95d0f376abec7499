/* A library for LD_PRELOAD that makes one system call of a program fail: the Nth of those that change files.
 * What the program leaves behind then is for others to check; tests/fault/every runs it for every N.
 *
 *   HNY_FAULT_AT      N, from 1; without it calls are passed on
 *   HNY_FAULT_UNDER   an absolute path without links: only calls on files below it count (default: all)
 *   HNY_FAULT_MODE    "once": that call alone fails (default); "on": it and all later ones, as on a full
 * disk; "kill": the process dies in its place, as in a power cut HNY_FAULT_REPORT  a file that is made when
 * the fault happens, with the name of the call and its path
 *
 * A write that fails has written half of its data. Calls are made by syscall(2): libc's own functions have
 * been replaced here. Files written through stdio are not seen, since it calls the system within libc. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long calls;

/* A sanitizer's runtime makes folders while it starts, when functions that it replaces cannot be called yet;
 * it starts before this library does, which therefore passes on what comes earlier. */
static bool started;
__attribute__((constructor)) static void start(void) {
    started = true;
}

/* The absolute path of NAME, seen from the folder FOLDER (a descriptor), with the links of its parents
 * resolved. */
static bool absolute(int folder, const char *name, char path[PATH_MAX]) {
    char joined[PATH_MAX], base[PATH_MAX], link[64];
    if (name[0] == '/') {
        if (snprintf(joined, sizeof joined, "%s", name) >= PATH_MAX) return false;
    } else {
        snprintf(link, sizeof link, folder == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", folder);
        ssize_t size = readlink(link, base, sizeof base - 1);
        if (size < 0) return false;
        base[size] = '\0';
        if (snprintf(joined, sizeof joined, "%s/%s", base, name) >= PATH_MAX) return false;
    }
    char *slash = strrchr(joined, '/');
    *slash = '\0';
    if (!realpath(slash == joined ? "/" : joined, base)) return false;
    return snprintf(path, PATH_MAX, "%s/%s", base, slash + 1) < PATH_MAX;
}

static bool path_of(int fd, char path[PATH_MAX]) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, PATH_MAX - 1);
    if (size >= 0) path[size] = '\0';
    return size >= 0;
}

static void report(const char *call, const char *path) {
    const char *name = getenv("HNY_FAULT_REPORT");
    if (!name) return;
    char line[PATH_MAX + 64];
    int size = snprintf(line, sizeof line, "%s %s\n", call, path);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (fd < 0) return;
    syscall(SYS_write, fd, line, (size_t)size);
    syscall(SYS_close, fd);
}

/* Counts a call on PATH; true where it must fail. */
static bool must_fail(const char *call, const char *path) {
    const char *at = getenv("HNY_FAULT_AT"), *under = getenv("HNY_FAULT_UNDER"),
               *mode = getenv("HNY_FAULT_MODE");
    if (!at) return false;
    if (under) {
        size_t length = strlen(under);
        if (strncmp(path, under, length) != 0 || (path[length] != '/' && path[length] != '\0')) return false;
    }
    long number = atomic_fetch_add(&calls, 1) + 1, wanted = atol(at);
    bool stays = mode && strcmp(mode, "on") == 0;
    if (number != wanted && !(stays && number > wanted)) return false;
    if (number == wanted) report(call, path);
    return true;
}

/* In the mode "kill" the call that must fail is the last of the process. */
static void die_if_asked(void) {
    const char *mode = getenv("HNY_FAULT_MODE");
    if (mode && strcmp(mode, "kill") == 0) syscall(SYS_kill, getpid(), SIGKILL);
}

static int refuse(int reason) {
    die_if_asked();
    errno = reason;
    return -1;
}

static bool fails_at(const char *call, int folder, const char *name) {
    char path[PATH_MAX];
    return started && absolute(folder, name, path) && must_fail(call, path);
}

static bool fails_on(const char *call, int fd) {
    char path[PATH_MAX];
    return started && path_of(fd, path) && must_fail(call, path);
}

/* --- Opening and closing ------------------------------------------------------------------------------- */

static int open_at(int folder, const char *name, int flags, mode_t mode) {
    bool writes = (flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC);
    if (writes && fails_at("open", folder, name)) return refuse(ENOSPC);
    return (int)syscall(SYS_openat, folder, name, flags, mode);
}

static mode_t mode_of(int flags, va_list arguments) {
    return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(arguments, mode_t) : 0;
}

#define DEFINE_OPEN(name)                                                                                    \
    int name(const char *path, int flags, ...) {                                                             \
        va_list arguments;                                                                                   \
        va_start(arguments, flags);                                                                          \
        mode_t mode = mode_of(flags, arguments);                                                             \
        va_end(arguments);                                                                                   \
        return open_at(AT_FDCWD, path, flags, mode);                                                         \
    }
DEFINE_OPEN(open)
DEFINE_OPEN(open64)

#define DEFINE_OPENAT(name)                                                                                  \
    int name(int folder, const char *path, int flags, ...) {                                                 \
        va_list arguments;                                                                                   \
        va_start(arguments, flags);                                                                          \
        mode_t mode = mode_of(flags, arguments);                                                             \
        va_end(arguments);                                                                                   \
        return open_at(folder, path, flags, mode);                                                           \
    }
DEFINE_OPENAT(openat)
DEFINE_OPENAT(openat64)

int creat(const char *path, mode_t mode) {
    return open_at(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

int creat64(const char *path, mode_t mode) {
    return open_at(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

/* What fails to close is closed nevertheless, as in Linux. Only files open for writing count. */
int close(int fd) {
    int flags = (int)syscall(SYS_fcntl, fd, F_GETFL);
    if (flags >= 0 && (flags & O_ACCMODE) != O_RDONLY && fails_on("close", fd)) {
        die_if_asked();
        syscall(SYS_close, fd);
        return refuse(EIO);
    }
    return (int)syscall(SYS_close, fd);
}

/* --- Writing ------------------------------------------------------------------------------------------- */

ssize_t write(int fd, const void *data, size_t size) {
    if (!fails_on("write", fd)) return syscall(SYS_write, fd, data, size);
    if (size > 1) syscall(SYS_write, fd, data, size / 2);
    return refuse(ENOSPC);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    if (!fails_on("pwrite", fd)) return syscall(SYS_pwrite64, fd, data, size, at);
    if (size > 1) syscall(SYS_pwrite64, fd, data, size / 2, at);
    return refuse(ENOSPC);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    return pwrite(fd, data, size, at);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    if (!fails_on("writev", fd)) return syscall(SYS_writev, fd, parts, count);
    if (count > 0 && parts[0].iov_len > 1) syscall(SYS_write, fd, parts[0].iov_base, parts[0].iov_len / 2);
    return refuse(ENOSPC);
}

int fsync(int fd) {
    return fails_on("fsync", fd) ? refuse(EIO) : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd) {
    return fails_on("fdatasync", fd) ? refuse(EIO) : (int)syscall(SYS_fdatasync, fd);
}

int ftruncate(int fd, off_t size) {
    return fails_on("ftruncate", fd) ? refuse(EIO) : (int)syscall(SYS_ftruncate, fd, size);
}

int ftruncate64(int fd, off64_t size) {
    return ftruncate(fd, size);
}

int fallocate(int fd, int mode, off_t at, off_t size) {
    return fails_on("fallocate", fd) ? refuse(ENOSPC) : (int)syscall(SYS_fallocate, fd, mode, at, size);
}

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset) {
    if (fd >= 0 && !(flags & MAP_ANONYMOUS) && fails_on("mmap", fd)) {
        refuse(ENOMEM);
        return MAP_FAILED;
    }
    return (void *)syscall(SYS_mmap, at, size, protection, flags, fd, offset);
}

void *mmap64(void *at, size_t size, int protection, int flags, int fd, off64_t offset) {
    return mmap(at, size, protection, flags, fd, offset);
}

/* --- Folders ------------------------------------------------------------------------------------------- */

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
    if (fails_at("rename", to_folder, to)) return refuse(EIO);
    return (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    return renameat2(from_folder, from, to_folder, to, 0);
}

int rename(const char *from, const char *to) {
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlinkat(int folder, const char *name, int flags) {
    if (fails_at("unlink", folder, name)) return refuse(EIO);
    return (int)syscall(SYS_unlinkat, folder, name, flags);
}

int unlink(const char *name) {
    return unlinkat(AT_FDCWD, name, 0);
}

int rmdir(const char *name) {
    return unlinkat(AT_FDCWD, name, AT_REMOVEDIR);
}

int remove(const char *name) {
    struct stat about;
    bool folder = lstat(name, &about) == 0 && S_ISDIR(about.st_mode);
    return unlinkat(AT_FDCWD, name, folder ? AT_REMOVEDIR : 0);
}

int mkdirat(int folder, const char *name, mode_t mode) {
    if (fails_at("mkdir", folder, name)) return refuse(ENOSPC);
    return (int)syscall(SYS_mkdirat, folder, name, mode);
}

int mkdir(const char *name, mode_t mode) {
    return mkdirat(AT_FDCWD, name, mode);
}

int symlinkat(const char *target, int folder, const char *name) {
    if (fails_at("symlink", folder, name)) return refuse(ENOSPC);
    return (int)syscall(SYS_symlinkat, target, folder, name);
}

int symlink(const char *target, const char *name) {
    return symlinkat(target, AT_FDCWD, name);
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    if (fails_at("link", to_folder, to)) return refuse(ENOSPC);
    return (int)syscall(SYS_linkat, from_folder, from, to_folder, to, flags);
}

int link(const char *from, const char *to) {
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}
