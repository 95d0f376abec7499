/* A text as sentences, and what stands between them: how a request's text becomes what the broker takes, and
 * how translations become a text again. */
#ifndef HNY_PIPELINE_TEXT_PIECES_H
#define HNY_PIPELINE_TEXT_PIECES_H

#include "base/json.h"
#include "model/paragraph.h"

struct hny_text_pieces;

/* Cuts TEXT, valid UTF-8 without NUL, which has to live as long: into lines, and these into sentences
 * (model/paragraph.h); HTML first into runs (pipeline/markup.h), each of which is a text of its own whose
 * line ends are spaces. What has no letter in it is no sentence and stays as it is. PARAGRAPH is used
 * meanwhile. */
hny_status hny_text_pieces_create(struct hny_text_pieces **pieces, struct hny_paragraph *paragraph,
                                  struct hny_text text, bool html);
void hny_text_pieces_destroy(struct hny_text_pieces **pieces); /* nulls; NULL is allowed */

size_t hny_text_pieces_count(const struct hny_text_pieces *pieces); /* sentences */
struct hny_text hny_text_pieces_sentence(const struct hny_text_pieces *pieces, size_t index);

/* Whether there are tags inside the sentence, for whose places its translation's attention is wanted. */
bool hny_text_pieces_wants_attention(const struct hny_text_pieces *pieces, size_t index);

struct hny_text_translation {
    struct hny_text text;
    const json_t *line; /* what tells of its attention (pipeline/inline_markup.h), or NULL */
};

/* Appends the text with TRANSLATIONS [count] for its sentences. Line ends, markup and spacing are the
 * source's; only a single space between two sentences becomes what the target writes there
 * (HNY_JOIN_TARGET). Failure leaves a part of it in OUT. */
hny_status hny_text_pieces_join(const struct hny_text_pieces *pieces,
                                const struct hny_text_translation *translations, struct hny_buffer *out);

#endif
