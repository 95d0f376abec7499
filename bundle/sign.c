/* Signing a bundle that is there: its frames as they are, but for the signature and the headers around it. */
#include "bundle/bundle.h"

#include "bundle/delivery.h"
#include "bundle/frame.h"
#include <string.h>

struct signing {
    struct hny_supply *supply;
    struct hny_frame_decoder *decoder;
    struct hny_delivery *delivery;
    struct hny_bundle *bundle; /* as it was checked */
    struct hny_buffer frame, content;
};

static hny_status read_frame(struct signing *signing, uint64_t *size) {
    hny_buffer_clear(&signing->frame);
    return hny_frame_read(signing->supply, 0, HNY_TAR_MOST, &signing->frame, size);
}

/* The next frame, of a manifest's size at most, and what it holds. */
static hny_status read_content(struct signing *signing) {
    uint64_t size;
    hny_buffer_clear(&signing->frame);
    hny_buffer_clear(&signing->content);
    HNY_TRY(hny_frame_read(signing->supply, 0, HNY_BUNDLE_MANIFEST_MOST, &signing->frame, &size));
    HNY_TRY(hny_buffer_reserve(&signing->content, size));
    HNY_TRY(hny_frame_decode(signing->decoder, hny_supply_name(signing->supply), signing->frame.data,
                             signing->frame.size, signing->content.data, size));
    signing->content.size = size;
    return HNY_OK;
}

/* The file was read before, and was good then. */
static hny_status fail_changed(const struct signing *signing) {
    return hny_fail(HNY_ERROR_INPUT, "%s: changed while it was being signed",
                    hny_supply_name(signing->supply));
}

/* The manifest; it must be the one that was checked. */
static hny_status copy_manifest(struct signing *signing) {
    char digest[HNY_DIGEST_TEXT];
    HNY_TRY(read_content(signing)); /* its header */
    HNY_TRY(read_content(signing));
    HNY_TRY(hny_digest_bytes(signing->content.data, signing->content.size, digest));
    if (strcmp(digest, signing->bundle->digest) != 0) return fail_changed(signing);
    return hny_delivery_member(signing->delivery, HNY_BUNDLE_MANIFEST, signing->content.size,
                               &signing->frame);
}

/* What stands before the first content of a file: its header, and a signature where there is one. */
static hny_status skip_signature(struct signing *signing) {
    HNY_TRY(read_content(signing));
    if (!signing->bundle->signer[0]) return HNY_OK;
    HNY_TRY(read_content(signing));
    return read_content(signing);
}

/* The header that was read last begins the next member; a delta may have none, and then it was the end. */
static hny_status copy_files(struct signing *signing) {
    const struct hny_buffer *content = &signing->content;
    unsigned char block[HNY_TAR_BLOCK];
    uint64_t size, stated;
    bool end;
    if (content->size < sizeof block) return fail_changed(signing);
    memcpy(block, content->data + content->size - sizeof block, sizeof block);
    HNY_TRY(hny_supply_end(signing->supply, &end));
    if (end) return hny_delivery_end(signing->delivery);
    HNY_TRY(hny_tar_size(block, hny_supply_name(signing->supply), &stated));
    HNY_TRY(read_frame(signing, &size));
    block[HNY_TAR_NAME - 1] = '\0';
    HNY_TRY(hny_delivery_member(signing->delivery, (const char *)block, stated, &signing->frame));
    for (;;) {
        HNY_TRY(hny_supply_end(signing->supply, &end));
        if (end) return HNY_OK;
        HNY_TRY(read_frame(signing, &size));
        HNY_TRY(hny_delivery_frames(signing->delivery, &signing->frame));
    }
}

static hny_status copy(struct signing *signing, const char *from, const char *to,
                       const struct hny_signing_key *key) {
    const struct hny_signed manifest = hny_bundle_signed(signing->bundle);
    char text[HNY_SIGNATURE_MOST + 1];
    HNY_TRY(hny_signature_make(key, &manifest, text));
    HNY_TRY(hny_supply_open(&signing->supply, from));
    HNY_TRY(hny_frame_decoder_create(&signing->decoder));
    HNY_TRY(hny_delivery_open(&signing->delivery, to));
    HNY_TRY(copy_manifest(signing));
    HNY_TRY(hny_delivery_small(signing->delivery, HNY_SIGNATURE_MEMBER, text, strlen(text)));
    HNY_TRY(skip_signature(signing));
    HNY_TRY(copy_files(signing));
    HNY_TRY(hny_signature_check(to, text, &manifest, signing->bundle->signer, signing->bundle->signature));
    signing->bundle->packed = hny_delivery_bytes(signing->delivery);
    return hny_delivery_commit(&signing->delivery);
}

hny_status hny_bundle_sign(const char *from, const char *to, const struct hny_signing_key *key,
                           const struct hny_read_options *options, struct hny_bundle *bundle) {
    struct hny_bundle checked;
    if (strcmp(from, "-") == 0)
        return hny_fail(HNY_ERROR_USAGE, "a bundle is read twice to be signed: expected a file, not -");
    struct hny_read_options checking = *options;
    checking.alone = true; /* a delta's manifest says all that its signature answers for */
    HNY_TRY(hny_bundle_verify(from, &checking, &checked));
    struct signing signing = {.bundle = &checked};
    hny_status status = copy(&signing, from, to, key);
    hny_supply_close(&signing.supply);
    hny_frame_decoder_destroy(&signing.decoder);
    hny_delivery_abandon(&signing.delivery);
    hny_buffer_free(&signing.frame);
    hny_buffer_free(&signing.content);
    if (status == HNY_OK && bundle)
        *bundle = checked;
    else
        hny_bundle_free(&checked);
    return status;
}
