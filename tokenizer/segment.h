/* What the encoder's files share: the tokenizer's tables, the workspace of an encoding, and the ways to cut
 * one word into ids. Private to the room. */
#ifndef HNY_TOKENIZER_SEGMENT_H
#define HNY_TOKENIZER_SEGMENT_H

#include "tokenizer/normalise.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/trie.h"
#include "tokenizer/vocabulary.h"

/* A word is a space, or nothing, and what follows up to the next space; no piece crosses it. A longer one is
 * cut, at a character's border, so that no text makes an encoding grow. */
#define HNY_WORD_BYTES 16384

/* Pairs of neighbouring pieces that are a piece together: open addressing, at most half full. */
struct hny_pair {
    uint64_t key; /* left id << 32 | right id; 0 where empty (id 0 is no piece) */
    int32_t id;   /* of both together */
    int32_t rank;
};
struct hny_pairs {
    struct hny_pair *slots;
    size_t mask; /* slots less 1; a power of two less 1 */
};

struct hny_tokenizer {
    struct hny_vocabulary vocabulary;
    struct hny_normaliser *normaliser;
    struct hny_trie trie;    /* pieces that are not symbols; values are ids */
    struct hny_trie symbols; /* user-defined pieces */
    int32_t *scores;         /* [size], by id */
    int32_t unknown_score;   /* unigram: of a character that has no piece */
    struct hny_pairs pairs;  /* BPE */
    struct hny_buffer names; /* the written forms of all ids, each with a NUL */
    size_t *name_at;         /* [size], offsets in names */
};

/* Numbers drawn one after the other from a stream. */
struct hny_draws {
    struct hny_random stream;
    uint64_t next;
    uint32_t words[4];
};
double hny_draw(struct hny_draws *draws); /* in [0, 1) */

/* The best way found to an offset of the word. */
struct hny_step {
    int64_t score;
    int32_t id; /* of the piece that ends here, or NO_PIECE */
    uint32_t start;
};
#define HNY_NO_PIECE (-1) /* a character that bytes will spell */

/* A BPE symbol of the word: a piece or a character without one. */
struct hny_link {
    int32_t id;
    int32_t merged; /* the piece made with the next symbol; meaningful where rank is not HNY_RANK_LIMIT */
    int32_t rank;   /* of that piece */
    uint32_t start; /* offset in the word */
    uint32_t previous, next;
};

struct hny_memo_entry;
struct hny_encoding {
    const struct hny_tokenizer *tokenizer;
    struct hny_normal_space space;
    struct hny_buffer text; /* the normal form, behind one space */
    struct hny_memo_entry *memo;
    struct hny_step *steps;   /* unigram: [HNY_WORD_BYTES + 1] */
    double *sums;             /* unigram sampling: [HNY_WORD_BYTES + 1] */
    struct hny_link *links;   /* BPE: [HNY_WORD_BYTES + 1] */
    uint64_t *heap, *skipped; /* BPE: [3 × HNY_WORD_BYTES] merges waiting, and those dropped for now */
};

/* The bytes of the character that begins with BYTE, in valid UTF-8. */
static inline uint32_t hny_character_bytes(unsigned char byte) {
    return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

/* Each writes the ids of WORD (SIZE bytes of valid UTF-8, 1…HNY_WORD_BYTES) to IDS, which has room for SIZE,
 * and returns their number. */

/* The most probable segmentation (Kudo 2018, section 3.1); of equal ones that with the longest last piece,
 * then the longest before it, and so on. */
size_t hny_unigram_best(struct hny_encoding *encoding, const char *word, size_t size, int32_t *ids);

/* One of all segmentations, with probability in proportion to p^TEMPERATURE, by filtering backward and
 * sampling forward (Kudo 2018, section 3.3, over all rather than the l best). */
size_t hny_unigram_sample(struct hny_encoding *encoding, const char *word, size_t size, double temperature,
                          struct hny_draws *draws, int32_t *ids);

/* Byte-pair encoding (Sennrich et al. 2016): from single characters on, the two neighbours whose piece has
 * the lowest rank are merged, the leftmost of equal ones first, until no neighbours are a piece. */
size_t hny_bpe_merge(struct hny_encoding *encoding, const char *word, size_t size, int32_t *ids);

/* The same where each merge is skipped with probability DROPOUT at each step (Provilkov et al. 2020). */
size_t hny_bpe_drop(struct hny_encoding *encoding, const char *word, size_t size, double dropout,
                    struct hny_draws *draws, int32_t *ids);

/* Fills tokenizer->pairs from its trie and vocabulary. */
hny_status hny_pairs_build(struct hny_tokenizer *tokenizer);

#endif
