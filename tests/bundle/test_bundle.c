#include "base/file.h"
#include "nn/product_int8.h"
#include "tests/base/scratch.h"
#include "tests/bundle/small.h"
#include <criterion/criterion.h>
#include <endian.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(bundle, .init = scratch_open, .fini = scratch_close);

static const char *const files[] = {"config.json", "tokenizer.model", "model.safetensors"};

static void read_file(const char *folder, const char *name, struct hny_buffer *bytes) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", scratch_path(folder), name);
    hny_buffer_clear(bytes);
    cr_assert_eq(hny_file_read(path, 1 << 20, bytes), HNY_OK, "%s", hny_message());
}

static void unpack(const char *file, const char *model) {
    cr_assert_eq(hny_bundle_unpack(scratch_path(file), scratch_path(model),
                                   &(struct hny_read_options){.threads = 2}, NULL),
                 HNY_OK, "%s", hny_message());
}

Test(bundle, a_folder_comes_back_bit_for_bit) {
    struct hny_buffer before = {0}, after = {0};
    small_write("model");
    small_pack("model", "model.tar.zst", HNY_PRECISION_F32);
    unpack("model.tar.zst", "back");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        read_file("model", files[i], &before);
        read_file("back", files[i], &after);
        cr_assert_eq(after.size, before.size, "%s", files[i]);
        cr_assert_arr_eq(after.data, before.data, before.size, "%s", files[i]);
    }
    cr_assert_eq(scratch_count(), 3, "model, back and the bundle, and nothing else");
    hny_buffer_free(&before);
    hny_buffer_free(&after);
}

Test(bundle, threads_do_not_change_its_bytes) {
    struct hny_buffer one = {0}, many = {0};
    struct hny_pack_options options = HNY_PACK_DEFAULTS;
    small_write("model");
    small_pack("model", "one", HNY_PRECISION_F32);
    options.threads = 5;
    cr_assert_eq(hny_bundle_pack(scratch_path("model"), scratch_path("many"), &options, NULL, NULL), HNY_OK);
    cr_assert_eq(hny_file_read(scratch_path("one"), 1 << 20, &one), HNY_OK);
    cr_assert_eq(hny_file_read(scratch_path("many"), 1 << 20, &many), HNY_OK);
    cr_assert_eq(one.size, many.size);
    cr_assert_arr_eq(one.data, many.data, one.size);
    hny_buffer_free(&one);
    hny_buffer_free(&many);
}

static const float *tensor(const struct hny_safetensors *file, const char *name) {
    return hny_safetensors_find(file, name)->data;
}

/* Packs as PRECISION and opens what was there and what came back. */
static void round_trip(enum hny_precision precision, struct hny_safetensors **before,
                       struct hny_safetensors **after) {
    char path[4096];
    small_write("model");
    small_pack("model", "file", precision);
    unpack("file", "back");
    small_pack("back", "again", HNY_PRECISION_F32); /* refuses a folder whose digests do not fit */
    snprintf(path, sizeof path, "%s/model.safetensors", scratch_path("model"));
    cr_assert_eq(hny_safetensors_open(before, path), HNY_OK);
    snprintf(path, sizeof path, "%s/model.safetensors", scratch_path("back"));
    cr_assert_eq(hny_safetensors_open(after, path), HNY_OK, "%s", hny_message());
}

Test(bundle, bfloat16_keeps_the_upper_half_rounded_to_the_nearest) {
    struct hny_safetensors *before, *after;
    round_trip(HNY_PRECISION_BF16, &before, &after);
    const float *x = tensor(before, "matrix"), *y = tensor(after, "matrix");
    for (int i = 0; i < 120; i++) {
        uint32_t bits;
        memcpy(&bits, &y[i], sizeof bits);
        cr_assert_eq(bits & 0xffff, 0);
        cr_assert_leq(fabsf(x[i] - y[i]), fabsf(x[i]) / 256, "%g became %g", x[i], y[i]);
    }
    cr_assert_arr_eq(tensor(before, "half"), tensor(after, "half"), 14);
    cr_assert_arr_eq(tensor(before, "wide"), tensor(after, "wide"), 24);
    hny_safetensors_close(&before);
    hny_safetensors_close(&after);
}

