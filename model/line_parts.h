/* A line as it is translated: which parts of it the model gets, and how their translations become a line.
 *
 * A line is one part, with two exceptions. Where paragraphs are wanted, each of its sentences is
 * (model/paragraph.h). And what has more ids than the limit is cut up: first at its ends of sentences; what
 * is still too long, as near to the limit as possible but behind the limit's half at the last punctuation
 * mark before a space (or East Asian one), else at the last space, else between two characters. Cutting works
 * on the tokenizer's normal form. What has no ids, as white space, is no part: nothing of it is translated.
 */
#ifndef HNY_MODEL_LINE_PARTS_H
#define HNY_MODEL_LINE_PARTS_H

#include "model/paragraph.h"
#include "tokenizer/tokenizer.h"

/* Ids that the model translates at once. */
struct hny_part {
    size_t first, count; /* among the ids of the line; count is at least 1 */
};

/* A sentence, or the whole line where paragraphs are not wanted. */
struct hny_line_sentence {
    struct hny_span span;     /* in the line */
    struct hny_buffer normal; /* of one that was cut: its normal form, … */
    struct hny_span *cuts;    /* … and where the parts lie in it, [part_count]; else NULL */
    size_t first_part, part_count;
};

struct hny_line_parts {
    struct hny_buffer text; /* the line */
    struct hny_line_sentence *sentences;
    struct hny_part *parts;
    struct hny_ids ids;
    size_t sentence_count, part_count;
    size_t sentence_capacity, part_capacity;
};
void hny_line_parts_free(struct hny_line_parts *parts); /* back to the zero state */

struct hny_line_splitter; /* one thread's workspace */

struct hny_line_splitter_options {
    const struct hny_tokenizer *tokenizer; /* outlives the splitter; NULL: lines are ids below VOCABULARY */
    size_t vocabulary;
    size_t longest; /* ids in a part, at least 1; a part behind a cut may come to have a few more */
    bool paragraphs;
};

hny_status hny_line_splitter_create(struct hny_line_splitter **splitter,
                                    const struct hny_line_splitter_options *options);
void hny_line_splitter_destroy(struct hny_line_splitter **splitter); /* nulls; NULL is allowed */

/* Splits the line TEXT (SIZE bytes) into *PARTS, overwritten; the text is copied. Failure leaves the zero
 * state. */
hny_status hny_line_split(struct hny_line_splitter *splitter, const char *text, size_t size,
                          struct hny_line_parts *parts);

/* Appends the line that the TRANSLATIONS [part_count] of the parts make, with the source's spacing between
 * sentences (HNY_JOIN_TARGET) and at the line's ends where paragraphs are wanted. The text that is added has
 * no control character but tabs of that spacing, and no line or paragraph separator; a line without parts
 * gives nothing. Failure leaves a part of it in OUT. */
hny_status hny_line_join(const struct hny_line_splitter *splitter, const struct hny_line_parts *parts,
                         const struct hny_text *translations, struct hny_buffer *out);

#endif
