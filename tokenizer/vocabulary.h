/* The pieces of a tokenizer and the file that holds them. Private to the room.
 *
 * The file is text (UTF-8, LF), and there is one spelling only: reading and writing gives the same bytes.
 *
 *     honyaku tokenizer 1
 *     kind unigram                     (or bpe)
 *     form nfc                         (or nfkc, none)
 *     size 8000                        (ids in all)
 *     260<TAB><sep><TAB>symbol         (user-defined pieces first)
 *     261<TAB>▁the<TAB>-2.718282       (id, piece with ▁ for a space, score)
 *     …
 *     sha256 9f86d0…                   (of all bytes before this line)
 *
 * A unigram score is a natural logarithm in millionths, so sums are exact. A BPE score is the rank of the
 * merge that makes the piece, rising from 1; characters come first and have 0. The ids below HNY_ID_PIECES
 * are the same in every file and not written. */
#ifndef HNY_TOKENIZER_VOCABULARY_H
#define HNY_TOKENIZER_VOCABULARY_H

#include "base/buffer.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/trainer.h"
#include <stdbool.h>
#include <stdint.h>

#define HNY_PIECE_BYTES 255                    /* of the longest piece */
#define HNY_VOCABULARY_LIMIT ((size_t)1 << 20) /* ids in all */
#define HNY_SCORE_UNIT 1000000                 /* parts of a unigram score's 1.0 */
#define HNY_RANK_LIMIT ((int32_t)1 << 24)      /* BPE ranks are below */
#define HNY_HEADER_LINES 4                     /* before the first piece */
#define HNY_SCORE_LIMIT INT32_MAX              /* unigram scores are in -LIMIT…0 */

struct hny_piece {
    const char *text; /* SIZE bytes, a space where the file has ▁; not NUL-terminated */
    uint32_t size;    /* 1…HNY_PIECE_BYTES */
    int32_t score;    /* unigram: at most 0, in 1/HNY_SCORE_UNIT; BPE: the rank */
};

struct hny_vocabulary {
    enum hny_tokenizer_kind kind;
    enum hny_normal_form form;
    struct hny_piece *pieces; /* of ids HNY_ID_PIECES… */
    size_t count;
    size_t capacity;
    size_t symbol_count; /* the first pieces, which are user-defined */
    char *texts;         /* what the pieces' texts point into, where the vocabulary owns it; else NULL */
};
void hny_vocabulary_free(struct hny_vocabulary *vocabulary); /* back to the zero state */

/* Reads TEXT (SIZE bytes), named NAME in messages. On failure *VOCABULARY is in the zero state. */
hny_status hny_vocabulary_read(struct hny_vocabulary *vocabulary, const char *name, const char *text,
                               size_t size);

/* Appends the file to FILE. */
hny_status hny_vocabulary_write(const struct hny_vocabulary *vocabulary, struct hny_buffer *file);

/* Appends the written form of a piece: ▁ for each space. */
hny_status hny_piece_write(struct hny_buffer *out, const char *text, size_t size);

/* The names of kinds and forms in the file, indexed by the enumerations. */
#define HNY_KINDS 2
#define HNY_FORMS 3
extern const char *const hny_kind_names[HNY_KINDS];
extern const char *const hny_form_names[HNY_FORMS];

/* The written form of an id below HNY_ID_PIECES, in NAME. */
#define HNY_RESERVED_NAME 8
void hny_reserved_name(int32_t id, char name[HNY_RESERVED_NAME]);

/* The id below HNY_ID_PIECES whose written form is TEXT, or -1. No piece may be spelled so. */
int32_t hny_reserved_id(const char *text, size_t size);

/* NULL where TEXT can be a piece, else what is wrong with it: bytes that are not UTF-8, something the normal
 * form never holds, a space behind the first character, a reserved name, a wrong length. */
const char *hny_piece_fault(const char *text, size_t size);

#endif
