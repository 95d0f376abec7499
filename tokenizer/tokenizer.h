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
    HNY_ID_UNKNOWN = 1, /* never made by encoding (bytes stand for what has no piece); met in foreign id files */
    HNY_ID_BEGIN = 2,
    HNY_ID_END = 3,
    HNY_ID_BYTES = 4,
    HNY_ID_PIECES = 260,
};

struct hny_tokenizer;

/* Reads a tokenizer file. A wrong kind or version, or damage, is refused with file, line and what was expected. */
hny_status hny_tokenizer_open(struct hny_tokenizer **tokenizer, const char *path);
hny_status hny_tokenizer_parse(struct hny_tokenizer **tokenizer, const char *name, const char *text, size_t size);
void hny_tokenizer_close(struct hny_tokenizer **tokenizer); /* nulls; NULL is allowed */

size_t hny_tokenizer_size(const struct hny_tokenizer *tokenizer); /* ids are 0…size-1 */

/* The piece of ID as written in the vocabulary (▁ for a space, <0x0A> for a byte); owned by the tokenizer. */
const char *hny_tokenizer_piece(const struct hny_tokenizer *tokenizer, int32_t id);

/* 0…255 where ID is a byte piece, else -1. */
int hny_tokenizer_byte(const struct hny_tokenizer *tokenizer, int32_t id);

/* How encoding draws among segmentations; zero-initialised it draws none. */
struct hny_sampling {
    double temperature;       /* unigram: segmentations drawn with probability ∝ p^temperature (Kudo 2018's α); 0 off */
    double dropout;           /* BPE: each merge skipped with this probability (Provilkov et al. 2020); 0 off */
    struct hny_random stream; /* where the draws come from: the same stream and text give the same ids */
};

struct hny_ids {
    int32_t *ids;
    size_t count;
    size_t capacity;
};
void hny_ids_free(struct hny_ids *ids); /* back to the zero state */

/* Workspace of one thread, so that encoding allocates nothing once warm. The tokenizer itself is never changed
 * and is shared by threads. */
struct hny_encoding;
hny_status hny_encoding_create(struct hny_encoding **encoding, const struct hny_tokenizer *tokenizer);
void hny_encoding_destroy(struct hny_encoding **encoding);

/* Normalises TEXT (SIZE bytes, any bytes; broken UTF-8 is replaced) and appends its ids to IDS, without begin and
 * end. SAMPLING may be NULL. */
hny_status hny_tokenizer_encode(struct hny_encoding *encoding, const char *text, size_t size,
                                const struct hny_sampling *sampling, struct hny_ids *ids);

/* Appends the text of COUNT ids to TEXT: decode(encode(x)) = normalise(x) exactly. Ids below HNY_ID_BYTES give
 * nothing; broken UTF-8 that byte pieces spell is replaced by U+FFFD, so TEXT is always valid. An id outside the
 * vocabulary is HNY_ERROR_INPUT. */
hny_status hny_tokenizer_decode(const struct hny_tokenizer *tokenizer, const int32_t *ids, size_t count,
                                struct hny_buffer *text);

/* Appends the normal form of TEXT, as encoding sees it, to OUT. */
hny_status hny_tokenizer_normalise(const struct hny_tokenizer *tokenizer, const char *text, size_t size,
                                   struct hny_buffer *out);

#endif
