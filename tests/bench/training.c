/* How close a training step comes to the machine: the time that all its matrix products would take at the
 * limit that oneDNN reaches with each alone (limit.h), divided by the step's. Lengths are those of real
 * captions, the words drawn. Updates with one thread, with two, and the products are timed turn by turn in
 * some rounds, and the median of each counts: so all of them have seen the same moods of a machine whose
 * speed moves, and none has chosen its own.
 *
 *     bench-training [UPDATES timed, 10, of larger batches fewer] [SECONDS for each limit, 0.05] [SHAPE, all]
 * all]
 */
#include "tests/bench/limit.h"
#include "tests/bench/updates.h"

#include "base/progress.h"
#include <omp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 3, MOST_UPDATES = 1000, MOST_DIFFERENT = 4096, MOST_THREADS = 2 };

/* --- The products that an update computes -------------------------------------------------------------- */

struct products {
    struct bench_product products[MOST_DIFFERENT];
    size_t times[MOST_DIFFERENT];
    double seconds[MOST_DIFFERENT][ROUNDS]; /* each the least of a few runs */
    size_t count;
    double inside; /* seconds that all took within the updates */
};
static struct products *seeing; /* those that are watched now */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void see(enum hny_product_kind kind, enum hny_precision precision, size_t rows, size_t out, size_t in,
                double seconds) {
    const struct bench_product product = {kind, precision, rows, out, in};
    size_t i = 0;
    pthread_mutex_lock(&lock);
    while (i < seeing->count && (seeing->products[i].kind != kind || seeing->products[i].rows != rows ||
                                 seeing->products[i].out != out || seeing->products[i].in != in))
        i++;
    bench_demand(i < MOST_DIFFERENT, "more different products than there is room for");
    if (i == seeing->count) {
        seeing->products[seeing->count++] = product;
        seeing->times[i] = 0;
    }
    seeing->times[i]++;
    seeing->inside += seconds;
    pthread_mutex_unlock(&lock);
}

static void time_products(struct products *products, double seconds, size_t round) {
    for (size_t i = 0; i < products->count; i++)
        products->seconds[i][round] = bench_limit_seconds(&products->products[i], seconds);
}

/* Of all products, one after another, once all rounds are done. */
static double products_seconds(struct products *products) {
    double sum = 0;
    for (size_t i = 0; i < products->count; i++)
        sum += (double)products->times[i] * bench_quantile(products->seconds[i], ROUNDS, 0.5);
    return sum;
}

/* --- Updates with some threads ------------------------------------------------------------------------- */

struct side {
    size_t threads;
    struct hny_model *model;
    struct hny_threads *team;
    struct hny_trainer *trainer;
    struct products products;
    double watched;                       /* seconds of the updates whose products were seen */
    double seconds[MOST_UPDATES][ROUNDS]; /* of each update */
    double tokens;
};

/* The updates are watched once all that they need has been made; what is compared is timed apart. */
static void side_open(struct side *side, const struct bench_shape *shape, const struct bench_pool *pool,
                      enum hny_precision precision, size_t threads, size_t updates) {
    side->threads = threads;
    side->tokens = side->products.inside = 0;
    side->products.count = 0;
    side->model = bench_model(shape);
    bench_demand(hny_threads_create(&side->team, threads) == HNY_OK, "threads");
    bench_demand(hny_trainer_create(&side->trainer, side->model, side->team, precision) == HNY_OK, "trainer");
    double warm = 0;
    bench_updates(side->trainer, pool, 0, updates, &warm);
    seeing = &side->products;
    hny_product_watch(see);
    side->watched = bench_updates(side->trainer, pool, 0, updates, &side->tokens);
    hny_product_watch(NULL);
}

static void side_close(struct side *side) {
    hny_trainer_destroy(&side->trainer);
    hny_threads_destroy(&side->team);
    hny_model_destroy(&side->model);
}

static void time_updates(struct side *side, const struct bench_pool *pool, size_t updates, size_t round) {
    double tokens = 0;
    for (size_t i = 0; i < updates; i++)
        side->seconds[i][round] = bench_updates(side->trainer, pool, i, 1, &tokens);
}

static double side_seconds(struct side *side, size_t updates) {
    double sum = 0;
    for (size_t i = 0; i < updates; i++) sum += bench_quantile(side->seconds[i], ROUNDS, 0.5);
    return sum;
}

/* Of the products with the vocabulary, forward. */
static double padding_of(const struct side *side, size_t vocabulary) {
    double rows = 0;
    for (size_t i = 0; i < side->products.count; i++)
        if (side->products.products[i].kind == HNY_PRODUCT_FORWARD &&
            side->products.products[i].out == vocabulary)
            rows += (double)(side->products.times[i] * side->products.products[i].rows);
    return 1 - side->tokens / rows;
}

/* --- What the second processor is worth ---------------------------------------------------------------- */

struct both {
    struct bench_limit *limits[MOST_THREADS];
    size_t runs;
};

