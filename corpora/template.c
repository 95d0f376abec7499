/* Rules: heads with their features, and the two templates of an alternative. */
#include "corpora/reader.h"

#include "base/memory.h"
#include <string.h>

/* The variable called NAME of ALTERNATIVE, made where there is none. */
static hny_status find_variable(struct reader *reader, struct hny_alternative *alternative, const char *name,
                                size_t feature, int *variable) {
    for (size_t i = 0; i < alternative->variable_count; i++) {
        if (strcmp(alternative->variable_names[i], name)) continue;
        *variable = (int)i;
        return HNY_OK;
    }
    if (alternative->variable_count == HNY_GRAMMAR_VARIABLES)
        return reader_fail(reader, "more than %d features in one rule", HNY_GRAMMAR_VARIABLES);
    size_t at = alternative->variable_count;
    if (!(alternative->variable_names[at] = reader_keep(reader, name))) return HNY_ERROR_MEMORY;
    alternative->variables[at] = feature;
    alternative->variable_count++;
    *variable = (int)at;
    return HNY_OK;
}

/* An argument: a feature's name (a variable) or one of the values. */
static hny_status read_argument(struct reader *reader, struct hny_alternative *alternative, const char *text,
                                struct hny_term *term) {
    *term = (struct hny_term){.variable = -1};
    if (reader_feature(reader, text, &term->feature))
        return find_variable(reader, alternative, text, term->feature, &term->variable);
    HNY_TRY(reader_value(reader, text, &term->feature, &term->value));
    term->text = reader->grammar->features[term->feature].values[term->value];
    return HNY_OK;
}

hny_status reader_rule_head(struct reader *reader, char *text, size_t *symbol, struct hny_alternative *head) {
    char *arguments[HNY_GRAMMAR_ARGUMENTS];
    size_t count = 0;
    *head = (struct hny_alternative){0};
    HNY_TRY(reader_arguments(reader, text, arguments, &count));
    HNY_TRY(reader_symbol(reader, text, symbol));
    struct hny_symbol *rule = &reader->grammar->symbols[*symbol];
    if (rule->defined && rule->words) return reader_fail(reader, "%s is a class of words", rule->name);
    if (rule->defined && rule->arguments != count)
        return reader_fail(reader, "%s takes %zu features", rule->name, rule->arguments);
    for (size_t i = 0; i < count; i++) {
        HNY_TRY(read_argument(reader, head, arguments[i], &head->head[i]));
        if (rule->defined && rule->features[i] != head->head[i].feature)
            return reader_fail(reader, "%s is not a %s", arguments[i],
                               reader->grammar->features[rule->features[i]].name);
        rule->features[i] = head->head[i].feature;
    }
    rule->arguments = count;
    rule->defined = true;
    return HNY_OK;
}

/* A part "NAME=SYMBOL[ARGUMENTS]", "SYMBOL[ARGUMENTS]" or the NAME of one met before. */
static hny_status read_child(struct reader *reader, struct hny_alternative *alternative, char *text,
                             size_t *child) {
    char *arguments[HNY_GRAMMAR_ARGUMENTS];
    size_t count = 0;
    char *symbol = reader_cut(text, '=');
    bool fresh = symbol || strchr(text, '[');
    if (!symbol) symbol = text;
    HNY_TRY(reader_arguments(reader, symbol, arguments, &count));
    for (size_t i = 0; i < alternative->child_count; i++) {
        if (strcmp(alternative->children[i].name, text)) continue;
        if (fresh) return reader_fail(reader, "there are two parts called %s", text);
        *child = i;
        return HNY_OK;
    }
    if (alternative->child_count == HNY_GRAMMAR_CHILDREN)
        return reader_fail(reader, "more than %d parts in one rule", HNY_GRAMMAR_CHILDREN);
    struct hny_child *made = &alternative->children[alternative->child_count];
    if (!(made->name = reader_keep(reader, text))) return HNY_ERROR_MEMORY;
    HNY_TRY(reader_symbol(reader, symbol, &made->symbol));
    for (size_t i = 0; i < count; i++)
        HNY_TRY(read_argument(reader, alternative, arguments[i], &made->arguments[i]));
    for (size_t i = count; i < HNY_GRAMMAR_ARGUMENTS; i++)
        made->arguments[i] = (struct hny_term){.variable = -1, .feature = SIZE_MAX};
    *child = alternative->child_count++;
    return HNY_OK;
}

