#include "model/batches.h"

#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

#define POOL_BATCHES ((size_t)100)    /* that a pool is meant to give */
#define SOURCE_FACTOR ((size_t)2)     /* source tokens that go with a target token in a batch */
#define MOST_TOKENS ((size_t)1 << 32) /* of a batch: more is more than any memory */
#define PART_PAIRS ((size_t)64)       /* one thread's share at a time */

/* Layers of the stream of random numbers for HNY_RANDOM_ORDER. */
enum { ORDER_OF_PAIRS, ORDER_OF_BATCHES };

/* A pair of the pool. Its ids lie with the thread that made them. */
struct entry {
    size_t pair;
    uint64_t rank; /* in the epoch's order */
    size_t thread;
    size_t begin[HNY_SIDES];
    size_t length[HNY_SIDES];
};

struct worker { /* one a thread */
    struct hny_corpus_reader *reader;
    struct hny_ids ids; /* of the entries that this thread made */
};

struct hny_batches {
    const struct hny_corpus *corpus;
    struct hny_batches_options options;
    bool sampled;
    struct hny_threads *threads;
    struct hny_threads *own_threads; /* where the caller gave none */
    struct worker *workers;          /* [threads] */
    size_t pairs;                    /* of the corpus */
    size_t pool_pairs;               /* of each pool but the last */
    struct hny_batch_position position;

    /* The pool that is loaded. */
    bool loaded;
    uint32_t epoch;
    uint64_t pool;
    struct entry *entries; /* [pool_pairs], in order of falling lengths */
    size_t count;
    size_t *cuts; /* [pool_pairs + 1]: batch b holds entries cuts[b]…cuts[b + 1] - 1 */
    size_t batch_count;
};

/* --- The pool ------------------------------------------------------------------------------------------ */

static uint64_t order_key(const struct hny_batches *batches, uint32_t layer, uint64_t pool) {
    const struct hny_random stream =
        hny_random_stream(batches->options.seed, HNY_RANDOM_ORDER, batches->epoch, layer);
    uint32_t words[4];
    hny_random_block(&stream, pool, words);
    return (uint64_t)words[1] << 32 | words[0];
}

static hny_status read_side(struct hny_batches *batches, size_t thread, struct entry *entry,
                            enum hny_side side) {
    struct worker *worker = &batches->workers[thread];
    struct hny_sampling sampling = batches->options.sampling;
    /* A stream of its own for each line and epoch: what is drawn does not depend on who draws it, or when. */
    sampling.stream = hny_random_stream(batches->options.seed, HNY_RANDOM_SUBWORD, batches->epoch,
                                        (uint32_t)(HNY_SIDES * entry->pair + side));
    entry->begin[side] = worker->ids.count;
    HNY_TRY(hny_corpus_read(worker->reader, entry->pair, side, batches->sampled ? &sampling : NULL,
                            &worker->ids));
    entry->length[side] = worker->ids.count - entry->begin[side];
    return HNY_OK;
}

static hny_status read_part(void *context, size_t part, size_t thread) {
    struct hny_batches *batches = context;
    uint64_t key = order_key(batches, ORDER_OF_PAIRS, 0);
    size_t end = (part + 1) * PART_PAIRS;
    if (end > batches->count) end = batches->count;
    for (size_t i = part * PART_PAIRS; i < end; i++) {
        struct entry *entry = &batches->entries[i];
        entry->rank = batches->pool * batches->pool_pairs + i;
        entry->pair = hny_random_permute(key, batches->pairs, entry->rank);
        entry->thread = thread;
        for (enum hny_side side = 0; side < HNY_SIDES; side++)
            HNY_TRY(read_side(batches, thread, entry, side));
    }
    return HNY_OK;
}

/* By falling target length, falling source length, then the epoch's order: pairs of the same lengths meet in
 * other company every epoch. */
