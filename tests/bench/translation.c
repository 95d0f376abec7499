/* Translation, beam 5: batches of 32 sentences in each precision on one thread and two, and sentences alone;
 * then both with a shortlist and without, turn by turn.
 *
 *     bench-translation [SENTENCES, 400] [ROUNDS, 5] */
#include "tests/bench/limit.h"
#include "tests/bench/sentences.h"

#include "base/progress.h"
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 2, PRECISIONS = HNY_PRECISION_INT8 + 1, MOST_ROUNDS = 100, MOST_ALONE = 1000 };
static const struct bench_shape shape = {"2+2×512 V 8000", 2, 512, 8000, 1120};
static struct bench_pool pool;
static size_t sentences, rounds;

struct part {
    struct bench_engine *engines;
    size_t parts;
};

static hny_status translate_part(void *context, size_t part, size_t thread) {
    (void)thread;
    const struct part *job = context;
    size_t first = sentences * part / job->parts, last = sentences * (part + 1) / job->parts;
    bench_translate(job->engines[part].engine, &pool, first, last - first);
    return HNY_OK;
}

/* Words a second, the median of the rounds, which go through the precisions in turn, and the median of what
 * the second thread gained in each. */
static void measure_batches(double speed[PRECISIONS][THREADS], double second[PRECISIONS]) {
    static double seconds[PRECISIONS][THREADS][MOST_ROUNDS];
    struct bench_engine engines[PRECISIONS][THREADS] = {0};
    struct hny_threads *teams[THREADS] = {NULL};
    double words = (double)bench_sentence_words(&pool, 0, sentences);
    for (size_t t = 0; t < THREADS; t++)
        bench_demand(hny_threads_create(&teams[t], t + 1) == HNY_OK, "threads");
    for (int p = 0; p < PRECISIONS; p++)
        for (size_t t = 0; t < THREADS && hny_precision_supported((enum hny_precision)p); t++)
            bench_engine_open(&engines[p][t], &shape, (enum hny_precision)p, 160);
    for (size_t round = 0; round <= rounds; round++) /* the first warms up */
        for (int p = 0; p < PRECISIONS; p++)
            for (size_t t = 0; t < THREADS && engines[p][t].engine; t++) {
                struct part job = {engines[p], t + 1};
                double begin = hny_seconds();
                bench_demand(hny_threads_run(teams[t], t + 1, translate_part, &job) == HNY_OK, "translation");
                if (round > 0) seconds[p][t][round - 1] = hny_seconds() - begin;
            }
    for (int p = 0; p < PRECISIONS; p++) {
        static double gains[MOST_ROUNDS];
        for (size_t r = 0; r < rounds; r++) gains[r] = seconds[p][0][r] / seconds[p][1][r];
        second[p] = bench_quantile(gains, rounds, 0.5);
        for (size_t t = 0; t < THREADS; t++) {
            speed[p][t] = engines[p][t].engine ? words / bench_quantile(seconds[p][t], rounds, 0.5) : 0;
            bench_engine_close(&engines[p][t]);
        }
    }
    for (size_t t = 0; t < THREADS; t++) hny_threads_destroy(&teams[t]);
}

/* Operations a second. */
static double limit_in_int8(void) {
    const struct bench_product product = {HNY_PRODUCT_FORWARD, HNY_PRECISION_INT8, 256, 2048, shape.hidden};
    return bench_operations(&product) / bench_limit_seconds(&product, 0.2);
}

/* One sentence of 15 words at a time. */
static void measure_alone(enum hny_precision precision) {
    static double seconds[MOST_ALONE];
    struct bench_engine made;
    size_t count = 0;
    bench_engine_open(&made, &shape, precision, 5);
    for (size_t number = 0, warm = 0; count < MOST_ALONE && number < PAIRS; number++) {
        if (bench_sentence_words(&pool, number, 1) != 15) continue;
        double taken = bench_translate(made.engine, &pool, number, 1);
        if (warm++ >= 20) seconds[count++] = taken;
    }
    bench_engine_close(&made);
    bench_demand(count > 0, "no sentences of 15 words");
    char what[128];
    snprintf(what, sizeof what, "one sentence of 15 words, %s, 1 thread", hny_precision_name(precision));
    double half = bench_quantile(seconds, count, 0.5), most = bench_quantile(seconds, count, 0.99);
    char target[64] = "";
    if (precision == HNY_PRECISION_INT8) {
        double limit =
            limit_in_int8(); /* Zen 5 is to take 8 ms at its own, 795 GFLOP/s: others in proportion */
        snprintf(target, sizeof target, "below %.1f ms", 8 * 795e9 / limit);
        bench_row("oneDNN's limit in int8, which the next target goes by", "", "%.0f GFLOP/s", 1e-9 * limit);
    }
    bench_row(what, target, "p50 %.1f ms, p99 %.1f ms (%zu times)", 1e3 * half, 1e3 * most, count);
}

