#include "corpora/expansion.h"

#include "base/buffer.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

#define ARENA_BLOCK_BYTES ((size_t)1 << 20)
#define INSTANCE_LIMIT ((size_t)1 << 20) /* combinations of values of one symbol */

struct hny_expansion {
    const struct hny_grammar *grammar;
    struct hny_arena *arena;
    struct hny_instance ***instances; /* [symbol][combination of values], NULL where not met yet */
    struct hny_instance *start;
};

static hny_status expand(struct hny_expansion *expansion, size_t symbol,
                         const size_t values[HNY_GRAMMAR_ARGUMENTS], struct hny_instance **instance);

static hny_status fail_at(const struct hny_alternative *alternative, const char *what, const char *name) {
    return hny_fail(HNY_ERROR_INPUT, "%s:%zu: %s %s", alternative->file, alternative->line, name, what);
}

size_t hny_expansion_words(const struct hny_language *language, const char *text) {
    char word[256];
    size_t words = 0;
    while (*(text += strspn(text, " "))) {
        size_t length = strcspn(text, " ");
        bool fits = length < sizeof word;
        memcpy(word, text, fits ? length : 0);
        word[fits ? length : 0] = '\0';
        words += text[0] != '+' && !hny_language_punctuation(language, word);
        text += length;
    }
    return words;
}

/* The value that TERM has under VALUES. */
static size_t term_value(const struct hny_term *term, const size_t *values) {
    return term->variable < 0 ? term->value : values[term->variable];
}

/* The entries of a class that allow VALUES. */
static hny_status expand_words(struct hny_expansion *expansion, const size_t values[HNY_GRAMMAR_ARGUMENTS],
                               struct hny_instance *instance) {
    const struct hny_symbol *symbol = instance->symbol;
    instance->entries = hny_arena_take(expansion->arena, symbol->entry_count, sizeof *instance->entries);
    if (!instance->entries) return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < symbol->entry_count; i++) {
        bool fits = true;
        for (size_t j = 0; j < symbol->arguments; j++) fits &= symbol->entries[i].allowed[j] >> values[j] & 1;
        if (!fits) continue;
        instance->entries[instance->entry_count++] = &symbol->entries[i];
        instance->weight += symbol->entries[i].weight;
    }
    return HNY_OK;
}

/* The column of the form that TOKEN asks of a word of SYMBOL. */
static hny_status find_column(const struct hny_expansion *expansion,
                              const struct hny_alternative *alternative, const struct hny_token *token,
                              size_t side, const struct hny_symbol *symbol, const size_t *values,
                              size_t *column) {
    struct hny_buffer name = {0};
    hny_status status = HNY_OK;
    *column = 0;
    for (size_t i = 0; i < token->form_terms && status == HNY_OK; i++) {
        const struct hny_term *term = &token->form[i];
        const char *text = term->text;
        if (term->variable >= 0)
            text = expansion->grammar->features[term->feature].values[values[term->variable]];
        status = hny_buffer_print(&name, "%s%s", i ? "-" : "", text);
    }
    if (status == HNY_OK && token->form_terms) {
        long found = symbol->words ? hny_grammar_form(symbol, side, name.data) : -1;
        *column = found < 0 ? 0 : (size_t)found;
        if (found < 0)
            status = hny_fail(HNY_ERROR_INPUT, "%s:%zu: %s has no form %s in %s", alternative->file,
                              alternative->line, symbol->name, name.data,
                              expansion->grammar->languages[side].name);
    }
    hny_buffer_free(&name);
    return status;
}

