/* Text to ids: the normal form is cut at user-defined symbols, then at spaces, and each word goes to its
 * model. */
#include "base/memory.h"
#include "tokenizer/segment.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Words met before and their ids, so that frequent ones are cut once. One entry is one cache line; a new word
 * takes the place of the one in its slot. */
#define MEMO_SLOTS ((size_t)8192)
#define MEMO_WORD 34
#define MEMO_IDS 7
struct hny_memo_entry {
    uint8_t size, count; /* size 0: empty */
    char word[MEMO_WORD];
    int32_t ids[MEMO_IDS];
};
_Static_assert(sizeof(struct hny_memo_entry) == 64, "a memo entry is one cache line");

hny_status hny_encoding_create(struct hny_encoding **out, const struct hny_tokenizer *tokenizer) {
    bool unigram = tokenizer->vocabulary.kind == HNY_TOKENIZER_UNIGRAM;
    struct hny_encoding *encoding = hny_allocate(1, sizeof *encoding);
    *out = encoding;
    if (!encoding) return HNY_ERROR_MEMORY;
    encoding->tokenizer = tokenizer;
    encoding->memo = hny_allocate(MEMO_SLOTS, sizeof *encoding->memo);
    bool whole = encoding->memo;
    if (unigram) {
        encoding->steps = hny_allocate(HNY_WORD_BYTES + 1, sizeof *encoding->steps);
        encoding->sums = hny_allocate(HNY_WORD_BYTES + 1, sizeof *encoding->sums);
        whole = whole && encoding->steps && encoding->sums;
    } else {
        encoding->links = hny_allocate(HNY_WORD_BYTES + 1, sizeof *encoding->links);
        encoding->heap = hny_allocate(3 * HNY_WORD_BYTES, sizeof *encoding->heap);
        encoding->skipped = hny_allocate(3 * HNY_WORD_BYTES, sizeof *encoding->skipped);
        whole = whole && encoding->links && encoding->heap && encoding->skipped;
    }
    if (whole) return HNY_OK;
    hny_encoding_destroy(out);
    return HNY_ERROR_MEMORY;
}

void hny_encoding_destroy(struct hny_encoding **encoding) {
    if (!*encoding) return;
    hny_buffer_free(&(*encoding)->text);
    hny_normal_space_free(&(*encoding)->space);
    free((*encoding)->memo);
    free((*encoding)->steps);
    free((*encoding)->sums);
    free((*encoding)->links);
    free((*encoding)->heap);
    free((*encoding)->skipped);
    free(*encoding);
    *encoding = NULL;
}

void hny_ids_free(struct hny_ids *ids) {
    free(ids->ids);
    *ids = (struct hny_ids){0};
}

double hny_draw(struct hny_draws *draws) {
    uint64_t index = draws->next++;
    if (index % 4 == 0) hny_random_block(&draws->stream, index / 4, draws->words);
    return draws->words[index % 4] * 0x1p-32;
}

/* One text's way through: what encodes its words, and where the ids go. */
struct run {
    struct hny_encoding *encoding;
    double temperature, dropout;
    struct hny_draws draws;
    struct hny_ids *ids;
};

static size_t memo_slot(const char *word, size_t size) {
    uint64_t hash = size, part = 0;
    for (; size >= 8; word += 8, size -= 8) {
        memcpy(&part, word, 8);
        hash = (hash ^ part) * 0x9E3779B97F4A7C15u;
        hash ^= hash >> 32;
    }
    part = 0;
    for (size_t at = 0; at < size; at++) part = part << 8 | (unsigned char)word[at];
    hash = (hash ^ part) * 0x9E3779B97F4A7C15u;
    return (size_t)(hash >> 32) & (MEMO_SLOTS - 1);
}

static size_t segment(struct run *run, const char *word, size_t size, int32_t *ids) {
    struct hny_encoding *encoding = run->encoding;
    if (encoding->tokenizer->vocabulary.kind == HNY_TOKENIZER_UNIGRAM)
        return run->temperature > 0
                   ? hny_unigram_sample(encoding, word, size, run->temperature, &run->draws, ids)
                   : hny_unigram_best(encoding, word, size, ids);
    return run->dropout > 0 ? hny_bpe_drop(encoding, word, size, run->dropout, &run->draws, ids)
                            : hny_bpe_merge(encoding, word, size, ids);
}

