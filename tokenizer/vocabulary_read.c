#include "base/digest.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "tokenizer/vocabulary.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT_VERSION "1"
#define FOUND_BYTES 48 /* of a line, in a message */
#define BOUNDARY_MARK "\xE2\x96\x81"
#define BOUNDARY_BYTES 3

/* The file while it is read; `line` is the current one without its LF. */
struct reader {
    const char *name;
    const char *text, *next, *end;
    const char *line;
    size_t line_size;
    size_t line_number;
    char *texts; /* where the next piece's text goes; there is room for the rest of the file */
};

static hny_status fail_expected(const struct reader *reader, const char *expected) {
    char found[FOUND_BYTES + 1] = "";
    size_t size = reader->line_size < FOUND_BYTES ? reader->line_size : FOUND_BYTES;
    while (size < reader->line_size && size > 0 && (reader->line[size] & 0xC0) == 0x80) size--;
    for (size_t i = 0; i < size; i++) found[i] = (unsigned char)reader->line[i] < ' ' ? ' ' : reader->line[i];
    if (!hny_utf8_valid(found, size))
        for (size_t i = 0; i < size; i++) found[i] = (unsigned char)found[i] < 0x7F ? found[i] : '?';
    found[size] = '\0';
    return hny_fail(HNY_ERROR_INPUT, "%s: line %zu: expected %s, found \"%s\"", reader->name,
                    reader->line_number, expected, found);
}

/* Goes to the next line: false where there is none. */
static bool find_line(struct reader *reader) {
    const char *end =
        reader->next < reader->end ? memchr(reader->next, '\n', (size_t)(reader->end - reader->next)) : NULL;
    reader->line_number++;
    if (!end) return false;
    reader->line = reader->next;
    reader->line_size = (size_t)(end - reader->line);
    reader->next = end + 1;
    return true;
}

static hny_status fail_end(const struct reader *reader, const char *expected) {
    return hny_fail(HNY_ERROR_INPUT, "%s: line %zu: expected %s, found the end of the file", reader->name,
                    reader->line_number, expected);
}

/* Goes to the next line; EXPECTED says what it should hold, for the message where there is none. */
static hny_status next_line(struct reader *reader, const char *expected) {
    return find_line(reader) ? HNY_OK : fail_end(reader, expected);
}

static bool starts_with(const struct reader *reader, const char *text) {
    size_t size = strlen(text);
    return reader->line_size >= size && memcmp(reader->line, text, size) == 0;
}

/* Reads decimal digits without leading zeros, at *AT and before END, up to LIMIT. */
static bool read_number(const char **at, const char *end, uint64_t limit, uint64_t *number) {
    const char *first = *at;
    *number = 0;
    for (; *at < end && **at >= '0' && **at <= '9'; ++*at) {
        *number = *number * 10 + (uint64_t)(**at - '0');
        if (*number > limit) return false;
    }
    return *at > first && (*first != '0' || *at == first + 1);
}

static hny_status read_first_line(struct reader *reader) {
    const char *expected = "\"honyaku tokenizer " FORMAT_VERSION "\"";
    HNY_TRY(next_line(reader, expected));
    bool kind_right = starts_with(reader, "honyaku tokenizer ");
    bool version_right = kind_right && starts_with(reader, "honyaku tokenizer " FORMAT_VERSION) &&
                         reader->line_size == strlen("honyaku tokenizer " FORMAT_VERSION);
    if (version_right) return HNY_OK;
    return fail_expected(reader, kind_right ? "version " FORMAT_VERSION " of the format" : expected);
}

/* Reads the line "KEY NAME" into the index of NAME in NAMES. */
static hny_status read_choice(struct reader *reader, const char *key, const char *const *names, size_t count,
                              const char *expected, size_t *choice) {
    HNY_TRY(next_line(reader, expected));
    size_t key_size = strlen(key);
    for (*choice = 0; *choice < count; ++*choice) {
        const char *name = names[*choice];
        if (starts_with(reader, key) && reader->line_size == key_size + strlen(name) &&
            memcmp(reader->line + key_size, name, strlen(name)) == 0)
            return HNY_OK;
    }
    return fail_expected(reader, expected);
}