Test(bundle, int8_keeps_what_translation_in_int8_sees) {
    struct hny_safetensors *before, *after;
    enum { ROWS = 5, COLUMNS = 24 };
    int8_t q[ROWS * COLUMNS], q_after[ROWS * COLUMNS];
    float scale[ROWS], scale_after[ROWS];
    int32_t sum[ROWS], sum_after[ROWS];
    round_trip(HNY_PRECISION_INT8, &before, &after);
    hny_int8_quantise_weights(ROWS, COLUMNS, tensor(before, "matrix"), q, scale, sum);
    hny_int8_quantise_weights(ROWS, COLUMNS, tensor(after, "matrix"), q_after, scale_after, sum_after);
    cr_assert_arr_eq(q, q_after, sizeof q);
    cr_assert_arr_eq(scale, scale_after, sizeof scale);
    cr_assert_arr_eq(tensor(before, "vector"), tensor(after, "vector"), 700 * sizeof(float));
    hny_safetensors_close(&before);
    hny_safetensors_close(&after);
}

Test(bundle, what_rounding_lost_is_stated) {
    struct hny_pack_options options = HNY_PACK_DEFAULTS;
    struct hny_bundle bundle;
    uint64_t bytes;
    small_write("model");
    options.precision = HNY_PRECISION_INT8;
    options.languages = "en-ja";
    cr_assert_eq(hny_bundle_pack(scratch_path("model"), scratch_path("file"), &options, &bundle, &bytes),
                 HNY_OK);
    cr_assert_gt(bundle.loss.largest, 0);
    cr_assert_lt(bundle.loss.largest, 0.26 / 127, "half a step of the largest row");
    hny_bundle_free(&bundle);
    cr_assert_eq(hny_bundle_verify(scratch_path("file"), &small_options, &bundle), HNY_OK, "%s",
                 hny_message());
    cr_assert_eq(bundle.precision, HNY_PRECISION_INT8);
    cr_assert_str_eq(bundle.languages, "en-ja");
    hny_bundle_free(&bundle);
}

Test(bundle, its_name_and_release_are_stated) {
    struct hny_pack_options options = HNY_PACK_DEFAULTS;
    struct hny_bundle bundle;
    small_write("model");
    options.name = "en-ja";
    options.release = HNY_RELEASE_MOST;
    cr_assert_eq(hny_bundle_pack(scratch_path("model"), scratch_path("file"), &options, NULL, NULL), HNY_OK);
    cr_assert_eq(hny_bundle_unpack(scratch_path("file"), scratch_path("back"), &small_options, &bundle),
                 HNY_OK, "%s", hny_message());
    cr_assert_str_eq(bundle.name, "en-ja");
    cr_assert_eq(bundle.release, HNY_RELEASE_MOST);
    hny_bundle_free(&bundle);
    options.name = "en ja";
    cr_assert_eq(hny_bundle_pack(scratch_path("model"), scratch_path("x"), &options, NULL, NULL),
                 HNY_ERROR_USAGE);
    options.name = "en-ja";
    options.languages = "en ja";
    cr_assert_eq(hny_bundle_pack(scratch_path("model"), scratch_path("x"), &options, NULL, NULL),
                 HNY_ERROR_USAGE);
    options.languages = NULL;
    options.release++;
    cr_assert_eq(hny_bundle_pack(scratch_path("model"), scratch_path("x"), &options, NULL, NULL),
                 HNY_ERROR_USAGE);
    cr_assert_not(hny_path_exists(scratch_path("x")));
}

Test(release, a_name_with_or_without_a_number) {
    static const struct {
        const char *text, *name;
        uint64_t number;
    } cases[] = {{"en-ja", "en-ja", 0},
                 {"en-ja@3", "en-ja", 3},
                 {"a.b_C-9@9007199254740991", "a.b_C-9", HNY_RELEASE_MOST},
                 {"-@latest", "-", HNY_RELEASE_LATEST}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hny_release release;
        char text[HNY_RELEASE_TEXT];
        cr_assert_eq(hny_release_parse(&release, cases[i].text), HNY_OK, "%s", hny_message());
        cr_assert_str_eq(release.name, cases[i].name);
        cr_assert_eq(release.number, cases[i].number);
        hny_release_print(release.name, release.number, text);
        cr_assert_str_eq(text, cases[i].text);
    }
}

