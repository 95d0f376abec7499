#include "model/sentence.h"
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#define ELLIPSIS 0x2026

/* The code point at AT, and where the next begins in *AFTER; 0 at the end. */
static UChar32 code_at(const char *text, int32_t size, int32_t at, int32_t *after) {
    UChar32 code = 0;
    *after = at;
    if (at < size) U8_NEXT_OR_FFFD((const uint8_t *)text, *after, size, code);
    return code;
}

/* The code point that ends at AT, and where it begins in *BEFORE; 0 at FLOOR, where the walk ends. */
static UChar32 code_before(const char *text, int32_t floor, int32_t at, int32_t *before) {
    UChar32 code = 0;
    *before = at;
    if (at > floor) U8_PREV_OR_FFFD((const uint8_t *)text, floor, *before, code);
    return code;
}

static bool is_opening(UChar32 code) {
    return u_charType(code) == U_START_PUNCTUATION;
}

/* Closing brackets and every quotation mark: which of “ ” « » closes depends on the language. */
static bool is_closing(UChar32 code) {
    int8_t type = u_charType(code);
    return type == U_END_PUNCTUATION || type == U_INITIAL_PUNCTUATION || type == U_FINAL_PUNCTUATION ||
           code == '"' || code == '\'';
}

static int32_t skip_space(const char *text, int32_t size, int32_t at) {
    int32_t after = at;
    while (at < size && u_isUWhiteSpace(code_at(text, size, at, &after))) at = after;
    return at;
}

/* The first letter or digit at or behind AT, past opening marks: what a sentence begins with; 0 for another
 * mark. */
static UChar32 first_letter(const char *text, int32_t size, int32_t at) {
    UChar32 code = code_at(text, size, at, &at);
    while (is_opening(code) || is_closing(code)) code = code_at(text, size, at, &at);
    return u_isalnum(code) ? code : 0;
}

/* The word of letters at AT: its bytes. */
static int32_t word_size(const char *text, int32_t size, int32_t at) {
    int32_t end = at, after;
    while (end < size && u_isalpha(code_at(text, size, end, &after))) end = after;
    return end - at;
}

/* TABLE is strings of words between spaces; ASCII case is ignored. */
static bool is_listed(const char *table, const char *word, int32_t size) {
    for (const char *at = table; *at;) {
        size_t length = strcspn(at, " ");
        if (length == (size_t)size && strncasecmp(at, word, length) == 0) return true;
        at += length + (at[length] == ' ');
    }
    return false;
}

/* Before a name or inside a phrase, never at the end of a sentence. */
static const char abbreviations[] =
    "mr mrs ms dr prof rev hon gen col capt lt sgt maj cmdr gov sen st mt messrs "
    "e.g i.e cf vs viz approx esp resp med "
    "z.b d.h u.a i.d.r bzw ggf evtl inkl exkl zzgl bspw sog vgl geb hr hrn frl dipl ing "
    "mme mlle mgr sra srta lic dott sig";

/* The same when a number follows: "No. 5", but "No. I won't." */
static const char before_numbers[] =
    "no nr nos num vol fig figs eq eqs sec ch art abs kap bd pp par ref tab abb ziff "
    "ca ver max min tel jan feb mar apr jun jul aug sep sept oct okt nov dec dez";

/* Behind a name as often as at the end: it ends the sentence only where a common first word follows. */
static const char behind_names[] = "inc ltd co corp jr sr bros al";

static const char first_words[] =
    "the a an this that these those it he she we they you i but and however so in on at when if there then "
    "what why how "
    "who where my our his her its their yes no please after before "
    "der die das ein eine er sie es wir ich ihr und aber wenn dann im am bei nach was wer wie wo warum ja "
    "nein "
    "le la les un une il elle nous vous ils elles je mais et si ce el los las un una pero y si no";

/* What German writes behind an ordinal number: "am 3. Oktober". */
static const char behind_ordinals[] = "januar februar märz april mai juni juli august september oktober "
                                      "november dezember jahrhundert jahrhunderts "
                                      "jahrhunderte weltkrieg weltkriegs weltkrieges klasse kapitel platz "
                                      "stock etage runde geburtstag bundesliga liga mal "
                                      "auflage reich armee division";

/* The run of characters without white space or opening marks that ends at END. */
static int32_t token_start(const char *text, int32_t floor, int32_t end) {
    int32_t before;
    for (UChar32 code; end > floor; end = before) {
        code = code_before(text, floor, end, &before);
        if (u_isUWhiteSpace(code) || is_opening(code) || is_closing(code)) break;
    }
    return end;
}

static bool is_number(const char *token, int32_t size) {
    int32_t at = 0;
    while (at < size && (u_isdigit((unsigned char)token[at]) || token[at] == '.')) at++;
    return size > 0 && at == size;
}

/* "J", "J.R", "U.S", "J.-P": one letter between points each time. */
static bool is_initials(const char *token, int32_t size) {
    int32_t at = 0;
    while (at < size) {
        if (token[at] == '-') at++;
        if (!u_isalpha(code_at(token, size, at, &at))) return false;
        if (at < size && token[at++] != '.') return false;
    }
    return size > 0;
}

/* A common first word stands at AT, and no point behind it ("A. A. Milne"). */
static bool begins_sentence(const char *text, int32_t size, int32_t at) {
    int32_t word = word_size(text, size, at);
    bool abbreviated = at + word < size && text[at + word] == '.';
    return !abbreviated && is_listed(first_words, text + at, word);
}

