/* The headers of a tar as POSIX.1-1988 has them (ustar), for plain files alone.
 *
 * Written here and not through libarchive, which hands bytes to its own filters without saying where a header
 * ends, while a bundle puts each member's content into a frame of its own. And read by building the header
 * that a member must have and comparing all of its bytes: links, devices, paths out of the folder, owners and
 * extensions need no rules, they are just not that header. */
#ifndef HNY_BUNDLE_TAR_H
#define HNY_BUNDLE_TAR_H

#include "base/status.h"
#include <stddef.h>
#include <stdint.h>

enum { HNY_TAR_BLOCK = 512, HNY_TAR_END = 2 * HNY_TAR_BLOCK };
enum { HNY_TAR_NAME = 100 };                   /* bytes of a member's name, its NUL included */
#define HNY_TAR_MOST (((uint64_t)1 << 33) - 1) /* bytes of a member: eleven octal digits */

/* The header of the plain file NAME of SIZE bytes: mode 644, owner and time 0. HNY_ERROR_USAGE where NAME or
 * SIZE does not fit. */
hny_status hny_tar_header(unsigned char block[HNY_TAR_BLOCK], const char *name, uint64_t size);

/* BLOCK must be the header of NAME and SIZE; else HNY_ERROR_INPUT says what it is instead. SOURCE stands for
 * the bundle in messages. */
hny_status hny_tar_check(const unsigned char block[HNY_TAR_BLOCK], const char *name, uint64_t size,
                         const char *source);

/* The size that BLOCK states; HNY_ERROR_INPUT where it is no number. */
hny_status hny_tar_size(const unsigned char block[HNY_TAR_BLOCK], const char *source, uint64_t *size);

/* Zeros behind a content of SIZE bytes. */
size_t hny_tar_padding(uint64_t size);

#endif
