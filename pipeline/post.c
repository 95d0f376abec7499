#include "pipeline/post.h"

#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

void hny_post_free(struct hny_post *post) {
    hny_parcel_free(&post->parcel);
    hny_frames_free(&post->frames);
    free(post->pieces);
    *post = (struct hny_post){0};
}

hny_status hny_post_send(struct hny_post *post, void *socket, const struct hny_piece *address,
                         const struct hny_message *message) {
    const struct hny_frames *frames = &post->frames;
    size_t count = 0;
    bool sent;
    HNY_TRY(hny_wire_write(&post->frames, message));
    if (hny_grow(&post->pieces, &post->capacity, frames->count + 2, sizeof *post->pieces))
        return HNY_ERROR_MEMORY;
    if (address) post->pieces[count++] = *address;
    post->pieces[count++] = (struct hny_piece){"", 0};
    memcpy(post->pieces + count, frames->pieces, frames->count * sizeof *post->pieces);
    return hny_parcel_send_shared(socket, post->pieces, count + frames->count, message->payload, &sent);
}

hny_status hny_post_receive(struct hny_post *post, void *socket, struct hny_message *message, bool *any) {
    const struct hny_parcel *parcel = &post->parcel;
    for (;;) {
        HNY_TRY(hny_parcel_receive(socket, &post->parcel, any));
        if (!*any) return HNY_OK;
        if (parcel->cut || parcel->count < 2 || parcel->pieces[0].size != 0) continue;
        hny_status status = hny_wire_read(parcel->pieces + 1, parcel->count - 1, message);
        if (status != HNY_ERROR_INPUT) return status;
    }
}
