/* A training log read back for plotting: JSON lines, of which those with the events "update" and "validation"
 * carry figures. base/progress.h writes it, model/picture.h draws it. */
#ifndef HNY_MODEL_TRAINING_LOG_H
#define HNY_MODEL_TRAINING_LOG_H

#include "model/picture.h"

struct hny_training_log;

/* Reads PATH (also .gz and .zst; "-" is standard input). Events and figures that are not known, and figures
 * that are missing or no numbers, are left out; blank lines too. A line that is no JSON object is
 * HNY_ERROR_INPUT with path and line. */
hny_status hny_training_log_open(struct hny_training_log **log, const char *path);
void hny_training_log_close(struct hny_training_log **log); /* nulls the pointer; NULL is allowed */

/* The curves, some perhaps without points, in the order of panels: loss, scores, learning rate, gradient
 * norm, speed; x is the update. *CURVES belong to LOG. */
size_t hny_training_log_curves(const struct hny_training_log *log, const struct hny_curve **curves);

#endif
