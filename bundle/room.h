/* Memory for a batch, kept for the next one. */
#ifndef HNY_BUNDLE_ROOM_H
#define HNY_BUNDLE_ROOM_H

#include "base/status.h"
#include <stddef.h>
#include <stdint.h>

#define HNY_ROOM_ALIGNMENT ((size_t)64)

struct hny_room {
    unsigned char *bytes;
    size_t size;
};

/* SIZE bytes, 0 too; what was there is gone. */
hny_status hny_room_make(struct hny_room *room, size_t size);
void hny_room_free(struct hny_room *room); /* back to the zero state */

/* SIZE up to the next multiple of HNY_ROOM_ALIGNMENT. */
size_t hny_room_aligned(uint64_t size);

#endif
