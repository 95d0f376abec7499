/* SHA-256 (FIPS 180-4), computed by OpenSSL. */
#ifndef HNY_BASE_DIGEST_H
#define HNY_BASE_DIGEST_H

#include "base/status.h"
#include <stdbool.h>
#include <stddef.h>

#define HNY_DIGEST_TEXT 65 /* 64 lower-case hexadecimal digits and a NUL */

struct hny_digest;
hny_status hny_digest_open(struct hny_digest **digest);
hny_status hny_digest_add(struct hny_digest *digest, const void *data, size_t size);

/* Ends and nulls *DIGEST; TEXT may be NULL. */
hny_status hny_digest_close(struct hny_digest **digest, char text[HNY_DIGEST_TEXT]);

hny_status hny_digest_bytes(const void *data, size_t size, char text[HNY_DIGEST_TEXT]);
hny_status hny_digest_file(const char *path, char text[HNY_DIGEST_TEXT]);

/* Of all that FD still gives, which stays the caller's; PATH stands for it in messages. */
hny_status hny_digest_descriptor(int fd, const char *path, char text[HNY_DIGEST_TEXT]);

/* Whether TEXT begins with the 64 digits of a digest; what follows them is not looked at. */
bool hny_digest_at(const char *text);

#endif
