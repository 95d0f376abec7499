#include "pipeline/text_pieces.h"

#include "base/memory.h"
#include "pipeline/text_pieces_records.h"
#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

static bool has_letter(struct hny_text text) {
    for (int32_t at = 0; at < (int32_t)text.size;) {
        UChar32 code;
        U8_NEXT_OR_FFFD((const uint8_t *)text.data, at, (int32_t)text.size, code);
        if (u_isalpha(code)) return true;
    }
    return false;
}

static hny_status add_part(struct hny_text_pieces *pieces, struct hny_part part) {
    if (part.size == 0) return HNY_OK;
    if (hny_grow(&pieces->parts, &pieces->part_capacity, pieces->part_count + 1, sizeof *pieces->parts))
        return HNY_ERROR_MEMORY;
    pieces->parts[pieces->part_count++] = part;
    return HNY_OK;
}

/* Copies the sentence at PLACE of the line at START of the words; HTML's runs of spaces are one space. */
static hny_status add_sentence(struct hny_text_pieces *pieces, size_t start, const struct hny_place *place) {
    const struct hny_span span = place->span;
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
    pieces->sentences[pieces->sentence_count++] = (struct hny_sentence){{begin, size}, place->inside > 0};
    return HNY_OK;
}

static struct hny_text line_from(const struct hny_text_pieces *pieces, size_t start) {
    return (struct hny_text){pieces->words.data + start, pieces->words.size - start};
}

hny_status hny_pieces_add_line(struct hny_text_pieces *pieces, size_t start, const struct hny_place *places,
                               size_t count) {
    struct hny_part part = {true, start, pieces->words.size - start, pieces->place_count, count};
    HNY_TRY(add_part(pieces, part));
    if (count > pieces->most) pieces->most = count;
    for (size_t i = 0; i < count; i++) {
        struct hny_place place = places[i];
        struct hny_text sentence = {pieces->words.data + start + place.span.start, place.span.size};
        if (hny_grow(&pieces->places, &pieces->place_capacity, pieces->place_count + 1,
                     sizeof *pieces->places))
            return HNY_ERROR_MEMORY;
        place.sentence = HNY_STAYS;
        if (has_letter(sentence)) {
            place.sentence = (ptrdiff_t)pieces->sentence_count;
            HNY_TRY(add_sentence(pieces, start, &place));
        }
        pieces->places[pieces->place_count++] = place;
    }
    return HNY_OK;
}

hny_status hny_pieces_split_line(const struct hny_text_pieces *pieces, struct hny_paragraph *paragraph,
                                 size_t start, struct hny_place **places, size_t *count) {
    const struct hny_span *spans;
    HNY_TRY(hny_paragraph_split(paragraph, line_from(pieces, start), &spans, count));
    *places = hny_allocate(*count, sizeof **places);
    if (!*places) return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < *count; i++) (*places)[i] = (struct hny_place){.span = spans[i]};
    return HNY_OK;
}

hny_status hny_pieces_split_and_add(struct hny_text_pieces *pieces, struct hny_paragraph *paragraph,
                                    size_t start) {
    struct hny_place *places = NULL;
    size_t count;
    HNY_TRY(hny_pieces_split_line(pieces, paragraph, start, &places, &count));
    hny_status status = hny_pieces_add_line(pieces, start, places, count);
    free(places);
    return status;
}

hny_status hny_pieces_keep(struct hny_text_pieces *pieces, size_t start, size_t size) {
    return add_part(pieces, (struct hny_part){.start = start, .size = size});
}

static hny_status cut_lines(struct hny_text_pieces *pieces, struct hny_paragraph *paragraph) {
    const struct hny_text text = pieces->source;
    for (size_t at = 0; at < text.size;) {
        const char *end = memchr(text.data + at, '\n', text.size - at);
        size_t size = end ? (size_t)(end - text.data) - at : text.size - at, start = pieces->words.size;
        if (size > 0) {
            HNY_TRY(hny_buffer_append(&pieces->words, text.data + at, size));
            HNY_TRY(hny_pieces_split_and_add(pieces, paragraph, start));
        }
        if (end) HNY_TRY(hny_pieces_keep(pieces, at + size, 1));
        at += size + (end ? 1 : 0);
    }
    return HNY_OK;
}

/* --- The whole -------------------------------------------------------------------------------------- */

