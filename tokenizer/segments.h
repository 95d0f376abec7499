/* The different stretches of a text that pieces can lie in, and how often each stands there. Private to the
 * room.
 *
 * Trainers look at these instead of the text: no piece crosses a space (it may begin with one), goes from one
 * kind of character to another (letters of one script; digits; the rest), holds a user-defined symbol, or a
 * character that gets no piece. */
#ifndef HNY_TOKENIZER_SEGMENTS_H
#define HNY_TOKENIZER_SEGMENTS_H

#include "base/status.h"
#include "tokenizer/sample.h"
#include "tokenizer/trainer.h"
#include "tokenizer/trie.h"

#define HNY_SEGMENT_CHARACTERS 64 /* longer stretches are cut here */

/* Between two segments in `texts`: no normal form holds it. */
#define HNY_SEGMENT_END '\n'

struct hny_segments {
    char *texts; /* each segment and HNY_SEGMENT_END, in order of first appearance */
    size_t size;
    size_t capacity;
    struct hny_segment {
        uint64_t times;
        uint32_t start; /* in texts */
        uint32_t size;  /* without its end */
    } * segments;
    size_t count;
    size_t segment_capacity;
};

/* A character that gets a piece. */
struct hny_counted {
    uint32_t code;
    uint64_t times;
};

struct hny_characters {
    struct hny_counted *list; /* most frequent first, equal ones in code point order (which is byte order) */
    size_t count;
    bool *covered; /* [0x110000], by code point */
};
void hny_characters_free(struct hny_characters *characters); /* back to the zero state */

/* Counts the characters of SAMPLE outside of SYMBOLS, and takes the most frequent ones until
 * options->coverage of the text is reached, at most LIMIT of them. The space is always one. */
hny_status hny_characters_count(struct hny_characters *characters, const struct hny_sample *sample,
                                const struct hny_trie *symbols, const struct hny_tokenizer_options *options,
                                size_t limit);

/* Cuts SAMPLE into segments and counts them. */
hny_status hny_segments_count(struct hny_segments *segments, const struct hny_sample *sample,
                              const struct hny_trie *symbols, const struct hny_characters *characters,
                              const struct hny_tokenizer_options *options);
void hny_segments_free(struct hny_segments *segments); /* back to the zero state */

#endif
