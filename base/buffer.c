#include "base/buffer.h"

#include "base/memory.h"
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

hny_status hny_buffer_reserve(struct hny_buffer *buffer, size_t more) {
    size_t needed = 0;
    if (__builtin_add_overflow(buffer->size, more, &needed) || __builtin_add_overflow(needed, 1, &needed))
        return hny_fail(HNY_ERROR_MEMORY, "out of memory: %zu and %zu bytes", buffer->size, more);
    bool fresh = !buffer->data;
    if (hny_grow(&buffer->data, &buffer->capacity, needed, 1) != 0) return HNY_ERROR_MEMORY;
    if (fresh) buffer->data[0] = '\0';
    return HNY_OK;
}

hny_status hny_buffer_append(struct hny_buffer *buffer, const void *data, size_t size) {
    HNY_TRY(hny_buffer_reserve(buffer, size));
    if (size) memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    buffer->data[buffer->size] = '\0';
    return HNY_OK;
}

hny_status hny_buffer_print(struct hny_buffer *buffer, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (size < 0) return hny_fail(HNY_ERROR_USAGE, "cannot print the format %s", format);
    HNY_TRY(hny_buffer_reserve(buffer, (size_t)size));
    va_start(arguments, format);
    vsnprintf(buffer->data + buffer->size, (size_t)size + 1, format, arguments);
    va_end(arguments);
    buffer->size += (size_t)size;
    return HNY_OK;
}

void hny_buffer_clear(struct hny_buffer *buffer) {
    buffer->size = 0;
    if (buffer->data) buffer->data[0] = '\0';
}

void hny_buffer_free(struct hny_buffer *buffer) {
    free(buffer->data);
    *buffer = (struct hny_buffer){0};
}