static hny_status run_product(void *context, size_t part, size_t thread) {
    const struct both *both = context;
    (void)part;
    for (size_t run = 0; run < both->runs; run++) bench_limit_run(both->limits[thread]);
    return HNY_OK;
}

/* oneDNN's product with the vocabulary on both threads at once, to one alone. */
static double second_processor(struct hny_threads *team, enum hny_precision precision,
                               const struct bench_shape *shape, double seconds) {
    const struct bench_product product = {HNY_PRODUCT_FORWARD, precision, 256, 2000, shape->hidden};
    struct both both = {{bench_limit_open(&product), bench_limit_open(&product)}, 1};
    enum { TURNS = 8 };
    double gains[TURNS], taken[MOST_THREADS];
    while (both.runs * bench_limit_seconds(&product, 0) < seconds / 4) both.runs *= 2;
    for (int turn = 0; turn < TURNS; turn++) {
        for (size_t threads = 1; threads <= MOST_THREADS; threads++) {
            double begin = hny_seconds();
            bench_demand(hny_threads_run(team, threads, run_product, &both) == HNY_OK, "products");
            taken[threads - 1] = hny_seconds() - begin;
        }
        gains[turn] = MOST_THREADS * taken[0] / taken[1];
    }
    for (size_t t = 0; t < MOST_THREADS; t++) bench_limit_close(both.limits[t]);
    return bench_quantile(gains, TURNS, 0.5);
}

/* --- The table ----------------------------------------------------------------------------------------- */

static void row_of(struct side *side, const struct bench_shape *shape, enum hny_precision precision,
                   size_t updates) {
    const char *target = precision == HNY_PRECISION_F32 ? "at least 80 %"
                         : shape->batch_tokens >= 4096  ? "at least 75 %"
                                                        : "at least 65 %";
    double limit = products_seconds(&side->products) / (double)side->threads, operations = 0;
    double seconds = side_seconds(side, updates);
    char what[128];
    for (size_t i = 0; i < side->products.count; i++)
        operations += (double)side->products.times[i] * bench_operations(&side->products.products[i]);
    snprintf(what, sizeof what, "training %s, batch %zu, %s, threads %zu, of the limit", shape->name,
             shape->batch_tokens, hny_precision_name(precision), side->threads);
    bench_row(what, target, "%.0f %% (%.0f words/s; %.0f of %.0f GFLOP/s)", 100 * limit / seconds,
              side->tokens / seconds, 1e-9 * operations / seconds, 1e-9 * operations / limit);
    double inside = side->products.inside / (double)side->threads;
    bench_row("the same, its products: of the step, and of their limit", "", "%.0f %%, %.0f %%",
              100 * inside / side->watched, 100 * limit / inside);
}

/* Rows of one shape in one precision. */
static void measure_shape(const struct bench_shape *shape, enum hny_precision precision, size_t updates,
                          double seconds) {
    static struct bench_pool pool;
    static struct side sides[MOST_THREADS];
    size_t count = hny_processors() < MOST_THREADS ? 1 : MOST_THREADS;
    updates = updates * bench_shapes[0].batch_tokens / shape->batch_tokens;
    if (updates < 2) updates = 2;
    bench_pool_fill(&pool, shape);
    for (size_t s = 0; s < count; s++) side_open(&sides[s], shape, &pool, precision, s + 1, updates);
    for (size_t round = 0; round < ROUNDS; round++)
        for (size_t s = 0; s < count; s++) {
            time_updates(&sides[s], &pool, updates, round);
            time_products(&sides[s].products, seconds / ROUNDS, round);
        }
    for (size_t s = 0; s < count; s++) row_of(&sides[s], shape, precision, updates);
    if (count > 1) {
        bench_row("the same, second thread", "× 1.85",
                  "× %.2f (oneDNN's product on two threads at once: × %.2f)",
                  side_seconds(&sides[0], updates) / side_seconds(&sides[1], updates),
                  second_processor(sides[1].team, precision, shape, seconds));
        bench_row("the same, rows of products with the vocabulary that are padding", "below 5 %", "%.1f %%",
                  100 * padding_of(&sides[0], shape->vocabulary));
    }
    for (size_t s = 0; s < count; s++) side_close(&sides[s]);
}

int main(int count, char **arguments) {
    size_t updates = count > 1 ? strtoul(arguments[1], NULL, 10) : 10;
    double seconds = count > 2 ? atof(arguments[2]) : 0.05;
    size_t only = count > 3 ? strtoul(arguments[3], NULL, 10) : 0; /* 1 to BENCH_SHAPES */
    bench_demand(updates > 0 && updates <= MOST_UPDATES, "usage: training UPDATES SECONDS SHAPE");
    omp_set_num_threads(1);
    printf("%s\n", hny_product_library());
    for (size_t s = 0; s < BENCH_SHAPES; s++)
        for (int p = HNY_PRECISION_F32; p <= HNY_PRECISION_BF16; p++)
            if ((only == 0 || only == s + 1) && hny_precision_supported((enum hny_precision)p))
                measure_shape(&bench_shapes[s], (enum hny_precision)p, updates, seconds);
    return 0;
}
