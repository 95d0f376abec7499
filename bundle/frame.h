/* Frames of zstd (RFC 8878), each of one piece of known size, with its checksum. */
#ifndef HNY_BUNDLE_FRAME_H
#define HNY_BUNDLE_FRAME_H

#include "base/buffer.h"
#include "base/digest.h"
#include "bundle/supply.h"

struct hny_frame_decoder; /* what one thread needs */
hny_status hny_frame_decoder_create(struct hny_frame_decoder **decoder);
void hny_frame_decoder_destroy(struct hny_frame_decoder **decoder); /* nulls; NULL is allowed */

/* Appends the next frame of SUPPLY to FRAME, still coded. It must say that it holds LEAST to MOST bytes;
 * *SIZE receives how many. HNY_ERROR_INPUT where it breaks off, is no frame, or lacks size or checksum.
 * Memory grows with what comes, not with what is said. */
hny_status hny_frame_read(struct hny_supply *supply, uint64_t least, uint64_t most, struct hny_buffer *frame,
                          uint64_t *size);

/* Decodes the frame of SIZE bytes at FRAME, which holds exactly TO_SIZE bytes, to TO. */
hny_status hny_frame_decode(struct hny_frame_decoder *decoder, const char *name, const void *frame,
                            size_t size, void *to, size_t to_size);

/* The digest of the same, without room for it. */
hny_status hny_frame_digest(struct hny_frame_decoder *decoder, const char *name, const void *frame,
                            size_t size, uint64_t to_size, char digest[HNY_DIGEST_TEXT]);

#endif
