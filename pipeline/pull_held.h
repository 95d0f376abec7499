/* What is there already where a bundle is pulled to. */
#ifndef HNY_PIPELINE_PULL_HELD_H
#define HNY_PIPELINE_PULL_HELD_H

#include "bundle/depot_index.h"
#include "pipeline/pull.h"
#include "pipeline/pull_bases.h"

struct hny_held {
    struct hny_buffer path, folder; /* of the file to come, and where that lies */
    struct hny_buffer prefix;       /* of partial files of it, or of other releases of it */
    struct hny_bundle latest;    /* the highest release that is there of its name; else in the zero state */
    struct hny_bundle same;      /* what is at PATH; else in the zero state */
    struct hny_pull_bases bases; /* what is at PATH, or in the folder of the same name */
};

/* Looks at TO, the file that BUNDLE is to become, or with INTO the folder, which is made. A link is followed:
 * its target is PATH. HELD, in the zero state, is the caller's to hny_held_close also after a failure. */
hny_status hny_held_open(struct hny_held *held, const char *to, bool into,
                         const struct hny_depot_bundle *bundle);
void hny_held_close(struct hny_held *held);

/* HNY_ERROR_INPUT where BUNDLE, which WANTED asked for, must not take the place of what is there: a later
 * release, unless WANTED names its number or digest, or other content of the same. *GOOD: it is there, and
 * whole by reading all of it, and signed as OPTIONS want; CONTENTS are then the caller's to free. */
hny_status hny_held_check(const struct hny_held *held, const char *source, const char *wanted,
                          const struct hny_depot_bundle *bundle, const struct hny_pull_options *options,
                          struct hny_bundle *contents, bool *good);

/* What FOLDER has of what WANTED asks for (hny_depot_index_find), in files that are called as pulling INTO
 * does: the highest such release that is whole by reading all of it with READING. PATH, which is cleared
 * first, says where, and CONTENTS are the caller's to free; where there is none PATH is empty, CONTENTS in
 * the zero state. */
hny_status hny_held_find(const char *folder, const char *wanted, const struct hny_read_options *reading,
                         struct hny_buffer *path, struct hny_bundle *contents);

#endif
