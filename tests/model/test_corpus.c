#include "model/corpus.h"

#include "base/progress.h"
#include "tests/base/scratch.h"
#include "tests/model/texts.h"
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

TestSuite(corpus, .init = scratch_open, .fini = scratch_close);

static const char *put(const char *name, const char *text) {
    return scratch_put(name, text, strlen(text));
}

static const char *put_gz(const char *name, const char *text) {
    const char *path = scratch_path(name);
    gzFile file = gzopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(gzwrite(file, text, (unsigned)strlen(text)), (int)strlen(text));
    cr_assert_eq(gzclose(file), Z_OK);
    return path;
}

static const char *put_zst(const char *name, const char *text) {
    char packed[4096];
    size_t size = ZSTD_compress(packed, sizeof packed, text, strlen(text), 3);
    cr_assert(!ZSTD_isError(size));
    return scratch_put(name, packed, size);
}

static void refuse(const struct hny_corpus_options *options, hny_status status, const char *expected) {
    struct hny_corpus *corpus = NULL;
    hny_status got = hny_corpus_open(&corpus, scratch_path("data"), "train", options, NULL);
    cr_assert_eq(got, status, "status %d: %s", got, hny_message());
    cr_assert_null(corpus);
    cr_assert_not_null(strstr(hny_message(), expected), "%s", hny_message());
}

/* Whether the folder "data" holds an index. */
static bool indexed(void) {
    bool exists = false;
    cr_assert_eq(hny_index_exists(scratch_path("data"), "train", &exists), HNY_OK);
    return exists;
}

Test(corpus, a_pair_is_read_by_its_number_in_any_order) {
    struct hny_corpus_options options =
        texts_options(put("s", "10 11\n\n12\n13 14 15"), put("t", "20\n21\n22 23\n24\n"));
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
    struct hny_corpus_options plain = texts_options(put("s", source), put("t", target));
    struct hny_corpus_options packed = texts_options(put_gz("s.gz", source), put_zst("t.zst", target));
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
        texts_options(put("s", "10 11\n \n10\n10 10 10 10 10\n10\n10\n\n10 10 10 10\n"),
                      put("t", "20\n20\n\n20\n20 20 20 20 20\n20 20 20 20\n\n20 20\n"));
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
    struct hny_corpus_options options = texts_options(put("s", "10\n11\n12\n13\n"), put("t", "20\n21"));
    refuse(&options, HNY_ERROR_INPUT, "s has 4 lines, but ");
    cr_assert_not_null(strstr(hny_message(), "t has 2:"), "%s", hny_message());
    options = texts_options(put("s", ""), put("t", "20\n21\n22\n"));
    refuse(&options, HNY_ERROR_INPUT, "s has 0 lines, but ");
    cr_assert_not_null(strstr(hny_message(), "t has 3:"), "%s", hny_message());
    cr_assert(!indexed());
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
        struct hny_corpus_options options = texts_options(put("s", "10\n11\n"), put("t", text));
        refuse(&options, HNY_ERROR_INPUT, bad[i].expected);
        cr_assert_not_null(strstr(hny_message(), "t:2: "), "%s", hny_message());
        cr_assert(!indexed());
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
    struct hny_corpus_options options = texts_options(put("s", "  10\t11  \n"), put("t", "1 999\n"));
    struct hny_corpus *corpus = texts_open("data", &options);
    struct hny_corpus_reader *reader = NULL;
    cr_assert_eq(hny_corpus_reader_create(&reader, corpus), HNY_OK);
    cr_assert_str_eq(texts_read(reader, 0, HNY_SOURCE, NULL), "10 11");
    cr_assert_str_eq(texts_read(reader, 0, HNY_TARGET, NULL), "1 999");
    hny_corpus_reader_destroy(&reader);
    hny_corpus_close(&corpus);
}

Test(corpus, a_corpus_of_which_nothing_is_left_is_refused_with_the_reasons) {
    struct hny_corpus_options options = texts_options(put("s", "\n10\n"), put("t", "20\n\n"));
    refuse(&options, HNY_ERROR_INPUT, "no pair is left: 2 lines, 0 pairs; left out 1: the source is empty");
    options = texts_options(put("s", ""), put("t", ""));
    refuse(&options, HNY_ERROR_INPUT, "no pair is left: 0 lines");
    cr_assert(!indexed());
}

Test(corpus, texts_that_cannot_be_read_twice_are_refused) {
    const char *pipe_path = scratch_path("pipe");
    cr_assert_eq(mkfifo(pipe_path, 0600), 0);
    struct hny_corpus_options options = texts_options(put("s", "10\n"), scratch_path("missing"));
    refuse(&options, HNY_ERROR_IO, "missing");
    options = texts_options(put("s", "10\n"), pipe_path);
    refuse(&options, HNY_ERROR_INPUT, "not a plain file");
}

