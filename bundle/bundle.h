/* A model as one small file that can be sent anywhere: packed, unpacked, verified. bundle/BUNDLE.md describes
 * the file.
 *
 * All of it streams: "-" as a path is standard input or standard output, and memory holds a few tensors at a
 * time, not the model. */
#ifndef HNY_BUNDLE_BUNDLE_H
#define HNY_BUNDLE_BUNDLE_H

#include "bundle/read.h"

struct hny_pack_options {
    const char *name;      /* what the manifest calls the model: hny_release_name_fits */
    uint64_t release;      /* of that name, to HNY_RELEASE_MOST; 0: none */
    const char *languages; /* "en-ja"; NULL: not stated */
    enum hny_precision precision;
    const struct hny_bundle_scores *scores; /* to be stated; NULL: none */
    int level;                              /* of repetitions, 0 to 19: hny_frame_code */
    size_t threads;                         /* at least 1; the bytes do not depend on it */
    const struct hny_signing_key *sign;     /* whose signature goes in; NULL: nobody's */
    bool optimiser; /* all that a training needs to go on, where MODEL is its folder; only with F32 */
    /* A delta is made: paths of what restores its base, the oldest, which is whole, first. They are read
     * twice. PRECISION must be the base's. */
    const char *const *bases;
    size_t base_count;
};

#define HNY_PACK_DEFAULTS                                                                                    \
    { .name = "model", .precision = HNY_PRECISION_F32, .level = 1, .threads = 1 }

/* Packs the model folder MODEL, or the one that its pointer `best` names, into TO, whole or not at all ("-":
 * standard output, as it comes). The same files and options give the same bytes from the same version of
 * libzstd. Files are checked against their digests first: a damaged model is HNY_ERROR_INPUT. Where BUNDLE is
 * not NULL it receives the contents, the caller's to free, and *BYTES the size of the file. */
hny_status hny_bundle_pack(const char *model, const char *to, const struct hny_pack_options *options,
                           struct hny_bundle *bundle, uint64_t *bytes);

/* Signs the bundle FROM, a file, with KEY: TO, whole or not at all ("-": standard output, as it comes), is
 * what packing with that key would have made, whoever signed FROM before. FROM is checked as
 * hny_bundle_verify does, a delta without bases by itself, and BUNDLE, where it is not NULL, receives the
 * contents as there. FROM and TO may be the same. */
hny_status hny_bundle_sign(const char *from, const char *to, const struct hny_signing_key *key,
                           const struct hny_read_options *options, struct hny_bundle *bundle);

/* Packs what a chain of COUNT bundles restores, the oldest first, into TO, and rounds nothing: without bases
 * in OPTIONS the bytes are those of hny_bundle_pack with the same level; with them it is the delta from that
 * base. Of the other options only LEVEL, THREADS and SIGN count; without that one, and without bases, TO has
 * the signature of whoever signed the newest bundle. Where the newest is no delta, and its manifest not as
 * this program writes it, it is HNY_ERROR_INPUT. All is checked first, in one reading more. */
hny_status hny_bundle_flatten(const char *const *files, size_t count, const char *to,
                              const struct hny_pack_options *options, struct hny_bundle *bundle,
                              uint64_t *bytes);

/* Restores the folder MODEL, which must not be there or be empty, from the bundle FROM: it is unpacked into
 * MODEL.unpacking and gets its name when all is checked and on disk. What a killed process left there is
 * removed; while another process works there it is HNY_ERROR_USAGE. BUNDLE, where it
 * is not NULL, receives the contents, the caller's to free. */
hny_status hny_bundle_unpack(const char *from, const char *model, const struct hny_read_options *options,
                             struct hny_bundle *bundle);

/* Checks all of FROM as unpacking does, and writes nothing. BUNDLE receives the contents, the caller's to
 * free. A delta without bases is checked by itself: its own members. */
hny_status hny_bundle_verify(const char *from, const struct hny_read_options *options,
                             struct hny_bundle *bundle);

#endif
