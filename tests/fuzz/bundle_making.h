/* Bundles made of a fuzzer's bytes, and what is asked of those that are read: for fuzz_bundle.c and
 * fuzz_delta.c. */
#ifndef TESTS_FUZZ_BUNDLE_MAKING_H
#define TESTS_FUZZ_BUNDLE_MAKING_H

#include "base/json.h"
#include "bundle/frame_code.h"
#include "bundle/members.h"

/* What goes into a bundle, and what is still to be made of it. */
struct bundle_making {
    struct hny_frame_coder *coder;
    struct hny_buffer frames;
    size_t piece, wrong_piece, wrong_at;
    uint8_t change;
    const uint8_t *rest; /* contents are made of it, over and over */
    size_t rest_size, rest_at;
    uint64_t previous;
};

/* One piece, coded; the one that is to be wrong gets its change in BYTES. */
void making_add_piece(struct bundle_making *making, unsigned char *bytes, size_t size);

/* A member with CONTENT, or NULL: with SIZE bytes of the rest. */
void making_add_member(struct bundle_making *making, const char *name, uint64_t size, const void *content);

/* All members that FILE asks for. */
void making_add_file(struct bundle_making *making, const struct hny_bundle_file *file);

/* Appends TEXT to COMPLETE; where it is a delta's manifest with `full`, with that as it has to be, since no
 * fuzzer finds it, and with PARENT, unless that is NULL, as its parent. */
void making_complete(const char *text, size_t size, const char *parent, struct hny_buffer *complete);

/* Of a taker: looks at every byte, and adds their number to the uint64_t at CONTEXT. */
hny_status making_count_bytes(void *context, const void *data, size_t size);

/* A reader that fails with STATUS leaves a message, and nothing in BUNDLE. */
void making_check_failure(hny_status status, const struct hny_bundle *bundle);

/* What was read is the same printed and parsed. */
void making_check_round_trip(const struct hny_bundle *bundle);

#endif