Test(corpus, damaged_packed_texts_are_refused_and_leave_nothing) {
    char cut[64];
    const char *path = put_gz("s.gz", "10\n11\n");
    FILE *file = fopen(path, "rb");
    size_t size = fread(cut, 1, sizeof cut, file);
    fclose(file);
    struct hny_corpus_options options =
        texts_options(scratch_put("s.gz", cut, size - 9), put("t", "20\n21\n"));
    refuse(&options, HNY_ERROR_INPUT, "cut short");
    cr_assert(!hny_path_exists(scratch_path("data/train.source")));
    cr_assert(!indexed());
}

Test(corpus, an_index_is_made_once_and_found_again) {
    struct hny_corpus_options options = texts_options(put("s", "10\n11 12\n"), put_gz("t.gz", "20\n21\n"));
    struct stat first, second;
    struct hny_corpus *corpus = texts_open("data", &options);
    hny_corpus_close(&corpus);
    cr_assert_eq(stat(scratch_path("data/train.index"), &first), 0);
    corpus = texts_open("data", &options);
    cr_assert_eq(hny_corpus_pairs(corpus), 2);
    hny_corpus_close(&corpus);
    cr_assert_eq(stat(scratch_path("data/train.index"), &second), 0);
    cr_assert_eq(first.st_ino, second.st_ino);
}

Test(corpus, an_index_of_other_texts_or_options_is_refused) {
    struct hny_corpus_options options = texts_options(put("s", "10\n11\n"), put("t", "20\n21\n"));
    struct hny_corpus *corpus = texts_open("data", &options);
    hny_corpus_close(&corpus);
    struct hny_corpus_options other = options;
    other.max_length = 9;
    refuse(&other, HNY_ERROR_USAGE, "max_length 0, now 9");
    other = options;
    other.max_ratio = 2.5;
    refuse(&other, HNY_ERROR_USAGE, "max_ratio 0, now 2.5");
    other = options;
    other.vocabulary[HNY_TARGET] = 500;
    refuse(&other, HNY_ERROR_USAGE, "another target tokenizer: ids below 1000, now ids below 500");
    put("t", "20\n22\n"); /* the same size */
    refuse(&options, HNY_ERROR_INPUT, "t: changed since");
    put("t", "20\n21\n");
    corpus = texts_open("data", &options);
    hny_corpus_close(&corpus);
}

Test(corpus, a_damaged_index_is_refused) {
    struct hny_corpus_options options = texts_options(put("s", "10\n11\n"), put_gz("t.gz", "20\n21\n"));
    struct hny_corpus *corpus = texts_open("data", &options);
    hny_corpus_close(&corpus);
    char records[80];
    const char *path = scratch_path("data/train.index");
    FILE *file = fopen(path, "rb");
    cr_assert_eq(fread(records, 1, sizeof records, file), sizeof records);
    fclose(file);
    records[8]++;
    scratch_put("data/train.index", records, sizeof records);
    refuse(&options, HNY_ERROR_INPUT, "train.index: damaged");
    scratch_put("data/train.index", records, sizeof records - 1);
    refuse(&options, HNY_ERROR_INPUT, "79 bytes, expected 80");
    records[8]--;
    scratch_put("data/train.index", records, sizeof records);
    put("data/train.target", "20\n20\n");
    refuse(&options, HNY_ERROR_INPUT, "train.target: changed");
    put("data/train.json", "{\"kind\": \"honyaku corpus index\", \"version\": 2}");
    refuse(&options, HNY_ERROR_INPUT, "\"version\": expected 1");
    put("data/train.json", "{\"kind\": \"honyaku\"}");
    refuse(&options, HNY_ERROR_INPUT, "\"kind\": expected");
    put("data/train.json", "{");
    refuse(&options, HNY_ERROR_INPUT, "train.json:1: not valid JSON");
}

Test(corpus, a_text_that_is_changed_or_cut_while_it_is_read_is_an_error_not_a_crash) {
    struct hny_corpus_options options = texts_options(put("s", "10\n11\n"), put("t", "20\n21\n"));
    struct hny_corpus *corpus = texts_open("data", &options);
    struct hny_corpus_reader *reader = NULL;
    struct hny_ids ids = {0};
    cr_assert_eq(hny_corpus_reader_create(&reader, corpus), HNY_OK);
    cr_assert_eq(hny_corpus_check(corpus), HNY_OK);
    put("t", "20\n2 ");
    cr_assert_eq(hny_corpus_check(corpus), HNY_ERROR_INPUT);
    cr_assert_eq(hny_corpus_read(reader, 1, HNY_TARGET, NULL, &ids), HNY_ERROR_INPUT);
    put("t", "");
    cr_assert_eq(hny_corpus_read(reader, 1, HNY_TARGET, NULL, &ids), HNY_ERROR_INPUT);
    cr_assert_eq(ids.count, 0);
    put("t", "20\n  \n"); /* no token where there was one */
    cr_assert_eq(hny_corpus_read(reader, 1, HNY_TARGET, NULL, &ids), HNY_ERROR_INPUT);
    hny_ids_free(&ids);
    hny_corpus_reader_destroy(&reader);
    hny_corpus_close(&corpus);
}

