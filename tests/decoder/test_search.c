#include "toy.h"

#include <criterion/criterion.h>
#include <malloc.h>
#include <math.h>
#include <stdlib.h>

static struct hny_search *open_search(struct toy *toy, const struct hny_search_model *model) {
    struct hny_search *search;
    struct hny_search_model own = toy_model(toy);
    cr_assert_eq(hny_search_create(&search, model ? model : &own, &toy->compute), HNY_OK);
    return search;
}

static void add(struct hny_search *search, struct toy *toy, uint64_t sentence, size_t length,
                const struct hny_search_options *options) {
    struct hny_memory memory = toy_memory(toy, sentence, length);
    cr_assert_eq(hny_search_add(search, sentence, &memory, options), HNY_OK, "%s", hny_message());
}

static struct hny_translation translate(struct toy *toy, uint64_t sentence, size_t length,
                                        const struct hny_search_options *options) {
    struct hny_translation translation;
    struct hny_search *search = open_search(toy, NULL);
    add(search, toy, sentence, length, options);
    toy_run(search, &translation, 1);
    cr_assert_eq(translation.tag, sentence);
    hny_search_destroy(&search);
    return translation;
}

/* Every sequence up to a length, by plain recursion over the decoder's steps. */
enum { BRUTE_LENGTH = 4, BRUTE_MOST = 4096 };

struct brute {
    struct toy *toy;
    const struct hny_memory *memory;
    const struct hny_search_options *options;
    int32_t ids[BRUTE_LENGTH];
    double words[BRUTE_LENGTH + 1];
    hny_real attention[BRUTE_LENGTH + 1][16];
    size_t count;
    struct hny_hypothesis found[BRUTE_MOST];
};

static void note(struct brute *brute, size_t depth) {
    cr_assert_lt(brute->count, BRUTE_MOST);
    struct hny_hypothesis *found = &brute->found[brute->count++];
    *found = (struct hny_hypothesis){.count = depth, .ids = malloc((depth + 1) * sizeof *found->ids)};
    memcpy(found->ids, brute->ids, depth * sizeof *found->ids);
    for (size_t i = 0; i <= depth; i++) found->log_probability += brute->words[i];
    double penalty = 0;
    for (size_t s = 0; s < brute->memory->length; s++) {
        double seen = 0;
        for (size_t i = 0; i <= depth; i++) seen += brute->attention[i][s];
        penalty += log(seen < 1 ? seen : 1);
    }
    found->score = found->log_probability / pow((5 + (double)depth + 1) / 6, brute->options->alpha) +
                   brute->options->beta * penalty;
}

static void enumerate(struct brute *brute, size_t depth, int32_t before, const hny_real *state) {
    struct toy *toy = brute->toy;
    size_t vocabulary = toy->head.vocabulary;
    hny_real *x = calloc(toy->embedding.width, sizeof *x), *output = calloc(toy->head.input, sizeof *output);
    hny_real *next = calloc(hny_decoder_state(toy->decoder), sizeof *next);
    hny_real *logits = calloc(vocabulary, sizeof *logits), *attention = brute->attention[depth];
    hny_arena_reset(toy->compute.arena);
    hny_embedding_forward(&toy->embedding, &toy->compute, 1, &before, 0, x);
    cr_assert_eq(
        hny_decoder_step(toy->decoder, &toy->compute, 1, x, state, &brute->memory, next, output, &attention),
        HNY_OK);
    cr_assert_eq(hny_softmax_logits(&toy->head, &toy->compute, 1, output, logits), HNY_OK);
    double sum = 0;
    for (size_t v = 0; v < vocabulary; v++) sum += exp(logits[v]);
    for (size_t v = 0; v < vocabulary; v++) {
        if (toy->forbidden[v]) continue;
        brute->words[depth] = logits[v] - log(sum);
        if (v == TOY_END) {
            note(brute, depth);
        } else if (depth < brute->options->max_length) {
            brute->ids[depth] = (int32_t)v;
            enumerate(brute, depth + 1, (int32_t)v, next);
        }
    }
    free(x);
    free(output);
    free(next);
    free(logits);
}

