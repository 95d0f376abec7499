/* Small parallel texts for the tests of corpora, in the scratch folder. */
#ifndef TESTS_MODEL_TEXTS_H
#define TESTS_MODEL_TEXTS_H

#include "model/corpus.h"

/* Writes LINES lines of ids below VOCABULARY to NAME, each 1 to LONGEST of them, drawn by SEED; returns its
 * path. */
const char *texts_ids(const char *name, size_t lines, size_t longest, size_t vocabulary, uint64_t seed);

/* Writes two texts of LINES sentences of made-up words, and learns a tokenizer from them (BPE or unigram),
 * which is the caller's. */
void texts_words(const char *source, const char *target, size_t lines, bool bpe,
                 struct hny_tokenizer **tokenizer);

/* Writes TEXT to NAME as it is, or packed; returns its path. */
const char *texts_put(const char *name, const char *text);
const char *texts_put_gz(const char *name, const char *text);
const char *texts_put_zst(const char *name, const char *text);

/* Options for two texts of ids below 1,000, without filter. Indexing then says nothing. */
struct hny_corpus_options texts_options(const char *source, const char *target);

/* Opens the corpus "train" in the folder NAME of the scratch folder; fails the test where that fails. */
struct hny_corpus *texts_open(const char *folder, const struct hny_corpus_options *options);

/* Opening the corpus "train" in the folder "data" fails with STATUS and EXPECTED in the message. */
void texts_refuse(const struct hny_corpus_options *options, hny_status status, const char *expected);

/* Whether the folder "data" holds an index. */
bool texts_indexed(void);

/* The ids of a pair's side as text, until the next call. */
const char *texts_read(struct hny_corpus_reader *reader, size_t pair, enum hny_side side,
                       const struct hny_sampling *sampling);

#endif