Test(release, what_is_no_name) {
    char long_name[HNY_RELEASE_NAME + 1] = {0};
    static const char *const cases[] = {"",
                                        "@3",
                                        "a@",
                                        "a@0",
                                        "a@03",
                                        "a@-1",
                                        "a@3 ",
                                        "a@3@4",
                                        ".a",
                                        "a b",
                                        "a/b",
                                        "é",
                                        "a@1e3",
                                        "a@Latest",
                                        "a\nb",
                                        "a@+1",
                                        "a@9007199254740992",
                                        "a@18446744073709551617"};
    struct hny_release release;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_assert_eq(hny_release_parse(&release, cases[i]), HNY_ERROR_USAGE, "%s", cases[i]);
    memset(long_name, 'a', HNY_RELEASE_NAME);
    cr_assert_eq(hny_release_parse(&release, long_name), HNY_ERROR_USAGE);
    cr_assert_eq(hny_release_parse(&release, long_name + 1), HNY_OK);
}

Test(bundle, a_damaged_model_is_not_packed) {
    struct hny_pack_options options = HNY_PACK_DEFAULTS;
    small_write("model");
    scratch_put("model/tokenizer.model", "another", 7);
    for (int precision = HNY_PRECISION_F32; precision <= HNY_PRECISION_INT8; precision++) {
        options.precision = (enum hny_precision)precision;
        cr_assert_eq(hny_bundle_pack(scratch_path("model"), scratch_path("file"), &options, NULL, NULL),
                     HNY_ERROR_INPUT);
        cr_assert_not_null(strstr(hny_message(), "tokenizer.model: damaged"), "%s", hny_message());
    }
    cr_assert_eq(scratch_count(), 1, "no bundle of it");
}

/* The numbers of a tensor are first asked what int8 makes of them: damage has made them infinite, or none. */
Test(bundle, that_numbers_are_damaged_is_said_before_what_comes_of_it) {
    struct hny_pack_options options = HNY_PACK_DEFAULTS;
    struct hny_buffer file = {0};
    uint64_t header;
    small_write("model");
    read_file("model", "model.safetensors", &file);
    memcpy(&header, file.data, sizeof header);
    memset(file.data + sizeof header + le64toh(header), 0xff, file.size - sizeof header - le64toh(header));
    scratch_put("model/model.safetensors", file.data, file.size);
    hny_buffer_free(&file);
    for (int precision = HNY_PRECISION_F32; precision <= HNY_PRECISION_INT8; precision++)
        for (options.threads = 1; options.threads <= 2; options.threads++) {
            options.precision = (enum hny_precision)precision;
            cr_assert_eq(hny_bundle_pack(scratch_path("model"), scratch_path("file"), &options, NULL, NULL),
                         HNY_ERROR_INPUT);
            cr_assert_not_null(strstr(hny_message(), "model.safetensors: damaged"), "%s", hny_message());
        }
}

Test(bundle, a_folder_that_is_not_empty_is_left_alone) {
    small_write("model");
    small_pack("model", "file", HNY_PRECISION_F32);
    cr_assert_eq(hny_bundle_unpack(scratch_path("file"), scratch_path("model"), &small_options, NULL),
                 HNY_ERROR_USAGE);
    cr_assert_eq(hny_directory_create(scratch_path("empty")), HNY_OK);
    scratch_put("broken", "no bundle", 9);
    cr_assert_neq(hny_bundle_unpack(scratch_path("broken"), scratch_path("empty"), &small_options, NULL),
                  HNY_OK);
    cr_assert(hny_path_exists(scratch_path("empty")));
    unpack("file", "empty");
    unpack("file", "slashes///");
}

Test(bundle, what_a_killed_process_left_is_replaced) {
    small_write("model");
    small_pack("model", "file", HNY_PRECISION_F32);
    cr_assert_eq(hny_directory_create(scratch_path("back.unpacking/folder")), HNY_OK);
    scratch_put("back.unpacking/folder/file", "x", 1);
    unpack("file", "back");
    cr_assert_eq(scratch_count(), 3);
}
