/* honyaku sign: one's signature in a bundle that is there. */
#include "base/progress.h"
#include "base/threads.h"
#include "bundle/bundle.h"
#include "bundle/signing_key.h"
#include "tools/bases.h"
#include "tools/commands.h"

#include <string.h>

enum { MOST_THREADS = 256 };

static const struct hny_option options[] = {
    {"key", 'k', "FILE", false, false, "one's own keys, from honyaku keygen sign"},
    {"output", 'o', "FILE", false, false,
     "the signed bundle, which may be the same file; - for standard output"},
    HNY_BASES_OPTION,
    {"threads", 't', "N", false, false, "threads (default: one a processor)"},
    {NULL, 0, NULL, false, false, NULL},
};

static hny_status sign(const char *from, const char *to, const struct hny_signing_key *key,
                       const struct hny_read_options *chosen) {
    struct hny_bundle bundle;
    HNY_TRY(hny_bundle_sign(from, to, key, chosen, &bundle));
    hny_progress_note("%s: digest %s, signed by %s", to, bundle.digest, bundle.signer);
    if (bundle.parent && chosen->base_count == 0)
        hny_progress_note("what the delta restores was not checked: that takes its base, with --base");
    hny_bundle_free(&bundle);
    return HNY_OK;
}

static hny_status run(const struct hny_arguments *arguments) {
    struct hny_read_options chosen = {.threads = hny_processors()};
    struct hny_signing_key key;
    struct hny_bases bases = {0};
    const char *to = hny_argument_text(arguments, "output"), *path = hny_argument_text(arguments, "key");
    if (!to) return hny_fail(HNY_ERROR_USAGE, "-o FILE says where the signed bundle goes");
    if (!path) return hny_fail(HNY_ERROR_USAGE, "--key FILE says who signs");
    HNY_TRY(hny_argument_count(arguments, "threads", 1, MOST_THREADS, &chosen.threads));
    HNY_TRY(hny_bases_read(&bases, arguments));
    chosen.bases = bases.files;
    chosen.base_count = bases.count;
    HNY_TRY(hny_signing_key_read(path, &key));
    hny_status status = sign(hny_argument_rest_at(arguments, 0), to, &key, &chosen);
    explicit_bzero(&key, sizeof key);
    return status;
}

const struct hny_command hny_command_sign = {
    .name = "sign",
    .arguments = "FILE",
    .summary = "sign a bundle",
    .description =
        "All of the bundle is checked first. The signature takes the place of one that is there; all "
        "else, and the digest, stay as they are. It answers for name, release, parent and every "
        "byte that is restored. A delta's goes on to the bundle that pack --flatten makes of it; what it "
        "restores is checked where --base says what it builds on.",
    .example = "honyaku sign en-ja.tar.zst --key anna.key -o en-ja.tar.zst\n"
               "honyaku sign delta.tar.zst --base en-ja.tar.zst --key anna.key -o delta.tar.zst",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
