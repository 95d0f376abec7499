/* The carrier of a depot behind any web server, by libcurl: plain files, in ranges where the server has them
 * (RFC 9110, section 14); where it has not, what is there already comes again and is passed over. */
#ifndef HNY_PIPELINE_CARRIER_HTTPS_H
#define HNY_PIPELINE_CARRIER_HTTPS_H

#include "pipeline/carrier.h"
#include <stdbool.h>

struct hny_carrier_https_options {
    const char *ca;    /* file of the certificates that are trusted (PEM) in place of the system's; NULL */
    bool plain;        /* http:// to other machines too: whoever is between sees and changes what comes */
    unsigned patience; /* s that a connection may take, and may bring under 1 KiB/s, at least 1; the index
                        * must come in ten times that */
};

/* DEPOT is the address of the folder, https://host/path or http://host/path, without user, query and
 * fragment: else HNY_ERROR_USAGE; so is http:// to another machine than this one, without PLAIN. Certificates
 * are checked, TLS is at least 1.2. Redirects are followed, five at most, from https to https alone, and from
 * http to https, or with PLAIN to http. Proxies are those of the environment, as curl(1) has them, but for
 * this machine itself. The carrier's close frees all. */
hny_status hny_carrier_https_open(struct hny_carrier *carrier, const char *depot,
                                  const struct hny_carrier_https_options *options);

#endif
