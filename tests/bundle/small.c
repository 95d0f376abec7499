#include "tests/bundle/small.h"

#include "base/digest.h"
#include "base/file.h"
#include "bundle/frame.h"
#include "bundle/frame_code.h"
#include "bundle/peek.h"
#include "model/safetensors.h"
#include "tests/base/scratch.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct hny_read_options small_options = HNY_READ_DEFAULTS;

enum { ROWS = 5, COLUMNS = 24, LONG = 700 };

static const char tokenizer[] = "honyaku tokenizer, or rather what stands for one\n";

/* NEXT: as it is a little later. Matrix, wide, half and single are others; vector, bytes and tokenizer stay.
 */
static void write_folder(const char *name, bool next) {
    char path[4096], weights_digest[HNY_DIGEST_TEXT], tokenizer_digest[HNY_DIGEST_TEXT], config[1024];
    float matrix[ROWS * COLUMNS], vector[LONG], single = 1;
    uint64_t wide[3] = {1, UINT64_MAX, 1ull << 63};
    uint16_t half[7] = {0, 0x3f80, 0xbf80, 0x7f80, 0x8000, 1, 0xffff};
    uint8_t bytes[5] = {0, 1, 2, 254, 255};
    for (int i = 0; i < ROWS * COLUMNS; i++)
        matrix[i] = (float)((i * 37) % 101 - 50) * (0.001f * (float)(1 + i / COLUMNS));
    for (int i = 0; i < LONG; i++) vector[i] = (float)(i % 3) - 1;
    memset(matrix + COLUMNS, 0, COLUMNS * sizeof *matrix); /* a row of zeros */
    if (next) {
        for (int i = 0; i < ROWS * COLUMNS; i++) matrix[i] *= 1 + 0.001f * (float)(i % 7 - 3);
        wide[0] ^= 1ull << 62;
        half[0]++;
        single = 0.5f;
    }
    const struct hny_safetensors_tensor tensors[] = {{"matrix", HNY_ELEMENT_F32, 2, {ROWS, COLUMNS}, matrix},
                                                     {"vector", HNY_ELEMENT_F32, 1, {LONG}, vector},
                                                     {"wide", HNY_ELEMENT_U64, 1, {3}, wide},
                                                     {"half", HNY_ELEMENT_BF16, 1, {7}, half},
                                                     {"bytes", HNY_ELEMENT_U8, 1, {5}, bytes},
                                                     {"single", HNY_ELEMENT_F32, 0, {0}, &single}};
    snprintf(path, sizeof path, "%s", scratch_path(name));
    cr_assert_eq(hny_directory_create(path), HNY_OK);
    snprintf(path, sizeof path, "%s/model.safetensors", scratch_path(name));
    cr_assert_eq(hny_safetensors_write(path, tensors, sizeof tensors / sizeof *tensors, NULL, 0), HNY_OK);
    cr_assert_eq(hny_digest_file(path, weights_digest), HNY_OK);
    snprintf(path, sizeof path, "%s/tokenizer.model", name);
    scratch_put(path, tokenizer, strlen(tokenizer));
    cr_assert_eq(hny_digest_bytes(tokenizer, strlen(tokenizer), tokenizer_digest), HNY_OK);
    snprintf(
        config, sizeof config,
        "{\n  \"files\": {\n    \"model.safetensors\": \"%s\",\n    \"tokenizer.model\": \"%s\"\n  }\n}\n",
        weights_digest, tokenizer_digest);
    snprintf(path, sizeof path, "%s/config.json", name);
    scratch_put(path, config, strlen(config));
}

void small_write(const char *name) {
    write_folder(name, false);
}

void small_write_next(const char *name) {
    write_folder(name, true);
}

void small_pack(const char *model, const char *file, enum hny_precision precision) {
    struct hny_pack_options options = HNY_PACK_DEFAULTS;
    options.precision = precision;
    cr_assert_eq(hny_bundle_pack(scratch_path(model), scratch_path(file), &options, NULL, NULL), HNY_OK, "%s",
                 hny_message());
}

void small_pack_release(const char *model, const char *file, const char *name, uint64_t release,
                        enum hny_precision precision) {
    struct hny_pack_options options = HNY_PACK_DEFAULTS;
    options.name = name;
    options.release = release;
    options.precision = precision;
    cr_assert_eq(hny_bundle_pack(scratch_path(model), scratch_path(file), &options, NULL, NULL), HNY_OK, "%s",
                 hny_message());
}

void small_read(struct small_pieces *pieces, const char *file) {
    struct hny_supply *supply = NULL;
    struct hny_frame_decoder *decoder = NULL;
    struct hny_buffer frame = {0};
    bool end = false;
    *pieces = (struct small_pieces){0};
    cr_assert_eq(hny_supply_open(&supply, scratch_path(file)), HNY_OK);
    cr_assert_eq(hny_frame_decoder_create(&decoder), HNY_OK);
    for (; hny_supply_end(supply, &end) == HNY_OK && !end; pieces->count++) {
        struct hny_buffer *piece = &pieces->pieces[pieces->count];
        uint64_t size;
        hny_buffer_clear(&frame);
        cr_assert_eq(hny_frame_read(supply, 0, 1 << 20, &frame, &size), HNY_OK, "%s", hny_message());
        cr_assert_eq(hny_buffer_reserve(piece, size), HNY_OK);
        cr_assert_eq(hny_frame_decode(decoder, file, frame.data, frame.size, piece->data, size), HNY_OK);
        piece->size = size;
        piece->data[size] = '\0';
    }
    hny_buffer_free(&frame);
    hny_frame_decoder_destroy(&decoder);
    hny_supply_close(&supply);
}