/* Sets *CHOICE to the parts of ALTERNATIVE under VALUES; *EMPTY where one of them derives nothing. */
static hny_status make_choice(struct hny_expansion *expansion, const struct hny_alternative *alternative,
                              const size_t *values, struct hny_choice *choice, bool *empty) {
    *empty = false;
    memcpy(choice->values, values, sizeof choice->values);
    choice->children = hny_arena_take(expansion->arena, alternative->child_count, sizeof *choice->children);
    if (!choice->children) return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < alternative->child_count && !*empty; i++) {
        const struct hny_child *child = &alternative->children[i];
        size_t arguments[HNY_GRAMMAR_ARGUMENTS] = {0};
        struct hny_instance *instance = NULL;
        for (size_t j = 0; j < expansion->grammar->symbols[child->symbol].arguments; j++)
            arguments[j] = term_value(&child->arguments[j], values);
        HNY_TRY(expand(expansion, child->symbol, arguments, &instance));
        if (instance->open) return fail_at(alternative, "leads back to itself", instance->symbol->name);
        choice->children[i] = instance;
        *empty = instance->empty;
    }
    for (size_t side = 0; side < HNY_GRAMMAR_SIDES && !*empty; side++) {
        size_t count = alternative->token_count[side];
        choice->columns[side] = hny_arena_take(expansion->arena, count, sizeof *choice->columns[side]);
        if (!choice->columns[side]) return HNY_ERROR_MEMORY;
        for (size_t i = 0; i < count; i++) {
            const struct hny_token *token = &alternative->tokens[side][i];
            choice->columns[side][i] = 0;
            if (token->kind != HNY_TOKEN_CHILD) continue;
            HNY_TRY(find_column(expansion, alternative, token, side, choice->children[token->child]->symbol,
                                values, &choice->columns[side][i]));
        }
    }
    return HNY_OK;
}

/* Moves VALUES on to the next combination of the variables from FIRST on; false after the last. */
static bool next_values(const struct hny_grammar *grammar, const struct hny_alternative *alternative,
                        const bool *fixed, size_t *values) {
    for (size_t i = 0; i < alternative->variable_count; i++) {
        if (fixed[i]) continue;
        if (++values[i] < grammar->features[alternative->variables[i]].count) return true;
        values[i] = 0;
    }
    return false;
}

/* The head of ALTERNATIVE met with ARGUMENTS: false where it does not fit, else the variables that it fixes.
 */
static bool match_head(const struct hny_symbol *symbol, const struct hny_alternative *alternative,
                       const size_t *arguments, size_t *values, bool *fixed) {
    for (size_t i = 0; i < symbol->arguments; i++) {
        const struct hny_term *term = &alternative->head[i];
        if (term->variable < 0) {
            if (term->value != arguments[i]) return false;
            continue;
        }
        if (fixed[term->variable] && values[term->variable] != arguments[i]) return false;
        fixed[term->variable] = true;
        values[term->variable] = arguments[i];
    }
    return true;
}

static hny_status expand_alternative(struct hny_expansion *expansion, const struct hny_symbol *symbol,
                                     const struct hny_alternative *alternative, const size_t *arguments,
                                     struct hny_group *group) {
    const struct hny_grammar *grammar = expansion->grammar;
    size_t values[HNY_GRAMMAR_VARIABLES] = {0}, most = 1;
    bool fixed[HNY_GRAMMAR_VARIABLES] = {false}, empty = false;
    *group = (struct hny_group){.alternative = alternative};
    if (!match_head(symbol, alternative, arguments, values, fixed)) return HNY_OK;
    for (size_t i = 0; i < alternative->variable_count; i++)
        if (!fixed[i] && (most *= grammar->features[alternative->variables[i]].count) > INSTANCE_LIMIT)
            return fail_at(alternative, "leaves too many features open", symbol->name);
    group->choices = hny_arena_take(expansion->arena, most, sizeof *group->choices);
    if (!group->choices) return HNY_ERROR_MEMORY;
    do {
        struct hny_choice *choice = &group->choices[group->choice_count];
        HNY_TRY(make_choice(expansion, alternative, values, choice, &empty));
        if (empty) continue;
        choice->weight = 1;
        for (size_t i = 0; i < alternative->variable_count; i++)
            if (!fixed[i]) choice->weight *= grammar->features[alternative->variables[i]].weights[values[i]];
        group->weight += choice->weight;
        group->choice_count++;
    } while (next_values(grammar, alternative, fixed, values));
    if (group->weight > UINT32_MAX)
        return fail_at(alternative, "has features of too large weights", symbol->name);
    return HNY_OK;
}

