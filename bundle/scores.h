/* What a model's translations of a test set scored, as a bundle's manifest states it. */
#ifndef HNY_BUNDLE_SCORES_H
#define HNY_BUNDLE_SCORES_H

#include "base/memory.h"
#include "base/status.h"
#include "nn/product.h"
#include <jansson.h>
#include <stdint.h>

struct hny_bundle_score {
    double bleu, chrf; /* 0 to 100 */
};

struct hny_bundle_scores {
    uint64_t lines; /* of the test set; 0: nobody tested it */
    uint64_t beam;
    const char *bleu_signature, *chrf_signature; /* as sacreBLEU writes them */
    enum hny_precision products;
    struct hny_bundle_score before; /* the model that was packed, in float32 */
    struct hny_bundle_score after;  /* what is restored, by products in PRODUCTS */
};

/* A new value, null where there are none; NULL where memory is out. */
json_t *hny_scores_describe(const struct hny_bundle_scores *scores);

/* Reads the same strictly; texts go into NAMES. SOURCE stands for the bundle in messages. */
hny_status hny_scores_parse(struct hny_bundle_scores *scores, const char *source, const json_t *json,
                            struct hny_arena *names);

#endif