hny_status hny_text_pieces_create(struct hny_text_pieces **pieces, struct hny_paragraph *paragraph,
                                  struct hny_text text, bool html) {
    struct hny_text_pieces *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->source = text;
    made->html = html;
    hny_status status = html ? hny_pieces_cut_html(made, paragraph) : cut_lines(made, paragraph);
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
    free(old->marks);
    free(old);
    *pieces = NULL;
}

size_t hny_text_pieces_count(const struct hny_text_pieces *pieces) {
    return pieces->sentence_count;
}

struct hny_text hny_text_pieces_sentence(const struct hny_text_pieces *pieces, size_t index) {
    const struct hny_span *span = &pieces->sentences[index].span;
    return (struct hny_text){pieces->words.data + span->start, span->size};
}

bool hny_text_pieces_wants_attention(const struct hny_text_pieces *pieces, size_t index) {
    return pieces->sentences[index].marked;
}

/* --- Joining ---------------------------------------------------------------------------------------- */

/* Memory for the sentences of a line. */
struct line {
    struct hny_span *spans;
    struct hny_text *texts;
    size_t *starts; /* of texts that are in HTML */
    struct hny_buffer html;
};

static hny_status write_tags(const struct hny_text_pieces *pieces, size_t first, size_t count,
                             struct hny_buffer *out) {
    for (size_t i = first; i < first + count; i++)
        HNY_TRY(hny_buffer_append(out, pieces->marks[i].tag.data, pieces->marks[i].tag.size));
    return HNY_OK;
}

static hny_status write_html(const struct hny_text_pieces *pieces, const struct hny_place *place,
                             struct hny_text sentence, const struct hny_text_translation *translation,
                             struct hny_buffer *out) {
    size_t inside = place->first + place->before;
    HNY_TRY(write_tags(pieces, place->first, place->before, out));
    const struct hny_inline_mark *marks = place->inside > 0 ? pieces->marks + inside : NULL;
    HNY_TRY(hny_inline_write(sentence, marks, place->inside, translation->text, translation->line, out));
    return write_tags(pieces, inside + place->inside, place->behind, out);
}

static hny_status join_line(const struct hny_text_pieces *pieces, const struct hny_part *part,
                            const struct hny_text_translation *translations, struct line *line,
                            struct hny_buffer *out) {
    const struct hny_text source = {pieces->words.data + part->start, part->size};
    hny_buffer_clear(&line->html);
    for (size_t i = 0; i < part->place_count; i++) {
        const struct hny_place *place = &pieces->places[part->first + i];
        bool stays = place->sentence == HNY_STAYS;
        const struct hny_text own = {source.data + place->span.start, place->span.size};
        const struct hny_text_translation itself = {own, NULL},
                                          *chosen = stays ? &itself : &translations[place->sentence];
        line->spans[i] = place->span;
        line->texts[i] = chosen->text;
        line->starts[i] = line->html.size;
        if (!pieces->html) continue;
        HNY_TRY(write_html(pieces, place,
                           stays ? own : hny_text_pieces_sentence(pieces, (size_t)place->sentence), chosen,
                           &line->html));
        line->texts[i].size = line->html.size - line->starts[i];
    }
    for (size_t i = 0; pieces->html && i < part->place_count; i++)
        line->texts[i].data = line->html.data + line->starts[i];
    return hny_paragraph_join(out, source, line->spans, line->texts, part->place_count, HNY_JOIN_TARGET);
}

hny_status hny_text_pieces_join(const struct hny_text_pieces *pieces,
                                const struct hny_text_translation *translations, struct hny_buffer *out) {
    struct line line = {hny_allocate(pieces->most, sizeof *line.spans),
                        hny_allocate(pieces->most, sizeof *line.texts),
                        hny_allocate(pieces->most, sizeof *line.starts),
                        {0}};
    hny_status status =
        line.spans && line.texts && line.starts ? hny_buffer_append(out, "", 0) : HNY_ERROR_MEMORY;
    for (size_t i = 0; i < pieces->part_count && status == HNY_OK; i++) {
        const struct hny_part *part = &pieces->parts[i];
        status = part->line ? join_line(pieces, part, translations, &line, out)
                            : hny_buffer_append(out, pieces->source.data + part->start, part->size);
    }
    free(line.spans);
    free(line.texts);
    free(line.starts);
    hny_buffer_free(&line.html);
    return status;
}
