/* The depot's process: a ROUTER socket that gives out what lies in a depot's folder (bundle/DEPOT.md) to
 * whoever may have it, and takes in bundles from those who may bring some. pipeline/DEPOT-PROTOCOL.md is what
 * is spoken. */
#ifndef HNY_PIPELINE_DEPOT_SERVER_H
#define HNY_PIPELINE_DEPOT_SERVER_H

#include "base/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hny_depot_server_options {
    const char *folder; /* of the depot; made where it is missing and uploads are allowed */
    const char *bind;   /* endpoint, such as tcp://127.0.0.1:5560 */
    const char *key;    /* file with the depot's keys; NULL: whoever reaches it pulls, and nobody pushes */
    const char *allow;  /* file with the public keys of who may pull; NULL: everybody */
    const char *allow_push; /* of who may push, and pull; NULL: nobody may push */
    bool insecure;          /* everybody may be anybody on other machines */
    size_t transfers;       /* pulls at a time: hny_depot_pulls_create says what memory they take */
    uint64_t patience;      /* ms that a pull keeps its place while it gets nowhere and another asks */
    size_t uploads;         /* pushes at a time: the same */
    uint64_t largest;       /* bytes of a bundle that is pushed */
    uint64_t drain;         /* ms that transfers have after the stop was requested */
};
void hny_depot_server_options_defaults(struct hny_depot_server_options *options); /* FOLDER stays NULL */

/* HNY_ERROR_USAGE where the options do not come together. */
hny_status hny_depot_server_check(const struct hny_depot_server_options *options);

/* Serves until hny_stop_requested() (base/progress.h); then no transfer is begun, those under way are
 * finished, and HNY_OK returned. READY, where not NULL, is called with CONTEXT and the endpoint, its port
 * known, once it is bound. After SIGHUP the files of keys are read again. */
hny_status hny_depot_server_run(const struct hny_depot_server_options *options,
                                void (*ready)(void *context, const char *endpoint), void *context);

#endif
