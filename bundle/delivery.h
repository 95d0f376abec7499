/* A bundle on its way out: members, each in a frame behind that of its header. */
#ifndef HNY_BUNDLE_DELIVERY_H
#define HNY_BUNDLE_DELIVERY_H

#include "base/buffer.h"
#include <stdint.h>

struct hny_delivery;

/* To the file TO, whole or not at all; "-": to standard output, as it comes. */
hny_status hny_delivery_open(struct hny_delivery **delivery, const char *to);
hny_status hny_delivery_commit(struct hny_delivery **delivery); /* nulls; the file is there */
void hny_delivery_abandon(struct hny_delivery **delivery);      /* nulls; NULL is allowed */

/* The header of the member NAME with SIZE bytes, and FRAME, which holds them coded. */
hny_status hny_delivery_member(struct hny_delivery *delivery, const char *name, uint64_t size,
                               const struct hny_buffer *frame);

/* The same, of CONTENT, coded here as what is small: at the highest level. */
hny_status hny_delivery_small(struct hny_delivery *delivery, const char *name, const void *content,
                              size_t size);

/* FRAMES as they are, which hold headers and contents by turns: whatever follows. */
hny_status hny_delivery_frames(struct hny_delivery *delivery, const struct hny_buffer *frames);

/* The end behind the last member. */
hny_status hny_delivery_end(struct hny_delivery *delivery);

uint64_t hny_delivery_bytes(const struct hny_delivery *delivery); /* so far */

#endif
