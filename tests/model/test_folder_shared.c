#include "model/folder.h"

#include "base/file.h"
#include "tests/base/scratch.h"
#include "tests/model/drawn_model.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(folder_shared, .init = scratch_open, .fini = scratch_close);

static void check(hny_status status) {
    cr_assert_eq(status, HNY_OK, "%s", hny_message());
}

/* A folder with a model of ids that SEED draws. */
static const char *write_folder(const char *name, uint64_t seed) {
    struct hny_model *model = drawn_model(seed, true);
    check(hny_directory_create(scratch_path(name)));
    check(hny_folder_write(scratch_path(name), model, model->parameters.values, NULL, 0, NULL));
    hny_model_destroy(&model);
    return scratch_path(name);
}

/* A number that depends on all weights of the encoder and of the attention's keys. */
static double read_sentence(const struct hny_model *model) {
    const int32_t ids[] = {270, 271, 299, 280};
    const int32_t *const sources[] = {ids};
    const size_t length = sizeof ids / sizeof *ids;
    struct hny_compute *compute = NULL;
    struct hny_memory memory = {0};
    double sum = 0;
    check(hny_model_compute_create(&compute, model, HNY_PRECISION_F32));
    check(hny_model_encode(model, compute, sources, &length, 1, &memory));
    for (size_t i = 0; i < memory.length * model->config.hidden; i++)
        sum += (double)(i + 1) * (double)memory.keys[i];
    free(memory.values);
    free(memory.keys);
    hny_compute_destroy(&compute);
    return sum;
}

/* In a process of its own: 0 where the mapped model reads the sentence as EXPECTED. */
static int map_elsewhere(const char *folder, enum hny_precision precision, int file, double expected) {
    pid_t child = fork();
    if (child == 0) {
        struct hny_model *model = NULL;
        int status = hny_folder_open_shared(&model, folder, precision, &file) != HNY_OK;
        if (status == 0) status = read_sentence(model) != expected ? 2 : 0;
        hny_model_destroy(&model);
        _exit(status);
    }
    int status = -1;
    cr_assert_eq(waitpid(child, &status, 0), child);
    return status;
}

Test(folder_shared, every_process_computes_as_with_weights_of_its_own) {
    const char *folder = write_folder("model", 5);
    for (int p = HNY_PRECISION_F32; p <= HNY_PRECISION_INT8; p++) {
        enum hny_precision precision = (enum hny_precision)p;
        if (!hny_precision_supported(precision)) continue;
        struct hny_model *alone = NULL, *first = NULL;
        int file = -1;
        check(hny_folder_open(&alone, folder, precision, NULL));
        check(hny_folder_open_shared(&first, folder, precision, &file));
        cr_assert_geq(file, 0);
        double expected = read_sentence(alone);
        cr_assert_neq(expected, 0);
        cr_assert_eq(read_sentence(first), expected, "%s", hny_precision_name(precision));
        hny_model_destroy(&first); /* the others do not need it */
        cr_assert_eq(map_elsewhere(folder, precision, file, expected), 0, "%s",
                     hny_precision_name(precision));
        cr_assert_eq(map_elsewhere(folder, precision, file, expected), 0, "%s",
                     hny_precision_name(precision));
        hny_model_destroy(&alone);
        close(file);
    }
}

Test(folder_shared, the_image_cannot_be_changed) {
    const char *folder = write_folder("model", 5);
    struct hny_model *model = NULL;
    int file = -1;
    check(hny_folder_open_shared(&model, folder, HNY_PRECISION_F32, &file));
    cr_assert_eq(pwrite(file, "x", 1, 5000), -1);
    cr_assert_eq(errno, EPERM);
    cr_assert_eq(ftruncate(file, 100), -1);
    cr_assert_eq(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), MAP_FAILED);
    hny_model_destroy(&model);
    close(file);
}

static void refuse(const char *folder, enum hny_precision precision, int file, const char *message) {
    struct hny_model *model = NULL;
    cr_assert_eq(hny_folder_open_shared(&model, folder, precision, &file), HNY_ERROR_INPUT);
    cr_assert_not_null(strstr(hny_message(), message), "%s", hny_message());
    cr_assert_null(model);
}

Test(folder_shared, another_models_or_precisions_image_and_other_files_are_refused) {
    char *folder = strdup(write_folder("model", 5)), *other = strdup(write_folder("other", 6));
    struct hny_model *model = NULL;
    int file = -1, loose = memfd_create("loose", MFD_ALLOW_SEALING);
    check(hny_folder_open_shared(&model, folder, HNY_PRECISION_F32, &file));
    refuse(other, HNY_PRECISION_F32, file, "not of this model");
    if (hny_precision_supported(HNY_PRECISION_INT8))
        refuse(folder, HNY_PRECISION_INT8, file, "not of this model");
    cr_assert_geq(loose, 0);
    refuse(folder, HNY_PRECISION_F32, loose, "sealed");
    refuse(folder, HNY_PRECISION_F32, STDIN_FILENO, "sealed");
    hny_model_destroy(&model);
    close(file);
    close(loose);
    free(folder);
    free(other);
}

Test(folder_shared, damaged_weights_leave_no_image) {
    const char *folder = write_folder("model", 5);
    struct hny_model *model = NULL;
    char path[4096];
    int file = -1;
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    FILE *weights = fopen(path, "r+b");
    cr_assert(weights && fseek(weights, -1, SEEK_END) == 0 && fputc(77, weights) == 77 &&
              fclose(weights) == 0);
    cr_assert_eq(hny_folder_open_shared(&model, folder, HNY_PRECISION_F32, &file), HNY_ERROR_INPUT);
    cr_assert_not_null(strstr(hny_message(), "damaged"), "%s", hny_message());
    cr_assert_null(model);
    cr_assert_eq(file, -1);
}
