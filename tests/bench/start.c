/* From nothing to the first translation: the command from its exec on, and a process that maps the packed
 * weights which another has made.
 *
 *     bench-start COMMAND MODEL [ROUNDS, 20] */
#include "tests/bench/limit.h"

#include "base/progress.h"
#include "model/folder.h"
#include "model/translator.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_ROUNDS = 200 };
static const char sentence[] = "The teacher gave the student an old book about the sea.\n";

/* As long as a good translation would be: the bench's model has learned nothing and would not end by itself.
 */
enum { LONGEST = 15 };

static void wait_for(pid_t child) {
    int status = 0;
    bench_demand(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0,
                 "a process");
}

/* The command, reading the sentence from a file. */
static double run_command(const char *command, const char *model, const char *precision, int input) {
    char longest[8];
    snprintf(longest, sizeof longest, "%d", LONGEST);
    double begin = hny_seconds();
    pid_t child = fork();
    if (child == 0) {
        int nothing = open("/dev/null", O_WRONLY);
        lseek(input, 0, SEEK_SET);
        if (dup2(input, STDIN_FILENO) < 0 || dup2(nothing, STDOUT_FILENO) < 0) _exit(1);
        execl(command, command, "translate", "--model", model, "--threads", "1", "--max-length", longest,
              "--precision", precision, (char *)NULL);
        _exit(1);
    }
    wait_for(child);
    return hny_seconds() - begin;
}

static void translate_first(const char *folder, enum hny_precision precision, int *file) {
    struct hny_model *model = NULL;
    struct hny_translator *translator = NULL;
    struct hny_line_translation line;
    struct hny_translator_options options;
    bool taken = false;
    hny_translator_defaults(&options);
    options.max_length = LONGEST;
    bench_demand(hny_folder_open_shared(&model, folder, precision, file) == HNY_OK &&
                     hny_translator_create(&translator, model, &options) == HNY_OK &&
                     hny_translator_add(translator, 1, sentence, sizeof sentence - 2) == HNY_OK &&
                     hny_translator_take(translator, true, &line, &taken) == HNY_OK && taken,
                 "a translation");
    hny_line_translation_free(&line);
    hny_translator_destroy(&translator);
    hny_model_destroy(&model);
}

/* A process that has the file from its parent, as a worker has. */
static double run_mapped(const char *folder, enum hny_precision precision, int file) {
    double begin = hny_seconds();
    pid_t child = fork();
    if (child == 0) {
        translate_first(folder, precision, &file);
        _exit(0);
    }
    wait_for(child);
    return hny_seconds() - begin;
}

/* In a process of its own, so that this one stays without oneDNN's threads and memory: leaves the file. */
static int make_image(const char *folder, enum hny_precision precision) {
    int file = -1;
    struct hny_model *model = NULL;
    bench_demand(hny_folder_open_shared(&model, folder, precision, &file) == HNY_OK, "an image");
    hny_model_destroy(&model);
    return file;
}

int main(int count, char **arguments) {
    double command[MOST_ROUNDS], mapped[MOST_ROUNDS];
    size_t rounds = count > 3 ? strtoul(arguments[3], NULL, 10) : 20;
    bench_demand(count >= 3 && rounds > 0 && rounds <= MOST_ROUNDS, "usage: start COMMAND MODEL [ROUNDS]");
    int input = memfd_create("sentence", 0);
    bench_demand(input >= 0 && write(input, sentence, sizeof sentence - 1) > 0, "a sentence");
    for (int p = HNY_PRECISION_F32; p <= HNY_PRECISION_INT8; p++) {
        enum hny_precision precision = (enum hny_precision)p;
        if (!hny_precision_supported(precision)) continue;
        const char *name = hny_precision_name(precision);
        int file = make_image(arguments[2], precision);
        for (size_t round = 0; round < rounds; round++) {
            command[round] = run_command(arguments[1], arguments[2], name, input);
            mapped[round] = run_mapped(arguments[2], precision, file);
        }
        close(file);
        char what[128];
        snprintf(what, sizeof what, "command to first translation, %s", name);
        bench_row(what, "below 150 ms", "%.0f ms", 1e3 * bench_quantile(command, rounds, 0.5));
        snprintf(what, sizeof what, "process with mapped weights to first translation, %s", name);
        bench_row(what, "below 150 ms", "%.0f ms", 1e3 * bench_quantile(mapped, rounds, 0.5));
    }
    return 0;
}
