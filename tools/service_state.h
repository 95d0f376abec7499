/* What a service writes into the file that `serve --state FILE` names, and `honyaku reload FILE` reads: which
 * process it is, and how its last reload came out. */
#ifndef HNY_TOOLS_SERVICE_STATE_H
#define HNY_TOOLS_SERVICE_STATE_H

#include "base/status.h"
#include <stdbool.h>

struct hny_service_state {
    long long process;
    long long
        started; /* the process's own start, in the kernel's clock ticks: another with its number is not it */
    long long reloads;  /* that were tried */
    bool replaced;      /* how the last one came out */
    char message[1024]; /* why not */
};

/* Fills in this process, with no reloads. */
hny_status hny_service_state_begin(struct hny_service_state *state);

hny_status hny_service_state_write(const char *path, const struct hny_service_state *state);

/* HNY_ERROR_INPUT where PATH holds no such state, or its process has ended. */
hny_status hny_service_state_read(const char *path, struct hny_service_state *state);

#endif
