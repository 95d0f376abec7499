#include "model/batches.h"

#include "tests/base/scratch.h"
#include "tests/model/texts.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(batches, .init = scratch_open, .fini = scratch_close);

#define PAIRS 1500

static struct hny_corpus *open_ids(void) {
    const char *source = texts_ids("ids.s", PAIRS, 12, 1000, 1),
               *target = texts_ids("ids.t", PAIRS, 9, 1000, 2);
    struct hny_corpus_options options = texts_options(source, target);
    return texts_open("data", &options);
}

static struct hny_batches *create(const struct hny_corpus *corpus, struct hny_batches_options options,
                                  struct hny_threads *threads) {
    struct hny_batches *batches = NULL;
    cr_assert_eq(hny_batches_create(&batches, corpus, &options, threads), HNY_OK, "%s", hny_message());
    return batches;
}

static void next(struct hny_batches *batches, struct hny_batch *batch) {
    cr_assert_eq(hny_batches_next(batches, batch), HNY_OK, "%s", hny_message());
}

/* What must hold of every batch. */
static void check_batch(const struct hny_corpus *corpus, const struct hny_batch *batch) {
    cr_assert_geq(batch->pairs, 1);
    for (enum hny_side side = 0; side < HNY_SIDES; side++) {
        const struct hny_batch_side *half = &batch->side[side];
        size_t rows = 0;
        for (size_t i = 0; i < batch->pairs; i++) {
            cr_assert(i == 0 || half->length[i] <= half->length[i - 1]);
            cr_assert_eq(half->begin[i], rows);
            rows += half->length[i];
        }
        cr_assert_eq(half->rows, rows);
        cr_assert_eq(half->ids.count, rows);
    }
    struct hny_corpus_reader *reader = NULL;
    struct hny_ids ids = {0};
    cr_assert_eq(hny_corpus_reader_create(&reader, corpus), HNY_OK);
    for (size_t i = 0; i < batch->pairs; i++) {
        const size_t place[HNY_SIDES] = {[HNY_SOURCE] = batch->source_of[i], [HNY_TARGET] = i};
        for (enum hny_side side = 0; side < HNY_SIDES; side++) {
            const struct hny_batch_side *half = &batch->side[side];
            ids.count = 0;
            cr_assert_eq(hny_corpus_read(reader, batch->pair[i], side, NULL, &ids), HNY_OK);
            cr_assert_eq(half->length[place[side]], ids.count);
            cr_assert_arr_eq(half->ids.ids + half->begin[place[side]], ids.ids, ids.count * sizeof *ids.ids);
        }
    }
    hny_ids_free(&ids);
    hny_corpus_reader_destroy(&reader);
}

static bool same_batch(const struct hny_batch *a, const struct hny_batch *b) {
    if (a->pairs != b->pairs || memcmp(a->pair, b->pair, a->pairs * sizeof *a->pair) != 0) return false;
    if (memcmp(a->source_of, b->source_of, a->pairs * sizeof *a->pair) != 0) return false;
    for (enum hny_side side = 0; side < HNY_SIDES; side++) {
        const struct hny_ids *left = &a->side[side].ids, *right = &b->side[side].ids;
        if (left->count != right->count) return false;
        if (memcmp(left->ids, right->ids, left->count * sizeof *left->ids) != 0) return false;
        if (memcmp(a->side[side].length, b->side[side].length, a->pairs * sizeof(size_t)) != 0) return false;
    }
    return true;
}

