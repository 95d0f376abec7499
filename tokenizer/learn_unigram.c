#include "base/memory.h"
#include "base/progress.h"
#include "base/utf8.h"
#include "tokenizer/lattice.h"
#include "tokenizer/learn.h"
#include "tokenizer/seeds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SEED_LIMIT ((size_t)1000000)
#define STEPS_A_ROUND 2    /* of expectation maximisation between two prunings */
#define KEPT_A_ROUND 0.75  /* of the pieces */
#define LEAST_EXPECTED 0.5 /* occurrences; a piece with fewer is dropped */

/* The logarithmic derivative of the gamma function, for x > 0 (Abramowitz and Stegun 1964, 6.3.5 and 6.3.18).
 */
static double digamma(double x) {
    double sum = 0;
    for (; x < 7; x++) sum -= 1 / x;
    double square = 1 / (x * x);
    return sum + log(x) - 0.5 / x - square * (1.0 / 12 - square * (1.0 / 120 - square / 252));
}

static int order_pieces(const void *left, const void *right) {
    const struct hny_trained_piece *a = left, *b = right;
    int order = memcmp(a->text, b->text, a->size < b->size ? a->size : b->size);
    return order != 0 ? order : (a->size > b->size) - (a->size < b->size);
}

/* Characters and seeds become the first pieces; a score is the share of characters that the piece covers. */
static hny_status begin(struct hny_lattice *lattice, struct hny_learning *learning) {
    const struct hny_characters *characters = learning->characters;
    struct hny_seed *seeds = NULL;
    size_t seed_count = 0;
    HNY_TRY(hny_seeds_find(learning->segments, learning->options->longest_piece, SEED_LIMIT, &seeds,
                           &seed_count));
    lattice->pieces = hny_allocate(characters->count + seed_count, sizeof *lattice->pieces);
    learning->texts = hny_allocate(characters->count, 4);
    if (!lattice->pieces || !learning->texts) {
        free(seeds);
        return HNY_ERROR_MEMORY;
    }
    double total = 0;
    char *text = learning->texts;
    for (size_t i = 0; i < characters->count; i++) {
        uint32_t size = (uint32_t)hny_utf8_encode(characters->list[i].code, text);
        double times = characters->list[i].times > 0 ? (double)characters->list[i].times : 1;
        lattice->pieces[lattice->count++] =
            (struct hny_trained_piece){.text = text, .size = size, .required = true, .score = times};
        total += times;
        text += size;
    }
    for (size_t i = 0; i < seed_count; i++) {
        double value = (double)seeds[i].times * seeds[i].characters;
        lattice->pieces[lattice->count++] = (struct hny_trained_piece){
            .text = learning->segments->texts + seeds[i].at, .size = seeds[i].size, .score = value};
        total += value;
    }
    free(seeds);
    for (size_t i = 0; i < lattice->count; i++)
        lattice->pieces[i].score = log(lattice->pieces[i].score / total);
    qsort(lattice->pieces, lattice->count, sizeof *lattice->pieces, order_pieces);
    return HNY_OK;
}

static size_t count_alive(const struct hny_lattice *lattice) {
    size_t alive = 0;
    for (size_t i = 0; i < lattice->count; i++) alive += !lattice->pieces[i].dropped;
    return alive;
}

/* Sets scores from the expected counts, as the mean of the logarithms under a Dirichlet posterior, which
 * punishes rare pieces (Liang et al. 2007). A piece with too few is dropped as long as more than TARGET are
 * left. */
static void maximise(struct hny_lattice *lattice, const uint64_t *counts, size_t target) {
    size_t alive = count_alive(lattice);
    double total = 0;
    for (size_t i = 0; i < lattice->count; i++) {
        struct hny_trained_piece *piece = &lattice->pieces[i];
        double expected = (double)counts[i] / HNY_EXPECTED_UNIT;
        if (piece->dropped) continue;
        if (expected < LEAST_EXPECTED && !piece->required && alive > target) {
            piece->dropped = true;
            alive--;
            continue;
        }
        piece->score = expected > LEAST_EXPECTED ? expected : LEAST_EXPECTED;
        total += piece->score;
    }
    double total_digamma = digamma(total);
    for (size_t i = 0; i < lattice->count; i++)
        if (!lattice->pieces[i].dropped)
            lattice->pieces[i].score = digamma(lattice->pieces[i].score) - total_digamma;
    hny_lattice_weigh(lattice);
}

/* A piece and what the text's logarithmic likelihood loses without it. */
struct loss {
    double loss;
    uint32_t piece;
};

static int order_losses(const void *left, const void *right) {
    const struct loss *a = left, *b = right;
    if (a->loss != b->loss) return a->loss < b->loss ? 1 : -1;
    return (a->piece > b->piece) - (a->piece < b->piece);
}

