/* Every subcommand, one a file of the same name. */
#ifndef HNY_TOOLS_COMMANDS_H
#define HNY_TOOLS_COMMANDS_H

#include "tools/tool.h"

extern const struct hny_command hny_command_evaluate;
extern const struct hny_command hny_command_info;
extern const struct hny_command hny_command_plot;

#endif
