/* Parsing a command's arguments by its table. */
#ifndef HNY_TOOLS_ARGUMENTS_H
#define HNY_TOOLS_ARGUMENTS_H

#include "tools/tool.h"

struct hny_argument {
    const struct hny_option *option; /* NULL: a setting */
    const char *name;
    const char *value; /* NULL: a flag */
};

struct hny_arguments {
    const struct hny_command *command;
    struct hny_argument *given; /* in order */
    size_t given_count;
    const char **rest;
    size_t rest_count;
    bool help; /* --help or -h was among them */
};

/* Parses COUNT words behind the command's name. Free with hny_arguments_free also after a failure. */
hny_status hny_arguments_parse(struct hny_arguments *arguments, const struct hny_command *command, int count,
                               char **words);
void hny_arguments_free(struct hny_arguments *arguments);

#endif
