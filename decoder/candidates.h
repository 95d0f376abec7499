/* The words that a sentence's translation may be made of, where they are not all: a part of the vocabulary
 * that depends on the sentence alone. Only decoder/search*.c and decoder/beam.h read this header. */
#ifndef HNY_DECODER_CANDIDATES_H
#define HNY_DECODER_CANDIDATES_H

#include "nn/selection.h"
#include <stdint.h>

struct hny_search_model;

/* A byte piece, and its place among the words: its id, or its number among candidates. */
struct hny_byte_piece {
    int32_t place;
    uint8_t byte;
};

/* Zero-initialise to begin: the whole vocabulary. Memory of former sentences is used again. */
struct hny_candidates {
    size_t count;                  /* 0: the whole vocabulary */
    int32_t *ids;                  /* [count], rising */
    bool *refused;                 /* [count] what does not fit between two characters, or is forbidden */
    hny_real *bias;                /* [count] */
    struct hny_byte_piece *pieces; /* [piece_count] that are not forbidden, rising */
    size_t piece_count;
    size_t end; /* the number of the end */
    bool packed;
    struct hny_selection selection; /* of the output's rows, once PACKED */
    size_t ids_capacity, refused_capacity, bias_capacity, pieces_capacity;
};
void hny_candidates_free(struct hny_candidates *candidates); /* back to the zero state */

/* Takes over the COUNT candidates IDS; 0: the whole vocabulary. REFUSED and BIAS are those of the vocabulary.
 * HNY_ERROR_USAGE where they do not rise, are not of the vocabulary or the end is not among them. */
hny_status hny_candidates_set(struct hny_candidates *candidates, const struct hny_search_model *model,
                              const bool *refused, const hny_real *bias, const int32_t *ids, size_t count);

/* logits[count] of the candidates, out of those of the whole vocabulary. */
void hny_candidates_pick(const struct hny_candidates *candidates, const hny_real *whole, hny_real *logits);

#endif
