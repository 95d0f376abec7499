#include "tests/base/lines_scene.h"

#include "tests/base/scratch.h"
#include <criterion/criterion.h>

void assert_line(struct hny_lines *lines, const char *expected, size_t expected_size) {
    const char *text = NULL;
    size_t size = 0;
    bool more = false;
    cr_assert_eq(hny_lines_next(lines, &text, &size, &more), HNY_OK, "%s", hny_message());
    cr_assert(more);
    cr_assert_eq(size, expected_size);
    cr_assert_arr_eq(text, expected, size + 1); /* with the NUL behind it */
}

void assert_end(struct hny_lines *lines) {
    const char *text;
    size_t size;
    bool more = true;
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(hny_lines_next(lines, &text, &size, &more), HNY_OK, "%s", hny_message());
        cr_assert_not(more);
    }
}

hny_status read_rest(struct hny_lines *lines, size_t *count) {
    for (*count = 0;; (*count)++) {
        const char *text;
        size_t size;
        bool more;
        hny_status status = hny_lines_next(lines, &text, &size, &more);
        if (status != HNY_OK || !more) return status;
    }
}

struct hny_lines *open_text(const void *text, size_t size) {
    struct hny_lines *lines = NULL;
    cr_assert_eq(hny_lines_open(&lines, scratch_put("text", text, size)), HNY_OK, "%s", hny_message());
    return lines;
}
