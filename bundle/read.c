#include "bundle/read.h"

#include "base/threads.h"
#include "bundle/frame.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_BYTES ((uint64_t)4 << 20) /* of restored tensors that are decoded at once, or one tensor */
#define ALIGNMENT ((size_t)64)
#define RATIO_MOST ((uint64_t)1000) /* weights do not shrink that much; bombs do */
#define RATIO_FREE ((uint64_t)64 << 20)

enum { MEMBER_NAME = HNY_TAR_NAME + 64 };

/* A member whose frame has come. */
struct piece {
    const struct hny_bundle_member *member;
    char name[MEMBER_NAME];
    size_t frame_at, frame_size; /* in FRAMES */
    size_t at;                   /* of its content, in PLANES */
};

/* A tensor of the batch, and its first piece. */
struct part {
    const struct hny_bundle_tensor *tensor;
    size_t piece, at; /* the second in DATA */
};

struct room {
    unsigned char *bytes;
    size_t size;
};

struct reading {
    struct hny_supply *supply;
    const struct hny_bundle_taker *taker;
    struct hny_bundle *bundle;
    const struct hny_read_options *options;
    struct hny_threads *threads;
    struct hny_frame_decoder **decoders; /* one a thread */
    struct hny_digest *digest;           /* of the file that is being restored */
    unsigned char ahead[HNY_TAR_BLOCK];  /* a header that was read to see whose it is */
    bool has_ahead;
    uint64_t previous; /* bytes of the member before */
    uint64_t restored; /* bytes of all members so far */

    struct piece *pieces;
    size_t piece_count, piece_room;
    struct part *parts;
    size_t part_count, part_room;
    struct hny_buffer frames;
    struct room planes, data;
    size_t planes_size, data_size;
};

/* --- The tar around members ---------------------------------------------------------------------------- */

/* The frame of what stands between two contents: zeros that fill the last block, and TAIL bytes, to TO. */
static hny_status read_between(struct reading *reading, unsigned char *to, size_t tail) {
    unsigned char bytes[HNY_TAR_BLOCK + HNY_TAR_END];
    size_t padding = hny_tar_padding(reading->previous);
    uint64_t size;
    hny_buffer_clear(&reading->frames);
    HNY_TRY(hny_frame_read(reading->supply, padding + tail, padding + tail, &reading->frames, &size));
    HNY_TRY(hny_frame_decode(reading->decoders[0], hny_supply_name(reading->supply), reading->frames.data,
                             reading->frames.size, bytes, padding + tail));
    for (size_t i = 0; i < padding; i++)
        if (bytes[i])
            return hny_fail(HNY_ERROR_INPUT, "%s: expected zeros behind a member",
                            hny_supply_name(reading->supply));
    memcpy(to, bytes + padding, tail);
    return HNY_OK;
}

static hny_status read_manifest(struct reading *reading) {
    const char *name = hny_supply_name(reading->supply);
    unsigned char block[HNY_TAR_BLOCK];
    struct hny_buffer text = {0};
    uint64_t size, stated;
    HNY_TRY(read_between(reading, block, sizeof block));
    HNY_TRY(hny_tar_size(block, name, &size));
    HNY_TRY(hny_tar_check(block, HNY_BUNDLE_MANIFEST, size, name));
    if (size > HNY_BUNDLE_MANIFEST_MOST)
        return hny_fail(HNY_ERROR_INPUT, "%s: a manifest of %llu bytes, expected at most %llu", name,
                        (unsigned long long)size, (unsigned long long)HNY_BUNDLE_MANIFEST_MOST);
    hny_buffer_clear(&reading->frames);
    HNY_TRY(hny_frame_read(reading->supply, size, size, &reading->frames, &stated));
    hny_status status = hny_buffer_reserve(&text, size);
    if (status == HNY_OK)
        status = hny_frame_decode(reading->decoders[0], name, reading->frames.data, reading->frames.size,
                                  text.data, size);
    if (status == HNY_OK) status = hny_bundle_parse(reading->bundle, name, text.data, size);
    hny_buffer_free(&text);
    reading->previous = reading->restored = size;
    return status;
}

