#include "model/chrf.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "model/metric_report.h"
#include "model/ngrams.h"
#include <stdlib.h>
#include <string.h>

enum { ORDERS_LIMIT = 2 * HNY_CHRF_ORDER_LIMIT };

/* What is summed for each order: those of characters first, those of words behind them. */
struct sums {
    uint64_t hypothesis, reference, matches; /* n-grams */
};

/* One text in both its forms. */
struct sequence {
    struct hny_ngram_symbols characters, words;
};

struct hny_chrf {
    struct hny_chrf_options options;
    struct sums sums[ORDERS_LIMIT];
    size_t reference_count; /* a sentence; 0 before the first */
    bool varied;            /* some sentence had another number of references */

    struct hny_ngrams *ngrams;
    struct hny_buffer lower;
    struct sequence hypothesis, reference;
};

hny_status hny_chrf_create(struct hny_chrf **chrf, const struct hny_chrf_options *options) {
    *chrf = NULL;
    if (options->character_order < 1 || options->character_order > HNY_CHRF_ORDER_LIMIT) {
        return hny_fail(HNY_ERROR_USAGE, "chrF's character order is %zu, not 1 to %d",
                        options->character_order, HNY_CHRF_ORDER_LIMIT);
    }
    if (options->word_order > HNY_CHRF_ORDER_LIMIT) {
        return hny_fail(HNY_ERROR_USAGE, "chrF's word order is %zu, not 0 to %d", options->word_order,
                        HNY_CHRF_ORDER_LIMIT);
    }
    if (options->beta < 1 || options->beta > HNY_CHRF_BETA_LIMIT) {
        return hny_fail(HNY_ERROR_USAGE, "chrF's beta is %u, not 1 to %d", options->beta,
                        HNY_CHRF_BETA_LIMIT);
    }
    struct hny_chrf *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->options = *options;
    made->ngrams = hny_ngrams_create();
    if (!made->ngrams) {
        hny_chrf_destroy(&made);
        return HNY_ERROR_MEMORY;
    }
    *chrf = made;
    return HNY_OK;
}

static void free_sequence(struct sequence *sequence) {
    hny_ngram_symbols_free(&sequence->characters);
    hny_ngram_symbols_free(&sequence->words);
}

void hny_chrf_destroy(struct hny_chrf **chrf) {
    if (!*chrf) return;
    hny_ngrams_destroy(&(*chrf)->ngrams);
    hny_buffer_free(&(*chrf)->lower);
    free_sequence(&(*chrf)->hypothesis);
    free_sequence(&(*chrf)->reference);
    free(*chrf);
    *chrf = NULL;
}

void hny_chrf_reset(struct hny_chrf *chrf) {
    memset(chrf->sums, 0, sizeof chrf->sums);
    chrf->reference_count = 0;
    chrf->varied = false;
}

static hny_status read_characters(const struct hny_chrf *chrf, struct hny_text text,
                                  struct hny_ngram_symbols *characters) {
    hny_ngram_symbols_clear(characters);
    while (text.size > 0) {
        uint32_t code;
        int bytes = hny_utf8_decode(text.data, text.size, &code);
        size_t size = (size_t)(bytes < 0 ? -bytes : bytes);
        text = (struct hny_text){text.data + size, text.size - size};
        if (chrf->options.whitespace || !hny_metric_space(code))
            HNY_TRY(hny_ngram_symbols_append(characters, code));
    }
    return HNY_OK;
}

static bool is_ascii_punctuation(char byte) {
    return (byte >= '!' && byte <= '/') || (byte >= ':' && byte <= '@') || (byte >= '[' && byte <= '`') ||
           (byte >= '{' && byte <= '~');
}

static hny_status append_word(struct hny_chrf *chrf, struct hny_ngram_symbols *words, const char *text,
                              size_t size) {
    uint32_t number;
    HNY_TRY(hny_ngrams_word(chrf->ngrams, text, size, &number));
    return hny_ngram_symbols_append(words, number);
}

/* Words, with one mark of ASCII punctuation taken off: the last character if it is one, or else the first
 * ("(hi)" is
 * "(hi" and ")", as in the paper's own program). */
static hny_status read_words(struct hny_chrf *chrf, struct hny_text text, struct hny_ngram_symbols *words) {
    struct hny_text word;
    hny_ngram_symbols_clear(words);
    while (hny_metric_word(&text, &word)) {
        size_t last = word.size - 1, split = 0;
        if (word.size > 1 && is_ascii_punctuation(word.data[last]))
            split = last;
        else if (word.size > 1 && is_ascii_punctuation(word.data[0]))
            split = 1;
        if (split) HNY_TRY(append_word(chrf, words, word.data, split));
        HNY_TRY(append_word(chrf, words, word.data + split, word.size - split));
    }
    return HNY_OK;
}

static hny_status read_sequence(struct hny_chrf *chrf, struct hny_text text, struct sequence *sequence) {
    if (chrf->options.lowercase) {
        hny_buffer_clear(&chrf->lower);
        HNY_TRY(hny_metric_lower(&chrf->lower, text));
        text = (struct hny_text){chrf->lower.data, chrf->lower.size};
    }
    HNY_TRY(read_characters(chrf, text, &sequence->characters));
    return chrf->options.word_order > 0 ? read_words(chrf, text, &sequence->words) : HNY_OK;
}

/* SUMS [ORDERS] of HYPOTHESIS against REFERENCE. N-grams of an order that the reference is too short for are
 * not held against the hypothesis. */
