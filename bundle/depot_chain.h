/* How the bundles of a depot make a content: a whole one, or deltas, each on what those before it make. */
#ifndef HNY_BUNDLE_DEPOT_CHAIN_H
#define HNY_BUNDLE_DEPOT_CHAIN_H

#include "bundle/chain.h"
#include "bundle/depot_index.h"
#include "bundle/signers.h"

struct hny_depot_chain {
    size_t held; /* which of the digests held it begins with; SIZE_MAX: none, its first bundle is whole */
    const struct hny_depot_bundle *bundles[HNY_CHAIN_MOST]; /* in order; the index's */
    size_t count;                                           /* at least 1 */
    uint64_t bytes;                                         /* of all of them */
};

/* Finds the chain of the fewest bytes that makes the content with the digest CONTENT
 * (hny_depot_bundle.restores), where the contents HELD, COUNT of them, cost nothing; of equal ones the whole
 * bundle. SIGNERS: the last bundle must be signed by one of them, as the index has it; NULL: by anyone or
 * nobody. *FOUND false: there is none, or none of at most HNY_CHAIN_MOST bundles, with the one held.
 * HNY_ERROR_MEMORY alone is a failure. */
hny_status hny_depot_chain_find(const struct hny_depot_index *index, const char *content,
                                const char (*held)[HNY_DIGEST_TEXT], size_t count,
                                const struct hny_signers *signers, struct hny_depot_chain *chain,
                                bool *found);

#endif
