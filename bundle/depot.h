/* A depot: a folder of bundles that any web server can serve as it is. DEPOT.md describes it.
 *
 * What changes a depot does so under a lock on its folder, which falls with the process, one after the other.
 * Readers take no lock: the index is replaced whole, and names only files that are there. */
#ifndef HNY_BUNDLE_DEPOT_H
#define HNY_BUNDLE_DEPOT_H

#include "bundle/depot_index.h"
#include "bundle/read.h"

#define HNY_DEPOT_INDEX "index.json"

/* Reads the index of FOLDER, the caller's to free. HNY_ERROR_IO where there is none. */
hny_status hny_depot_read(const char *folder, struct hny_depot_index *index);

/* PATH, which is cleared first, of the file with the SHA-256 FILE. */
hny_status hny_depot_path(struct hny_buffer *path, const char *folder, const char *file);

/* Puts a copy of the bundle PATH into the depot FOLDER, which is made where it is missing. The copy is read
 * as hny_bundle_verify does with OPTIONS, a delta on what the depot has of its base: the bases of OPTIONS are
 * not looked at. HNY_ERROR_INPUT where the bundle is not good, has no release, builds on what the depot
 * cannot make, or its release is there with other content; the depot is as it was then. PUBLISHED, where it
 * is not NULL, receives what the index says of it, its texts the caller's to hny_depot_published_free;
 * *CHANGED, where it is not NULL, false: it was there already. Killed at any moment the depot is as before or
 * after; what was being copied is removed by the next that changes the depot. Waits while another process
 * changes it. */
struct hny_depot_published {
    struct hny_depot_bundle bundle;
    struct hny_bundle contents; /* owns the texts */
};
hny_status hny_depot_publish(const char *folder, const char *path, const struct hny_read_options *options,
                             struct hny_depot_published *published, bool *changed);
void hny_depot_published_free(struct hny_depot_published *published);

/* A file of the caller's own that is to be published: on disk, and nobody writes to it any more. */
struct hny_depot_upload_file {
    const char *path;
    const char *file;            /* its SHA-256, which the caller has computed */
    struct hny_bundle *contents; /* what hny_bundle_verify says of it; NULL: it is still to be verified */
};

/* The same of UPLOAD, which is neither copied nor digested again where the file system of FOLDER, which must
 * be there, can give it another name (link(2)); else it is copied. A delta is verified here always. The path
 * stays, the caller's to remove, and so do the contents, which are in the zero state where they were used. */
hny_status hny_depot_publish_upload(const char *folder, const struct hny_depot_upload_file *upload,
                                    const struct hny_read_options *options,
                                    struct hny_depot_published *published, bool *changed);

/* What is no longer there. */
struct hny_depot_removed {
    size_t bundles, files;
    uint64_t bytes; /* of the files */
};

/* Keeps the RELEASES, at least 1, highest releases of each name, and what they need: a release that is there
 * as deltas alone keeps what these build on, and so on. A delta beside the whole bundle of its release goes
 * with the bundle that it builds on. Then collects. */
hny_status hny_depot_keep(const char *folder, size_t releases, struct hny_depot_removed *removed);

/* Removes the files of bundles that the index does not name, what killed processes left of theirs, and pushes
 * that are abandoned (bundle/depot_abandoned.h). Who has such a file open can read it to its end; other files
 * are left alone. */
hny_status hny_depot_collect(const char *folder, struct hny_depot_removed *removed);

#endif