/* Reads the header behind the manifest, and the signature where it is that one's; else keeps it for the first
 * file. */
static hny_status read_signature(struct reading *reading) {
    const char *name = hny_supply_name(reading->supply);
    char member[HNY_SIGNATURE_SIZE];
    uint64_t size;
    HNY_TRY(read_between(reading, reading->ahead, sizeof reading->ahead));
    reading->has_ahead = strncmp((char *)reading->ahead, HNY_SIGNATURE_MEMBER, HNY_TAR_NAME) != 0;
    if (reading->has_ahead) return HNY_OK;
    HNY_TRY(hny_tar_check(reading->ahead, HNY_SIGNATURE_MEMBER, sizeof member, name));
    hny_buffer_clear(&reading->frames);
    HNY_TRY(hny_frame_read(reading->supply, sizeof member, sizeof member, &reading->frames, &size));
    HNY_TRY(hny_frame_decode(reading->decoders[0], name, reading->frames.data, reading->frames.size, member,
                             sizeof member));
    reading->restored += reading->previous = sizeof member;
    return hny_signature_check(name, member, reading->bundle->digest, reading->bundle->signer);
}

static hny_status check_signer(const struct reading *reading) {
    const struct hny_signers *signers = reading->options->signers;
    const char *name = hny_supply_name(reading->supply), *signer = reading->bundle->signer;
    if (!signers || hny_signers_have(signers, signer)) return HNY_OK;
    return *signer
               ? hny_fail(HNY_ERROR_INPUT, "%s: signed by %s, which is none of the keys given", name, signer)
               : hny_fail(HNY_ERROR_INPUT, "%s: nobody signed it, expected one of the keys given", name);
}

static hny_status read_end(struct reading *reading) {
    static const unsigned char zeros[HNY_TAR_END];
    unsigned char bytes[HNY_TAR_END];
    bool end;
    HNY_TRY(read_between(reading, bytes, sizeof bytes));
    if (memcmp(bytes, zeros, sizeof bytes) != 0)
        return hny_fail(HNY_ERROR_INPUT, "%s: expected the end behind the last member",
                        hny_supply_name(reading->supply));
    HNY_TRY(hny_supply_end(reading->supply, &end));
    return end ? HNY_OK
               : hny_fail(HNY_ERROR_INPUT, "%s: something follows behind the end, at byte %llu",
                          hny_supply_name(reading->supply),
                          (unsigned long long)hny_supply_taken(reading->supply));
}

/* --- Members ------------------------------------------------------------------------------------------- */

static void begin_batch(struct reading *reading) {
    hny_buffer_clear(&reading->frames);
    reading->piece_count = reading->part_count = 0;
    reading->planes_size = reading->data_size = 0;
}

static hny_status read_header(struct reading *reading, unsigned char block[HNY_TAR_BLOCK]) {
    if (!reading->has_ahead) return read_between(reading, block, HNY_TAR_BLOCK);
    memcpy(block, reading->ahead, HNY_TAR_BLOCK);
    reading->has_ahead = false;
    return HNY_OK;
}