static int compare_entries(const void *left, const void *right) {
    const struct entry *a = left, *b = right;
    if (a->length[HNY_TARGET] != b->length[HNY_TARGET])
        return a->length[HNY_TARGET] > b->length[HNY_TARGET] ? -1 : 1;
    if (a->length[HNY_SOURCE] != b->length[HNY_SOURCE])
        return a->length[HNY_SOURCE] > b->length[HNY_SOURCE] ? -1 : 1;
    return a->rank < b->rank ? -1 : a->rank > b->rank;
}

/* Entries from FIRST on that make a batch: at least one. */
static size_t batch_size(const struct hny_batches *batches, size_t first) {
    const struct hny_batches_options *options = &batches->options;
    size_t left = batches->count - first, size = 0, source = 0, target = 0;
    if (options->tokens == 0) return left < options->sentences ? left : options->sentences;
    for (; size < left; size++) {
        const struct entry *entry = &batches->entries[first + size];
        source += entry->length[HNY_SOURCE] + 1;
        target += entry->length[HNY_TARGET] + 1;
        if (target > options->tokens || source > SOURCE_FACTOR * options->tokens) break;
    }
    return size ? size : 1;
}

static void cut_pool(struct hny_batches *batches) {
    batches->batch_count = 0;
    for (size_t at = 0; at < batches->count; at += batch_size(batches, at))
        batches->cuts[batches->batch_count++] = at;
    batches->cuts[batches->batch_count] = batches->count;
}

static hny_status load_pool(struct hny_batches *batches, uint32_t epoch, uint64_t pool) {
    if (batches->loaded && batches->epoch == epoch && batches->pool == pool) return HNY_OK;
    HNY_TRY(hny_corpus_check(batches->corpus));
    batches->loaded = false;
    batches->epoch = epoch;
    batches->pool = pool;
    size_t left = batches->pairs - pool * batches->pool_pairs;
    batches->count = left < batches->pool_pairs ? left : batches->pool_pairs;
    for (size_t i = 0; i < hny_threads_count(batches->threads); i++) batches->workers[i].ids.count = 0;
    size_t parts = (batches->count + PART_PAIRS - 1) / PART_PAIRS;
    HNY_TRY(hny_threads_run(batches->threads, parts, read_part, batches));
    qsort(batches->entries, batches->count, sizeof *batches->entries, compare_entries);
    cut_pool(batches);
    batches->loaded = true;
    return HNY_OK;
}

/* --- The batch ----------------------------------------------------------------------------------------- */

enum { SOURCE_LENGTH, SOURCE_BEGIN, TARGET_LENGTH, TARGET_BEGIN, SOURCE_OF, PAIR, ORDER, ARRAYS };

/* Room for PAIRS in the arrays, whose values are lost. *ORDER is one more of them, for sorting. */
static hny_status reserve_batch(struct hny_batch *batch, size_t pairs, size_t **order) {
    if (pairs > batch->capacity) {
        size_t *numbers = hny_allocate(pairs, ARRAYS * sizeof *numbers);
        if (!numbers) return HNY_ERROR_MEMORY;
        free(batch->numbers);
        batch->numbers = numbers;
        batch->capacity = pairs;
    }
    batch->side[HNY_SOURCE].length = batch->numbers + SOURCE_LENGTH * batch->capacity;
    batch->side[HNY_SOURCE].begin = batch->numbers + SOURCE_BEGIN * batch->capacity;
    batch->side[HNY_TARGET].length = batch->numbers + TARGET_LENGTH * batch->capacity;
    batch->side[HNY_TARGET].begin = batch->numbers + TARGET_BEGIN * batch->capacity;
    batch->source_of = batch->numbers + SOURCE_OF * batch->capacity;
    batch->pair = batch->numbers + PAIR * batch->capacity;
    *order = batch->numbers + ORDER * batch->capacity;
    return HNY_OK;
}

void hny_batch_free(struct hny_batch *batch) {
    for (enum hny_side side = 0; side < HNY_SIDES; side++) hny_ids_free(&batch->side[side].ids);
    free(batch->numbers);
    *batch = (struct hny_batch){0};
}

