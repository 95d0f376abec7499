/* Where the time of a training step and of a translation goes (base/profile.h).
 *
 *     bench-profile [UPDATES, 10] [SENTENCES, 200; 0: none] [SHAPE, 1 to 3] */
#include "tests/bench/limit.h"
#include "tests/bench/sentences.h"

#include "base/profile.h"
#include "base/progress.h"
#include <stdio.h>
#include <stdlib.h>

static struct bench_shape shape;
static struct bench_pool pool;

/* WALL seconds of THREADS threads. */
static void report(const char *what, enum hny_precision precision, size_t threads, double wall) {
    struct hny_profile_kind kinds[HNY_PROFILE_KINDS];
    size_t count;
    double all = wall * (double)threads, left = all;
    hny_profile_stop(kinds, &count);
    printf("\n%s, %s, %s, %zu thread%s: %.3f s\n", what, shape.name, hny_precision_name(precision), threads,
           threads > 1 ? "s" : "", wall);
    for (size_t i = 0; i < count; i++) {
        printf("  %5.1f %%  %9.3f ms  %8llu times  %s\n", 100 * kinds[i].seconds / all,
               1e3 * kinds[i].seconds, (unsigned long long)kinds[i].times, kinds[i].name);
        left -= kinds[i].seconds;
    }
    printf("  %5.1f %%  %9.3f ms                  waiting for the other threads, and between the parts\n",
           100 * left / all, 1e3 * left);
    fflush(stdout);
}

static void profile_training(enum hny_precision precision, size_t threads, size_t updates) {
    struct hny_model *model = bench_model(&shape);
    struct hny_threads *team = NULL;
    struct hny_trainer *trainer = NULL;
    double tokens = 0;
    bench_demand(hny_threads_create(&team, threads) == HNY_OK, "threads");
    bench_demand(hny_trainer_create(&trainer, model, team, precision) == HNY_OK, "trainer");
    bench_updates(trainer, &pool, 0, updates, &tokens); /* the products that they need are made */
    hny_profile_start();
    report("training", precision, threads, bench_updates(trainer, &pool, 0, updates, &tokens));
    hny_trainer_destroy(&trainer);
    hny_threads_destroy(&team);
    hny_model_destroy(&model);
}

static void profile_translation(enum hny_precision precision, size_t rows, size_t sentences) {
    struct bench_engine made;
    bench_engine_open(&made, &shape, precision, rows);
    bench_translate(made.engine, &pool, 0, sentences);
    hny_profile_start();
    double seconds = bench_translate(made.engine, &pool, 0, sentences);
    report(rows > 5 ? "translation, 32 sentences together" : "translation, one sentence at a time", precision,
           1, seconds);
    bench_engine_close(&made);
}

int main(int count, char **arguments) {
    size_t updates = count > 1 ? strtoul(arguments[1], NULL, 10) : 10;
    size_t sentences = count > 2 ? strtoul(arguments[2], NULL, 10) : 200;
    size_t number = count > 3 ? strtoul(arguments[3], NULL, 10) : 1;
    bench_demand(number > 0 && number <= BENCH_SHAPES, "usage: profile UPDATES SENTENCES SHAPE");
    shape = bench_shapes[number - 1];
    printf("%s\n", hny_product_library());
    bench_pool_fill(&pool, &shape);
    for (int p = HNY_PRECISION_F32; p <= HNY_PRECISION_BF16; p++)
        for (size_t threads = 1; threads <= 2 && threads <= hny_processors(); threads++)
            if (hny_precision_supported((enum hny_precision)p))
                profile_training((enum hny_precision)p, threads, updates);
    for (int p = HNY_PRECISION_F32; p <= HNY_PRECISION_INT8 && sentences > 0; p++)
        if (hny_precision_supported((enum hny_precision)p)) {
            profile_translation((enum hny_precision)p, 160, sentences);
            profile_translation((enum hny_precision)p, 5, sentences / 4);
        }
    return 0;
}
