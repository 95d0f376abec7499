/* The state of a run as JSON. */
#ifndef HNY_MODEL_RUN_STATE_H
#define HNY_MODEL_RUN_STATE_H

#include "model/run.h"

/* NULL with a message on failure. ENVIRONMENT goes along as "environment"; its reference is stolen. */
json_t *hny_run_state_object(const struct hny_run_state *state, json_t *environment);

/* HNY_ERROR_INPUT naming PATH and the member that is missing or wrong. */
hny_status hny_run_state_read(struct hny_run_state *state, json_t *object, const char *path);

#endif
