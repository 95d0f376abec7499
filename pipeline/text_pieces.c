#include "pipeline/text_pieces.h"

#include "base/memory.h"
#include "pipeline/inline_markup.h"
#include "pipeline/markup.h"
#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

enum { STAYS = -1 };

/* A sentence of a line, and which of the text's it is; STAYS: it has no letter. Its tags are marks from FIRST
 * on: before it, inside, and behind it. */
struct place {
    struct hny_span span; /* in its line */
    ptrdiff_t sentence;
    size_t first, before, inside, behind;
};

/* Part of the text: what comes back as it is, or a line with sentences. */
struct part {
    bool line;
    size_t start, size;        /* in the source; of a line: in WORDS */
    size_t first, place_count; /* of a line: its places */
};

struct sentence {
    struct hny_span span; /* in the words */
    bool marked;          /* there are tags inside */
};

struct hny_text_pieces {
    struct hny_text source;
    bool html;
    struct hny_buffer words; /* lines and sentences */
    struct part *parts;
    size_t part_count, part_capacity;
    struct place *places;
    size_t place_count, place_capacity;
    struct sentence *sentences;
    size_t sentence_count, sentence_capacity;
    struct hny_inline_mark *marks; /* their places are bytes of the flow while it is cut */
    size_t mark_count, mark_capacity;
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

/* Copies the sentence at PLACE of the line at START of the words; HTML's runs of spaces are one space. */
static hny_status add_sentence(struct hny_text_pieces *pieces, size_t start, const struct place *place) {
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
    pieces->sentences[pieces->sentence_count++] = (struct sentence){{begin, size}, place->inside > 0};
    return HNY_OK;
}

static struct hny_text line_from(const struct hny_text_pieces *pieces, size_t start) {
    return (struct hny_text){pieces->words.data + start, pieces->words.size - start};
}

/* Adds the line that the words hold from START on, PLACES [COUNT]. */
static hny_status add_line(struct hny_text_pieces *pieces, size_t start, const struct place *places,
                           size_t count) {
    struct part part = {true, start, pieces->words.size - start, pieces->place_count, count};
    HNY_TRY(add_part(pieces, part));
    if (count > pieces->most) pieces->most = count;
    for (size_t i = 0; i < count; i++) {
        struct place place = places[i];
        struct hny_text sentence = {pieces->words.data + start + place.span.start, place.span.size};
        if (hny_grow(&pieces->places, &pieces->place_capacity, pieces->place_count + 1,
                     sizeof *pieces->places))
            return HNY_ERROR_MEMORY;
        place.sentence = STAYS;
        if (has_letter(sentence)) {
            place.sentence = (ptrdiff_t)pieces->sentence_count;
            HNY_TRY(add_sentence(pieces, start, &place));
        }
        pieces->places[pieces->place_count++] = place;
    }
    return HNY_OK;
}

/* The sentences of the line that the words hold from START on; *PLACES [*COUNT] are the caller's to free. */
static hny_status split_line(const struct hny_text_pieces *pieces, struct hny_paragraph *paragraph,
                             size_t start, struct place **places, size_t *count) {
    const struct hny_span *spans;
    HNY_TRY(hny_paragraph_split(paragraph, line_from(pieces, start), &spans, count));
    *places = hny_allocate(*count, sizeof **places);
    if (!*places) return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < *count; i++) (*places)[i] = (struct place){.span = spans[i]};
    return HNY_OK;
}

static hny_status split_and_add(struct hny_text_pieces *pieces, struct hny_paragraph *paragraph,
                                size_t start) {
    struct place *places = NULL;
    size_t count;
    HNY_TRY(split_line(pieces, paragraph, start, &places, &count));
    hny_status status = add_line(pieces, start, places, count);
    free(places);
    return status;
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
            HNY_TRY(split_and_add(pieces, paragraph, start));
        }
        if (end) HNY_TRY(keep(pieces, at + size, 1));
        at += size + (end ? 1 : 0);
    }
    return HNY_OK;
}

static bool is_html_space(char byte) {
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r' || byte == '\f';
}

/* --- HTML ------------------------------------------------------------------------------------------- */

/* Adds what [BEGIN, END) of the source says to the words, its line ends spaces. */
static hny_status add_words(struct hny_text_pieces *pieces, size_t begin, size_t end) {
    size_t start = pieces->words.size;
    HNY_TRY(hny_markup_decode(&pieces->words, (struct hny_text){pieces->source.data + begin, end - begin}));
    for (size_t i = start; i < pieces->words.size; i++)
        if (is_html_space(pieces->words.data[i])) pieces->words.data[i] = ' ';
    return HNY_OK;
}

