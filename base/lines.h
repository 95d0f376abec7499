/* The lines of a text: plain, .gz or .zst (told by its first bytes, not by its name), a file or standard
 * input.
 *
 * A line ends at LF or CRLF and nowhere else (not at VT, FF, U+0085, U+2028, or a lone CR); a last line
 * without LF is a line; an empty file has none. NUL bytes are bytes like others. */
#ifndef HNY_BASE_LINES_H
#define HNY_BASE_LINES_H

#include "base/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A line longer than this is an error that names file and line: nobody's sentence is 64 MiB. */
#define HNY_LINE_LIMIT ((size_t)64 << 20)

struct hny_lines;

/* PATH "-" is standard input. The reader asks the system for what is there, so a line typed at a terminal
 * comes at once. */
hny_status hny_lines_open(struct hny_lines **lines, const char *path);
void hny_lines_close(struct hny_lines **lines); /* nulls; NULL is allowed */

/* The next line without its end, in *TEXT (owned by the reader, valid until the next call, NUL behind it) and
 * *SIZE; *MORE false at the end of the text. Broken UTF-8 is replaced by U+FFFD and counted.
 * A failure stays: the next call fails alike. Packed data that breaks off or is damaged is HNY_ERROR_INPUT,
 * after the whole lines before it; HNY_INTERRUPTED where hny_stop_catch's signal came while waiting. */
hny_status hny_lines_next(struct hny_lines *lines, const char **text, size_t *size, bool *more);

/* Before any line was read: goes on at byte OFFSET of the text (unpacked), where a line begins. Lines are
 * counted from there on. HNY_ERROR_INPUT where the text is shorter. A packed text is read up to there. */
hny_status hny_lines_seek(struct hny_lines *lines, uint64_t offset);

/* True where hny_lines_next would have to wait for the system: the moment to flush what was printed. Takes in
 * what is there without waiting, so the line last read becomes invalid. */
bool hny_lines_would_wait(struct hny_lines *lines);

uint64_t hny_lines_number(const struct hny_lines *lines);   /* of the line last read, from 1 */
uint64_t hny_lines_replaced(const struct hny_lines *lines); /* broken parts replaced so far */
uint64_t hny_lines_offset(const struct hny_lines *lines);   /* of that line in the text's (unpacked) bytes */
uint64_t hny_lines_behind(const struct hny_lines *lines);   /* where the next line begins, in the same */
size_t hny_lines_bytes(const struct hny_lines *lines);      /* of that line, before repair, without its end */
bool hny_lines_packed(const struct hny_lines *lines);       /* .gz or .zst; known once a line was read */
const char *hny_lines_path(const struct hny_lines *lines);  /* for messages; "standard input" for "-" */

#endif
