/* honyaku unpack: the model's folder from a bundle. */
#include "base/threads.h"
#include "bundle/bundle.h"
#include "tools/bases.h"
#include "tools/commands.h"
#include "tools/signers.h"

enum { MOST_THREADS = 256 };

static const struct hny_option options[] = {
    {"output", 'o', "MODEL", false, false, "the folder to make"},
    {"key", 'k', "KEY", false, false,
     "whose signature it must have: a public key, or a file of some; may come again"},
    HNY_BASES_OPTION,
    {"threads", 't', "N", false, false, "threads (default: one a processor)"},
    {NULL, 0, NULL, false, false, NULL},
};

static hny_status run(const struct hny_arguments *arguments) {
    struct hny_read_options chosen = {.threads = hny_processors()};
    struct hny_bases bases = {0};
    const char *to = hny_argument_text(arguments, "output");
    if (!to) return hny_fail(HNY_ERROR_USAGE, "-o MODEL says which folder to make");
    HNY_TRY(hny_argument_count(arguments, "threads", 1, MOST_THREADS, &chosen.threads));
    HNY_TRY(hny_bases_read(&bases, arguments));
    chosen.bases = bases.files;
    chosen.base_count = bases.count;
    struct hny_signers signers = {0};
    hny_status status = hny_argument_signers(arguments, "key", &signers, &chosen.signers);
    if (status == HNY_OK) status = hny_bundle_unpack(hny_argument_rest_at(arguments, 0), to, &chosen, NULL);
    hny_signers_free(&signers);
    return status;
}

const struct hny_command hny_command_unpack = {
    .name = "unpack",
    .arguments = "FILE",
    .summary = "make a model's folder of a bundle",
    .description =
        "All of the file is checked by its digests while it is written to MODEL.unpacking beside the folder, "
        "which gets its name last: killed or refused at any moment, there is no half model. A signature, "
        "where "
        "there is one, is checked always; --key says whose there must be. FILE may be - "
        "for "
        "standard input. A delta needs what it builds on, the very bundles by their digests: --base several "
        "times, the oldest first.",
    .example = "honyaku unpack en-ja.tar.zst -o model/\n"
               "honyaku unpack delta.tar.zst --base en-ja.tar.zst -o newer/",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
