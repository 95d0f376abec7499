/* Bundles of several batches, read by one thread and by more. */
#include "base/file.h"
#include "bundle/read.h"
#include "model/safetensors.h"
#include "tests/base/scratch.h"
#include "tests/bundle/small.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TENSORS = 3, ROWS = 1600, COLUMNS = 500, COUNT = ROWS * COLUMNS }; /* each a batch alone */
enum { THREADS_MOST = 3 };

TestSuite(read, .init = scratch_open, .fini = scratch_close);

static float *make_numbers(size_t count) {
    float *numbers = malloc(count * sizeof *numbers);
    uint32_t state = 1;
    cr_assert_not_null(numbers);
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525 + 1013904223;
        numbers[i] = 0.1f * ((float)(state >> 8) * 0x1p-24f - 0.5f);
    }
    return numbers;
}

static void write_model(void) {
    struct hny_safetensors_tensor tensors[TENSORS];
    static const char *const names[TENSORS] = {"a", "b", "c"};
    char digest[HNY_DIGEST_TEXT], config[256];
    float *numbers = make_numbers(COUNT * TENSORS);
    for (size_t i = 0; i < TENSORS; i++)
        tensors[i] = (struct hny_safetensors_tensor){
            names[i], HNY_ELEMENT_F32, 2, {ROWS, COLUMNS}, numbers + i * COUNT};
    cr_assert_eq(hny_directory_create(scratch_path("model")), HNY_OK);
    cr_assert_eq(hny_safetensors_write(scratch_path("model/model.safetensors"), tensors, TENSORS, NULL, 0),
                 HNY_OK);
    cr_assert_eq(hny_digest_file(scratch_path("model/model.safetensors"), digest), HNY_OK);
    snprintf(config, sizeof config, "{\"files\": {\"model.safetensors\": \"%s\"}}\n", digest);
    scratch_put("model/config.json", config, strlen(config));
    free(numbers);
}

/* --- Who takes ----------------------------------------------------------------------------------------- */

struct taken {
    const struct hny_bundle_file *file;
    uint64_t bytes, ends; /* of model.safetensors */
    struct hny_digest *digest;
    char text[HNY_DIGEST_TEXT];
};

static bool is_weights(const struct taken *taken) {
    return strcmp(taken->file->name, "model.safetensors") == 0;
}

static hny_status begin(void *context, const struct hny_bundle_file *file) {
    struct taken *taken = context;
    taken->file = file;
    return is_weights(taken) ? hny_digest_open(&taken->digest) : HNY_OK;
}

static hny_status take(void *context, const void *data, size_t size) {
    struct taken *taken = context;
    if (!is_weights(taken)) return HNY_OK;
    taken->bytes += size;
    return hny_digest_add(taken->digest, data, size);
}

static hny_status end(void *context) {
    struct taken *taken = context;
    taken->ends += is_weights(taken);
    return HNY_OK;
}

static hny_status read_by(const char *file, size_t threads, struct taken *taken) {
    const struct hny_bundle_taker taker = {begin, take, end, taken};
    const struct hny_read_options options = {.threads = threads};
    struct hny_supply *supply = NULL;
    struct hny_bundle bundle;
    *taken = (struct taken){0};
    cr_assert_eq(hny_supply_open(&supply, scratch_path(file)), HNY_OK);
    hny_status status = hny_bundle_read(supply, &taker, &options, &bundle);
    cr_assert_eq(hny_digest_close(&taken->digest, taken->text), HNY_OK);
    hny_bundle_free(&bundle);
    hny_supply_close(&supply);
    return status;
}

/* --- Tests --------------------------------------------------------------------------------------------- */

Test(read, any_number_of_threads_hands_on_the_same_bytes) {
    char digest[HNY_DIGEST_TEXT];
    struct taken taken;
    write_model();
    cr_assert_eq(hny_digest_file(scratch_path("model/model.safetensors"), digest), HNY_OK);
    small_pack("model", "exact", HNY_PRECISION_F32);
    for (size_t threads = 1; threads <= THREADS_MOST; threads++) {
        cr_assert_eq(read_by("exact", threads, &taken), HNY_OK, "%s", hny_message());
        cr_assert_eq(taken.ends, 1);
        cr_assert_str_eq(taken.text, digest);
    }
    for (int precision = HNY_PRECISION_BF16; precision <= HNY_PRECISION_INT8; precision++) {
        small_pack("model", "rounded", (enum hny_precision)precision);
        for (size_t threads = 1; threads <= THREADS_MOST; threads++)
            cr_assert_eq(read_by("rounded", threads, &taken), HNY_OK, "%s", hny_message());
    }
}

Test(read, nothing_of_a_tensor_is_handed_on_before_its_planes_are_right) {
    write_model();
    small_pack("model", "good", HNY_PRECISION_F32);
    for (size_t i = 0; i < TENSORS; i++) {
        struct small_pieces pieces;
        struct taken taken;
        char member[64], expected[128];
        snprintf(member, sizeof member, "model.safetensors.%zu.1", i);
        snprintf(expected, sizeof expected, "%s: altered: its SHA-256 is", member);
        small_read(&pieces, "good");
        struct hny_buffer *plane = &pieces.pieces[small_find(&pieces, member) + 1];
        plane->data[plane->size - 1] ^= 1;
        uint64_t header = pieces.pieces[small_find(&pieces, "model.safetensors.header") + 1].size;
        small_put(&pieces, "bad");
        small_free(&pieces);
        for (size_t threads = 1; threads <= THREADS_MOST; threads++) {
            cr_assert_eq(read_by("bad", threads, &taken), HNY_ERROR_INPUT);
            cr_assert_not_null(strstr(hny_message(), expected), "%s", hny_message());
            cr_assert_eq(taken.bytes, header + i * COUNT * sizeof(float), "tensor %zu", i);
            cr_assert_eq(taken.ends, 0);
        }
    }
}

