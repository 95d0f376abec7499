/* Ids to text. */
#include "base/memory.h"
#include "base/utf8.h"
#include "tokenizer/segment.h"

#include <string.h>

static hny_status append_id(const struct hny_tokenizer *tokenizer, int32_t id, struct hny_buffer *text) {
    if (id < 0 || (size_t)id >= HNY_ID_PIECES + tokenizer->vocabulary.count)
        return hny_fail(HNY_ERROR_INPUT, "id %d is not in the vocabulary of %zu", id,
                        HNY_ID_PIECES + tokenizer->vocabulary.count);
    if (id < HNY_ID_BYTES) return HNY_OK;
    if (id < HNY_ID_PIECES) return hny_buffer_append(text, &(char){(char)(id - HNY_ID_BYTES)}, 1);
    const struct hny_piece *piece = &tokenizer->vocabulary.pieces[id - HNY_ID_PIECES];
    return hny_buffer_append(text, piece->text, piece->size);
}

/* Appends SPELLED, which byte pieces had a part in, with U+FFFD for what no normal form can hold. */
static hny_status append_repaired(struct hny_buffer *text, const char *spelled, size_t size) {
    for (size_t at = 0; at < size;) {
        uint32_t code = 0;
        int bytes = hny_utf8_decode(spelled + at, size - at, &code);
        if (bytes > 0 && hny_character(code) != HNY_CHARACTER_KEEP && code != ' ') code = 0xFFFD;
        char character[4];
        HNY_TRY(hny_buffer_append(text, character, (size_t)hny_utf8_encode(code, character)));
        at += (size_t)(bytes < 0 ? -bytes : bytes);
    }
    return HNY_OK;
}

static hny_status decode(const struct hny_tokenizer *tokenizer, const int32_t *ids, size_t count,
                         struct hny_buffer *spelled, struct hny_buffer *text) {
    bool has_bytes = false;
    for (size_t i = 0; i < count; i++) {
        HNY_TRY(append_id(tokenizer, ids[i], spelled));
        has_bytes |= hny_tokenizer_byte(tokenizer, ids[i]) >= 0;
    }
    /* The space before the first word is encoding's. */
    size_t first = spelled->size > 0 && spelled->data[0] == ' ';
    if (spelled->size == first) return HNY_OK;
    return has_bytes ? append_repaired(text, spelled->data + first, spelled->size - first)
                     : hny_buffer_append(text, spelled->data + first, spelled->size - first);
}

hny_status hny_tokenizer_decode(const struct hny_tokenizer *tokenizer, const int32_t *ids, size_t count,
                                struct hny_buffer *text) {
    struct hny_buffer spelled = {0};
    size_t before = text->size;
    hny_status status = decode(tokenizer, ids, count, &spelled, text);
    hny_buffer_free(&spelled);
    if (status == HNY_OK || !text->data) return status;
    text->size = before;
    text->data[before] = '\0';
    return status;
}