Test(batches, an_epoch_has_every_pair_once_within_the_budget) {
    struct hny_corpus *corpus = open_ids();
    struct hny_batches *batches = create(corpus, (struct hny_batches_options){.seed = 3, .tokens = 40}, NULL);
    struct hny_batch batch = {0};
    struct hny_batch_bounds bounds;
    hny_batches_bounds(batches, &bounds);
    unsigned char seen[PAIRS] = {0};
    size_t total = 0, small = 0, count = 0;
    do {
        next(batches, &batch);
        check_batch(corpus, &batch);
        count++;
        size_t source = batch.side[HNY_SOURCE].rows + batch.pairs,
               target = batch.side[HNY_TARGET].rows + batch.pairs;
        cr_assert_leq(target, 40);
        cr_assert_leq(source, 80);
        cr_assert_leq(batch.pairs, bounds.pairs);
        cr_assert_leq(source, bounds.rows[HNY_SOURCE]);
        cr_assert_leq(target, bounds.rows[HNY_TARGET]);
        cr_assert_leq(batch.side[HNY_SOURCE].length[0] + 1, bounds.steps[HNY_SOURCE]);
        cr_assert_leq(batch.side[HNY_TARGET].length[0] + 1, bounds.steps[HNY_TARGET]);
        small += target < 28 && source < 68;
        for (size_t i = 0; i < batch.pairs; i++) cr_assert_eq(seen[batch.pair[i]]++, 0);
        total += batch.pairs;
    } while (batch.after.epoch == 0);
    cr_assert_eq(total, PAIRS);
    cr_assert_gt(hny_batches_pools(batches), 1);
    cr_assert_leq(small, hny_batches_pools(batches)); /* only a pool's last batch is not filled */
    cr_assert_gt(count, 150);
    hny_batch_free(&batch);
    hny_batches_destroy(&batches);
    hny_corpus_close(&corpus);
}

Test(batches, a_batch_holds_sentences_of_like_length) {
    struct hny_corpus *corpus = open_ids();
    struct hny_batches *batches = create(corpus, (struct hny_batches_options){.seed = 3, .tokens = 40}, NULL);
    struct hny_batch batch = {0};
    size_t wide = 0, count = 0;
    for (; batch.after.epoch == 0; count++) {
        next(batches, &batch);
        const size_t *length = batch.side[HNY_TARGET].length;
        wide += length[0] > length[batch.pairs - 1] + 1;
    }
    cr_assert_lt(wide, count / 20, "%zu of %zu", wide, count);
    hny_batch_free(&batch);
    hny_batches_destroy(&batches);
    hny_corpus_close(&corpus);
}

Test(batches, batches_by_sentences_have_that_many_but_for_the_last_of_an_epoch) {
    struct hny_corpus *corpus = open_ids();
    struct hny_batches *batches =
        create(corpus, (struct hny_batches_options){.seed = 3, .sentences = 16}, NULL);
    struct hny_batch batch = {0};
    struct hny_batch_bounds bounds;
    size_t total = 0, shorter = 0;
    hny_batches_bounds(batches, &bounds);
    do {
        next(batches, &batch);
        check_batch(corpus, &batch);
        cr_assert_leq(batch.pairs, 16);
        cr_assert_leq(batch.side[HNY_SOURCE].rows + batch.pairs, bounds.rows[HNY_SOURCE]);
        shorter += batch.pairs < 16;
        total += batch.pairs;
    } while (batch.after.epoch == 0);
    cr_assert_eq(total, PAIRS);
    cr_assert_eq(shorter, 1); /* 1500 is no multiple of 16 */
    cr_assert_eq(bounds.pairs, 16);
    cr_assert_eq(bounds.rows[HNY_TARGET], 160);
    hny_batch_free(&batch);
    hny_batches_destroy(&batches);
    hny_corpus_close(&corpus);
}

Test(batches, a_pair_above_the_budget_is_a_batch_alone) {
    struct hny_corpus_options options =
        texts_options(scratch_put("s", "10\n11\n12 12 12 12 12 12 12 12\n", 30),
                      scratch_put("t", "20 20 20 20 20 20\n21\n22\n", 24));
    struct hny_corpus *corpus = texts_open("data", &options);
    struct hny_batches *batches = create(corpus, (struct hny_batches_options){.seed = 1, .tokens = 3}, NULL);
    struct hny_batch batch = {0};
    struct hny_batch_bounds bounds;
    size_t count = 0;
    for (; batch.after.epoch == 0; count++) {
        next(batches, &batch);
        cr_assert_eq(batch.pairs, 1);
    }
    cr_assert_eq(count, 3);
    hny_batches_bounds(batches, &bounds);
    cr_assert_eq(bounds.rows[HNY_TARGET], 7);
    cr_assert_eq(bounds.rows[HNY_SOURCE], 9);
    hny_batch_free(&batch);
    hny_batches_destroy(&batches);
    hny_corpus_close(&corpus);
}

