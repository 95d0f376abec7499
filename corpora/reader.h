/* What the parts of the grammar's reader share: the line at hand, and taking it apart. Only grammar.c,
 * lexicon.c, template.c and reader.c include this. */
#ifndef HNY_CORPORA_READER_H
#define HNY_CORPORA_READER_H

#include "base/buffer.h"
#include "corpora/grammar.h"

struct reader {
    struct hny_grammar *grammar;
    const char *path;
    size_t line;
    struct hny_buffer scratch;
};

/* HNY_ERROR_INPUT with the file and line at hand before FORMAT…. */
hny_status reader_fail(const struct reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Takes the next word (up to white space) off *TEXT; NULL when none is left. The text is cut in place. */
char *reader_word(char **text);

/* TEXT without white space on both sides, cut in place. */
char *reader_trim(char *text);

/* Cuts TEXT at the first MARK; returns what follows it, or NULL where there is none. */
char *reader_cut(char *text, char mark);

/* Takes a leading "*N " off *TEXT into *WEIGHT, 1 where there is none. */
hny_status reader_weight(struct reader *reader, char **text, uint32_t *weight);

/* A whole number of 1 to a million. */
hny_status reader_number(struct reader *reader, const char *text, uint32_t *number);

/* A copy of TEXT in the grammar's arena; NULL with a message on failure. */
const char *reader_keep(struct reader *reader, const char *text);

/* The symbol called NAME, made (undefined) where there is none; its index in *SYMBOL. */
hny_status reader_symbol(struct reader *reader, const char *name, size_t *symbol);

/* Cuts "NAME[A,B]" into its name, left in TEXT, and at most HNY_GRAMMAR_ARGUMENTS arguments. */
hny_status reader_arguments(struct reader *reader, char *text, char *arguments[HNY_GRAMMAR_ARGUMENTS],
                            size_t *count);

/* The feature that NAME, with or without digits behind it, is called by; false where there is none. */
bool reader_feature(const struct reader *reader, const char *name, size_t *feature);

/* The value called NAME and its feature; HNY_ERROR_INPUT where there is none. */
hny_status reader_value(struct reader *reader, const char *name, size_t *feature, size_t *value);

/* The index of the language called NAME; HNY_ERROR_INPUT where there is none. */
hny_status reader_side(struct reader *reader, const char *name, size_t *side);

/* lexicon.c: a line inside a class (forms or an inflection), and one inside a list of words of SYMBOL whose
 * arguments allow ALLOWED. */
hny_status reader_class_line(struct reader *reader, struct hny_symbol *symbol, char *text);
hny_status reader_entry(struct reader *reader, struct hny_symbol *symbol,
                        const uint64_t allowed[HNY_GRAMMAR_ARGUMENTS], char *text);

/* template.c: the head of a rule into HEAD, whose `head` and variables are set; and the two templates of an
 * alternative, added to the symbol. */
hny_status reader_rule_head(struct reader *reader, char *text, size_t *symbol, struct hny_alternative *head);
hny_status reader_alternative(struct reader *reader, struct hny_symbol *symbol,
                              const struct hny_alternative *head, char *source, char *target,
                              uint32_t weight);

#endif
