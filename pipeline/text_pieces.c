#include "pipeline/text_pieces.h"

#include "base/memory.h"
#include "pipeline/markup.h"
#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

enum { STAYS = -1 };

/* A sentence of a line, and which of the text's it is; STAYS: it has no letter. */
struct place {
    struct hny_span span; /* in its line */
    ptrdiff_t sentence;
};

/* Part of the text: what comes back as it is, or a line with sentences. */
struct part {
    bool line;
    size_t start, size;        /* in the source; of a line: in WORDS */
    size_t first, place_count; /* of a line: its places */
};

struct hny_text_pieces {
    struct hny_text source;
    bool html;
    struct hny_buffer words; /* lines and sentences */
    struct part *parts;
    size_t part_count, part_capacity;
    struct place *places;
    size_t place_count, place_capacity;
    struct hny_span *sentences; /* in WORDS */
    size_t sentence_count, sentence_capacity;
    size_t most; /* places of a line */
};

static bool has_letter(struct hny_text text) {
    for (int32_t at = 0; at < (int32_t)text.size;) {
        UChar32 code;
        U8_NEXT_OR_FFFD((const uint8_t *)text.data, at, (int32_t)text.size, code);
        if (u_isalpha(code)) return true;
    }
    return false;
}

static hny_status add_part(struct hny_text_pieces *pieces, struct part part) {
    if (part.size == 0) return HNY_OK;
    if (hny_grow(&pieces->parts, &pieces->part_capacity, pieces->part_count + 1, sizeof *pieces->parts))
        return HNY_ERROR_MEMORY;
    pieces->parts[pieces->part_count++] = part;
    return HNY_OK;
}

/* Copies the sentence at SPAN of the line at START of the words; HTML's runs of spaces are one space. */
static hny_status add_sentence(struct hny_text_pieces *pieces, size_t start, struct hny_span span) {
    size_t begin = pieces->words.size;
    if (hny_grow(&pieces->sentences, &pieces->sentence_capacity, pieces->sentence_count + 1,
                 sizeof *pieces->sentences))
        return HNY_ERROR_MEMORY;
    HNY_TRY(hny_buffer_reserve(&pieces->words, span.size));
    const char *from = pieces->words.data + start + span.start;
    char *to = pieces->words.data + begin;
    size_t size = 0;
    for (size_t i = 0; i < span.size; i++)
        if (!pieces->html || from[i] != ' ' || (i > 0 && from[i - 1] != ' ')) to[size++] = from[i];
    pieces->words.size += size;
    pieces->sentences[pieces->sentence_count++] = (struct hny_span){begin, size};
    return HNY_OK;
}

/* Adds the line that the words hold from START on. */
static hny_status add_line(struct hny_text_pieces *pieces, struct hny_paragraph *paragraph, size_t start) {
    const struct hny_text line = {pieces->words.data + start, pieces->words.size - start};
    const struct hny_span *spans;
    size_t count;
    HNY_TRY(hny_paragraph_split(paragraph, line, &spans, &count));
    HNY_TRY(add_part(pieces, (struct part){true, start, line.size, pieces->place_count, count}));
    if (count > pieces->most) pieces->most = count;
    for (size_t i = 0; i < count; i++) {
        struct hny_text sentence = {pieces->words.data + start + spans[i].start, spans[i].size};
        struct place place = {spans[i], STAYS};
        if (hny_grow(&pieces->places, &pieces->place_capacity, pieces->place_count + 1,
                     sizeof *pieces->places))
            return HNY_ERROR_MEMORY;
        if (has_letter(sentence)) {
            place.sentence = (ptrdiff_t)pieces->sentence_count;
            HNY_TRY(add_sentence(pieces, start, spans[i]));
        }
        pieces->places[pieces->place_count++] = place;
    }
    return HNY_OK;
}

static hny_status keep(struct hny_text_pieces *pieces, size_t start, size_t size) {
    return add_part(pieces, (struct part){.start = start, .size = size});
}

static hny_status cut_lines(struct hny_text_pieces *pieces, struct hny_paragraph *paragraph) {
    const struct hny_text text = pieces->source;
    for (size_t at = 0; at < text.size;) {
        const char *end = memchr(text.data + at, '\n', text.size - at);
        size_t size = end ? (size_t)(end - text.data) - at : text.size - at, start = pieces->words.size;
        if (size > 0) {
            HNY_TRY(hny_buffer_append(&pieces->words, text.data + at, size));
            HNY_TRY(add_line(pieces, paragraph, start));
        }
        if (end) HNY_TRY(keep(pieces, at + size, 1));
        at += size + (end ? 1 : 0);
    }
    return HNY_OK;
}

