/* A text in pieces from within: for pipeline/text_pieces.c, which cuts plain text and joins, and
 * pipeline/text_pieces_html.c, which cuts HTML. */
#ifndef HNY_PIPELINE_TEXT_PIECES_RECORDS_H
#define HNY_PIPELINE_TEXT_PIECES_RECORDS_H

#include "pipeline/inline_markup.h"
#include "pipeline/text_pieces.h"
#include <stddef.h>

enum { HNY_STAYS = -1 };

/* A sentence of a line, and which of the text's it is; HNY_STAYS: it has no letter. Its tags are marks from
 * FIRST on: before it, inside, and behind it. */
struct hny_place {
    struct hny_span span; /* in its line */
    ptrdiff_t sentence;
    size_t first, before, inside, behind;
};

/* Part of the text: what comes back as it is, or a line with sentences. */
struct hny_part {
    bool line;
    size_t start, size;        /* in the source; of a line: in WORDS */
    size_t first, place_count; /* of a line: its places */
};

struct hny_sentence {
    struct hny_span span; /* in the words */
    bool marked;          /* there are tags inside */
};

struct hny_text_pieces {
    struct hny_text source;
    bool html;
    struct hny_buffer words; /* lines and sentences */
    struct hny_part *parts;
    size_t part_count, part_capacity;
    struct hny_place *places;
    size_t place_count, place_capacity;
    struct hny_sentence *sentences;
    size_t sentence_count, sentence_capacity;
    struct hny_inline_mark *marks; /* their places are bytes of the flow while it is cut */
    size_t mark_count, mark_capacity;
    size_t most; /* places of a line */
};

/* [START, START + SIZE) of the source comes back as it is. */
hny_status hny_pieces_keep(struct hny_text_pieces *pieces, size_t start, size_t size);

/* The sentences of the line that the words hold from START on; *PLACES [*COUNT] are the caller's to free. */
hny_status hny_pieces_split_line(const struct hny_text_pieces *pieces, struct hny_paragraph *paragraph,
                                 size_t start, struct hny_place **places, size_t *count);

/* Adds that line, with PLACES [COUNT]. */
hny_status hny_pieces_add_line(struct hny_text_pieces *pieces, size_t start, const struct hny_place *places,
                               size_t count);

/* Both: a line without tags. */
hny_status hny_pieces_split_and_add(struct hny_text_pieces *pieces, struct hny_paragraph *paragraph,
                                    size_t start);

/* Cuts the source as HTML. */
hny_status hny_pieces_cut_html(struct hny_text_pieces *pieces, struct hny_paragraph *paragraph);

#endif
