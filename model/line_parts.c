#include "model/line_parts.h"

#include "base/memory.h"
#include "base/utf8.h"
#include "model/line_ids.h"
#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

/* Text that is looked at to find a cut, in bytes for each id that fits: enough that it is rarely too little,
 * not so much that a huge line is encoded many times over. */
enum { BYTES_AN_ID = 16 };

#define FIRST_EAST_ASIAN 0x2E80 /* from here on, punctuation marks are not followed by spaces */

struct hny_line_splitter {
    struct hny_line_splitter_options options;
    struct hny_line_ids *line_ids;
    struct hny_paragraph *paragraph;
    struct hny_ids ids;        /* of a stretch of text that is being cut */
    struct hny_buffer decoded; /* the text of some of them */
};

void hny_line_parts_free(struct hny_line_parts *parts) {
    for (size_t i = 0; i < parts->sentence_count; i++) {
        hny_buffer_free(&parts->sentences[i].normal);
        free(parts->sentences[i].cuts);
    }
    hny_buffer_free(&parts->text);
    free(parts->sentences);
    free(parts->parts);
    hny_ids_free(&parts->ids);
    *parts = (struct hny_line_parts){0};
}

hny_status hny_line_splitter_create(struct hny_line_splitter **splitter,
                                    const struct hny_line_splitter_options *options) {
    struct hny_line_splitter *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->options = *options;
    hny_status status = hny_line_ids_create(&made->line_ids, options->tokenizer, options->vocabulary);
    if (status == HNY_OK) status = hny_paragraph_create(&made->paragraph);
    if (status != HNY_OK) hny_line_splitter_destroy(&made);
    *splitter = made;
    return status;
}

void hny_line_splitter_destroy(struct hny_line_splitter **splitter) {
    if (!*splitter) return;
    hny_line_ids_destroy(&(*splitter)->line_ids);
    hny_paragraph_destroy(&(*splitter)->paragraph);
    hny_ids_free(&(*splitter)->ids);
    hny_buffer_free(&(*splitter)->decoded);
    free(*splitter);
    *splitter = NULL;
}

/* --- Where to cut -------------------------------------------------------------------------------------- */

/* The last border of a character in TEXT at AT or before it; AT < SIZE or AT = SIZE. */
static size_t border(const char *text, size_t at, size_t size) {
    while (at > 0 && at < size && U8_IS_TRAIL((uint8_t)text[at])) at--;
    return at;
}

/* Whether CODE is a mark that something ends with: brackets and quotes that open are none. */
static bool closes(UChar32 code) {
    int8_t type = u_charType(code);
    return u_ispunct(code) && type != U_START_PUNCTUATION && type != U_INITIAL_PUNCTUATION &&
           type != U_DASH_PUNCTUATION && type != U_CONNECTOR_PUNCTUATION;
}

/* The best place to cut TEXT (SIZE bytes) behind MOST / 2 and not behind MOST < SIZE. */
static size_t best_cut(const char *text, size_t most, size_t size) {
    size_t space = 0;
    for (size_t at = border(text, most, size); at > most / 2;) {
        int32_t before = (int32_t)at;
        UChar32 code;
        U8_PREV_OR_FFFD((const uint8_t *)text, 0, before, code);
        if (closes(code) && (text[at] == ' ' || code >= FIRST_EAST_ASIAN)) return at;
        if (text[at] == ' ' && space == 0) space = at;
        at = (size_t)before;
    }
    return space > 0 ? space : border(text, most, size);
}

/* Bytes of TEXT that its first `longest` ids stand for: SIZE where it has no more than these. */
static hny_status fitting(struct hny_line_splitter *splitter, const char *text, size_t size, size_t *fits) {
    splitter->ids.count = 0;
    *fits = size;
    HNY_TRY(hny_line_ids_append(splitter->line_ids, text, size, NULL, &splitter->ids));
    if (splitter->ids.count <= splitter->options.longest) return HNY_OK;
    hny_buffer_clear(&splitter->decoded);
    HNY_TRY(hny_tokenizer_decode(splitter->options.tokenizer, splitter->ids.ids, splitter->options.longest,
                                 &splitter->decoded));
    size_t same = 0;
    while (same < size && same < splitter->decoded.size && splitter->decoded.data[same] == text[same]) same++;
    *fits = border(text, same, size);
    return HNY_OK;
}

