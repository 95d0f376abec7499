/* honyaku push: brings a bundle to a depot. */
#include "base/progress.h"
#include "pipeline/depot_source.h"
#include "pipeline/push.h"
#include "tools/commands.h"

#include <inttypes.h>
#include <stdio.h>

static const struct hny_option options[] = {
    {"key", 'k', "FILE", false, false, "one's own keys, from honyaku keygen curve"},
    {"server-key", 0, "KEY", false, false, "the depot's public key, or the file with it"},
    {"quiet", 'q', NULL, false, false, "no progress on standard error"},
    {NULL, 0, NULL, false, false, NULL},
};

static void show(void *context, uint64_t sent, uint64_t bytes) {
    hny_progress_show("%s: %" PRIu64 " of %" PRIu64 " MiB", (const char *)context, sent >> 20, bytes >> 20);
}

static hny_status run(const struct hny_arguments *arguments) {
    const char *path = hny_argument_rest_at(arguments, 0);
    char file[HNY_DIGEST_TEXT];
    struct hny_buffer endpoint = {0};
    struct hny_push_options chosen = {.key = hny_argument_text(arguments, "key"),
                                      .server = hny_argument_text(arguments, "server-key"),
                                      .progress = show,
                                      .context = (void *)(uintptr_t)path};
    if (!chosen.key || !chosen.server)
        return hny_fail(HNY_ERROR_USAGE,
                        "--key and --server-key: a depot takes bundles only from keys that it "
                        "knows");
    hny_progress_quiet(hny_argument_given(arguments, "quiet"));
    hny_stop_catch();
    hny_status status = hny_depot_source_endpoint(hny_argument_rest_at(arguments, 1), &endpoint);
    chosen.endpoint = endpoint.data;
    if (status == HNY_OK) status = hny_push(path, &chosen, file);
    hny_buffer_free(&endpoint);
    hny_progress_end();
    HNY_TRY(status);
    printf("%s\n", file);
    return hny_output_flush();
}

const struct hny_command hny_command_push = {
    .name = "push",
    .arguments = "FILE DEPOT",
    .summary = "bring a bundle to a depot",
    .description = "DEPOT is depot://HOST:PORT, where honyaku depot runs with the public key of --key in its "
                   "--allow-push. The depot verifies the bundle, and then publishes it under the name and "
                   "release that its manifest states; until then nothing is seen of it. An upload that broke "
                   "off goes on where it was. Prints the SHA-256 of the file.",
    .example = "honyaku push en-ja.tar.zst depot://models.example.org:5560 --key builder.key --server-key "
               "depot.pub",
    .options = options,
    .least = 2,
    .most = 2,
    .run = run,
};
