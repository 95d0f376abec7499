/* A translated line for others to read: plain, with columns, or as JSON. */
#ifndef HNY_MODEL_LINE_OUTPUT_H
#define HNY_MODEL_LINE_OUTPUT_H

#include "model/translator.h"

struct hny_line_style {
    bool scores;    /* of the line */
    bool words;     /* of each piece, the end's last */
    bool alignment; /* which source piece each target piece looked at most */
    bool json;      /* one object a line, with whatever is asked for */
    bool nbest;     /* every translation is written, behind its line's number and its score */
};

/* Appends what is written for line NUMBER, each line of it with its LF. */
hny_status hny_line_write(const struct hny_line_style *style, const struct hny_model *model, uint64_t number,
                          const struct hny_line_translation *line, struct hny_buffer *out);

/* A number of bytes that hny_line_write will not stay below, found without writing: what is told of attention
 * takes many times the memory of its text while it is put together. */
uint64_t hny_line_least(const struct hny_line_style *style, const struct hny_line_translation *line);

/* A piece as the vocabulary writes it, or a bare id in decimal; kept in ARENA where it must be made. NULL
 * with a message on failure. */
const char *hny_line_piece(const struct hny_tokenizer *tokenizer, int32_t id, struct hny_arena *arena);

#endif
