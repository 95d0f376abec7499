/* The members of one bundle, read from front to back: headers checked byte by byte, frames decoded, contents
 * checked by the digests of the manifest. What becomes of the contents is for bundle/chain.h. */
#ifndef HNY_BUNDLE_MEMBERS_H
#define HNY_BUNDLE_MEMBERS_H

#include "base/threads.h"
#include "bundle/contents.h"
#include "bundle/supply.h"

struct hny_members;

/* Reads the manifest of SUPPLY, which must outlive the members as THREADS must. DIGESTS: contents are checked
 * by SHA-256 too. */
hny_status hny_members_open(struct hny_members **members, struct hny_supply *supply,
                            struct hny_threads *threads, bool digests);
void hny_members_close(struct hny_members **members); /* nulls; NULL is allowed */
const struct hny_bundle *hny_members_bundle(const struct hny_members *members);
struct hny_bundle hny_members_take_bundle(struct hny_members *members); /* the caller's to free */
const char *hny_members_name(const struct hny_members *members);        /* of the supply */

/* How many members TENSOR has in the bundle, none where it is the same as the base's. */
size_t hny_bundle_member_count(const struct hny_bundle_tensor *tensor);

/* Begins a batch. What was decoded before is gone. */
void hny_members_begin(struct hny_members *members);

/* Puts the next member into the batch; it must be plane NUMBER of FILE's TENSOR, or FILE's first, where
 * TENSOR is SIZE_MAX. Members are called for in the manifest's order, each once. */
hny_status hny_members_add(struct hny_members *members, const struct hny_bundle_file *file, size_t tensor,
                           size_t number);

/* Passes the next member over, and does not decode it. */
hny_status hny_members_skip(struct hny_members *members, const struct hny_bundle_file *file, size_t tensor,
                            size_t number);

/* Decodes and checks all of the batch. What all members unpack to must not be over a thousand times what was
 * read, but for changes of a base's tensors, which the base has shown to be as large. */
hny_status hny_members_decode(struct hny_members *members);
const unsigned char *hny_members_at(const struct hny_members *members, size_t number); /* in the batch */

/* Checks all of the batch without making room for it. */
hny_status hny_members_check(struct hny_members *members);

/* All members were called for: nothing but the end may follow. */
hny_status hny_members_end(struct hny_members *members);

#endif
