/* What a bundle's manifest says, for people and for programs. */
#ifndef HNY_TOOLS_ABOUT_BUNDLE_H
#define HNY_TOOLS_ABOUT_BUNDLE_H

#include "bundle/contents.h"
#include <jansson.h>

/* A new object: name, release, languages, precision, scores, signer (null where there is none), files,
 * tensors, bytes (restored), packed (the file's), sha256 (the manifest's), parent (null
 * where it is no delta), full (the sha256 of the whole bundle that restores the same). NULL with a message
 * where memory is out. */
json_t *hny_about_bundle(const struct hny_bundle *bundle);

/* The same to standard output, one a line; null ones are left out. */
void hny_about_bundle_print(const struct hny_bundle *bundle);

#endif
