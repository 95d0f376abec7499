/* The honyaku command: finds the subcommand in the table, parses its arguments, runs it, reports what went
 * wrong.
 *
 * Exit codes: 0 done, 1 failed, 2 wrong use, 130 stopped by a signal after saving. */
#include "nn/product.h"
#include "tools/arguments.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int exit_code(hny_status status) {
    switch (status) {
    case HNY_OK:
        return 0;
    case HNY_ERROR_USAGE:
        return 2;
    case HNY_INTERRUPTED:
        return 130;
    default:
        return 1;
    }
}

static int report(hny_status status) {
    if (status != HNY_OK && *hny_message()) fprintf(stderr, "honyaku: %s\n", hny_message());
    return exit_code(status);
}

/* A command's name may be two words; USED is how many of WORDS it took. */
static const struct hny_command *find_command(int count, char **words, int *used) {
    for (const struct hny_command *const *at = hny_commands; *at; at++) {
        const char *space = strchr((*at)->name, ' ');
        size_t first = space ? (size_t)(space - (*at)->name) : strlen((*at)->name);
        if (strlen(words[0]) != first || strncmp(words[0], (*at)->name, first) != 0) continue;
        if (space && (count < 2 || strcmp(words[1], space + 1) != 0)) continue;
        *used = space ? 2 : 1;
        return *at;
    }
    return NULL;
}

/* "tokenizer --help", "tokenizer": the commands that begin so. */
static bool print_group(const char *word, FILE *out) {
    bool found = false;
    for (const struct hny_command *const *at = hny_commands; *at; at++) {
        size_t length = strlen(word);
        if (strncmp((*at)->name, word, length) == 0 && (*at)->name[length] == ' ') {
            if (!found) fprintf(out, "honyaku %s is one of:\n", word);
            fprintf(out, "  honyaku %-20s %s\n", (*at)->name, (*at)->summary);
            found = true;
        }
    }
    return found;
}

static int run(int count, char **words) {
    int used = 0;
    const struct hny_command *command = find_command(count, words, &used);
    if (!command) {
        bool asked = count > 1 && (strcmp(words[1], "--help") == 0 || strcmp(words[1], "-h") == 0);
        if (print_group(words[0], asked ? stdout : stderr)) return asked ? 0 : exit_code(HNY_ERROR_USAGE);
        return report(hny_fail(HNY_ERROR_USAGE, "%s: no such command (honyaku --help lists them)", words[0]));
    }
    struct hny_arguments arguments;
    hny_status status = hny_arguments_parse(&arguments, command, count - used, words + used);
    if (status == HNY_OK && arguments.help)
        hny_help_print(command);
    else if (status == HNY_OK)
        status = command->run(&arguments);
    hny_arguments_free(&arguments);
    int code = report(status);
    status = hny_output_flush();
    return code ? code : report(status);
}

int main(int count, char **words) {
    if (count < 2) {
        hny_help_overview();
        return 2;
    }
    if (strcmp(words[1], "--help") == 0 || strcmp(words[1], "-h") == 0 || strcmp(words[1], "help") == 0) {
        hny_help_overview();
        return report(hny_output_flush());
    }
    if (strcmp(words[1], "--version") == 0) {
        printf("honyaku %s (%s)\n", HNY_VERSION, hny_product_library());
        return report(hny_output_flush());
    }
    if (strcmp(words[1], "--man") == 0) {
        hny_manual_print();
        return report(hny_output_flush());
    }
    if (strcmp(words[1], "--completion") == 0) {
        hny_completion_print();
        return report(hny_output_flush());
    }
    return run(count - 1, words + 1);
}
