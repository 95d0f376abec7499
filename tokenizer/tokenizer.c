/* A tokenizer in memory: its file read, and the tables that encoding needs. */
#include "tokenizer/tokenizer.h"

#include "base/file.h"
#include "base/memory.h"
#include "tokenizer/segment.h"
#include <stdlib.h>
#include <string.h>

#define FILE_LIMIT ((size_t)512 << 20)
#define UNKNOWN_PENALTY (10 * HNY_SCORE_UNIT) /* below the least score: no piece loses against bytes */

static hny_status fail_doubled(const char *name, uint32_t first, uint32_t second) {
    uint32_t line = HNY_HEADER_LINES + 1 - HNY_ID_PIECES; /* of id 0, were it written */
    return hny_fail(HNY_ERROR_INPUT, "%s: line %u: expected another piece than that of line %u", name,
                    line + (first > second ? first : second), line + (first > second ? second : first));
}

/* Builds the trie of pieces FIRST…LAST-1 of the vocabulary; two equal pieces are refused. */
static hny_status build_trie(const struct hny_vocabulary *vocabulary, const char *name, size_t first,
                             size_t last, struct hny_trie_key *keys, struct hny_trie *trie) {
    size_t count = last - first;
    for (size_t i = 0; i < count; i++)
        keys[i] =
            (struct hny_trie_key){vocabulary->pieces[first + i].text, vocabulary->pieces[first + i].size,
                                  (uint32_t)(HNY_ID_PIECES + first + i)};
    qsort(keys, count, sizeof *keys, hny_trie_key_order);
    for (size_t i = 1; i < count; i++)
        if (hny_trie_key_order(&keys[i - 1], &keys[i]) == 0)
            return fail_doubled(name, keys[i - 1].value, keys[i].value);
    return hny_trie_build(trie, keys, count);
}

static hny_status build_tries(struct hny_tokenizer *tokenizer, const char *name) {
    const struct hny_vocabulary *vocabulary = &tokenizer->vocabulary;
    size_t symbols = vocabulary->symbol_count;
    struct hny_trie_key *keys = hny_allocate(vocabulary->count, sizeof *keys);
    if (!keys) return HNY_ERROR_MEMORY;
    hny_status status = build_trie(vocabulary, name, 0, symbols, keys, &tokenizer->symbols);
    if (status == HNY_OK)
        status = build_trie(vocabulary, name, symbols, vocabulary->count, keys, &tokenizer->trie);
    free(keys);
    for (size_t i = 0; status == HNY_OK && i < symbols; i++) {
        uint32_t id = hny_trie_find(&tokenizer->trie, vocabulary->pieces[i].text, vocabulary->pieces[i].size);
        if (id != 0) status = fail_doubled(name, HNY_ID_PIECES + (uint32_t)i, id);
    }
    return status;
}

static hny_status build_scores(struct hny_tokenizer *tokenizer) {
    const struct hny_vocabulary *vocabulary = &tokenizer->vocabulary;
    tokenizer->scores = hny_allocate(HNY_ID_PIECES + vocabulary->count, sizeof *tokenizer->scores);
    if (!tokenizer->scores) return HNY_ERROR_MEMORY;
    int32_t least = 0;
    for (size_t i = 0; i < vocabulary->count; i++) {
        int32_t score = vocabulary->pieces[i].score;
        tokenizer->scores[HNY_ID_PIECES + i] = score;
        if (score < least) least = score;
    }
    tokenizer->unknown_score =
        least > UNKNOWN_PENALTY - HNY_SCORE_LIMIT ? least - UNKNOWN_PENALTY : -HNY_SCORE_LIMIT;
    return HNY_OK;
}

static hny_status build_names(struct hny_tokenizer *tokenizer) {
    size_t size = hny_tokenizer_size(tokenizer);
    tokenizer->name_at = hny_allocate(size, sizeof *tokenizer->name_at);
    if (!tokenizer->name_at) return HNY_ERROR_MEMORY;
    for (size_t id = 0; id < size; id++) {
        char reserved[HNY_RESERVED_NAME];
        tokenizer->name_at[id] = tokenizer->names.size;
        if (id < HNY_ID_PIECES) {
            hny_reserved_name((int32_t)id, reserved);
            HNY_TRY(hny_buffer_append(&tokenizer->names, reserved, strlen(reserved) + 1));
        } else {
            const struct hny_piece *piece = &tokenizer->vocabulary.pieces[id - HNY_ID_PIECES];
            HNY_TRY(hny_piece_write(&tokenizer->names, piece->text, piece->size));
            HNY_TRY(hny_buffer_append(&tokenizer->names, "", 1));
        }
    }
    return HNY_OK;
}

