#include "tests/bench/sentences.h"

#include "base/progress.h"
#include "tests/bench/limit.h"
#include <stdlib.h>

enum { BEAM = 5, BEST = 50, FREQUENT = 200 };

void bench_engine_open(struct bench_engine *made, const struct bench_shape *shape,
                       enum hny_precision precision, size_t rows) {
    *made = (struct bench_engine){.model = bench_model(shape)};
    bench_demand(hny_parameters_prepare(&made->model->parameters, precision, false) == HNY_OK &&
                     hny_parameters_pack(&made->model->parameters, NULL) == HNY_OK &&
                     hny_vocabulary_view_open(&made->view, made->model) == HNY_OK &&
                     hny_engine_create(&made->engine, made->model, &made->view.model, rows) == HNY_OK,
                 "engine");
}

/* As a shortlist learns them: most targets of a subword are frequent ones, which others have too. */
static int compare_ids(const void *left, const void *right) {
    return *(const int32_t *)left - *(const int32_t *)right;
}

static size_t draw_targets(int32_t *to, size_t source, size_t target) {
    struct hny_random stream = hny_random_stream(source, HNY_RANDOM_CORPUS, 0, 0);
    size_t count = 0;
    for (size_t i = 0; i < BEST; i++) {
        double share = hny_random_real(&stream, i);
        to[i] = (int32_t)(share * share * (double)target);
    }
    qsort(to, BEST, sizeof *to, compare_ids);
    for (size_t i = 0; i < BEST; i++)
        if (count == 0 || to[i] != to[count - 1]) to[count++] = to[i];
    return count;
}

void bench_engine_shorten(struct bench_engine *made) {
    struct hny_model *model = made->model;
    struct hny_shortlist *drawn = hny_allocate(1, sizeof *drawn);
    bench_demand(drawn, "memory");
    *drawn = (struct hny_shortlist){
        .source = model->source_vocabulary, .target = model->target_vocabulary, .best = BEST};
    drawn->frequent = hny_allocate(FREQUENT, sizeof *drawn->frequent);
    drawn->first = hny_allocate(drawn->source + 1, sizeof *drawn->first);
    drawn->targets = hny_allocate(drawn->source * BEST, sizeof *drawn->targets);
    bench_demand(drawn->frequent && drawn->first && drawn->targets, "memory");
    for (; drawn->frequent_count < FREQUENT; drawn->frequent_count++)
        drawn->frequent[drawn->frequent_count] = (int32_t)drawn->frequent_count;
    for (size_t s = 0; s < drawn->source; s++)
        drawn->first[s + 1] =
            drawn->first[s] + (uint32_t)draw_targets(drawn->targets + drawn->first[s], s, drawn->target);
    model->shortlist = drawn;
    bench_demand(hny_engine_use_shortlist(made->engine) == HNY_OK, "shortlist");
}

void bench_engine_close(struct bench_engine *made) {
    hny_engine_destroy(&made->engine);
    hny_vocabulary_view_close(&made->view);
    hny_model_destroy(&made->model);
}

static const struct hny_pair *sentence(const struct bench_pool *pool, size_t number) {
    return &pool->pairs[number * 37 % PAIRS];
}

size_t bench_sentence_words(const struct bench_pool *pool, size_t first, size_t count) {
    size_t words = 0;
    for (size_t i = first; i < first + count; i++) words += sentence(pool, i)->target_length + 1;
    return words;
}

double bench_translate(struct hny_engine *engine, const struct bench_pool *pool, size_t first, size_t count) {
    double begin = hny_seconds();
    for (size_t added = 0, done = 0; done < count;) {
        for (; added < count && hny_engine_wants(engine, BEAM) > 0; added++) {
            const struct hny_pair *pair = sentence(pool, first + added);
            const struct hny_search_options options = {
                .beam = BEAM, .best = 1, .alpha = 1, .max_length = pair->target_length};
            bench_demand(hny_engine_add(engine, added, pair->source, pair->source_length, &options) == HNY_OK,
                         "add");
        }
        bench_demand(hny_engine_step(engine) == HNY_OK, "step");
        for (bool taken = true; taken;) {
            struct hny_translation translation;
            bench_demand(hny_engine_take(engine, &translation, &taken) == HNY_OK, "take");
            if (!taken) break;
            hny_translation_free(&translation);
            done++;
        }
    }
    return hny_seconds() - begin;
}
