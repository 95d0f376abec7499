/* The validation set: pairs that training never sees, held in memory, their loss and the scores of their
 * translations.
 */
#ifndef HNY_MODEL_HELDOUT_H
#define HNY_MODEL_HELDOUT_H

#include "model/trainer.h"

struct hny_heldout;

/* Reads the lines of both files (the same number, or HNY_ERROR_INPUT naming both). Pairs with an empty side
 * count in no score. Without tokenizers the lines are ids below the vocabularies. */
hny_status hny_heldout_open(struct hny_heldout **heldout, const char *source, const char *target,
                            const struct hny_tokenizer *source_tokenizer,
                            const struct hny_tokenizer *target_tokenizer, size_t source_vocabulary,
                            size_t target_vocabulary);
void hny_heldout_close(struct hny_heldout **heldout); /* nulls; NULL is allowed */

struct hny_heldout_scores {
    double loss; /* nats a target token, ends counted, unsmoothed */
    double accuracy;
    bool translated;
    double bleu, chrf; /* of the first config.valid_lines lines */
};

/* The scores under the trainer's current weights. HNY_INTERRUPTED where a stop was requested meanwhile. */
hny_status hny_heldout_score(const struct hny_heldout *heldout, struct hny_trainer *trainer,
                             struct hny_heldout_scores *scores);

#endif
