/* A digest that is computed aside, by a thread of its own, while the caller makes what comes next. */
#ifndef HNY_BUNDLE_ASIDE_H
#define HNY_BUNDLE_ASIDE_H

#include "base/digest.h"
#include <stdbool.h>

struct hny_aside;

/* With THREAD false there is no thread: hny_aside_add computes. */
hny_status hny_aside_create(struct hny_aside **aside, bool thread);
void hny_aside_destroy(struct hny_aside **aside); /* waits; nulls; NULL is allowed */

hny_status hny_aside_begin(struct hny_aside *aside); /* a digest, of no bytes yet; one at a time */

/* Adds SIZE bytes behind those before. They are read until hny_aside_wait has returned, or another call that
 * waits: others may read them meanwhile, and nobody may change them. */
hny_status hny_aside_add(struct hny_aside *aside, const void *data, size_t size);

/* Waits until all that was added has been read. What failed since the last wait is returned here. */
hny_status hny_aside_wait(struct hny_aside *aside);

/* Waits, and ends the digest: TEXT. */
hny_status hny_aside_end(struct hny_aside *aside, char text[HNY_DIGEST_TEXT]);

#endif
