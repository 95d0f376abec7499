/* honyaku verify: whether a bundle is whole, and what is in it. */
#include "base/json.h"
#include "base/progress.h"
#include "base/threads.h"
#include "bundle/bundle.h"
#include "tools/about_bundle.h"
#include "tools/bases.h"
#include "tools/commands.h"
#include "tools/signers.h"

#include <stdio.h>

enum { MOST_THREADS = 256 };

static const struct hny_option options[] = {
    {"key", 'k', "KEY", false, false,
     "whose signature it must have: a public key, or a file of some; may come again"},
    HNY_BASES_OPTION,
    {"json", 0, NULL, false, false, "one JSON object"},
    {"threads", 't', "N", false, false, "threads (default: one a processor)"},
    {NULL, 0, NULL, false, false, NULL},
};

static hny_status tell(const struct hny_bundle *bundle, bool json) {
    struct hny_buffer text = {0};
    if (!json) {
        hny_about_bundle_print(bundle);
        return HNY_OK;
    }
    json_t *object = hny_about_bundle(bundle);
    hny_status status = object ? hny_json_print(&text, object, true) : HNY_ERROR_MEMORY;
    if (status == HNY_OK) fwrite(text.data, 1, text.size, stdout);
    hny_buffer_free(&text);
    json_decref(object);
    return status;
}

static hny_status run(const struct hny_arguments *arguments) {
    struct hny_bundle bundle = {0};
    struct hny_read_options chosen = {.threads = hny_processors(), .alone = true};
    struct hny_bases bases = {0};
    HNY_TRY(hny_argument_count(arguments, "threads", 1, MOST_THREADS, &chosen.threads));
    HNY_TRY(hny_bases_read(&bases, arguments));
    chosen.bases = bases.files;
    chosen.base_count = bases.count;
    struct hny_signers signers = {0};
    hny_status status = hny_argument_signers(arguments, "key", &signers, &chosen.signers);
    if (status == HNY_OK) status = hny_bundle_verify(hny_argument_rest_at(arguments, 0), &chosen, &bundle);
    hny_signers_free(&signers);
    HNY_TRY(status);
    status = tell(&bundle, hny_argument_given(arguments, "json"));
    if (status == HNY_OK && bundle.parent && bases.count == 0)
        hny_progress_note("what the delta restores was not checked: that takes its base, with --base");
    hny_bundle_free(&bundle);
    return status == HNY_OK ? hny_output_flush() : status;
}

const struct hny_command hny_command_verify = {
    .name = "verify",
    .arguments = "FILE",
    .summary = "check a bundle, and tell what is in it",
    .description =
        "Every member and every restored file must have the digest that the manifest states; sha256 is "
        "the manifest's own, which stands for the whole. A signature, where there is one, is checked always, "
        "and signer says whose it is; --key says whose it must be. FILE may be - for standard input.\n"
        "Of a delta without its base the members alone are checked. parent is the sha256 of the bundle that "
        "it builds on, full that of the whole bundle that pack --flatten makes of both.",
    .example = "honyaku verify en-ja.tar.zst\n"
               "honyaku verify en-ja.tar.zst --key anna.pub --key bert.pub\n"
               "honyaku verify delta.tar.zst --base en-ja.tar.zst",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