/* Multiplies COUNTS by the generating function ADDED, by length. */
static void convolve(double counts[HNY_EXPANSION_WORDS + 1], const double added[HNY_EXPANSION_WORDS + 1]) {
    double product[HNY_EXPANSION_WORDS + 1] = {0};
    for (size_t i = 0; i <= HNY_EXPANSION_WORDS; i++)
        for (size_t j = 0; counts[i] > 0 && i + j <= HNY_EXPANSION_WORDS; j++)
            product[i + j] += counts[i] * added[j];
    memcpy(counts, product, sizeof product);
}

static void count_word(const struct hny_language *language, const char *text, double *counts) {
    size_t words = hny_expansion_words(language, text);
    if (words <= HNY_EXPANSION_WORDS) counts[words]++;
}

/* Adds the derivations of CHOICE to TOTAL. A part that the source does not show still counts, with no words.
 */
static void count_choice(const struct hny_expansion *expansion, const struct hny_alternative *alternative,
                         const struct hny_choice *choice, double *total) {
    const struct hny_language *language = &expansion->grammar->languages[0];
    double counts[HNY_EXPANSION_WORDS + 1] = {1};
    bool shown[HNY_GRAMMAR_CHILDREN] = {false};
    for (size_t i = 0; i < alternative->token_count[0]; i++) {
        const struct hny_token *token = &alternative->tokens[0][i];
        double added[HNY_EXPANSION_WORDS + 1] = {0};
        if (token->kind == HNY_TOKEN_CHILD) {
            const struct hny_instance *child = choice->children[token->child];
            shown[token->child] = true;
            if (!child->symbol->words) memcpy(added, child->counts, sizeof added);
            for (size_t j = 0; j < child->entry_count; j++)
                count_word(language, child->entries[j]->forms[0][choice->columns[0][i]], added);
            if (token->glued) memmove(added, added + 1, HNY_EXPANSION_WORDS * sizeof *added);
        } else {
            count_word(language, token->glued ? "+" : token->text ? token->text : "-", added);
        }
        convolve(counts, added);
    }
    for (size_t i = 0; i < alternative->child_count; i++) {
        double unseen[HNY_EXPANSION_WORDS + 1] = {(double)choice->children[i]->entry_count};
        if (!shown[i] && choice->children[i]->symbol->words) convolve(counts, unseen);
    }
    for (size_t i = 0; i <= HNY_EXPANSION_WORDS; i++) total[i] += counts[i];
}

static hny_status expand_phrase(struct hny_expansion *expansion, const size_t *arguments,
                                struct hny_instance *instance) {
    const struct hny_symbol *symbol = instance->symbol;
    instance->groups = hny_arena_take(expansion->arena, symbol->alternative_count, sizeof *instance->groups);
    if (!instance->groups) return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < symbol->alternative_count; i++) {
        struct hny_group *group = &instance->groups[instance->group_count];
        HNY_TRY(expand_alternative(expansion, symbol, &symbol->alternatives[i], arguments, group));
        if (!group->choice_count) continue;
        instance->weight += group->alternative->weight;
        instance->group_count++;
        for (size_t j = 0; j < group->choice_count; j++)
            count_choice(expansion, group->alternative, &group->choices[j], instance->counts);
    }
    return HNY_OK;
}

/* The place of VALUES among all combinations of values that SYMBOL takes. */
static size_t combination(const struct hny_grammar *grammar, const struct hny_symbol *symbol,
                          const size_t *values) {
    size_t place = 0;
    for (size_t i = 0; i < symbol->arguments; i++)
        place = place * grammar->features[symbol->features[i]].count + values[i];
    return place;
}

static hny_status expand(struct hny_expansion *expansion, size_t symbol,
                         const size_t values[HNY_GRAMMAR_ARGUMENTS], struct hny_instance **instance) {
    const struct hny_symbol *what = &expansion->grammar->symbols[symbol];
    struct hny_instance **place =
        &expansion->instances[symbol][combination(expansion->grammar, what, values)];
    if (!*place) {
        struct hny_instance *made = hny_arena_take(expansion->arena, 1, sizeof *made);
        if (!made) return HNY_ERROR_MEMORY;
        *made = (struct hny_instance){.symbol = what, .open = true};
        *place = made;
        HNY_TRY(what->words ? expand_words(expansion, values, made) : expand_phrase(expansion, values, made));
        if (made->weight > UINT32_MAX)
            return hny_fail(HNY_ERROR_INPUT, "%s:%zu: the weights of %s are too large", what->file,
                            what->line, what->name);
        made->open = false;
        made->empty = !made->weight;
    }
    *instance = *place;
    return HNY_OK;
}

