/* The table of commands. A new one is its own file and one line here. */
#include "tools/commands.h"

const struct hny_command *const hny_commands[] = {
    &hny_command_evaluate,
    &hny_command_info,
    &hny_command_plot,
    NULL,
};
