/* honyaku train: from a parallel corpus to a translator. */
#include "base/progress.h"
#include "model/folder.h"
#include "model/train.h"
#include "tools/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct hny_option options[] = {
    {"src", 0, "FILE", false, false, "source sentences, one a line; plain, .gz or .zst"},
    {"tgt", 0, "FILE", false, false, "their translations, line by line"},
    {"valid-src", 0, "FILE", false, false, "sentences held back, to choose the best weights by"},
    {"valid-tgt", 0, "FILE", false, false, "their translations"},
    {"out", 0, "DIR", false, false, "folder of the model"},
    {"resume", 0, NULL, false, false, "go on with the training that was begun in --out"},
    {"from", 0, "MODEL", false, false, "start from a model's weights and tokenizer (fine-tuning)"},
    {"freeze", 0, "PATTERN", false, false,
     "keep tensors of such names as they are, as in 'encoder.*'; may come again"},
    {"ids", 0, NULL, false, false, "the files hold numbers below --vocabulary: no tokenizer"},
    {"preset", 0, "NAME", false, false, "a set of settings to start from: see below"},
    {"config", 0, "FILE", false, false, "settings from a JSON file"},
    {"dump-config", 0, NULL, false, false, "print all settings as JSON and do nothing"},
    {"quiet", 'q', NULL, false, false, "no progress on standard error"},
    {NULL, 0, NULL, false, false, NULL},
};

/* From weak to strong: defaults, the model started from, preset, file, command line. */
static hny_status gather_settings(const struct hny_arguments *arguments, struct hny_train_job *job) {
    const char *preset = hny_argument_text(arguments, "preset"),
               *file = hny_argument_text(arguments, "config");
    hny_config_defaults(&job->config);
    if (job->from) {
        struct hny_model *from;
        HNY_TRY(hny_folder_read(&from, job->from, NULL));
        job->config = from->config;
        hny_model_destroy(&from);
    }
    if (preset) HNY_TRY(hny_config_preset(&job->config, preset));
    if (file) HNY_TRY(hny_config_load(&job->config, file));
    for (size_t i = 0; i < hny_argument_settings(arguments); i++) {
        const char *name, *value;
        hny_argument_setting(arguments, i, &name, &value);
        HNY_TRY(hny_config_set(&job->config, name, value));
    }
    if (job->ids) job->config.valid_lines = 0;
    return hny_config_check(&job->config);
}

static hny_status dump(const struct hny_config *config) {
    json_t *object = hny_config_object(config, HNY_CONFIG_FREE);
    struct hny_buffer text = {0};
    hny_status status = object ? hny_json_print(&text, object, true) : HNY_ERROR_MEMORY;
    if (status == HNY_OK) fwrite(text.data, 1, text.size, stdout);
    hny_buffer_free(&text);
    json_decref(object);
    return status;
}

static hny_status check_job(const struct hny_train_job *job) {
    if (!job->source || !job->target || !job->out)
        return hny_fail(HNY_ERROR_USAGE, "train: --src, --tgt and --out are needed");
    if ((job->valid_source == NULL) != (job->valid_target == NULL))
        return hny_fail(HNY_ERROR_USAGE, "train: --valid-src and --valid-tgt come together");
    if (strcmp(job->config.valid_metric, "loss") != 0 && !job->valid_source)
        return hny_fail(HNY_ERROR_USAGE, "train: --valid-metric %s needs --valid-src and --valid-tgt",
                        job->config.valid_metric);
    return HNY_OK;
}

static hny_status run(const struct hny_arguments *arguments) {
    size_t freezes = hny_argument_times(arguments, "freeze");
    const char **freeze = calloc(freezes + 1, sizeof *freeze);
    if (!freeze) return hny_fail(HNY_ERROR_MEMORY, "out of memory for the arguments");
    for (size_t i = 0; i < freezes; i++) freeze[i] = hny_argument_at(arguments, "freeze", i);
    struct hny_train_job job = {.source = hny_argument_text(arguments, "src"),
                                .target = hny_argument_text(arguments, "tgt"),
                                .valid_source = hny_argument_text(arguments, "valid-src"),
                                .valid_target = hny_argument_text(arguments, "valid-tgt"),
                                .out = hny_argument_text(arguments, "out"),
                                .from = hny_argument_text(arguments, "from"),
                                .freeze = freeze,
                                .freeze_count = freezes,
                                .resume = hny_argument_given(arguments, "resume"),
                                .ids = hny_argument_given(arguments, "ids")};
    hny_status status = gather_settings(arguments, &job);
    hny_progress_quiet(hny_argument_given(arguments, "quiet"));
    if (status == HNY_OK && hny_argument_given(arguments, "dump-config")) {
        status = dump(&job.config);
    } else {
        if (status == HNY_OK) status = check_job(&job);
        hny_stop_catch();
        if (status == HNY_OK) status = hny_train(&job);
    }
    free(freeze);
    return status;
}

const struct hny_command hny_command_train = {
    .name = "train",
    .arguments = "",
    .summary = "train tokenizer and model from two texts whose lines translate each other",
    .description =
        "Standard error shows how it goes; OUT/log.jsonl keeps every figure. Ctrl-C and SIGTERM save first; "
        "the same command with --resume\ngoes on, also after a crash, and ends in the same weights. "
        "--model OUT of other commands means its best weights by the validation.",
    .example =
        "honyaku train --src train.en --tgt train.de --valid-src val.en --valid-tgt val.de --preset small "
        "--out model/",
    .options = options,
    .settings = true,
    .run = run};
