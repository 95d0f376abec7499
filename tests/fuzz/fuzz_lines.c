/* The reader of texts on any bytes: plain, gzip or zstd as they begin.
 * Reader: base/lines.c */
#include "tests/fuzz/fuzz.h"

#include "base/lines.h"
#include "base/utf8.h"
#include <string.h>

/* What the lines of a plain text must be, by the rule alone. */
static void check_plain(const char *bytes, size_t size, struct hny_lines *lines, const char *text,
                        size_t text_size) {
    static size_t at;
    if (hny_lines_number(lines) == 1) at = 0;
    FUZZ_CHECK(at < size && hny_lines_offset(lines) == at);
    const char *end = memchr(bytes + at, '\n', size - at);
    size_t length = end ? (size_t)(end - bytes) - at : size - at;
    size_t next = at + length + (end != NULL);
    if (end && length > 0 && bytes[at + length - 1] == '\r') length--;
    if (hny_utf8_valid(bytes + at, length)) {
        FUZZ_CHECK(length == text_size && memcmp(bytes + at, text, length) == 0);
    } else {
        FUZZ_CHECK(hny_lines_replaced(lines) > 0);
    }
    FUZZ_CHECK(hny_lines_bytes(lines) == length && !hny_lines_packed(lines));
    at = next;
}

static bool is_plain(const char *bytes, size_t size) {
    static const char *const magics[] = {"\x1F\x8B", "\x28\xB5\x2F\xFD"};
    for (size_t i = 0; i < 2; i++)
        if (size >= strlen(magics[i]) && memcmp(bytes, magics[i], strlen(magics[i])) == 0) return false;
    return size < 4 || ((unsigned char)bytes[0] & 0xF0) != 0x50 || memcmp(bytes + 1, "\x2A\x4D\x18", 3) != 0;
}

static void read_all(struct hny_lines *lines, const char *bytes, size_t size) {
    bool plain = is_plain(bytes, size);
    for (uint64_t count = 0;; count++) {
        const char *text;
        size_t text_size;
        bool more;
        if (count % 3 == 0) FUZZ_CHECK(!hny_lines_would_wait(lines)); /* a file never lets one wait */
        if (hny_lines_next(lines, &text, &text_size, &more) != HNY_OK) {
            FUZZ_CHECK(!plain && *hny_message());
            FUZZ_CHECK(hny_lines_next(lines, &text, &text_size, &more) != HNY_OK);
            return;
        }
        if (!more) {
            FUZZ_CHECK(!plain || count > 0 || size == 0);
            return;
        }
        FUZZ_CHECK(hny_lines_number(lines) == count + 1);
        FUZZ_CHECK(text[text_size] == '\0' && !memchr(text, '\n', text_size));
        FUZZ_CHECK(hny_utf8_valid(text, text_size));
        if (plain) check_plain(bytes, size, lines, text, text_size);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *path = fuzz_file(data, size);
    struct hny_lines *lines = NULL;
    FUZZ_CHECK(hny_lines_open(&lines, path) == HNY_OK);
    FUZZ_CHECK(strcmp(hny_lines_path(lines), path) == 0);
    read_all(lines, (const char *)data, size);
    hny_lines_close(&lines);
    FUZZ_CHECK(!lines);
    return 0;
}