Test(read, a_file_ends_only_when_its_own_digest_is_right) {
    struct small_pieces pieces;
    struct taken taken;
    char digest[HNY_DIGEST_TEXT], other[HNY_DIGEST_TEXT];
    write_model();
    small_pack("model", "good", HNY_PRECISION_F32);
    cr_assert_eq(hny_digest_file(scratch_path("model/model.safetensors"), digest), HNY_OK);
    memcpy(other, digest, sizeof other);
    other[0] = other[0] == '0' ? '1' : '0';
    small_read(&pieces, "good");
    small_replace(&pieces, 1, digest, other);
    small_put(&pieces, "bad");
    small_free(&pieces);
    for (size_t threads = 1; threads <= THREADS_MOST; threads++) {
        cr_assert_eq(read_by("bad", threads, &taken), HNY_ERROR_INPUT);
        cr_assert_not_null(strstr(hny_message(), "altered: restored, its SHA-256"), "%s", hny_message());
        cr_assert_str_eq(taken.text, digest, "all of it came by then");
        cr_assert_eq(taken.ends, 0);
    }
}

Test(read, a_bundle_that_breaks_off_in_any_batch_is_refused) {
    struct hny_buffer whole = {0};
    write_model();
    small_pack("model", "good", HNY_PRECISION_F32);
    cr_assert_eq(hny_file_read(scratch_path("good"), (size_t)1 << 30, &whole), HNY_OK);
    for (size_t i = 1; i <= 6; i++) {
        struct taken taken;
        scratch_put("cut", whole.data, whole.size * i / 6 - 1);
        for (size_t threads = 1; threads <= THREADS_MOST; threads++) {
            cr_assert_eq(read_by("cut", threads, &taken), HNY_ERROR_INPUT);
            cr_assert_not_null(strstr(hny_message(), "cut short"), "%s", hny_message());
        }
    }
    hny_buffer_free(&whole);
}

/* --- Pieces of a tensor -------------------------------------------------------------------------------- */

static void split(enum hny_planes_layout layout, const struct hny_safetensors_tensor *tensor,
                  unsigned char **planes) {
    for (size_t i = 0; i < hny_planes_count(layout, tensor); i++)
        cr_assert_not_null(planes[i] = malloc(hny_planes_size(layout, tensor, i)));
    cr_assert(hny_planes_split(layout, tensor, planes));
}

/* What row ROW of PLANES comes to: a tensor of one row is one piece. */
static void join_row(enum hny_planes_layout layout, const struct hny_safetensors_tensor *tensor, size_t row,
                     unsigned char *const *planes, float *to) {
    struct hny_safetensors_tensor one = *tensor;
    const unsigned char *parts[HNY_PLANES_MOST];
    one.shape[0] = 1;
    cr_assert_eq(hny_planes_pieces(layout, &one), 1);
    for (size_t i = 0; i < hny_planes_count(layout, tensor); i++)
        parts[i] = planes[i] + row * hny_planes_size(layout, &one, i);
    hny_planes_join(layout, &one, parts, to);
}

Test(read, a_tensor_is_joined_by_pieces_in_any_order) {
    static const enum hny_planes_layout layouts[] = {HNY_PLANES_BYTES, HNY_PLANES_ROTATED, HNY_PLANES_BF16,
                                                     HNY_PLANES_INT8};
    float *numbers = make_numbers(COUNT), *joined = malloc(COUNT * sizeof *joined), row[COLUMNS];
    const struct hny_safetensors_tensor tensor = {"a", HNY_ELEMENT_F32, 2, {ROWS, COLUMNS}, numbers};
    cr_assert_not_null(joined);
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        unsigned char *planes[HNY_PLANES_MOST] = {NULL};
        split(layouts[i], &tensor, planes);
        memset(joined, 0xff, COUNT * sizeof *joined);
        size_t pieces = hny_planes_pieces(layouts[i], &tensor);
        cr_assert_geq(pieces, 3);
        for (size_t piece = pieces; piece-- > 0;)
            hny_planes_join_piece(layouts[i], &tensor, (const unsigned char *const *)planes, piece, joined);
        for (size_t at = 0; at < ROWS; at++) {
            join_row(layouts[i], &tensor, at, planes, row);
            cr_assert_arr_eq(joined + at * COLUMNS, row, sizeof row, "row %zu", at);
        }
        bool exact = layouts[i] == HNY_PLANES_BYTES || layouts[i] == HNY_PLANES_ROTATED;
        if (exact) cr_assert_arr_eq(joined, numbers, COUNT * sizeof *joined);
        for (size_t plane = 0; plane < HNY_PLANES_MOST; plane++) free(planes[plane]);
    }
    free(joined);
    free(numbers);
}
