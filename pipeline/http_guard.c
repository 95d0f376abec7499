#include "pipeline/http_guard.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A host with a port, as it stands behind "http://" and in Host (RFC 3986, section 3.2). */
struct authority {
    char host[256]; /* without brackets and a name's last dot */
    unsigned port;  /* 0: none was given */
    bool ported;    /* one was */
    bool bracketed; /* an IPv6 address */
};

static bool read_port(const char *text, unsigned *port) {
    size_t size = strlen(text);
    *port = 0;
    if (size == 0 || size > 5 || strspn(text, "0123456789") != size) return false;
    *port = (unsigned)strtoul(text, NULL, 10);
    return *port <= UINT16_MAX;
}

static bool read_authority(const char *text, struct authority *authority) {
    const char *end;
    authority->bracketed = *text == '[';
    if (authority->bracketed) {
        end = strchr(++text, ']');
        if (!end) return false;
    } else {
        end = text + strcspn(text, ":");
    }
    size_t size = (size_t)(end - text);
    if (size == 0 || size >= sizeof authority->host) return false;
    memcpy(authority->host, text, size);
    authority->host[size] = '\0';
    if (!authority->bracketed && size > 1 && authority->host[size - 1] == '.')
        authority->host[size - 1] = '\0';
    if (authority->bracketed) end++;
    authority->port = 0;
    authority->ported = *end == ':';
    return *end == '\0' || (*end == ':' && read_port(end + 1, &authority->port));
}

static bool is_numeric(const char *host) {
    struct in_addr v4;
    struct in6_addr v6;
    return inet_pton(AF_INET, host, &v4) == 1 || inet_pton(AF_INET6, host, &v6) == 1;
}

static bool is_loopback(const char *host) {
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, host, &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

static bool is_everything(const char *host) {
    return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

hny_status hny_http_address_read(const char *text, bool insecure, struct hny_http_address *address) {
    struct authority authority = {.host = "127.0.0.1"};
    bool port_alone = *text && strspn(text, "0123456789") == strlen(text);
    bool fine = port_alone ? read_port(text, &authority.port) : read_authority(text, &authority);
    if (!port_alone) fine = fine && authority.ported;
    if (fine && strcasecmp(authority.host, "localhost") == 0)
        snprintf(authority.host, sizeof authority.host, "127.0.0.1");
    if (!fine || !is_numeric(authority.host) || strlen(authority.host) >= sizeof address->host)
        return hny_fail(HNY_ERROR_USAGE, "\"%s\" is neither ADDRESS:PORT, with a numeric address, nor a port",
                        text);
    *address =
        (struct hny_http_address){.port = (uint16_t)authority.port, .local = is_loopback(authority.host)};
    memcpy(address->host, authority.host, strlen(authority.host) + 1);
    if (!address->local && !insecure)
        return hny_fail(HNY_ERROR_USAGE,
                        "%s may be reached from other machines by anybody: bind a loopback address, with a "
                        "proxy before it that knows whom to let in, or say --insecure",
                        text);
    return HNY_OK;
}

/* --- The check -------------------------------------------------------------------------------------- */

static bool host_is_ours(const struct hny_http_guard *guard, const struct authority *asked) {
    const struct hny_http_address *bound = guard->bound;
    if (strcasecmp(asked->host, bound->host) == 0) return true;
    if (is_everything(bound->host) && is_numeric(asked->host)) return true;
    bool here = bound->local || is_everything(bound->host);
    if (here && (strcasecmp(asked->host, "localhost") == 0 || is_loopback(asked->host))) return true;
    for (size_t i = 0; i < guard->host_count; i++)
        if (strcasecmp(asked->host, guard->hosts[i]) == 0) return true;
    return false;
}

static bool is_allowed(const struct hny_http_guard *guard, const char *origin) {
    for (size_t i = 0; i < guard->origin_count; i++)
        if (strcmp(guard->origins[i], "*") == 0 || strcasecmp(guard->origins[i], origin) == 0) return true;
    return false;
}

/* Whether ORIGIN is the site that HOST is of: behind a proxy the scheme is not known. */
static bool is_same(const char *origin, const struct authority *host) {
    static const struct {
        const char *scheme;
        unsigned port;
    } schemes[] = {{"http://", 80}, {"https://", 443}};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t size = strlen(schemes[i].scheme);
        struct authority from;
        if (strncasecmp(origin, schemes[i].scheme, size) != 0 || !read_authority(origin + size, &from))
            continue;
        unsigned asked = host->port ? host->port : schemes[i].port;
        return strcasecmp(from.host, host->host) == 0 && (from.port ? from.port : schemes[i].port) == asked;
    }
    return false;
}

enum hny_http_verdict hny_http_guard_check(const struct hny_http_guard *guard, const char *host,
                                           const char *origin) {
    struct authority asked;
    if (!host || !read_authority(host, &asked) || !host_is_ours(guard, &asked)) return HNY_HTTP_WRONG_HOST;
    if (!origin || is_same(origin, &asked)) return HNY_HTTP_WELCOME;
    return is_allowed(guard, origin) ? HNY_HTTP_CROSS : HNY_HTTP_WRONG_ORIGIN;
}