/* The name of a form, "PART-PART-…", a part that is called as a feature standing for its value. */
static hny_status read_form(struct reader *reader, struct hny_alternative *alternative, char *text,
                            struct hny_token *token) {
    size_t parts = 1;
    for (const char *at = text; (at = strchr(at, '-')); at++) parts++;
    token->form = hny_arena_take(reader->grammar->arena, parts, sizeof *token->form);
    if (!token->form) return HNY_ERROR_MEMORY;
    for (char *part = text; part; token->form_terms++) {
        char *next = reader_cut(part, '-');
        struct hny_term *term = &token->form[token->form_terms];
        *term = (struct hny_term){.variable = -1, .text = reader_keep(reader, part)};
        if (!term->text) return HNY_ERROR_MEMORY;
        if (reader_feature(reader, part, &term->feature))
            HNY_TRY(find_variable(reader, alternative, part, term->feature, &term->variable));
        part = next;
    }
    return HNY_OK;
}

static hny_status read_token(struct reader *reader, struct hny_alternative *alternative, char *text,
                             struct hny_token *token) {
    *token = (struct hny_token){.glued = text[0] == '+' && text[1]};
    if (token->glued) text++;
    size_t last = strlen(text) - 1;
    if (text[0] == '{' && text[last] == '}') {
        text[last] = '\0';
        token->kind = HNY_TOKEN_CHILD;
        char *form = reader_cut(++text, ':');
        HNY_TRY(read_child(reader, alternative, text, &token->child));
        return form ? read_form(reader, alternative, form, token) : HNY_OK;
    }
    if (text[0] == '<' && text[last] == '>') {
        size_t feature = 0;
        text[last] = '\0';
        token->kind = HNY_TOKEN_VALUE;
        if (!reader_feature(reader, ++text, &feature))
            return reader_fail(reader, "there is no feature %s", text);
        return find_variable(reader, alternative, text, feature, &token->variable);
    }
    if (strpbrk(text, "{}<>[]")) return reader_fail(reader, "%s is neither a word nor a part", text);
    token->kind = HNY_TOKEN_TEXT;
    token->text = reader_keep(reader, text);
    return token->text ? HNY_OK : HNY_ERROR_MEMORY;
}

static hny_status read_template(struct reader *reader, struct hny_alternative *alternative, size_t side,
                                char *text) {
    size_t room = 0;
    bool inside = false;
    for (const char *at = text; *at; at++) {
        bool space = *at == ' ' || *at == '\t';
        room += !space && !inside;
        inside = !space;
    }
    if (!room) return reader_fail(reader, "an empty template");
    alternative->tokens[side] =
        hny_arena_take(reader->grammar->arena, room, sizeof *alternative->tokens[side]);
    if (!alternative->tokens[side]) return HNY_ERROR_MEMORY;
    for (char *word; (word = reader_word(&text));)
        HNY_TRY(read_token(reader, alternative, word,
                           &alternative->tokens[side][alternative->token_count[side]++]));
    for (size_t i = 0, seen = 0; side == 0 && i < room; i++) {
        const struct hny_token *token = &alternative->tokens[side][i];
        if (token->kind != HNY_TOKEN_CHILD) continue;
        if (seen >> token->child & 1) return reader_fail(reader, "a part stands twice in the source");
        seen |= (size_t)1 << token->child;
    }
    return HNY_OK;
}

hny_status reader_alternative(struct reader *reader, struct hny_symbol *symbol,
                              const struct hny_alternative *head, char *source, char *target,
                              uint32_t weight) {
    struct hny_alternative alternative = *head;
    size_t owner = (size_t)(symbol - reader->grammar->symbols); /* reading may move the symbols */
    alternative.file = reader->path;
    alternative.line = reader->line;
    alternative.weight = weight;
    HNY_TRY(read_template(reader, &alternative, 0, source));
    HNY_TRY(read_template(reader, &alternative, 1, target));
    symbol = &reader->grammar->symbols[owner];
    if (hny_grow(&symbol->alternatives, &symbol->alternative_capacity, symbol->alternative_count + 1,
                 sizeof alternative) != 0)
        return HNY_ERROR_MEMORY;
    symbol->alternatives[symbol->alternative_count++] = alternative;
    return HNY_OK;
}