/* Whether the point at POINT, with the next word at NEXT, belongs to an abbreviation, initials or a number
 * instead of ending the sentence that began at START. */
static bool is_inner_point(const char *text, int32_t size, int32_t start, int32_t point, int32_t next) {
    int32_t from = token_start(text, start, point), bytes = point - from;
    const char *token = text + from;
    UChar32 first = first_letter(text, size, next);
    if (is_listed(abbreviations, token, bytes)) return true;
    if (is_listed(before_numbers, token, bytes)) return u_isdigit(first);
    if (is_listed(behind_names, token, bytes) || is_initials(token, bytes))
        return !begins_sentence(text, size, next);
    if (is_number(token, bytes)) {
        /* "1. Open the door." is a list's number; "3. Oktober" an ordinal. */
        return from == start || is_listed(behind_ordinals, text + next, word_size(text, size, next));
    }
    return false;
}

/* 「はい。」と言った: a quotation that the sentence goes on from. AT is behind its closing bracket. */
static bool continues_quotation(const char *text, int32_t size, int32_t at) {
    static const UChar32 behind_to[] = {0x3044, 0x306e, 0x304b, 0x3055,
                                        0x304a, 0x306f, 0x3001}; /* いのかさおは、 */
    UChar32 code = code_at(text, size, at, &at), next = code_at(text, size, at, &at);
    if (code == 0x3063 || code == 0x3092 || code == 0x304c || code == 0x306e)
        return true;                  /* って, を, が, の */
    if (code != 0x3068) return false; /* と */
    for (size_t i = 0; i < sizeof behind_to / sizeof *behind_to; i++) {
        if (next == behind_to[i]) return true;
    }
    return u_hasBinaryProperty(next, UCHAR_IDEOGRAPHIC);
}

/* What stands before a break, from the right: white space, then closing marks, then the mark that ends a
 * sentence. */
struct ending {
    int32_t space;   /* where the white space begins */
    int32_t closing; /* where the closing marks begin: behind the mark */
    int32_t mark;    /* where the mark begins */
    UChar32 code;    /* of the mark */
};

static struct ending read_ending(const char *text, int32_t start, int32_t proposed) {
    struct ending ending = {.space = proposed};
    int32_t before;
    while (u_isUWhiteSpace(code_before(text, start, ending.space, &before)) && before < ending.space) {
        ending.space = before;
    }
    ending.closing = ending.space;
    for (UChar32 code; ending.closing > start; ending.closing = before) {
        code = code_before(text, start, ending.closing, &before);
        if (!is_closing(code) && !is_opening(code)) break;
    }
    ending.code = code_before(text, start, ending.closing, &ending.mark);
    return ending;
}

/* Where the first opening bracket in [FROM, TO) begins, or TO. */
static int32_t find_opening(const char *text, int32_t from, int32_t to) {
    int32_t after;
    while (from < to && !is_opening(code_at(text, to, from, &after))) from = after;
    return from;
}

/* Closing marks at AT that have white space or the end behind them belong to the sentence before: where the
 * next one begins, or AT when there are none. */
static int32_t skip_closing(const char *text, int32_t size, int32_t at) {
    int32_t end = at, after;
    while (end < size && is_closing(code_at(text, size, end, &after))) end = after;
    int32_t next = skip_space(text, size, end);
    return end > at && (next > end || end == size) ? next : at;
}

/* The word "I" is a capital anywhere: "Well… I think so." */
static bool is_english_i(const char *text, int32_t size, int32_t at) {
    return at < size && text[at] == 'I' && word_size(text, size, at) == 1;
}

/* U+0085, U+2028 and U+2029 end whatever stands before them. */
static bool has_line_separator(const char *text, int32_t from, int32_t to) {
    while (from < to) {
        UChar32 code = code_at(text, to, from, &from);
        if (code == 0x85 || code == 0x2028 || code == 0x2029) return true;
    }
    return false;
}

int32_t hny_sentence_next(const char *text, int32_t size, int32_t start, int32_t proposed) {
    struct ending ending = read_ending(text, start, proposed);
    int32_t opening = find_opening(text, ending.closing, ending.space);
    if (opening < ending.space) return opening;
    int32_t next = skip_closing(text, size, proposed);
    if (next == size) return start;
    if (has_line_separator(text, ending.space, next)) return next;
    bool quoted = ending.closing < ending.space || next > proposed;
    if (quoted && u_islower(first_letter(text, size, next))) return start; /* "Stop!" he said. */
    if (ending.code == '.') {
        bool ellipsis = ending.mark > start && text[ending.mark - 1] == '.';
        if (ellipsis && is_english_i(text, size, next)) return start;
        if (!quoted && is_inner_point(text, size, start, ending.mark, next)) return start;
    } else if (next == ending.space && continues_quotation(text, size, next)) {
        return start;
    }
    return next;
}

int32_t hny_sentence_ellipsis(const char *text, int32_t from, int32_t to) {
    int32_t after = from;
    for (int32_t at = from; at < to; at = after) {
        if (code_at(text, to, at, &after) != ELLIPSIS) continue;
        int32_t end = after, closed;
        while (is_closing(code_at(text, to, end, &closed))) end = closed;
        int32_t next = skip_space(text, to, end);
        if (next > end && u_isupper(first_letter(text, to, next)) && !is_english_i(text, to, next))
            return next;
    }
    return to;
}
