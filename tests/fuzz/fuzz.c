#include "tests/fuzz/fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

const char *fuzz_file(const uint8_t *data, size_t size) {
    static int fd = -1;
    static char path[64];
    if (fd < 0) {
        fd = memfd_create("fuzz", MFD_CLOEXEC);
        FUZZ_CHECK(fd >= 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    FUZZ_CHECK(ftruncate(fd, 0) == 0);
    FUZZ_CHECK(pwrite(fd, data, size, 0) == (ssize_t)size);
    return path;
}

size_t fuzz_cut(const uint8_t *data, size_t size, struct hny_piece *frames, size_t most) {
    size_t count = 0;
    while (size >= 2 && count < most) {
        size_t length = (size_t)data[0] << 8 | data[1];
        if (length > size - 2) length = size - 2;
        frames[count++] = (struct hny_piece){(const char *)data + 2, length};
        data += 2 + length;
        size -= 2 + length;
    }
    return count;
}