/* A table for each symbol, large enough for all combinations of its values. */
static hny_status make_tables(struct hny_expansion *expansion) {
    const struct hny_grammar *grammar = expansion->grammar;
    size_t symbols = grammar->symbol_count;
    expansion->instances = hny_arena_take(expansion->arena, symbols, sizeof *expansion->instances);
    if (!expansion->instances) return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < symbols; i++) {
        const struct hny_symbol *symbol = &grammar->symbols[i];
        size_t places = 1;
        for (size_t j = 0; j < symbol->arguments; j++)
            if ((places *= grammar->features[symbol->features[j]].count) > INSTANCE_LIMIT)
                return hny_fail(HNY_ERROR_INPUT, "%s:%zu: the features of %s have too many combinations",
                                symbol->file, symbol->line, symbol->name);
        expansion->instances[i] = hny_arena_take(expansion->arena, places, sizeof **expansion->instances);
        if (!expansion->instances[i]) return HNY_ERROR_MEMORY;
        memset(expansion->instances[i], 0, places * sizeof **expansion->instances);
    }
    return HNY_OK;
}

/* A name that no sentence can hold is a slip of the pen. */
static hny_status check_reached(const struct hny_expansion *expansion) {
    const struct hny_grammar *grammar = expansion->grammar;
    for (size_t i = 0; i < grammar->symbol_count; i++) {
        const struct hny_symbol *symbol = &grammar->symbols[i];
        size_t places = 1;
        bool reached = false;
        for (size_t j = 0; j < symbol->arguments; j++) places *= grammar->features[symbol->features[j]].count;
        for (size_t j = 0; j < places && !reached; j++) {
            const struct hny_instance *instance = expansion->instances[i][j];
            reached = instance && !instance->empty;
        }
        if (!reached)
            return hny_fail(HNY_ERROR_INPUT, "%s:%zu: no sentence can hold %s", symbol->file, symbol->line,
                            symbol->name);
    }
    return HNY_OK;
}

hny_status hny_expansion_create(struct hny_expansion **expansion, const struct hny_grammar *grammar,
                                const char *start) {
    const size_t none[HNY_GRAMMAR_ARGUMENTS] = {0};
    long symbol = hny_grammar_symbol(grammar, start);
    if (symbol < 0 || grammar->symbols[symbol].words || grammar->symbols[symbol].arguments)
        return hny_fail(HNY_ERROR_INPUT, "the grammar has no rule %s without features", start);
    struct hny_expansion *made = calloc(1, sizeof *made);
    if (!made) return hny_fail(HNY_ERROR_MEMORY, "out of memory for a grammar");
    made->grammar = grammar;
    hny_status status = HNY_ERROR_MEMORY;
    if ((made->arena = hny_arena_create(ARENA_BLOCK_BYTES))) status = make_tables(made);
    if (status == HNY_OK) status = expand(made, (size_t)symbol, none, &made->start);
    if (status == HNY_OK && made->start->empty)
        status = hny_fail(HNY_ERROR_INPUT, "nothing can be derived from %s", start);
    if (status == HNY_OK) status = check_reached(made);
    if (status != HNY_OK)
        hny_expansion_destroy(&made);
    else
        *expansion = made;
    return status;
}

void hny_expansion_destroy(struct hny_expansion **expansion) {
    struct hny_expansion *old = *expansion;
    *expansion = NULL;
    if (!old) return;
    hny_arena_destroy(&old->arena);
    free(old);
}

const struct hny_grammar *hny_expansion_grammar(const struct hny_expansion *expansion) {
    return expansion->grammar;
}

const struct hny_instance *hny_expansion_start(const struct hny_expansion *expansion) {
    return expansion->start;
}

double hny_expansion_count(const struct hny_expansion *expansion, size_t least, size_t most) {
    double sum = 0;
    for (size_t i = least; i <= most && i <= HNY_EXPANSION_WORDS; i++) sum += expansion->start->counts[i];
    return sum;
}