static int by_score(const void *a, const void *b) {
    const struct hny_hypothesis *x = a, *y = b;
    return (x->score < y->score) - (x->score > y->score);
}

static void check_exhaustive(uint64_t seed, double alpha, double beta) {
    struct toy toy;
    struct hny_search_options options = {
        .beam = 1024, .best = 60, .alpha = alpha, .beta = beta, .max_length = BRUTE_LENGTH};
    toy_create(&toy, 5, 2, seed); /* words besides the end: 3, so 1 + 3 + 9 + 27 + 81 sequences */
    struct hny_memory memory = toy_memory(&toy, seed, 7);
    struct brute *brute = calloc(1, sizeof *brute);
    *brute = (struct brute){.toy = &toy, .memory = &memory, .options = &options};
    hny_real *state = calloc(hny_decoder_state(toy.decoder), sizeof *state);
    hny_arena_reset(toy.compute.arena);
    cr_assert_eq(hny_decoder_begin(toy.decoder, &toy.compute, &memory, state), HNY_OK);
    enumerate(brute, 0, TOY_BEGIN, state);
    qsort(brute->found, brute->count, sizeof *brute->found, by_score);
    cr_assert_eq(brute->count, 1 + 3 + 9 + 27 + 81);

    struct hny_translation translation = translate(&toy, seed, 7, &options);
    cr_assert_eq(translation.count, options.best);
    for (size_t i = 0; i < translation.count; i++) {
        const struct hny_hypothesis *got = &translation.hypotheses[i], *wanted = &brute->found[i];
        cr_assert_float_eq(got->score, wanted->score, 1e-5, "%zu: %g, %g", i, got->score, wanted->score);
        cr_assert_float_eq(got->log_probability, wanted->log_probability, 1e-5);
        cr_assert_eq(got->count, wanted->count);
        cr_assert_arr_eq(got->ids, wanted->ids, got->count * sizeof *got->ids);
    }
    hny_translation_free(&translation);
    for (size_t i = 0; i < brute->count; i++) free(brute->found[i].ids);
    free(brute);
    free(state);
    toy_memory_free(&memory);
    toy_free(&toy);
}

Test(search, a_beam_as_wide_as_all_there_is_equals_exhaustive_search) {
    for (uint64_t seed = 1; seed <= 5; seed++) {
        check_exhaustive(seed, 0, 0);
        check_exhaustive(seed, 0.6, 0);
        check_exhaustive(seed, 1.2, 0.3);
    }
}

Test(search, a_beam_of_one_takes_the_likeliest_word_each_time) {
    struct toy toy;
    struct hny_search_options options = {.beam = 1, .best = 1, .max_length = 30};
    toy_create(&toy, 40, 4, 3);
    for (uint64_t sentence = 1; sentence <= 10; sentence++) {
        struct hny_memory memory = toy_memory(&toy, sentence, 5);
        const struct hny_memory *memories = &memory;
        struct hny_translation translation = translate(&toy, sentence, 5, &options);
        const struct hny_hypothesis *greedy = &translation.hypotheses[0];
        size_t width = hny_decoder_state(toy.decoder);
        hny_real *state = calloc(width, sizeof *state), *next = calloc(width, sizeof *next);
        hny_real x[8], output[16], logits[40];
        hny_arena_reset(toy.compute.arena);
        cr_assert_eq(hny_decoder_begin(toy.decoder, &toy.compute, &memory, state), HNY_OK);
        int32_t word = TOY_BEGIN;
        for (size_t t = 0; t < greedy->count + greedy->ended; t++) {
            hny_arena_reset(toy.compute.arena);
            hny_embedding_forward(&toy.embedding, &toy.compute, 1, &word, 0, x);
            cr_assert_eq(
                hny_decoder_step(toy.decoder, &toy.compute, 1, x, state, &memories, next, output, NULL),
                HNY_OK);
            cr_assert_eq(hny_softmax_logits(&toy.head, &toy.compute, 1, output, logits), HNY_OK);
            word = TOY_END;
            for (int32_t v = 0; v < 40; v++)
                if (v != TOY_BEGIN && logits[v] > logits[word]) word = v;
            cr_assert_eq(word, t < greedy->count ? greedy->ids[t] : TOY_END);
            memcpy(state, next, width * sizeof *state);
        }
        cr_assert(greedy->ended || greedy->count == options.max_length);
        free(state);
        free(next);
        toy_memory_free(&memory);
        hny_translation_free(&translation);
    }
    toy_free(&toy);
}

