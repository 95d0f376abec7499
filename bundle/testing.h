/* What a model's translations of a test set score, before it is packed and as who unpacks it will have it. */
#ifndef HNY_BUNDLE_TESTING_H
#define HNY_BUNDLE_TESTING_H

#include "bundle/bundle.h"
#include "model/metric_text.h"

struct hny_testing_options {
    const char *source, *reference;      /* files, read once: as many lines, at least one */
    size_t beam;                         /* hypotheses; at least 1 */
    enum hny_metric_tokenizer tokenizer; /* BLEU's */
};

/* Translates the source with MODEL as it is, by products in float32, and with what OPTIONS would pack of it:
 * an int8 bundle by products in int8, which it is made for, where this processor has them, others in float32,
 * which every processor has. For that it is packed and unpacked in TMPDIR, which must hold both once; in F32,
 * where nothing changes, it is not, and both scores are the same. OPTIONS' threads translate. SCORES receives
 * all of it; its texts are the caller's to hny_testing_free. */
hny_status hny_testing_run(const char *model, const struct hny_pack_options *options,
                           const struct hny_testing_options *testing, struct hny_bundle_scores *scores);
void hny_testing_free(struct hny_bundle_scores *scores); /* back to the zero state */

#endif
