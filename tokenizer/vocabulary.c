#include "tokenizer/vocabulary.h"

#include "base/utf8.h"
#include "tokenizer/normalise.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const hny_kind_names[HNY_KINDS] = {
    [HNY_TOKENIZER_UNIGRAM] = "unigram",
    [HNY_TOKENIZER_BPE] = "bpe",
};
const char *const hny_form_names[HNY_FORMS] = {
    [HNY_NORMAL_NFC] = "nfc",
    [HNY_NORMAL_NFKC] = "nfkc",
    [HNY_NORMAL_NONE] = "none",
};

static const char *const special_names[HNY_ID_BYTES] = {
    [HNY_ID_PAD] = "<pad>",
    [HNY_ID_UNKNOWN] = "<unk>",
    [HNY_ID_BEGIN] = "<s>",
    [HNY_ID_END] = "</s>",
};

void hny_vocabulary_free(struct hny_vocabulary *vocabulary) {
    free(vocabulary->pieces);
    free(vocabulary->texts);
    *vocabulary = (struct hny_vocabulary){0};
}

void hny_reserved_name(int32_t id, char name[HNY_RESERVED_NAME]) {
    if (id < HNY_ID_BYTES)
        snprintf(name, HNY_RESERVED_NAME, "%s", special_names[id]);
    else
        snprintf(name, HNY_RESERVED_NAME, "<0x%02X>", (unsigned)(id - HNY_ID_BYTES) & 0xFF);
}

int32_t hny_reserved_id(const char *text, size_t size) {
    if (size < 3 || text[0] != '<') return -1;
    for (int32_t id = 0; id < HNY_ID_PIECES; id++) {
        char name[HNY_RESERVED_NAME];
        hny_reserved_name(id, name);
        if (strlen(name) == size && memcmp(name, text, size) == 0) return id;
    }
    return -1;
}

const char *hny_piece_fault(const char *text, size_t size) {
    if (size == 0) return "it is empty";
    if (size > HNY_PIECE_BYTES) return "it is longer than 255 bytes";
    if (hny_reserved_id(text, size) >= 0) return "its name is reserved";
    for (size_t at = 0; at < size;) {
        uint32_t code = 0;
        int bytes = hny_utf8_decode(text + at, size - at, &code);
        if (bytes < 0) return "it is not UTF-8";
        if (code == 0x2581) return "it has a ▁, which stands for a space";
        if (code == ' ' && at > 0) return "it has a space behind its first character";
        if (code != ' ' && hny_character(code) != HNY_CHARACTER_KEEP)
            return "it has a character that no normal form holds";
        at += (size_t)bytes;
    }
    return NULL;
}

hny_status hny_piece_write(struct hny_buffer *out, const char *text, size_t size) {
    for (size_t at = 0; at < size;) {
        const char *space = memchr(text + at, ' ', size - at);
        size_t run = space ? (size_t)(space - text) - at : size - at;
        HNY_TRY(hny_buffer_append(out, text + at, run));
        if (space) HNY_TRY(hny_buffer_append(out, "\xE2\x96\x81", 3));
        at += run + (space != NULL);
    }
    return HNY_OK;
}
