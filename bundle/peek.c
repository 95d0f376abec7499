#include "bundle/peek.h"

#include "bundle/frame.h"

/* The next frame of SUPPLY, which holds SIZE bytes, decoded to TO. */
static hny_status read_piece(struct hny_supply *supply, struct hny_frame_decoder *decoder, void *to,
                             size_t size) {
    struct hny_buffer frame = {0};
    uint64_t stated;
    hny_status status = hny_frame_read(supply, size, size, &frame, &stated);
    if (status == HNY_OK)
        status = hny_frame_decode(decoder, hny_supply_name(supply), frame.data, frame.size, to, size);
    hny_buffer_free(&frame);
    return status;
}

static hny_status read_manifest(struct hny_supply *supply, struct hny_frame_decoder *decoder,
                                struct hny_buffer *text, struct hny_bundle *bundle) {
    unsigned char block[HNY_TAR_BLOCK];
    const char *name = hny_supply_name(supply);
    uint64_t size;
    HNY_TRY(read_piece(supply, decoder, block, sizeof block));
    HNY_TRY(hny_tar_size(block, name, &size));
    HNY_TRY(hny_tar_check(block, HNY_BUNDLE_MANIFEST, size, name));
    if (size > HNY_BUNDLE_MANIFEST_MOST)
        return hny_fail(HNY_ERROR_INPUT, "%s: a manifest of %llu bytes", name, (unsigned long long)size);
    HNY_TRY(hny_buffer_reserve(text, size));
    HNY_TRY(read_piece(supply, decoder, text->data, size));
    return hny_bundle_parse(bundle, name, text->data, size);
}

hny_status hny_bundle_peek(const char *path, struct hny_bundle *bundle) {
    struct hny_supply *supply = NULL;
    struct hny_frame_decoder *decoder = NULL;
    struct hny_buffer text = {0};
    *bundle = (struct hny_bundle){0};
    hny_status status = hny_supply_open(&supply, path);
    if (status == HNY_OK) status = hny_frame_decoder_create(&decoder);
    if (status == HNY_OK) status = read_manifest(supply, decoder, &text, bundle);
    hny_buffer_free(&text);
    hny_frame_decoder_destroy(&decoder);
    hny_supply_close(&supply);
    return status;
}