void small_put(const struct small_pieces *pieces, const char *file) {
    struct hny_frame_coder *coder = NULL;
    struct hny_buffer frames = {0};
    cr_assert_eq(hny_frame_coder_create(&coder), HNY_OK);
    for (size_t i = 0; i < pieces->count; i++)
        cr_assert_eq(hny_frame_code(coder, pieces->pieces[i].data, pieces->pieces[i].size, 1, &frames),
                     HNY_OK);
    scratch_put(file, frames.data, frames.size);
    hny_buffer_free(&frames);
    hny_frame_coder_destroy(&coder);
}

void small_free(struct small_pieces *pieces) {
    for (size_t i = 0; i < SMALL_PIECES; i++) hny_buffer_free(&pieces->pieces[i]);
    pieces->count = 0;
}

size_t small_find(const struct small_pieces *pieces, const char *member) {
    for (size_t i = 0; i + 1 < pieces->count; i += 2) {
        const struct hny_buffer *piece = &pieces->pieces[i];
        if (strcmp(piece->data + piece->size - HNY_TAR_BLOCK, member) == 0) return i;
    }
    cr_assert(false, "no member %s", member);
    return 0;
}

void small_replace(struct small_pieces *pieces, size_t number, const char *from, const char *to) {
    struct hny_buffer *piece = &pieces->pieces[number], *header = &pieces->pieces[number - 1],
                      *next = &pieces->pieces[number + 1], changed = {0}, moved = {0};
    char name[HNY_TAR_NAME];
    const char *place = strstr(piece->data, from);
    cr_assert_not_null(place, "no %s", from);
    size_t before = (size_t)(place - piece->data), padding = hny_tar_padding(piece->size);
    cr_assert_eq(hny_buffer_append(&changed, piece->data, before), HNY_OK);
    cr_assert_eq(hny_buffer_append(&changed, to, strlen(to)), HNY_OK);
    cr_assert_eq(hny_buffer_append(&changed, place + strlen(from), piece->size - before - strlen(from)),
                 HNY_OK);
    hny_buffer_free(piece);
    *piece = changed;
    unsigned char *block = (unsigned char *)header->data + header->size - HNY_TAR_BLOCK;
    memcpy(name, block, sizeof name);
    cr_assert_eq(hny_tar_header(block, name, piece->size), HNY_OK);
    static const char zeros[HNY_TAR_BLOCK];
    cr_assert_eq(hny_buffer_append(&moved, zeros, hny_tar_padding(piece->size)), HNY_OK);
    cr_assert_eq(hny_buffer_append(&moved, next->data + padding, next->size - padding), HNY_OK);
    hny_buffer_free(next);
    *next = moved;
}

void small_refuse(const char *file, const char *expected) {
    struct hny_bundle bundle;
    size_t entries = scratch_count();
    cr_assert_neq(hny_bundle_unpack(scratch_path(file), scratch_path("refused"), &small_options, NULL),
                  HNY_OK, "taken, not: %s", expected);
    cr_assert_not_null(strstr(hny_message(), expected), "\"%s\", expected: %s", hny_message(), expected);
    cr_assert_eq(scratch_count(), entries, "something was left");
    cr_assert_neq(hny_bundle_verify(scratch_path(file), &small_options, &bundle), HNY_OK);
    cr_assert_not_null(strstr(hny_message(), expected), "\"%s\", expected: %s", hny_message(), expected);
}

static void pack_delta(const char *model, const char *const *bases, size_t count, const char *file,
                       struct hny_pack_options *options) {
    char paths[4][4096];
    const char *files[4];
    for (size_t i = 0; i < count; i++) {
        snprintf(paths[i], sizeof paths[i], "%s", scratch_path(bases[i]));
        files[i] = paths[i];
    }
    options->bases = files;
    options->base_count = count;
    struct hny_bundle base;
    cr_assert_eq(hny_bundle_peek(files[0], &base), HNY_OK, "%s", hny_message());
    options->precision = base.precision;
    hny_bundle_free(&base);
    cr_assert_eq(hny_bundle_pack(scratch_path(model), scratch_path(file), options, NULL, NULL), HNY_OK, "%s",
                 hny_message());
}

void small_key(const char *name, struct hny_signing_key *key) {
    char path[4096];
    snprintf(path, sizeof path, "%s.key", scratch_path(name));
    cr_assert_eq(hny_signing_key_make(scratch_path(name)), HNY_OK, "%s", hny_message());
    cr_assert_eq(hny_signing_key_read(path, key), HNY_OK, "%s", hny_message());
}

void small_delta(const char *model, const char *base, const char *file) {
    struct hny_pack_options options = HNY_PACK_DEFAULTS;
    pack_delta(model, &base, 1, file, &options);
}

void small_delta_release(const char *model, const char *const *bases, size_t count, const char *file,
                         const char *name, uint64_t release, const struct hny_signing_key *key) {
    struct hny_pack_options options = HNY_PACK_DEFAULTS;
    options.name = name;
    options.release = release;
    options.sign = key;
    pack_delta(model, bases, count, file, &options);
}

hny_status small_read_chain(const char *const *files, size_t count, struct hny_bundle *bundle) {
    struct hny_supply *supplies[4] = {NULL};
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(hny_supply_open(&supplies[i], scratch_path(files[i])), HNY_OK);
    hny_status status = hny_bundle_read_chain(supplies, count, NULL, &small_options, bundle);
    for (size_t i = 0; i < count; i++) hny_supply_close(&supplies[i]);
    return status;
}
