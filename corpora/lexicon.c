/* Words and their forms: what a line says, and what an ending adds. */
#include "corpora/reader.h"

#include "base/memory.h"
#include <string.h>

/* Names of forms, "base=now-they now-he …": those joined by "=" share a column. */
static hny_status read_forms(struct reader *reader, struct hny_symbol *symbol, size_t side, char *text) {
    if (symbol->form_count[side]) return reader_fail(reader, "%s has its forms already", symbol->name);
    symbol->columns[side] = 0;
    for (char *word; (word = reader_word(&text));) {
        for (char *name = word; name;) {
            char *next = reader_cut(name, '=');
            if (symbol->form_count[side] == HNY_GRAMMAR_COLUMNS)
                return reader_fail(reader, "more than %d forms", HNY_GRAMMAR_COLUMNS);
            struct hny_form *form = &symbol->forms[side][symbol->form_count[side]++];
            *form = (struct hny_form){.name = reader_keep(reader, name), .column = symbol->columns[side]};
            if (!form->name) return HNY_ERROR_MEMORY;
            name = next;
        }
        symbol->columns[side]++;
    }
    if (!symbol->columns[side]) return reader_fail(reader, "no forms named");
    return HNY_OK;
}

/* "*ENDING PATTERN PATTERN …", a pattern for each column. */
static hny_status read_inflection(struct reader *reader, struct hny_symbol *symbol, size_t side,
                                  const char *ending, char *text) {
    if (ending[0] != '*')
        return reader_fail(reader, "%s is neither \"forms\" nor an ending such as *y", ending);
    size_t count = symbol->inflection_count[side];
    if (hny_grow(&symbol->inflections[side], &symbol->inflection_capacity[side], count + 1,
                 sizeof *symbol->inflections[side]) != 0)
        return HNY_ERROR_MEMORY;
    struct hny_inflection *inflection = &symbol->inflections[side][count];
    size_t columns = symbol->columns[side], column = 0;
    inflection->ending = reader_keep(reader, ending + 1);
    inflection->patterns = hny_arena_take(reader->grammar->arena, columns, sizeof *inflection->patterns);
    if (!inflection->ending || !inflection->patterns) return HNY_ERROR_MEMORY;
    for (char *word; (word = reader_word(&text)); column++) {
        if (column == columns) break;
        for (char *at = word; (at = strchr(at, '_'));) *at = ' ';
        if (!(inflection->patterns[column] = reader_keep(reader, word))) return HNY_ERROR_MEMORY;
    }
    if (column != columns || reader_word(&text))
        return reader_fail(reader, "the ending *%s needs %zu forms", ending + 1, columns);
    symbol->inflection_count[side]++;
    return HNY_OK;
}

/* "like CLASS": the forms and inflections of another class. */
static hny_status copy_class(struct reader *reader, struct hny_symbol *symbol, const char *name) {
    long other = hny_grammar_symbol(reader->grammar, name);
    if (other < 0 || !reader->grammar->symbols[other].words)
        return reader_fail(reader, "%s is not a class yet", name);
    const struct hny_symbol *model = &reader->grammar->symbols[other];
    memcpy(symbol->forms, model->forms, sizeof symbol->forms);
    memcpy(symbol->form_count, model->form_count, sizeof symbol->form_count);
    memcpy(symbol->columns, model->columns, sizeof symbol->columns);
    for (size_t side = 0; side < HNY_GRAMMAR_SIDES; side++) {
        size_t count = model->inflection_count[side];
        if (hny_grow(&symbol->inflections[side], &symbol->inflection_capacity[side], count,
                     sizeof *symbol->inflections[side]) != 0)
            return HNY_ERROR_MEMORY;
        if (count)
            memcpy(symbol->inflections[side], model->inflections[side],
                   count * sizeof *model->inflections[side]);
        symbol->inflection_count[side] = count;
    }
    return HNY_OK;
}

hny_status reader_class_line(struct reader *reader, struct hny_symbol *symbol, char *text) {
    size_t side = 0;
    const char *language = reader_word(&text);
    const char *what = reader_word(&text);
    if (what && !strcmp(language, "like")) return copy_class(reader, symbol, what);
    if (!what) return reader_fail(reader, "expected a language and its forms or an ending");
    HNY_TRY(reader_side(reader, language, &side));
    if (!strcmp(what, "forms")) return read_forms(reader, symbol, side, text);
    return read_inflection(reader, symbol, side, what, text);
}

