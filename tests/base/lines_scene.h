/* Reading a text of a test, line by line. */
#ifndef TESTS_BASE_LINES_SCENE_H
#define TESTS_BASE_LINES_SCENE_H

#include "base/lines.h"

/* Opens TEXT as the scratch folder's "text"; the caller's to close. */
struct hny_lines *open_text(const void *text, size_t size);

/* The next line is EXPECTED; or there is none. */
void assert_line(struct hny_lines *lines, const char *expected, size_t expected_size);
void assert_end(struct hny_lines *lines);

/* Reads the rest; returns the status that ended it and counts the lines. */
hny_status read_rest(struct hny_lines *lines, size_t *count);

#endif
