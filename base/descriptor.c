#include "base/descriptor.h"

#include <errno.h>
#include <unistd.h>

hny_status hny_descriptor_write(int descriptor, const char *name, const void *data, size_t size) {
    const char *next = data;
    while (size > 0) {
        ssize_t put = write(descriptor, next, size);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return hny_fail_errno("%s: cannot be written", name);
        next += put;
        size -= (size_t)put;
    }
    return HNY_OK;
}
