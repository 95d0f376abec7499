/* Files of the keys that sign. */
#ifndef HNY_BUNDLE_SIGNING_KEY_H
#define HNY_BUNDLE_SIGNING_KEY_H

#include "bundle/signature.h"

/* A new pair in NAME.key, for its owner's eyes alone (mode 600), and its public half in NAME.pub.
 * HNY_ERROR_INPUT where either file is there already. */
hny_status hny_signing_key_make(const char *name);

/* The pair in PATH. HNY_ERROR_INPUT where it is none, or others than the owner may read or write the file. */
hny_status hny_signing_key_read(const char *path, struct hny_signing_key *key);

#endif