Test(batches, epochs_and_seeds_differ_in_order_and_company) {
    struct hny_corpus *corpus = open_ids();
    struct hny_batch first = {0}, other = {0};
    struct hny_batches *one = create(corpus, (struct hny_batches_options){.seed = 3, .tokens = 40}, NULL);
    struct hny_batches *two = create(corpus, (struct hny_batches_options){.seed = 4, .tokens = 40}, NULL);
    next(one, &first);
    next(two, &other);
    cr_assert(!same_batch(&first, &other));
    /* A batch whose pairs all met again in the next epoch would be the same batch in another place. */
    cr_assert_eq(hny_batches_seek(one, (struct hny_batch_position){.epoch = 1}), HNY_OK);
    do {
        next(one, &other);
        cr_assert(!same_batch(&first, &other));
    } while (other.after.epoch == 1);
    hny_batch_free(&first);
    hny_batch_free(&other);
    hny_batches_destroy(&one);
    hny_batches_destroy(&two);
    hny_corpus_close(&corpus);
}

Test(batches, a_fresh_reader_put_to_a_position_goes_on_as_one_that_came_the_whole_way) {
    struct hny_corpus *corpus = open_ids();
    const struct hny_batches_options options = {.seed = 5, .tokens = 60};
    struct hny_batches *whole = create(corpus, options, NULL);
    struct hny_batch batch = {0}, again = {0};
    struct hny_batch_position after = {0};
    for (size_t i = 0; after.epoch < 2; i++) {
        next(whole, &batch);
        if (i % 7 == 0 || batch.position.batch == 0) {
            struct hny_batches *fresh = create(corpus, options, NULL);
            cr_assert_eq(hny_batches_seek(fresh, after), HNY_OK);
            next(fresh, &again);
            cr_assert(same_batch(&batch, &again), "batch %zu", i);
            cr_assert_eq(again.after.batch, batch.after.batch);
            cr_assert_eq(again.after.pool, batch.after.pool);
            hny_batches_destroy(&fresh);
        }
        after = batch.after;
    }
    hny_batch_free(&batch);
    hny_batch_free(&again);
    hny_batches_destroy(&whole);
    hny_corpus_close(&corpus);
}

Test(batches, positions_that_no_batch_has_are_refused) {
    struct hny_corpus *corpus = open_ids();
    struct hny_batches *batches = create(corpus, (struct hny_batches_options){.seed = 5, .tokens = 60}, NULL);
    struct hny_batch batch = {0};
    uint64_t pools = hny_batches_pools(batches);
    cr_assert_eq(hny_batches_seek(batches, (struct hny_batch_position){.pool = pools}), HNY_ERROR_INPUT);
    cr_assert_eq(hny_batches_seek(batches, (struct hny_batch_position){.batch = 1000000}), HNY_OK);
    cr_assert_eq(hny_batches_next(batches, &batch), HNY_ERROR_INPUT);
    cr_assert_eq(hny_batches_seek(batches, (struct hny_batch_position){0}), HNY_OK);
    next(batches, &batch);
    hny_batch_free(&batch);
    hny_batches_destroy(&batches);
    struct hny_batches_options none = {.seed = 1};
    cr_assert_eq(hny_batches_create(&batches, corpus, &none, NULL), HNY_ERROR_USAGE);
    cr_assert_null(batches);
    hny_corpus_close(&corpus);
}

Test(batches, a_text_that_changes_ends_the_batches_with_an_error) {
    struct hny_corpus *corpus = open_ids();
    struct hny_batches *batches = create(corpus, (struct hny_batches_options){.seed = 5, .tokens = 60}, NULL);
    struct hny_batch batch = {0};
    next(batches, &batch);
    scratch_put("ids.s", "10\n", 3);
    hny_status status = HNY_OK;
    while (status == HNY_OK && batch.after.epoch == 0) status = hny_batches_next(batches, &batch);
    cr_assert_eq(status, HNY_ERROR_INPUT);
    cr_assert_not_null(strstr(hny_message(), "ids.s"), "%s", hny_message());
    hny_batch_free(&batch);
    hny_batches_destroy(&batches);
    hny_corpus_close(&corpus);
}

