/* A byte string that grows. Zero-initialise to begin (struct hny_buffer b = {0}); data is always
 * NUL-terminated behind its size bytes once anything was appended. */
#ifndef HNY_BASE_BUFFER_H
#define HNY_BASE_BUFFER_H

#include "base/status.h"
#include <stddef.h>

struct hny_buffer {
    char *data; /* size bytes and a NUL; NULL while nothing was ever appended */
    size_t size;
    size_t capacity;
};

hny_status hny_buffer_append(struct hny_buffer *buffer, const void *data, size_t size);
hny_status hny_buffer_print(struct hny_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
hny_status hny_buffer_reserve(struct hny_buffer *buffer, size_t more); /* room for MORE bytes and a NUL */
void hny_buffer_clear(struct hny_buffer *buffer);                      /* size 0, memory kept */
void hny_buffer_free(struct hny_buffer *buffer);                       /* back to the zero state */

#endif
