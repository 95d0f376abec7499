/* A process of a stream: one edge in, one thing done, one edge out (pipeline/stream_core.h is what it knows,
 * this the shell around it). */
#ifndef HNY_PIPELINE_STAGE_H
#define HNY_PIPELINE_STAGE_H

#include "pipeline/edge.h"
#include "pipeline/stage_work.h"

struct hny_stage_options {
    struct hny_edge in, out;
    enum hny_work_kind work;
    struct hny_work_options with;
    bool unordered; /* what is done leaves at once: of the process that writes the stream's end */
    bool follow;    /* a file that is read has no end */
    struct hny_edge_trust trust; /* of links; its own keys are the same as those for the broker */
    const char *position;        /* where a file that is read keeps its position; NULL: PATH.read-position */
    const char *report; /* a file for {"refused": N} at the end; NULL: refused records are a failure */
};

/* Runs until the stream has ended, or hny_stop_requested(): what was read is seen through then, as far as it
 * goes in some seconds. Where trust.allow is given SIGHUP has it read again, for who connects from then on.
 * HNY_INTERRUPTED after that; HNY_ERROR_INPUT where the source's process finds that
 * records were refused. */
hny_status hny_stage_run(const struct hny_stage_options *options);

#endif
