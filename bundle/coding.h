/* Pieces of bytes that are coded as frames at once. */
#ifndef HNY_BUNDLE_CODING_H
#define HNY_BUNDLE_CODING_H

#include "base/threads.h"
#include "bundle/change.h"
#include "bundle/frame_code.h"

struct hny_coding_piece {
    const unsigned char *data;
    uint64_t size;
    int level;          /* hny_frame_code */
    const size_t *cuts; /* hny_frame_code_runs; NULL: none */
    size_t cut_count;
    struct hny_buffer frame; /* what it becomes; belongs to the coding */
};

struct hny_coding {
    struct hny_threads *threads;
    struct hny_frame_coder **coders; /* one a thread */
    struct hny_coding_piece *pieces;
    size_t count, room;
};

/* CODING, in the zero state, is the caller's to hny_coding_close also after a failure. */
hny_status hny_coding_open(struct hny_coding *coding, struct hny_threads *threads);
void hny_coding_close(struct hny_coding *coding); /* back to the zero state */

void hny_coding_begin(struct hny_coding *coding); /* no pieces; buffers of frames are kept */
hny_status hny_coding_add(struct hny_coding *coding, struct hny_coding_piece piece);
hny_status hny_coding_run(struct hny_coding *coding); /* codes all pieces */

#endif
