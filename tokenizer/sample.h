/* The lines that a tokenizer is trained on, normalised: all of the texts' lines, or a part drawn by the seed
 * where a limit would be passed. Private to the room. */
#ifndef HNY_TOKENIZER_SAMPLE_H
#define HNY_TOKENIZER_SAMPLE_H

#include "base/buffer.h"
#include "tokenizer/trainer.h"

struct hny_sample {
    struct hny_buffer text; /* per line: one space, the normal form, LF; empty lines are left out */
    uint64_t lines;         /* in the texts, empty ones too */
    uint64_t kept;          /* in TEXT */
};
void hny_sample_free(struct hny_sample *sample); /* back to the zero state */

/* Reads COUNT texts once, so standard input may be one. A line is kept or not by a number that is a function
 * of (seed, text, line): where more than options->line_limit lines or BYTE_LIMIT bytes are kept, the half
 * with the greater numbers goes, and so on. Says on standard error that it drew, and how many. */
hny_status hny_sample_read(struct hny_sample *sample, const char *const *paths, size_t count,
                           const struct hny_tokenizer_options *options, size_t byte_limit);

#endif
