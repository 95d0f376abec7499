#include "base/notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A name that begins with @ is an abstract one: a NUL and the rest. False where it is too long. */
static bool read_name(const char *name, struct sockaddr_un *address, socklen_t *size) {
    size_t length = strlen(name);
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (length < 2 || length >= sizeof address->sun_path) return false;
    memcpy(address->sun_path, name, length);
    if (*name == '@') *address->sun_path = '\0';
    *size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    return true;
}

void hny_notify_ready(void) {
    const char *name = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address;
    socklen_t size;
    char text[64];
    if (!name || !read_name(name, &address, &size)) return;
    int made = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (made < 0) return;
    int length = snprintf(text, sizeof text, "READY=1\nMAINPID=%d\n", (int)getpid());
    ssize_t sent = sendto(made, text, (size_t)length, MSG_NOSIGNAL, (struct sockaddr *)&address, size);
    (void)sent; /* who does not listen is not told */
    close(made);
}

hny_status hny_notify_listen(const char *path, int *made) {
    struct sockaddr_un address;
    socklen_t size;
    if (!read_name(path, &address, &size) || *path == '@')
        return hny_fail(HNY_ERROR_IO, "%s: no name for a socket", path);
    *made = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*made < 0) return hny_fail_errno("cannot make a socket");
    unlink(path);
    if (bind(*made, (struct sockaddr *)&address, size) == 0) return HNY_OK;
    hny_status status = hny_fail_errno("%s: cannot bind a socket", path);
    close(*made);
    *made = -1;
    return status;
}

bool hny_notify_next(int from, pid_t *process) {
    char text[256];
    int number;
    for (;;) {
        ssize_t size = recv(from, text, sizeof text - 1, 0);
        if (size < 0) return false;
        text[size] = '\0';
        const char *id = strstr(text, "MAINPID=");
        if (!strstr(text, "READY=1") || !id || sscanf(id, "MAINPID=%d", &number) != 1) continue;
        *process = (pid_t)number;
        return true;
    }
}
