/* Reading a grammar: the lines of its files, and what stands at their beginning. Words and rules are taken
 * apart by the neighbours lexicon.c and template.c. */
#include "corpora/grammar.h"

#include "base/lines.h"
#include "base/memory.h"
#include "corpora/reader.h"
#include <stdlib.h>
#include <string.h>

#define ARENA_BLOCK_BYTES ((size_t)1 << 20)

long hny_grammar_symbol(const struct hny_grammar *grammar, const char *name) {
    for (size_t i = 0; i < grammar->symbol_count; i++)
        if (!strcmp(grammar->symbols[i].name, name)) return (long)i;
    return -1;
}

long hny_grammar_form(const struct hny_symbol *symbol, size_t side, const char *name) {
    for (size_t i = 0; i < symbol->form_count[side]; i++)
        if (!strcmp(symbol->forms[side][i].name, name)) return (long)symbol->forms[side][i].column;
    return -1;
}

bool hny_language_punctuation(const struct hny_language *language, const char *text) {
    for (size_t i = 0; i < language->punctuations; i++)
        if (!strcmp(language->punctuation[i], text)) return true;
    return false;
}

/* "language NAME [spaces] [capital] MARK…": the first is the source. */
static hny_status read_language(struct reader *reader, char *text) {
    struct hny_grammar *grammar = reader->grammar;
    const char *name = reader_word(&text);
    if (!name || grammar->language_count == HNY_GRAMMAR_SIDES)
        return reader_fail(reader, "expected two lines \"language NAME …\"");
    struct hny_language *language = &grammar->languages[grammar->language_count];
    *language = (struct hny_language){.name = reader_keep(reader, name)};
    size_t room = strlen(text) / 2 + 1;
    language->punctuation = hny_arena_take(grammar->arena, room, sizeof *language->punctuation);
    if (!language->name || !language->punctuation) return HNY_ERROR_MEMORY;
    for (char *word; (word = reader_word(&text));) {
        if (!strcmp(word, "spaces")) {
            language->spaces = true;
        } else if (!strcmp(word, "capital")) {
            language->capital = true;
        } else if (!(language->punctuation[language->punctuations++] = reader_keep(reader, word))) {
            return HNY_ERROR_MEMORY;
        }
    }
    grammar->language_count++;
    return HNY_OK;
}

/* "feature NAME = VALUE[*WEIGHT] …": a value belongs to one feature, so that it can stand for itself in
 * rules. */
static hny_status read_feature(struct reader *reader, char *text) {
    struct hny_grammar *grammar = reader->grammar;
    size_t known = 0, value = 0;
    const char *name = reader_word(&text), *equals = reader_word(&text);
    if (!equals || strcmp(equals, "=")) return reader_fail(reader, "expected \"feature NAME = VALUE …\"");
    if (reader_feature(reader, name, &known))
        return reader_fail(reader, "there is a feature %s already", name);
    struct hny_feature fresh = {.name = reader_keep(reader, name)};
    if (!fresh.name) return HNY_ERROR_MEMORY;
    for (char *word; (word = reader_word(&text)); fresh.count++) {
        if (fresh.count == HNY_GRAMMAR_VALUES)
            return reader_fail(reader, "%s has more than %d values", name, HNY_GRAMMAR_VALUES);
        const char *weight = reader_cut(word, '*');
        fresh.weights[fresh.count] = 1;
        if (weight) HNY_TRY(reader_number(reader, weight, &fresh.weights[fresh.count]));
        if (reader_value(reader, word, &known, &value) == HNY_OK)
            return reader_fail(reader, "%s is a value of %s already", word, grammar->features[known].name);
        if (!(fresh.values[fresh.count] = reader_keep(reader, word))) return HNY_ERROR_MEMORY;
    }
    if (!fresh.count) return reader_fail(reader, "%s has no values", name);
    if (hny_grow(&grammar->features, &grammar->feature_capacity, grammar->feature_count + 1, sizeof fresh) !=
        0)
        return HNY_ERROR_MEMORY;
    grammar->features[grammar->feature_count++] = fresh;
    return HNY_OK;
}

/* "sound LANGUAGE FROM TO PREFIX -EXCEPTION …" */
static hny_status read_sound(struct reader *reader, char *text) {
    struct hny_grammar *grammar = reader->grammar;
    struct hny_sound sound = {0};
    size_t room = strlen(text) / 2 + 1;
    const char *language = reader_word(&text), *from = reader_word(&text), *to = reader_word(&text);
    if (!to) return reader_fail(reader, "expected \"sound LANGUAGE FROM TO PREFIX …\"");
    HNY_TRY(reader_side(reader, language, &sound.side));
    sound.from = reader_keep(reader, from);
    sound.to = reader_keep(reader, to);
    sound.prefixes = hny_arena_take(grammar->arena, room, sizeof *sound.prefixes);
    sound.applies = hny_arena_take(grammar->arena, room, sizeof *sound.applies);
    if (!sound.from || !sound.to || !sound.prefixes || !sound.applies) return HNY_ERROR_MEMORY;
    for (char *word; (word = reader_word(&text)); sound.count++) {
        sound.applies[sound.count] = word[0] != '-';
        sound.prefixes[sound.count] = reader_keep(reader, word + (word[0] == '-'));
        if (!sound.prefixes[sound.count]) return HNY_ERROR_MEMORY;
    }
    if (hny_grow(&grammar->sounds, &grammar->sound_capacity, grammar->sound_count + 1, sizeof sound) != 0)
        return HNY_ERROR_MEMORY;
    grammar->sounds[grammar->sound_count++] = sound;
    return HNY_OK;
}

