/* Translations to measure: an engine over an untrained model of a given shape, and sentences as long as those
 * of a pool. */
#ifndef HNY_TESTS_BENCH_SENTENCES_H
#define HNY_TESTS_BENCH_SENTENCES_H

#include "model/engine.h"
#include "model/vocabulary_view.h"
#include "tests/bench/updates.h"

struct bench_engine {
    struct hny_model *model;
    struct hny_vocabulary_view view;
    struct hny_engine *engine;
};

/* ROWS: hypotheses that are computed together. */
void bench_engine_open(struct bench_engine *made, const struct bench_shape *shape,
                       enum hny_precision precision, size_t rows);
/* From now on a sentence has the candidates of a drawn shortlist: 50 of each subword, and 200 for all. */
void bench_engine_shorten(struct bench_engine *made);
void bench_engine_close(struct bench_engine *made);

/* Beam 5, COUNT sentences from number FIRST on, each to its reference's length, since an untrained model
 * never ends; returns the seconds. */
double bench_translate(struct hny_engine *engine, const struct bench_pool *pool, size_t first, size_t count);

/* Target words of these sentences, with their ends. */
size_t bench_sentence_words(const struct bench_pool *pool, size_t first, size_t count);

#endif
