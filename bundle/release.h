/* What a bundle is called: NAME, or NAME@RELEASE, as en-ja@3. */
#ifndef HNY_BUNDLE_RELEASE_H
#define HNY_BUNDLE_RELEASE_H

#include "base/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HNY_RELEASE_NAME = 65 };                    /* bytes of a name, its NUL included */
enum { HNY_RELEASE_TEXT = HNY_RELEASE_NAME + 17 }; /* of both */

#define HNY_RELEASE_MOST (((uint64_t)1 << 53) - 1) /* every reader of JSON holds it exactly */
#define HNY_RELEASE_LATEST UINT64_MAX              /* what @latest stands for */

struct hny_release {
    char name[HNY_RELEASE_NAME];
    uint64_t number; /* from 1 on; 0: none; HNY_RELEASE_LATEST */
};

/* Whether NAME can be a bundle's: letters, digits, ".", "_" and "-", 64 at most, the first no ".". So it
 * stands in a path, in an address and in a terminal as it is. */
bool hny_release_name_fits(const char *name);

/* TEXT is NAME, NAME@N or NAME@latest; anything else is HNY_ERROR_USAGE. N is a whole number from 1 to
 * HNY_RELEASE_MOST, without zeros before it. */
hny_status hny_release_parse(struct hny_release *release, const char *text);

/* The same back. */
void hny_release_print(const char *name, uint64_t number, char text[HNY_RELEASE_TEXT]);

#endif
