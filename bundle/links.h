/* Which file and tensor of its base each of a delta's builds on. */
#ifndef HNY_BUNDLE_LINKS_H
#define HNY_BUNDLE_LINKS_H

#include "bundle/contents.h"

/* Those of a file; SIZE_MAX: none. They rise, so that both bundles can be read side by side. */
struct hny_bundle_link {
    size_t file;
    size_t *tensors; /* as many as the file has; NULL: none of them */
};

/* Finds what in BASE each file and tensor of BUNDLE could build on: of the same name, type, shape and layout,
 * and behind what was found before. */
hny_status hny_bundle_links_find(struct hny_bundle_link **links, const struct hny_bundle *bundle,
                                 const struct hny_bundle *base);

/* The same for what DELTA says that it builds on, all of which must be there; HNY_ERROR_INPUT names DELTA as
 * SOURCE. */
hny_status hny_bundle_links_check(struct hny_bundle_link **links, const char *source,
                                  const struct hny_bundle *delta, const struct hny_bundle *base);

void hny_bundle_links_free(struct hny_bundle_link **links, size_t files); /* nulls; NULL is allowed */

#endif
