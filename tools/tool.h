/* The command line as tables: a command is a struct with its options, so that parser, --help, the manual page
 * and shell completion cannot disagree. Each subcommand is one file that defines one struct hny_command. */
#ifndef HNY_TOOLS_TOOL_H
#define HNY_TOOLS_TOOL_H

#include "base/status.h"
#include <stdbool.h>
#include <stddef.h>

struct hny_option {
    const char *name;  /* without --; NULL ends a table */
    char letter;       /* a short form, or 0 */
    const char *value; /* what stands for the value in help ("FILE"); NULL: a flag without one */
    bool optional;     /* the value may be left out: --name or --name=VALUE */
    bool list;         /* takes every argument up to the next option: -m bleu chrf; may come again */
    const char *help;  /* one line, the default included */
};

struct hny_arguments;

struct hny_command {
    const char *name;        /* "train", or "tokenizer train" */
    const char *arguments;   /* "REF…", or "" */
    const char *summary;     /* one line */
    const char *description; /* paragraphs for help and manual, or NULL */
    const char *example;     /* one or more command lines */
    const struct hny_option *options;
    bool settings;      /* takes every setting of model/config.h too */
    size_t least, most; /* positional arguments */
    hny_status (*run)(const struct hny_arguments *arguments);
};

/* All commands in the order of help; NULL at the end. */
extern const struct hny_command *const hny_commands[];

/* What was given. Names are those of the command's own table (asserted). */
bool hny_argument_given(const struct hny_arguments *arguments, const char *name);
const char *hny_argument_text(const struct hny_arguments *arguments,
                              const char *name); /* the last; NULL: not given,
                                                  * or given without a value */
size_t hny_argument_times(const struct hny_arguments *arguments, const char *name); /* values given */
const char *hny_argument_at(const struct hny_arguments *arguments, const char *name, size_t index);

/* *NUMBER changes only where the option was given. HNY_ERROR_USAGE names option, value and range. */
hny_status hny_argument_count(const struct hny_arguments *arguments, const char *name, size_t least,
                              size_t most, size_t *number);
hny_status hny_argument_real(const struct hny_arguments *arguments, const char *name, double least,
                             double most, double *number);

/* Positional arguments. */
size_t hny_argument_rest(const struct hny_arguments *arguments);
const char *hny_argument_rest_at(const struct hny_arguments *arguments, size_t index);

/* Settings in the order given: name and value. */
size_t hny_argument_settings(const struct hny_arguments *arguments);
void hny_argument_setting(const struct hny_arguments *arguments, size_t index, const char **name,
                          const char **value);

/* Standard output, checked: HNY_ERROR_IO where it could not be written. */
hny_status hny_output_flush(void);

/* What the table gives: text for --help, the manual page in roff, completion for bash. */
void hny_help_print(const struct hny_command *command);
void hny_help_overview(void);
void hny_manual_print(void);
void hny_completion_print(void);

#endif