/* What the indented lines below the last directive belong to. */
struct context {
    enum { IN_NOTHING, IN_CLASS, IN_WORDS, IN_RULE } kind;
    size_t symbol;
    uint64_t allowed[HNY_GRAMMAR_ARGUMENTS]; /* IN_WORDS */
    struct hny_alternative head;             /* IN_RULE */
    struct hny_buffer source; /* IN_RULE: a source template that waits for its target; NULL data, or
                                 size 0: none */
    uint32_t weight;
};

/* "class NAME[FEATURES]": words that come once a sentence; "helper" instead: as often as rules want. */
static hny_status begin_class(struct reader *reader, struct context *context, bool repeats, char *text) {
    char *arguments[HNY_GRAMMAR_ARGUMENTS];
    size_t count = 0;
    text = reader_trim(text);
    HNY_TRY(reader_arguments(reader, text, arguments, &count));
    HNY_TRY(reader_symbol(reader, text, &context->symbol));
    struct hny_symbol *symbol = &reader->grammar->symbols[context->symbol];
    if (symbol->defined) return reader_fail(reader, "%s is defined already", symbol->name);
    symbol->defined = symbol->words = true;
    symbol->repeats = repeats;
    symbol->arguments = count;
    for (size_t i = 0; i < count; i++)
        if (!reader_feature(reader, arguments[i], &symbol->features[i]))
            return reader_fail(reader, "there is no feature %s", arguments[i]);
    context->kind = IN_CLASS;
    return HNY_OK;
}

/* "words NAME[VALUES]", where values are "A", "A+B" or "any". */
static hny_status begin_words(struct reader *reader, struct context *context, char *text) {
    char *arguments[HNY_GRAMMAR_ARGUMENTS];
    size_t count = 0;
    text = reader_trim(text);
    HNY_TRY(reader_arguments(reader, text, arguments, &count));
    HNY_TRY(reader_symbol(reader, text, &context->symbol));
    const struct hny_symbol *symbol = &reader->grammar->symbols[context->symbol];
    if (!symbol->defined || !symbol->words) return reader_fail(reader, "%s is not a class yet", symbol->name);
    if (symbol->arguments != count)
        return reader_fail(reader, "%s takes %zu features", symbol->name, symbol->arguments);
    for (size_t i = 0; i < count; i++) {
        context->allowed[i] = 0;
        for (char *value = arguments[i]; value;) {
            size_t feature = 0, index = 0;
            char *next = reader_cut(value, '+');
            if (!strcmp(value, "any")) {
                context->allowed[i] = UINT64_MAX;
            } else {
                HNY_TRY(reader_value(reader, value, &feature, &index));
                if (feature != symbol->features[i])
                    return reader_fail(reader, "%s is not a %s", value,
                                       reader->grammar->features[symbol->features[i]].name);
                context->allowed[i] |= (uint64_t)1 << index;
            }
            value = next;
        }
    }
    context->kind = IN_WORDS;
    return HNY_OK;
}

static hny_status begin_rule(struct reader *reader, struct context *context, char *text) {
    context->kind = IN_RULE;
    return reader_rule_head(reader, reader_trim(text), &context->symbol, &context->head);
}

static hny_status read_directive(struct reader *reader, struct context *context, char *text) {
    char *name = reader_word(&text);
    context->kind = IN_NOTHING;
    if (!strcmp(name, "language")) return read_language(reader, text);
    if (!strcmp(name, "feature")) return read_feature(reader, text);
    if (!strcmp(name, "sound")) return read_sound(reader, text);
    if (!strcmp(name, "class")) return begin_class(reader, context, false, text);
    if (!strcmp(name, "helper")) return begin_class(reader, context, true, text);
    if (!strcmp(name, "words")) return begin_words(reader, context, text);
    if (!strcmp(name, "rule")) return begin_rule(reader, context, text);
    return reader_fail(reader, "expected language, feature, sound, class, helper, words or rule, not %s",
                       name);
}

/* "SOURCE | TARGET", or the two on a line each, the second with the bar before it. */
static hny_status read_rule_line(struct reader *reader, struct context *context, char *text) {
    char *target = reader_cut(text, '|');
    char *source = reader_trim(text);
    if (*source) {
        if (context->source.size) return reader_fail(reader, "the line before has no target");
        HNY_TRY(reader_weight(reader, &source, &context->weight));
        HNY_TRY(hny_buffer_append(&context->source, source, strlen(source)));
    }
    if (!target) return HNY_OK;
    if (!context->source.size) return reader_fail(reader, "a target without a source");
    hny_status status = reader_alternative(reader, &reader->grammar->symbols[context->symbol], &context->head,
                                           context->source.data, target, context->weight);
    hny_buffer_clear(&context->source);
    return status;
}