/* The loss where piece I's COUNT occurrences, out of TOTAL of all pieces, are cut into its best alternative.
 */
static double find_loss(const struct hny_lattice *lattice, size_t i, const uint64_t *counts, double total) {
    uint32_t parts[4 * HNY_SEGMENT_CHARACTERS];
    double times = (double)counts[i], score = 0, alternative = 0;
    size_t count = hny_lattice_alternative(lattice, &lattice->pieces[i], parts, &score);
    if (count == 0) return INFINITY;
    double new_total = log(total + times * (double)(count - 1));
    for (size_t j = 0; j < count; j++) alternative += log((double)counts[parts[j]] + times) - new_total;
    return times * (log(times) - log(total) - alternative);
}

/* Drops the pieces that the text needs least until a fixed part, or TARGET, is left; those that no best
 * segmentation uses go first. */
static hny_status prune(struct hny_lattice *lattice, const uint64_t *counts, size_t target) {
    struct loss *losses = hny_allocate(lattice->count, sizeof *losses);
    if (!losses) return HNY_ERROR_MEMORY;
    size_t candidates = 0, alive = count_alive(lattice);
    double total = 0;
    for (size_t i = 0; i < lattice->count; i++) total += lattice->pieces[i].dropped ? 0 : (double)counts[i];
    for (size_t i = 0; i < lattice->count; i++) {
        if (lattice->pieces[i].dropped || lattice->pieces[i].required) continue;
        double loss = counts[i] == 0 ? -INFINITY : find_loss(lattice, i, counts, total);
        losses[candidates++] = (struct loss){loss, (uint32_t)i};
    }
    qsort(losses, candidates, sizeof *losses, order_losses);
    size_t wanted = (size_t)((double)alive * KEPT_A_ROUND);
    if (wanted < target) wanted = target;
    while (candidates > 0 && alive > target && (alive > wanted || losses[candidates - 1].loss == -INFINITY)) {
        lattice->pieces[losses[--candidates].piece].dropped = true;
        alive--;
    }
    free(losses);
    return HNY_OK;
}

static void compact(struct hny_lattice *lattice) {
    size_t kept = 0;
    for (size_t i = 0; i < lattice->count; i++)
        if (!lattice->pieces[i].dropped) lattice->pieces[kept++] = lattice->pieces[i];
    lattice->count = kept;
}

/* Rounds of expectation maximisation and pruning until TARGET pieces are left, and one more without pruning.
 */
static hny_status improve(struct hny_lattice *lattice, uint64_t *counts, size_t target) {
    for (;;) {
        if (hny_stop_requested()) return hny_fail(HNY_INTERRUPTED, "stopped while training the tokenizer");
        hny_progress_show("tokenizer: unigram, %zu pieces on the way to %zu", lattice->count, target);
        bool last = lattice->count <= target;
        HNY_TRY(hny_lattice_build(lattice));
        for (int step = 0; step < STEPS_A_ROUND; step++) {
            HNY_TRY(hny_lattice_expect(lattice, counts));
            maximise(lattice, counts, target);
        }
        if (last) return HNY_OK;
        HNY_TRY(hny_lattice_best(lattice, counts));
        HNY_TRY(prune(lattice, counts, target));
        compact(lattice);
    }
}

static int order_final(const void *left, const void *right) {
    const struct hny_piece *a = left, *b = right;
    if (a->score != b->score) return a->score < b->score ? 1 : -1;
    int order = memcmp(a->text, b->text, a->size < b->size ? a->size : b->size);
    return order != 0 ? order : (a->size > b->size) - (a->size < b->size);
}

static void finish(const struct hny_lattice *lattice, struct hny_learning *learning) {
    for (size_t i = 0; i < lattice->count; i++) {
        const struct hny_trained_piece *piece = &lattice->pieces[i];
        double score = round(piece->score * HNY_SCORE_UNIT);
        if (score > 0) score = 0;
        if (score < -HNY_SCORE_LIMIT) score = -HNY_SCORE_LIMIT;
        learning->pieces[learning->count++] = (struct hny_piece){piece->text, piece->size, (int32_t)score};
    }
    qsort(learning->pieces, learning->count, sizeof *learning->pieces, order_final);
}

hny_status hny_learn_unigram(struct hny_learning *learning) {
    struct hny_lattice lattice = {.segments = learning->segments, .threads = learning->threads};
    hny_status status = begin(&lattice, learning);
    uint64_t *counts = NULL;
    if (status == HNY_OK) {
        counts = hny_allocate(lattice.count, sizeof *counts);
        status = counts ? improve(&lattice, counts, learning->target) : HNY_ERROR_MEMORY;
    }
    if (status == HNY_OK) finish(&lattice, learning);
    free(counts);
    free(lattice.pieces);
    hny_lattice_free(&lattice);
    return status;
}
