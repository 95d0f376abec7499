/* A depot that is being changed, by one process at a time. */
#ifndef HNY_BUNDLE_DEPOT_EDIT_H
#define HNY_BUNDLE_DEPOT_EDIT_H

#include "bundle/depot.h"

#define HNY_DEPOT_FILES "bundles"               /* the folder of the files in a depot */
#define HNY_DEPOT_SUFFIX ".tar.zst"             /* behind their digests */
#define HNY_DEPOT_COPY "bundles/publishing.tmp" /* under the lock there is but one */

struct hny_depot_edit {
    const char *folder;
    int lock; /* -1: not held */
    struct hny_depot_index index;
};

/* Takes the lock of FOLDER, waiting for it, removes what killed processes left beside the index, and reads
 * that; a depot without one is empty. With MAKE a depot that is not there is made. EDIT is the caller's to
 * hny_depot_edit_end also after a failure. */
hny_status hny_depot_edit_begin(struct hny_depot_edit *edit, const char *folder, bool make);
hny_status hny_depot_edit_save(const struct hny_depot_edit *edit); /* replaces the index */
void hny_depot_edit_end(struct hny_depot_edit *edit);

#endif
