/* honyaku publish: bundles into the folder of a depot, and out of it. */
#include "base/progress.h"
#include "base/threads.h"
#include "bundle/depot.h"
#include "tools/commands.h"
#include "tools/signers.h"

enum { MOST_THREADS = 256, MOST_RELEASES = 1000000 };

static const struct hny_option options[] = {
    {"keep", 0, "N", false, false, "keep the N highest releases of each name, and what they build on"},
    {"collect", 0, NULL, false, false,
     "remove files that the index does not name, and abandoned pushes; --keep does so too"},
    {"key", 'k', "KEY", false, false,
     "whose signature FILE must have: a public key, or a file of some; may come again"},
    {"threads", 't', "N", false, false, "threads (default: one a processor)"},
    {NULL, 0, NULL, false, false, NULL},
};

static hny_status publish(const char *depot, const char *file, const struct hny_read_options *reading) {
    struct hny_depot_published published;
    bool changed;
    HNY_TRY(hny_depot_publish(depot, file, reading, &published, &changed));
    hny_progress_note("%s: %s@%llu%s, %llu bytes, digest %s", file, published.bundle.name,
                      (unsigned long long)published.bundle.release, changed ? "" : " is there already",
                      (unsigned long long)published.bundle.bytes, published.bundle.digest);
    hny_depot_published_free(&published);
    return HNY_OK;
}

static hny_status clear(const struct hny_arguments *arguments, const char *depot) {
    struct hny_depot_removed removed;
    size_t releases = 0;
    HNY_TRY(hny_argument_count(arguments, "keep", 1, MOST_RELEASES, &releases));
    if (releases == 0 && !hny_argument_given(arguments, "collect")) return HNY_OK;
    HNY_TRY(releases > 0 ? hny_depot_keep(depot, releases, &removed) : hny_depot_collect(depot, &removed));
    hny_progress_note("%s: %zu bundles taken from the index, %zu files of %llu bytes removed", depot,
                      removed.bundles, removed.files, (unsigned long long)removed.bytes);
    return HNY_OK;
}

static hny_status run(const struct hny_arguments *arguments) {
    struct hny_read_options reading = HNY_READ_DEFAULTS;
    const char *depot = hny_argument_rest_at(arguments, 0);
    size_t files = hny_argument_rest(arguments), unused = 1;
    reading.threads = hny_processors();
    HNY_TRY(hny_argument_count(arguments, "threads", 1, MOST_THREADS, &reading.threads));
    HNY_TRY(hny_argument_count(arguments, "keep", 1, MOST_RELEASES, &unused));
    if (files == 1 && !hny_argument_given(arguments, "keep") && !hny_argument_given(arguments, "collect"))
        return hny_fail(HNY_ERROR_USAGE, "expected a bundle to publish, --keep or --collect");
    hny_stop_catch();
    struct hny_signers signers = {0};
    hny_status status = hny_argument_signers(arguments, "key", &signers, &reading.signers);
    for (size_t i = 1; status == HNY_OK && i < files; i++)
        status = publish(depot, hny_argument_rest_at(arguments, i), &reading);
    hny_signers_free(&signers);
    return status == HNY_OK ? clear(arguments, depot) : status;
}

const struct hny_command hny_command_publish = {
    .name = "publish",
    .arguments = "DEPOT [FILE…]",
    .summary = "put bundles into a depot's folder, and take old ones out",
    .description =
        "DEPOT is a folder, made where it is missing, that any web server can serve as it is: index.json "
        "says "
        "what is there, bundles/ has it. A bundle needs a release (honyaku pack --name NAME@RELEASE); all of "
        "it is checked, and a release that is there with other content is refused. Killed at any moment the "
        "depot is as before or after.\n\n"
        "--keep N takes out what is older than the last N releases of each name, and --collect what killed "
        "processes left; what a release needs that stays, stays. Who is reading a file can read it to its "
        "end.",
    .example = "honyaku pack model/ --name en-ja@4 -o en-ja.tar.zst\n"
               "honyaku publish models/ en-ja.tar.zst --keep 3",
    .options = options,
    .least = 1,
    .most = 1000,
    .run = run,
};
