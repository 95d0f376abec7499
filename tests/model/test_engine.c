#include "../base/scratch.h"
#include "drawn_model.h"
#include "model/engine.h"
#include "model/vocabulary_view.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { SENTENCES = 30, LENGTH = 9 };

static struct hny_model *model;
static struct hny_vocabulary_view view;

static void open_all(void) {
    scratch_open();
    model = drawn_model(2, true);
    cr_assert_eq(hny_vocabulary_view_open(&view, model), HNY_OK);
}

static void close_all(void) {
    hny_vocabulary_view_close(&view);
    hny_model_destroy(&model);
    scratch_close();
}

TestSuite(engine, .init = open_all, .fini = close_all);

static struct hny_engine *open_engine(size_t rows) {
    struct hny_engine *engine;
    cr_assert_eq(hny_engine_create(&engine, model, &view.model, rows), HNY_OK);
    return engine;
}

/* Sentence TAG, with a beam of 1 to 7. */
static void add(struct hny_engine *engine, uint64_t tag) {
    struct hny_random stream = hny_random_stream(tag, HNY_RANDOM_CORPUS, 0, 0);
    struct hny_search_options options = {.beam = 1 + tag % 7, .best = 1, .alpha = 1, .max_length = 20};
    int32_t ids[LENGTH];
    for (size_t i = 0; i < LENGTH; i++) ids[i] = (int32_t)(4 + hny_random_word(&stream, i) % 290);
    cr_assert_eq(hny_engine_add(engine, tag, ids, 1 + tag % LENGTH, &options), HNY_OK);
}

/* Steps until the engine is empty; the scores to SCORES [tag]. Returns how many came. */
static size_t run(struct hny_engine *engine, double *scores) {
    size_t count = 0;
    while (hny_engine_sentences(engine) > 0) {
        struct hny_translation translation;
        bool taken;
        cr_assert_eq(hny_engine_step(engine), HNY_OK, "%s", hny_message());
        for (;;) {
            cr_assert_eq(hny_engine_take(engine, &translation, &taken), HNY_OK);
            if (!taken) break;
            scores[translation.tag] = translation.hypotheses[0].score;
            hny_translation_free(&translation);
            count++;
        }
    }
    return count;
}

Test(engine, its_size_changes_no_score_and_a_beam_wider_than_it_is_searched_all_the_same) {
    double wanted[SENTENCES] = {0}, scores[SENTENCES];
    struct hny_engine *engine = open_engine(1000);
    for (uint64_t tag = 0; tag < SENTENCES; tag++) add(engine, tag);
    cr_assert_eq(run(engine, wanted), SENTENCES);
    hny_engine_destroy(&engine);
    for (size_t rows = 1; rows < 40; rows += 9) {
        memset(scores, 0, sizeof scores);
        engine = open_engine(rows);
        for (uint64_t tag = 0; tag < SENTENCES; tag++) add(engine, tag);
        cr_assert_eq(run(engine, scores), SENTENCES);
        cr_assert_arr_eq(scores, wanted, sizeof wanted);
        hny_engine_destroy(&engine);
    }
}

Test(engine, what_is_cancelled_before_or_in_the_search_never_comes_out) {
    double wanted[SENTENCES] = {0}, scores[SENTENCES] = {0};
    struct hny_engine *engine = open_engine(12);
    for (uint64_t tag = 0; tag < SENTENCES; tag++) add(engine, tag);
    cr_assert_eq(run(engine, wanted), SENTENCES);
    for (uint64_t tag = 0; tag < SENTENCES; tag++) add(engine, tag);
    cr_assert_eq(hny_engine_step(engine), HNY_OK);
    hny_engine_cancel(engine, 1);             /* in the search */
    hny_engine_cancel(engine, 10);            /* read, and waiting for it */
    hny_engine_cancel(engine, SENTENCES - 1); /* not even read */
    hny_engine_cancel(engine, 12345);
    cr_assert_eq(hny_engine_sentences(engine), SENTENCES - 3);
    cr_assert_eq(run(engine, scores), SENTENCES - 3);
    for (uint64_t tag = 0; tag < SENTENCES; tag++) {
        bool gone = tag == 1 || tag == 10 || tag == SENTENCES - 1;
        cr_assert_eq(scores[tag], gone ? 0 : wanted[tag]);
    }
    hny_engine_destroy(&engine);
    cr_assert_null(engine);
}

Test(engine, it_wants_what_it_can_use_and_nothing_while_sentences_wait) {
    struct hny_engine *engine = open_engine(64);
    cr_assert_geq(hny_engine_wants(engine, 5), 12);
    cr_assert_geq(hny_engine_wants(engine, 1000), 1, "a wide beam is wanted by an empty engine");
    for (uint64_t tag = 0; tag < SENTENCES; tag++) add(engine, tag);
    cr_assert_eq(hny_engine_wants(engine, 5), 0);
    hny_engine_destroy(&engine);
}
