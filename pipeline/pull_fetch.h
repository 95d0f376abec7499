/* One file of a depot on its way here, whatever breaks off between. */
#ifndef HNY_PIPELINE_PULL_FETCH_H
#define HNY_PIPELINE_PULL_FETCH_H

#include "pipeline/partial.h"
#include "pipeline/pull.h"
#include "pipeline/pull_check.h"

struct hny_fetch {
    const struct hny_carrier *carrier;
    const char *source; /* stands for the depot in messages */
    const struct hny_pull_options *options;
    uint64_t bytes;     /* that came over the carrier, of all files */
    uint64_t resumed;   /* that had been left and were good, of all files */
    bool depot_refused; /* the depot, and not what is done here, was why the last one failed */
    /* Of the file that is on its way: */
    const struct hny_depot_bundle *bundle;
    struct hny_partial *partial;
    struct hny_pull_check *check; /* that reads it meanwhile; the caller's; NULL: none */
    double begin;
    uint64_t came;
};

/* After FAILURES tries that failed, for the reason in hny_message(): waits before the next. */
hny_status hny_fetch_wait(const struct hny_pull_options *options, unsigned failures);

/* Fetches what PARTIAL, which was opened for BUNDLE's file, has not. HNY_OK: the file is there, and has the
 * SHA-256 that the index states (hny_partial_check). On failure PARTIAL is removed, and nulled, where it is
 * of no use to a later run. */
hny_status hny_fetch(struct hny_fetch *fetch, const struct hny_depot_bundle *bundle,
                     struct hny_partial **partial);

#endif
