#include "pipeline/text_pieces_records.h"

#include "base/memory.h"
#include "pipeline/markup.h"
#include <stdlib.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

static bool is_html_space(char byte) {
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r' || byte == '\f';
}

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
    HNY_TRY(hny_pieces_keep(pieces, begin, from - begin));
    HNY_TRY(add_words(pieces, from, to));
    if (to > from) HNY_TRY(hny_pieces_split_and_add(pieces, paragraph, start));
    return hny_pieces_keep(pieces, to, end - to);
}

/* Each run of RUNS [COUNT] by itself. */
static hny_status cut_apart(struct hny_text_pieces *pieces, struct hny_paragraph *paragraph,
                            const struct hny_markup_run *runs, size_t count) {
    for (size_t i = 0; i < count; i++)
        HNY_TRY(runs[i].kind == HNY_MARKUP_TEXT
                    ? cut_run(pieces, paragraph, runs[i].start, runs[i].start + runs[i].size)
                    : hny_pieces_keep(pieces, runs[i].start, runs[i].size));
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
static void share_marks(struct hny_text_pieces *pieces, size_t first, struct hny_place *places,
                        size_t count) {
    size_t m = first;
    for (size_t i = 0; i < count; i++) {
        struct hny_place *place = &places[i];
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
static bool complete_marks(const struct hny_text_pieces *pieces, struct hny_place *place) {
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
static bool settle_marks(struct hny_text_pieces *pieces, size_t start, struct hny_place *places,
                         size_t count) {
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
    struct hny_place *places = NULL;
    HNY_TRY(add_flow(pieces, runs, count));
    HNY_TRY(hny_pieces_split_line(pieces, paragraph, start, &places, &place_count));
    if (place_count > 0) share_marks(pieces, first, places, place_count);
    *done = place_count > 0 && settle_marks(pieces, start, places, place_count);
    hny_status status = HNY_OK;
    if (*done) {
        status = hny_pieces_add_line(pieces, start, places, place_count);
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
    HNY_TRY(hny_pieces_keep(pieces, begin, first->start - begin));
    HNY_TRY(cut_together(pieces, paragraph, first, to - from, &done));
    if (!done) HNY_TRY(cut_apart(pieces, paragraph, first, to - from));
    begin = last->start + last->size;
    return hny_pieces_keep(pieces, begin, end - begin);
}

hny_status hny_pieces_cut_html(struct hny_text_pieces *pieces, struct hny_paragraph *paragraph) {
    struct hny_markup_run *runs;
    size_t count, end;
    HNY_TRY(hny_markup_cut(pieces->source, &runs, &count));
    hny_status status = HNY_OK;
    for (size_t i = 0; i < count && status == HNY_OK; i = end) {
        for (end = i; end < count && runs[end].kind != HNY_MARKUP_OTHER;) end++;
        if (end > i)
            status = cut_flow(pieces, paragraph, runs + i, end - i);
        else
            status = hny_pieces_keep(pieces, runs[i].start, runs[end++].size);
    }
    free(runs);
    return status;
}
