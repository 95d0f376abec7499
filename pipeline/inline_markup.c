#include "pipeline/inline_markup.h"

#include "base/memory.h"
#include "pipeline/markup.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

enum { ROOT = -1, MOST_ELEMENTS = HNY_INLINE_MARKS / 2 };
enum { MOST_WEIGHTS = 1 << 20 }; /* of a sentence's attention: some thousand letters */

/* --- Elements --------------------------------------------------------------------------------------- */

/* Places are characters that are no white space in [FROM, TO), later bytes of the translation. */
struct element {
    const struct hny_inline_mark *start, *end;
    int parent; /* ROOT, or an element before it */
    size_t from, to;
    bool written;
};

/* The name in TAG, and its bytes. */
static const char *name_of(const struct hny_inline_mark *mark, size_t *size) {
    const char *name = mark->tag.data + (mark->end ? 2 : 1);
    const char *end = mark->tag.data + mark->tag.size;
    for (*size = 0; name + *size < end && isalnum((unsigned char)name[*size]);) ++*size;
    return name;
}

static bool same_name(const struct hny_inline_mark *a, const struct hny_inline_mark *b) {
    size_t a_size, b_size;
    const char *a_name = name_of(a, &a_size), *b_name = name_of(b, &b_size);
    return a_size == b_size && strncasecmp(a_name, b_name, a_size) == 0;
}

/* Reads MARKS as ELEMENTS [MOST_ELEMENTS], parents first; false where they are not whole. */
static bool read_elements(const struct hny_inline_mark *marks, size_t count, struct element *elements,
                          size_t *element_count) {
    int open = ROOT;
    *element_count = 0;
    if (count > HNY_INLINE_MARKS) return false;
    for (size_t i = 0; i < count; i++) {
        if (marks[i].end) {
            if (open == ROOT || !same_name(elements[open].start, &marks[i])) return false;
            elements[open].end = &marks[i];
            elements[open].to = marks[i].at;
            open = elements[open].parent;
        } else {
            if (*element_count == MOST_ELEMENTS) return false;
            elements[*element_count] =
                (struct element){.start = &marks[i], .parent = open, .from = marks[i].at};
            open = (int)(*element_count)++;
        }
    }
    return open == ROOT;
}

bool hny_inline_whole(const struct hny_inline_mark *marks, size_t count) {
    struct element elements[MOST_ELEMENTS];
    size_t element_count;
    return read_elements(marks, count, elements, &element_count);
}

/* --- Attention -------------------------------------------------------------------------------------- */

/* A piece's characters in its whole text. */
struct piece {
    size_t from, to;
};

struct attention {
    struct piece *source, *target;
    double *weights; /* [target_count][source_count] */
    size_t source_count, target_count;
};

static void free_attention(struct attention *attention) {
    free(attention->source);
    free(attention->target);
    free(attention->weights);
}

/* Characters of a piece that are no white space, which it writes as ▁ (U+2581); a byte that has no piece of
 * its own is "<0xE7>". */
static size_t count_piece(const char *text) {
    size_t count = 0, size = text ? strlen(text) : 0;
    if (size == 6 && strncmp(text, "<0x", 3) == 0 && text[5] == '>')
        return (strtoul(text + 3, NULL, 16) & 0xc0) != 0x80;
    for (int32_t at = 0; at < (int32_t)size;) {
        UChar32 code;
        U8_NEXT_OR_FFFD((const uint8_t *)text, at, (int32_t)size, code);
        count += code != 0x2581 && !u_isUWhiteSpace(code);
    }
    return count;
}

static size_t count_pieces(const json_t *parts, const char *side) {
    size_t i, count = 0;
    json_t *part;
    json_array_foreach(parts, i, part) count += json_array_size(json_object_get(part, side));
    return count;
}

static struct piece *read_pieces(const json_t *parts, const char *side, size_t count) {
    struct piece *pieces = hny_allocate(count, sizeof *pieces);
    size_t i, j, n = 0, at = 0;
    json_t *part, *piece;
    if (!pieces) return NULL;
    json_array_foreach(parts, i, part) {
        json_array_foreach(json_object_get(part, side), j, piece) {
            size_t size = count_piece(json_string_value(piece));
            pieces[n++] = (struct piece){at, at + size};
            at += size;
        }
    }
    return pieces;
}