static hny_status read_size(struct reader *reader, size_t *size) {
    const char *expected = "\"size \" and a number from 260 to 1048576";
    HNY_TRY(next_line(reader, expected));
    if (!starts_with(reader, "size ")) return fail_expected(reader, expected);
    const char *at = reader->line + strlen("size "), *end = reader->line + reader->line_size;
    uint64_t number = 0;
    if (!read_number(&at, end, HNY_VOCABULARY_LIMIT, &number) || at != end || number < HNY_ID_PIECES)
        return fail_expected(reader, expected);
    *size = (size_t)number;
    return HNY_OK;
}

/* Reads "-12.345678" at AT, the whole of it, into millionths. */
static bool read_unigram_score(const char *at, const char *end, int32_t *score) {
    uint64_t whole = 0, part = 0;
    bool negative = at < end && *at == '-';
    if (negative) at++;
    if (!read_number(&at, end, HNY_SCORE_LIMIT / HNY_SCORE_UNIT, &whole)) return false;
    if (end - at != 7 || *at++ != '.') return false;
    for (; at < end; at++) {
        if (*at < '0' || *at > '9') return false;
        part = part * 10 + (uint64_t)(*at - '0');
    }
    uint64_t value = whole * HNY_SCORE_UNIT + part;
    if (negative != (value > 0) || value > HNY_SCORE_LIMIT) return false;
    *score = -(int32_t)value;
    return true;
}

/* Reads the score of a piece of VOCABULARY that is not a symbol. */
static hny_status read_score(struct reader *reader, const struct hny_vocabulary *vocabulary, const char *at,
                             struct hny_piece *piece) {
    const char *end = reader->line + reader->line_size;
    if (vocabulary->kind == HNY_TOKENIZER_UNIGRAM)
        return read_unigram_score(at, end, &piece->score)
                   ? HNY_OK
                   : fail_expected(reader, "a score from -2147.483647 to 0.000000, with six decimals");
    uint64_t rank = 0;
    if (!read_number(&at, end, HNY_RANK_LIMIT - 1, &rank) || at != end)
        return fail_expected(reader, "a rank below 16777216");
    piece->score = (int32_t)rank;
    uint32_t code = 0;
    bool single = hny_utf8_decode(piece->text, piece->size, &code) == (int)piece->size;
    if (single != (rank == 0))
        return fail_expected(reader, single ? "rank 0 for a character" : "a rank above 0");
    const struct hny_piece *last =
        vocabulary->count > vocabulary->symbol_count ? &vocabulary->pieces[vocabulary->count - 1] : NULL;
    if (last && last->score >= piece->score && last->score > 0)
        return fail_expected(reader, "a rank above the one before");
    return HNY_OK;
}

/* Copies the written piece of SIZE bytes at TEXT into the reader's texts, with a space for each ▁. */
static struct hny_piece take_piece(struct reader *reader, const char *text, size_t size) {
    char *to = reader->texts;
    for (size_t at = 0; at < size;) {
        bool mark = size - at >= BOUNDARY_BYTES && memcmp(text + at, BOUNDARY_MARK, BOUNDARY_BYTES) == 0;
        *to++ = mark ? ' ' : text[at];
        at += mark ? BOUNDARY_BYTES : 1;
    }
    struct hny_piece piece = {.text = reader->texts, .size = (uint32_t)(to - reader->texts)};
    reader->texts = to;
    return piece;
}

/* Says what the line of piece ID should hold; THERE: that there is such a line. */
static hny_status fail_piece(const struct reader *reader, uint64_t id, bool there) {
    char expected[64];
    snprintf(expected, sizeof expected, "%" PRIu64 ", TAB, a piece, TAB, its score", id);
    return there ? fail_expected(reader, expected) : fail_end(reader, expected);
}