/* Where the part that begins at TEXT ends; SIZE is what is left of the sentence. */
static hny_status find_cut(struct hny_line_splitter *splitter, const char *text, size_t size, size_t *cut) {
    size_t window, fits;
    if (__builtin_mul_overflow(splitter->options.longest, BYTES_AN_ID, &window) || window > size)
        window = size;
    window = border(text, window, size);
    HNY_TRY(fitting(splitter, text, window, &fits));
    *cut = fits == size ? size : best_cut(text, fits, size);
    if (*cut > 0) return HNY_OK;
    int32_t first = 0; /* not one character fits: it is a part all the same */
    U8_FWD_1((const uint8_t *)text, first, (int32_t)size);
    *cut = (size_t)first;
    return HNY_OK;
}

/* --- Parts --------------------------------------------------------------------------------------------- */

/* Makes the ids from FIRST on a part of the last sentence, if there are any. */
static hny_status add_part(struct hny_line_parts *parts, size_t first, size_t count) {
    if (count == 0) return HNY_OK;
    if (hny_grow(&parts->parts, &parts->part_capacity, parts->part_count + 1, sizeof *parts->parts))
        return HNY_ERROR_MEMORY;
    parts->parts[parts->part_count++] = (struct hny_part){first, count};
    parts->sentences[parts->sentence_count - 1].part_count++;
    return HNY_OK;
}

/* Makes what lies at SPAN in the last sentence's normal form a part. */
static hny_status add_cut(struct hny_line_splitter *splitter, struct hny_line_parts *parts, size_t *capacity,
                          struct hny_span span) {
    struct hny_line_sentence *sentence = &parts->sentences[parts->sentence_count - 1];
    size_t first = parts->ids.count;
    HNY_TRY(hny_line_ids_append(splitter->line_ids, sentence->normal.data + span.start, span.size, NULL,
                                &parts->ids));
    if (parts->ids.count == first) return HNY_OK;
    if (hny_grow(&sentence->cuts, capacity, sentence->part_count + 1, sizeof *sentence->cuts))
        return HNY_ERROR_MEMORY;
    sentence->cuts[sentence->part_count] = span;
    return add_part(parts, first, parts->ids.count - first);
}

/* Cuts the stretch SPAN of the last sentence's normal form until nothing is left. */
static hny_status cut_span(struct hny_line_splitter *splitter, struct hny_line_parts *parts, size_t *capacity,
                           struct hny_span span) {
    const char *text = parts->sentences[parts->sentence_count - 1].normal.data;
    size_t at = span.start, end = span.start + span.size;
    while (at < end) {
        size_t cut;
        HNY_TRY(find_cut(splitter, text + at, end - at, &cut));
        HNY_TRY(add_cut(splitter, parts, capacity, (struct hny_span){at, cut}));
        at += cut;
        while (at < end && text[at] == ' ') at++;
    }
    return HNY_OK;
}

/* A sentence of too many ids. */
static hny_status cut_sentence(struct hny_line_splitter *splitter, struct hny_line_parts *parts) {
    struct hny_line_sentence *sentence = &parts->sentences[parts->sentence_count - 1];
    const struct hny_span *spans;
    size_t count, capacity = 0;
    HNY_TRY(hny_tokenizer_normalise(splitter->options.tokenizer, parts->text.data + sentence->span.start,
                                    sentence->span.size, &sentence->normal));
    HNY_TRY(hny_paragraph_split(splitter->paragraph,
                                (struct hny_text){sentence->normal.data, sentence->normal.size}, &spans,
                                &count));
    for (size_t i = 0; i < count; i++) HNY_TRY(cut_span(splitter, parts, &capacity, spans[i]));
    return HNY_OK;
}

static hny_status add_sentence(struct hny_line_splitter *splitter, struct hny_line_parts *parts,
                               struct hny_span span) {
    size_t longest = splitter->options.longest, first = parts->ids.count;
    if (hny_grow(&parts->sentences, &parts->sentence_capacity, parts->sentence_count + 1,
                 sizeof *parts->sentences))
        return HNY_ERROR_MEMORY;
    parts->sentences[parts->sentence_count++] =
        (struct hny_line_sentence){.span = span, .first_part = parts->part_count};
    HNY_TRY(
        hny_line_ids_append(splitter->line_ids, parts->text.data + span.start, span.size, NULL, &parts->ids));
    size_t count = parts->ids.count - first;
    if (count > longest && splitter->options.tokenizer) {
        parts->ids.count = first;
        return cut_sentence(splitter, parts);
    }
    for (; count > longest; count -= longest, first += longest) HNY_TRY(add_part(parts, first, longest));
    return add_part(parts, first, count);
}

