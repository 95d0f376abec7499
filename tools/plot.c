/* honyaku plot: the curves of a training run as a picture. */
#include "base/file.h"
#include "model/training_log.h"
#include "tools/commands.h"

#include <stdio.h>
#include <string.h>

static const struct hny_option options[] = {
    {"output", 'o', "FILE", false, false, "the SVG file (default: standard output)"},
    {"title", 0, "TEXT", false, false, "above the curves (default: the log's path)"},
    {NULL, 0, NULL, false, false, NULL},
};

static hny_status draw(const char *path, const char *title, struct hny_buffer *picture) {
    struct hny_training_log *log;
    const struct hny_curve *curves;
    HNY_TRY(hny_training_log_open(&log, path));
    size_t count = hny_training_log_curves(log, &curves);
    hny_status status = hny_picture_curves(picture, title, "update", curves, count);
    hny_training_log_close(&log);
    return status;
}

static hny_status run(const struct hny_arguments *arguments) {
    const char *path = hny_argument_rest_at(arguments, 0), *output = hny_argument_text(arguments, "output");
    const char *title = hny_argument_text(arguments, "title");
    struct hny_buffer picture = {0};
    hny_status status = draw(path, title ? title : path, &picture);
    if (status == HNY_OK && output && strcmp(output, "-") != 0) {
        status = hny_file_write(output, picture.data, picture.size);
    } else if (status == HNY_OK) {
        fwrite(picture.data, 1, picture.size, stdout);
    }
    hny_buffer_free(&picture);
    return status;
}

const struct hny_command hny_command_plot = {
    .name = "plot",
    .arguments = "LOG",
    .summary = "draw loss, scores, learning rate and speed of a training run",
    .description =
        "Reads the JSON lines that training logs and writes one picture (SVG) with a panel for each kind of "
        "figure that the log has.",
    .example = "honyaku plot model/log.jsonl -o curves.svg",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
