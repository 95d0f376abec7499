#include "bundle/coding.h"

#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

hny_status hny_coding_open(struct hny_coding *coding, struct hny_threads *threads) {
    size_t count = hny_threads_count(threads);
    coding->threads = threads;
    coding->coders = hny_allocate(count, sizeof(struct hny_frame_coder *));
    if (!coding->coders) return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < count; i++) HNY_TRY(hny_frame_coder_create(&coding->coders[i]));
    return HNY_OK;
}

void hny_coding_close(struct hny_coding *coding) {
    for (size_t i = 0; coding->coders && i < hny_threads_count(coding->threads); i++)
        hny_frame_coder_destroy(&coding->coders[i]);
    free(coding->coders);
    for (size_t i = 0; i < coding->room; i++) hny_buffer_free(&coding->pieces[i].frame);
    free(coding->pieces);
    *coding = (struct hny_coding){0};
}

void hny_coding_begin(struct hny_coding *coding) {
    coding->count = 0;
}

/* Keeps the buffer that it finds: it is warm. */
hny_status hny_coding_add(struct hny_coding *coding, struct hny_coding_piece piece) {
    size_t before = coding->room;
    if (hny_grow(&coding->pieces, &coding->room, coding->count + 1, sizeof piece) != 0)
        return HNY_ERROR_MEMORY;
    if (coding->room > before) memset(coding->pieces + before, 0, (coding->room - before) * sizeof piece);
    piece.frame = coding->pieces[coding->count].frame;
    hny_buffer_clear(&piece.frame);
    coding->pieces[coding->count++] = piece;
    return HNY_OK;
}

static hny_status code_piece(void *context, size_t number, size_t thread) {
    struct hny_coding *coding = context;
    struct hny_coding_piece *piece = &coding->pieces[number];
    return hny_frame_code_runs(coding->coders[thread], piece->data, piece->size, piece->cuts,
                               piece->cut_count, piece->level, &piece->frame);
}

hny_status hny_coding_run(struct hny_coding *coding) {
    return hny_threads_run(coding->threads, coding->count, code_piece, coding);
}
