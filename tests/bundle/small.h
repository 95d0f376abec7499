/* A folder such as a model's, small enough to try every byte of its bundle, and bundles taken apart. */
#ifndef TESTS_BUNDLE_SMALL_H
#define TESTS_BUNDLE_SMALL_H

#include "base/buffer.h"
#include "bundle/bundle.h"
#include "bundle/signing_key.h"

/* Writes config.json, tokenizer.model and model.safetensors (every width of element, matrices and vectors)
 * into the scratch folder's NAME. */
void small_write(const char *name);

extern const struct hny_read_options small_options; /* one thread */

/* The same as it is a little later: some tensors are others, the tokenizer is not. */
void small_write_next(const char *name);

/* Packs the scratch folder's MODEL into its FILE as PRECISION. */
void small_pack(const char *model, const char *file, enum hny_precision precision);

/* The same, called NAME@RELEASE; every name, release and precision gives another content. */
void small_pack_release(const char *model, const char *file, const char *name, uint64_t release,
                        enum hny_precision precision);

/* What the frames of a bundle hold: the headers of the tar and the contents by turns. */
enum { SMALL_PIECES = 64 };
struct small_pieces {
    struct hny_buffer pieces[SMALL_PIECES];
    size_t count;
};

void small_read(struct small_pieces *pieces, const char *file);
void small_put(const struct small_pieces *pieces, const char *file); /* each piece a frame */
void small_free(struct small_pieces *pieces);

/* The piece whose header names MEMBER; its content follows. */
size_t small_find(const struct small_pieces *pieces, const char *member);

/* Replaces FROM by TO in PIECE's text once; its tar header, the piece before, then states the new size. */
void small_replace(struct small_pieces *pieces, size_t piece, const char *from, const char *to);

/* Unpacking FILE of the scratch folder fails with a message that contains EXPECTED, and leaves nothing. */
void small_refuse(const char *file, const char *expected);

/* Makes the pair of keys NAME.key and NAME.pub, and reads it. */
void small_key(const char *name, struct hny_signing_key *key);

/* Packs what has changed in MODEL since the bundle BASE into FILE. */
void small_delta(const char *model, const char *base, const char *file);

/* The same of COUNT bundles that are each the base of the next, at most 4; called NAME@RELEASE, and signed by
 * KEY, unless that is NULL. */
void small_delta_release(const char *model, const char *const *bases, size_t count, const char *file,
                         const char *name, uint64_t release, const struct hny_signing_key *key);

/* Reads COUNT bundles, at most 4, each on the one before. */
hny_status small_read_chain(const char *const *files, size_t count, struct hny_bundle *bundle);

#endif
