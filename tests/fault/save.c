/* Writes what training writes, and says what is there: the subject of tests/model/check.
 *   save checkpoint OUT STEP       removes what a crash left, writes a checkpoint, names it best, keeps one
 *   save show OUT                  prints "STEP STEP", current and best ("-" for none), after checking both
 *   save tensors FILE LETTER       a safetensors file of LETTER alone
 *   save index OUT SOURCE TARGET   opens the corpus, making its index where there is none */
#include "model/checkpoint.h"
#include "model/corpus.h"
#include "model/safetensors.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TENSOR_BYTES 300000 /* more than the writer keeps back, so that several writes happen */

static hny_status save_tensors(const char *path, char letter) {
    static char data[TENSOR_BYTES];
    memset(data, letter, sizeof data);
    const struct hny_safetensors_tensor tensors[] = {
        {.name = "first", .type = HNY_ELEMENT_U8, .rank = 1, .shape = {sizeof data}, .data = data},
        {.name = "second", .type = HNY_ELEMENT_U8, .rank = 1, .shape = {100}, .data = data},
    };
    return hny_safetensors_write(path, tensors, 2, NULL, 0);
}

static hny_status save_files(const char *folder, const char *step) {
    struct hny_buffer path = {0};
    hny_status status = hny_path_join(&path, folder, "weights");
    if (status == HNY_OK) status = save_tensors(path.data, step[0]);
    if (status == HNY_OK) status = hny_path_join(&path, folder, "state");
    if (status == HNY_OK) status = hny_file_write(path.data, step, strlen(step));
    hny_buffer_free(&path);
    return status;
}

static hny_status save_checkpoint(char **arguments) {
    const char *out = arguments[0];
    uint64_t step = strtoull(arguments[1], NULL, 10);
    struct hny_checkpoint *checkpoint = NULL;
    HNY_TRY(hny_checkpoint_clean(out));
    HNY_TRY(hny_checkpoint_begin(&checkpoint, out, step));
    hny_status status = save_files(hny_checkpoint_folder(checkpoint), arguments[1]);
    if (status == HNY_OK)
        status = hny_checkpoint_commit(&checkpoint);
    else
        hny_checkpoint_abandon(&checkpoint);
    if (status == HNY_OK) status = hny_checkpoint_point(out, HNY_CHECKPOINT_BEST, step);
    return status == HNY_OK ? hny_checkpoint_keep(out, 1) : status;
}

static hny_status show(char **arguments) {
    struct hny_buffer folder = {0};
    hny_status status = HNY_OK;
    for (size_t i = 0; i < HNY_CHECKPOINT_POINTERS && status == HNY_OK; i++) {
        uint64_t step = 0;
        bool found = false;
        status = hny_checkpoint_find(arguments[0], (enum hny_checkpoint_pointer)i, &folder, &step, &found);
        if (status == HNY_OK && found) status = hny_checkpoint_verify(folder.data);
        if (status != HNY_OK) break;
        if (found)
            printf("%s%d", i ? " " : "", (int)step);
        else
            printf("%s-", i ? " " : "");
    }
    printf("\n");
    hny_buffer_free(&folder);
    return status;
}

static hny_status tensors(char **arguments) {
    return save_tensors(arguments[0], arguments[1][0]);
}

static hny_status make_index(char **arguments) {
    struct hny_corpus *corpus = NULL;
    const struct hny_corpus_options options = {.paths = {arguments[1], arguments[2]},
                                               .vocabulary = {1000, 1000}};
    HNY_TRY(hny_corpus_open(&corpus, arguments[0], "train", &options, NULL));
    hny_corpus_close(&corpus);
    return HNY_OK;
}

static const struct {
    const char *name;
    int arguments;
    hny_status (*work)(char **arguments);
} ways[] = {
    {"checkpoint", 2, save_checkpoint}, {"show", 1, show}, {"tensors", 2, tensors}, {"index", 3, make_index}};

int main(int count, char **arguments) {
    for (size_t i = 0; count >= 2 && i < sizeof ways / sizeof *ways; i++) {
        if (strcmp(arguments[1], ways[i].name) != 0 || count - 2 != ways[i].arguments) continue;
        hny_status status = ways[i].work(arguments + 2);
        if (status != HNY_OK) fprintf(stderr, "%s\n", hny_message());
        return status == HNY_OK ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    return 2;
}