/* A run of text by itself: white space at its ends stays. */
static hny_status cut_run(struct hny_text_pieces *pieces, struct hny_paragraph *paragraph, size_t begin,
                          size_t end) {
    const char *text = pieces->source.data;
    size_t from = begin, to = end, start = pieces->words.size;
    while (from < to && is_html_space(text[from])) from++;
    while (to > from && is_html_space(text[to - 1])) to--;
    HNY_TRY(keep(pieces, begin, from - begin));
    HNY_TRY(add_words(pieces, from, to));
    if (to > from) HNY_TRY(split_and_add(pieces, paragraph, start));
    return keep(pieces, to, end - to);
}

/* Each run of RUNS [COUNT] by itself. */
static hny_status cut_apart(struct hny_text_pieces *pieces, struct hny_paragraph *paragraph,
                            const struct hny_markup_run *runs, size_t count) {
    for (size_t i = 0; i < count; i++)
        HNY_TRY(runs[i].kind == HNY_MARKUP_TEXT
                    ? cut_run(pieces, paragraph, runs[i].start, runs[i].start + runs[i].size)
                    : keep(pieces, runs[i].start, runs[i].size));
    return HNY_OK;
}

static size_t count_visible(struct hny_text text) {
    size_t count = 0;
    for (int32_t at = 0; at < (int32_t)text.size;) {
        UChar32 code;
        U8_NEXT_OR_FFFD((const uint8_t *)text.data, at, (int32_t)text.size, code);
        count += !u_isUWhiteSpace(code);
    }
    return count;
}

/* Hands the marks from FIRST on, in order, to PLACES [COUNT], at least 1: what stands between two sentences
 * goes with the one behind it from its first start tag on. */
static void share_marks(struct hny_text_pieces *pieces, size_t first, struct place *places, size_t count) {
    size_t m = first;
    for (size_t i = 0; i < count; i++) {
        struct place *place = &places[i];
        size_t begin = place->span.start, end = begin + place->span.size;
        place->first = m;
        for (; m < pieces->mark_count && pieces->marks[m].at <= begin; m++) place->before++;
        for (; m < pieces->mark_count && pieces->marks[m].at < end; m++) place->inside++;
        bool last = i + 1 == count;
        size_t next = last ? SIZE_MAX : places[i + 1].span.start;
        for (; m < pieces->mark_count && pieces->marks[m].at <= next && (last || pieces->marks[m].end); m++)
            place->behind++;
    }
}

/* Takes the tags at the borders of PLACE to those inside whose other tag is there; false where these are no
 * whole elements then. */
static bool complete_marks(const struct hny_text_pieces *pieces, struct place *place) {
    if (place->inside == 0) return true;
    const struct hny_inline_mark *inside = pieces->marks + place->first + place->before;
    size_t open = 0, ends = 0; /* start tags without their ends so far, and the reverse */
    for (size_t i = 0; i < place->inside; i++) {
        if (!inside[i].end)
            open++;
        else if (open > 0)
            open--;
        else
            ends++;
    }
    if (ends > place->before || open > place->behind) return false;
    place->before -= ends;
    place->behind -= open;
    place->inside += ends + open;
    return hny_inline_whole(inside - ends, place->inside);
}

/* Whether the tags of each sentence are whole elements: their places become characters then. */
static bool settle_marks(struct hny_text_pieces *pieces, size_t start, struct place *places, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!complete_marks(pieces, &places[i])) return false;
    for (size_t i = 0; i < count; i++) {
        if (places[i].inside == 0) continue;
        struct hny_inline_mark *marks = pieces->marks + places[i].first + places[i].before;
        size_t begin = places[i].span.start, end = begin + places[i].span.size;
        const char *sentence = pieces->words.data + start + begin;
        for (size_t m = 0; m < places[i].inside; m++) {
            size_t at = marks[m].at < begin ? begin : marks[m].at > end ? end : marks[m].at;
            marks[m].at = count_visible((struct hny_text){sentence, at - begin});
        }
    }
    return true;
}

/* The words and marks of RUNS [COUNT], text and tags in its flow. */
static hny_status add_flow(struct hny_text_pieces *pieces, const struct hny_markup_run *runs, size_t count) {
    size_t start = pieces->words.size;
    for (size_t i = 0; i < count; i++) {
        if (runs[i].kind == HNY_MARKUP_TEXT) {
            HNY_TRY(add_words(pieces, runs[i].start, runs[i].start + runs[i].size));
            continue;
        }
        if (hny_grow(&pieces->marks, &pieces->mark_capacity, pieces->mark_count + 1, sizeof *pieces->marks))
            return HNY_ERROR_MEMORY;
        pieces->marks[pieces->mark_count++] =
            (struct hny_inline_mark){{pieces->source.data + runs[i].start, runs[i].size},
                                     pieces->words.size - start,
                                     runs[i].kind == HNY_MARKUP_END};
    }
    return HNY_OK;
}

