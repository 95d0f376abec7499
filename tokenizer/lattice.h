/* The unigram model while it is trained, and what the segments say of it: expected and most probable counts.
 * Private to the room.
 *
 * Sums over the text are whole numbers, so their order, and with it the number of threads, changes nothing.
 */
#ifndef HNY_TOKENIZER_LATTICE_H
#define HNY_TOKENIZER_LATTICE_H

#include "base/threads.h"
#include "tokenizer/segments.h"

#define HNY_EXPECTED_UNIT ((double)(1 << 20)) /* parts of an expected count of 1.0 */

struct hny_trained_piece {
    const char *text;
    uint32_t size;
    bool required; /* a single character: never dropped */
    bool dropped;  /* out of the model, though still in its trie */
    double score;  /* natural logarithm of its probability */
};

struct hny_lattice {
    const struct hny_segments *segments;
    struct hny_threads *threads;
    struct hny_trained_piece *pieces; /* [count], sorted by bytes */
    size_t count;
    struct hny_trie trie; /* values are indices + 1 */
    double *weights;      /* [count]: probabilities, 0 where dropped */
};

/* Builds the trie over all pieces and allots the weights; frees what was there before. */
hny_status hny_lattice_build(struct hny_lattice *lattice);
void hny_lattice_free(struct hny_lattice *lattice); /* trie and weights, not the pieces */

/* Sets weights from scores. */
void hny_lattice_weigh(struct hny_lattice *lattice);

/* Writes to COUNTS [count], in 1/HNY_EXPECTED_UNIT, how often each piece is expected in the text, over all
 * segmentations (forward-backward; Kudo 2018, section 3.2). */
hny_status hny_lattice_expect(const struct hny_lattice *lattice, uint64_t *counts);

/* Writes to COUNTS [count] how often each piece stands in the most probable segmentations. */
hny_status hny_lattice_best(const struct hny_lattice *lattice, uint64_t *counts);

/* Cuts the text of PIECE into other pieces, most probably; writes their indices to PARTS [size of its text]
 * and returns their number and the sum of their scores; 0 where there is no way. */
size_t hny_lattice_alternative(const struct hny_lattice *lattice, const struct hny_trained_piece *piece,
                               uint32_t *parts, double *score);

#endif