/* A part's pieces look at this part's alone. */
static void read_weights(const json_t *parts, struct attention *attention) {
    size_t i, t, s, target = 0, source = 0;
    json_t *part;
    json_array_foreach(parts, i, part) {
        const json_t *rows = json_object_get(part, "attention");
        size_t targets = json_array_size(json_object_get(part, "target")),
               sources = json_array_size(json_object_get(part, "source"));
        for (t = 0; t < targets; t++)
            for (s = 0; s < sources; s++)
                attention->weights[(target + t) * attention->source_count + source + s] =
                    json_number_value(json_array_get(json_array_get(rows, t), s));
        target += targets;
        source += sources;
    }
}

static hny_status read_attention(const json_t *line, struct attention *attention) {
    const json_t *parts = json_object_get(line, "parts");
    attention->source_count = count_pieces(parts, "source");
    attention->target_count = count_pieces(parts, "target");
    if (attention->source_count > 0 && attention->target_count > MOST_WEIGHTS / attention->source_count)
        attention->source_count = attention->target_count = 0;
    if (attention->source_count == 0) return HNY_OK;
    attention->source = read_pieces(parts, "source", attention->source_count);
    attention->target = read_pieces(parts, "target", attention->target_count);
    attention->weights =
        hny_allocate(attention->target_count, attention->source_count * sizeof *attention->weights);
    if (!attention->source || !attention->target || !attention->weights) return HNY_ERROR_MEMORY;
    read_weights(parts, attention);
    return HNY_OK;
}

/* How much of what target piece T pays attention to lies in [FROM, TO) of the source; 0 to 1. */
static double share(const struct attention *attention, size_t t, size_t from, size_t to) {
    const double *weights = attention->weights + t * attention->source_count;
    double inside = 0, all = 0;
    for (size_t s = 0; s < attention->source_count; s++) {
        const struct piece *piece = &attention->source[s];
        all += weights[s];
        if (piece->from < to && piece->to > from) inside += weights[s];
    }
    return all > 0 ? inside / all : 0;
}

/* Moves [*FROM, *TO) from the source to the translation: the largest sum of a run, or the piece with the
 * largest share where no piece has half. */
static void follow(const struct attention *attention, size_t *from, size_t *to) {
    size_t first = 0, last = 0, begin = 0;
    double best = -1, sum = 0;
    for (size_t t = 0; t < attention->target_count; t++) {
        double gain = share(attention, t, *from, *to > *from ? *to : *from + 1) - 0.5;
        if (sum <= 0) {
            sum = 0;
            begin = t;
        }
        sum += gain;
        if (sum > best) {
            best = sum;
            first = begin;
            last = t;
        }
    }
    bool empty = *to == *from;
    *from = attention->target[first].from;
    *to = empty ? *from : attention->target[last].to;
}

/* --- Places in the translation ---------------------------------------------------------------------- */

static UChar32 next_code(struct hny_text text, size_t *at) {
    int32_t position = (int32_t)*at;
    UChar32 code;
    U8_NEXT_OR_FFFD((const uint8_t *)text.data, position, (int32_t)text.size, code);
    *at = (size_t)position;
    return code;
}

/* The byte where character NUMBER begins, or with BEHIND where the one before it ends. */
static size_t byte_of(struct hny_text text, size_t number, bool behind) {
    size_t count = 0, at = 0, end = 0;
    while (at < text.size) {
        size_t start = at;
        bool space = u_isUWhiteSpace(next_code(text, &at));
        if (space) continue;
        if (count == number) return behind ? end : start;
        count++;
        end = at;
    }
    return behind ? end : text.size;
}

/* Part of a word that is written without space to the next letter of it: not so of Chinese and Japanese,
 * whose letters are words of their own here. */
static bool is_word_letter(UChar32 code) {
    int32_t width = u_getIntPropertyValue(code, UCHAR_EAST_ASIAN_WIDTH);
    return u_isalnum(code) && width != U_EA_WIDE && width != U_EA_FULLWIDTH;
}

