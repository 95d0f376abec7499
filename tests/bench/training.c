/* How close a training step comes to the machine: the time that all its matrix products would take at the
 * limit that oneDNN reaches with each alone (limit.h), divided by the step's. Lengths are those of real
 * captions, the words drawn.
 *
 *     bench-training [UPDATES timed, 10] [SECONDS for each limit, 0.05] [SHAPES of those below, all] */
#include "tests/bench/limit.h"
#include "tests/bench/updates.h"

#include "base/progress.h"
#include <omp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct bench_shape shapes[] = {{"2+2×512 V 8000", 2, 512, 8000, 1120},
                                            {"2+2×512 V 8000", 2, 512, 8000, 4096},
                                            {"4+4×1024 V 32000", 4, 1024, 32000, 1120}};

/* --- The products that an update computes -------------------------------------------------------------- */

enum { MOST_DIFFERENT = 4096 };
static struct {
    struct bench_product products[MOST_DIFFERENT];
    size_t times[MOST_DIFFERENT];
    size_t count;
    pthread_mutex_t lock;
} seen = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void see(enum hny_product_kind kind, enum hny_precision precision, size_t rows, size_t out,
                size_t in) {
    const struct bench_product product = {kind, precision, rows, out, in};
    size_t i = 0;
    pthread_mutex_lock(&seen.lock);
    while (i < seen.count && (seen.products[i].kind != kind || seen.products[i].rows != rows ||
                              seen.products[i].out != out || seen.products[i].in != in))
        i++;
    bench_demand(i < MOST_DIFFERENT, "more different products than there is room for");
    if (i == seen.count) seen.products[seen.count++] = product;
    seen.times[i]++;
    pthread_mutex_unlock(&seen.lock);
}

/* --- Measuring ----------------------------------------------------------------------------------------- */

struct result {
    double seconds, tokens, limit, operations; /* of all timed updates */
    double head_rows;                          /* of their products with the vocabulary, forward */
};

static double limit_of(double seconds, double *operations) {
    double sum = 0;
    for (size_t i = 0; i < seen.count; i++) {
        sum += (double)seen.times[i] * bench_limit_seconds(&seen.products[i], seconds);
        *operations += (double)seen.times[i] * bench_operations(&seen.products[i]);
    }
    return sum;
}

/* Each update's least of several tries, as each product's limit is. */
static double least_seconds(struct hny_trainer *trainer, const struct bench_pool *pool, size_t first,
                            size_t count, double *tokens) {
    enum { TRIES = 4, MOST_UPDATES = 1000 };
    static double least[MOST_UPDATES];
    double sum = 0;
    bench_demand(count <= MOST_UPDATES, "too many updates");
    for (int try = 0; try < TRIES; try++)
        for (size_t i = 0; i < count; i++) {
            double these = 0, seconds = bench_updates(trainer, pool, first + i, 1, &these);
            if (try == 0 || seconds < least[i]) least[i] = seconds;
            if (try == 0) *tokens += these;
        }
    for (size_t i = 0; i < count; i++) sum += least[i];
    return sum;
}

static struct result measure(const struct bench_shape *shape, enum hny_precision precision, size_t threads,
                             size_t updates, double seconds) {
    enum { WARM_UP = 2 };
    static struct bench_pool pool;
    struct result result = {0};
    struct hny_model *model = bench_model(shape);
    struct hny_threads *team = NULL;
    struct hny_trainer *trainer = NULL;
    double warm = 0;
    bench_pool_fill(&pool, shape);
    bench_demand(hny_threads_create(&team, threads) == HNY_OK, "threads");
    bench_demand(hny_trainer_create(&trainer, model, team, precision) == HNY_OK, "trainer");
    bench_updates(trainer, &pool, 0, WARM_UP, &warm);
    result.seconds = least_seconds(trainer, &pool, WARM_UP, updates, &result.tokens);
    double again = 0; /* the same updates once more, watched: watching takes time */
    seen.count = 0;
    memset(seen.times, 0, sizeof seen.times);
    hny_product_watch(see);
    bench_updates(trainer, &pool, WARM_UP, updates, &again);
    hny_product_watch(NULL);
    result.limit = limit_of(seconds, &result.operations) / (double)threads;
    for (size_t i = 0; i < seen.count; i++)
        if (seen.products[i].kind == HNY_PRODUCT_FORWARD && seen.products[i].out == shape->vocabulary)
            result.head_rows += (double)(seen.times[i] * seen.products[i].rows);
    hny_trainer_destroy(&trainer);
    hny_threads_destroy(&team);
    hny_model_destroy(&model);
    return result;
}

/* Rows of one shape in one precision. */
static void measure_shape(const struct bench_shape *shape, enum hny_precision precision, size_t updates,
                          double seconds) {
    char what[128];
    struct result results[2];
    const char *target = precision == HNY_PRECISION_F32 ? "at least 80 %"
                         : shape->batch_tokens >= 4096  ? "at least 75 %"
                                                        : "at least 65 %";
    for (size_t threads = 1; threads <= 2 && threads <= hny_processors(); threads++) {
        struct result *result = &results[threads - 1];
        *result = measure(shape, precision, threads, updates, seconds);
        snprintf(what, sizeof what, "training %s, batch %zu, %s, threads %zu, of the limit", shape->name,
                 shape->batch_tokens, hny_precision_name(precision), threads);
        bench_row(what, target, "%.0f %% (%.0f words/s; %.0f of %.0f GFLOP/s)",
                  100 * result->limit / result->seconds, result->tokens / result->seconds,
                  1e-9 * result->operations / result->seconds, 1e-9 * result->operations / result->limit);
    }
    if (hny_processors() < 2) return;
    bench_row("the same, second thread", "× 1.85", "× %.2f", results[0].seconds / results[1].seconds);
    bench_row("the same, rows of products with the vocabulary that are padding", "below 5 %", "%.1f %%",
              100 * (1 - results[0].tokens / results[0].head_rows));
}

int main(int count, char **arguments) {
    size_t updates = count > 1 ? strtoul(arguments[1], NULL, 10) : 10;
    double seconds = count > 2 ? atof(arguments[2]) : 0.05;
    size_t shape_count = count > 3 ? strtoul(arguments[3], NULL, 10) : sizeof shapes / sizeof *shapes;
    omp_set_num_threads(1);
    printf("%s\n", hny_product_library());
    for (size_t s = 0; s < shape_count && s < sizeof shapes / sizeof *shapes; s++)
        for (int p = HNY_PRECISION_F32; p <= HNY_PRECISION_BF16; p++)
            if (hny_precision_supported((enum hny_precision)p))
                measure_shape(&shapes[s], (enum hny_precision)p, updates, seconds);
    return 0;
}
