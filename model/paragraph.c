#include "model/paragraph.h"
#include "base/memory.h"
#include "model/sentence.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/ubrk.h>
#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <unicode/utf8.h>

struct hny_paragraph {
    UBreakIterator *breaks;
    UText *text; /* ICU's view of the line that was split last */
    struct hny_span *sentences;
    size_t count, capacity;
};

static hny_status fail_icu(const char *what, UErrorCode error) {
    return hny_fail(error == U_MEMORY_ALLOCATION_ERROR ? HNY_ERROR_MEMORY : HNY_ERROR_IO, "ICU cannot %s: %s",
                    what, u_errorName(error));
}

hny_status hny_paragraph_create(struct hny_paragraph **paragraph) {
    *paragraph = NULL;
    struct hny_paragraph *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    UErrorCode error = U_ZERO_ERROR;
    made->breaks =
        ubrk_open(UBRK_SENTENCE, "", NULL, 0, &error); /* the root locale: rules for all languages */
    if (U_FAILURE(error)) {
        hny_paragraph_destroy(&made);
        return fail_icu("open its sentence break iterator", error);
    }
    *paragraph = made;
    return HNY_OK;
}

void hny_paragraph_destroy(struct hny_paragraph **paragraph) {
    if (!*paragraph) return;
    if ((*paragraph)->breaks) ubrk_close((*paragraph)->breaks);
    if ((*paragraph)->text) utext_close((*paragraph)->text);
    free((*paragraph)->sentences);
    free(*paragraph);
    *paragraph = NULL;
}

static int32_t skip_space(const char *text, int32_t size, int32_t at) {
    for (int32_t after = at; at < size; at = after) {
        UChar32 code;
        U8_NEXT_OR_FFFD((const uint8_t *)text, after, size, code);
        if (!u_isUWhiteSpace(code)) break;
    }
    return at;
}

/* Adds the sentence in [START, END), which does not begin with white space, without that at its end. */
static hny_status add_sentence(struct hny_paragraph *paragraph, const char *text, int32_t start,
                               int32_t end) {
    for (int32_t before = end; end > start; end = before) {
        UChar32 code;
        U8_PREV_OR_FFFD((const uint8_t *)text, start, before, code);
        if (!u_isUWhiteSpace(code)) break;
    }
    if (end == start) return HNY_OK;
    if (hny_grow(&paragraph->sentences, &paragraph->capacity, paragraph->count + 1,
                 sizeof *paragraph->sentences) != 0) {
        return HNY_ERROR_MEMORY;
    }
    paragraph->sentences[paragraph->count++] = (struct hny_span){(size_t)start, (size_t)(end - start)};
    return HNY_OK;
}

/* Where a sentence may begin next behind FROM: at ICU's next break, *BREAK (moved on when it was reached), or
 * behind an ellipsis before it; SIZE at the end. */
static int32_t next_proposal(struct hny_paragraph *paragraph, const char *text, int32_t size, int32_t from,
                             int32_t *icu_break) {
    while (*icu_break <= from && *icu_break < size) {
        int32_t following = ubrk_next(paragraph->breaks);
        *icu_break = following == UBRK_DONE ? size : following;
    }
    return from < size ? hny_sentence_ellipsis(text, from, *icu_break) : size;
}

static hny_status find_sentences(struct hny_paragraph *paragraph, const char *text, int32_t size) {
    int32_t start = skip_space(text, size, 0), icu_break = ubrk_first(paragraph->breaks);
    int32_t proposed = next_proposal(paragraph, text, size, start, &icu_break);
    while (proposed < size) {
        int32_t next = hny_sentence_next(text, size, start, proposed);
        if (next > start) {
            HNY_TRY(add_sentence(paragraph, text, start, next));
            start = skip_space(text, size, next);
        }
        proposed = next_proposal(paragraph, text, size, start > proposed ? start : proposed, &icu_break);
    }
    return add_sentence(paragraph, text, start, size);
}

hny_status hny_paragraph_split(struct hny_paragraph *paragraph, struct hny_text line,
                               const struct hny_span **sentences, size_t *count) {
    paragraph->count = 0;
    *sentences = NULL;
    *count = 0;
    if (line.size == 0) return HNY_OK;
    if (line.size > INT32_MAX)
        return hny_fail(HNY_ERROR_INPUT, "a line of %zu bytes is too long to split", line.size);
    UErrorCode error = U_ZERO_ERROR;
    paragraph->text = utext_openUTF8(paragraph->text, line.data, (int64_t)line.size, &error);
    ubrk_setUText(paragraph->breaks, paragraph->text, &error);
    if (U_FAILURE(error)) return fail_icu("read a line", error);
    HNY_TRY(find_sentences(paragraph, line.data, (int32_t)line.size));
    *sentences = paragraph->sentences;
    *count = paragraph->count;
    return HNY_OK;
}

/* True for what belongs to a script that sets sentences side by side: wide letters and punctuation, but not
 * Korean, which writes spaces, nor emoji, which are anybody's. */
static bool sits_close(UChar32 code) {
    UErrorCode error = U_ZERO_ERROR;
    int32_t width = u_getIntPropertyValue(code, UCHAR_EAST_ASIAN_WIDTH);
    return (width == U_EA_WIDE || width == U_EA_FULLWIDTH) &&
           uscript_getScript(code, &error) != USCRIPT_HANGUL && u_charType(code) != U_OTHER_SYMBOL;
}

/* True when LEFT and RIGHT, both sentences of the target, are written without a space between them. */
static bool sit_close(struct hny_text left, struct hny_text right) {
    UChar32 last, first;
    size_t end = left.size, begin = 0;
    while (end > 1 && left.size - end < 3 && U8_IS_TRAIL(left.data[end - 1])) end--;
    end--;
    U8_NEXT_OR_FFFD((const uint8_t *)left.data, end, left.size, last);
    U8_NEXT_OR_FFFD((const uint8_t *)right.data, begin, right.size, first);
    return sits_close(last) || sits_close(first);
}

static bool is_single_space(struct hny_text spacing) {
    static const char ideographic[] = "\xe3\x80\x80";
    return (spacing.size == 1 && spacing.data[0] == ' ') ||
           (spacing.size == 3 && memcmp(spacing.data, ideographic, 3) == 0);
}

/* What is written between LEFT and RIGHT where the source has SPACING. */
static struct hny_text choose_spacing(struct hny_text spacing, struct hny_text left, struct hny_text right,
                                      enum hny_join join) {
    bool replace = spacing.size == 0 || (join == HNY_JOIN_TARGET && is_single_space(spacing));
    if (!replace || left.size == 0 || right.size == 0) return spacing;
    return (struct hny_text){" ", sit_close(left, right) ? 0 : 1};
}

hny_status hny_paragraph_join(struct hny_buffer *out, struct hny_text line, const struct hny_span *sentences,
                              const struct hny_text *translations, size_t count, enum hny_join join) {
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        struct hny_text spacing = {line.data + at, sentences[i].start - at};
        if (i > 0) spacing = choose_spacing(spacing, translations[i - 1], translations[i], join);
        HNY_TRY(hny_buffer_append(out, spacing.data, spacing.size));
        HNY_TRY(hny_buffer_append(out, translations[i].data, translations[i].size));
        at = sentences[i].start + sentences[i].size;
    }
    return hny_buffer_append(out, line.data + at, line.size - at);
}