static hny_status read_piece(struct reader *reader, struct hny_vocabulary *vocabulary) {
    uint64_t id = HNY_ID_PIECES + vocabulary->count, number = 0;
    if (!find_line(reader)) return fail_piece(reader, id, false);
    const char *at = reader->line, *end = reader->line + reader->line_size;
    if (!read_number(&at, end, HNY_VOCABULARY_LIMIT, &number) || number != id || at == end || *at++ != '\t')
        return fail_piece(reader, id, true);
    const char *tab = memchr(at, '\t', (size_t)(end - at));
    if (!tab) return fail_piece(reader, id, true);
    bool literal_space = memchr(at, ' ', (size_t)(tab - at)) != NULL;
    struct hny_piece piece = take_piece(reader, at, (size_t)(tab - at));
    const char *fault =
        literal_space ? "it has a space, which is written ▁" : hny_piece_fault(piece.text, piece.size);
    if (fault) {
        char expected[160];
        snprintf(expected, sizeof expected, "a piece (%s)", fault);
        return fail_expected(reader, expected);
    }
    tab++;
    bool symbol = (size_t)(end - tab) == strlen("symbol") && memcmp(tab, "symbol", strlen("symbol")) == 0;
    if (symbol && vocabulary->count > vocabulary->symbol_count)
        return fail_expected(reader, "no symbol behind other pieces");
    if (symbol && memchr(piece.text, ' ', piece.size)) return fail_expected(reader, "no ▁ in a symbol");
    if (!symbol) HNY_TRY(read_score(reader, vocabulary, tab, &piece));
    if (hny_grow(&vocabulary->pieces, &vocabulary->capacity, vocabulary->count + 1, sizeof piece) != 0)
        return HNY_ERROR_MEMORY;
    vocabulary->pieces[vocabulary->count++] = piece;
    vocabulary->symbol_count += symbol;
    return HNY_OK;
}

static hny_status read_digest(struct reader *reader) {
    char digest[HNY_DIGEST_TEXT], expected[HNY_DIGEST_TEXT + 64];
    size_t size = (size_t)(reader->next - reader->text);
    HNY_TRY(next_line(reader, "\"sha256 \" and 64 digits"));
    HNY_TRY(hny_digest_bytes(reader->text, size, digest));
    snprintf(expected, sizeof expected, "\"sha256 %s\" (or the file is damaged)", digest);
    if (!starts_with(reader, "sha256 ") || reader->line_size != strlen("sha256 ") + HNY_DIGEST_TEXT - 1 ||
        memcmp(reader->line + strlen("sha256 "), digest, HNY_DIGEST_TEXT - 1) != 0)
        return fail_expected(reader, expected);
    if (reader->next == reader->end) return HNY_OK;
    return hny_fail(HNY_ERROR_INPUT, "%s: line %zu: expected the end of the file, found %td bytes more",
                    reader->name, reader->line_number + 1, reader->end - reader->next);
}

static hny_status read_all(struct reader *reader, struct hny_vocabulary *vocabulary) {
    size_t kind = 0, form = 0, size = 0;
    HNY_TRY(read_first_line(reader));
    HNY_TRY(
        read_choice(reader, "kind ", hny_kind_names, HNY_KINDS, "\"kind unigram\" or \"kind bpe\"", &kind));
    HNY_TRY(read_choice(reader, "form ", hny_form_names, HNY_FORMS,
                        "\"form nfc\", \"form nfkc\" or \"form none\"", &form));
    HNY_TRY(read_size(reader, &size));
    vocabulary->kind = (enum hny_tokenizer_kind)kind;
    vocabulary->form = (enum hny_normal_form)form;
    while (HNY_ID_PIECES + vocabulary->count < size) HNY_TRY(read_piece(reader, vocabulary));
    return read_digest(reader);
}

hny_status hny_vocabulary_read(struct hny_vocabulary *vocabulary, const char *name, const char *text,
                               size_t size) {
    *vocabulary = (struct hny_vocabulary){.texts = hny_allocate(size, 1)};
    if (!vocabulary->texts) return HNY_ERROR_MEMORY;
    struct reader reader = {
        .name = name, .text = text, .next = text, .end = text + size, .texts = vocabulary->texts};
    hny_status status = read_all(&reader, vocabulary);
    if (status != HNY_OK) hny_vocabulary_free(vocabulary);
    return status;
}
