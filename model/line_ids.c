#include "model/line_ids.h"

#include "base/memory.h"
#include <stdlib.h>

#define SHOWN_BYTES 32 /* of a word that is no id, in a message */

struct hny_line_ids {
    struct hny_encoding *encoding; /* NULL where lines are ids */
    size_t vocabulary;
};

hny_status hny_line_ids_create(struct hny_line_ids **line_ids, const struct hny_tokenizer *tokenizer,
                               size_t vocabulary) {
    struct hny_line_ids *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->vocabulary = vocabulary;
    hny_status status = tokenizer ? hny_encoding_create(&made->encoding, tokenizer) : HNY_OK;
    if (status == HNY_OK)
        *line_ids = made;
    else
        hny_line_ids_destroy(&made);
    return status;
}

void hny_line_ids_destroy(struct hny_line_ids **line_ids) {
    if (!*line_ids) return;
    if ((*line_ids)->encoding) hny_encoding_destroy(&(*line_ids)->encoding);
    free(*line_ids);
    *line_ids = NULL;
}

static bool is_space(char byte) {
    return byte == ' ' || byte == '\t';
}

/* The id that WORD spells. */
static hny_status parse_id(const char *word, size_t size, size_t vocabulary, int32_t *id) {
    int shown = (int)(size < SHOWN_BYTES ? size : SHOWN_BYTES);
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        if (word[i] < '0' || word[i] > '9')
            return hny_fail(HNY_ERROR_INPUT, "\"%.*s\" is not an id", shown, word);
        value = value * 10 + (uint64_t)(word[i] - '0');
        if (value > INT32_MAX || value >= vocabulary)
            return hny_fail(HNY_ERROR_INPUT, "id %.*s is outside of the vocabulary of %zu", shown, word,
                            vocabulary);
    }
    if (value == HNY_ID_PAD || value == HNY_ID_BEGIN || value == HNY_ID_END)
        return hny_fail(HNY_ERROR_INPUT, "id %.*s means padding, begin or end: it stands in no sentence",
                        shown, word);
    *id = (int32_t)value;
    return HNY_OK;
}

static hny_status parse_ids(const char *text, size_t size, size_t vocabulary, struct hny_ids *ids) {
    size_t count = ids->count;
    for (size_t at = 0; at < size;) {
        size_t begin = at;
        if (is_space(text[at++])) continue;
        while (at < size && !is_space(text[at])) at++;
        if (hny_grow(&ids->ids, &ids->capacity, count + 1, sizeof *ids->ids) != 0) return HNY_ERROR_MEMORY;
        HNY_TRY(parse_id(text + begin, at - begin, vocabulary, &ids->ids[count]));
        count++;
    }
    ids->count = count;
    return HNY_OK;
}

hny_status hny_line_ids_append(struct hny_line_ids *line_ids, const char *text, size_t size,
                               const struct hny_sampling *sampling, struct hny_ids *ids) {
    if (!line_ids->encoding) return parse_ids(text, size, line_ids->vocabulary, ids);
    size_t before = ids->count;
    hny_status status = hny_tokenizer_encode(line_ids->encoding, text, size, sampling, ids);
    if (status != HNY_OK) ids->count = before;
    return status;
}
