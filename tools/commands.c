/* The table of commands. A new one is its own file and one line here. */
#include "tools/commands.h"

const struct hny_command *const hny_commands[] = {
    &hny_command_train,
    &hny_command_translate,
    &hny_command_serve,
    &hny_command_send,
    &hny_command_stream,
    &hny_command_pipeline_run,
    &hny_command_pipeline_check,
    &hny_command_status,
    &hny_command_reload,
    &hny_command_broker,
    &hny_command_worker,
    &hny_command_gateway,
    &hny_command_keygen_curve,
    &hny_command_score,
    &hny_command_evaluate,
    &hny_command_plot,
    &hny_command_info,
    &hny_command_average,
    &hny_command_tokenizer_train,
    &hny_command_tokenizer_encode,
    &hny_command_tokenizer_decode,
    NULL,
};
