#include "bundle/members.h"

#include "bundle/frame.h"
#include "bundle/room.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RATIO_MOST ((uint64_t)1000) /* weights do not shrink that much; bombs do */
#define RATIO_FREE ((uint64_t)64 << 20)

enum { MEMBER_NAME = HNY_TAR_NAME + 64 };

/* A member whose frame has come. */
struct piece {
    uint64_t size;
    const char *digest;
    char name[MEMBER_NAME];
    size_t frame_at, frame_size; /* in FRAMES */
    size_t at;                   /* of its content, in ROOM */
};

struct hny_members {
    struct hny_supply *supply;
    struct hny_threads *threads;
    struct hny_bundle bundle;
    bool digests;
    struct hny_frame_decoder **decoders; /* one a thread */
    unsigned char ahead[HNY_TAR_END];    /* what was read to see whether it is the signature's header: */
    size_t ahead_size;                   /* another header, or the end where no member follows; or nothing */
    uint64_t previous;                   /* bytes of the member before */
    uint64_t restored;                   /* bytes of all members so far that no base vouches for */

    struct piece *pieces;
    size_t piece_count, piece_room;
    struct hny_buffer frames, between;
    struct hny_room room; /* contents, each at a multiple of HNY_ROOM_ALIGNMENT */
    size_t size;
};

size_t hny_bundle_member_count(const struct hny_bundle_tensor *tensor) {
    return tensor->change == HNY_CHANGE_SAME ? 0 : tensor->member_count;
}

/* --- The tar around members ---------------------------------------------------------------------------- */

/* The frame of what stands between two contents: zeros that fill the last block, and LEAST to MOST bytes, as
 * many as HNY_TAR_END, to TO; *TAIL receives how many. */
static hny_status read_tail(struct hny_members *members, unsigned char *to, size_t least, size_t most,
                            size_t *tail) {
    unsigned char bytes[HNY_TAR_BLOCK + HNY_TAR_END];
    size_t padding = hny_tar_padding(members->previous);
    uint64_t size;
    hny_buffer_clear(&members->between);
    HNY_TRY(hny_frame_read(members->supply, padding + least, padding + most, &members->between, &size));
    HNY_TRY(hny_frame_decode(members->decoders[0], hny_members_name(members), members->between.data,
                             members->between.size, bytes, size));
    for (size_t i = 0; i < padding; i++)
        if (bytes[i])
            return hny_fail(HNY_ERROR_INPUT, "%s: expected zeros behind a member", hny_members_name(members));
    *tail = size - padding;
    memcpy(to, bytes + padding, *tail);
    return HNY_OK;
}

static hny_status read_between(struct hny_members *members, unsigned char *to, size_t size) {
    size_t tail;
    return read_tail(members, to, size, size, &tail);
}

static hny_status read_manifest(struct hny_members *members) {
    const char *name = hny_members_name(members);
    unsigned char block[HNY_TAR_BLOCK];
    struct hny_buffer text = {0};
    uint64_t size, stated;
    HNY_TRY(read_between(members, block, sizeof block));
    HNY_TRY(hny_tar_size(block, name, &size));
    HNY_TRY(hny_tar_check(block, HNY_BUNDLE_MANIFEST, size, name));
    if (size > HNY_BUNDLE_MANIFEST_MOST)
        return hny_fail(HNY_ERROR_INPUT, "%s: a manifest of %llu bytes, expected at most %llu", name,
                        (unsigned long long)size, (unsigned long long)HNY_BUNDLE_MANIFEST_MOST);
    HNY_TRY(hny_frame_read(members->supply, size, size, &members->frames, &stated));
    hny_status status = hny_buffer_reserve(&text, size);
    if (status == HNY_OK)
        status = hny_frame_decode(members->decoders[0], name, members->frames.data, members->frames.size,
                                  text.data, size);
    if (status == HNY_OK) status = hny_bundle_parse(&members->bundle, name, text.data, size);
    hny_buffer_free(&text);
    members->previous = members->restored = size;
    return status;
}

static bool has_members(const struct hny_bundle *bundle) {
    for (size_t i = 0; i < bundle->file_count; i++) {
        const struct hny_bundle_file *file = &bundle->files[i];
        if (!file->same) return true;
        for (size_t tensor = 0; tensor < file->tensor_count; tensor++)
            if (hny_bundle_member_count(&file->tensors[tensor]) > 0) return true;
    }
    return false;
}

/* What stands before the next content: SIZE bytes behind its zeros. */
static hny_status read_next(struct hny_members *members, unsigned char *to, size_t size) {
    if (members->ahead_size == 0) return read_between(members, to, size);
    if (members->ahead_size != size)
        return hny_fail(HNY_ERROR_INPUT, "%s: expected the end behind the last member",
                        hny_members_name(members));
    memcpy(to, members->ahead, size);
    members->ahead_size = 0;
    return HNY_OK;
}