static void index_bytes(const char *folder, struct hny_buffer *bytes) {
    struct hny_buffer path = {0};
    static const char *const names[] = {"train.json", "train.index", "train.source"};
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(hny_path_join(&path, scratch_path(folder), names[i]), HNY_OK);
        cr_assert_eq(hny_file_read(path.data, 1 << 20, bytes), HNY_OK, "%s", hny_message());
    }
    hny_buffer_free(&path);
}

/* Pairs of 20,000 lines, more than a chunk holds, in a packed and a plain text. */
static struct hny_corpus_options long_options(void) {
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    for (int i = 0; i < 20000; i++) fprintf(file, "%d %d\n", 10 + i % 900, 10 + i % 7);
    fclose(file);
    const char *source = put_gz("long.gz", text);
    const char *target = put("long", text);
    free(text);
    return texts_options(source, target);
}

Test(corpus, any_number_of_threads_makes_the_same_index) {
    struct hny_corpus_options options = long_options();
    static const char *const folders[] = {"one", "two", "five"};
    static const size_t counts[] = {1, 2, 5};
    struct hny_buffer bytes[3] = {{0}};
    for (size_t i = 0; i < 3; i++) {
        struct hny_threads *threads = NULL;
        struct hny_corpus *corpus = NULL;
        cr_assert_eq(hny_threads_create(&threads, counts[i]), HNY_OK);
        cr_assert_eq(hny_corpus_open(&corpus, scratch_path(folders[i]), "train", &options, threads), HNY_OK);
        cr_assert_eq(hny_corpus_pairs(corpus), 20000);
        hny_corpus_close(&corpus);
        hny_threads_destroy(&threads);
        index_bytes(folders[i], &bytes[i]);
        cr_assert_eq(bytes[i].size, bytes[0].size);
        cr_assert_arr_eq(bytes[i].data, bytes[0].data, bytes[0].size);
    }
    for (size_t i = 0; i < 3; i++) hny_buffer_free(&bytes[i]);
}

Test(corpus, indexing_that_is_asked_to_stop_stops_and_begins_anew_later) {
    struct hny_corpus_options options = long_options();
    hny_stop_catch();
    raise(SIGTERM);
    refuse(&options, HNY_INTERRUPTED, "interrupted");
    cr_assert(!indexed());
    cr_assert(!hny_path_exists(scratch_path("data/train.source")));
}

Test(corpus, what_a_killed_run_left_is_removed) {
    struct hny_corpus_options options = texts_options(put("s", "10\n"), put("t", "20\n"));
    cr_assert_eq(hny_directory_create(scratch_path("data")), HNY_OK);
    put("data/train.index.123-0.tmp", "half");
    put("data/train.source.123-0.tmp", "half");
    put("data/other.index.123-0.tmp", "not ours");
    put("data/train.index", "whole, but of an index that was never finished");
    struct hny_corpus *corpus = texts_open("data", &options);
    cr_assert_eq(hny_corpus_pairs(corpus), 1);
    hny_corpus_close(&corpus);
    cr_assert(!hny_path_exists(scratch_path("data/train.index.123-0.tmp")));
    cr_assert(!hny_path_exists(scratch_path("data/train.source.123-0.tmp")));
    cr_assert(hny_path_exists(scratch_path("data/other.index.123-0.tmp")));
}

/* --- With a tokenizer ---------------------------------------------------------------------------------- */

static struct hny_corpus_options word_options(bool bpe, struct hny_tokenizer **tokenizer) {
    const char *source = scratch_path("words.s"), *target = scratch_path("words.t");
    texts_words(source, target, 300, bpe, tokenizer);
    struct hny_corpus_options options = texts_options(source, target);
    for (enum hny_side side = 0; side < HNY_SIDES; side++) {
        options.tokenizers[side] = *tokenizer;
        options.digests[side] = "the digest";
    }
    return options;
}