static hny_status build(struct hny_tokenizer *tokenizer, const char *name, const char *text, size_t size) {
    HNY_TRY(hny_vocabulary_read(&tokenizer->vocabulary, name, text, size));
    HNY_TRY(build_tries(tokenizer, name));
    HNY_TRY(build_scores(tokenizer));
    HNY_TRY(build_names(tokenizer));
    if (tokenizer->vocabulary.kind == HNY_TOKENIZER_BPE) HNY_TRY(hny_pairs_build(tokenizer));
    return hny_normaliser_create(&tokenizer->normaliser, tokenizer->vocabulary.form);
}

hny_status hny_tokenizer_parse(struct hny_tokenizer **tokenizer, const char *name, const char *text,
                               size_t size) {
    *tokenizer = hny_allocate(1, sizeof **tokenizer);
    if (!*tokenizer) return HNY_ERROR_MEMORY;
    hny_status status = build(*tokenizer, name, text, size);
    if (status != HNY_OK) hny_tokenizer_close(tokenizer);
    return status;
}

hny_status hny_tokenizer_open(struct hny_tokenizer **tokenizer, const char *path) {
    struct hny_buffer file = {0};
    *tokenizer = NULL;
    hny_status status = hny_file_read(path, FILE_LIMIT, &file);
    if (status == HNY_OK)
        status = hny_tokenizer_parse(tokenizer, path, file.data ? file.data : "", file.size);
    hny_buffer_free(&file);
    return status;
}

void hny_tokenizer_close(struct hny_tokenizer **tokenizer) {
    if (!*tokenizer) return;
    hny_vocabulary_free(&(*tokenizer)->vocabulary);
    hny_normaliser_destroy(&(*tokenizer)->normaliser);
    hny_trie_free(&(*tokenizer)->trie);
    hny_trie_free(&(*tokenizer)->symbols);
    free((*tokenizer)->scores);
    free((*tokenizer)->pairs.slots);
    hny_buffer_free(&(*tokenizer)->names);
    free((*tokenizer)->name_at);
    free(*tokenizer);
    *tokenizer = NULL;
}

hny_status hny_tokenizer_write(const struct hny_tokenizer *tokenizer, struct hny_buffer *file) {
    return hny_vocabulary_write(&tokenizer->vocabulary, file);
}

size_t hny_tokenizer_size(const struct hny_tokenizer *tokenizer) {
    return HNY_ID_PIECES + tokenizer->vocabulary.count;
}

const char *hny_tokenizer_kind_name(const struct hny_tokenizer *tokenizer) {
    return hny_kind_names[tokenizer->vocabulary.kind];
}

const char *hny_tokenizer_form_name(const struct hny_tokenizer *tokenizer) {
    return hny_form_names[tokenizer->vocabulary.form];
}

const char *hny_tokenizer_piece(const struct hny_tokenizer *tokenizer, int32_t id) {
    if (id < 0 || (size_t)id >= hny_tokenizer_size(tokenizer)) return NULL;
    return tokenizer->names.data + tokenizer->name_at[id];
}

int32_t hny_tokenizer_find(const struct hny_tokenizer *tokenizer, const char *piece) {
    size_t size = strlen(piece);
    int32_t reserved = hny_reserved_id(piece, size);
    if (reserved >= 0) return reserved;
    /* The mark may stand at the beginning only. */
    char text[HNY_PIECE_BYTES + 1];
    size_t mark = strncmp(piece, "\xE2\x96\x81", 3) == 0 ? 3 : 0;
    if (size - mark > HNY_PIECE_BYTES - (mark != 0)) return -1; /* a space takes the mark's place */
    text[0] = ' ';
    memcpy(text + 1, piece + mark, size - mark);
    const char *key = mark ? text : text + 1;
    size_t key_size = size - mark + (mark != 0);
    uint32_t id = hny_trie_find(&tokenizer->trie, key, key_size);
    if (id == 0) id = hny_trie_find(&tokenizer->symbols, key, key_size);
    return id == 0 ? -1 : (int32_t)id;
}

int hny_tokenizer_byte(const struct hny_tokenizer *tokenizer, int32_t id) {
    (void)tokenizer;
    return id >= HNY_ID_BYTES && id < HNY_ID_PIECES ? id - HNY_ID_BYTES : -1;
}

hny_status hny_tokenizer_normalise(const struct hny_tokenizer *tokenizer, const char *text, size_t size,
                                   struct hny_buffer *out) {
    return hny_normaliser_run(tokenizer->normaliser, text, size, NULL, out);
}