/* Reads what stands behind the manifest, and the signature where it is that one's header; else keeps it for
 * what comes first: a member's header, or, of a delta that has no member, the end. */
static hny_status read_signature(struct hny_members *members) {
    const char *name = hny_members_name(members);
    const struct hny_signed manifest = hny_bundle_signed(&members->bundle);
    char member[HNY_SIGNATURE_MOST];
    uint64_t stated, size = hny_signature_size(&manifest);
    HNY_TRY(read_tail(members, members->ahead, HNY_TAR_BLOCK,
                      has_members(&members->bundle) ? HNY_TAR_BLOCK : HNY_TAR_END, &members->ahead_size));
    if (strncmp((char *)members->ahead, HNY_SIGNATURE_MEMBER, HNY_TAR_NAME) != 0) return HNY_OK;
    if (members->ahead_size != HNY_TAR_BLOCK)
        return hny_fail(HNY_ERROR_INPUT, "%s: expected %s right behind its header", name,
                        HNY_SIGNATURE_MEMBER);
    members->ahead_size = 0;
    HNY_TRY(hny_tar_check(members->ahead, HNY_SIGNATURE_MEMBER, size, name));
    hny_buffer_clear(&members->frames);
    HNY_TRY(hny_frame_read(members->supply, size, size, &members->frames, &stated));
    HNY_TRY(hny_frame_decode(members->decoders[0], name, members->frames.data, members->frames.size, member,
                             size));
    members->restored += members->previous = size;
    return hny_signature_check(name, member, &manifest, members->bundle.signer, members->bundle.signature);
}

hny_status hny_members_end(struct hny_members *members) {
    static const unsigned char zeros[HNY_TAR_END];
    unsigned char bytes[HNY_TAR_END];
    bool end;
    HNY_TRY(read_next(members, bytes, sizeof bytes));
    if (memcmp(bytes, zeros, sizeof bytes) != 0)
        return hny_fail(HNY_ERROR_INPUT, "%s: expected the end behind the last member",
                        hny_members_name(members));
    HNY_TRY(hny_supply_end(members->supply, &end));
    return end ? HNY_OK
               : hny_fail(HNY_ERROR_INPUT, "%s: something follows behind the end, at byte %llu",
                          hny_members_name(members), (unsigned long long)hny_supply_taken(members->supply));
}

/* --- Batches ------------------------------------------------------------------------------------------- */

void hny_members_begin(struct hny_members *members) {
    hny_buffer_clear(&members->frames);
    members->piece_count = members->size = 0;
}

/* Reads the header and the frame of a member into PIECE. */
static hny_status read_member(struct hny_members *members, const struct hny_bundle_file *file, size_t tensor,
                              size_t number, struct piece *piece) {
    const struct hny_bundle_tensor *of = tensor == SIZE_MAX ? NULL : &file->tensors[tensor];
    const struct hny_bundle_member *member = of ? &of->members[number] : &file->first;
    bool changed = of && of->change != HNY_CHANGE_WHOLE;
    unsigned char block[HNY_TAR_BLOCK];
    uint64_t size;
    hny_bundle_member_name(file, tensor, number, piece->name, sizeof piece->name);
    HNY_TRY(read_next(members, block, sizeof block));
    HNY_TRY(hny_tar_check(block, piece->name, member->size, hny_members_name(members)));
    piece->size = member->size;
    piece->digest = changed ? member->changed : member->digest;
    piece->frame_at = members->frames.size;
    HNY_TRY(hny_frame_read(members->supply, member->size, member->size, &members->frames, &size));
    piece->frame_size = members->frames.size - piece->frame_at;
    members->previous = member->size;
    if (!changed) members->restored += member->size;
    return HNY_OK;
}

hny_status hny_members_add(struct hny_members *members, const struct hny_bundle_file *file, size_t tensor,
                           size_t number) {
    if (hny_grow(&members->pieces, &members->piece_room, members->piece_count + 1, sizeof *members->pieces) !=
        0)
        return HNY_ERROR_MEMORY;
    struct piece *piece = &members->pieces[members->piece_count];
    HNY_TRY(read_member(members, file, tensor, number, piece));
    piece->at = members->size;
    members->size += hny_room_aligned(piece->size);
    members->piece_count++;
    return HNY_OK;
}

hny_status hny_members_skip(struct hny_members *members, const struct hny_bundle_file *file, size_t tensor,
                            size_t number) {
    struct piece piece;
    uint64_t restored = members->restored;
    size_t kept = members->frames.size;
    HNY_TRY(read_member(members, file, tensor, number, &piece));
    members->frames.size = kept;
    members->restored = restored;
    return HNY_OK;
}

