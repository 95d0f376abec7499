/* A parallel corpus for training: any pair of lines by its number, as text or as ids, in memory that does not
 * grow with the corpus. The texts are the truth: they are tokenised whenever a pair is read, so that every
 * epoch can draw other subwords (Kudo 2018). What is kept is an index (model/index), made once. */
#ifndef HNY_MODEL_CORPUS_H
#define HNY_MODEL_CORPUS_H

#include "base/threads.h"
#include "model/index.h"
#include "tokenizer/tokenizer.h"

struct hny_corpus_options {
    const char *paths[HNY_SIDES]; /* plain, .gz or .zst files; line N of one translates line N of the other */

    /* What makes ids of a line; both may be the same. NULL: the lines are ids already, in decimal, a space
     * between them, each below `vocabulary` and none of them pad, begin or end. Tokenizers must outlive the
     * corpus. */
    const struct hny_tokenizer *tokenizers[HNY_SIDES];
    const char *digests[HNY_SIDES]; /* SHA-256 of the tokenizers' files */
    size_t vocabulary[HNY_SIDES];   /* of sides without tokenizer */

    size_t max_length; /* a pair with more tokens than this on either side is left out; 0: none is */
    double max_ratio;  /* a pair whose one side has more than this many times the other's tokens, too; 0: none
                          is */
};

struct hny_corpus;

/* Opens the corpus whose index is NAME in FOLDER. Where there is none it is made first: both texts are read
 * once, tokenised by THREADS (NULL: the caller alone; the result is the same), filtered (a pair with a side
 * without tokens is always left out), and packed ones are unpacked beside the index. Killed at any moment
 * this leaves no index, and the next call makes the same one.
 *
 * HNY_ERROR_INPUT: the texts' numbers of lines differ (both are named); a line is no line of ids; no pair is
 * left; the text of a found index has changed since. HNY_ERROR_USAGE: the found index was made with other
 * options. HNY_INTERRUPTED: a stop was requested (base/progress); nothing is left behind. */
hny_status hny_corpus_open(struct hny_corpus **corpus, const char *folder, const char *name,
                           const struct hny_corpus_options *options, struct hny_threads *threads);
void hny_corpus_close(struct hny_corpus **corpus); /* nulls; NULL is allowed; readers must be gone */

size_t hny_corpus_pairs(const struct hny_corpus *corpus); /* pairs are 0…pairs-1, in the texts' order */
const struct hny_index_record *hny_corpus_record(const struct hny_corpus *corpus, size_t pair);
const struct hny_index_about *hny_corpus_about(const struct hny_corpus *corpus); /* see hny_index_describe */

/* HNY_ERROR_INPUT where a text was changed while the corpus is open: to be asked now and then. */
hny_status hny_corpus_check(const struct hny_corpus *corpus);

/* One thread's way to the pairs. */
struct hny_corpus_reader;
hny_status hny_corpus_reader_create(struct hny_corpus_reader **reader, const struct hny_corpus *corpus);
void hny_corpus_reader_destroy(struct hny_corpus_reader **reader); /* nulls; NULL is allowed */

/* The most tokens that a read of SIDE can give: of plain segmentations, or where they are drawn. */
size_t hny_corpus_longest(const struct hny_corpus *corpus, enum hny_side side, bool sampled);

/* Appends the ids of PAIR's line on SIDE to IDS, without begin and end. SAMPLING draws among segmentations
 * and may be NULL; where what it draws is longer than hny_corpus_longest allows, the plain segmentation is
 * taken. */
hny_status hny_corpus_read(struct hny_corpus_reader *reader, size_t pair, enum hny_side side,
                           const struct hny_sampling *sampling, struct hny_ids *ids);

/* The text of PAIR's line on SIDE as it lies in the file, NUL behind it; owned by the reader, valid until the
 * next call with it. */
hny_status hny_corpus_text(struct hny_corpus_reader *reader, size_t pair, enum hny_side side,
                           const char **text, size_t *size);

#endif
