#include "bundle/room.h"

#include "base/memory.h"
#include <stdlib.h>

hny_status hny_room_make(struct hny_room *room, size_t size) {
    if (room->bytes && size <= room->size) return HNY_OK;
    hny_room_free(room);
    room->bytes = hny_allocate(size, 1);
    if (!room->bytes) return HNY_ERROR_MEMORY;
    room->size = size;
    return HNY_OK;
}

void hny_room_free(struct hny_room *room) {
    free(room->bytes);
    *room = (struct hny_room){0};
}

size_t hny_room_aligned(uint64_t size) {
    return (size_t)(size + HNY_ROOM_ALIGNMENT - 1) / HNY_ROOM_ALIGNMENT * HNY_ROOM_ALIGNMENT;
}
