/* What a grammar's rules become once every feature has a value: a graph without circles whose paths are the
 * derivations, each written at most once, with their number by length of the source. */
#ifndef HNY_CORPORA_EXPANSION_H
#define HNY_CORPORA_EXPANSION_H

#include "corpora/grammar.h"

#define HNY_EXPANSION_WORDS 40 /* source sentences with more words are not counted */

/* A symbol with values for its features. A class of words has entries, a phrase has groups. */
struct hny_instance {
    const struct hny_symbol *symbol;
    const struct hny_entry **entries; /* [entry_count] */
    size_t entry_count;
    struct hny_group *groups; /* [group_count] */
    size_t group_count;
    uint64_t weight;                        /* of all entries, or of all groups */
    double counts[HNY_EXPANSION_WORDS + 1]; /* of a phrase: derivations by source words; exact up to 2^53 */
    bool open;                              /* being expanded: to meet it again is a circle */
    bool empty;                             /* nothing can be derived */
};

/* An alternative of a rule, with all ways to give values to the features that it leaves open. */
struct hny_group {
    const struct hny_alternative *alternative;
    struct hny_choice *choices; /* [choice_count] */
    size_t choice_count;
    uint64_t weight; /* of all choices, among each other */
};

struct hny_choice {
    size_t values[HNY_GRAMMAR_VARIABLES];
    const struct hny_instance **children; /* [child_count of the alternative] */
    size_t *columns[HNY_GRAMMAR_SIDES];   /* [token_count]: the form that a part that is a word takes there */
    uint64_t weight;
};

struct hny_expansion;

/* Expands the symbol START, which takes no features, and all it leads to, into *EXPANSION (to destroy before
 * GRAMMAR). HNY_ERROR_INPUT, naming file and line, for a rule that leads back to itself, a form that a class
 * lacks, a start from which nothing can be derived, or a symbol that no sentence can hold. */
hny_status hny_expansion_create(struct hny_expansion **expansion, const struct hny_grammar *grammar,
                                const char *start);
void hny_expansion_destroy(struct hny_expansion **expansion); /* nulls; NULL is allowed */

const struct hny_grammar *hny_expansion_grammar(const struct hny_expansion *expansion);
const struct hny_instance *hny_expansion_start(const struct hny_expansion *expansion);

/* The number of derivations whose source has LEAST to MOST words. Each has its own way through the rules; the
 * grammar in corpora/en-ja is written so that few of them write the same pair. */
double hny_expansion_count(const struct hny_expansion *expansion, size_t least, size_t most);

/* The number of words that TEXT, a form or a literal of SIDE, adds: those that are neither glued nor
 * punctuation. */
size_t hny_expansion_words(const struct hny_language *language, const char *text);

#endif
