/* A file that a depot receives. A thread of its own writes it, computes its digest as it goes, and in the end
 * has it published, while another verifies what has come (pipeline/pull_check.h); so nobody else is held up
 * meanwhile. */
#ifndef HNY_PIPELINE_DEPOT_UPLOAD_H
#define HNY_PIPELINE_DEPOT_UPLOAD_H

#include "bundle/depot.h"
#include "pipeline/depot_wire.h"

/* Publishes UPLOAD, and verifies it where that is still to be done; HNY_ERROR_INPUT where it is not fit for
 * that. Called in an upload's thread. READING: how uploads are verified while they come. */
struct hny_depot_publisher {
    hny_status (*publish)(void *context, const struct hny_depot_upload_file *upload);
    void *context;
    struct hny_read_options reading;
};

struct hny_depot_upload;

/* FILE of BYTES bytes comes to PATH, which may hold the first part of it from an earlier time. After every
 * step 1 is added to SIGNAL, an eventfd(2). HNY_ERROR_IO also where another process receives it. */
hny_status hny_depot_upload_open(struct hny_depot_upload **upload, const char *path, const char *file,
                                 uint64_t bytes, const struct hny_depot_publisher *publisher, int signal);

/* Waits for the thread: what was given is written first, and what is being published finishes. Nulls; NULL is
 * allowed. */
void hny_depot_upload_close(struct hny_depot_upload **upload);

uint64_t
hny_depot_upload_held(const struct hny_depot_upload *upload);       /* bytes there, or given: what is next */
uint64_t hny_depot_upload_written(struct hny_depot_upload *upload); /* of them on disk, or on their way */

/* The next bytes, copied; not beyond the file's end. */
hny_status hny_depot_upload_give(struct hny_depot_upload *upload, const void *data, size_t size);

/* Nothing more will be given: the thread ends once all is written, unless the file is whole. */
void hny_depot_upload_leave(struct hny_depot_upload *upload);

/* Whether the thread is at its end. *REFUSAL: HNY_DEPOT_NOT_REFUSED, the file is published, or it was left;
 * else why not, with *REASON in words, the upload's. */
bool hny_depot_upload_done(struct hny_depot_upload *upload, enum hny_depot_refusal *refusal,
                           const char **reason);

#endif
