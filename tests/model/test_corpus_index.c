/* The index of a corpus: made once, by any number of threads, and believed only where it fits. */
#include "base/progress.h"
#include "tests/base/scratch.h"
#include "tests/model/texts.h"
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

TestSuite(corpus_index, .init = scratch_open, .fini = scratch_close);

Test(corpus_index, an_index_is_made_once_and_found_again) {
    struct hny_corpus_options options =
        texts_options(texts_put("s", "10\n11 12\n"), texts_put_gz("t.gz", "20\n21\n"));
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

Test(corpus_index, an_index_of_other_texts_or_options_is_refused) {
    struct hny_corpus_options options = texts_options(texts_put("s", "10\n11\n"), texts_put("t", "20\n21\n"));
    struct hny_corpus *corpus = texts_open("data", &options);
    hny_corpus_close(&corpus);
    struct hny_corpus_options other = options;
    other.max_length = 9;
    texts_refuse(&other, HNY_ERROR_USAGE, "max_length 0, now 9");
    other = options;
    other.max_ratio = 2.5;
    texts_refuse(&other, HNY_ERROR_USAGE, "max_ratio 0, now 2.5");
    other = options;
    other.vocabulary[HNY_TARGET] = 500;
    texts_refuse(&other, HNY_ERROR_USAGE, "another target tokenizer: ids below 1000, now ids below 500");
    texts_put("t", "20\n22\n"); /* the same size */
    texts_refuse(&options, HNY_ERROR_INPUT, "t: changed since");
    texts_put("t", "20\n21\n");
    corpus = texts_open("data", &options);
    hny_corpus_close(&corpus);
}

Test(corpus_index, a_damaged_index_is_refused) {
    struct hny_corpus_options options =
        texts_options(texts_put("s", "10\n11\n"), texts_put_gz("t.gz", "20\n21\n"));
    struct hny_corpus *corpus = texts_open("data", &options);
    hny_corpus_close(&corpus);
    char records[80];
    const char *path = scratch_path("data/train.index");
    FILE *file = fopen(path, "rb");
    cr_assert_eq(fread(records, 1, sizeof records, file), sizeof records);
    fclose(file);
    records[8]++;
    scratch_put("data/train.index", records, sizeof records);
    texts_refuse(&options, HNY_ERROR_INPUT, "train.index: damaged");
    scratch_put("data/train.index", records, sizeof records - 1);
    texts_refuse(&options, HNY_ERROR_INPUT, "79 bytes, expected 80");
    records[8]--;
    scratch_put("data/train.index", records, sizeof records);
    texts_put("data/train.target", "20\n20\n");
    texts_refuse(&options, HNY_ERROR_INPUT, "train.target: changed");
    texts_put("data/train.json", "{\"kind\": \"honyaku corpus index\", \"version\": 2}");
    texts_refuse(&options, HNY_ERROR_INPUT, "\"version\": expected 1");
    texts_put("data/train.json", "{\"kind\": \"honyaku\"}");
    texts_refuse(&options, HNY_ERROR_INPUT, "\"kind\": expected");
    texts_put("data/train.json", "{");
    texts_refuse(&options, HNY_ERROR_INPUT, "train.json:1: not valid JSON");
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
    const char *source = texts_put_gz("long.gz", text);
    const char *target = texts_put("long", text);
    free(text);
    return texts_options(source, target);
}

Test(corpus_index, any_number_of_threads_makes_the_same_index) {
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

Test(corpus_index, indexing_that_is_asked_to_stop_stops_and_begins_anew_later) {
    struct hny_corpus_options options = long_options();
    hny_stop_catch();
    raise(SIGTERM);
    texts_refuse(&options, HNY_INTERRUPTED, "interrupted");
    cr_assert(!texts_indexed());
    cr_assert(!hny_path_exists(scratch_path("data/train.source")));
}

Test(corpus_index, what_a_killed_run_left_is_removed) {
    struct hny_corpus_options options = texts_options(texts_put("s", "10\n"), texts_put("t", "20\n"));
    cr_assert_eq(hny_directory_create(scratch_path("data")), HNY_OK);
    texts_put("data/train.index.123-0.tmp", "half");
    texts_put("data/train.source.123-0.tmp", "half");
    texts_put("data/other.index.123-0.tmp", "not ours");
    texts_put("data/train.index", "whole, but of an index that was never finished");
    struct hny_corpus *corpus = texts_open("data", &options);
    cr_assert_eq(hny_corpus_pairs(corpus), 1);
    hny_corpus_close(&corpus);
    cr_assert(!hny_path_exists(scratch_path("data/train.index.123-0.tmp")));
    cr_assert(!hny_path_exists(scratch_path("data/train.source.123-0.tmp")));
    cr_assert(hny_path_exists(scratch_path("data/other.index.123-0.tmp")));
}
