/* Reading a bundle from front to back, strictly: every byte of it is one that packing would have put there,
 * or the bundle is refused. Nothing of a tensor is handed on before its digests are checked. */
#ifndef HNY_BUNDLE_READ_H
#define HNY_BUNDLE_READ_H

#include "bundle/contents.h"
#include "bundle/signers.h"
#include "bundle/supply.h"

/* Who takes the restored files, one behind the other; each may be NULL. BYTES comes in pieces of no meaning.
 */
struct hny_bundle_taker {
    hny_status (*begin)(void *context, const struct hny_bundle_file *file);
    hny_status (*bytes)(void *context, const void *data, size_t size);
    hny_status (*end)(void *context);
    void *context;
};

/* How it is read. */
struct hny_read_options {
    const char *const *bases; /* of a delta: paths of what it builds on, the oldest, which is whole, first */
    size_t base_count;
    bool alone;     /* a delta without bases is not refused: its members are checked, and no more */
    size_t threads; /* that decode at once, at least 1; from 2 on one more computes restored files' digests */
    const struct hny_signers *signers; /* one of them must have signed; NULL: whoever did, or nobody */
    bool skip_digests; /* leaves SHA-256 out, for measurements: zstd's checksums still hold against accidents
                        */
};

#define HNY_READ_DEFAULTS                                                                                    \
    { .threads = 1 }

/* Reads all of SUPPLY into BUNDLE (the caller's to free; in the zero state on failure). Memory holds some
 * three times the largest tensor, or 24 MiB where that is more, and as much for each base, whatever the
 * manifest says: room is made for what has come, and what unpacks to more than a thousand times its size is
 * refused. Of a base that is read what the delta needs of it, and checked; a base whose digest is not the
 * parent's is HNY_ERROR_INPUT. A signature must be one by the key that it names, always, and is checked
 * before any file comes. */
hny_status hny_bundle_read(struct hny_supply *supply, const struct hny_bundle_taker *taker,
                           const struct hny_read_options *options, struct hny_bundle *bundle);

/* The same of COUNT bundles that are open, each the base of the next; the bases of OPTIONS are not looked at.
 */
hny_status hny_bundle_read_chain(struct hny_supply *const *supplies, size_t count,
                                 const struct hny_bundle_taker *taker, const struct hny_read_options *options,
                                 struct hny_bundle *bundle);

#endif
