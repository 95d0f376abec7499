/* From a line of a text to ids: by a tokenizer, or because the line is ids already, in decimal. */
#ifndef HNY_MODEL_LINE_IDS_H
#define HNY_MODEL_LINE_IDS_H

#include "tokenizer/tokenizer.h"

struct hny_line_ids; /* one thread's workspace */

/* TOKENIZER must outlive it; where it is NULL, lines are ids below VOCABULARY, with spaces or tabs between
 * them. */
hny_status hny_line_ids_create(struct hny_line_ids **line_ids, const struct hny_tokenizer *tokenizer,
                               size_t vocabulary);
void hny_line_ids_destroy(struct hny_line_ids **line_ids); /* nulls; NULL is allowed */

/* Appends the ids of the line TEXT (SIZE bytes) to IDS, without begin and end; SAMPLING may be NULL. A line
 * that is not of ids, or holds pad, begin, end or one outside the vocabulary, is HNY_ERROR_INPUT; the message
 * names what was met, the caller adds file and line. On failure the count of IDS is as before. */
hny_status hny_line_ids_append(struct hny_line_ids *line_ids, const char *text, size_t size,
                               const struct hny_sampling *sampling, struct hny_ids *ids);

#endif
