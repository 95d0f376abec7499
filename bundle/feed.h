/* Where the planes come from that are packed: the files of a folder, which are laid out here, or a chain of
 * bundles. */
#ifndef HNY_BUNDLE_FEED_H
#define HNY_BUNDLE_FEED_H

#include "bundle/chain.h"
#include "bundle/inputs.h"
#include "bundle/room.h"

struct hny_feed_part {
    const struct hny_bundle_tensor *tensor;
    unsigned char *planes[HNY_PLANES_MOST]; /* laid out here */
};

struct hny_feed {
    const struct hny_bundle *bundle;
    const struct hny_bundle_input *inputs; /* of a folder; else NULL */
    struct hny_chain *chain;               /* the feed's; NULL: a folder */
    struct hny_threads *threads;
    struct hny_feed_part *parts; /* of the batch */
    size_t *numbers;
    size_t part_room, number_room;
    struct hny_room room;
};

/* Tells of the tensors of BUNDLE what INPUTS hold, or, with INPUTS NULL, the COUNT files of a chain of
 * bundles, the newest of which restores BUNDLE. FEED, in the zero state, is the caller's to hny_feed_close
 * also after a failure. */
hny_status hny_feed_open(struct hny_feed *feed, const struct hny_bundle *bundle,
                         const struct hny_bundle_input *inputs, const char *const *files, size_t count,
                         struct hny_threads *threads);
void hny_feed_close(struct hny_feed *feed); /* back to the zero state */

/* As hny_chain_first, in rising order too. */
hny_status hny_feed_first(struct hny_feed *feed, size_t file, const unsigned char **content);

/* Gets the tensors of FILE from FROM to before END; hny_feed_planes gives the planes of the I-th of them. */
hny_status hny_feed_tensors(struct hny_feed *feed, size_t file, size_t from, size_t end);
const unsigned char *const *hny_feed_planes(const struct hny_feed *feed, size_t i);

#endif