static bool is_html_space(char byte) {
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r' || byte == '\f';
}

/* A run of text: white space at its ends stays, all other is spaces. */
static hny_status cut_run(struct hny_text_pieces *pieces, struct hny_paragraph *paragraph, size_t begin,
                          size_t end) {
    const char *text = pieces->source.data;
    size_t from = begin, to = end, start = pieces->words.size;
    while (from < to && is_html_space(text[from])) from++;
    while (to > from && is_html_space(text[to - 1])) to--;
    HNY_TRY(keep(pieces, begin, from - begin));
    HNY_TRY(hny_markup_decode(&pieces->words, (struct hny_text){text + from, to - from}));
    for (size_t i = start; i < pieces->words.size; i++)
        if (is_html_space(pieces->words.data[i])) pieces->words.data[i] = ' ';
    if (to > from) HNY_TRY(add_line(pieces, paragraph, start));
    return keep(pieces, to, end - to);
}

static hny_status cut_html(struct hny_text_pieces *pieces, struct hny_paragraph *paragraph) {
    struct hny_markup_run *runs;
    size_t count;
    HNY_TRY(hny_markup_cut(pieces->source, &runs, &count));
    hny_status status = HNY_OK;
    for (size_t i = 0; i < count && status == HNY_OK; i++)
        status = runs[i].text ? cut_run(pieces, paragraph, runs[i].start, runs[i].start + runs[i].size)
                              : keep(pieces, runs[i].start, runs[i].size);
    free(runs);
    return status;
}

hny_status hny_text_pieces_create(struct hny_text_pieces **pieces, struct hny_paragraph *paragraph,
                                  struct hny_text text, bool html) {
    struct hny_text_pieces *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->source = text;
    made->html = html;
    hny_status status = html ? cut_html(made, paragraph) : cut_lines(made, paragraph);
    if (status != HNY_OK) hny_text_pieces_destroy(&made);
    *pieces = made;
    return status;
}

void hny_text_pieces_destroy(struct hny_text_pieces **pieces) {
    struct hny_text_pieces *old = *pieces;
    if (!old) return;
    hny_buffer_free(&old->words);
    free(old->parts);
    free(old->places);
    free(old->sentences);
    free(old);
    *pieces = NULL;
}

size_t hny_text_pieces_count(const struct hny_text_pieces *pieces) {
    return pieces->sentence_count;
}

struct hny_text hny_text_pieces_sentence(const struct hny_text_pieces *pieces, size_t index) {
    return (struct hny_text){pieces->words.data + pieces->sentences[index].start,
                             pieces->sentences[index].size};
}

/* Memory for the sentences of a line. */
struct line {
    struct hny_span *spans;
    struct hny_text *texts;
    struct hny_buffer joined;
};

static hny_status join_line(const struct hny_text_pieces *pieces, const struct part *part,
                            const struct hny_text *translations, struct line *line, struct hny_buffer *out) {
    const struct hny_text source = {pieces->words.data + part->start, part->size};
    for (size_t i = 0; i < part->place_count; i++) {
        const struct place *place = &pieces->places[part->first + i];
        line->spans[i] = place->span;
        line->texts[i] = place->sentence == STAYS
                             ? (struct hny_text){source.data + place->span.start, place->span.size}
                             : translations[place->sentence];
    }
    hny_buffer_clear(&line->joined);
    HNY_TRY(hny_paragraph_join(&line->joined, source, line->spans, line->texts, part->place_count,
                               HNY_JOIN_TARGET));
    const struct hny_text joined = {line->joined.data, line->joined.size};
    return pieces->html ? hny_markup_encode(out, joined) : hny_buffer_append(out, joined.data, joined.size);
}

hny_status hny_text_pieces_join(const struct hny_text_pieces *pieces, const struct hny_text *translations,
                                struct hny_buffer *out) {
    struct line line = {
        hny_allocate(pieces->most, sizeof *line.spans), hny_allocate(pieces->most, sizeof *line.texts), {0}};
    hny_status status = line.spans && line.texts ? hny_buffer_append(out, "", 0) : HNY_ERROR_MEMORY;
    for (size_t i = 0; i < pieces->part_count && status == HNY_OK; i++) {
        const struct part *part = &pieces->parts[i];
        status = part->line ? join_line(pieces, part, translations, &line, out)
                            : hny_buffer_append(out, pieces->source.data + part->start, part->size);
    }
    free(line.spans);
    free(line.texts);
    hny_buffer_free(&line.joined);
    return status;
}