static void assert_same(const struct hny_translation *a, const struct hny_translation *b) {
    cr_assert_eq(a->count, b->count);
    cr_assert_eq(a->source_length, b->source_length);
    for (size_t i = 0; i < a->count; i++) {
        const struct hny_hypothesis *x = &a->hypotheses[i], *y = &b->hypotheses[i];
        cr_assert_eq(x->count, y->count);
        cr_assert_eq(x->ended, y->ended);
        cr_assert_arr_eq(x->ids, y->ids, x->count * sizeof *x->ids);
        cr_assert_arr_eq(&x->score, &y->score, sizeof x->score);
        cr_assert_arr_eq(&x->log_probability, &y->log_probability, sizeof x->log_probability);
        cr_assert_arr_eq(x->word_log_probability, y->word_log_probability,
                         (x->count + 1) * sizeof *x->word_log_probability);
        cr_assert_eq(!x->attention, !y->attention);
        if (x->attention)
            cr_assert_arr_eq(x->attention, y->attention,
                             (x->count + 1) * a->source_length * sizeof *x->attention);
    }
}

enum { CROWD = 24 };

static size_t crowd_length(uint64_t sentence) {
    return 1 + sentence * 7 % 13;
}

/* Options differ from sentence to sentence, as they do in a service. */
static struct hny_search_options crowd_options(uint64_t sentence) {
    return (struct hny_search_options){.beam = 1 + sentence % 6,
                                       .best = 1 + sentence % 6 / 2,
                                       .alpha = sentence % 3 * 0.5,
                                       .beta = sentence % 4 == 0 ? 0.2 : 0,
                                       .max_length = 8 + sentence % 20,
                                       .attention = sentence % 2};
}

Test(search, a_sentence_comes_out_the_same_alone_in_any_crowd_in_any_order_entering_at_any_step) {
    struct toy toy;
    struct hny_translation alone[CROWD];
    toy_create(&toy, 300, 3, 9);
    for (uint64_t s = 0; s < CROWD; s++) {
        struct hny_search_options options = crowd_options(s);
        alone[s] = translate(&toy, s, crowd_length(s), &options);
    }
    struct hny_search *search = open_search(&toy, NULL); /* one for all rounds: used memory must not show */
    for (uint64_t round = 0; round < 6; round++) {
        struct hny_random stream = hny_random_stream(round, HNY_RANDOM_CORPUS, 0, 0);
        size_t entered = 0, left = 0;
        for (uint64_t draw = 0; left < CROWD;) {
            struct hny_translation got;
            bool taken;
            size_t enter = round == 0 ? CROWD : hny_random_word(&stream, draw++) % 4;
            for (; enter > 0 && entered < CROWD; enter--) {
                uint64_t s = hny_random_permute(round, CROWD, entered++);
                struct hny_search_options options = crowd_options(s);
                add(search, &toy, s, crowd_length(s), &options);
            }
            cr_assert_eq(hny_search_step(search), HNY_OK);
            for (;;) {
                cr_assert_eq(hny_search_take(search, &got, &taken), HNY_OK);
                if (!taken) break;
                assert_same(&got, &alone[got.tag]);
                hny_translation_free(&got);
                left++;
            }
        }
        cr_assert_eq(hny_search_sentences(search), 0);
        cr_assert_eq(hny_search_rows(search), 0);
    }
    hny_search_destroy(&search);
    for (uint64_t s = 0; s < CROWD; s++) hny_translation_free(&alone[s]);
    toy_free(&toy);
}