/* Places among the batch's entries by falling source length, else as they are. */
static int compare_sources(const void *left, const void *right, void *context) {
    const struct entry *entries = context;
    size_t a = *(const size_t *)left, b = *(const size_t *)right;
    if (entries[a].length[HNY_SOURCE] != entries[b].length[HNY_SOURCE])
        return entries[a].length[HNY_SOURCE] > entries[b].length[HNY_SOURCE] ? -1 : 1;
    return a < b ? -1 : a > b;
}

/* Adds ENTRY's ids as sentence number AT of SIDE. */
static hny_status add_sentence(const struct hny_batches *batches, const struct entry *entry,
                               enum hny_side which, struct hny_batch_side *side, size_t at) {
    size_t length = entry->length[which];
    struct hny_ids *ids = &side->ids;
    if (hny_grow(&ids->ids, &ids->capacity, ids->count + length, sizeof *ids->ids) != 0)
        return HNY_ERROR_MEMORY;
    memcpy(ids->ids + ids->count, batches->workers[entry->thread].ids.ids + entry->begin[which],
           length * sizeof *ids->ids);
    side->length[at] = length;
    side->begin[at] = ids->count;
    side->rows = ids->count += length;
    return HNY_OK;
}

static hny_status fill_batch(struct hny_batches *batches, size_t which, struct hny_batch *batch) {
    struct entry *entries = batches->entries + batches->cuts[which];
    size_t *order = NULL;
    batch->pairs = batches->cuts[which + 1] - batches->cuts[which];
    HNY_TRY(reserve_batch(batch, batch->pairs, &order));
    for (enum hny_side side = 0; side < HNY_SIDES; side++) batch->side[side].ids.count = 0;
    for (size_t i = 0; i < batch->pairs; i++) {
        order[i] = i;
        batch->pair[i] = entries[i].pair;
        HNY_TRY(add_sentence(batches, &entries[i], HNY_TARGET, &batch->side[HNY_TARGET], i));
    }
    qsort_r(order, batch->pairs, sizeof *order, compare_sources, entries);
    for (size_t i = 0; i < batch->pairs; i++) {
        batch->source_of[order[i]] = i;
        HNY_TRY(add_sentence(batches, &entries[order[i]], HNY_SOURCE, &batch->side[HNY_SOURCE], i));
    }
    return HNY_OK;
}

static struct hny_batch_position follow(const struct hny_batches *batches) {
    struct hny_batch_position next = batches->position;
    if (++next.batch < batches->batch_count) return next;
    next.batch = 0;
    if (++next.pool < hny_batches_pools(batches)) return next;
    next.pool = 0;
    next.epoch++;
    return next;
}

hny_status hny_batches_next(struct hny_batches *batches, struct hny_batch *batch) {
    struct hny_batch_position position = batches->position;
    HNY_TRY(load_pool(batches, position.epoch, position.pool));
    if (position.batch >= batches->batch_count)
        return hny_fail(HNY_ERROR_INPUT,
                        "batch %llu of a pool that has %zu: the position is of another corpus",
                        (unsigned long long)position.batch, batches->batch_count);
    uint64_t key = order_key(batches, ORDER_OF_BATCHES, position.pool);
    HNY_TRY(fill_batch(batches, hny_random_permute(key, batches->batch_count, position.batch), batch));
    batch->position = position;
    batch->after = batches->position = follow(batches);
    return HNY_OK;
}

/* --- The reader ---------------------------------------------------------------------------------------- */

/* Pairs a pool: as many as POOL_BATCHES batches hold on average, but no more than half of the corpus, or a
 * small one would be cut into nearly the same batches every epoch. A multiple of the batch where that is of
 * sentences. */
static size_t choose_pool(const struct hny_batches *batches) {
    const struct hny_batches_options *options = &batches->options;
    size_t half = (batches->pairs + 1) / 2;
    if (options->tokens == 0) {
        size_t wanted = POOL_BATCHES * options->sentences;
        if (wanted <= half) return wanted;
        return (half + options->sentences - 1) / options->sentences * options->sentences;
    }
    size_t mean = (hny_corpus_about(batches->corpus)->tokens[HNY_TARGET] + batches->pairs) / batches->pairs;
    size_t wanted = POOL_BATCHES * options->tokens / (mean ? mean : 1);
    return wanted < 1 ? 1 : wanted > half ? half : wanted;
}

