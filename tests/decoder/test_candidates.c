/* A search among candidates: what it gives when they are all words, and that their company does not matter.
 */
#include "decoder/shortlist.h"
#include "toy.h"

#include <criterion/criterion.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

enum { VOCABULARY = 700, SENTENCES = 9 };

static const struct hny_search_options options = {
    .beam = 4, .best = 3, .alpha = 1, .beta = 0.1, .max_length = 12, .attention = true};

static struct hny_search *open_search(struct toy *toy) {
    struct hny_search *search;
    struct hny_search_model model = toy_model(toy);
    cr_assert_eq(hny_search_create(&search, &model, &toy->compute), HNY_OK);
    return search;
}

/* Every EVERY-th word, the end and one that sentence SENTENCE has for itself; how many. */
static size_t candidates_of(uint64_t sentence, size_t every, int32_t ids[VOCABULARY]) {
    size_t count = 0;
    for (int32_t id = 0; id < VOCABULARY; id++)
        if (id == TOY_END || (size_t)id % every == 0 || (size_t)id == 3 + sentence) ids[count++] = id;
    return count;
}

static void add(struct hny_search *search, struct toy *toy, uint64_t sentence, size_t every) {
    int32_t ids[VOCABULARY];
    size_t count = every ? candidates_of(sentence, every, ids) : 0;
    struct hny_memory memory = toy_memory(toy, sentence, 3 + sentence % 4);
    cr_assert_eq(hny_search_add_among(search, sentence, &memory, &options, ids, count), HNY_OK, "%s",
                 hny_message());
}

static void expect_same(const struct hny_translation *found, const struct hny_translation *wanted) {
    cr_assert_eq(found->count, wanted->count);
    for (size_t i = 0; i < found->count; i++) {
        const struct hny_hypothesis *a = &found->hypotheses[i], *b = &wanted->hypotheses[i];
        cr_assert_eq(a->count, b->count);
        cr_assert(memcmp(a->ids, b->ids, a->count * sizeof *a->ids) == 0);
        cr_assert(memcmp(&a->score, &b->score, sizeof a->score) == 0, "%.17g, not %.17g", a->score, b->score);
        cr_assert(memcmp(a->word_log_probability, b->word_log_probability,
                         (a->count + 1) * sizeof *a->word_log_probability) == 0);
    }
}

/* Sentence s has every EVERY[s]-th word; 0: all of them, without candidates. */
static void run(struct toy *toy, const uint64_t *sentences, const size_t *every, size_t count,
                struct hny_translation *translations) {
    struct hny_search *search = open_search(toy);
    struct hny_translation done[SENTENCES];
    for (size_t i = 0; i < count; i++) add(search, toy, sentences[i], every[i]);
    toy_run(search, done, count);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < count; k++)
            if (done[k].tag == sentences[i]) translations[i] = done[k];
    hny_search_destroy(&search);
}

static void free_all(struct hny_translation *translations, size_t count) {
    for (size_t i = 0; i < count; i++) hny_translation_free(&translations[i]);
}

Test(candidates, that_are_all_words_change_not_a_bit) {
    struct toy toy;
    toy_create(&toy, VOCABULARY, 3, 5);
    for (uint64_t s = 0; s < SENTENCES; s++) {
        struct hny_translation among, whole;
        run(&toy, &s, (const size_t[]){1}, 1, &among);
        run(&toy, &s, (const size_t[]){0}, 1, &whole);
        expect_same(&among, &whole);
        free_all(&among, 1);
        free_all(&whole, 1);
    }
    toy_free(&toy);
}

/* Alone a sentence's rows are selected; with the others, and beside one without candidates, the whole matrix
 * is multiplied by. */
Test(candidates, give_the_same_bytes_alone_and_in_any_company) {
    static const uint64_t sentences[SENTENCES] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
    static const size_t every[SENTENCES] = {7, 3, 11, 0, 2, 7, 1, 5, 13};
    struct hny_translation together[SENTENCES], two[2], alone;
    struct toy toy;
    toy_create(&toy, VOCABULARY, 3, 6);
    run(&toy, sentences, every, SENTENCES, together);
    for (size_t i = 0; i < SENTENCES; i++) {
        run(&toy, &sentences[i], &every[i], 1, &alone);
        expect_same(&together[i], &alone);
        free_all(&alone, 1);
    }
    run(&toy, sentences, (const size_t[]){7, 11}, 2, two);
    expect_same(&two[0], &together[0]);
    free_all(two, 2);
    free_all(together, SENTENCES);
    toy_free(&toy);
}

Test(candidates, are_all_that_a_translation_is_made_of) {
    static const uint64_t sentence = 2;
    int32_t ids[VOCABULARY];
    struct hny_translation translation;
    struct toy toy;
    size_t count = candidates_of(sentence, 9, ids);
    toy_create(&toy, VOCABULARY, 1, 7);
    run(&toy, &sentence, (const size_t[]){9}, 1, &translation);
    for (size_t h = 0; h < translation.count; h++)
        for (size_t i = 0; i < translation.hypotheses[h].count; i++) {
            bool among = false;
            for (size_t c = 0; c < count; c++) among = among || ids[c] == translation.hypotheses[h].ids[i];
            cr_assert(among, "%d", translation.hypotheses[h].ids[i]);
        }
    free_all(&translation, 1);
    toy_free(&toy);
}

Test(candidates, that_do_not_rise_or_lack_the_end_are_refused) {
    static const int32_t wrong[][3] = {{1, 1, 2}, {2, 1, 3}, {-1, 1, 2}, {1, 2, VOCABULARY}, {2, 3, 4}};
    struct toy toy;
    toy_create(&toy, VOCABULARY, 1, 8);
    struct hny_search *search = open_search(&toy);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct hny_memory memory = toy_memory(&toy, 1, 3);
        cr_assert_eq(hny_search_add_among(search, 1, &memory, &options, wrong[i], 3), HNY_ERROR_USAGE);
        toy_memory_free(&memory);
        cr_assert_eq(hny_search_sentences(search), 0);
    }
    hny_search_destroy(&search);
    toy_free(&toy);
}

Test(candidates, cost_no_allocation_in_a_step_once_warm) {
    struct toy toy;
    toy_create(&toy, VOCABULARY, 3, 9);
    struct hny_search *search = open_search(&toy);
    for (int round = 0; round < 4; round++) {
        for (uint64_t s = 0; s < 3; s++) add(search, &toy, s, 11);
        while (hny_search_rows(search) > 0) {
            size_t before = mallinfo2().uordblks;
            cr_assert_eq(hny_search_step(search), HNY_OK);
            if (round > 2) cr_assert_eq(mallinfo2().uordblks, before);
        }
        struct hny_translation translation;
        for (bool taken = true; taken;) {
            cr_assert_eq(hny_search_take(search, &translation, &taken), HNY_OK);
            if (taken) hny_translation_free(&translation);
        }
    }
    hny_search_destroy(&search);
    toy_free(&toy);
}
