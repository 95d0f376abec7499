/* A synchronous grammar with features: one derivation writes a sentence in two languages at once.
 *
 * Here lives the grammar as it stands in its files (the notation is described in corpora/README.md). What the
 * rules become once their features have values is corpora/expansion.h; what a random derivation writes,
 * corpora/derivation.h. */
#ifndef HNY_CORPORA_GRAMMAR_H
#define HNY_CORPORA_GRAMMAR_H

#include "base/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HNY_GRAMMAR_SIDES = 2,      /* source, target */
    HNY_GRAMMAR_ARGUMENTS = 4,  /* features of one symbol, at most */
    HNY_GRAMMAR_VARIABLES = 12, /* features in play in one rule, at most */
    HNY_GRAMMAR_CHILDREN = 16,  /* parts of one rule, at most */
    HNY_GRAMMAR_COLUMNS = 40,   /* names of forms of one class in one language, at most */
    HNY_GRAMMAR_VALUES = 64,    /* values of one feature, at most: sets of them are one 64-bit word */
};

/* How a language is written down. */
struct hny_language {
    const char *name;         /* also the ending of its files: "en" */
    bool spaces;              /* words are set apart by spaces */
    bool capital;             /* a sentence begins with a capital (ASCII) letter */
    const char **punctuation; /* [punctuations]: never counted as words, never after a space */
    size_t punctuations;
};

struct hny_feature {
    const char *name;
    const char *values[HNY_GRAMMAR_VALUES];
    uint32_t weights[HNY_GRAMMAR_VALUES]; /* where a rule leaves the value open */
    size_t count;
};

/* A word (or phrase) in all its forms. */
struct hny_entry {
    uint64_t allowed[HNY_GRAMMAR_ARGUMENTS]; /* a set of values for each argument of its class */
    const char **forms[HNY_GRAMMAR_SIDES];   /* [columns of the class on that side] */
    uint32_t weight;
};

/* An ending and the forms it takes, "*" standing for what precedes the ending. */
struct hny_inflection {
    const char *ending;
    const char **patterns; /* [columns] */
};

/* The name of a form, and the column that holds it; names may share a column. */
struct hny_form {
    const char *name;
    size_t column;
};

/* An argument or a part of a form's name: a variable of the rule, or a value (a text) written out. */
struct hny_term {
    int variable;   /* -1: written out */
    size_t feature; /* of an argument */
    size_t value;   /* of an argument that is written out */
    const char *text;
};

enum hny_token_kind { HNY_TOKEN_TEXT, HNY_TOKEN_CHILD, HNY_TOKEN_VALUE };

/* One piece of a template. */
struct hny_token {
    enum hny_token_kind kind;
    bool glued;       /* continues the word before it */
    const char *text; /* HNY_TOKEN_TEXT */
    size_t child;     /* HNY_TOKEN_CHILD */
    int variable;     /* HNY_TOKEN_VALUE: its value is written */
    struct hny_term
        *form; /* HNY_TOKEN_CHILD: [form_terms], joined by "-"; none for a phrase or the first form */
    size_t form_terms;
};

struct hny_child {
    const char *name;
    size_t symbol;
    struct hny_term arguments[HNY_GRAMMAR_ARGUMENTS];
};

/* One right-hand side of a rule. */
struct hny_alternative {
    const char *file;
    size_t line;
    uint32_t weight;
    struct hny_term head[HNY_GRAMMAR_ARGUMENTS];
    size_t variables[HNY_GRAMMAR_VARIABLES]; /* [variable_count]: the feature of each */
    const char *variable_names[HNY_GRAMMAR_VARIABLES];
    size_t variable_count;
    struct hny_child children[HNY_GRAMMAR_CHILDREN];
    size_t child_count;
    struct hny_token *tokens[HNY_GRAMMAR_SIDES];
    size_t token_count[HNY_GRAMMAR_SIDES];
};

/* A class of words or a kind of phrase, with the features that its name takes. */
struct hny_symbol {
    const char *name;
    const char *file; /* where it was first named, for messages */
    size_t line;
    bool defined;
    bool words;   /* entries, else alternatives */
    bool repeats; /* a word of it may come twice in one sentence */
    size_t features[HNY_GRAMMAR_ARGUMENTS];
    size_t arguments;
    struct hny_form forms[HNY_GRAMMAR_SIDES][HNY_GRAMMAR_COLUMNS];
    size_t form_count[HNY_GRAMMAR_SIDES];
    size_t columns[HNY_GRAMMAR_SIDES];
    struct hny_inflection *inflections[HNY_GRAMMAR_SIDES];
    size_t inflection_count[HNY_GRAMMAR_SIDES];
    size_t inflection_capacity[HNY_GRAMMAR_SIDES];
    struct hny_entry *entries;
    size_t entry_count, entry_capacity;
    struct hny_alternative *alternatives;
    size_t alternative_count, alternative_capacity;
};

/* FROM becomes TO before a word that begins with one of the prefixes; the longest prefix that fits decides.
 */
struct hny_sound {
    size_t side;
    const char *from, *to;
    const char **prefixes; /* [count] */
    bool *applies;         /* [count]: false for an exception, written with a leading "-" */
    size_t count;
};

struct hny_grammar {
    struct hny_arena *arena; /* all texts and small arrays */
    struct hny_language languages[HNY_GRAMMAR_SIDES];
    size_t language_count;
    struct hny_feature *features;
    size_t feature_count, feature_capacity;
    struct hny_symbol *symbols;
    size_t symbol_count, symbol_capacity;
    struct hny_sound *sounds;
    size_t sound_count, sound_capacity;
};

/* Reads the grammar in PATHS [COUNT], which may refer to each other, into *GRAMMAR, the caller's to destroy.
 * A line that is not in the notation, or a name that is nowhere defined, is HNY_ERROR_INPUT naming file and
 * line. */
hny_status hny_grammar_read(struct hny_grammar **grammar, const char *const *paths, size_t count);
void hny_grammar_destroy(struct hny_grammar **grammar); /* nulls; NULL is allowed */

/* The index of the symbol called NAME, or -1. */
long hny_grammar_symbol(const struct hny_grammar *grammar, const char *name);

/* The column of the form called NAME of a class of words on SIDE, or -1. */
long hny_grammar_form(const struct hny_symbol *symbol, size_t side, const char *name);

/* True for what LANGUAGE does not count as a word. */
bool hny_language_punctuation(const struct hny_language *language, const char *text);

#endif