/* Appends the ids of WORD, at most HNY_WORD_BYTES. A byte gives at most one id, so there is room for SIZE. */
static hny_status encode_word(struct run *run, const char *word, size_t size) {
    struct hny_ids *ids = run->ids;
    if (hny_grow(&ids->ids, &ids->capacity, ids->count + size, sizeof *ids->ids) != 0)
        return HNY_ERROR_MEMORY;
    int32_t *to = ids->ids + ids->count;
    if (size > MEMO_WORD || run->temperature > 0 || run->dropout > 0) {
        ids->count += segment(run, word, size, to);
        return HNY_OK;
    }
    struct hny_memo_entry *entry = &run->encoding->memo[memo_slot(word, size)];
    if (entry->size == size && memcmp(entry->word, word, size) == 0) {
        for (size_t i = 0; i < entry->count; i++) to[i] = entry->ids[i];
        ids->count += entry->count;
        return HNY_OK;
    }
    size_t count = segment(run, word, size, to);
    ids->count += count;
    if (count > MEMO_IDS) return HNY_OK;
    entry->size = (uint8_t)size;
    entry->count = (uint8_t)count;
    memcpy(entry->word, word, size);
    memcpy(entry->ids, to, count * sizeof *to);
    return HNY_OK;
}

/* The bytes of the word at TEXT: up to the next space behind its first byte, or the limit. */
static size_t word_size(const char *text, size_t size) {
    size_t end = 1, limit = size < HNY_WORD_BYTES ? size : HNY_WORD_BYTES;
    while (end < limit && text[end] != ' ') end++;
    while (end < size && ((unsigned char)text[end] & 0xC0) == 0x80)
        end--; /* the limit fell into a character */
    return end;
}

static hny_status encode_words(struct run *run, const char *text, size_t size) {
    while (size > 0) {
        size_t word = word_size(text, size);
        HNY_TRY(encode_word(run, text, word));
        text += word;
        size -= word;
    }
    return HNY_OK;
}

static hny_status encode_around_symbols(struct run *run, const char *text, size_t size) {
    const struct hny_trie *symbols = &run->encoding->tokenizer->symbols;
    size_t begin = 0;
    for (size_t at = 0; at < size;) {
        uint32_t id = 0;
        size_t bytes = hny_trie_longest(symbols, text + at, size - at, &id);
        if (bytes == 0) {
            at++;
            continue;
        }
        HNY_TRY(encode_words(run, text + begin, at - begin));
        if (hny_grow(&run->ids->ids, &run->ids->capacity, run->ids->count + 1, sizeof *run->ids->ids) != 0)
            return HNY_ERROR_MEMORY;
        run->ids->ids[run->ids->count++] = (int32_t)id;
        begin = at += bytes;
    }
    return encode_words(run, text + begin, size - begin);
}

static hny_status check_sampling(const struct hny_sampling *sampling) {
    if (!(sampling->temperature >= 0 && isfinite(sampling->temperature)))
        return hny_fail(HNY_ERROR_USAGE, "sampling temperature %g: expected 0 or above",
                        sampling->temperature);
    if (!(sampling->dropout >= 0 && sampling->dropout <= 1))
        return hny_fail(HNY_ERROR_USAGE, "subword dropout %g: expected 0 to 1", sampling->dropout);
    return HNY_OK;
}

hny_status hny_tokenizer_encode(struct hny_encoding *encoding, const char *text, size_t size,
                                const struct hny_sampling *sampling, struct hny_ids *ids) {
    struct run run = {.encoding = encoding, .ids = ids};
    struct hny_buffer *normal = &encoding->text;
    size_t before = ids->count;
    if (sampling) {
        HNY_TRY(check_sampling(sampling));
        bool unigram = encoding->tokenizer->vocabulary.kind == HNY_TOKENIZER_UNIGRAM;
        run.temperature = unigram ? sampling->temperature : 0;
        run.dropout = unigram ? 0 : sampling->dropout;
        run.draws.stream = sampling->stream;
    }
    hny_buffer_clear(normal);
    HNY_TRY(hny_buffer_append(normal, " ", 1));
    HNY_TRY(hny_normaliser_run(encoding->tokenizer->normaliser, text, size, &encoding->space, normal));
    if (normal->size == 1) return HNY_OK;
    hny_status status = encoding->tokenizer->vocabulary.symbol_count > 0
                            ? encode_around_symbols(&run, normal->data, normal->size)
                            : encode_words(&run, normal->data, normal->size);
    if (status != HNY_OK) ids->count = before;
    return status;
}
