#include "model/bleu.h"
#include "base/memory.h"
#include "model/metric_report.h"
#include "model/ngrams.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct smoothing {
    const char *name;
    double value; /* by default; 0 where the method takes none */
} smoothings[] = {
    [HNY_BLEU_EXP] = {"exp", 0},
    [HNY_BLEU_FLOOR] = {"floor", 0.1},
    [HNY_BLEU_ADD_K] = {"add-k", 1},
    [HNY_BLEU_NO_SMOOTHING] = {"none", 0},
};
enum { SMOOTHING_COUNT = sizeof smoothings / sizeof *smoothings };

struct hny_bleu {
    struct hny_bleu_options options; /* smooth_value resolved */
    uint64_t counts[HNY_BLEU_ORDERS], totals[HNY_BLEU_ORDERS];
    uint64_t hypothesis_length, reference_length;
    size_t reference_count; /* a sentence; 0 before the first */
    bool varied;            /* some sentence had another number of references */

    struct hny_ngrams *ngrams;
    struct hny_buffer lower, tokenized;
    struct hny_ngram_symbols hypothesis;
    struct hny_ngram_symbols *references; /* [reference_capacity], those never used all zero */
    size_t reference_capacity;
};

const char *hny_bleu_smooth_name(enum hny_bleu_smooth smooth) {
    return smoothings[smooth].name;
}

hny_status hny_bleu_smooth_named(const char *name, enum hny_bleu_smooth *smooth) {
    for (int i = 0; i < SMOOTHING_COUNT; i++) {
        if (strcmp(name, smoothings[i].name) == 0) {
            *smooth = (enum hny_bleu_smooth)i;
            return HNY_OK;
        }
    }
    return hny_fail(HNY_ERROR_USAGE, "no BLEU smoothing '%s': exp, floor, add-k and none are there", name);
}

hny_status hny_bleu_create(struct hny_bleu **bleu, const struct hny_bleu_options *options) {
    *bleu = NULL;
    if (!isfinite(options->smooth_value) || options->smooth_value < 0) {
        return hny_fail(HNY_ERROR_USAGE, "a smoothing value of %g is not positive", options->smooth_value);
    }
    struct hny_bleu *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->options = *options;
    if (options->smooth_value == 0) made->options.smooth_value = smoothings[options->smooth].value;
    made->ngrams = hny_ngrams_create();
    if (!made->ngrams) {
        hny_bleu_destroy(&made);
        return HNY_ERROR_MEMORY;
    }
    *bleu = made;
    return HNY_OK;
}

void hny_bleu_destroy(struct hny_bleu **bleu) {
    if (!*bleu) return;
    hny_ngrams_destroy(&(*bleu)->ngrams);
    hny_buffer_free(&(*bleu)->lower);
    hny_buffer_free(&(*bleu)->tokenized);
    hny_ngram_symbols_free(&(*bleu)->hypothesis);
    for (size_t i = 0; i < (*bleu)->reference_capacity; i++) hny_ngram_symbols_free(&(*bleu)->references[i]);
    free((*bleu)->references);
    free(*bleu);
    *bleu = NULL;
}

void hny_bleu_reset(struct hny_bleu *bleu) {
    memset(bleu->counts, 0, sizeof bleu->counts);
    memset(bleu->totals, 0, sizeof bleu->totals);
    bleu->hypothesis_length = bleu->reference_length = 0;
    bleu->reference_count = 0;
    bleu->varied = false;
}

/* The words of TEXT as numbers. */
static hny_status read_words(struct hny_bleu *bleu, struct hny_text text, struct hny_ngram_symbols *words) {
    hny_ngram_symbols_clear(words);
    if (bleu->options.lowercase) {
        hny_buffer_clear(&bleu->lower);
        HNY_TRY(hny_metric_lower(&bleu->lower, text));
        text = (struct hny_text){bleu->lower.data, bleu->lower.size};
    }
    hny_buffer_clear(&bleu->tokenized);
    HNY_TRY(hny_metric_tokenize(&bleu->tokenized, bleu->options.tokenizer, hny_metric_trim_end(text)));
    struct hny_text rest = {bleu->tokenized.data, bleu->tokenized.size}, word;
    while (hny_metric_word(&rest, &word)) {
        uint32_t number;
        HNY_TRY(hny_ngrams_word(bleu->ngrams, word.data, word.size, &number));
        HNY_TRY(hny_ngram_symbols_append(words, number));
    }
    return HNY_OK;
}

static hny_status make_references(struct hny_bleu *bleu, size_t count) {
    size_t had = bleu->reference_capacity;
    if (hny_grow(&bleu->references, &bleu->reference_capacity, count, sizeof *bleu->references) != 0) {
        return HNY_ERROR_MEMORY;
    }
    memset(bleu->references + had, 0, (bleu->reference_capacity - had) * sizeof *bleu->references);
    return HNY_OK;
}

/* The length that is closest to LENGTH; of two equally close ones, the shorter. */
static size_t closest_length(size_t length, const struct hny_ngram_symbols *references, size_t count) {
    size_t best = references[0].size;
    for (size_t i = 1; i < count; i++) {
        size_t size = references[i].size;
        size_t distance = size > length ? size - length : length - size;
        size_t shortest = best > length ? best - length : length - best;
        if (distance < shortest || (distance == shortest && size < best)) best = size;
    }
    return best;
}

