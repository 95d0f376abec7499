/* How close a training step comes to the machine: the time that all its matrix products would take at the
 * limit that oneDNN reaches with each alone (limit.h), divided by the step's. Lengths are those of real
 * captions, the words drawn.
 *
 *     bench-training [UPDATES timed, 10] [SECONDS for each limit, 0.05] */
#include "tests/bench/limit.h"

#include "base/progress.h"
#include "base/random.h"
#include "model/trainer.h"
#include "tests/bench/lengths.h"
#include <omp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct shape {
    const char *name;
    size_t layers, hidden, vocabulary, batch_tokens;
} shapes[] = {{"2+2×512 V 8000", 2, 512, 8000, 1120},
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

/* --- Batches as training makes them: of one length, by target words ------------------------------------ */

enum { COPIES = 8, PAIRS = COPIES * LENGTH_PAIRS };

struct pool {
    struct hny_pair pairs[PAIRS];
    struct hny_trainer_batch batches[PAIRS];
    size_t count;
    int32_t words[4096];
};

static int compare_pairs(const void *left, const void *right) {
    const struct hny_pair *a = left, *b = right;
    if (a->target_length != b->target_length) return a->target_length > b->target_length ? -1 : 1;
    return a->source_length > b->source_length ? -1 : a->source_length < b->source_length;
}

static void fill_pool(struct pool *pool, size_t vocabulary, size_t batch_tokens) {
    const size_t words = sizeof pool->words / sizeof *pool->words;
    struct hny_random stream = hny_random_stream(1, HNY_RANDOM_CORPUS, 0, 0);
    for (size_t i = 0; i < words; i++)
        pool->words[i] = (int32_t)(4 + hny_random_word(&stream, i) % (vocabulary - 4));
    for (size_t i = 0; i < PAIRS; i++) {
        const unsigned char *length = length_pairs[i % LENGTH_PAIRS];
        pool->pairs[i] = (struct hny_pair){pool->words + i * 7 % (words - 256),
                                           pool->words + i * 13 % (words - 256), length[0], length[1]};
    }
    qsort(pool->pairs, PAIRS, sizeof *pool->pairs, compare_pairs);
    pool->count = 0;
    for (size_t first = 0, size; first < PAIRS; first += size) {
        size_t tokens = 0;
        for (size = 0; first + size < PAIRS; size++) {
            tokens += pool->pairs[first + size].target_length + 1;
            if (tokens > batch_tokens && size > 0) break;
        }
        pool->batches[pool->count++] = (struct hny_trainer_batch){pool->pairs + first, size};
    }
    for (size_t i = pool->count - 1; i > 0; i--) { /* short and long ones in turn */
        size_t other = hny_random_word(&stream, words + i) % (i + 1);
        struct hny_trainer_batch batch = pool->batches[i];
        pool->batches[i] = pool->batches[other];
        pool->batches[other] = batch;
    }
}

/* --- Measuring ----------------------------------------------------------------------------------------- */

struct result {
    double seconds, tokens, limit, operations; /* of all timed updates */
};

static double run_updates(struct hny_trainer *trainer, const struct pool *pool, size_t first, size_t count,
                          double *tokens) {
    double begin = hny_seconds();
    for (size_t i = first; i < first + count; i++) {
        struct hny_loss loss;
        double norm;
        bench_demand(hny_trainer_update(trainer, &pool->batches[i % pool->count], 1, i + 1, 1e-4, &loss,
                                        &norm) == HNY_OK,
                     "update");
        *tokens += (double)loss.tokens;
    }
    return hny_seconds() - begin;
}

static double limit_of(double seconds, double *operations) {
    double sum = 0;
    for (size_t i = 0; i < seen.count; i++) {
        sum += (double)seen.times[i] * bench_limit_seconds(&seen.products[i], seconds);
        *operations += (double)seen.times[i] * bench_operations(&seen.products[i]);
    }
    return sum;
}

static struct hny_model *make_model(const struct shape *shape) {
    struct hny_config config;
    struct hny_model *model = NULL;
    hny_config_defaults(&config);
    config.encoder_layers = config.decoder_layers = shape->layers;
    config.hidden = config.embedding = config.readout = shape->hidden;
    bench_demand(hny_model_create(&model, &config, shape->vocabulary, shape->vocabulary) == HNY_OK, "model");
    hny_model_initialise(model, 1);
    return model;
}

static struct result measure(const struct shape *shape, enum hny_precision precision, size_t threads,
                             size_t updates, double seconds) {
    enum { WARM_UP = 2 };
    static struct pool pool;
    struct result result = {0};
    struct hny_model *model = make_model(shape);
    struct hny_threads *team = NULL;
    struct hny_trainer *trainer = NULL;
    double warm = 0;
    fill_pool(&pool, shape->vocabulary, shape->batch_tokens);
    bench_demand(hny_threads_create(&team, threads) == HNY_OK, "threads");
    bench_demand(hny_trainer_create(&trainer, model, team, precision) == HNY_OK, "trainer");
    run_updates(trainer, &pool, 0, WARM_UP, &warm);
    result.seconds = run_updates(trainer, &pool, WARM_UP, updates, &result.tokens);
    double again = 0; /* the same updates once more, watched: watching takes time */
    seen.count = 0;
    memset(seen.times, 0, sizeof seen.times);
    hny_product_watch(see);
    run_updates(trainer, &pool, WARM_UP, updates, &again);
    hny_product_watch(NULL);
    result.limit = limit_of(seconds, &result.operations) / (double)threads;
    hny_trainer_destroy(&trainer);
    hny_threads_destroy(&team);
    hny_model_destroy(&model);
    return result;
}

int main(int count, char **arguments) {
    size_t updates = count > 1 ? strtoul(arguments[1], NULL, 10) : 10;
    double seconds = count > 2 ? atof(arguments[2]) : 0.05;
    omp_set_num_threads(1);
    printf("%s\n%-18s %6s %5s %7s  %9s  %8s  %8s  of the limit\n", hny_product_library(), "model", "batch",
           "", "threads", "tokens/s", "GFLOP/s", "limit");
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (int p = HNY_PRECISION_F32; p <= HNY_PRECISION_BF16; p++)
            for (size_t threads = 1; threads <= 2 && threads <= hny_processors(); threads++) {
                const struct shape *shape = &shapes[s];
                if (!hny_precision_supported((enum hny_precision)p)) continue;
                struct result result = measure(shape, (enum hny_precision)p, threads, updates, seconds);
                printf("%-18s %6zu %5s %7zu  %9.0f  %8.1f  %8.1f  %11.0f%%\n", shape->name,
                       shape->batch_tokens, hny_precision_name((enum hny_precision)p), threads,
                       result.tokens / result.seconds, 1e-9 * result.operations / result.seconds,
                       1e-9 * result.operations / result.limit, 100 * result.limit / result.seconds);
                fflush(stdout);
            }
    return 0;
}
