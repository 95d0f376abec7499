/* A file that comes in pieces, over more than one run of a program: PATH.DIGITS.pulling, DIGITS the first 16
 * of the SHA-256 that it will have. It gets the name PATH when it is whole, and not before. */
#ifndef HNY_PIPELINE_PARTIAL_H
#define HNY_PIPELINE_PARTIAL_H

#include "base/digest.h"
#include <stdbool.h>
#include <stdint.h>

struct hny_partial;

/* Takes up what an earlier run left of the file PATH with the SHA-256 FILE and BYTES bytes, or begins. What
 * is there is read, for its digest; what is longer than BYTES is begun anew. HNY_ERROR_USAGE while another
 * process is at it. */
hny_status hny_partial_open(struct hny_partial **partial, const char *path, const char *file, uint64_t bytes);

uint64_t hny_partial_size(const struct hny_partial *partial);    /* bytes that are there */
const char *hny_partial_path(const struct hny_partial *partial); /* where they are; the partial's own */

/* Adds SIZE bytes; they are on their way to disk before the next come. HNY_ERROR_INPUT where that were more
 * than BYTES. */
hny_status hny_partial_add(struct hny_partial *partial, const void *data, size_t size);

hny_status hny_partial_restart(struct hny_partial *partial); /* as if nothing had come */

/* *RIGHT: all bytes are there and have the SHA-256 FILE; DIGEST receives theirs. Then only _restart, _sync,
 * _commit, _remove and _leave may follow. */
hny_status hny_partial_check(struct hny_partial *partial, bool *right, char digest[HNY_DIGEST_TEXT]);

/* Brings what is there to disk, while others still look at it: then _commit has little to wait for. */
hny_status hny_partial_sync(const struct hny_partial *partial);

/* PATH is the new file and safe on disk. Nulls; on failure PATH is as it was and what came stays. */
hny_status hny_partial_commit(struct hny_partial **partial);
void hny_partial_leave(struct hny_partial **partial);  /* for a later run; nulls; NULL is allowed */
void hny_partial_remove(struct hny_partial **partial); /* nulls; NULL is allowed */

/* Removes the partial files of FOLDER whose names begin with PREFIX and that no process is at, but for the
 * one at KEEP (NULL: none). That is housekeeping: what cannot be removed stays. */
void hny_partial_clean(const char *folder, const char *prefix, const struct hny_partial *keep);

#endif
