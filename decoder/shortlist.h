/* A lexical shortlist: which target subwords a sentence's source subwords probably translate to (Jean et al.
 * 2015; Mi et al. 2016), so that the output need not be computed over all of them.
 *
 * As a file, all numbers 32 bits, little-endian, without gaps:
 *   16 bytes    "honyaku short 1" and a NUL
 *   64 and 64   hexadecimal SHA-256 of the source's and the target's tokenizer; zeros (ASCII) where there is
 *               none
 *   6 numbers   source and target vocabulary; 1 where a sentence's own subwords are candidates too, else 0;
 *               most targets of a source subword; F; E
 *   F numbers   targets that are always candidates, rising
 *   1 number for each source subword: how many targets follow for it
 *   E numbers   the targets, source by source, rising within each
 */
#ifndef HNY_DECODER_SHORTLIST_H
#define HNY_DECODER_SHORTLIST_H

#include "base/buffer.h"
#include "base/digest.h"
#include <stdbool.h>
#include <stdint.h>

/* A sentence with more candidates than this, or than half of the vocabulary, is searched over the whole
 * vocabulary: little would be spared, and memory stays bounded. */
#define HNY_SHORTLIST_MOST ((size_t)4096)

struct hny_shortlist {
    char tokenizers[2][HNY_DIGEST_TEXT]; /* of source and target */
    size_t source, target;               /* vocabularies */
    bool own;
    size_t best;
    int32_t *frequent; /* [frequent_count] */
    size_t frequent_count;
    uint32_t *first; /* [source + 1] source subword s has targets[first[s]…first[s + 1]-1] */
    int32_t *targets;
};

/* Reads a file of SIZE bytes strictly; NAME stands for it in messages (HNY_ERROR_INPUT). */
hny_status hny_shortlist_parse(struct hny_shortlist **shortlist, const char *name, const void *data,
                               size_t size);
void hny_shortlist_destroy(struct hny_shortlist **shortlist); /* nulls; NULL is allowed */

/* Appends the file. */
hny_status hny_shortlist_print(const struct hny_shortlist *shortlist, struct hny_buffer *file);

/* One thread's workspace for sentences. SHORTLIST and BYTES ([target]: as in struct hny_search_model) must
 * outlive it. */
struct hny_shortlist_reader;
hny_status hny_shortlist_reader_create(struct hny_shortlist_reader **reader,
                                       const struct hny_shortlist *shortlist, const int16_t *bytes);
void hny_shortlist_reader_destroy(struct hny_shortlist_reader **reader); /* nulls; NULL is allowed */

/* The candidates of the sentence IDS [count], inside the source vocabulary: *CANDIDATES rising, the reader's
 * until the next call; *CANDIDATE_COUNT 0 stands for the whole vocabulary. A function of the sentence alone.
 * Beside those of the table: END and UNKNOWN; where a byte that begins a character is among them, all that
 * can continue one. */
void hny_shortlist_candidates(struct hny_shortlist_reader *reader, const int32_t *ids, size_t count,
                              const int32_t **candidates, size_t *candidate_count);

#endif