/* The whole vocabulary and a shortlist, turn by turn. */
enum { WHOLE, SHORTLIST, WAYS };

static void open_ways(struct bench_engine engines[WAYS], enum hny_precision precision, size_t rows) {
    for (int way = 0; way < WAYS; way++) bench_engine_open(&engines[way], &shape, precision, rows);
    bench_engine_shorten(&engines[SHORTLIST]);
}

static void measure_shortlist_alone(enum hny_precision precision) {
    static double seconds[WAYS][MOST_ALONE];
    struct bench_engine engines[WAYS];
    size_t count = 0;
    open_ways(engines, precision, 5);
    for (size_t number = 0, warm = 0; count < MOST_ALONE && number < PAIRS; number++) {
        if (bench_sentence_words(&pool, number, 1) != 15) continue;
        double taken[WAYS];
        for (int way = 0; way < WAYS; way++)
            taken[way] = bench_translate(engines[way].engine, &pool, number, 1);
        if (warm++ < 20) continue;
        for (int way = 0; way < WAYS; way++) seconds[way][count] = taken[way];
        count++;
    }
    for (int way = 0; way < WAYS; way++) bench_engine_close(&engines[way]);
    bench_demand(count > 0, "no sentences of 15 words");
    char what[128];
    double half[WAYS], most[WAYS];
    for (int way = 0; way < WAYS; way++) {
        half[way] = bench_quantile(seconds[way], count, 0.5);
        most[way] = bench_quantile(seconds[way], count, 0.99);
    }
    snprintf(what, sizeof what, "one sentence of 15 words, %s, with a shortlist",
             hny_precision_name(precision));
    bench_row(what, "", "p50 %.1f ms, p99 %.1f ms; without %.1f and %.1f: × %.2f and × %.2f",
              1e3 * half[SHORTLIST], 1e3 * most[SHORTLIST], 1e3 * half[WHOLE], 1e3 * most[WHOLE],
              half[SHORTLIST] / half[WHOLE], most[SHORTLIST] / most[WHOLE]);
}

static void measure_shortlist_batches(enum hny_precision precision) {
    static double seconds[WAYS][MOST_ROUNDS];
    struct bench_engine engines[WAYS];
    double words = (double)bench_sentence_words(&pool, 0, sentences), speed[WAYS];
    open_ways(engines, precision, 160);
    for (size_t round = 0; round <= rounds; round++) /* the first warms up */
        for (int way = 0; way < WAYS; way++) {
            double taken = bench_translate(engines[way].engine, &pool, 0, sentences);
            if (round > 0) seconds[way][round - 1] = taken;
        }
    for (int way = 0; way < WAYS; way++) {
        speed[way] = words / bench_quantile(seconds[way], rounds, 0.5);
        bench_engine_close(&engines[way]);
    }
    char what[128];
    snprintf(what, sizeof what, "batches of 32 sentences, %s, with a shortlist, to without",
             hny_precision_name(precision));
    bench_row(what, "× 1", "× %.2f (%.0f words/s)", speed[SHORTLIST] / speed[WHOLE], speed[SHORTLIST]);
}

int main(int count, char **arguments) {
    double speed[PRECISIONS][THREADS], second[PRECISIONS];
    sentences = count > 1 ? strtoul(arguments[1], NULL, 10) : 400;
    rounds = count > 2 ? strtoul(arguments[2], NULL, 10) : 5;
    bench_demand(sentences > 1 && rounds > 0 && rounds <= MOST_ROUNDS, "usage: translation SENTENCES ROUNDS");
    omp_set_num_threads(1);
    bench_pool_fill(&pool, &shape);
    printf("%s, %s, beam 5\n", hny_product_library(), shape.name);
    measure_batches(speed, second);
    for (int p = 0; p < PRECISIONS; p++) {
        char what[128];
        if (!(speed[p][0] > 0)) continue;
        snprintf(what, sizeof what, "batches of 32 sentences, %s, 1 thread, to f32",
                 hny_precision_name((enum hny_precision)p));
        bench_row(what, p == HNY_PRECISION_INT8 ? "× 2.5" : "", "× %.2f (%.0f words/s)",
                  speed[p][0] / speed[0][0], speed[p][0]);
        bench_row("the same, second thread", "× 1.85", "× %.2f (%.0f words/s)", second[p], speed[p][1]);
    }
    for (int p = 0; p < PRECISIONS; p++)
        if (hny_precision_supported((enum hny_precision)p)) measure_alone((enum hny_precision)p);
    for (int p = 0; p < PRECISIONS; p++) {
        if (!hny_precision_supported((enum hny_precision)p)) continue;
        measure_shortlist_alone((enum hny_precision)p);
        measure_shortlist_batches((enum hny_precision)p);
    }
    return 0;
}
