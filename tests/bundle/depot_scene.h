/* The scratch folder's "depot", and bundles of its "model" to publish there. */
#ifndef TESTS_BUNDLE_DEPOT_SCENE_H
#define TESTS_BUNDLE_DEPOT_SCENE_H

#include "bundle/depot.h"

/* Opens the scratch folder, with "model" in it. As Criterion's .init, with scratch_close. */
void open_depot(void);

/* Packs NAME@RELEASE into FILE. */
void make(const char *file, const char *name, uint64_t release);

/* CHANGED may be NULL. */
hny_status publish(const char *file, bool *changed);

/* Makes NAME@RELEASE as "release", and publishes it. */
void publish_release(const char *name, uint64_t release);

/* INDEX is the caller's to free. */
void read_depot(struct hny_depot_index *index);

/* Entries in depot/bundles. */
size_t count_files(void);

/* The index's bundles in their order, each as "NAME@RELEASE ", a delta with a "+" behind it. */
void check_releases(const char *expected);

/* Makes depot/bundles, for write_index. */
void make_folder(void);

/* Writes the index of a depot with BUNDLES, each "NAME RELEASE CONTENT PARENT", the last two a letter or "-",
 * and files of a byte for them. */
void write_index(const char *const (*bundles)[4], size_t count);

/* Keeps the last RELEASES of each name. */
void keep(size_t releases, struct hny_depot_removed *removed);

#endif
