/* The planes of a bundle as it restores, tensor by tensor: from its own members, or, of a delta, from its
 * members and the bundles that it builds on, which are read side by side. */
#ifndef HNY_BUNDLE_CHAIN_H
#define HNY_BUNDLE_CHAIN_H

#include "base/threads.h"
#include "bundle/contents.h"
#include "bundle/supply.h"

struct hny_chain;

enum { HNY_CHAIN_MOST = 64 }; /* bundles of a chain */

/* Reads the manifests of COUNT bundles, the oldest, which must be no delta, first; each must build on the one
 * before it: HNY_ERROR_INPUT names the digests that do not meet. A delta alone is refused too, but where
 * ALONE is set, for hny_chain_check. The supplies and THREADS must outlive the chain. DIGESTS: what is read
 * is checked by SHA-256 too. Memory holds, for each bundle, some three times the largest batch that was asked
 * for. */
hny_status hny_chain_open(struct hny_chain **chain, struct hny_supply *const *supplies, size_t count,
                          struct hny_threads *threads, bool digests, bool alone);

/* The same of files, which the chain opens and closes. */
hny_status hny_chain_open_files(struct hny_chain **chain, const char *const *paths, size_t count,
                                struct hny_threads *threads);
void hny_chain_close(struct hny_chain **chain); /* nulls; NULL is allowed */

const struct hny_bundle *hny_chain_bundle(const struct hny_chain *chain); /* of the newest */
struct hny_bundle hny_chain_take_bundle(struct hny_chain *chain);         /* the same, the caller's to free */

/* The file number FILE as it is, or the header of one in tensors; *CONTENT is valid until the next call.
 * Files, and then tensors in each, are asked for in rising order; what is left out is passed over. */
hny_status hny_chain_first(struct hny_chain *chain, size_t file, const unsigned char **content);

/* The tensors NUMBERS, COUNT of them, rising, of FILE; hny_chain_planes gives the planes of the I-th of
 * them, valid until the next call. */
hny_status hny_chain_tensors(struct hny_chain *chain, size_t file, const size_t *numbers, size_t count);
const unsigned char *const *hny_chain_planes(const struct hny_chain *chain, size_t i);

/* All was asked for: nothing may follow in the newest. */
hny_status hny_chain_end(struct hny_chain *chain);

/* Checks all members of a delta that was opened alone, and that nothing follows. What it restores is not
 * known without its base. */
hny_status hny_chain_check(struct hny_chain *chain);

#endif
