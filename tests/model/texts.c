#include "tests/model/texts.h"

#include "base/progress.h"
#include "tests/base/scratch.h"
#include "tokenizer/trainer.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define PATHS 32

static size_t draw(const struct hny_random *stream, uint64_t *at, size_t below) {
    return hny_random_word(stream, (*at)++) % below;
}

const char *texts_ids(const char *name, size_t lines, size_t longest, size_t vocabulary, uint64_t seed) {
    const struct hny_random stream = hny_random_stream(seed, HNY_RANDOM_CORPUS, 0, 0);
    struct hny_buffer text = {0};
    uint64_t at = 0;
    for (size_t i = 0; i < lines; i++) {
        size_t length = 1 + draw(&stream, &at, longest);
        for (size_t j = 0; j < length; j++)
            cr_assert_eq(
                hny_buffer_print(&text, "%s%zu", j ? " " : "", 4 + draw(&stream, &at, vocabulary - 4)),
                HNY_OK);
        cr_assert_eq(hny_buffer_append(&text, "\n", 1), HNY_OK);
    }
    const char *path = scratch_put(name, text.data, text.size);
    hny_buffer_free(&text);
    return path;
}

/* Words of two to four syllables, so that there are pieces to learn and ways to cut. */
static void put_words(const char *path, size_t lines, uint64_t seed) {
    static const char *const syllables[] = {"ka", "mo", "ri", "tu", "ne", "so", "hi", "la", "we", "ba"};
    const struct hny_random stream = hny_random_stream(seed, HNY_RANDOM_CORPUS, 1, 0);
    uint64_t at = 0;
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    for (size_t i = 0; i < lines; i++) {
        size_t words = 1 + draw(&stream, &at, 9);
        for (size_t j = 0; j < words; j++) {
            if (j) fputc(' ', file);
            for (size_t k = 2 + draw(&stream, &at, 3); k > 0; k--)
                fputs(syllables[draw(&stream, &at, 10)], file);
        }
        fputc('\n', file);
    }
    cr_assert_eq(fclose(file), 0);
}

void texts_words(const char *source, const char *target, size_t lines, bool bpe,
                 struct hny_tokenizer **tokenizer) {
    struct hny_tokenizer_options options;
    struct hny_threads *threads = NULL;
    struct hny_buffer file = {0};
    put_words(source, lines, 1);
    put_words(target, lines, 2);
    hny_tokenizer_defaults(&options);
    options.kind = bpe ? HNY_TOKENIZER_BPE : HNY_TOKENIZER_UNIGRAM;
    options.vocabulary = HNY_ID_PIECES + 80;
    cr_assert_eq(hny_threads_create(&threads, 1), HNY_OK);
    const char *const paths[] = {source, target};
    cr_assert_eq(hny_tokenizer_train(paths, 2, &options, threads, &file), HNY_OK, "%s", hny_message());
    cr_assert_eq(hny_tokenizer_parse(tokenizer, "learnt", file.data, file.size), HNY_OK, "%s", hny_message());
    hny_buffer_free(&file);
    hny_threads_destroy(&threads);
}

struct hny_corpus_options texts_options(const char *source, const char *target) {
    static char paths[PATHS][512]; /* scratch_path's own are soon used again */
    static size_t next;
    char *kept[HNY_SIDES] = {paths[next % PATHS], paths[(next + 1) % PATHS]};
    next += 2;
    snprintf(kept[HNY_SOURCE], sizeof paths[0], "%s", source);
    snprintf(kept[HNY_TARGET], sizeof paths[0], "%s", target);
    hny_progress_quiet(true);
    return (struct hny_corpus_options){.paths = {kept[HNY_SOURCE], kept[HNY_TARGET]},
                                       .vocabulary = {1000, 1000}};
}

struct hny_corpus *texts_open(const char *folder, const struct hny_corpus_options *options) {
    struct hny_corpus *corpus = NULL;
    cr_assert_eq(hny_corpus_open(&corpus, scratch_path(folder), "train", options, NULL), HNY_OK, "%s",
                 hny_message());
    return corpus;
}

const char *texts_read(struct hny_corpus_reader *reader, size_t pair, enum hny_side side,
                       const struct hny_sampling *sampling) {
    static char text[4096];
    struct hny_ids ids = {0};
    size_t size = 0;
    cr_assert_eq(hny_corpus_read(reader, pair, side, sampling, &ids), HNY_OK, "%s", hny_message());
    text[0] = '\0';
    for (size_t i = 0; i < ids.count && size + 16 < sizeof text; i++)
        size += (size_t)sprintf(text + size, "%s%d", i ? " " : "", ids.ids[i]);
    hny_ids_free(&ids);
    return text;
}

const char *texts_put(const char *name, const char *text) {
    return scratch_put(name, text, strlen(text));
}

const char *texts_put_gz(const char *name, const char *text) {
    const char *path = scratch_path(name);
    gzFile file = gzopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(gzwrite(file, text, (unsigned)strlen(text)), (int)strlen(text));
    cr_assert_eq(gzclose(file), Z_OK);
    return path;
}

const char *texts_put_zst(const char *name, const char *text) {
    char packed[4096];
    size_t size = ZSTD_compress(packed, sizeof packed, text, strlen(text), 3);
    cr_assert(!ZSTD_isError(size));
    return scratch_put(name, packed, size);
}

void texts_refuse(const struct hny_corpus_options *options, hny_status status, const char *expected) {
    struct hny_corpus *corpus = NULL;
    hny_status got = hny_corpus_open(&corpus, scratch_path("data"), "train", options, NULL);
    cr_assert_eq(got, status, "status %d: %s", got, hny_message());
    cr_assert_null(corpus);
    cr_assert_not_null(strstr(hny_message(), expected), "%s", hny_message());
}

bool texts_indexed(void) {
    bool exists = false;
    cr_assert_eq(hny_index_exists(scratch_path("data"), "train", &exists), HNY_OK);
    return exists;
}
