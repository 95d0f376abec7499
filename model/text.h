/* A text that somebody else owns. */
#ifndef HNY_MODEL_TEXT_H
#define HNY_MODEL_TEXT_H

#include <stddef.h>

struct hny_text {
    const char *data; /* [size] UTF-8, not NUL-terminated; may be NULL where size is 0 */
    size_t size;
};

#endif
