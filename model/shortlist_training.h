/* Making a model's shortlist from pairs of lines. */
#ifndef HNY_MODEL_SHORTLIST_TRAINING_H
#define HNY_MODEL_SHORTLIST_TRAINING_H

#include "model/model.h"

struct hny_shortlist_options {
    const char *source, *target; /* texts: line N of one translates line N of the other */
    size_t best;                 /* targets of a source subword at most; 100 */
    size_t frequent;             /* the most frequent targets, always among the candidates; 200 */
    size_t rounds;               /* of training (model/lexicon.h); 5 */
};
void hny_shortlist_defaults(struct hny_shortlist_options *options);

/* Reads both texts once. *PAIRS: of lines that said something. HNY_ERROR_INPUT where their numbers of lines
 * differ or no pair is left. The same model and texts give the same shortlist. */
hny_status hny_shortlist_train(struct hny_shortlist **shortlist, const struct hny_model *model,
                               const struct hny_shortlist_options *options, uint64_t *pairs);

/* How many of the target's subwords (with ends) in two texts are among their sentence's candidates: *INSIDE
 * of *ALL; *CANDIDATES of all sentences together, the whole vocabulary's counting as such. */
hny_status hny_shortlist_cover(const struct hny_model *model, const char *source, const char *target,
                               uint64_t *inside, uint64_t *all, uint64_t *candidates, uint64_t *sentences);

#endif
