/* Every subcommand, one a file of the same name. */
#ifndef HNY_TOOLS_COMMANDS_H
#define HNY_TOOLS_COMMANDS_H

#include "tools/tool.h"

extern const struct hny_command hny_command_train;
extern const struct hny_command hny_command_translate;
extern const struct hny_command hny_command_serve;
extern const struct hny_command hny_command_status;
extern const struct hny_command hny_command_reload;
extern const struct hny_command hny_command_broker;
extern const struct hny_command hny_command_worker;
extern const struct hny_command hny_command_gateway;
extern const struct hny_command hny_command_keygen_curve;
extern const struct hny_command hny_command_keygen_sign;
extern const struct hny_command hny_command_send;
extern const struct hny_command hny_command_stream;
extern const struct hny_command hny_command_pipeline_run;
extern const struct hny_command hny_command_pipeline_check;
extern const struct hny_command hny_command_score;
extern const struct hny_command hny_command_evaluate;
extern const struct hny_command hny_command_plot;
extern const struct hny_command hny_command_info;
extern const struct hny_command hny_command_average;
extern const struct hny_command hny_command_shortlist;
extern const struct hny_command hny_command_pack;
extern const struct hny_command hny_command_unpack;
extern const struct hny_command hny_command_verify;
extern const struct hny_command hny_command_sign;
extern const struct hny_command hny_command_publish;
extern const struct hny_command hny_command_list;
extern const struct hny_command hny_command_pull;
extern const struct hny_command hny_command_depot;
extern const struct hny_command hny_command_push;
extern const struct hny_command hny_command_tokenizer_train;
extern const struct hny_command hny_command_tokenizer_encode;
extern const struct hny_command hny_command_tokenizer_decode;

#endif
