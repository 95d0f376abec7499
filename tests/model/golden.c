#include "golden.h"
#include "base/json.h"
#include "base/lines.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { GOLDEN_SENTENCES = 256, GOLDEN_REFERENCES = 4 };

static struct hny_text text_of(const json_t *string) {
    cr_assert(json_is_string(string));
    return (struct hny_text){json_string_value(string), json_string_length(string)};
}

static size_t check_case(json_t *row, const char *token, void (*check)(const struct golden *golden)) {
    static struct hny_text hypotheses[GOLDEN_SENTENCES], references[GOLDEN_SENTENCES * GOLDEN_REFERENCES];
    const json_t *hypothesis_rows = json_object_get(row, "hypotheses"),
                 *streams = json_object_get(row, "references");
    struct golden golden = {
        .name = json_string_value(json_object_get(row, "case")),
        .sentences = json_array_size(hypothesis_rows),
        .reference_count = json_array_size(streams),
        .hypotheses = hypotheses,
        .references = references,
    };
    cr_assert(golden.sentences <= GOLDEN_SENTENCES && golden.reference_count <= GOLDEN_REFERENCES);
    for (size_t i = 0; i < golden.sentences; i++) {
        hypotheses[i] = text_of(json_array_get(hypothesis_rows, i));
        for (size_t r = 0; r < golden.reference_count; r++) {
            references[i * golden.reference_count + r] =
                text_of(json_array_get(json_array_get(streams, r), i));
        }
    }
    size_t count = 0;
    void *at = json_object_iter(json_object_get(row, "scores"));
    for (; at; at = json_object_iter_next(json_object_get(row, "scores"), at)) {
        golden.signature = json_object_iter_key(at);
        golden.expected = json_object_iter_value(at);
        if (!strstr(golden.signature, token)) continue;
        check(&golden);
        count++;
    }
    return count;
}

bool golden_is_ours(void) {
    return !getenv("GOLDEN");
}

size_t golden_each(const char *token, void (*check)(const struct golden *golden)) {
    const char *path = golden_is_ours() ? "tests/model/golden/odd.jsonl" : getenv("GOLDEN"), *line;
    struct hny_lines *lines;
    size_t size, count = 0;
    bool more;
    cr_assert_eq(hny_lines_open(&lines, path), HNY_OK, "%s", hny_message());
    for (;;) {
        json_t *row;
        cr_assert_eq(hny_lines_next(lines, &line, &size, &more), HNY_OK, "%s", hny_message());
        if (!more) break;
        cr_assert_eq(hny_json_parse(path, line, size, &row), HNY_OK, "%s", hny_message());
        count += check_case(row, token, check);
        json_decref(row);
    }
    hny_lines_close(&lines);
    return count;
}
