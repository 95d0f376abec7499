/* honyaku pipeline run, check: a stream whose stages are written down in a file. */
#include "base/file.h"
#include "base/progress.h"
#include "pipeline/parcel.h"
#include "pipeline/pipeline_file.h"
#include "pipeline/position.h"
#include "tools/children.h"
#include "tools/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum { MOST_WORDS = 32, MOST_ENDPOINT = 96 };
#define LOCK_MS 15000
#define PATIENCE_MS 20000

struct run {
    struct hny_children children;
    struct hny_pipeline pipeline;
    const char *path;
    int file; /* the pipeline file, locked as long as this process or a stage of it lives */
    char *position, *report;
    char broker[MOST_ENDPOINT];
};

/* --- One at a time ------------------------------------------------------------------------------------- */

/* Stages of a run that was killed end by themselves in some seconds. */
static hny_status lock(struct run *run) {
    uint64_t end = hny_milliseconds() + LOCK_MS;
    run->file = open(run->path, O_RDONLY | O_CLOEXEC);
    if (run->file < 0) return hny_fail_errno("%s: cannot be opened", run->path);
    while (flock(run->file, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) return hny_fail_errno("%s: cannot be locked", run->path);
        if (hny_stop_requested()) return HNY_INTERRUPTED;
        if (hny_milliseconds() >= end)
            return hny_fail(HNY_ERROR_USAGE, "%s: runs already, in another process", run->path);
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    return HNY_OK;
}

/* Where input and output do not go together it is said once, not by a stage again and again. */
static hny_status check_positions(const struct run *run) {
    const struct hny_pipeline *pipeline = &run->pipeline;
    struct hny_position in, out;
    bool found;
    char *path = NULL;
    if (pipeline->in_edge.kind != HNY_EDGE_FILE || pipeline->out_edge.kind != HNY_EDGE_FILE) return HNY_OK;
    HNY_TRY(hny_position_load(run->position, false, &in, &found));
    if (!found || in.at.stored == 0) return HNY_OK;
    if (asprintf(&path, "%s.position", pipeline->out_edge.place) < 0)
        return hny_fail(HNY_ERROR_MEMORY, "out of memory for a path");
    hny_status status = hny_position_load(path, true, &out, &found);
    free(path);
    HNY_TRY(status);
    if (found && out.at.stream == in.at.stream && out.at.stored >= in.at.stored) return HNY_OK;
    return hny_fail(
        HNY_ERROR_INPUT,
        "%s has read %" PRIu64 " records of %s, and %s has not got them: to begin anew remove %s, the "
        "output and its position",
        run->path, in.at.stored, pipeline->in_edge.place, pipeline->out_edge.place, run->position);
}

/* --- The children -------------------------------------------------------------------------------------- */

static void link_name(const struct run *run, size_t number, char name[MOST_ENDPOINT]) {
    snprintf(name, MOST_ENDPOINT, "link:ipc://%s/%zu", run->children.folder, number);
}

static hny_status add_stage(struct run *run, size_t i) {
    const struct hny_pipeline *pipeline = &run->pipeline;
    const struct hny_pipeline_stage *stage = &pipeline->stages[i];
    const char *words[MOST_WORDS] = {run->children.program, "stream", "--do", hny_work_name(stage->work)};
    char above[MOST_ENDPOINT], below[MOST_ENDPOINT];
    bool first = i == 0, last = i + 1 == pipeline->stage_count,
         file = pipeline->in_edge.kind == HNY_EDGE_FILE;
    bool translates = stage->work == HNY_WORK_TRANSLATE;
    size_t count = 4;
    const char *server_key = translates ? pipeline->server_key : NULL,
               *link_key = last ? pipeline->link_key : NULL, *allow = first ? pipeline->allow : NULL;
    link_name(run, i, above);
    link_name(run, i + 1, below);
    const char *const given[][2] = {
        {"--in", first ? pipeline->in : above},
        {"--out", last ? pipeline->out : below},
        {"--position", first && file ? run->position : NULL},
        {"--report", first && pipeline->in_edge.kind != HNY_EDGE_LINK ? run->report : NULL},
        {"--model", stage->model},
        {"--connect", translates ? pipeline->model_count ? run->broker : pipeline->connect : NULL},
        {"--key", server_key || link_key || allow ? pipeline->key : NULL},
        {"--server-key", server_key},
        {"--link-key", link_key},
        {"--allow", allow},
    };
    for (size_t option = 0; option < sizeof given / sizeof *given; option++) {
        if (!given[option][1]) continue;
        words[count++] = given[option][0];
        words[count++] = given[option][1];
    }
    if (first && pipeline->follow) words[count++] = "--follow";
    if (last && pipeline->unordered) words[count++] = "--unordered";
    if ((first || last) && pipeline->insecure) words[count++] = "--insecure";
    HNY_TRY(
        hny_supervisor_add(run->children.supervisor, run->children.program, words, run->file, (unsigned)i));
    char name[64];
    snprintf(name, sizeof name, "stage %zu, %s", i + 1, hny_work_name(stage->work));
    hny_supervisor_name(run->children.supervisor, name);
    /* The first stage is told last that something is stored: when it has finished, all has. */
    if (first) hny_supervisor_finishes(run->children.supervisor);
    return HNY_OK;
}

static hny_status add_service(struct run *run) {
    const struct hny_pipeline *pipeline = &run->pipeline;
    const char *words[4 + 2 * HNY_PIPELINE_MODELS + 1] = {run->children.program, "serve", "--bind",
                                                          run->broker};
    char *models[HNY_PIPELINE_MODELS] = {0};
    hny_status status = HNY_OK;
    size_t count = 4;
    if (pipeline->model_count == 0) return HNY_OK;
    for (size_t i = 0; i < pipeline->model_count && status == HNY_OK; i++) {
        const struct hny_pipeline_model *model = &pipeline->models[i];
        if (asprintf(&models[i], "%s=%s", model->name, model->folder) < 0) {
            models[i] = NULL;
            status = hny_fail(HNY_ERROR_MEMORY, "out of memory for a model's name");
        }
        words[count++] = "--model";
        words[count++] = models[i];
    }
    if (status == HNY_OK)
        status = hny_supervisor_add(run->children.supervisor, run->children.program, words, -1,
                                    (unsigned)pipeline->stage_count);
    for (size_t i = 0; i < pipeline->model_count; i++) free(models[i]);
    return status;
}

/* --- Running ------------------------------------------------------------------------------------------- */

/* Where a link comes in it is the source, elsewhere, that is told what was refused. */
static hny_status read_report(const struct run *run) {
    json_t *json = NULL;
    if (run->pipeline.in_edge.kind == HNY_EDGE_LINK) return HNY_OK;
    HNY_TRY(hny_json_load(run->report, &json));
    json_int_t refused = json_integer_value(json_object_get(json, "refused"));
    json_decref(json);
    return refused == 0
               ? HNY_OK
               : hny_fail(HNY_ERROR_INPUT, "%s: %lld records were refused", run->path, (long long)refused);
}

static hny_status run_pipeline(struct run *run) {
    HNY_TRY(hny_pipeline_load(&run->pipeline, run->path));
    HNY_TRY(lock(run));
    HNY_TRY(hny_children_open(&run->children));
    bool named = asprintf(&run->report, "%s/report", run->children.folder) >= 0;
    if (!named) run->report = NULL;
    if (named && asprintf(&run->position, "%s.position", run->path) < 0) run->position = NULL;
    if (!named || !run->position) return hny_fail(HNY_ERROR_MEMORY, "out of memory for a path");
    snprintf(run->broker, sizeof run->broker, "ipc://%s/broker", run->children.folder);
    HNY_TRY(check_positions(run));
    for (size_t i = 0; i < run->pipeline.stage_count; i++) HNY_TRY(add_stage(run, i));
    HNY_TRY(add_service(run));
    HNY_TRY(hny_supervisor_run(run->children.supervisor, PATIENCE_MS));
    return hny_supervisor_finished(run->children.supervisor) ? read_report(run) : HNY_INTERRUPTED;
}

static const struct hny_option run_options[] = {
    {"quiet", 'q', NULL, false, false, "do not tell which process was started again"},
    {NULL, 0, NULL, false, false, NULL},
};

static hny_status run(const struct hny_arguments *arguments) {
    struct run run = {.path = hny_argument_rest_at(arguments, 0), .file = -1};
    hny_progress_quiet(hny_argument_given(arguments, "quiet"));
    hny_service_catch();
    hny_status status = run_pipeline(&run);
    hny_children_close(&run.children);
    hny_pipeline_free(&run.pipeline);
    if (run.file >= 0) close(run.file);
    free(run.position);
    free(run.report);
    return status;
}

static hny_status check(const struct hny_arguments *arguments) {
    struct hny_pipeline pipeline;
    HNY_TRY(hny_pipeline_load(&pipeline, hny_argument_rest_at(arguments, 0)));
    bool keeps = pipeline.in_edge.keeps && pipeline.out_edge.keeps;
    printf("%s", pipeline.in);
    for (size_t i = 0; i < pipeline.stage_count; i++)
        printf(" → %s%s%s", hny_work_name(pipeline.stages[i].work), pipeline.stages[i].model ? " " : "",
               pipeline.stages[i].model ? pipeline.stages[i].model : "");
    printf(" → %s\n%s, %s\n", pipeline.out,
           keeps                    ? "each line exactly once"
           : pipeline.in_edge.keeps ? "each line at least once"
                                    : "each line at most once, as far as the output promises that",
           pipeline.unordered ? "in any order" : "in the order of the input");
    hny_pipeline_free(&pipeline);
    return HNY_OK;
}

static const struct hny_option no_options[] = {{NULL, 0, NULL, false, false, NULL}};

const struct hny_command hny_command_pipeline_run = {
    .name = "pipeline run",
    .arguments = "FILE",
    .summary = "run the stages of a stream that FILE describes, each in a process of its own",
    .description =
        "FILE is a JSON object: \"in\" and \"out\" are edges as of honyaku stream (\"-\" where "
        "they are missing); \"stages\" a list of "
        "objects, each with \"do\" (split, translate, join, copy) and perhaps \"model\"; "
        "\"connect\" the broker's endpoint, or \"models\" an "
        "object of names and folders, which are served then; \"unordered\", \"follow\" and "
        "\"insecure\" true or "
        "false; \"key\" with \"server-key\" for the broker, with \"link-key\" for a link in "
        "\"out\", with \"allow\" for one in \"in\": two pipelines on two machines are one by a link "
        "from the one's \"out\" to the other's \"in\". Paths count from the folder that the command is "
        "run in.\n\n"
        "A stage that ends is started again; from file to file each line comes out exactly once "
        "all the same. SIGTERM: what was read "
        "is seen through, then all end, with exit status 130; the next run goes on behind it. "
        "Where the input has been read to its end "
        "a run does nothing, or what was added since. The input's position is kept in "
        "FILE.position, the output's in PATH.position.",
    .example = "honyaku pipeline run pipeline.json",
    .options = run_options,
    .least = 1,
    .most = 1,
    .run = run,
};

const struct hny_command hny_command_pipeline_check = {
    .name = "pipeline check",
    .arguments = "FILE",
    .summary = "say what a pipeline file would run, and what it promises",
    .description = NULL,
    .example = "honyaku pipeline check pipeline.json",
    .options = no_options,
    .least = 1,
    .most = 1,
    .run = check,
};
