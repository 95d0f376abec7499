/* Making frames of zstd: see frame.h. */
#ifndef HNY_BUNDLE_FRAME_CODE_H
#define HNY_BUNDLE_FRAME_CODE_H

#include "base/buffer.h"

struct hny_frame_coder; /* what one thread needs */
hny_status hny_frame_coder_create(struct hny_frame_coder **coder);
void hny_frame_coder_destroy(struct hny_frame_coder **coder); /* nulls; NULL is allowed */

enum { HNY_FRAME_LEVEL_MOST = 19 };

/* Appends SIZE bytes of DATA to FRAMES as one frame, in the way that makes it smallest of those tried:
 * stored, where the counts of bytes say that nothing can be gained; by entropy alone (Huffman codes, no
 * repetitions), which suits exponents; and with repetitions at LEVEL, 1 to HNY_FRAME_LEVEL_MOST, or 0 not to
 * try. Up to level 9 a sample decides whether repetitions pay; from 10 on all is coded both ways. The same
 * DATA and LEVEL give the same bytes from the same version of libzstd. */
hny_status hny_frame_code(struct hny_frame_coder *coder, const void *data, size_t size, int level,
                          struct hny_buffer *frames);

/* The same where DATA consists of runs of different kinds, which end at CUTS, COUNT places in rising order
 * within it: each begins a block of its own, with codes of its own. */
hny_status hny_frame_code_runs(struct hny_frame_coder *coder, const void *data, size_t size,
                               const size_t *cuts, size_t count, int level, struct hny_buffer *frames);

#endif
