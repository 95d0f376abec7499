/* HTML as runs of text, which may be translated, and runs of everything else, which comes back byte for byte.
 *
 * A tokenizer of tags and no parser: it reads where tags, comments and declarations end (the WHATWG's HTML
 * standard, section 13.2.5), takes any bytes, and puts no elements right. No text:
 * - tags with their attributes, comments, declarations, and a tag or comment that never ends;
 * - what is inside script, style, textarea, code, pre, kbd and samp, and of any element that says
 *   translate="no";
 * - a character reference that is not known here, such as &ZeroWidthSpace;, since it could not be written
 *   again as it was. */
#ifndef HNY_PIPELINE_MARKUP_H
#define HNY_PIPELINE_MARKUP_H

#include "base/buffer.h"
#include "model/text.h"
#include <stdbool.h>

/* _START and _END: one tag of an element that stands in the flow of a text, such as b, a and span. */
enum hny_markup_kind { HNY_MARKUP_OTHER, HNY_MARKUP_TEXT, HNY_MARKUP_START, HNY_MARKUP_END };

struct hny_markup_run {
    size_t start, size;
    enum hny_markup_kind kind;
};

/* Cuts HTML into *RUNS [*COUNT], which cover all of it in order and are the caller's to free. Neither two
 * runs of text nor two of other markup follow each other. */
hny_status hny_markup_cut(struct hny_text html, struct hny_markup_run **runs, size_t *count);

/* Appends what a run of text says, its character references replaced: &amp; &#233; &eacute; and so on. */
hny_status hny_markup_decode(struct hny_buffer *out, struct hny_text run);

/* Appends TEXT as HTML: & < > as references. */
hny_status hny_markup_encode(struct hny_buffer *out, struct hny_text text);

#endif
