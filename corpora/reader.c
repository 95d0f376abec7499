#include "corpora/reader.h"

#include "base/memory.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WEIGHT_LIMIT 1000000ul /* so that sums of weights stay far from 64 bits */

hny_status reader_fail(const struct reader *reader, const char *format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return hny_fail(HNY_ERROR_INPUT, "%s:%zu: %s", reader->path, reader->line, text);
}

char *reader_word(char **text) {
    char *start = *text + strspn(*text, " \t");
    if (!*start) return NULL;
    char *end = start + strcspn(start, " \t");
    *text = *end ? end + 1 : end;
    *end = '\0';
    return start;
}

char *reader_trim(char *text) {
    text += strspn(text, " \t");
    size_t length = strlen(text);
    while (length && (text[length - 1] == ' ' || text[length - 1] == '\t')) length--;
    text[length] = '\0';
    return text;
}

char *reader_cut(char *text, char mark) {
    char *at = strchr(text, mark);
    if (!at) return NULL;
    *at = '\0';
    return at + 1;
}

hny_status reader_number(struct reader *reader, const char *text, uint32_t *number) {
    char *end = NULL;
    unsigned long value = strtoul(text, &end, 10);
    if (end == text || *end || value < 1 || value > WEIGHT_LIMIT)
        return reader_fail(reader, "%s is not a weight from 1 to %lu", text, WEIGHT_LIMIT);
    *number = (uint32_t)value;
    return HNY_OK;
}

hny_status reader_weight(struct reader *reader, char **text, uint32_t *weight) {
    *weight = 1;
    *text += strspn(*text, " \t");
    if (**text != '*') return HNY_OK;
    const char *word = reader_word(text);
    return reader_number(reader, word + 1, weight);
}

const char *reader_keep(struct reader *reader, const char *text) {
    return hny_arena_text(reader->grammar->arena, text, strlen(text));
}

hny_status reader_symbol(struct reader *reader, const char *name, size_t *symbol) {
    struct hny_grammar *grammar = reader->grammar;
    long known = hny_grammar_symbol(grammar, name);
    if (known >= 0) {
        *symbol = (size_t)known;
        return HNY_OK;
    }
    if (!*name) return reader_fail(reader, "a name is missing");
    if (hny_grow(&grammar->symbols, &grammar->symbol_capacity, grammar->symbol_count + 1,
                 sizeof *grammar->symbols) != 0)
        return HNY_ERROR_MEMORY;
    struct hny_symbol fresh = {.name = reader_keep(reader, name), .file = reader->path, .line = reader->line};
    if (!fresh.name) return HNY_ERROR_MEMORY;
    fresh.columns[0] = fresh.columns[1] = 1;
    grammar->symbols[grammar->symbol_count] = fresh;
    *symbol = grammar->symbol_count++;
    return HNY_OK;
}

hny_status reader_arguments(struct reader *reader, char *text, char *arguments[HNY_GRAMMAR_ARGUMENTS],
                            size_t *count) {
    *count = 0;
    char *rest = reader_cut(text, '[');
    if (!rest) return HNY_OK;
    size_t length = strlen(rest);
    if (length < 2 || rest[length - 1] != ']') return reader_fail(reader, "expected %s[…]", text);
    rest[length - 1] = '\0';
    while (rest) {
        char *next = reader_cut(rest, ',');
        if (*count == HNY_GRAMMAR_ARGUMENTS)
            return reader_fail(reader, "%s has more than %d features", text, HNY_GRAMMAR_ARGUMENTS);
        arguments[(*count)++] = reader_trim(rest);
        rest = next;
    }
    return HNY_OK;
}

bool reader_feature(const struct reader *reader, const char *name, size_t *feature) {
    size_t length = strlen(name);
    while (length && name[length - 1] >= '0' && name[length - 1] <= '9') length--;
    for (size_t i = 0; length && i < reader->grammar->feature_count; i++) {
        const char *known = reader->grammar->features[i].name;
        if (strlen(known) != length || strncmp(known, name, length)) continue;
        *feature = i;
        return true;
    }
    return false;
}

hny_status reader_value(struct reader *reader, const char *name, size_t *feature, size_t *value) {
    for (size_t i = 0; i < reader->grammar->feature_count; i++) {
        const struct hny_feature *known = &reader->grammar->features[i];
        for (size_t j = 0; j < known->count; j++) {
            if (strcmp(known->values[j], name)) continue;
            *feature = i;
            *value = j;
            return HNY_OK;
        }
    }
    return reader_fail(reader, "%s is no value of any feature", name);
}

hny_status reader_side(struct reader *reader, const char *name, size_t *side) {
    for (size_t i = 0; i < reader->grammar->language_count; i++) {
        if (strcmp(reader->grammar->languages[i].name, name)) continue;
        *side = i;
        return HNY_OK;
    }
    return reader_fail(reader, "%s is not one of the languages", name);
}
