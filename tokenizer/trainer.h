/* Training a tokenizer from raw text. */
#ifndef HNY_TOKENIZER_TRAINER_H
#define HNY_TOKENIZER_TRAINER_H

#include "base/buffer.h"
#include "base/threads.h"
#include <stdbool.h>
#include <stdint.h>

enum hny_tokenizer_kind { HNY_TOKENIZER_UNIGRAM, HNY_TOKENIZER_BPE };
enum hny_normal_form { HNY_NORMAL_NFC, HNY_NORMAL_NFKC, HNY_NORMAL_NONE };

struct hny_tokenizer_options {
    enum hny_tokenizer_kind kind;
    enum hny_normal_form form;
    size_t vocabulary; /* ids in all, the special and byte ones included; at least HNY_ID_PIECES + 1 */
    double coverage;   /* part of the text's characters that get a piece; bytes stand for the rest; 0.9995 */
    const char *const *symbols; /* user-defined pieces, never split; SYMBOL_COUNT of them */
    size_t symbol_count;
    bool split_digits;    /* every digit is a piece of its own */
    size_t longest_piece; /* in characters; 16 */
    size_t line_limit; /* lines drawn at most, by SEED, where the texts have more, which is said; 5,000,000 */
    size_t memory_bytes; /* that training may take: the sample is cut to fit, which is said; 6 GiB */
    uint64_t seed;
};

void hny_tokenizer_defaults(struct hny_tokenizer_options *options);

/* Trains on the lines of COUNT texts (joint vocabulary) and appends the tokenizer file to FILE. The same
 * texts and options give the same bytes at any number of THREADS; ties are broken by byte order. Each text is
 * read once, so one may be standard input ("-").
 *
 * No piece holds a space behind its first character, goes from one kind of character to another (letters of
 * one script, Han and kana being one; digits; the rest), or has a part of a symbol. A character beyond the
 * coverage, or for which the vocabulary has no room, is spelled in bytes. Where the text supports fewer
 * pieces than asked for, the vocabulary is smaller and that is said on standard error.
 *
 * Options that make no sense are HNY_ERROR_USAGE; HNY_INTERRUPTED after hny_stop_requested(). On failure FILE
 * is as it was. */
hny_status hny_tokenizer_train(const char *const *paths, size_t count,
                               const struct hny_tokenizer_options *options, struct hny_threads *threads,
                               struct hny_buffer *file);

#endif
