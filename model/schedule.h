/* The learning rate, and what validations say about it: the best score so far, how long it has not improved,
 * how often the rate was decayed, whether it is time to stop. A small state that checkpoints keep. */
#ifndef HNY_MODEL_SCHEDULE_H
#define HNY_MODEL_SCHEDULE_H

#include "model/config.h"

struct hny_schedule {
    bool validated;         /* there was a validation */
    double best;            /* score of the best one, in the metric's own sense (loss: lower is better) */
    uint64_t best_update;   /* its update */
    bool counted;           /* there was a regular one */
    double mark;            /* score of the best regular one: what a validation must pass not to stall */
    uint64_t stalled;       /* regular validations since that one: for patience */
    uint64_t decay_stalled; /* the same since the last decay */
    uint64_t decays;
};

/* The rate of update UPDATE, the first being 1. */
double hny_schedule_rate(const struct hny_schedule *schedule, const struct hny_config *config,
                         uint64_t update);

/* Takes in the score of a validation at UPDATE. REGULAR: it is one of those every validate_every updates,
 * which count for decay and patience. The one at the end counts for the best alone, so that a run which is
 * given more updates afterwards goes on as if it had always had them. *BETTER: it is the best so far. */
void hny_schedule_validated(struct hny_schedule *schedule, const struct hny_config *config, uint64_t update,
                            double score, bool regular, bool *better);

/* Whether patience is at its end. */
bool hny_schedule_exhausted(const struct hny_schedule *schedule, const struct hny_config *config);

/* To and from a JSON object; HNY_ERROR_INPUT where a member is missing. */
json_t *hny_schedule_object(const struct hny_schedule *schedule);
hny_status hny_schedule_read(struct hny_schedule *schedule, json_t *object, const char *path);

#endif
