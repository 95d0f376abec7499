/* BLEU (Papineni et al., "BLEU: a Method for Automatic Evaluation of Machine Translation", ACL 2002) exactly
 * as sacreBLEU computes it. Sentences are added one by one and only sums are kept: a corpus of any length
 * fits. */
#ifndef HNY_MODEL_BLEU_H
#define HNY_MODEL_BLEU_H

#include "model/metric_text.h"

#define HNY_BLEU_ORDERS 4 /* n-grams of 1 to 4 words */

/* What stands for an n-gram precision without a match (Chen and Cherry, "A Systematic Comparison of Smoothing
 * Techniques for Sentence-Level BLEU", WMT 2014). */
enum hny_bleu_smooth {
    HNY_BLEU_EXP,   /* a half of one match, a quarter for the next such order, … */
    HNY_BLEU_FLOOR, /* smooth_value matches */
    HNY_BLEU_ADD_K, /* smooth_value is added to counts and totals from bigrams on, match or not */
    HNY_BLEU_NO_SMOOTHING,
};

/* Zero-initialised options are sacreBLEU's defaults: tokeniser 13a, cased, smoothing exp, all four orders. */
struct hny_bleu_options {
    enum hny_metric_tokenizer tokenizer;
    bool lowercase;
    bool effective_order; /* leave out orders too long for the text: for single sentences */
    enum hny_bleu_smooth smooth;
    double smooth_value; /* of floor and add-k; 0 is their default, 0.1 and 1 */
};

struct hny_bleu_score {
    double score;                       /* 0 to 100 */
    double precisions[HNY_BLEU_ORDERS]; /* per cent, smoothed */
    double brevity_penalty;
    uint64_t counts[HNY_BLEU_ORDERS]; /* n-grams of the hypotheses that a reference has */
    uint64_t totals[HNY_BLEU_ORDERS]; /* n-grams of the hypotheses */
    uint64_t hypothesis_length;       /* words */
    uint64_t reference_length;        /* words of the references closest in length */
};

/* The name of a smoothing in options ("exp", "floor", "add-k", "none"), and the way back: HNY_ERROR_USAGE
 * with the names there are, *SMOOTH as it was, for an unknown one. */
const char *hny_bleu_smooth_name(enum hny_bleu_smooth smooth);
hny_status hny_bleu_smooth_named(const char *name, enum hny_bleu_smooth *smooth);

struct hny_bleu;
hny_status hny_bleu_create(struct hny_bleu **bleu, const struct hny_bleu_options *options);
void hny_bleu_destroy(struct hny_bleu **bleu); /* nulls the pointer; NULL is allowed */
void hny_bleu_reset(struct hny_bleu *bleu);    /* no sentences, memory kept */

/* Adds one sentence with its REFERENCES [COUNT], COUNT at least 1. Failure leaves the sums as they were. */
hny_status hny_bleu_add(struct hny_bleu *bleu, struct hny_text hypothesis, const struct hny_text *references,
                        size_t count);

/* The score of all sentences added so far; of none it is 0. */
void hny_bleu_score(const struct hny_bleu *bleu, struct hny_bleu_score *score);

/* Appends the signature, "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0", or its BRIEF form,
 * "#:1|c:mixed|…". nrefs is "var" where sentences had different numbers of references. */
hny_status hny_bleu_signature(const struct hny_bleu *bleu, bool brief, struct hny_buffer *out);

/* Appends "67.1/38.2/… (BP = 1.000 ratio = 1.012 hyp_len = 83 ref_len = 82)". */
hny_status hny_bleu_verbose(const struct hny_bleu_score *score, struct hny_buffer *out);

/* The whole way at once, for arrays in memory: HYPOTHESES [SENTENCES] against one reference each. */
hny_status hny_bleu_corpus(const struct hny_bleu_options *options, const struct hny_text *hypotheses,
                           const struct hny_text *references, size_t sentences, struct hny_bleu_score *score);

#endif
