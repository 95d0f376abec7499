/* honyaku list: what a depot has. */
#include "base/json.h"
#include "base/progress.h"
#include "tools/commands.h"
#include "tools/depot_options.h"

#include <stdio.h>
#include <string.h>

static const struct hny_option options[] = {
    {"json", 0, NULL, false, false, "one JSON object a bundle, all that the index says"},
    HNY_DEPOT_OPTIONS,
    {NULL, 0, NULL, false, false, NULL},
};

/* As "1.2 MB". */
static void print_size(char *text, size_t room, uint64_t bytes) {
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    double size = (double)bytes;
    size_t unit = 0;
    for (; size >= 999.5 && unit + 1 < sizeof units / sizeof *units; unit++) size /= 1000;
    snprintf(text, room, "%.*f %s", unit == 0 || size >= 99.95 ? 0 : 1, size, units[unit]);
}

/* What the bundle's translations scored, as "BLEU 31.2, chrF 45.0". */
static void print_scores(char *text, size_t room, const char *scores) {
    json_t *json = scores ? json_loads(scores, 0, NULL) : NULL;
    const json_t *bleu = json_object_get(json_object_get(json, "bleu"), "after"),
                 *chrf = json_object_get(json_object_get(json, "chrf"), "after");
    snprintf(text, room, "-");
    if (json_is_number(bleu) && json_is_number(chrf))
        snprintf(text, room, "BLEU %.1f, chrF %.1f", json_number_value(bleu), json_number_value(chrf));
    json_decref(json);
}

enum { PARENT = 16 };

/* What a delta builds on, by its name where it is there too. */
static void print_parent(char *text, size_t room, const struct hny_depot_index *index, const char *parent) {
    snprintf(text, room, "%s", *parent ? "" : "-");
    if (!*parent) return;
    snprintf(text, room, "%.*s", PARENT, parent);
    for (size_t i = 0; i < index->count; i++)
        if (strcmp(index->bundles[i].restores, parent) == 0)
            hny_release_print(index->bundles[i].name, index->bundles[i].release, text);
}

static void print_table(const struct hny_depot_index *index) {
    printf("%-24s %8s  %-9s %-9s %-10s  %-16s %-16s %-16s %s\n", "bundle", "size", "precision", "languages",
           "published", "digest", "parent", "signer", "scores");
    for (size_t i = 0; i < index->count; i++) {
        const struct hny_depot_bundle *here = &index->bundles[i];
        char name[HNY_RELEASE_TEXT], size[32], scores[128], parent[HNY_RELEASE_TEXT];
        hny_release_print(here->name, here->release, name);
        print_size(size, sizeof size, here->bytes);
        print_scores(scores, sizeof scores, here->scores);
        print_parent(parent, sizeof parent, index, here->parent);
        printf("%-24s %8s  %-9s %-9s %.10s  %.16s %-16s %-16.16s %s\n", name, size,
               hny_precision_name(here->precision), here->languages ? here->languages : "-", here->published,
               here->digest, parent, here->key ? here->key : "-", scores);
    }
}

static hny_status print_json(const struct hny_depot_index *index) {
    for (size_t i = 0; i < index->count; i++) {
        struct hny_buffer line = {0};
        hny_status status = hny_depot_bundle_print(&index->bundles[i], &line);
        if (status == HNY_OK) puts(line.data);
        hny_buffer_free(&line);
        HNY_TRY(status);
    }
    return HNY_OK;
}

static hny_status run(const struct hny_arguments *arguments) {
    struct hny_depot_source_options where = HNY_DEPOT_SOURCE_DEFAULTS;
    struct hny_pull_options how = HNY_PULL_DEFAULTS;
    struct hny_carrier carrier;
    struct hny_depot_index index;
    const char *depot = hny_argument_rest_at(arguments, 0);
    HNY_TRY(hny_argument_depot(arguments, &where, &how));
    hny_stop_catch();
    HNY_TRY(hny_depot_source_open(&carrier, depot, &where));
    hny_status status = hny_pull_index(&carrier, depot, &how, &index);
    carrier.close(carrier.context);
    HNY_TRY(status);
    if (hny_argument_given(arguments, "json"))
        status = print_json(&index);
    else
        print_table(&index);
    hny_depot_index_free(&index);
    return status == HNY_OK ? hny_output_flush() : status;
}

const struct hny_command hny_command_list = {
    .name = "list",
    .arguments = "DEPOT",
    .summary = "tell what a depot has",
    .description = "DEPOT is a folder, or its address behind a web server, as honyaku pull takes it. What is "
                   "told is what "
                   "the depot says of its bundles: honyaku pull and honyaku verify check it.",
    .example = "honyaku list https://example.org/models/\n"
               "honyaku list depot://example.org:5560 --server-key depot.pub\n"
               "honyaku list models/ --json",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
