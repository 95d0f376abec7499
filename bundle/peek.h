/* What a bundle says of itself, without reading all of it. */
#ifndef HNY_BUNDLE_PEEK_H
#define HNY_BUNDLE_PEEK_H

#include "bundle/contents.h"

/* Reads the manifest of the file PATH, and nothing behind it: name, release and digest are those stated, but
 * that the rest has those digests is not known. BUNDLE is the caller's to free; in the zero state on failure,
 * which is HNY_ERROR_INPUT where PATH is no bundle. */
hny_status hny_bundle_peek(const char *path, struct hny_bundle *bundle);

#endif
