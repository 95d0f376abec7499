/* The reader of bundles. The first byte says what the others are: even, a bundle as it is; odd, with a kind
 * of signature in its next bits, three bytes (which piece to change, where, by what) and the text of a
 * manifest up to a NUL, from which a bundle is made with the members that it asks for, their contents out of
 * what follows; digests do not count there, or no change would come far (a signature still does). A delta is
 * looked at alone. What is taken is printed and parsed again.
 * Reader: bundle/read.c
 * Reader: bundle/members.c
 * Reader: bundle/contents.c
 * Reader: bundle/frame.c
 * Reader: bundle/tar.c
 * Reader: bundle/signature.c
 * Reader: bundle/scores.c */
#include "tests/fuzz/fuzz.h"

#include "bundle/read.h"
#include "tests/fuzz/bundle_making.h"
#include <string.h>

enum { NONE, SIGNED, ANOTHER, TWICE, OF_ANOTHER_WHOLE, OF_ANOTHER_KIND, KINDS }; /* above the first bit */
enum { MOST_BYTES = 1 << 16 };

/* By a key that is always the same. */
static void add_signature(struct bundle_making *making, unsigned kind, const struct hny_bundle *bundle) {
    static const struct hny_signing_key key = {"ed25519:O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik=", {0}};
    char text[HNY_SIGNATURE_MOST + 1], digest[HNY_DIGEST_TEXT], full[HNY_DIGEST_TEXT];
    struct hny_signed manifest = {digest, bundle->parent ? full : NULL};
    if (kind == NONE) return;
    memcpy(digest, bundle->digest, sizeof digest);
    memcpy(full, bundle->full, sizeof full);
    if (kind == ANOTHER) digest[0] ^= 1;
    if (kind == OF_ANOTHER_WHOLE) full[0] ^= 1;
    if (kind == OF_ANOTHER_KIND) manifest.full = bundle->parent ? NULL : full;
    FUZZ_CHECK(hny_signature_make(&key, &manifest, text) == HNY_OK);
    for (unsigned i = 0; i < (kind == TWICE ? 2 : 1); i++)
        making_add_member(making, HNY_SIGNATURE_MEMBER, hny_signature_size(&manifest), text);
}

static void make(struct bundle_making *making, unsigned signature, const char *text, size_t size) {
    struct hny_bundle bundle;
    unsigned char end[HNY_TAR_BLOCK + HNY_TAR_END] = {0};
    FUZZ_CHECK(hny_frame_coder_create(&making->coder) == HNY_OK);
    making_add_member(making, HNY_BUNDLE_MANIFEST, size, text);
    if (hny_bundle_parse(&bundle, "bundle", text, size) == HNY_OK) {
        add_signature(making, signature, &bundle);
        for (size_t i = 0; bundle.bytes <= MOST_BYTES && i < bundle.file_count; i++)
            making_add_file(making, &bundle.files[i]);
        hny_bundle_free(&bundle);
        making_add_piece(making, end, hny_tar_padding(making->previous) + HNY_TAR_END);
    }
    hny_frame_coder_destroy(&making->coder);
}

static void read_bundle(const void *data, size_t size, bool digests) {
    uint64_t bytes = 0;
    const struct hny_bundle_taker taker = {.bytes = making_count_bytes, .context = &bytes};
    struct hny_supply *supply = NULL;
    struct hny_bundle bundle;
    FUZZ_CHECK(hny_supply_memory(&supply, "bundle", data, size) == HNY_OK);
    const struct hny_read_options options = {.threads = 1, .alone = true, .skip_digests = !digests};
    hny_status status = hny_bundle_read(supply, &taker, &options, &bundle);
    if (status == HNY_OK) {
        FUZZ_CHECK(bytes == (bundle.parent ? 0 : bundle.bytes) && hny_supply_taken(supply) == size);
        FUZZ_CHECK(!*bundle.signature == !*bundle.signer);
        making_check_round_trip(&bundle);
    } else {
        making_check_failure(status, &bundle);
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
    struct bundle_making making = {
        .wrong_piece = data[1], .wrong_at = (size_t)data[2] * 3, .change = data[3]};
    struct hny_buffer manifest = {0};
    making.rest = text + text_size;
    making.rest_size = size - CONTROLS - text_size;
    making_complete((const char *)text, text_size, NULL, &manifest);
    make(&making, (data[0] >> 1) % KINDS, manifest.data ? manifest.data : "", manifest.size);
    read_bundle(making.frames.data, making.frames.size, false);
    hny_buffer_free(&making.frames);
    hny_buffer_free(&manifest);
    return 0;
}