/* RUNS [COUNT] as one text, if the elements in it allow that; else *DONE is false and nothing was added. */
static hny_status cut_together(struct hny_text_pieces *pieces, struct hny_paragraph *paragraph,
                               const struct hny_markup_run *runs, size_t count, bool *done) {
    size_t start = pieces->words.size, first = pieces->mark_count, place_count = 0;
    struct place *places = NULL;
    HNY_TRY(add_flow(pieces, runs, count));
    HNY_TRY(split_line(pieces, paragraph, start, &places, &place_count));
    if (place_count > 0) share_marks(pieces, first, places, place_count);
    *done = place_count > 0 && settle_marks(pieces, start, places, place_count);
    hny_status status = HNY_OK;
    if (*done) {
        status = add_line(pieces, start, places, place_count);
    } else {
        pieces->words.size = start;
        pieces->mark_count = first;
    }
    free(places);
    return status;
}

static bool is_blank(const struct hny_text_pieces *pieces, const struct hny_markup_run *run) {
    for (size_t i = 0; i < run->size; i++)
        if (!is_html_space(pieces->source.data[run->start + i])) return false;
    return true;
}

/* White space at the ends of the texts that RUNS [COUNT] begin and end with is left out. */
static void trim(const struct hny_text_pieces *pieces, struct hny_markup_run *runs, size_t count) {
    struct hny_markup_run *first = &runs[0], *last = &runs[count - 1];
    const char *text = pieces->source.data;
    for (; first->kind == HNY_MARKUP_TEXT && is_html_space(text[first->start]); first->size--) first->start++;
    while (last->kind == HNY_MARKUP_TEXT && is_html_space(text[last->start + last->size - 1])) last->size--;
}

/* RUNS [COUNT] of text and of tags in its flow. Where there is one text that is all; of more, the tags around
 * them may belong to elements that end among them. What stands further out stays as it is. */
static hny_status cut_flow(struct hny_text_pieces *pieces, struct hny_paragraph *paragraph,
                           struct hny_markup_run *runs, size_t count) {
    size_t from = 0, to = count, begin = runs[0].start, end = runs[count - 1].start + runs[count - 1].size;
    bool done = false;
    while (from < to && (runs[from].kind != HNY_MARKUP_TEXT || is_blank(pieces, &runs[from]))) from++;
    while (to > from && (runs[to - 1].kind != HNY_MARKUP_TEXT || is_blank(pieces, &runs[to - 1]))) to--;
    if (to - from < 3) return cut_apart(pieces, paragraph, runs, count);
    while (from > 0 && runs[from - 1].kind == HNY_MARKUP_START) from--;
    while (to < count && runs[to].kind == HNY_MARKUP_END) to++;
    const struct hny_markup_run *first = &runs[from], *last = &runs[to - 1];
    trim(pieces, runs + from, to - from);
    HNY_TRY(keep(pieces, begin, first->start - begin));
    HNY_TRY(cut_together(pieces, paragraph, first, to - from, &done));
    if (!done) HNY_TRY(cut_apart(pieces, paragraph, first, to - from));
    begin = last->start + last->size;
    return keep(pieces, begin, end - begin);
}

static hny_status cut_html(struct hny_text_pieces *pieces, struct hny_paragraph *paragraph) {
    struct hny_markup_run *runs;
    size_t count, end;
    HNY_TRY(hny_markup_cut(pieces->source, &runs, &count));
    hny_status status = HNY_OK;
    for (size_t i = 0; i < count && status == HNY_OK; i = end) {
        for (end = i; end < count && runs[end].kind != HNY_MARKUP_OTHER;) end++;
        if (end > i)
            status = cut_flow(pieces, paragraph, runs + i, end - i);
        else
            status = keep(pieces, runs[i].start, runs[end++].size);
    }
    free(runs);
    return status;
}

/* --- The whole -------------------------------------------------------------------------------------- */

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

static hny_status write_html(const struct hny_text_pieces *pieces, const struct place *place,
                             struct hny_text sentence, const struct hny_text_translation *translation,
                             struct hny_buffer *out) {
    size_t inside = place->first + place->before;
    HNY_TRY(write_tags(pieces, place->first, place->before, out));
    const struct hny_inline_mark *marks = place->inside > 0 ? pieces->marks + inside : NULL;
    HNY_TRY(hny_inline_write(sentence, marks, place->inside, translation->text, translation->line, out));
    return write_tags(pieces, inside + place->inside, place->behind, out);
}

static hny_status join_line(const struct hny_text_pieces *pieces, const struct part *part,
                            const struct hny_text_translation *translations, struct line *line,
                            struct hny_buffer *out) {
    const struct hny_text source = {pieces->words.data + part->start, part->size};
    hny_buffer_clear(&line->html);
    for (size_t i = 0; i < part->place_count; i++) {
        const struct place *place = &pieces->places[part->first + i];
        bool stays = place->sentence == STAYS;
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
        const struct part *part = &pieces->parts[i];
        status = part->line ? join_line(pieces, part, translations, &line, out)
                            : hny_buffer_append(out, pieces->source.data + part->start, part->size);
    }
    free(line.spans);
    free(line.texts);
    free(line.starts);
    hny_buffer_free(&line.html);
    return status;
}
