/* The reader of bundles. The first byte says what the others are: even, a bundle as it is; odd, with a kind
 * of signature in its next two bits, three bytes (which piece to change, where, by what) and the text of a
 * manifest up to a NUL, from which a bundle is made with the members that it asks for, their contents out of
 * what follows; digests do not count there, or no change would come far (a signature still does). What is
 * taken is printed and parsed again.
 * Reader: bundle/read.c
 * Reader: bundle/members.c
 * Reader: bundle/contents.c
 * Reader: bundle/frame.c
 * Reader: bundle/tar.c
 * Reader: bundle/signature.c
 * Reader: bundle/scores.c */
#include "tests/fuzz/fuzz.h"

#include "bundle/frame_code.h"
#include "bundle/read.h"
#include <string.h>

enum { NONE, SIGNED, SIGNED_ANOTHER, SIGNED_TWICE }; /* the bits above the first */
enum { MOST_BYTES = 1 << 16, MEMBER_NAME = 256 };

/* What goes into the bundle, and what is still to be made of it. */
struct making {
    struct hny_frame_coder *coder;
    struct hny_buffer frames;
    unsigned signature, piece, wrong_piece;
    size_t wrong_at;
    uint8_t change;
    const uint8_t *rest; /* contents are made of it, over and over */
    size_t rest_size, rest_at;
    uint64_t previous;
};

static void add_piece(struct making *making, unsigned char *bytes, size_t size) {
    if (making->piece++ == making->wrong_piece && size > 0) bytes[making->wrong_at % size] ^= making->change;
    FUZZ_CHECK(hny_frame_code(making->coder, bytes, size, 1, &making->frames) == HNY_OK);
}

static void add_member(struct making *making, const char *name, uint64_t size, const void *content) {
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
        add_piece(making, bytes, padding + HNY_TAR_BLOCK);
        add_piece(making, copy, size);
        making->previous = size;
    }
    free(copy);
}

static void add_file(struct making *making, const struct hny_bundle_file *file) {
    char name[MEMBER_NAME];
    hny_bundle_member_name(file, SIZE_MAX, 0, name, sizeof name);
    add_member(making, name, file->first.size, NULL);
    for (size_t i = 0; i < file->tensor_count; i++)
        for (size_t plane = 0; plane < file->tensors[i].member_count; plane++) {
            hny_bundle_member_name(file, i, plane, name, sizeof name);
            add_member(making, name, file->tensors[i].members[plane].size, NULL);
        }
}

/* By a key that is always the same. */
static void add_signature(struct making *making, const char *digest) {
    static const struct hny_signing_key key = {"ed25519:O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik=", {0}};
    char text[HNY_SIGNATURE_SIZE + 1], another[HNY_DIGEST_TEXT];
    if (making->signature == NONE) return;
    memcpy(another, digest, sizeof another);
    if (making->signature == SIGNED_ANOTHER) another[0] ^= 1;
    FUZZ_CHECK(hny_signature_make(&key, another, text) == HNY_OK);
    for (unsigned i = 0; i < (making->signature == SIGNED_TWICE ? 2 : 1); i++)
        add_member(making, HNY_SIGNATURE_MEMBER, HNY_SIGNATURE_SIZE, text);
}

static void make(struct making *making, const char *text, size_t size) {
    struct hny_bundle bundle;
    unsigned char end[HNY_TAR_BLOCK + HNY_TAR_END] = {0};
    FUZZ_CHECK(hny_frame_coder_create(&making->coder) == HNY_OK);
    add_member(making, HNY_BUNDLE_MANIFEST, size, text);
    if (hny_bundle_parse(&bundle, "bundle", text, size) == HNY_OK) {
        add_signature(making, bundle.digest);
        for (size_t i = 0; bundle.bytes <= MOST_BYTES && i < bundle.file_count; i++)
            add_file(making, &bundle.files[i]);
        hny_bundle_free(&bundle);
        add_piece(making, end, hny_tar_padding(making->previous) + HNY_TAR_END);
    }
    hny_frame_coder_destroy(&making->coder);
}

static hny_status count_bytes(void *context, const void *data, size_t size) {
    static volatile unsigned char seen;
    for (size_t i = 0; i < size; i++) seen = ((const unsigned char *)data)[i];
    *(uint64_t *)context += size;
    return HNY_OK;
}

static void check_round_trip(const struct hny_bundle *bundle) {
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

static void read_bundle(const void *data, size_t size, bool digests) {
    uint64_t bytes = 0;
    const struct hny_bundle_taker taker = {.bytes = count_bytes, .context = &bytes};
    struct hny_supply *supply = NULL;
    struct hny_bundle bundle;
    FUZZ_CHECK(hny_supply_memory(&supply, "bundle", data, size) == HNY_OK);
    const struct hny_read_options options = {.threads = 1, .skip_digests = !digests};
    hny_status status = hny_bundle_read(supply, &taker, &options, &bundle);
    if (status == HNY_OK) {
        FUZZ_CHECK(bytes == bundle.bytes && hny_supply_taken(supply) == size);
        check_round_trip(&bundle);
    } else {
        FUZZ_CHECK(status == HNY_ERROR_INPUT || status == HNY_ERROR_MEMORY);
        FUZZ_CHECK(*hny_message() && !bundle.files && !bundle.names);
    }
    hny_bundle_free(&bundle);
    hny_supply_close(&supply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    enum { CONTROLS = 4 };
    if (size < CONTROLS) return 0;
    if (data[0] % 2 == 0) {
        read_bundle(data + 1, size - 1, true);
        return 0;
    }
    const uint8_t *text = data + CONTROLS, *end = memchr(text, 0, size - CONTROLS);
    size_t text_size = end ? (size_t)(end - text) : size - CONTROLS;
    struct making making = {.signature = data[0] >> 1 & SIGNED_TWICE,
                            .wrong_piece = data[1],
                            .wrong_at = (size_t)data[2] * 3,
                            .change = data[3]};
    making.rest = text + text_size;
    making.rest_size = size - CONTROLS - text_size;
    make(&making, (const char *)text, text_size);
    read_bundle(making.frames.data, making.frames.size, false);
    hny_buffer_free(&making.frames);
    return 0;
}
