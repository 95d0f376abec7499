/* What kind of address of the web a text is. */
#ifndef HNY_PIPELINE_WEB_ADDRESS_H
#define HNY_PIPELINE_WEB_ADDRESS_H

#include "base/status.h"
#include <stdbool.h>

struct hny_web_address {
    bool secure;   /* https, else http */
    bool loopback; /* of this machine: localhost, 127.x.x.x or [::1] */
};

/* TEXT is https://… or http://… as libcurl reads it; HNY_ERROR_USAGE where it is no such address, or has a
 * user, a password, a query or a fragment. */
hny_status hny_web_address_read(struct hny_web_address *address, const char *text);

#endif