/* The inflection with the longest ending that WORD has, or NULL. */
static const struct hny_inflection *find_inflection(const struct hny_symbol *symbol, size_t side,
                                                    const char *word) {
    const struct hny_inflection *best = NULL;
    size_t length = strlen(word);
    for (size_t i = 0; i < symbol->inflection_count[side]; i++) {
        const struct hny_inflection *inflection = &symbol->inflections[side][i];
        size_t ending = strlen(inflection->ending);
        if (ending > length || strcmp(word + length - ending, inflection->ending)) continue;
        if (!best || ending > strlen(best->ending)) best = inflection;
    }
    return best;
}

/* PATTERN with STEM [LENGTH] for its "*", and the word REST (or NULL) behind it, in the arena; NULL with a
 * message on failure. */
static const char *fill_pattern(struct reader *reader, const char *pattern, const char *stem, size_t length,
                                const char *rest) {
    struct hny_buffer *out = &reader->scratch;
    hny_buffer_clear(out);
    const char *star = strchr(pattern, '*');
    size_t before = star ? (size_t)(star - pattern) : strlen(pattern);
    if (hny_buffer_append(out, pattern, before) != HNY_OK) return NULL;
    if (star && hny_buffer_append(out, stem, length) != HNY_OK) return NULL;
    if (star && hny_buffer_append(out, star + 1, strlen(star + 1)) != HNY_OK) return NULL;
    if (rest && hny_buffer_print(out, " %s", rest) != HNY_OK) return NULL;
    return reader_keep(reader, out->data);
}

/* One side of an entry: "FORM/FORM/…" with a form for each column, or the word with a known ending; what
 * follows
 * "~" stands behind every form. */
static hny_status read_side(struct reader *reader, const struct hny_symbol *symbol, size_t side, char *text,
                            struct hny_entry *entry) {
    size_t columns = symbol->columns[side], column = 0;
    const char **forms = hny_arena_take(reader->grammar->arena, columns, sizeof *forms);
    if (!forms) return HNY_ERROR_MEMORY;
    entry->forms[side] = forms;
    char *rest = reader_cut(text, '~');
    if (rest) rest = reader_trim(rest);
    text = reader_trim(text);
    if (!*text) return reader_fail(reader, "a word is missing");
    if (strchr(text, '/')) {
        for (char *form = text; form && column < columns; column++) {
            char *next = reader_cut(form, '/');
            form = reader_trim(form);
            forms[column] = fill_pattern(reader, "*", form, strlen(form), rest);
            if (!forms[column]) return HNY_ERROR_MEMORY;
            form = next;
            if (form && column + 1 == columns) return reader_fail(reader, "more than %zu forms", columns);
        }
        return column == columns ? HNY_OK
                                 : reader_fail(reader, "%zu forms where %zu are needed", column, columns);
    }
    const struct hny_inflection *inflection = find_inflection(symbol, side, text);
    if (!inflection && (columns > 1 || symbol->inflection_count[side]))
        return reader_fail(reader, "no ending of %s fits %s", symbol->name, text);
    size_t stem = strlen(text) - (inflection ? strlen(inflection->ending) : 0);
    for (; column < columns; column++) {
        forms[column] =
            fill_pattern(reader, inflection ? inflection->patterns[column] : "*", text, stem, rest);
        if (!forms[column]) return HNY_ERROR_MEMORY;
    }
    return HNY_OK;
}

hny_status reader_entry(struct reader *reader, struct hny_symbol *symbol,
                        const uint64_t allowed[HNY_GRAMMAR_ARGUMENTS], char *text) {
    struct hny_entry entry = {0};
    memcpy(entry.allowed, allowed, sizeof entry.allowed);
    HNY_TRY(reader_weight(reader, &text, &entry.weight));
    char *target = reader_cut(text, '|');
    if (!target) return reader_fail(reader, "expected WORD | WORD");
    HNY_TRY(read_side(reader, symbol, 0, text, &entry));
    HNY_TRY(read_side(reader, symbol, 1, target, &entry));
    if (hny_grow(&symbol->entries, &symbol->entry_capacity, symbol->entry_count + 1, sizeof entry) != 0)
        return HNY_ERROR_MEMORY;
    symbol->entries[symbol->entry_count++] = entry;
    return HNY_OK;
}
