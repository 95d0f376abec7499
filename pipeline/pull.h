/* Fetching a bundle from a depot: whatever carries it, it is here that what comes is checked. */
#ifndef HNY_PIPELINE_PULL_H
#define HNY_PIPELINE_PULL_H

#include "bundle/read.h"
#include "pipeline/carrier.h"

struct hny_pull_options {
    struct hny_read_options reading; /* how the bundle is verified; its bases are not looked at */
    const char *const *bases; /* files, whole bundles, that deltas may build on besides what is there */
    size_t base_count;
    bool whole;        /* the depot's whole bundle must come: no deltas are used */
    unsigned tries;    /* of a connection that fails and brings nothing, at least 1 */
    unsigned pause_ms; /* before the second try; twice as long before each more, to a minute */
};

#define HNY_PULL_DEFAULTS                                                                                    \
    { .reading = HNY_READ_DEFAULTS, .tries = 5, .pause_ms = 500 }

/* What was pulled. Free with hny_pulled_free. */
struct hny_pulled {
    struct hny_bundle contents;
    struct hny_buffer path; /* where it is */
    uint64_t bytes;         /* that came over the carrier */
    uint64_t resumed;       /* that an earlier run had left */
    size_t deltas;          /* that it was made of; 0: it came whole */
    bool changed;           /* false: it was there already */
};
void hny_pulled_free(struct hny_pulled *pulled);

/* Reads the depot's index, the caller's to free. SOURCE stands for the depot in messages. */
hny_status hny_pull_index(const struct hny_carrier *carrier, const char *source,
                          const struct hny_pull_options *options, struct hny_depot_index *index);

/* Fetches what WANTED asks for (hny_depot_index_find) to TO: the file, or with INTO the folder, which is made
 * where it is missing, in which it is called NAME@RELEASE.tar.zst.
 * It comes to a partial file (pipeline/partial.h), where the next call goes on after a failure, an
 * interruption or a death. It gets its name when its size and SHA-256 are the index's, it is a whole bundle
 * (hny_bundle_verify) of that name, release and digest, and it is on disk. So TO is the old file or the new
 * one at any moment. A bundle that is there already and good is not fetched again; one that is damaged is.
 * Where deltas make the release of fewer bytes than the whole bundle has, from what is held (in TO, or in the
 * folder, or by OPTIONS), or where the depot has deltas alone, they are fetched, and the whole bundle is made
 * of them (hny_bundle_flatten), signed by who signed the last delta. The signers that OPTIONS want are asked
 * of that; where the index itself says that none of them signed, nothing is fetched. Where anything is wrong
 * with deltas (HNY_ERROR_INPUT) the whole bundle comes instead, if there is one. HNY_ERROR_INPUT: the depot
 * has it not, or not as it says; HNY_ERROR_IO: it could not be reached, or nothing could be written. What is
 * there is not replaced by an older release of its name unless WANTED names that by its number or digest, and
 * never by other content of the same release: HNY_ERROR_INPUT.
 */
hny_status hny_pull(const struct hny_carrier *carrier, const char *source, const char *wanted, const char *to,
                    bool into, const struct hny_pull_options *options, struct hny_pulled *pulled);

#endif
