/* Reading a bundle from front to back, strictly: every byte of it is one that packing would have put there,
 * or the bundle is refused. Nothing of a tensor is handed on before its digests are checked. */
#ifndef HNY_BUNDLE_READ_H
#define HNY_BUNDLE_READ_H

#include "bundle/contents.h"
#include "bundle/supply.h"

/* Who takes the restored files, one behind the other; each may be NULL. BYTES comes in pieces of no meaning.
 */
struct hny_bundle_taker {
    hny_status (*begin)(void *context, const struct hny_bundle_file *file);
    hny_status (*bytes)(void *context, const void *data, size_t size);
    hny_status (*end)(void *context);
    void *context;
};

/* Reads all of SUPPLY into BUNDLE (the caller's to free; in the zero state on failure). THREADS decode at
 * once. Memory holds some three times the largest tensor, or 24 MiB where that is more, whatever the manifest
 * says: room is made for what has come, and what unpacks to more than a thousand times its size is refused.
 * DIGESTS false leaves SHA-256 out, for measurements: zstd's checksums still hold against accidents. */
hny_status hny_bundle_read(struct hny_supply *supply, const struct hny_bundle_taker *taker, size_t threads,
                           bool digests, struct hny_bundle *bundle);

#endif