Test(corpus, texts_are_tokenised_as_the_tokenizer_does) {
    struct hny_tokenizer *tokenizer = NULL;
    struct hny_corpus_options options = word_options(false, &tokenizer);
    struct hny_corpus *corpus = texts_open("data", &options);
    struct hny_corpus_reader *reader = NULL;
    struct hny_encoding *encoding = NULL;
    cr_assert_eq(hny_corpus_reader_create(&reader, corpus), HNY_OK);
    cr_assert_eq(hny_encoding_create(&encoding, tokenizer), HNY_OK);
    cr_assert_eq(hny_corpus_pairs(corpus), 300);
    for (size_t pair = 0; pair < 300; pair += 17) {
        struct hny_ids expected = {0}, ids = {0};
        const char *text = NULL;
        size_t size = 0;
        cr_assert_eq(hny_corpus_text(reader, pair, HNY_TARGET, &text, &size), HNY_OK);
        cr_assert_eq(hny_tokenizer_encode(encoding, text, size, NULL, &expected), HNY_OK);
        cr_assert_eq(hny_corpus_read(reader, pair, HNY_TARGET, NULL, &ids), HNY_OK);
        cr_assert_eq(ids.count, expected.count);
        cr_assert_eq(ids.count, hny_corpus_record(corpus, pair)->tokens[HNY_TARGET]);
        cr_assert_arr_eq(ids.ids, expected.ids, ids.count * sizeof *ids.ids);
        hny_ids_free(&ids);
        hny_ids_free(&expected);
    }
    hny_encoding_destroy(&encoding);
    hny_corpus_reader_destroy(&reader);
    hny_corpus_close(&corpus);
    hny_tokenizer_close(&tokenizer);
}

Test(corpus, an_index_of_another_tokenizer_is_refused_and_one_without_digest_too) {
    struct hny_tokenizer *tokenizer = NULL;
    struct hny_corpus_options options = word_options(false, &tokenizer);
    struct hny_corpus *corpus = texts_open("data", &options);
    hny_corpus_close(&corpus);
    options.digests[HNY_SOURCE] = "another digest";
    refuse(&options, HNY_ERROR_USAGE, "another source tokenizer: the digest, now another digest");
    options.digests[HNY_SOURCE] = NULL;
    refuse(&options, HNY_ERROR_USAGE, "needs a SHA-256");
    hny_tokenizer_close(&tokenizer);
}

Test(corpus, what_is_drawn_is_never_longer_than_the_limit) {
    struct hny_tokenizer *tokenizer = NULL;
    struct hny_corpus_options options = word_options(true, &tokenizer);
    options.max_length = 14;
    struct hny_corpus *corpus = texts_open("data", &options);
    struct hny_corpus_reader *reader = NULL;
    cr_assert_eq(hny_corpus_reader_create(&reader, corpus), HNY_OK);
    cr_assert_eq(hny_corpus_longest(corpus, HNY_SOURCE, true), 14);
    size_t longer = 0, plain = 0;
    for (size_t pair = 0; pair < hny_corpus_pairs(corpus); pair++) {
        struct hny_sampling sampling = {.dropout = 0.5,
                                        .stream = hny_random_stream(1, HNY_RANDOM_SUBWORD, 0, 0)};
        struct hny_ids ids = {0};
        cr_assert_eq(hny_corpus_read(reader, pair, HNY_SOURCE, &sampling, &ids), HNY_OK, "%s", hny_message());
        cr_assert_leq(ids.count, 14);
        longer += ids.count > hny_corpus_record(corpus, pair)->tokens[HNY_SOURCE];
        plain += ids.count == hny_corpus_record(corpus, pair)->tokens[HNY_SOURCE];
        hny_ids_free(&ids);
    }
    cr_assert_gt(longer, 0); /* something was drawn */
    cr_assert_gt(plain, 0);  /* and something too long */
    hny_corpus_reader_destroy(&reader);
    hny_corpus_close(&corpus);
    hny_tokenizer_close(&tokenizer);
}

Test(corpus, broken_utf8_is_replaced_counted_and_read_alike_from_plain_and_packed_texts) {
    struct hny_tokenizer *tokenizer = NULL;
    struct hny_corpus_options options = word_options(false, &tokenizer);
    static const char broken[] = "kamo\xFF\xFEri\nne so\n";
    char first[4096];
    for (size_t i = 0; i < 2; i++) {
        struct hny_corpus_options paths =
            texts_options(i ? put_gz("b.gz", broken) : put("b", broken), put("t", "kamo\nriba\n"));
        memcpy(options.paths, paths.paths, sizeof options.paths);
        struct hny_corpus *corpus = texts_open(i ? "packed" : "plain", &options);
        struct hny_corpus_reader *reader = NULL;
        cr_assert_eq(hny_corpus_about(corpus)->text[HNY_SOURCE].replaced, 2);
        cr_assert_eq(hny_corpus_reader_create(&reader, corpus), HNY_OK);
        const char *ids = texts_read(reader, 0, HNY_SOURCE, NULL);
        if (i == 0)
            strcpy(first, ids);
        else
            cr_assert_str_eq(ids, first);
        hny_corpus_reader_destroy(&reader);
        hny_corpus_close(&corpus);
    }
    hny_tokenizer_close(&tokenizer);
}
