/* The changes from a base to a bundle that is being packed: chosen in a first pass, made in a second. */
#ifndef HNY_BUNDLE_DELTA_H
#define HNY_BUNDLE_DELTA_H

#include "bundle/coding.h"
#include "bundle/feed.h"
#include "bundle/links.h"

/* A tensor of the batch. */
struct hny_delta_part {
    struct hny_bundle_tensor *tensor;
    const unsigned char *const *planes, *const *base; /* BASE is NULL where none was asked for */
    unsigned char *made[HNY_PLANES_MOST];             /* the change from BASE to PLANES */
    size_t cuts[HNY_CHANGE_CUTS], cut_count;
    bool same;                 /* first pass: nothing has changed; and, of each change tried, */
    size_t sizes[HNY_CHANGES]; /* what its members come to, */
    char digests[HNY_CHANGES][HNY_PLANES_MOST][HNY_DIGEST_TEXT];
};

struct hny_delta {
    struct hny_bundle *bundle;
    struct hny_feed *feed;
    struct hny_chain *base;
    struct hny_threads *threads;
    struct hny_bundle_link *links;
    struct hny_delta_part *parts; /* of the batch */
    size_t count, part_room;
    size_t *wanted; /* tensors of the base */
    size_t wanted_room;
    struct hny_room room;
    enum hny_change change; /* that is being tried */
};

/* From the bundle that the COUNT files BASES restore, the oldest first, to BUNDLE, whose planes FEED has.
 * HNY_ERROR_USAGE where their precisions differ. DELTA, in the zero state, is the caller's to hny_delta_close
 * also after a failure. */
hny_status hny_delta_open(struct hny_delta *delta, struct hny_bundle *bundle, struct hny_feed *feed,
                          const char *const *bases, size_t count);
void hny_delta_close(struct hny_delta *delta); /* back to the zero state */

/* First pass: makes BUNDLE, which says what all of its members hold as they stand, a delta: its parent, what
 * is the same, and of each tensor the change whose members come out smallest at LEVEL; where two do, XOR goes
 * before difference, and that before the whole. */
hny_status hny_delta_choose(struct hny_delta *delta, struct hny_coding *coding, int level);

/* Second pass, in rising order, once the feed has the tensors of FILE from FROM to before END: makes what
 * their members hold. hny_delta_piece is plane PLANE of the I-th of them, without level; it is valid until
 * the next call. */
hny_status hny_delta_tensors(struct hny_delta *delta, size_t file, size_t from, size_t end);
struct hny_coding_piece hny_delta_piece(const struct hny_delta *delta, size_t i, size_t plane);

#endif