Test(search, hypotheses_come_best_first_and_their_words_add_up) {
    struct toy toy;
    struct hny_search_options options = {
        .beam = 8, .best = 8, .alpha = 0.6, .max_length = 25, .attention = true};
    toy_create(&toy, 50, 3, 4);
    for (uint64_t sentence = 0; sentence < 10; sentence++) {
        struct hny_translation translation = translate(&toy, sentence, 9, &options);
        cr_assert_eq(translation.count, 8);
        for (size_t i = 0; i < translation.count; i++) {
            const struct hny_hypothesis *h = &translation.hypotheses[i];
            double sum = 0;
            for (size_t w = 0; w <= h->count; w++) {
                double looked = 0;
                for (size_t s = 0; s < 9; s++) looked += (double)h->attention[w * 9 + s];
                cr_assert_float_eq(looked, 1, 1e-5);
                sum += (double)h->word_log_probability[w];
            }
            cr_assert_float_eq(sum, h->log_probability, 1e-4);
            cr_assert_float_eq(h->score, h->log_probability / pow((5 + (double)h->count + 1) / 6, 0.6), 1e-9);
            if (i > 0) cr_assert_geq(translation.hypotheses[i - 1].score, h->score);
            for (size_t j = 0; j < i; j++) {
                const struct hny_hypothesis *other = &translation.hypotheses[j];
                cr_assert(other->count != h->count ||
                              memcmp(other->ids, h->ids, h->count * sizeof *h->ids) != 0,
                          "the same words twice");
            }
        }
        hny_translation_free(&translation);
    }
    toy_free(&toy);
}

Test(search, max_length_cuts_and_says_so) {
    struct toy toy;
    toy_create(&toy, 30, 1, 2);
    toy.parameters.values[toy.head.bias->offset + TOY_END] = -50; /* never the likeliest */
    for (size_t length = 0; length < 5; length++) {
        struct hny_search_options options = {.beam = 3, .best = 2, .max_length = length, .attention = true};
        struct hny_translation translation = translate(&toy, 1, 4, &options);
        cr_assert_eq(translation.count, length == 0 ? 1 : 2);
        for (size_t i = 0; i < translation.count; i++) {
            cr_assert_eq(translation.hypotheses[i].count, length);
            cr_assert_not(translation.hypotheses[i].ended);
            cr_assert_lt(translation.hypotheses[i].log_probability, -40, "the end's price is missing");
        }
        hny_translation_free(&translation);
    }
    toy_free(&toy);
}

Test(search, a_cancelled_sentence_leaves_and_the_others_do_not_notice) {
    struct toy toy;
    struct hny_translation alone[5], together[4];
    struct hny_search_options options = {.beam = 4, .best = 2, .alpha = 1, .max_length = 20};
    toy_create(&toy, 60, 3, 6);
    for (uint64_t s = 0; s < 5; s++) alone[s] = translate(&toy, s, 6, &options);
    for (size_t steps = 0; steps < 8; steps++) {
        struct hny_search *search = open_search(&toy, NULL);
        for (uint64_t s = 0; s < 5; s++) add(search, &toy, s, 6, &options);
        for (size_t i = 0; i < steps; i++) cr_assert_eq(hny_search_step(search), HNY_OK);
        hny_search_cancel(search, 77);
        cr_assert_eq(hny_search_sentences(search), 5);
        hny_search_cancel(search, 2);
        cr_assert_eq(hny_search_sentences(search), 4);
        toy_run(search, together, 4);
        for (size_t i = 0; i < 4; i++) {
            cr_assert_neq(together[i].tag, 2);
            assert_same(&together[i], &alone[together[i].tag]);
            hny_translation_free(&together[i]);
        }
        hny_search_destroy(&search);
    }
    for (uint64_t s = 0; s < 5; s++) hny_translation_free(&alone[s]);
    toy_free(&toy);
}

