/* The frequent substrings of the segments, with which unigram training begins (Kudo 2018, section 3.2).
 * Private to the room. */
#ifndef HNY_TOKENIZER_SEEDS_H
#define HNY_TOKENIZER_SEEDS_H

#include "tokenizer/segments.h"

struct hny_seed {
    uint64_t times; /* in the text, at least 2 */
    uint32_t at;    /* in segments->texts */
    uint32_t size;  /* bytes */
    uint32_t characters;
};

/* Puts into *SEEDS (the caller's to free) the at most LIMIT substrings of SEGMENTS of 2 to LONGEST characters
 * that have the greatest product of times and characters, ties by byte order, and their number into *COUNT. A
 * substring is considered where it is the longest one with all its occurrences, looking to the right within
 * the segment: a node of the suffix tree of the segments, leaves too. So a whole word is a seed even where
 * the same character, a space, follows it wherever it stands; a tree of the running text has no node there,
 * and seeds from one leave 4 to 8 % more pieces a sentence (make bench-tokenizer). Sorted by bytes. */
hny_status hny_seeds_find(const struct hny_segments *segments, size_t longest, size_t limit,
                          struct hny_seed **seeds, size_t *count);

#endif