static hny_status start(struct hny_batches *batches) {
    struct hny_batches_options *options = &batches->options;
    batches->pairs = hny_corpus_pairs(batches->corpus);
    if (options->tokens == 0 && options->sentences == 0)
        return hny_fail(HNY_ERROR_USAGE, "a batch needs a number of tokens or of sentences");
    if (options->tokens > MOST_TOKENS) options->tokens = MOST_TOKENS;
    if (options->sentences > batches->pairs) options->sentences = batches->pairs;
    batches->pool_pairs = choose_pool(batches);
    if (!batches->threads) {
        HNY_TRY(hny_threads_create(&batches->own_threads, 1));
        batches->threads = batches->own_threads;
    }
    size_t threads = hny_threads_count(batches->threads);
    batches->entries = hny_allocate(batches->pool_pairs, sizeof *batches->entries);
    batches->cuts = hny_allocate(batches->pool_pairs + 1, sizeof *batches->cuts);
    batches->workers = hny_allocate(threads, sizeof *batches->workers);
    if (!batches->entries || !batches->cuts || !batches->workers) return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < threads; i++)
        HNY_TRY(hny_corpus_reader_create(&batches->workers[i].reader, batches->corpus));
    return HNY_OK;
}

hny_status hny_batches_create(struct hny_batches **batches, const struct hny_corpus *corpus,
                              const struct hny_batches_options *options, struct hny_threads *threads) {
    struct hny_batches *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->corpus = corpus;
    made->options = *options;
    made->sampled = options->sampling.temperature > 0 || options->sampling.dropout > 0;
    made->threads = threads;
    hny_status status = start(made);
    if (status == HNY_OK)
        *batches = made;
    else
        hny_batches_destroy(&made);
    return status;
}

void hny_batches_destroy(struct hny_batches **batches) {
    struct hny_batches *old = *batches;
    if (!old) return;
    for (size_t i = 0; old->workers && i < hny_threads_count(old->threads); i++) {
        hny_corpus_reader_destroy(&old->workers[i].reader);
        hny_ids_free(&old->workers[i].ids);
    }
    free(old->workers);
    free(old->entries);
    free(old->cuts);
    hny_threads_destroy(&old->own_threads);
    free(old);
    *batches = NULL;
}

hny_status hny_batches_seek(struct hny_batches *batches, struct hny_batch_position position) {
    if (position.pool >= hny_batches_pools(batches))
        return hny_fail(HNY_ERROR_INPUT,
                        "pool %llu of an epoch that has %llu: the position is of another corpus",
                        (unsigned long long)position.pool, (unsigned long long)hny_batches_pools(batches));
    batches->position = position;
    return HNY_OK;
}

uint64_t hny_batches_pools(const struct hny_batches *batches) {
    return (batches->pairs + batches->pool_pairs - 1) / batches->pool_pairs;
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

static size_t greatest(size_t a, size_t b) {
    return a > b ? a : b;
}

void hny_batches_bounds(const struct hny_batches *batches, struct hny_batch_bounds *bounds) {
    const struct hny_batches_options *options = &batches->options;
    const size_t factor[HNY_SIDES] = {[HNY_SOURCE] = SOURCE_FACTOR, [HNY_TARGET] = 1};
    /* The shortest target is a token and its end. */
    size_t pairs = options->tokens ? greatest(options->tokens / 2, 1) : options->sentences;
    bounds->pairs = least(pairs, batches->pool_pairs);
    for (enum hny_side side = 0; side < HNY_SIDES; side++) {
        size_t steps = hny_corpus_longest(batches->corpus, side, batches->sampled) + 1;
        size_t rows = bounds->pairs * steps;
        if (options->tokens) rows = least(rows, greatest(factor[side] * options->tokens, steps));
        bounds->steps[side] = steps;
        bounds->rows[side] = rows;
    }
}
