/* Raw UTF-8 text to subword ids and back. */
#ifndef HNY_TOKENIZER_TOKENIZER_H
#define HNY_TOKENIZER_TOKENIZER_H

#include "base/buffer.h"
#include "base/random.h"
#include <stdbool.h>
#include <stdint.h>

/* Ids that every vocabulary starts with; the 256 byte pieces <0x00>…<0xFF> follow at HNY_ID_BYTES. */
enum {
    HNY_ID_PAD = 0,
    HNY_ID_UNKNOWN =
        1, /* never made by encoding (bytes stand for what has no piece); met in foreign id files */
    HNY_ID_BEGIN = 2,
    HNY_ID_END = 3,
    HNY_ID_BYTES = 4,
    HNY_ID_PIECES = 260,
};

struct hny_tokenizer;

/* Reads a tokenizer file. A wrong kind or version, or damage, is refused with file, line and what was
 * expected. */
hny_status hny_tokenizer_open(struct hny_tokenizer **tokenizer, const char *path);
hny_status hny_tokenizer_parse(struct hny_tokenizer **tokenizer, const char *name, const char *text,
                               size_t size);
void hny_tokenizer_close(struct hny_tokenizer **tokenizer); /* nulls; NULL is allowed */

size_t hny_tokenizer_size(const struct hny_tokenizer *tokenizer); /* ids are 0…size-1 */

/* "unigram" or "bpe"; "nfc", "nfkc" or "none". */
const char *hny_tokenizer_kind_name(const struct hny_tokenizer *tokenizer);
const char *hny_tokenizer_form_name(const struct hny_tokenizer *tokenizer);

/* Appends the tokenizer's file to FILE: the very bytes that it was read from, because a tokenizer has only
 * one spelling. Their SHA-256 names the tokenizer; their last line is that of all before it. */
hny_status hny_tokenizer_write(const struct hny_tokenizer *tokenizer, struct hny_buffer *file);

/* The piece of ID as written in the vocabulary (▁ for a space, <0x0A> for a byte, <pad>, <unk>, <s>, </s>);
 * owned by the tokenizer. NULL where ID is outside the vocabulary. */
const char *hny_tokenizer_piece(const struct hny_tokenizer *tokenizer, int32_t id);

/* The id of the piece written PIECE, or -1: no two ids are written alike. */
int32_t hny_tokenizer_find(const struct hny_tokenizer *tokenizer, const char *piece);

/* 0…255 where ID is a byte piece, else -1. */
int hny_tokenizer_byte(const struct hny_tokenizer *tokenizer, int32_t id);

/* How encoding draws among segmentations; zero-initialised it draws none. Each kind of tokenizer heeds its
 * own member and leaves the other's alone; a value outside its range is HNY_ERROR_USAGE. */
struct hny_sampling {
    double temperature; /* unigram: segmentations drawn with probability ∝ p^temperature (Kudo 2018's α); 0
                           off */
    double dropout;     /* BPE: each merge skipped with this probability (Provilkov et al. 2020); 0 off */
    struct hny_random stream; /* where the draws come from: the same stream and text give the same ids */
};

struct hny_ids {
    int32_t *ids;
    size_t count;
    size_t capacity;
};
void hny_ids_free(struct hny_ids *ids); /* back to the zero state */

/* Workspace of one thread, so that encoding allocates nothing once warm. The tokenizer itself is never
 * changed and is shared by threads. */
struct hny_encoding;
hny_status hny_encoding_create(struct hny_encoding **encoding, const struct hny_tokenizer *tokenizer);
void hny_encoding_destroy(struct hny_encoding **encoding);

/* Normalises TEXT (SIZE bytes, any bytes; broken UTF-8 is replaced) and appends its ids to IDS, without begin
 * and end. SAMPLING may be NULL. On failure IDS holds what it held.
 *
 * A ▁ (U+2581) in TEXT itself is spelled in bytes, so it never becomes a space. */
hny_status hny_tokenizer_encode(struct hny_encoding *encoding, const char *text, size_t size,
                                const struct hny_sampling *sampling, struct hny_ids *ids);

/* Appends the text of COUNT ids to TEXT: decode(encode(x)) = normalise(x) exactly. Ids below HNY_ID_BYTES
 * give nothing; broken UTF-8 and control characters that byte pieces spell are replaced by U+FFFD, so TEXT is
 * always valid and never holds a LF or NUL. One space at the beginning is dropped: encoding put it before the
 * first word. An id outside the vocabulary is HNY_ERROR_INPUT, and TEXT is as it was. */
hny_status hny_tokenizer_decode(const struct hny_tokenizer *tokenizer, const int32_t *ids, size_t count,
                                struct hny_buffer *text);

/* Appends the normal form of TEXT, as encoding sees it, to OUT. In this order: broken UTF-8 becomes U+FFFD;
 * control characters and invisible marks of layout (soft hyphen, zero width space, directional marks, byte
 * order mark) are dropped; TAB, no-break spaces and all other spaces and line ends become U+0020, except the
 * ideographic space U+3000, which Japanese writes as a sign of its own; then NFC, NFKC or nothing, by the
 * tokenizer; runs of spaces become one, and none is left at the beginning or the end. The table stands in
 * tokenizer/normalise.c. The result is its own normal form. */
hny_status hny_tokenizer_normalise(const struct hny_tokenizer *tokenizer, const char *text, size_t size,
                                   struct hny_buffer *out);

#endif
