/* honyaku keygen sign: keys for who signs bundles. */
#include "bundle/signing_key.h"
#include "tools/commands.h"

#include <stdio.h>

static const struct hny_option options[] = {{NULL, 0, NULL, false, false, NULL}};

static hny_status run(const struct hny_arguments *arguments) {
    const char *name = hny_argument_rest_at(arguments, 0);
    HNY_TRY(hny_signing_key_make(name));
    printf("%s.key %s.pub\n", name, name);
    return hny_output_flush();
}

const struct hny_command hny_command_keygen_sign = {
    .name = "keygen sign",
    .arguments = "NAME",
    .summary = "make keys for signing bundles",
    .description =
        "NAME.key is the secret, for its owner alone; NAME.pub is the public key, which others are "
        "given. Files that are there are left as they are.",
    .example = "honyaku keygen sign anna\n"
               "honyaku pack model/ --name en-ja@3 --sign anna.key -o en-ja.tar.zst\n"
               "honyaku verify en-ja.tar.zst --key anna.pub",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
