#include "pipeline/http_listen.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 128 };

hny_status hny_http_listen(const struct hny_http_address *address, int *file, uint16_t *port) {
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM}, *found;
    struct sockaddr_storage bound;
    socklen_t size = sizeof bound;
    char text[8];
    int yes = 1;
    snprintf(text, sizeof text, "%u", address->port);
    int error = getaddrinfo(address->host, text, &hints, &found);
    if (error) return hny_fail(HNY_ERROR_IO, "%s port %s: %s", address->host, text, gai_strerror(error));
    *file = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool fine = *file >= 0 && setsockopt(*file, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
                bind(*file, found->ai_addr, found->ai_addrlen) == 0 && listen(*file, BACKLOG) == 0 &&
                getsockname(*file, (struct sockaddr *)&bound, &size) == 0;
    freeaddrinfo(found);
    if (!fine) {
        hny_status status = hny_fail_errno("cannot listen at %s port %s", address->host, text);
        if (*file >= 0) close(*file);
        *file = -1;
        return status;
    }
    *port = ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
                                              : ((struct sockaddr_in *)&bound)->sin_port);
    return HNY_OK;
}
