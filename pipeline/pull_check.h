/* A bundle that is verified while it comes, in a thread of its own: to who pulls, and to a depot. */
#ifndef HNY_PIPELINE_PULL_CHECK_H
#define HNY_PIPELINE_PULL_CHECK_H

#include "bundle/read.h"

struct hny_pull_check;

/* Begins to read the file PATH, which SIZE bytes are of and more will be, as hny_bundle_verify does with
 * READING, which must outlive it. */
hny_status hny_pull_check_start(struct hny_pull_check **check, const char *path, uint64_t size,
                                const struct hny_read_options *reading);

/* SIZE bytes are there now, and stay as they are. NULL is allowed. */
void hny_pull_check_tell(struct hny_pull_check *check, uint64_t size);

/* They did not stay: what was read counts no more. NULL is allowed. */
void hny_pull_check_spoil(struct hny_pull_check *check);

/* All bytes are there: waits. True: all of them were read and are good; CONTENTS is then the caller's to
 * free. False: that is not known, and why it is not may be no fault of the file. Nulls; NULL gives false. */
bool hny_pull_check_end(struct hny_pull_check **check, struct hny_bundle *contents);

/* No more will come: waits for the thread. Nulls; NULL is allowed. */
void hny_pull_check_abandon(struct hny_pull_check **check);

#endif
