/* chrF (Popović, "chrF: character n-gram F-score for automatic MT evaluation", WMT 2015) and chrF++ (Popović,
 * WMT 2017), which counts words as well, exactly as sacreBLEU computes them. As with model/bleu.h, sentences
 * are added one by one and only sums are kept. */
#ifndef HNY_MODEL_CHRF_H
#define HNY_MODEL_CHRF_H

#include "model/metric_text.h"

#define HNY_CHRF_ORDER_LIMIT 16 /* of characters and of words each */
#define HNY_CHRF_BETA_LIMIT 1000

struct hny_chrf_options {
    size_t character_order; /* 1 to HNY_CHRF_ORDER_LIMIT */
    size_t word_order;      /* 0 to HNY_CHRF_ORDER_LIMIT; 2 is chrF++ */
    unsigned beta;          /* recall weighs beta times as much as precision; 1 to HNY_CHRF_BETA_LIMIT */
    bool lowercase;
    bool whitespace;    /* count white space as characters */
    bool eps_smoothing; /* mean of the orders' F-scores instead of the F-score of the orders in use */
};

/* sacreBLEU's defaults: chrF2 with 6 characters and no words, cased, without white space. */
#define HNY_CHRF_DEFAULTS ((struct hny_chrf_options){.character_order = 6, .word_order = 0, .beta = 2})

struct hny_chrf;

/* HNY_ERROR_USAGE for options out of range. */
hny_status hny_chrf_create(struct hny_chrf **chrf, const struct hny_chrf_options *options);
void hny_chrf_destroy(struct hny_chrf **chrf); /* nulls the pointer; NULL is allowed */
void hny_chrf_reset(struct hny_chrf *chrf);    /* no sentences, memory kept */

/* Adds one sentence with its REFERENCES [COUNT], COUNT at least 1: the one with the best F-score counts, the
 * first such. Failure leaves the sums as they were. */
hny_status hny_chrf_add(struct hny_chrf *chrf, struct hny_text hypothesis, const struct hny_text *references,
                        size_t count);

/* The score of all sentences added so far, 0 to 100; of none it is 0. */
double hny_chrf_score(const struct hny_chrf *chrf);

/* Appends "chrF2", "chrF2++", …. */
hny_status hny_chrf_name(const struct hny_chrf *chrf, struct hny_buffer *out);

/* Appends the signature, "nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:2.6.0", or its BRIEF form. */
hny_status hny_chrf_signature(const struct hny_chrf *chrf, bool brief, struct hny_buffer *out);

/* The whole way at once, for arrays in memory: HYPOTHESES [SENTENCES] against one reference each. */
hny_status hny_chrf_corpus(const struct hny_chrf_options *options, const struct hny_text *hypotheses,
                           const struct hny_text *references, size_t sentences, double *score);

#endif