Test(search, what_is_still_inside_is_freed_with_the_engine) {
    struct toy toy;
    struct hny_search_options options = {.beam = 2, .best = 1, .max_length = 3};
    toy_create(&toy, 20, 2, 1);
    struct hny_search *search = open_search(&toy, NULL);
    for (uint64_t s = 0; s < 3; s++) add(search, &toy, s, 4, &options);
    for (size_t i = 0; i < 4; i++) cr_assert_eq(hny_search_step(search), HNY_OK);
    cr_assert_eq(hny_search_step(search), HNY_OK, "an engine with nothing to do");
    add(search, &toy, 4, 4, &options);
    hny_search_destroy(&search);
    cr_assert_null(search);
    hny_search_destroy(&search);
    toy_free(&toy);
}

Test(search, options_out_of_range_are_refused_and_leave_the_memory_to_the_caller) {
    const struct hny_search_options wrong[] = {
        {.beam = 0, .best = 0},
        {.beam = 2, .best = 3},
        {.beam = 2, .best = 0},
        {.beam = 2, .best = 1, .alpha = -1},
        {.beam = 2, .best = 1, .alpha = NAN},
        {.beam = 2, .best = 1, .beta = -0.1},
        {.beam = 2, .best = 1, .beta = INFINITY},
        {.beam = SIZE_MAX, .best = 1},
        {.beam = SIZE_MAX / 5, .best = 1},
    };
    struct toy toy;
    toy_create(&toy, 20, 2, 1);
    struct hny_search *search = open_search(&toy, NULL);
    struct hny_memory memory = toy_memory(&toy, 1, 4);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        hny_status status = hny_search_add(search, 1, &memory, &wrong[i]);
        cr_assert(status == HNY_ERROR_USAGE || (i == 8 && status == HNY_ERROR_MEMORY), "%zu", i);
    }
    cr_assert_eq(hny_search_sentences(search), 0);
    toy_memory_free(&memory);
    hny_search_destroy(&search);
    toy_free(&toy);
}

Test(search, damaged_weights_are_an_error_and_no_endless_loop) {
    struct toy toy;
    struct hny_search_options options = {.beam = 2, .best = 1, .max_length = 30};
    toy_create(&toy, 20, 2, 1);
    toy.parameters.values[toy.head.bias->offset + 5] = NAN;
    struct hny_search *search = open_search(&toy, NULL);
    add(search, &toy, 1, 4, &options);
    cr_assert_eq(hny_search_step(search), HNY_ERROR_NUMERIC);
    cr_assert_eq(hny_search_rows(search), 1);
    hny_search_destroy(&search);
    toy_free(&toy);
}

Test(search, a_step_of_a_warm_engine_allocates_nothing) {
    enum { SENTENCES = 6 };
    struct toy toy;
    struct hny_translation translation;
    struct hny_search_options options = {
        .beam = 4, .best = 2, .alpha = 1, .beta = 0.1, .max_length = 20, .attention = true};
    toy_create(&toy, 60, 3, 6);
    struct hny_search *search = open_search(&toy, NULL);
    for (int round = 0; round < 2; round++) {
        for (uint64_t s = 0; s < SENTENCES; s++) add(search, &toy, s, 6, &options);
        while (hny_search_rows(search) > 0) {
            size_t before = mallinfo2().uordblks;
            cr_assert_eq(hny_search_step(search), HNY_OK);
            if (round > 0) cr_assert_eq(mallinfo2().uordblks, before);
        }
        for (bool taken = true; taken;) {
            cr_assert_eq(hny_search_take(search, &translation, &taken), HNY_OK);
            if (taken) hny_translation_free(&translation);
        }
    }
    hny_search_destroy(&search);
    toy_free(&toy);
}
