/* The log-probability of given pairs of lines, as a model sees them. */
#ifndef HNY_MODEL_SCORING_H
#define HNY_MODEL_SCORING_H

#include "base/lines.h"
#include "model/model.h"

struct hny_pair_score {
    bool scored;            /* false where a side has no word: nothing to be said of it */
    double log_probability; /* natural, of all target subwords and the end */
    size_t tokens;          /* subwords and the end */
    const hny_real *words;  /* [tokens] log-probability of each; valid during the call */
};

/* Called for every pair in the order of lines, from 1. */
typedef hny_status hny_scoring_sink(void *context, uint64_t line, const struct hny_pair_score *score);

struct hny_scoring_total {
    double log_probability;
    uint64_t tokens;
    uint64_t pairs, unscored;
};

/* Scores line N of SOURCE with line N of TARGET for all N. MODEL's weights are packed; THREADS threads
 * compute. A pair's score is the same bytes in any company. HNY_ERROR_INPUT where the numbers of lines
 * differ, naming both; the pairs both have were scored by then. */
hny_status hny_scoring_run(const struct hny_model *model, struct hny_lines *source, struct hny_lines *target,
                           size_t threads, hny_scoring_sink *sink, void *context,
                           struct hny_scoring_total *total);

#endif
