#include "model/corpus.h"

#include "tests/base/scratch.h"
#include "tests/model/texts.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

TestSuite(corpus, .init = scratch_open, .fini = scratch_close);

Test(corpus, a_pair_is_read_by_its_number_in_any_order) {
    struct hny_corpus_options options =
        texts_options(texts_put("s", "10 11\n\n12\n13 14 15"), texts_put("t", "20\n21\n22 23\n24\n"));
    struct hny_corpus *corpus = texts_open("data", &options);
    struct hny_corpus_reader *reader = NULL;
    cr_assert_eq(hny_corpus_reader_create(&reader, corpus), HNY_OK);
    cr_assert_eq(hny_corpus_pairs(corpus), 3);
    cr_assert_str_eq(texts_read(reader, 2, HNY_SOURCE, NULL), "13 14 15");
    cr_assert_str_eq(texts_read(reader, 0, HNY_SOURCE, NULL), "10 11");
    cr_assert_str_eq(texts_read(reader, 0, HNY_TARGET, NULL), "20");
    cr_assert_str_eq(texts_read(reader, 1, HNY_TARGET, NULL), "22 23");
    cr_assert_eq(hny_corpus_record(corpus, 1)->line, 3);
    const char *text = NULL;
    size_t size = 0;
    cr_assert_eq(hny_corpus_text(reader, 2, HNY_TARGET, &text, &size), HNY_OK);
    cr_assert_eq(size, 2);
    cr_assert_str_eq(text, "24");
    hny_corpus_reader_destroy(&reader);
    hny_corpus_close(&corpus);
}

Test(corpus, packed_texts_give_the_same_pairs_and_lie_unpacked_beside_the_index) {
    const char *source = "10 11\r\n12\n13 14 15", *target = "20\n21\n22\n";
    struct hny_corpus_options plain = texts_options(texts_put("s", source), texts_put("t", target));
    struct hny_corpus_options packed =
        texts_options(texts_put_gz("s.gz", source), texts_put_zst("t.zst", target));
    struct hny_corpus *corpora[] = {texts_open("plain", &plain), texts_open("packed", &packed)};
    struct hny_corpus_reader *reader = NULL;
    for (size_t i = 0; i < 2; i++) {
        cr_assert_eq(hny_corpus_reader_create(&reader, corpora[i]), HNY_OK);
        cr_assert_str_eq(texts_read(reader, 0, HNY_SOURCE, NULL), "10 11");
        cr_assert_str_eq(texts_read(reader, 2, HNY_SOURCE, NULL), "13 14 15");
        cr_assert_str_eq(texts_read(reader, 2, HNY_TARGET, NULL), "22");
        hny_corpus_reader_destroy(&reader);
        hny_corpus_close(&corpora[i]);
    }
    cr_assert(hny_path_exists(scratch_path("packed/train.source")));
    cr_assert(!hny_path_exists(scratch_path("plain/train.source")));
}