static hny_status check_ratio(const struct hny_members *members) {
    uint64_t taken = hny_supply_taken(members->supply);
    if (members->restored <= RATIO_FREE || (members->restored - RATIO_FREE) / RATIO_MOST < taken)
        return HNY_OK;
    return hny_fail(HNY_ERROR_INPUT, "%s: %llu bytes unpack to %llu: over %llu times as many is no model",
                    hny_members_name(members), (unsigned long long)taken,
                    (unsigned long long)members->restored, (unsigned long long)RATIO_MOST);
}

static void name_piece(const struct hny_members *members, const struct piece *piece, char *name,
                       size_t room) {
    snprintf(name, room, "%s: %s", hny_members_name(members), piece->name);
}

static hny_status check_digest(const struct piece *piece, const char *name,
                               const char digest[HNY_DIGEST_TEXT]) {
    if (strcmp(digest, piece->digest) == 0) return HNY_OK;
    return hny_fail(HNY_ERROR_INPUT, "%s: altered: its SHA-256 is %s, but the manifest says %s", name, digest,
                    piece->digest);
}

static hny_status decode_piece(void *context, size_t number, size_t thread) {
    const struct hny_members *members = context;
    const struct piece *piece = &members->pieces[number];
    char name[1024], digest[HNY_DIGEST_TEXT];
    unsigned char *to = members->room.bytes + piece->at;
    name_piece(members, piece, name, sizeof name);
    HNY_TRY(hny_frame_decode(members->decoders[thread], name, members->frames.data + piece->frame_at,
                             piece->frame_size, to, piece->size));
    if (!members->digests) return HNY_OK;
    HNY_TRY(hny_digest_bytes(to, piece->size, digest));
    return check_digest(piece, name, digest);
}

hny_status hny_members_decode(struct hny_members *members) {
    HNY_TRY(check_ratio(members));
    HNY_TRY(hny_room_make(&members->room, members->size));
    return hny_threads_run(members->threads, members->piece_count, decode_piece, members);
}

static hny_status check_piece(void *context, size_t number, size_t thread) {
    const struct hny_members *members = context;
    const struct piece *piece = &members->pieces[number];
    char name[1024], digest[HNY_DIGEST_TEXT];
    name_piece(members, piece, name, sizeof name);
    HNY_TRY(hny_frame_digest(members->decoders[thread], name, members->frames.data + piece->frame_at,
                             piece->frame_size, piece->size, digest));
    return check_digest(piece, name, digest);
}

hny_status hny_members_check(struct hny_members *members) {
    return hny_threads_run(members->threads, members->piece_count, check_piece, members);
}

const unsigned char *hny_members_at(const struct hny_members *members, size_t number) {
    return members->room.bytes + members->pieces[number].at;
}

/* --- All of it ----------------------------------------------------------------------------------------- */

static hny_status fill(struct hny_members *members) {
    size_t threads = hny_threads_count(members->threads);
    members->decoders = hny_allocate(threads, sizeof(struct hny_frame_decoder *));
    if (!members->decoders) return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < threads; i++) HNY_TRY(hny_frame_decoder_create(&members->decoders[i]));
    HNY_TRY(read_manifest(members));
    return read_signature(members);
}

hny_status hny_members_open(struct hny_members **members, struct hny_supply *supply,
                            struct hny_threads *threads, bool digests) {
    struct hny_members *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->supply = supply;
    made->threads = threads;
    made->digests = digests;
    hny_status status = fill(made);
    if (status == HNY_OK)
        *members = made;
    else
        hny_members_close(&made);
    return status;
}

void hny_members_close(struct hny_members **members) {
    struct hny_members *old = *members;
    if (!old) return;
    for (size_t i = 0; old->decoders && i < hny_threads_count(old->threads); i++)
        hny_frame_decoder_destroy(&old->decoders[i]);
    free(old->decoders);
    free(old->pieces);
    hny_buffer_free(&old->frames);
    hny_buffer_free(&old->between);
    hny_room_free(&old->room);
    hny_bundle_free(&old->bundle);
    free(old);
    *members = NULL;
}

const struct hny_bundle *hny_members_bundle(const struct hny_members *members) {
    return &members->bundle;
}

struct hny_bundle hny_members_take_bundle(struct hny_members *members) {
    struct hny_bundle bundle = members->bundle;
    members->bundle = (struct hny_bundle){0};
    return bundle;
}

const char *hny_members_name(const struct hny_members *members) {
    return hny_supply_name(members->supply);
}