static hny_status read_line(struct reader *reader, struct context *context, char *text) {
    char *comment = strstr(text, "# ");
    if (comment) *comment = '\0';
    bool indented = text[0] == ' ' || text[0] == '\t';
    char *line = reader_trim(text);
    if (!*line || !strcmp(line, "#")) return HNY_OK;
    if (!indented && context->source.size) return reader_fail(reader, "the rule before has no target");
    if (!indented) return read_directive(reader, context, line);
    switch (context->kind) {
    case IN_CLASS:
        return reader_class_line(reader, &reader->grammar->symbols[context->symbol], line);
    case IN_WORDS:
        return reader_entry(reader, &reader->grammar->symbols[context->symbol], context->allowed, line);
    case IN_RULE:
        return read_rule_line(reader, context, line);
    case IN_NOTHING:
        break;
    }
    return reader_fail(reader, "an indented line that belongs to nothing");
}

static hny_status read_file(struct reader *reader, const char *path) {
    struct hny_lines *lines = NULL;
    struct hny_buffer line = {0};
    struct context context = {0};
    const char *text = NULL;
    size_t size = 0;
    bool more = true;
    hny_status status = HNY_ERROR_MEMORY;
    if (!(reader->path = reader_keep(reader, path))) goto done;
    if ((status = hny_lines_open(&lines, path)) != HNY_OK) goto done;
    for (;;) {
        if ((status = hny_lines_next(lines, &text, &size, &more)) != HNY_OK || !more) break;
        reader->line = (size_t)hny_lines_number(lines);
        hny_buffer_clear(&line);
        if ((status = hny_buffer_append(&line, text, size)) != HNY_OK) break;
        if ((status = read_line(reader, &context, line.data)) != HNY_OK) break;
    }
    if (status == HNY_OK && context.source.size) status = reader_fail(reader, "the last rule has no target");
done:
    hny_lines_close(&lines);
    hny_buffer_free(&line);
    hny_buffer_free(&context.source);
    return status;
}

/* Every part that a rule names exists and gets features of the right kind. */
static hny_status check_children(const struct hny_grammar *grammar,
                                 const struct hny_alternative *alternative) {
    const struct reader at = {.path = alternative->file, .line = alternative->line};
    for (size_t i = 0; i < alternative->child_count; i++) {
        const struct hny_child *child = &alternative->children[i];
        const struct hny_symbol *symbol = &grammar->symbols[child->symbol];
        if (!symbol->defined) return reader_fail(&at, "%s is nowhere defined", symbol->name);
        for (size_t j = 0; j < HNY_GRAMMAR_ARGUMENTS; j++) {
            size_t wanted = j < symbol->arguments ? symbol->features[j] : SIZE_MAX;
            if (child->arguments[j].feature == wanted) continue;
            return reader_fail(&at, "%s takes %zu features; number %zu is not what it should be",
                               symbol->name, symbol->arguments, j + 1);
        }
    }
    return HNY_OK;
}

static hny_status check_grammar(const struct hny_grammar *grammar) {
    if (grammar->language_count != HNY_GRAMMAR_SIDES)
        return hny_fail(HNY_ERROR_INPUT, "the grammar names %zu languages, not 2", grammar->language_count);
    for (size_t i = 0; i < grammar->symbol_count; i++)
        for (size_t j = 0; j < grammar->symbols[i].alternative_count; j++)
            HNY_TRY(check_children(grammar, &grammar->symbols[i].alternatives[j]));
    return HNY_OK;
}

hny_status hny_grammar_read(struct hny_grammar **grammar, const char *const *paths, size_t count) {
    struct reader reader = {.grammar = calloc(1, sizeof *reader.grammar)};
    if (!reader.grammar) return hny_fail(HNY_ERROR_MEMORY, "out of memory for a grammar");
    hny_status status = HNY_OK;
    if (!(reader.grammar->arena = hny_arena_create(ARENA_BLOCK_BYTES))) status = HNY_ERROR_MEMORY;
    for (size_t i = 0; i < count && status == HNY_OK; i++) status = read_file(&reader, paths[i]);
    if (status == HNY_OK) status = check_grammar(reader.grammar);
    hny_buffer_free(&reader.scratch);
    if (status != HNY_OK)
        hny_grammar_destroy(&reader.grammar);
    else
        *grammar = reader.grammar;
    return status;
}

void hny_grammar_destroy(struct hny_grammar **grammar) {
    struct hny_grammar *old = *grammar;
    *grammar = NULL;
    if (!old) return;
    for (size_t i = 0; i < old->symbol_count; i++) {
        for (size_t side = 0; side < HNY_GRAMMAR_SIDES; side++) free(old->symbols[i].inflections[side]);
        free(old->symbols[i].entries);
        free(old->symbols[i].alternatives);
    }
    free(old->features);
    free(old->symbols);
    free(old->sounds);
    hny_arena_destroy(&old->arena);
    free(old);
}
