/* What is in a bundle, as its manifest says. BUNDLE.md describes the format. */
#ifndef HNY_BUNDLE_CONTENTS_H
#define HNY_BUNDLE_CONTENTS_H

#include "base/buffer.h"
#include "base/digest.h"
#include "base/memory.h"
#include "bundle/change.h"
#include "bundle/planes.h"
#include "bundle/release.h"
#include "bundle/scores.h"
#include "bundle/signature.h"
#include "bundle/tar.h"
#include "nn/product.h"

#define HNY_BUNDLE_MANIFEST "bundle.json" /* the name of the first member, and of no file */

/* Bytes of a manifest, and of a file that is one member, at most. */
#define HNY_BUNDLE_MANIFEST_MOST ((uint64_t)8 << 20)
#define HNY_BUNDLE_PLAIN_MOST ((uint64_t)256 << 20)

#define HNY_BUNDLE_BATCH ((size_t)4 << 20) /* bytes of tensors that are taken together, or one tensor */

/* What the tar holds behind the manifest, in this order: of each file its members. */
struct hny_bundle_member {
    uint64_t size;
    char digest[HNY_DIGEST_TEXT]; /* of the restored content */
    char
        changed[HNY_DIGEST_TEXT]; /* of the member itself, where the tensor is changed by XOR or difference */
};

struct hny_bundle_tensor {
    struct hny_safetensors_tensor tensor; /* DATA only while it is packed */
    enum hny_planes_layout layout;
    enum hny_change change; /* how the members make planes with the base's; WHOLE where there is no parent */
    size_t bytes;           /* restored */
    size_t member_count;
    struct hny_bundle_member members[HNY_PLANES_MOST];
};

struct hny_bundle_file {
    const char *name;
    uint64_t bytes; /* of the restored file, and their digest */
    char digest[HNY_DIGEST_TEXT];
    bool split;                        /* a safetensors file in tensors; else one member */
    bool same;                         /* FIRST is the base's, and no member */
    struct hny_bundle_member first;    /* all of the file, or its header */
    struct hny_bundle_tensor *tensors; /* in the order of their bytes */
    size_t tensor_count;
};

/* What rounding to the bundle's precision lost, over all numbers of the tensors that it touched. */
struct hny_bundle_loss {
    double largest; /* |restored - original| */
    double squares, original_squares;
};

struct hny_bundle {
    struct hny_arena *names; /* owns every name and text in here */
    const char *name;        /* fits hny_release_name_fits */
    uint64_t release;        /* from 1 to HNY_RELEASE_MOST; 0: none */
    const char *languages;   /* as "en-ja", of the same characters; NULL: not known */
    const char *parent;      /* a delta: FULL of the bundle that it builds on; else NULL */
    enum hny_precision precision;
    struct hny_bundle_loss loss;
    struct hny_bundle_scores scores;
    struct hny_bundle_file *files;
    size_t file_count;
    uint64_t bytes;               /* of all restored files */
    uint64_t packed;              /* of the bundle itself, once it was read or written. Not in the manifest */
    char digest[HNY_DIGEST_TEXT]; /* of the manifest's text; it stands for the whole */
    char signer[HNY_SIGNER_TEXT]; /* whose signature of that there is; "": nobody's. Not in the manifest */
    /* Of the manifest without parent and changes: of the bundle that is no delta and restores the same.
     * DIGEST where this is none. */
    char full[HNY_DIGEST_TEXT];
    /* The member with SIGNER's signature that the bundle of FULL has; "": nobody's. Not in the manifest. */
    char signature[HNY_SIGNATURE_SIZE + 1];
};

void hny_bundle_free(struct hny_bundle *bundle); /* back to the zero state */

/* Sets layout, bytes, and number and sizes of the members of a tensor whose type and shape are set. False
 * where it cannot be laid out so or a size does not fit. */
bool hny_bundle_lay_out(struct hny_bundle_tensor *tensor, enum hny_planes_layout layout);

/* Tensors of FILE are packed and read by batches: where the one that begins with tensor FROM ends. */
size_t hny_bundle_batch_end(const struct hny_bundle_file *file, size_t from);

/* Whether NAME can be a file's in a bundle: one to four parts of letters, digits, ".", "_" and "-" with "/"
 * between, none beginning with ".", 79 bytes at most. */
bool hny_bundle_name_fits(const char *name);

/* The name of FILE's member: of TENSOR's plane MEMBER, or the first, where TENSOR is SIZE_MAX. */
void hny_bundle_member_name(const struct hny_bundle_file *file, size_t tensor, size_t member, char *text,
                            size_t room);

/* Appends the manifest's text; without PARENT and FULL, and as if all stood whole, where PARENT is NULL. */
hny_status hny_bundle_print(const struct hny_bundle *bundle, struct hny_buffer *text);

/* Sets FULL of a delta to the digest of what hny_bundle_print makes of BUNDLE without PARENT. */
hny_status hny_bundle_find_full(const struct hny_bundle *bundle, char full[HNY_DIGEST_TEXT]);

/* What there is to sign of BUNDLE; its texts are BUNDLE's. */
struct hny_signed hny_bundle_signed(const struct hny_bundle *bundle);

/* Reads a manifest of SIZE bytes strictly: every name, size, type, layout and digest is checked, and none can
 * overflow; a delta's FULL is what hny_bundle_find_full makes. SOURCE stands for the bundle in messages. On
 * failure BUNDLE is in the zero state. */
hny_status hny_bundle_parse(struct hny_bundle *bundle, const char *source, const char *text, size_t size);

#endif
