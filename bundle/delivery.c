#include "bundle/delivery.h"

#include "base/descriptor.h"
#include "base/file.h"
#include "base/memory.h"
#include "bundle/frame_code.h"
#include "bundle/tar.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BETWEEN_LEVEL = 1 };

struct hny_delivery {
    struct hny_writer *writer; /* NULL: standard output */
    struct hny_frame_coder *coder;
    struct hny_buffer frame;
    uint64_t bytes, previous; /* the second: of the member before */
};

hny_status hny_delivery_open(struct hny_delivery **delivery, const char *to) {
    struct hny_delivery *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    hny_status status = hny_frame_coder_create(&made->coder);
    if (status == HNY_OK && strcmp(to, "-") != 0) status = hny_writer_open(&made->writer, to);
    if (status == HNY_OK)
        *delivery = made;
    else
        hny_delivery_abandon(&made);
    return status;
}

void hny_delivery_abandon(struct hny_delivery **delivery) {
    if (!*delivery) return;
    hny_writer_abandon(&(*delivery)->writer);
    hny_frame_coder_destroy(&(*delivery)->coder);
    hny_buffer_free(&(*delivery)->frame);
    free(*delivery);
    *delivery = NULL;
}

hny_status hny_delivery_commit(struct hny_delivery **delivery) {
    hny_status status = (*delivery)->writer ? hny_writer_commit(&(*delivery)->writer) : HNY_OK;
    hny_delivery_abandon(delivery);
    return status;
}

hny_status hny_delivery_frames(struct hny_delivery *delivery, const struct hny_buffer *frames) {
    delivery->bytes += frames->size;
    if (delivery->writer) return hny_writer_write(delivery->writer, frames->data, frames->size);
    return hny_descriptor_write(STDOUT_FILENO, "standard output", frames->data, frames->size);
}

/* The frame of what stands between two contents: zeros that fill the last block, and TAIL. */
static hny_status put_between(struct hny_delivery *delivery, const unsigned char *tail, size_t size) {
    unsigned char bytes[HNY_TAR_BLOCK + HNY_TAR_END] = {0};
    size_t padding = hny_tar_padding(delivery->previous);
    memcpy(bytes + padding, tail, size);
    hny_buffer_clear(&delivery->frame);
    HNY_TRY(hny_frame_code(delivery->coder, bytes, padding + size, BETWEEN_LEVEL, &delivery->frame));
    return hny_delivery_frames(delivery, &delivery->frame);
}

hny_status hny_delivery_member(struct hny_delivery *delivery, const char *name, uint64_t size,
                               const struct hny_buffer *frame) {
    unsigned char block[HNY_TAR_BLOCK];
    HNY_TRY(hny_tar_header(block, name, size));
    HNY_TRY(put_between(delivery, block, sizeof block));
    delivery->previous = size;
    return hny_delivery_frames(delivery, frame);
}

hny_status hny_delivery_small(struct hny_delivery *delivery, const char *name, const void *content,
                              size_t size) {
    struct hny_buffer frame = {0};
    hny_status status = hny_frame_code(delivery->coder, content, size, HNY_FRAME_LEVEL_MOST, &frame);
    if (status == HNY_OK) status = hny_delivery_member(delivery, name, size, &frame);
    hny_buffer_free(&frame);
    return status;
}

hny_status hny_delivery_end(struct hny_delivery *delivery) {
    static const unsigned char end[HNY_TAR_END];
    return put_between(delivery, end, sizeof end);
}

uint64_t hny_delivery_bytes(const struct hny_delivery *delivery) {
    return delivery->bytes;
}
