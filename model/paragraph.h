/* A line that holds more than one sentence: where they are, and how their translations become a line again.
 *
 * A model trained on single sentences drops or repeats what follows the first one, so each is translated
 * alone. The sentences are ICU's (The Unicode Standard, Annex 29, section 5) corrected where that is poor:
 * model/sentence.h. */
#ifndef HNY_MODEL_PARAGRAPH_H
#define HNY_MODEL_PARAGRAPH_H

#include "base/buffer.h"
#include "model/text.h"

/* One sentence of a line, without white space at either end: bytes [start, start + size). What lies between
 * two sentences, before the first and behind the last is white space alone, or nothing. */
struct hny_span {
    size_t start, size;
};

struct hny_paragraph; /* holds ICU's iterator; for one thread at a time */

hny_status hny_paragraph_create(struct hny_paragraph **paragraph);
void hny_paragraph_destroy(struct hny_paragraph **paragraph); /* nulls the pointer; NULL is allowed */

/* Splits LINE. *SENTENCES [*COUNT] belong to PARAGRAPH and live until its next use; a line of white space has
 * none, and one that cannot be split, however long, is one sentence. A line of 2 GiB or more is refused
 * (HNY_ERROR_INPUT). */
hny_status hny_paragraph_split(struct hny_paragraph *paragraph, struct hny_text line,
                               const struct hny_span **sentences, size_t *count);

/* What is written between two translated sentences. */
enum hny_join {
    /* The source's own spacing, byte for byte. Where the source has none, as Japanese, one space if both
     * neighbours are of a script that sets sentences apart: nobody wants "Hello.How are you?". */
    HNY_JOIN_SOURCE,
    /* As HNY_JOIN_SOURCE, but a single space or ideographic space of the source becomes what the target
     * writes: a space, or nothing beside Chinese or Japanese. Tabs and wider spacing stay, for they mean
     * something. */
    HNY_JOIN_TARGET,
};

/* Appends TRANSLATIONS [COUNT] to OUT with the spacing that LINE has around its SENTENCES [COUNT], and the
 * white space at its beginning and end. Failure leaves a part of it in OUT. */
hny_status hny_paragraph_join(struct hny_buffer *out, struct hny_text line, const struct hny_span *sentences,
                              const struct hny_text *translations, size_t count, enum hny_join join);

#endif
