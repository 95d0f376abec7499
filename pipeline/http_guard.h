/* Who may ask the gateway: the checks that keep a page from elsewhere, opened in a browser of this machine,
 * from using it. A name that was made to point here (DNS rebinding) stands in the request's Host; a page of
 * another site stands in its Origin (RFC 6454). Programs that are no browsers send no Origin. */
#ifndef HNY_PIPELINE_HTTP_GUARD_H
#define HNY_PIPELINE_HTTP_GUARD_H

#include "base/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hny_http_address {
    char host[64]; /* a numeric address, without brackets */
    uint16_t port; /* 0: any that is free */
    bool local;    /* reached from this machine alone */
};

/* "127.0.0.1:8080", "[::1]:8080", "localhost:8080", or "8080" for 127.0.0.1. HNY_ERROR_USAGE where it is none
 * of them, or where others than this machine reach it and it is not said to be INSECURE. */
hny_status hny_http_address_read(const char *text, bool insecure, struct hny_http_address *address);

struct hny_http_guard {
    const struct hny_http_address *bound;
    const char *const *hosts; /* [host_count] further names */
    size_t host_count;
    const char *const *origins; /* [origin_count] of other sites that may ask; "*": any */
    size_t origin_count;
};

enum hny_http_verdict { HNY_HTTP_WELCOME, HNY_HTTP_CROSS, HNY_HTTP_WRONG_HOST, HNY_HTTP_WRONG_ORIGIN };

/* HOST and ORIGIN: what the request has under these names, or NULL. Host has to be the bound address,
 * localhost (where the address is this machine's own) or one of the further names, with any port; where all
 * addresses are bound, every numeric address will do. An Origin has to be http or https with the very Host
 * (_WELCOME), or in the list (_CROSS: the answer has to name it, so that the browser hands it on). */
enum hny_http_verdict hny_http_guard_check(const struct hny_http_guard *guard, const char *host,
                                           const char *origin);

#endif
