/* What a word costs in short sentences and in long ones: training updates of pairs of one length, about the
 * same number of words each, turn by turn.
 *
 *     bench-growth [ROUNDS, 5] */
#include "tests/bench/limit.h"
#include "tests/bench/updates.h"

#include "base/profile.h"
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTHS = 6, LONGEST = 200, MOST_ROUNDS = 100 };
static const size_t lengths[LENGTHS] = {5, 10, 25, 50, 100, LONGEST};
static const struct bench_shape shape = {"2+2×512 V 8000", 2, 512, 8000, 12800};
static int32_t words[LONGEST];

/* An update of pairs of LENGTH words, ends counted; its seconds a word, and the attention's part of them. */
static double update(struct hny_trainer *trainer, size_t length, uint64_t number, double *attention) {
    static struct hny_pair pairs[12800];
    struct bench_pool one = {.count = 1};
    struct hny_profile_kind kinds[HNY_PROFILE_KINDS];
    size_t count = shape.batch_tokens / length, kind_count;
    double tokens = 0;
    for (size_t i = 0; i < count; i++) pairs[i] = (struct hny_pair){words, words, length - 1, length - 1};
    one.batches[0] = (struct hny_trainer_batch){pairs, count};
    hny_profile_start();
    double seconds = bench_updates(trainer, &one, number, 1, &tokens);
    hny_profile_stop(kinds, &kind_count);
    for (size_t i = 0; i < kind_count; i++)
        if (strcmp(kinds[i].name, "attention") == 0) *attention = kinds[i].seconds / tokens;
    return seconds / tokens;
}

int main(int count, char **arguments) {
    size_t rounds = count > 1 ? strtoul(arguments[1], NULL, 10) : 5;
    static double all[LENGTHS][MOST_ROUNDS], attention[LENGTHS][MOST_ROUNDS];
    struct hny_model *model = bench_model(&shape);
    struct hny_threads *team = NULL;
    struct hny_trainer *trainer = NULL;
    double least = 1e9, most = 0;
    bench_demand(rounds > 0 && rounds <= MOST_ROUNDS, "usage: growth [ROUNDS]");
    omp_set_num_threads(1);
    for (size_t i = 0; i < LONGEST; i++) words[i] = (int32_t)(300 + i * 37);
    bench_demand(hny_threads_create(&team, 1) == HNY_OK, "threads");
    bench_demand(hny_trainer_create(&trainer, model, team, hny_precision_fastest()) == HNY_OK, "trainer");
    for (size_t round = 0; round <= rounds; round++) /* the first warms up */
        for (size_t l = 0; l < LENGTHS; l++) {
            size_t at = round == 0 ? 0 : round - 1;
            all[l][at] = update(trainer, lengths[l], round, &attention[l][at]);
        }
    for (size_t l = 0; l < LENGTHS; l++) {
        char what[128];
        double whole = bench_quantile(all[l], rounds, 0.5), part = bench_quantile(attention[l], rounds, 0.5);
        double rest = whole - part;
        least = rest < least ? rest : least;
        most = rest > most ? rest : most;
        snprintf(what, sizeof what, "a word in sentences of %zu, training, 1 thread", lengths[l]);
        bench_row(what, "", "%.0f µs, attention %.0f µs of them", 1e6 * whole, 1e6 * part);
    }
    bench_row("the dearest of these to the cheapest, without attention", "× 1.25", "× %.2f", most / least);
    hny_trainer_destroy(&trainer);
    hny_threads_destroy(&team);
    hny_model_destroy(&model);
    return 0;
}