/* Whether a word goes on across the byte AT. */
static bool splits_word(struct hny_text text, size_t at) {
    if (at == 0 || at >= text.size) return false;
    int32_t before = (int32_t)at;
    size_t behind = at;
    UChar32 left, right = next_code(text, &behind);
    U8_PREV_OR_FFFD((const uint8_t *)text.data, 0, before, left);
    return is_word_letter(left) && is_word_letter(right);
}

static void widen_to_words(struct hny_text text, struct element *element) {
    bool empty = element->from == element->to;
    while (splits_word(text, element->from)) {
        int32_t at = (int32_t)element->from;
        U8_BACK_1((const uint8_t *)text.data, 0, at);
        element->from = (size_t)at;
    }
    if (empty) element->to = element->from;
    while (splits_word(text, element->to)) (void)next_code(text, &element->to);
}

static bool same_text(struct hny_text a, struct hny_text b) {
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

static hny_status find_places(struct hny_text sentence, struct hny_text translation, const json_t *line,
                              struct element *elements, size_t count) {
    struct attention attention = {0};
    hny_status status = read_attention(line, &attention);
    bool attentive = attention.source_count > 0 && attention.target_count > 0;
    for (size_t i = 0; i < count && status == HNY_OK; i++) {
        struct element *element = &elements[i];
        if (attentive)
            follow(&attention, &element->from, &element->to);
        else if (!same_text(sentence, translation))
            element->from = element->from == element->to ? SIZE_MAX : 0, element->to = SIZE_MAX;
        bool empty = element->from == element->to;
        element->from = byte_of(translation, element->from, false);
        element->to = empty ? element->from : byte_of(translation, element->to, true);
        if (attentive) widen_to_words(translation, element);
    }
    free_attention(&attention);
    return status;
}

/* --- Writing ---------------------------------------------------------------------------------------- */

struct writing {
    struct hny_text translation;
    struct element *elements;
    size_t count;
    struct hny_buffer *out;
};

/* The child of PARENT that is not written and begins first; NULL: none is left. */
static struct element *next_child(const struct writing *writing, int parent) {
    struct element *next = NULL;
    for (size_t i = 0; i < writing->count; i++) {
        struct element *element = &writing->elements[i];
        if (element->parent == parent && !element->written && (!next || element->from < next->from))
            next = element;
    }
    return next;
}

/* Writes [FROM, TO) of the translation with the children of PARENT in it: what of a child another has already
 * goes without it. At most MOST_ELEMENTS deep. */
static hny_status write_inside(const struct writing *writing, int parent, size_t from, size_t to) {
    const char *text = writing->translation.data;
    for (struct element *child; (child = next_child(writing, parent));) {
        size_t start = child->from > from ? child->from : from;
        if (start > to) start = to;
        size_t end = child->to < to ? child->to : to;
        if (end < start) end = start;
        child->written = true;
        HNY_TRY(hny_markup_encode(writing->out, (struct hny_text){text + from, start - from}));
        HNY_TRY(hny_buffer_append(writing->out, child->start->tag.data, child->start->tag.size));
        HNY_TRY(write_inside(writing, (int)(child - writing->elements), start, end));
        HNY_TRY(hny_buffer_append(writing->out, child->end->tag.data, child->end->tag.size));
        from = end;
    }
    return hny_markup_encode(writing->out, (struct hny_text){text + from, to - from});
}

hny_status hny_inline_write(struct hny_text sentence, const struct hny_inline_mark *marks, size_t count,
                            struct hny_text translation, const json_t *line, struct hny_buffer *out) {
    struct element elements[MOST_ELEMENTS];
    struct writing writing = {translation, elements, 0, out};
    if (count == 0) return hny_markup_encode(out, translation);
    if (!read_elements(marks, count, elements, &writing.count))
        return hny_fail(HNY_ERROR_USAGE, "tags in a sentence that are no whole elements");
    HNY_TRY(find_places(sentence, translation, line, elements, writing.count));
    return write_inside(&writing, ROOT, 0, translation.size);
}
