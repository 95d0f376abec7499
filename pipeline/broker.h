/* The broker's process: two ROUTER sockets, one for clients and one for workers, around the state machine of
 * pipeline/broker_core.h. */
#ifndef HNY_PIPELINE_BROKER_H
#define HNY_PIPELINE_BROKER_H

#include "pipeline/broker_core.h"
#include "pipeline/gate.h"

struct hny_broker_options {
    const char *clients; /* endpoint to bind, such as tcp://127.0.0.1:5555 */
    const char *workers; /* the same for workers, such as ipc:///run/honyaku/workers */
    const char *const
        *models; /* names whose workers are on their way: the first is that of requests without one */
    size_t model_count;
    const char *key; /* file with the broker's keys; NULL: whoever reaches it is served */
    struct hny_key_files allow[HNY_DOORS]; /* with the public keys that are let in; none without KEY */
    struct hny_broker_limits limits;
    uint64_t drain; /* ms that accepted requests have after the stop was requested */
};
void hny_broker_options_defaults(struct hny_broker_options *options); /* the endpoints stay NULL */

/* Serves until hny_stop_requested() (base/progress.h); then no new work is accepted, what was accepted is
 * answered, and HNY_OK returned. READY, where not NULL, is called with CONTEXT once both sockets are bound.
 * After SIGHUP the files of keys are read again. */
hny_status hny_broker_run(const struct hny_broker_options *options, void (*ready)(void *context),
                          void *context);

#endif
