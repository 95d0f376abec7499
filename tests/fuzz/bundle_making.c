#include "tests/fuzz/bundle_making.h"

#include "tests/fuzz/fuzz.h"
#include <string.h>

enum { MEMBER_NAME = 256 };

void making_add_piece(struct bundle_making *making, unsigned char *bytes, size_t size) {
    if (making->piece++ == making->wrong_piece && size > 0) bytes[making->wrong_at % size] ^= making->change;
    FUZZ_CHECK(hny_frame_code(making->coder, bytes, size, 1, &making->frames) == HNY_OK);
}

void making_add_member(struct bundle_making *making, const char *name, uint64_t size, const void *content) {
    unsigned char bytes[2 * HNY_TAR_BLOCK] = {0};
    size_t padding = hny_tar_padding(making->previous);
    unsigned char *copy = malloc(size + 1);
    FUZZ_CHECK(copy);
    if (content)
        memcpy(copy, content, size);
    else
        for (size_t i = 0; i < size; i++)
            copy[i] = making->rest_size ? making->rest[making->rest_at++ % making->rest_size] : 0;
    if (hny_tar_header(bytes + padding, name, size) == HNY_OK) {
        making_add_piece(making, bytes, padding + HNY_TAR_BLOCK);
        making_add_piece(making, copy, size);
        making->previous = size;
    }
    free(copy);
}

void making_add_file(struct bundle_making *making, const struct hny_bundle_file *file) {
    char name[MEMBER_NAME];
    hny_bundle_member_name(file, SIZE_MAX, 0, name, sizeof name);
    if (!file->same) making_add_member(making, name, file->first.size, NULL);
    for (size_t i = 0; i < file->tensor_count; i++)
        for (size_t plane = 0; plane < hny_bundle_member_count(&file->tensors[i]); plane++) {
            hny_bundle_member_name(file, i, plane, name, sizeof name);
            making_add_member(making, name, file->tensors[i].members[plane].size, NULL);
        }
}

/* --- Manifests ----------------------------------------------------------------------------------------- */

static void remove_changes(json_t *whole) {
    size_t i, j;
    json_t *file, *tensor;
    json_object_set_new(whole, "parent", json_null());
    json_object_del(whole, "full");
    json_array_foreach(json_object_get(whole, "files"), i, file) {
        json_object_del(file, "change");
        json_object_del(json_object_get(file, "header"), "change");
        json_array_foreach(json_object_get(file, "tensors"), j, tensor) {
            json_object_del(tensor, "change");
            json_object_del(tensor, "members");
        }
    }
}

static void set_full(json_t *manifest) {
    struct hny_buffer text = {0};
    struct hny_bundle bundle;
    char full[HNY_DIGEST_TEXT];
    json_t *whole = json_deep_copy(manifest);
    FUZZ_CHECK(whole);
    remove_changes(whole);
    FUZZ_CHECK(hny_json_print(&text, whole, false) == HNY_OK);
    json_decref(whole);
    if (hny_bundle_parse(&bundle, "whole", text.data, text.size) == HNY_OK) {
        FUZZ_CHECK(hny_bundle_find_full(&bundle, full) == HNY_OK);
        json_object_set_new(manifest, "full", json_string(full));
        hny_bundle_free(&bundle);
    }
    hny_buffer_free(&text);
}

void making_complete(const char *text, size_t size, const char *parent, struct hny_buffer *complete) {
    json_t *manifest = NULL;
    bool delta = hny_json_parse("manifest", text, size, &manifest) == HNY_OK &&
                 json_is_string(json_object_get(manifest, "parent"));
    if (delta && parent) json_object_set_new(manifest, "parent", json_string(parent));
    if (delta && json_is_string(json_object_get(manifest, "full"))) set_full(manifest);
    if (delta)
        FUZZ_CHECK(hny_json_print(complete, manifest, false) == HNY_OK);
    else
        FUZZ_CHECK(hny_buffer_append(complete, text, size) == HNY_OK);
    json_decref(manifest);
}

/* --- What is read -------------------------------------------------------------------------------------- */

hny_status making_count_bytes(void *context, const void *data, size_t size) {
    static volatile unsigned char seen;
    for (size_t i = 0; i < size; i++) seen = ((const unsigned char *)data)[i];
    *(uint64_t *)context += size;
    return HNY_OK;
}

void making_check_failure(hny_status status, const struct hny_bundle *bundle) {
    FUZZ_CHECK(status == HNY_ERROR_INPUT || status == HNY_ERROR_MEMORY);
    FUZZ_CHECK(*hny_message() && !bundle->files && !bundle->names);
}

void making_check_round_trip(const struct hny_bundle *bundle) {
    struct hny_buffer text = {0}, again = {0};
    struct hny_bundle back;
    FUZZ_CHECK(hny_bundle_print(bundle, &text) == HNY_OK);
    FUZZ_CHECK(hny_bundle_parse(&back, "printed", text.data, text.size) == HNY_OK);
    FUZZ_CHECK(back.bytes == bundle->bytes && back.file_count == bundle->file_count);
    FUZZ_CHECK(hny_bundle_print(&back, &again) == HNY_OK);
    FUZZ_CHECK(again.size == text.size && memcmp(again.data, text.data, text.size) == 0);
    hny_bundle_free(&back);
    hny_buffer_free(&text);
    hny_buffer_free(&again);
}