Test(corpus, what_is_left_out_is_counted_by_reason_with_the_first_line) {
    struct hny_corpus_options options =
        texts_options(texts_put("s", "10 11\n \n10\n10 10 10 10 10\n10\n10\n\n10 10 10 10\n"),
                      texts_put("t", "20\n20\n\n20\n20 20 20 20 20\n20 20 20 20\n\n20 20\n"));
    options.max_length = 4;
    options.max_ratio = 3;
    struct hny_corpus *corpus = texts_open("data", &options);
    const struct hny_index_about *about = hny_corpus_about(corpus);
    static const struct {
        enum hny_drop drop;
        uint64_t count, first;
    } expected[HNY_DROPS] = {{HNY_DROP_EMPTY_SOURCE, 2, 2},
                             {HNY_DROP_EMPTY_TARGET, 1, 3},
                             {HNY_DROP_LONG_SOURCE, 1, 4},
                             {HNY_DROP_LONG_TARGET, 1, 5},
                             {HNY_DROP_RATIO, 1, 6}};
    for (size_t i = 0; i < HNY_DROPS; i++) {
        cr_assert_eq(about->dropped[expected[i].drop], expected[i].count, "reason %zu", i);
        cr_assert_eq(about->first_dropped[expected[i].drop], expected[i].first, "reason %zu", i);
    }
    cr_assert_eq(about->lines, 8);
    cr_assert_eq(about->pairs, 2);
    cr_assert_eq(about->tokens[HNY_SOURCE], 6);
    cr_assert_eq(about->longest[HNY_SOURCE], 4);
    struct hny_buffer text = {0};
    cr_assert_eq(hny_index_describe(about, &text), HNY_OK);
    cr_assert_str_eq(text.data, "8 lines, 2 pairs\n"
                                "left out 2: the source is empty (first: line 2)\n"
                                "left out 1: the target is empty (first: line 3)\n"
                                "left out 1: the source is longer than max_length (first: line 4)\n"
                                "left out 1: the target is longer than max_length (first: line 5)\n"
                                "left out 1: the lengths differ by more than max_ratio (first: line 6)\n");
    hny_buffer_free(&text);
    hny_corpus_close(&corpus);
}

Test(corpus, texts_with_different_numbers_of_lines_are_refused_with_both) {
    struct hny_corpus_options options =
        texts_options(texts_put("s", "10\n11\n12\n13\n"), texts_put("t", "20\n21"));
    texts_refuse(&options, HNY_ERROR_INPUT, "s has 4 lines, but ");
    cr_assert_not_null(strstr(hny_message(), "t has 2:"), "%s", hny_message());
    options = texts_options(texts_put("s", ""), texts_put("t", "20\n21\n22\n"));
    texts_refuse(&options, HNY_ERROR_INPUT, "s has 0 lines, but ");
    cr_assert_not_null(strstr(hny_message(), "t has 3:"), "%s", hny_message());
    cr_assert(!texts_indexed());
}

