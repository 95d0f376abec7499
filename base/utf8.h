/* UTF-8 bytes and code points (RFC 3629; replacement of broken bytes by maximal subparts as in The Unicode
 * Standard, section 3.9, table 3-8). */
#ifndef HNY_BASE_UTF8_H
#define HNY_BASE_UTF8_H

#include "base/buffer.h"
#include <stdbool.h>
#include <stdint.h>

/* Reads one code point at TEXT (SIZE > 0 bytes left) into *CODE and returns its bytes, 1 to 4.
 * Where the bytes are broken: returns minus the length of the maximal broken part (-1 to -3) and
 * *CODE U+FFFD. */
int hny_utf8_decode(const char *text, size_t size, uint32_t *code);

/* Writes CODE (a scalar value) at TEXT, which has room for 4 bytes; returns the bytes written. */
int hny_utf8_encode(uint32_t code, char text[4]);

bool hny_utf8_valid(const char *text, size_t size);

/* Appends TEXT to OUT with every maximal broken part replaced by U+FFFD; adds their number to *REPLACED
 * (which may be NULL). */
hny_status hny_utf8_repair(struct hny_buffer *out, const char *text, size_t size, size_t *replaced);

#endif
