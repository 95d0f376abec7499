/* A corpus that is tokenised as it is read. */
#include "tests/base/scratch.h"
#include "tests/model/texts.h"
#include <criterion/criterion.h>
#include <string.h>

TestSuite(corpus_tokens, .init = scratch_open, .fini = scratch_close);

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

Test(corpus_tokens, texts_are_tokenised_as_the_tokenizer_does) {
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

Test(corpus_tokens, an_index_of_another_tokenizer_is_refused_and_one_without_digest_too) {
    struct hny_tokenizer *tokenizer = NULL;
    struct hny_corpus_options options = word_options(false, &tokenizer);
    struct hny_corpus *corpus = texts_open("data", &options);
    hny_corpus_close(&corpus);
    options.digests[HNY_SOURCE] = "another digest";
    texts_refuse(&options, HNY_ERROR_USAGE, "another source tokenizer: the digest, now another digest");
    options.digests[HNY_SOURCE] = NULL;
    texts_refuse(&options, HNY_ERROR_USAGE, "needs a SHA-256");
    hny_tokenizer_close(&tokenizer);
}

Test(corpus_tokens, what_is_drawn_is_never_longer_than_the_limit) {
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

Test(corpus_tokens, broken_utf8_is_replaced_counted_and_read_alike_from_plain_and_packed_texts) {
    struct hny_tokenizer *tokenizer = NULL;
    struct hny_corpus_options options = word_options(false, &tokenizer);
    static const char broken[] = "kamo\xFF\xFEri\nne so\n";
    char first[4096];
    for (size_t i = 0; i < 2; i++) {
        struct hny_corpus_options paths = texts_options(
            i ? texts_put_gz("b.gz", broken) : texts_put("b", broken), texts_put("t", "kamo\nriba\n"));
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
