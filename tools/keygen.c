/* honyaku keygen curve: keys for brokers, workers and clients. */
#include "pipeline/keys.h"
#include "tools/commands.h"

#include <stdio.h>

static const struct hny_option options[] = {{NULL, 0, NULL, false, false, NULL}};

static hny_status run(const struct hny_arguments *arguments) {
    const char *name = hny_argument_rest_at(arguments, 0);
    HNY_TRY(hny_keys_make(name));
    printf("%s.key %s.pub\n", name, name);
    return hny_output_flush();
}

const struct hny_command hny_command_keygen_curve = {
    .name = "keygen curve",
    .arguments = "NAME",
    .summary = "make keys for a broker, a worker or a client",
    .description =
        "NAME.key is the secret, for its owner alone; NAME.pub is the public key, which others are given. A "
        "broker lets in "
        "those whose public keys stand in its lists, a line each. Files that are there are left as they are.",
    .example = "honyaku keygen curve server && honyaku keygen curve anna\n"
               "honyaku serve --model model/ --bind tcp://*:5555 --key server.key --allow anna.pub\n"
               "honyaku send --connect tcp://server:5555 --key anna.key --server-key server.pub < in.en",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