static hny_status count_orders(struct hny_chrf *chrf, const struct hny_ngram_symbols *hypothesis,
                               const struct hny_ngram_symbols *reference, size_t orders, struct sums *sums) {
    uint64_t matches[HNY_CHRF_ORDER_LIMIT];
    HNY_TRY(hny_ngrams_match(chrf->ngrams, hypothesis, reference, 1, orders, matches));
    for (size_t n = 1; n <= orders; n++) {
        uint64_t total = hny_ngrams_total(reference->size, n);
        sums[n - 1] = (struct sums){total ? hny_ngrams_total(hypothesis->size, n) : 0, total, matches[n - 1]};
    }
    return HNY_OK;
}

static double f_score(double precision, double recall, double factor) {
    return (1 + factor) * precision * recall / (factor * precision + recall);
}

static double score_sums(const struct sums *sums, const struct hny_chrf_options *options) {
    static const double epsilon = 1e-16;
    size_t orders = options->character_order + options->word_order, used = 0;
    double factor = (double)options->beta * options->beta, precisions = 0, recalls = 0, scores = 0;
    for (size_t i = 0; i < orders; i++) {
        bool both = sums[i].hypothesis > 0 && sums[i].reference > 0;
        double matches = (double)sums[i].matches;
        double precision = sums[i].hypothesis > 0 ? matches / (double)sums[i].hypothesis : epsilon;
        double recall = sums[i].reference > 0 ? matches / (double)sums[i].reference : epsilon;
        scores += precision + recall > 0 ? f_score(precision, recall, factor) : epsilon;
        precisions += both ? precision : 0;
        recalls += both ? recall : 0;
        used += both;
    }
    if (options->eps_smoothing) return 100 * scores / (double)orders;
    if (precisions + recalls == 0) return 0;
    return 100 * f_score(precisions / (double)used, recalls / (double)used, factor);
}

hny_status hny_chrf_add(struct hny_chrf *chrf, struct hny_text hypothesis, const struct hny_text *references,
                        size_t count) {
    size_t characters = chrf->options.character_order, words = chrf->options.word_order;
    struct sums best[ORDERS_LIMIT], sums[ORDERS_LIMIT];
    double best_score = -1;
    if (count == 0) return hny_fail(HNY_ERROR_USAGE, "chrF needs a reference for each sentence");
    hny_ngrams_next(chrf->ngrams);
    HNY_TRY(read_sequence(chrf, hypothesis, &chrf->hypothesis));
    for (size_t i = 0; i < count; i++) {
        HNY_TRY(read_sequence(chrf, references[i], &chrf->reference));
        HNY_TRY(
            count_orders(chrf, &chrf->hypothesis.characters, &chrf->reference.characters, characters, sums));
        HNY_TRY(
            count_orders(chrf, &chrf->hypothesis.words, &chrf->reference.words, words, sums + characters));
        double score = score_sums(sums, &chrf->options);
        if (score <= best_score) continue;
        best_score = score;
        memcpy(best, sums, (characters + words) * sizeof *best);
    }
    for (size_t i = 0; i < characters + words; i++) {
        chrf->sums[i].hypothesis += best[i].hypothesis;
        chrf->sums[i].reference += best[i].reference;
        chrf->sums[i].matches += best[i].matches;
    }
    chrf->varied |= chrf->reference_count != 0 && chrf->reference_count != count;
    chrf->reference_count = count;
    return HNY_OK;
}

double hny_chrf_score(const struct hny_chrf *chrf) {
    return chrf->reference_count ? score_sums(chrf->sums, &chrf->options) : 0;
}

hny_status hny_chrf_name(const struct hny_chrf *chrf, struct hny_buffer *out) {
    HNY_TRY(hny_buffer_print(out, "chrF%u", chrf->options.beta));
    for (size_t i = 0; i < chrf->options.word_order; i++) HNY_TRY(hny_buffer_append(out, "+", 1));
    return HNY_OK;
}

hny_status hny_chrf_signature(const struct hny_chrf *chrf, bool brief, struct hny_buffer *out) {
    const struct hny_chrf_options *options = &chrf->options;
    const char *references = brief ? "#" : "nrefs";
    if (chrf->varied)
        HNY_TRY(hny_metric_sign(out, references, "var"));
    else
        HNY_TRY(hny_metric_sign(out, references, "%zu", chrf->reference_count));
    HNY_TRY(hny_metric_sign(out, brief ? "c" : "case", options->lowercase ? "lc" : "mixed"));
    HNY_TRY(hny_metric_sign(out, brief ? "e" : "eff", options->eps_smoothing ? "no" : "yes"));
    HNY_TRY(hny_metric_sign(out, "nc", "%zu", options->character_order));
    HNY_TRY(hny_metric_sign(out, "nw", "%zu", options->word_order));
    HNY_TRY(hny_metric_sign(out, brief ? "s" : "space", options->whitespace ? "yes" : "no"));
    return hny_metric_sign(out, brief ? "v" : "version", HNY_METRIC_VERSION);
}

hny_status hny_chrf_corpus(const struct hny_chrf_options *options, const struct hny_text *hypotheses,
                           const struct hny_text *references, size_t sentences, double *score) {
    struct hny_chrf *chrf;
    HNY_TRY(hny_chrf_create(&chrf, options));
    hny_status status = HNY_OK;
    for (size_t i = 0; i < sentences && status == HNY_OK; i++) {
        status = hny_chrf_add(chrf, hypotheses[i], &references[i], 1);
    }
    if (status == HNY_OK) *score = hny_chrf_score(chrf);
    hny_chrf_destroy(&chrf);
    return status;
}