static hny_status split(struct hny_line_splitter *splitter, struct hny_line_parts *parts) {
    if (!splitter->options.paragraphs || !splitter->options.tokenizer)
        return add_sentence(splitter, parts, (struct hny_span){0, parts->text.size});
    const struct hny_span *found;
    size_t count;
    HNY_TRY(hny_paragraph_split(splitter->paragraph, (struct hny_text){parts->text.data, parts->text.size},
                                &found, &count));
    struct hny_span *spans = hny_allocate(count, sizeof *spans); /* cutting a sentence splits again */
    if (!spans) return HNY_ERROR_MEMORY;
    if (count) memcpy(spans, found, count * sizeof *spans);
    hny_status status = HNY_OK;
    for (size_t i = 0; i < count && status == HNY_OK; i++) status = add_sentence(splitter, parts, spans[i]);
    free(spans);
    return status;
}

hny_status hny_line_split(struct hny_line_splitter *splitter, const char *text, size_t size,
                          struct hny_line_parts *parts) {
    *parts = (struct hny_line_parts){0};
    hny_status status = hny_buffer_append(&parts->text, text, size);
    if (status == HNY_OK) status = split(splitter, parts);
    if (status != HNY_OK) hny_line_parts_free(parts);
    return status;
}

/* --- Joining ------------------------------------------------------------------------------------------- */

static hny_status join_sentence(const struct hny_line_splitter *splitter,
                                const struct hny_line_sentence *sentence, const struct hny_text *translations,
                                struct hny_buffer *out) {
    translations += sentence->first_part;
    if (sentence->cuts)
        return hny_paragraph_join(out, (struct hny_text){sentence->normal.data, sentence->normal.size},
                                  sentence->cuts, translations, sentence->part_count, HNY_JOIN_TARGET);
    for (size_t i = 0; i < sentence->part_count; i++) {
        if (i > 0 && !splitter->options.tokenizer) HNY_TRY(hny_buffer_append(out, " ", 1));
        HNY_TRY(hny_buffer_append(out, translations[i].data, translations[i].size));
    }
    return HNY_OK;
}

static hny_status join_sentences(const struct hny_line_splitter *splitter, const struct hny_line_parts *parts,
                                 const struct hny_text *translations, struct hny_buffer *texts,
                                 struct hny_span *spans, struct hny_text *sentences, struct hny_buffer *out) {
    size_t count = parts->sentence_count, at = 0;
    for (size_t i = 0; i < count; i++) {
        HNY_TRY(join_sentence(splitter, &parts->sentences[i], translations, texts));
        spans[i] = parts->sentences[i].span;
        sentences[i].size = texts->size - at;
        at = texts->size;
    }
    for (size_t i = 0, start = 0; i < count; start += sentences[i++].size)
        sentences[i].data = texts->data + start;
    return hny_paragraph_join(out, (struct hny_text){parts->text.data, parts->text.size}, spans, sentences,
                              count, HNY_JOIN_TARGET);
}

static hny_status join_paragraph(const struct hny_line_splitter *splitter, const struct hny_line_parts *parts,
                                 const struct hny_text *translations, struct hny_buffer *out) {
    struct hny_buffer texts = {0};
    struct hny_span *spans = hny_allocate(parts->sentence_count, sizeof *spans);
    struct hny_text *sentences = hny_allocate(parts->sentence_count, sizeof *sentences);
    hny_status status = HNY_ERROR_MEMORY;
    if (spans && sentences)
        status = join_sentences(splitter, parts, translations, &texts, spans, sentences, out);
    hny_buffer_free(&texts);
    free(spans);
    free(sentences);
    return status;
}

/* The source's spacing may hold a lone CR, a form feed, U+0085, U+2028: what ends a line for some program
 * becomes a space from byte AT on. */
static void clean(struct hny_buffer *out, size_t at) {
    size_t kept = at;
    while (at < out->size) {
        uint32_t code;
        int read = hny_utf8_decode(out->data + at, out->size - at, &code);
        size_t bytes = (size_t)(read < 0 ? -read : read);
        bool control = (code < ' ' && code != '\t') || (code >= 0x7F && code < 0xA0);
        if (control || code == 0x2028 || code == 0x2029)
            out->data[kept++] = ' ';
        else
            for (size_t i = 0; i < bytes; i++) out->data[kept++] = out->data[at + i];
        at += bytes;
    }
    if (out->data) out->data[out->size = kept] = '\0';
}

hny_status hny_line_join(const struct hny_line_splitter *splitter, const struct hny_line_parts *parts,
                         const struct hny_text *translations, struct hny_buffer *out) {
    size_t first = out->size;
    if (parts->part_count == 0) return HNY_OK;
    if (splitter->options.paragraphs && splitter->options.tokenizer)
        HNY_TRY(join_paragraph(splitter, parts, translations, out));
    else
        HNY_TRY(join_sentence(splitter, &parts->sentences[0], translations, out));
    clean(out, first);
    return HNY_OK;
}
