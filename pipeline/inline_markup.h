/* Where tags inside a sentence go in its translation: "I like <b>cats</b>." is one sentence, and what stands
 * for "cats" in its translation is to be bold.
 *
 * Each element takes the run of target pieces that pay more attention to its source pieces than to all others
 * together: the run whose sum of (share − ½) is largest. Without attention, as from a worker that echoes, or
 * of a sentence as long as a page, an element stands where it stood, or around the whole sentence where the
 * text is another. Elements stay within each other as they were, and never share a part of a word. */
#ifndef HNY_PIPELINE_INLINE_MARKUP_H
#define HNY_PIPELINE_INLINE_MARKUP_H

#include "base/json.h"
#include "model/text.h"

enum { HNY_INLINE_MARKS = 64 }; /* tags in a sentence at most */

/* A start or end tag inside a sentence. */
struct hny_inline_mark {
    struct hny_text tag;
    size_t at; /* characters of the sentence before it that are no white space */
    bool end;
};

/* Whether MARKS [COUNT], at most HNY_INLINE_MARKS, are whole elements: each start tag has its end tag, and
 * between the two are whole elements. */
bool hny_inline_whole(const struct hny_inline_mark *marks, size_t count);

/* Appends TRANSLATION as HTML, with MARKS [COUNT], whole elements, of SENTENCE in it. LINE: an object of
 * honyaku translate --json --alignment, whose "parts" tell of the attention; NULL or another: there is none.
 */
hny_status hny_inline_write(struct hny_text sentence, const struct hny_inline_mark *marks, size_t count,
                            struct hny_text translation, const json_t *line, struct hny_buffer *out);

#endif
