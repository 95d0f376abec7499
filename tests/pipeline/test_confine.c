#include "pipeline/confine.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

TestSuite(confine);

/* What a confined process tries; true where it is refused. */
static bool refuses(long result, int error) {
    return result == -1 && errno == error;
}

static bool try_exec(void) {
    char name[] = "true", *words[] = {name, NULL};
    return refuses(execv("/bin/true", words), EPERM);
}
static bool try_write(void) {
    return refuses(open("/tmp/honyaku-confined", O_WRONLY | O_CREAT, 0600), EPERM) &&
           refuses(open("/dev/null", O_RDWR), EPERM) &&
           refuses(open("/dev/null", O_RDONLY | O_TRUNC), EPERM) &&
           refuses(creat("/tmp/honyaku-confined", 0600), EPERM);
}
static bool try_openat2(void) {
    return refuses(syscall(SYS_openat2, AT_FDCWD, "/dev/null", NULL, 0), ENOSYS);
}
static bool try_change(void) {
    return refuses(rename("/tmp/a", "/tmp/b"), EPERM) && refuses(unlink("/tmp/a"), EPERM) &&
           refuses(mkdir("/tmp/honyaku-confined", 0700), EPERM) && refuses(chmod("/tmp", 0777), EPERM) &&
           refuses(symlink("/tmp/a", "/tmp/b"), EPERM) && refuses(truncate("/tmp/a", 0), EPERM);
}
static bool try_change_about(void) {
    static const struct timeval times[2];
    return refuses(utimes("/tmp", times), EPERM) && refuses(removexattr("/tmp", "user.none"), EPERM) &&
           refuses(lremovexattr("/tmp", "user.none"), EPERM) &&
           refuses(syscall(SYS_mq_open, "honyaku", O_RDWR | O_CREAT, 0600, NULL), EPERM);
}
static bool try_mount(void) {
    return refuses(mount("none", "/tmp", "tmpfs", 0, NULL), EPERM) &&
           refuses(syscall(SYS_fsopen, "tmpfs", 0), EPERM) &&
           refuses(syscall(SYS_open_tree, AT_FDCWD, "/tmp", 0), EPERM);
}
static bool try_trace(void) {
#ifdef __SANITIZE_ADDRESS__
    return true; /* allowed there: the leak checker needs it */
#endif
    return refuses(ptrace(PTRACE_TRACEME, 0, NULL, NULL), EPERM);
}
static bool try_network(void) {
    return refuses(socket(AF_INET, SOCK_STREAM, 0), EPERM) &&
           refuses(socket(AF_INET6, SOCK_DGRAM, 0), EPERM) && refuses(socket(AF_NETLINK, SOCK_RAW, 0), EPERM);
}

/* What it still can. */
static bool try_rest(void) {
    void *memory = malloc(1 << 22);
    int file = open("/proc/self/status", O_RDONLY), local = socket(AF_UNIX, SOCK_STREAM, 0);
    bool fine = memory && file >= 0 && local >= 0;
    free(memory);
    return fine;
}

static void *elsewhere(void *argument) {
    bool *wait = argument;
    while (!__atomic_load_n(wait, __ATOMIC_ACQUIRE)) usleep(1000);
    return try_exec() && try_network() ? wait : NULL;
}

/* Runs TRIAL in a confined process; 0 where it was true there. */
static int confined(bool network, bool (*trial)(void)) {
    pid_t child = fork();
    if (child == 0) {
        if (hny_confine(network) != HNY_OK) {
            fprintf(stderr, "%s\n", hny_message());
            _exit(2);
        }
        _exit(trial() ? 0 : 1);
    }
    int status = -1;
    cr_assert_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Test(confine, each_denial) {
    cr_assert_eq(confined(false, try_exec), 0);
    cr_assert_eq(confined(false, try_write), 0);
    cr_assert_eq(confined(false, try_openat2), 0);
    cr_assert_eq(confined(false, try_change), 0);
    cr_assert_eq(confined(false, try_change_about), 0);
    cr_assert_eq(confined(false, try_mount), 0);
    cr_assert_eq(confined(false, try_trace), 0);
    cr_assert_eq(confined(false, try_network), 0);
    cr_assert_eq(confined(true, try_network), 1, "one that connects over TCP may");
    cr_assert_eq(confined(false, try_rest), 0);
}

Test(confine, threads_that_were_there_before_too) {
    pid_t child = fork();
    if (child == 0) {
        pthread_t thread;
        static bool go;
        void *result = NULL;
        if (pthread_create(&thread, NULL, elsewhere, &go) != 0 || hny_confine(false) != HNY_OK) _exit(2);
        __atomic_store_n(&go, true, __ATOMIC_RELEASE);
        pthread_join(thread, &result);
        _exit(result ? 0 : 1);
    }
    int status = -1;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%d", status);
}