hny_status hny_bleu_add(struct hny_bleu *bleu, struct hny_text hypothesis, const struct hny_text *references,
                        size_t count) {
    uint64_t matches[HNY_BLEU_ORDERS];
    if (count == 0) return hny_fail(HNY_ERROR_USAGE, "BLEU needs a reference for each sentence");
    hny_ngrams_next(bleu->ngrams);
    HNY_TRY(make_references(bleu, count));
    HNY_TRY(read_words(bleu, hypothesis, &bleu->hypothesis));
    for (size_t i = 0; i < count; i++) HNY_TRY(read_words(bleu, references[i], &bleu->references[i]));
    HNY_TRY(
        hny_ngrams_match(bleu->ngrams, &bleu->hypothesis, bleu->references, count, HNY_BLEU_ORDERS, matches));
    for (size_t n = 1; n <= HNY_BLEU_ORDERS; n++) {
        bleu->counts[n - 1] += matches[n - 1];
        bleu->totals[n - 1] += hny_ngrams_total(bleu->hypothesis.size, n);
    }
    bleu->hypothesis_length += bleu->hypothesis.size;
    bleu->reference_length += closest_length(bleu->hypothesis.size, bleu->references, count);
    bleu->varied |= bleu->reference_count != 0 && bleu->reference_count != count;
    bleu->reference_count = count;
    return HNY_OK;
}

static double brevity_penalty(uint64_t hypothesis, uint64_t reference) {
    if (hypothesis >= reference) return 1;
    return hypothesis == 0 ? 0 : exp(1 - (double)reference / (double)hypothesis);
}

/* Fills SCORE's precisions from its counts and totals; returns how many orders the mean is taken over. */
static size_t fill_precisions(struct hny_bleu_score *score, const struct hny_bleu_options *options) {
    double halvings = 1;
    size_t orders = HNY_BLEU_ORDERS;
    for (size_t n = 1; n <= HNY_BLEU_ORDERS; n++) {
        bool adding = options->smooth == HNY_BLEU_ADD_K && n > 1;
        double count = (double)score->counts[n - 1] + (adding ? options->smooth_value : 0);
        double total = (double)score->totals[n - 1] + (adding ? options->smooth_value : 0);
        if (total == 0) break;
        if (options->effective_order) orders = n;
        if (count == 0 && options->smooth == HNY_BLEU_EXP) count = 1 / (halvings *= 2);
        if (count == 0 && options->smooth == HNY_BLEU_FLOOR) count = options->smooth_value;
        score->precisions[n - 1] = 100 * count / total;
    }
    return orders;
}

void hny_bleu_score(const struct hny_bleu *bleu, struct hny_bleu_score *score) {
    *score = (struct hny_bleu_score){
        .brevity_penalty = brevity_penalty(bleu->hypothesis_length, bleu->reference_length),
        .hypothesis_length = bleu->hypothesis_length,
        .reference_length = bleu->reference_length,
    };
    memcpy(score->counts, bleu->counts, sizeof score->counts);
    memcpy(score->totals, bleu->totals, sizeof score->totals);
    /* No n-gram can match where no word does: nothing is left to smooth. */
    if (score->counts[0] == 0) return;
    size_t orders = fill_precisions(score, &bleu->options);
    double sum = 0;
    for (size_t n = 0; n < orders; n++)
        sum += log(score->precisions[n]); /* of 0: minus infinity, and the score is 0 */
    score->score = score->brevity_penalty * exp(sum / (double)orders);
}

hny_status hny_bleu_signature(const struct hny_bleu *bleu, bool brief, struct hny_buffer *out) {
    const struct hny_bleu_options *options = &bleu->options;
    const struct smoothing *smoothing = &smoothings[options->smooth];
    const char *references = brief ? "#" : "nrefs", *smooth = brief ? "s" : "smooth";
    if (bleu->varied)
        HNY_TRY(hny_metric_sign(out, references, "var"));
    else
        HNY_TRY(hny_metric_sign(out, references, "%zu", bleu->reference_count));
    HNY_TRY(hny_metric_sign(out, brief ? "c" : "case", options->lowercase ? "lc" : "mixed"));
    HNY_TRY(hny_metric_sign(out, brief ? "e" : "eff", options->effective_order ? "yes" : "no"));
    HNY_TRY(hny_metric_sign(out, "tok", "%s", hny_metric_tokenizer_name(options->tokenizer)));
    if (smoothing->value > 0)
        HNY_TRY(hny_metric_sign(out, smooth, "%s[%.2f]", smoothing->name, options->smooth_value));
    else
        HNY_TRY(hny_metric_sign(out, smooth, "%s", smoothing->name));
    return hny_metric_sign(out, brief ? "v" : "version", HNY_METRIC_VERSION);
}

hny_status hny_bleu_verbose(const struct hny_bleu_score *score, struct hny_buffer *out) {
    double reference = (double)score->reference_length;
    for (size_t n = 0; n < HNY_BLEU_ORDERS; n++) {
        HNY_TRY(hny_buffer_print(out, "%s%.1f", n ? "/" : "", score->precisions[n]));
    }
    return hny_buffer_print(
        out, " (BP = %.3f ratio = %.3f hyp_len = %llu ref_len = %llu)", score->brevity_penalty,
        reference > 0 ? (double)score->hypothesis_length / reference : 0,
        (unsigned long long)score->hypothesis_length, (unsigned long long)score->reference_length);
}

hny_status hny_bleu_corpus(const struct hny_bleu_options *options, const struct hny_text *hypotheses,
                           const struct hny_text *references, size_t sentences,
                           struct hny_bleu_score *score) {
    struct hny_bleu *bleu;
    HNY_TRY(hny_bleu_create(&bleu, options));
    hny_status status = HNY_OK;
    for (size_t i = 0; i < sentences && status == HNY_OK; i++) {
        status = hny_bleu_add(bleu, hypotheses[i], &references[i], 1);
    }
    if (status == HNY_OK) hny_bleu_score(bleu, score);
    hny_bleu_destroy(&bleu);
    return status;
}
