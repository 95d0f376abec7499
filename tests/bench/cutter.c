#include "tests/bench/cutter.h"

#include "tests/bench/limit.h"
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 64, PIECE = 65536 };

struct cutter {
    pid_t process;
};

static volatile sig_atomic_t cut_requested;

static void request_cut(int number) {
    (void)number;
    cut_requested = 1;
}

static int open_socket(const char *path, bool listening) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (listening) unlink(path);
    bool fine = made >= 0 && (listening ? bind(made, (struct sockaddr *)&address, sizeof address) == 0 &&
                                              listen(made, 128) == 0
                                        : connect(made, (struct sockaddr *)&address, sizeof address) == 0);
    if (fine) return made;
    if (made >= 0) close(made);
    return -1;
}

/* Ends I and I ^ 1 are the two of a connection. */
struct ends {
    struct pollfd files[1 + MOST]; /* the first one listens */
    size_t count;
};

static void cut(struct ends *ends, size_t pair) {
    size_t first = 1 + 2 * pair;
    close(ends->files[first].fd);
    close(ends->files[first + 1].fd);
    ends->count -= 2;
    memmove(ends->files + first, ends->files + first + 2, (ends->count + 1 - first) * sizeof *ends->files);
}

static void take(struct ends *ends, const char *to) {
    int from = accept(ends->files[0].fd, NULL, NULL);
    int onward = from >= 0 && ends->count + 2 <= MOST ? open_socket(to, false) : -1;
    if (onward < 0) {
        if (from >= 0) close(from);
        return;
    }
    ends->files[1 + ends->count++] = (struct pollfd){.fd = from, .events = POLLIN};
    ends->files[1 + ends->count++] = (struct pollfd){.fd = onward, .events = POLLIN};
}

/* False where either side has gone. */
static bool hand_on(int from, int to) {
    static char piece[PIECE];
    ssize_t got = read(from, piece, sizeof piece);
    if (got <= 0) return false;
    for (ssize_t at = 0; at < got;) {
        ssize_t sent = send(to, piece + at, (size_t)(got - at), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        at += sent;
    }
    return true;
}

static void run(const char *from, const char *to) {
    struct ends ends = {.files = {{.fd = open_socket(from, true), .events = POLLIN}}};
    bench_demand(ends.files[0].fd >= 0, "a socket");
    for (;;) {
        if (cut_requested) {
            cut_requested = 0;
            while (ends.count > 0) cut(&ends, 0);
        }
        if (poll(ends.files, 1 + ends.count, 100) <= 0) continue;
        for (size_t i = ends.count; i-- > 0;) {
            size_t other = i ^ 1;
            if (i >= ends.count || !(ends.files[1 + i].revents & (POLLIN | POLLHUP | POLLERR))) continue;
            if (!hand_on(ends.files[1 + i].fd, ends.files[1 + other].fd)) cut(&ends, i / 2);
        }
        if (ends.files[0].revents & POLLIN) take(&ends, to);
    }
}

struct cutter *cutter_open(const char *from, const char *to) {
    struct cutter *made = calloc(1, sizeof *made);
    pid_t parent = getpid();
    bench_demand(made != NULL, "memory");
    made->process = fork();
    bench_demand(made->process >= 0, "a process");
    if (made->process > 0) return made;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    signal(SIGUSR1, request_cut);
    run(from, to);
    _exit(0);
}

void cutter_cut(struct cutter *cutter) {
    kill(cutter->process, SIGUSR1);
}

void cutter_close(struct cutter *cutter) {
    kill(cutter->process, SIGKILL);
    waitpid(cutter->process, NULL, 0);
    free(cutter);
}
