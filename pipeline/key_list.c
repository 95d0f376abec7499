#include "pipeline/key_list.h"

#include "base/lines.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b) {
    return memcmp(a, b, HNY_KEY_SIZE);
}

static hny_status read_file(const char *path, struct hny_key_list *list, size_t *capacity) {
    struct hny_lines *lines = NULL;
    size_t size;
    const char *text;
    hny_status status = hny_lines_open(&lines, path);
    for (bool more = true; status == HNY_OK;) {
        status = hny_lines_next(lines, &text, &size, &more);
        if (status != HNY_OK || !more) break;
        const char *space = memchr(text, ' ', size);
        size_t length = space ? (size_t)(space - text) : size;
        if (length == 0 || (text[0] == '#' && length != HNY_KEY_TEXT - 1)) continue;
        if (hny_grow(&list->keys, capacity, list->count + 1, sizeof *list->keys))
            status = HNY_ERROR_MEMORY;
        else if (hny_key_decode(text, length, list->keys[list->count]))
            list->count++;
        else
            status = hny_fail(HNY_ERROR_INPUT, "%s:%llu: is no public key", path,
                              (unsigned long long)hny_lines_number(lines));
    }
    if (lines) hny_lines_close(&lines);
    return status;
}

hny_status hny_key_list_read(const struct hny_key_files *files, struct hny_key_list *list) {
    size_t capacity = 0;
    hny_status status = HNY_OK;
    *list = (struct hny_key_list){0};
    for (size_t i = 0; i < files->count && status == HNY_OK; i++)
        status = read_file(files->paths[i], list, &capacity);
    if (status != HNY_OK) hny_key_list_free(list);
    if (list->count > 0) qsort(list->keys, list->count, sizeof *list->keys, compare);
    return status;
}

void hny_key_list_free(struct hny_key_list *list) {
    free(list->keys);
    *list = (struct hny_key_list){0};
}

bool hny_key_list_has(const struct hny_key_list *list, const uint8_t *key) {
    return list->count > 0 && bsearch(key, list->keys, list->count, sizeof *list->keys, compare);
}
