/* honyaku pull: a bundle from a depot. */
#include "base/progress.h"
#include "base/threads.h"
#include "tools/commands.h"
#include "tools/bases.h"
#include "tools/depot_options.h"
#include "tools/signers.h"

#include <stdio.h>

enum { MOST_THREADS = 256 };

static const struct hny_option options[] = {
    {"output", 'o', "FILE", false, false, "the bundle's file"},
    {"into", 0, "FOLDER", false, false, "or the folder that gets it, as NAME@RELEASE.tar.zst"},
    {"key", 'k', "KEY", false, false,
     "whose signature it must have: a public key, or a file of some; may come again"},
    {"base", 0, "FILE", false, false,
     "a whole bundle that deltas may build on besides what is there; may come again"},
    {"whole", 0, NULL, false, false, "the depot's whole bundle: use no deltas"},
    HNY_DEPOT_OPTIONS,
    {"threads", 't', "N", false, false, "threads that verify (default: one a processor)"},
    {"quiet", 'q', NULL, false, false, "say nothing but errors"},
    {NULL, 0, NULL, false, false, NULL},
};

static void tell(const struct hny_pulled *pulled) {
    char resumed[64] = "", deltas[64] = "";
    if (pulled->resumed > 0)
        snprintf(resumed, sizeof resumed, ", %llu were there", (unsigned long long)pulled->resumed);
    if (pulled->deltas > 0)
        snprintf(deltas, sizeof deltas, ", made of %zu delta%s", pulled->deltas,
                 pulled->deltas == 1 ? "" : "s");
    hny_progress_end();
    if (pulled->changed)
        hny_progress_note("%s: %s@%llu, %llu bytes came%s%s, digest %s", pulled->path.data,
                          pulled->contents.name, (unsigned long long)pulled->contents.release,
                          (unsigned long long)pulled->bytes, resumed, deltas, pulled->contents.digest);
    else
        hny_progress_note("%s: %s@%llu is there already, nothing was to do, digest %s", pulled->path.data,
                          pulled->contents.name, (unsigned long long)pulled->contents.release,
                          pulled->contents.digest);
}

static hny_status pull(const char *source, const char *to, bool into,
                       const struct hny_depot_source_options *where, const struct hny_pull_options *how) {
    struct hny_buffer depot = {0};
    struct hny_carrier carrier = {0};
    struct hny_pulled pulled;
    const char *wanted;
    hny_status status = hny_depot_source_split(source, &depot, &wanted);
    if (status == HNY_OK) status = hny_depot_source_open(&carrier, depot.data, where);
    if (status == HNY_OK) {
        status = hny_pull(&carrier, depot.data, wanted, to, into, how, &pulled);
        carrier.close(carrier.context);
        if (status == HNY_OK) {
            tell(&pulled);
            hny_pulled_free(&pulled);
        }
    }
    hny_buffer_free(&depot);
    return status;
}

static hny_status run(const struct hny_arguments *arguments) {
    struct hny_depot_source_options where = HNY_DEPOT_SOURCE_DEFAULTS;
    struct hny_pull_options how = HNY_PULL_DEFAULTS;
    const char *file = hny_argument_text(arguments, "output"), *folder = hny_argument_text(arguments, "into");
    if (!file == !folder) return hny_fail(HNY_ERROR_USAGE, "-o FILE or --into FOLDER says where it goes");
    how.reading.threads = hny_processors();
    HNY_TRY(hny_argument_count(arguments, "threads", 1, MOST_THREADS, &how.reading.threads));
    HNY_TRY(hny_argument_depot(arguments, &where, &how));
    if (hny_argument_given(arguments, "quiet")) hny_progress_quiet(true);
    hny_stop_catch();
    struct hny_signers signers = {0};
    struct hny_bases bases = {0};
    HNY_TRY(hny_bases_read(&bases, arguments));
    how.bases = bases.files;
    how.base_count = bases.count;
    how.whole = hny_argument_given(arguments, "whole");
    hny_status status = hny_argument_signers(arguments, "key", &signers, &how.reading.signers);
    if (status == HNY_OK)
        status = pull(hny_argument_rest_at(arguments, 0), file ? file : folder, folder != NULL, &where, &how);
    hny_signers_free(&signers);
    return status;
}

const struct hny_command hny_command_pull = {
    .name = "pull",
    .arguments = "DEPOT/NAME@RELEASE",
    .summary = "fetch a bundle from a depot",
    .description =
        "DEPOT is a folder, its address behind a web server, https://host/path, or depot://host:port where "
        "honyaku depot runs; http:// only on this machine unless --plain-http allows it. NAME and "
        "NAME@latest are the highest release; in their place "
        "may stand the first 12 to 64 digits of a digest, which nothing else is taken for.\n\n"
        "What comes goes to FILE.DIGITS.pulling beside FILE, where the same command goes on after it was "
        "stopped, killed, or ran out of room. FILE gets its name when all is checked, against the depot's "
        "index, the bundle's own digests and, with --key, its signature, and on disk. Nothing is fetched "
        "that is there already, which is no failure. A later "
        "release that is there is not replaced by what a depot calls its latest, and no release by other "
        "content.\n\n"
        "Where another release that the folder of --into has, or FILE, or a --base, is what a delta of the "
        "depot "
        "builds on, and deltas are smaller than the whole bundle, they come, and the bundle is made of them. "
        "It has the signature of whoever signed the last delta, of which --key asks it. Should "
        "a delta or its base be damaged, the whole bundle comes.",
    .example = "honyaku pull https://example.org/models/en-ja@latest --into models/ --key anna.pub\n"
               "honyaku pull depot://example.org:5560/en-ja@latest --into models/ --server-key depot.pub\n"
               "honyaku pull /mnt/models/en-ja@3 -o en-ja.tar.zst",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
