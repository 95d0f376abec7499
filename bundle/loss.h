/* What rounding to a smaller precision lost. */
#ifndef HNY_BUNDLE_LOSS_H
#define HNY_BUNDLE_LOSS_H

#include "bundle/contents.h"

/* *LOSS from COUNT numbers as they were and as they will be restored. */
void hny_bundle_measure_loss(struct hny_bundle_loss *loss, const float *original, const float *restored,
                             size_t count);

/* Adds MORE to *LOSS; sums come out the same only in the same order. */
void hny_bundle_add_loss(struct hny_bundle_loss *loss, const struct hny_bundle_loss *more);

#endif