Test(batches, one_pair_is_a_corpus) {
    struct hny_corpus_options options =
        texts_options(scratch_put("s", "10 11\n", 6), scratch_put("t", "20\n", 3));
    struct hny_corpus *corpus = texts_open("data", &options);
    for (size_t i = 0; i < 2; i++) {
        struct hny_batches_options by = {.seed = 1, .tokens = i ? 100 : 0, .sentences = i ? 0 : SIZE_MAX};
        struct hny_batches *batches = create(corpus, by, NULL);
        struct hny_batch batch = {0};
        for (uint32_t epoch = 0; epoch < 3; epoch++) {
            next(batches, &batch);
            cr_assert_eq(batch.position.epoch, epoch);
            check_batch(corpus, &batch);
        }
        hny_batch_free(&batch);
        hny_batches_destroy(&batches);
    }
    hny_corpus_close(&corpus);
}

/* --- Sampling ------------------------------------------------------------------------------------------ */

static struct hny_corpus *open_words(struct hny_tokenizer **tokenizer, bool bpe) {
    const char *source = scratch_path("words.s"), *target = scratch_path("words.t");
    texts_words(source, target, 400, bpe, tokenizer);
    struct hny_corpus_options options = texts_options(source, target);
    options.max_length = 40;
    for (enum hny_side side = 0; side < HNY_SIDES; side++) {
        options.tokenizers[side] = *tokenizer;
        options.digests[side] = "the digest";
    }
    return texts_open("data", &options);
}

/* The batches of two epochs, read by COUNT threads, each from a reader of its own that is put to its place in
 * falling order, must be those of one reader that came the whole way; and something must have been drawn. */
static void check_sampling(const struct hny_sampling sampling, bool bpe) {
    struct hny_tokenizer *tokenizer = NULL;
    struct hny_corpus *corpus = open_words(&tokenizer, bpe);
    struct hny_threads *threads = NULL;
    const struct hny_batches_options options = {.seed = 5, .tokens = 200, .sampling = sampling};
    struct hny_batch batch[128] = {{0}}, again = {0};
    size_t count = 0, drawn = 0;
    cr_assert_eq(hny_threads_create(&threads, 3), HNY_OK);
    struct hny_batches *whole = create(corpus, options, NULL), *jumping = create(corpus, options, threads);
    do {
        cr_assert_lt(count, 128);
        next(whole, &batch[count]);
        cr_assert_leq(batch[count].side[HNY_TARGET].rows + batch[count].pairs, 200);
    } while (batch[count++].after.epoch < 2);
    for (size_t i = count; i-- > 0;) {
        cr_assert_eq(hny_batches_seek(jumping, batch[i].position), HNY_OK);
        next(jumping, &again);
        cr_assert(same_batch(&batch[i], &again), "batch %zu", i);
        for (size_t j = 0; j < again.pairs; j++)
            drawn += again.side[HNY_TARGET].length[j] !=
                     hny_corpus_record(corpus, again.pair[j])->tokens[HNY_TARGET];
        hny_batch_free(&batch[i]);
    }
    cr_assert_gt(drawn, 20);
    hny_batch_free(&again);
    hny_batches_destroy(&whole);
    hny_batches_destroy(&jumping);
    hny_threads_destroy(&threads);
    hny_corpus_close(&corpus);
    hny_tokenizer_close(&tokenizer);
}

Test(batches, drawn_segmentations_are_a_function_of_position_alone_bpe) {
    check_sampling((struct hny_sampling){.dropout = 0.2}, true);
}

Test(batches, drawn_segmentations_are_a_function_of_position_alone_unigram) {
    check_sampling((struct hny_sampling){.temperature = 0.3}, false);
}

Test(batches, a_line_is_drawn_anew_every_epoch) {
    struct hny_tokenizer *tokenizer = NULL;
    struct hny_corpus *corpus = open_words(&tokenizer, true);
    struct hny_batches_options options = {.seed = 5, .tokens = 200, .sampling = {.dropout = 0.3}};
    struct hny_batches *batches = create(corpus, options, NULL);
    struct hny_batch batch = {0};
    static size_t lengths[2][400];
    while (batch.after.epoch < 2) {
        next(batches, &batch);
        for (size_t i = 0; i < batch.pairs; i++)
            lengths[batch.position.epoch][batch.pair[i]] = batch.side[HNY_TARGET].length[i];
    }
    size_t other = 0;
    for (size_t i = 0; i < 400; i++) other += lengths[0][i] != lengths[1][i];
    cr_assert_gt(other, 50);
    hny_batch_free(&batch);
    hny_batches_destroy(&batches);
    hny_corpus_close(&corpus);
    hny_tokenizer_close(&tokenizer);
}