Test(corpus, lines_that_are_no_ids_are_refused_with_file_and_line) {
    static const struct {
        const char *line, *expected;
    } bad[] = {
        {"10 x", "\"x\" is not an id"},        {"-1", "\"-1\" is not an id"},
        {"1000", "outside of the vocabulary"}, {"99999999999999999999999", "outside of the vocabulary"},
        {"0", "padding, begin or end"},        {"2", "padding, begin or end"},
        {"10 3", "padding, begin or end"},     {"1.5", "\"1.5\" is not an id"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[128];
        snprintf(text, sizeof text, "10\n%s\n", bad[i].line);
        struct hny_corpus_options options = texts_options(texts_put("s", "10\n11\n"), texts_put("t", text));
        texts_refuse(&options, HNY_ERROR_INPUT, bad[i].expected);
        cr_assert_not_null(strstr(hny_message(), "t:2: "), "%s", hny_message());
        cr_assert(!texts_indexed());
    }
}

Test(corpus, the_lowest_bad_line_is_named_whatever_thread_meets_it) {
    struct hny_buffer text = {0};
    for (size_t i = 1; i <= 1000; i++)
        cr_assert_eq(hny_buffer_print(&text, i % 300 ? "10\n" : "bad\n"), HNY_OK);
    const char *path = scratch_put("s", text.data, text.size);
    struct hny_corpus_options options = texts_options(path, path);
    struct hny_threads *threads = NULL;
    struct hny_corpus *corpus = NULL;
    cr_assert_eq(hny_threads_create(&threads, 2), HNY_OK);
    cr_assert_eq(hny_corpus_open(&corpus, scratch_path("data"), "train", &options, threads), HNY_ERROR_INPUT);
    cr_assert_not_null(strstr(hny_message(), "s:300: "), "%s", hny_message());
    hny_threads_destroy(&threads);
    hny_buffer_free(&text);
}

Test(corpus, ids_may_stand_between_any_spaces_and_unknown_is_one) {
    struct hny_corpus_options options =
        texts_options(texts_put("s", "  10\t11  \n"), texts_put("t", "1 999\n"));
    struct hny_corpus *corpus = texts_open("data", &options);
    struct hny_corpus_reader *reader = NULL;
    cr_assert_eq(hny_corpus_reader_create(&reader, corpus), HNY_OK);
    cr_assert_str_eq(texts_read(reader, 0, HNY_SOURCE, NULL), "10 11");
    cr_assert_str_eq(texts_read(reader, 0, HNY_TARGET, NULL), "1 999");
    hny_corpus_reader_destroy(&reader);
    hny_corpus_close(&corpus);
}

Test(corpus, a_corpus_of_which_nothing_is_left_is_refused_with_the_reasons) {
    struct hny_corpus_options options = texts_options(texts_put("s", "\n10\n"), texts_put("t", "20\n\n"));
    texts_refuse(&options, HNY_ERROR_INPUT,
                 "no pair is left: 2 lines, 0 pairs; left out 1: the source is empty");
    options = texts_options(texts_put("s", ""), texts_put("t", ""));
    texts_refuse(&options, HNY_ERROR_INPUT, "no pair is left: 0 lines");
    cr_assert(!texts_indexed());
}

Test(corpus, texts_that_cannot_be_read_twice_are_refused) {
    const char *pipe_path = scratch_path("pipe");
    cr_assert_eq(mkfifo(pipe_path, 0600), 0);
    struct hny_corpus_options options = texts_options(texts_put("s", "10\n"), scratch_path("missing"));
    texts_refuse(&options, HNY_ERROR_IO, "missing");
    options = texts_options(texts_put("s", "10\n"), pipe_path);
    texts_refuse(&options, HNY_ERROR_INPUT, "not a plain file");
}

Test(corpus, damaged_packed_texts_are_refused_and_leave_nothing) {
    char cut[64];
    const char *path = texts_put_gz("s.gz", "10\n11\n");
    FILE *file = fopen(path, "rb");
    size_t size = fread(cut, 1, sizeof cut, file);
    fclose(file);
    struct hny_corpus_options options =
        texts_options(scratch_put("s.gz", cut, size - 9), texts_put("t", "20\n21\n"));
    texts_refuse(&options, HNY_ERROR_INPUT, "cut short");
    cr_assert(!hny_path_exists(scratch_path("data/train.source")));
    cr_assert(!texts_indexed());
}

Test(corpus, a_text_that_is_changed_or_cut_while_it_is_read_is_an_error_not_a_crash) {
    struct hny_corpus_options options = texts_options(texts_put("s", "10\n11\n"), texts_put("t", "20\n21\n"));
    struct hny_corpus *corpus = texts_open("data", &options);
    struct hny_corpus_reader *reader = NULL;
    struct hny_ids ids = {0};
    cr_assert_eq(hny_corpus_reader_create(&reader, corpus), HNY_OK);
    cr_assert_eq(hny_corpus_check(corpus), HNY_OK);
    texts_put("t", "20\n2 ");
    cr_assert_eq(hny_corpus_check(corpus), HNY_ERROR_INPUT);
    cr_assert_eq(hny_corpus_read(reader, 1, HNY_TARGET, NULL, &ids), HNY_ERROR_INPUT);
    texts_put("t", "");
    cr_assert_eq(hny_corpus_read(reader, 1, HNY_TARGET, NULL, &ids), HNY_ERROR_INPUT);
    cr_assert_eq(ids.count, 0);
    texts_put("t", "20\n  \n"); /* no token where there was one */
    cr_assert_eq(hny_corpus_read(reader, 1, HNY_TARGET, NULL, &ids), HNY_ERROR_INPUT);
    hny_ids_free(&ids);
    hny_corpus_reader_destroy(&reader);
    hny_corpus_close(&corpus);
}
