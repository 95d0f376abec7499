/* Where a depot is, as people write it: a folder, https://host/path, http://host/path, or depot://host:port,
 * where honyaku depot runs. */
#ifndef HNY_PIPELINE_DEPOT_SOURCE_H
#define HNY_PIPELINE_DEPOT_SOURCE_H

#include "pipeline/carrier_https.h"

struct hny_depot_source_options {
    struct hny_carrier_https_options web;
    const char *key, *server; /* of depot://: one's own pair, and the depot's public key (pipeline/keys.h) */
};

#define HNY_DEPOT_SOURCE_DEFAULTS                                                                            \
    { .web.patience = 30 }

/* The carrier for the depot at DEPOT; ended by its close. HNY_ERROR_USAGE where nothing carries from there.
 */
hny_status hny_depot_source_open(struct hny_carrier *carrier, const char *depot,
                                 const struct hny_depot_source_options *options);

/* The endpoint of depot://HOST:PORT, as ZeroMQ has it, in place of what ENDPOINT held. HNY_ERROR_USAGE where
 * DEPOT is none. */
hny_status hny_depot_source_endpoint(const char *depot, struct hny_buffer *endpoint);

/* Parts DEPOT/WANTED at the last "/": *WANTED points into SOURCE. HNY_ERROR_USAGE where there is none, or one
 * of the two is empty. */
hny_status hny_depot_source_split(const char *source, struct hny_buffer *depot, const char **wanted);

#endif
