/* A listening TCP socket. */
#ifndef HNY_PIPELINE_HTTP_LISTEN_H
#define HNY_PIPELINE_HTTP_LISTEN_H

#include "pipeline/http_guard.h"

/* *FILE, the caller's to close, takes connections at ADDRESS without blocking; *PORT is the port, also where
 * the address leaves it open. HNY_ERROR_IO names both. */
hny_status hny_http_listen(const struct hny_http_address *address, int *file, uint16_t *port);

#endif