/* Reads the header and the frame of MEMBER, which is TENSOR's plane NUMBER or a file's first. */
static hny_status read_member(struct reading *reading, const struct hny_bundle_file *file, size_t tensor,
                              size_t number, const struct hny_bundle_member *member) {
    unsigned char block[HNY_TAR_BLOCK];
    uint64_t size;
    if (hny_grow(&reading->pieces, &reading->piece_room, reading->piece_count + 1, sizeof *reading->pieces) !=
        0)
        return HNY_ERROR_MEMORY;
    struct piece *piece = &reading->pieces[reading->piece_count];
    hny_bundle_member_name(file, tensor, number, piece->name, sizeof piece->name);
    struct hny_buffer kept = reading->frames; /* the frames of the batch so far */
    reading->frames = (struct hny_buffer){0};
    hny_status status = read_header(reading, block);
    hny_buffer_free(&reading->frames);
    reading->frames = kept;
    HNY_TRY(status);
    HNY_TRY(hny_tar_check(block, piece->name, member->size, hny_supply_name(reading->supply)));
    piece->member = member;
    piece->frame_at = reading->frames.size;
    HNY_TRY(hny_frame_read(reading->supply, member->size, member->size, &reading->frames, &size));
    piece->frame_size = reading->frames.size - piece->frame_at;
    piece->at = reading->planes_size;
    reading->planes_size += (member->size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    reading->piece_count++;
    reading->restored += reading->previous = member->size;
    return HNY_OK;
}

static hny_status make_room(struct room *room, size_t size) {
    if (room->bytes && size <= room->size) return HNY_OK;
    free(room->bytes);
    *room = (struct room){.bytes = hny_allocate(size, 1)};
    if (!room->bytes) return HNY_ERROR_MEMORY;
    room->size = size;
    return HNY_OK;
}

static hny_status check_ratio(const struct reading *reading) {
    uint64_t taken = hny_supply_taken(reading->supply);
    if (reading->restored <= RATIO_FREE || (reading->restored - RATIO_FREE) / RATIO_MOST < taken)
        return HNY_OK;
    return hny_fail(HNY_ERROR_INPUT, "%s: %llu bytes unpack to %llu: over %llu times as many is no model",
                    hny_supply_name(reading->supply), (unsigned long long)taken,
                    (unsigned long long)reading->restored, (unsigned long long)RATIO_MOST);
}

static hny_status decode_piece(void *context, size_t number, size_t thread) {
    const struct reading *reading = context;
    const struct piece *piece = &reading->pieces[number];
    char name[1024], digest[HNY_DIGEST_TEXT];
    unsigned char *to = reading->planes.bytes + piece->at;
    snprintf(name, sizeof name, "%s: %s", hny_supply_name(reading->supply), piece->name);
    HNY_TRY(hny_frame_decode(reading->decoders[thread], name, reading->frames.data + piece->frame_at,
                             piece->frame_size, to, piece->member->size));
    if (reading->options->skip_digests) return HNY_OK;
    HNY_TRY(hny_digest_bytes(to, piece->member->size, digest));
    if (strcmp(digest, piece->member->digest) == 0) return HNY_OK;
    return hny_fail(HNY_ERROR_INPUT, "%s: altered: its SHA-256 is %s, but the manifest says %s", name, digest,
                    piece->member->digest);
}

static hny_status decode_batch(struct reading *reading) {
    HNY_TRY(check_ratio(reading));
    HNY_TRY(make_room(&reading->planes, reading->planes_size));
    return hny_threads_run(reading->threads, reading->piece_count, decode_piece, reading);
}

static hny_status join_part(void *context, size_t number, size_t thread) {
    const struct reading *reading = context;
    const struct part *part = &reading->parts[number];
    const unsigned char *planes[HNY_PLANES_MOST];
    (void)thread;
    for (size_t i = 0; i < part->tensor->member_count; i++)
        planes[i] = reading->planes.bytes + reading->pieces[part->piece + i].at;
    hny_planes_join(part->tensor->layout, &part->tensor->tensor, planes, reading->data.bytes + part->at);
    return HNY_OK;
}

/* --- Files --------------------------------------------------------------------------------------------- */

static hny_status hand_on(struct reading *reading, const void *data, size_t size) {
    if (!reading->options->skip_digests) HNY_TRY(hny_digest_add(reading->digest, data, size));
    return reading->taker && reading->taker->bytes
               ? reading->taker->bytes(reading->taker->context, data, size)
               : HNY_OK;
}

/* Reads tensors of FILE from *NEXT on, as many as a batch holds. */
static hny_status read_tensors(struct reading *reading, const struct hny_bundle_file *file, size_t *next) {
    begin_batch(reading);
    for (; *next < file->tensor_count; (*next)++) {
        const struct hny_bundle_tensor *tensor = &file->tensors[*next];
        if (reading->part_count > 0 && reading->data_size + (uint64_t)tensor->bytes > BATCH_BYTES) break;
        if (hny_grow(&reading->parts, &reading->part_room, reading->part_count + 1, sizeof *reading->parts) !=
            0)
            return HNY_ERROR_MEMORY;
        reading->parts[reading->part_count++] =
            (struct part){tensor, reading->piece_count, reading->data_size};
        for (size_t i = 0; i < tensor->member_count; i++)
            HNY_TRY(read_member(reading, file, *next, i, &tensor->members[i]));
        reading->data_size += (tensor->bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
    HNY_TRY(decode_batch(reading));
    HNY_TRY(make_room(&reading->data, reading->data_size));
    HNY_TRY(hny_threads_run(reading->threads, reading->part_count, join_part, reading));
    for (size_t i = 0; i < reading->part_count; i++)
        HNY_TRY(
            hand_on(reading, reading->data.bytes + reading->parts[i].at, reading->parts[i].tensor->bytes));
    return HNY_OK;
}

static hny_status read_contents(struct reading *reading, const struct hny_bundle_file *file) {
    begin_batch(reading);
    HNY_TRY(read_member(reading, file, SIZE_MAX, 0, &file->first));
    HNY_TRY(decode_batch(reading));
    HNY_TRY(hand_on(reading, reading->planes.bytes, file->first.size));
    for (size_t next = 0; next < file->tensor_count;) HNY_TRY(read_tensors(reading, file, &next));
    return HNY_OK;
}

static hny_status check_file(struct reading *reading, const struct hny_bundle_file *file) {
    char digest[HNY_DIGEST_TEXT];
    HNY_TRY(hny_digest_close(&reading->digest, digest));
    if (strcmp(digest, file->digest) == 0) return HNY_OK;
    return hny_fail(HNY_ERROR_INPUT, "%s: %s: altered: restored, its SHA-256 is %s, but the manifest says %s",
                    hny_supply_name(reading->supply), file->name, digest, file->digest);
}

static hny_status read_file(struct reading *reading, const struct hny_bundle_file *file) {
    const struct hny_bundle_taker *taker = reading->taker;
    if (taker && taker->begin) HNY_TRY(taker->begin(taker->context, file));
    if (!reading->options->skip_digests) HNY_TRY(hny_digest_open(&reading->digest));
    HNY_TRY(read_contents(reading, file));
    if (!reading->options->skip_digests) HNY_TRY(check_file(reading, file));
    return taker && taker->end ? taker->end(taker->context) : HNY_OK;
}

static hny_status read_all(struct reading *reading) {
    size_t threads = reading->options->threads;
    HNY_TRY(hny_threads_create(&reading->threads, threads));
    reading->decoders = hny_allocate(threads, sizeof *reading->decoders);
    if (!reading->decoders) return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < threads; i++) HNY_TRY(hny_frame_decoder_create(&reading->decoders[i]));
    HNY_TRY(read_manifest(reading));
    HNY_TRY(read_signature(reading));
    HNY_TRY(check_signer(reading));
    for (size_t i = 0; i < reading->bundle->file_count; i++)
        HNY_TRY(read_file(reading, &reading->bundle->files[i]));
    return read_end(reading);
}

hny_status hny_bundle_read(struct hny_supply *supply, const struct hny_bundle_taker *taker,
                           const struct hny_read_options *options, struct hny_bundle *bundle) {
    struct reading reading = {.supply = supply, .taker = taker, .bundle = bundle, .options = options};
    *bundle = (struct hny_bundle){0};
    hny_status status = read_all(&reading);
    hny_threads_destroy(&reading.threads);
    for (size_t i = 0; reading.decoders && i < options->threads; i++)
        hny_frame_decoder_destroy(&reading.decoders[i]);
    free(reading.decoders);
    hny_digest_close(&reading.digest, NULL);
    free(reading.pieces);
    free(reading.parts);
    hny_buffer_free(&reading.frames);
    free(reading.planes.bytes);
    free(reading.data.bytes);
    bundle->packed = hny_supply_taken(supply);
    if (status != HNY_OK) hny_bundle_free(bundle);
    return status;
}
