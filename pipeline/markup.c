#include "pipeline/markup.h"

#include "base/memory.h"
#include "base/utf8.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LONGEST_NAME = 32 }; /* of elements and attributes that are looked for, and of references */

static bool is_space(char byte) {
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r' || byte == '\f';
}

static bool is_letter(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static bool is_listed(const char *const *list, const char *name) {
    for (; *list; list++)
        if (strcmp(*list, name) == 0) return true;
    return false;
}

/* --- Character references ------------------------------------------------------------------------------ */

/* Of ISO 8859-1, from U+00A0 on (HTML 4, section 24.2). */
static const char *const latin_names[] = {
    "nbsp",   "iexcl",  "cent",   "pound",  "curren", "yen",    "brvbar", "sect",   "uml",    "copy",
    "ordf",   "laquo",  "not",    "shy",    "reg",    "macr",   "deg",    "plusmn", "sup2",   "sup3",
    "acute",  "micro",  "para",   "middot", "cedil",  "sup1",   "ordm",   "raquo",  "frac14", "frac12",
    "frac34", "iquest", "Agrave", "Aacute", "Acirc",  "Atilde", "Auml",   "Aring",  "AElig",  "Ccedil",
    "Egrave", "Eacute", "Ecirc",  "Euml",   "Igrave", "Iacute", "Icirc",  "Iuml",   "ETH",    "Ntilde",
    "Ograve", "Oacute", "Ocirc",  "Otilde", "Ouml",   "times",  "Oslash", "Ugrave", "Uacute", "Ucirc",
    "Uuml",   "Yacute", "THORN",  "szlig",  "agrave", "aacute", "acirc",  "atilde", "auml",   "aring",
    "aelig",  "ccedil", "egrave", "eacute", "ecirc",  "euml",   "igrave", "iacute", "icirc",  "iuml",
    "eth",    "ntilde", "ograve", "oacute", "ocirc",  "otilde", "ouml",   "divide", "oslash", "ugrave",
    "uacute", "ucirc",  "uuml",   "yacute", "thorn",  "yuml"};

static const struct {
    const char *name;
    uint32_t code;
} other_names[] = {
    {"amp", '&'},       {"lt", '<'},        {"gt", '>'},        {"quot", '"'},      {"apos", '\''},
    {"OElig", 0x152},   {"oelig", 0x153},   {"Scaron", 0x160},  {"scaron", 0x161},  {"Yuml", 0x178},
    {"ensp", 0x2002},   {"emsp", 0x2003},   {"thinsp", 0x2009}, {"zwnj", 0x200c},   {"zwj", 0x200d},
    {"ndash", 0x2013},  {"mdash", 0x2014},  {"lsquo", 0x2018},  {"rsquo", 0x2019},  {"sbquo", 0x201a},
    {"ldquo", 0x201c},  {"rdquo", 0x201d},  {"bdquo", 0x201e},  {"dagger", 0x2020}, {"bull", 0x2022},
    {"hellip", 0x2026}, {"permil", 0x2030}, {"prime", 0x2032},  {"lsaquo", 0x2039}, {"rsaquo", 0x203a},
    {"euro", 0x20ac},   {"trade", 0x2122},  {"larr", 0x2190},   {"rarr", 0x2192},   {"minus", 0x2212},
    {"ne", 0x2260},     {"le", 0x2264},     {"ge", 0x2265},
};

static uint32_t code_of_name(const char *name) {
    for (size_t i = 0; i < sizeof other_names / sizeof *other_names; i++)
        if (strcmp(other_names[i].name, name) == 0) return other_names[i].code;
    for (size_t i = 0; i < sizeof latin_names / sizeof *latin_names; i++)
        if (strcmp(latin_names[i], name) == 0) return 0xa0 + (uint32_t)i;
    return 0;
}

/* Of "#233" or "#xe9"; 0 for what is no printable character. */
static uint32_t code_of_number(const char *name) {
    bool hexadecimal = name[1] == 'x' || name[1] == 'X';
    const char *digits = name + (hexadecimal ? 2 : 1);
    if (!isxdigit((unsigned char)*digits)) return 0;
    char *end;
    unsigned long code = strtoul(digits, &end, hexadecimal ? 16 : 10);
    bool surrogate = code >= 0xd800 && code <= 0xdfff;
    bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
    if (*end || code > 0x10ffff || surrogate || (control && code != '\n' && code != '\t')) return 0;
    return (uint32_t)code;
}

/* Whether a character reference "&…;" stands at TEXT [SIZE]: its bytes, or 0 where it is a mere "&". *CODE is
 * 0 where it is not known. */
static size_t read_reference(const char *text, size_t size, uint32_t *code) {
    char name[LONGEST_NAME];
    size_t length = 0;
    *code = 0;
    while (1 + length < size && (isalnum((unsigned char)text[1 + length]) || (length == 0 && text[1] == '#')))
        length++;
    if (length == 0 || 1 + length >= size || text[1 + length] != ';') return 0;
    if (length < sizeof name) {
        memcpy(name, text + 1, length);
        name[length] = '\0';
        *code = *name == '#' ? code_of_number(name) : code_of_name(name);
    }
    return length + 2;
}

hny_status hny_markup_decode(struct hny_buffer *out, struct hny_text run) {
    HNY_TRY(hny_buffer_append(out, "", 0));
    for (size_t at = 0, next; at < run.size; at = next) {
        const char *ampersand = memchr(run.data + at, '&', run.size - at);
        next = ampersand ? (size_t)(ampersand - run.data) : run.size;
        HNY_TRY(hny_buffer_append(out, run.data + at, next - at));
        if (next == run.size) break;
        char bytes[4];
        uint32_t code;
        size_t size = read_reference(run.data + next, run.size - next, &code);
        if (size > 0 && code > 0)
            HNY_TRY(hny_buffer_append(out, bytes, (size_t)hny_utf8_encode(code, bytes)));
        else
            HNY_TRY(hny_buffer_append(out, run.data + next, size = 1));
        next += size;
    }
    return HNY_OK;
}

hny_status hny_markup_encode(struct hny_buffer *out, struct hny_text text) {
    size_t from = 0;
    for (size_t at = 0; at < text.size; at++) {
        const char *reference = text.data[at] == '&'   ? "&amp;"
                                : text.data[at] == '<' ? "&lt;"
                                : text.data[at] == '>' ? "&gt;"
                                                       : NULL;
        if (!reference) continue;
        HNY_TRY(hny_buffer_append(out, text.data + from, at - from));
        HNY_TRY(hny_buffer_append(out, reference, strlen(reference)));
        from = at + 1;
    }
    return hny_buffer_append(out, text.size ? text.data + from : "", text.size - from);
}

/* --- Tags ------------------------------------------------------------------------------------------- */

/* What stands between its tags is no markup. */
static const char *const raw_elements[] = {"script", "style", "textarea", "xmp", "iframe", "noembed", NULL};
/* What stands inside is not translated. */
static const char *const kept_elements[] = {"code", "pre", "kbd", "samp", NULL};
/* Have no end tag. */
static const char *const void_elements[] = {"area", "base", "br",    "col",    "embed", "hr",  "img", "input",
                                            "link", "meta", "param", "source", "track", "wbr", NULL};

/* Stand in the flow of a text (HTML standard, section 4.5, those that change no sentence). */
static const char *const inline_elements[] = {
    "a",      "abbr",   "b",   "bdi", "bdo",   "big",  "cite", "data", "del",   "dfn",
    "em",     "font",   "i",   "ins", "label", "mark", "q",    "s",    "small", "span",
    "strike", "strong", "sub", "sup", "time",  "tt",   "u",    "var",  NULL};

struct tag {
    size_t end;              /* behind its '>' */
    char name[LONGEST_NAME]; /* in small letters; cut where it is longer than any that matters */
    bool closing;
    bool kept; /* says translate="no" */
};

/* The name at *AT in small letters, up to what ends names of elements and attributes. */
static void read_name(struct hny_text html, size_t *at, char name[LONGEST_NAME]) {
    size_t length = 0;
    for (; *at < html.size; ++*at) {
        char byte = html.data[*at];
        if (is_space(byte) || byte == '/' || byte == '>' || byte == '=') break;
        if (length + 1 < LONGEST_NAME) name[length++] = (char)tolower((unsigned char)byte);
    }
    name[length] = '\0';
}

/* The value behind the "=" at *AT, in quotes or without. */
static struct hny_text read_value(struct hny_text html, size_t *at) {
    do ++*at;
    while (*at < html.size && is_space(html.data[*at]));
    if (*at == html.size) return (struct hny_text){"", 0};
    char quote = html.data[*at];
    if (quote != '"' && quote != '\'') quote = '\0';
    size_t start = quote ? ++*at : *at;
    while (*at < html.size &&
           (quote ? html.data[*at] != quote : !is_space(html.data[*at]) && html.data[*at] != '>'))
        ++*at;
    struct hny_text value = {html.data + start, *at - start};
    if (quote && *at < html.size) ++*at;
    return value;
}

static bool says_no(const char *name, struct hny_text value) {
    return strcmp(name, "translate") == 0 && value.size == 2 && strncasecmp(value.data, "no", 2) == 0;
}

/* The tag at AT, which begins with "<x" or "</x"; false where it never ends. */
static bool read_tag(struct hny_text html, size_t at, struct tag *tag) {
    *tag = (struct tag){.closing = html.data[at + 1] == '/'};
    at += tag->closing ? 2 : 1;
    read_name(html, &at, tag->name);
    while (at < html.size && html.data[at] != '>') {
        char name[LONGEST_NAME];
        size_t before = at;
        read_name(html, &at, name);
        if (at == before) { /* white space, a slash, or an "=" that belongs to nothing */
            at++;
            continue;
        }
        while (at < html.size && is_space(html.data[at])) at++;
        if (at < html.size && html.data[at] == '=' && says_no(name, read_value(html, &at))) tag->kept = true;
    }
    tag->end = at + 1;
    return at < html.size;
}

/* Where the first END lies at or behind FROM; the text's end where there is none. */
static size_t find(struct hny_text html, size_t from, const char *end) {
    const char *found =
        from < html.size ? memmem(html.data + from, html.size - from, end, strlen(end)) : NULL;
    return found ? (size_t)(found - html.data) : html.size;
}

static bool begins_tag(struct hny_text html, size_t at) {
    size_t letter = at + (at + 1 < html.size && html.data[at + 1] == '/' ? 2 : 1);
    return html.data[at] == '<' && letter < html.size && is_letter(html.data[letter]);
}

/* Behind the comment or declaration at AT; AT itself where none begins there. */
static size_t skip_declaration(struct hny_text html, size_t at) {
    static const struct {
        const char *begin, *end;
    } kinds[] = {{"<!--", "-->"}, {"<![CDATA[", "]]>"}, {"<!", ">"}, {"<?", ">"}, {"</", ">"}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t size = strlen(kinds[i].begin);
        if (html.size - at < size || memcmp(html.data + at, kinds[i].begin, size) != 0) continue;
        if (i == 0 && html.size - at > size && html.data[at + size] == '>') return at + size + 1; /* <!--> */
        size_t end = find(html, at + size, kinds[i].end);
        return end < html.size ? end + strlen(kinds[i].end) : html.size;
    }
    return at;
}

/* Behind the end tag that closes the raw element NAME, whose start tag ends at AT. */
static size_t skip_raw(struct hny_text html, size_t at, const char *name) {
    size_t size = strlen(name);
    while ((at = find(html, at, "</")) < html.size) {
        size_t end = at + 2 + size;
        struct tag tag;
        if (end < html.size && strncasecmp(html.data + at + 2, name, size) == 0 &&
            (is_space(html.data[end]) || html.data[end] == '/' || html.data[end] == '>'))
            return read_tag(html, at, &tag) ? tag.end : html.size;
        at += 2;
    }
    return html.size;
}

/* The same for an element that may hold others, also of its own kind. */
static size_t skip_element(struct hny_text html, size_t at, const char *name) {
    for (size_t depth = 1; (at = find(html, at, "<")) < html.size;) {
        struct tag tag;
        size_t behind = skip_declaration(html, at);
        if (begins_tag(html, at)) {
            if (!read_tag(html, at, &tag)) return html.size;
            if (strcmp(tag.name, name) == 0 && (tag.closing ? --depth : ++depth) == 0) return tag.end;
            behind = tag.end;
        }
        at = behind > at ? behind : at + 1;
    }
    return html.size;
}

/* Behind what begins with the "<" at AT and is no text; AT where it is a mere "<". */
static size_t skip_markup(struct hny_text html, size_t at, enum hny_markup_kind *kind) {
    struct tag tag;
    *kind = HNY_MARKUP_OTHER;
    if (!begins_tag(html, at)) return skip_declaration(html, at);
    if (!read_tag(html, at, &tag)) return html.size;
    bool raw = is_listed(raw_elements, tag.name), kept = tag.kept || is_listed(kept_elements, tag.name);
    bool whole = !tag.closing && (raw || kept) && !is_listed(void_elements, tag.name);
    if (whole) return raw ? skip_raw(html, tag.end, tag.name) : skip_element(html, tag.end, tag.name);
    if (is_listed(inline_elements, tag.name)) *kind = tag.closing ? HNY_MARKUP_END : HNY_MARKUP_START;
    return tag.end;
}

/* --- Runs ------------------------------------------------------------------------------------------- */

struct cut {
    struct hny_markup_run *runs;
    size_t count, capacity;
};

/* Adds what goes to END; of text and other markup, runs of a kind become one. */
static hny_status add_run(struct cut *cut, size_t end, enum hny_markup_kind kind) {
    struct hny_markup_run *last = cut->count > 0 ? &cut->runs[cut->count - 1] : NULL;
    size_t start = last ? last->start + last->size : 0;
    if (end == start) return HNY_OK;
    if (last && last->kind == kind && (kind == HNY_MARKUP_TEXT || kind == HNY_MARKUP_OTHER)) {
        last->size = end - last->start;
        return HNY_OK;
    }
    if (hny_grow(&cut->runs, &cut->capacity, cut->count + 1, sizeof *cut->runs)) return HNY_ERROR_MEMORY;
    cut->runs[cut->count++] = (struct hny_markup_run){start, end - start, kind};
    return HNY_OK;
}

static hny_status cut_all(struct hny_text html, struct cut *cut) {
    for (size_t at = 0; at < html.size;) {
        size_t behind = at;
        uint32_t code = 1;
        enum hny_markup_kind kind = HNY_MARKUP_OTHER;
        if (html.data[at] == '<') behind = skip_markup(html, at, &kind);
        if (html.data[at] == '&') behind = at + read_reference(html.data + at, html.size - at, &code);
        bool markup = behind > at && (html.data[at] == '<' || code == 0);
        if (behind == at) behind = at + 1;
        if (markup) HNY_TRY(add_run(cut, at, HNY_MARKUP_TEXT));
        if (markup) HNY_TRY(add_run(cut, behind, kind));
        at = behind;
    }
    return add_run(cut, html.size, HNY_MARKUP_TEXT);
}

hny_status hny_markup_cut(struct hny_text html, struct hny_markup_run **runs, size_t *count) {
    struct cut cut = {0};
    hny_status status = cut_all(html, &cut);
    if (status != HNY_OK) free(cut.runs);
    *runs = status == HNY_OK ? cut.runs : NULL;
    *count = status == HNY_OK ? cut.count : 0;
    return status;
}
