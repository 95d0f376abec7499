#include "bundle/frame.h"

#include "base/memory.h"
#include <stdlib.h>
#include <zstd.h>

#define BLOCK_MOST ((size_t)1 << 17)
enum { WINDOW_LOG_MOST = 23 }; /* RFC 8878, 3.1.1.1.2: what every decoder takes */

struct hny_frame_decoder {
    ZSTD_DCtx *context;
};

hny_status hny_frame_decoder_create(struct hny_frame_decoder **decoder) {
    struct hny_frame_decoder *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->context = ZSTD_createDCtx();
    if (!made->context) {
        free(made);
        return hny_fail(HNY_ERROR_MEMORY, "out of memory for zstd");
    }
    *decoder = made;
    return HNY_OK;
}

void hny_frame_decoder_destroy(struct hny_frame_decoder **decoder) {
    if (!*decoder) return;
    ZSTD_freeDCtx((*decoder)->context);
    free(*decoder);
    *decoder = NULL;
}

static hny_status take(struct hny_supply *supply, struct hny_buffer *frame, size_t size) {
    HNY_TRY(hny_buffer_reserve(frame, size));
    HNY_TRY(hny_supply_take(supply, frame->data + frame->size, size));
    frame->size += size;
    frame->data[frame->size] = '\0';
    return HNY_OK;
}

static uint64_t little_endian(const char *bytes, size_t count) {
    uint64_t number = 0;
    for (size_t i = count; i-- > 0;) number = number << 8 | (unsigned char)bytes[i];
    return number;
}

static hny_status fail_frame(const struct hny_supply *supply, uint64_t place, const char *what) {
    return hny_fail(HNY_ERROR_INPUT, "%s: %s at byte %llu", hny_supply_name(supply), what,
                    (unsigned long long)place);
}

/* Frame_Header: RFC 8878, 3.1.1.1. */
static hny_status read_header(struct hny_supply *supply, struct hny_buffer *frame, uint64_t place,
                              uint64_t *size) {
    enum { MAGIC_BYTES = 4, DICTIONARY = 3, CHECKSUM = 4, RESERVED = 8, SINGLE = 32 };
    size_t begin = frame->size;
    HNY_TRY(take(supply, frame, MAGIC_BYTES + 1));
    if (little_endian(frame->data + begin, MAGIC_BYTES) != ZSTD_MAGICNUMBER)
        return fail_frame(supply, place, "not a bundle, or damaged: expected a frame of zstd");
    unsigned descriptor = (unsigned char)frame->data[begin + MAGIC_BYTES];
    bool single = descriptor & SINGLE;
    size_t size_bytes = descriptor >> 6 ? (size_t)1 << (descriptor >> 6) : single;
    if ((descriptor & (DICTIONARY | RESERVED)) || !(descriptor & CHECKSUM) || size_bytes == 0)
        return fail_frame(supply, place, "expected a frame with size and checksum, without dictionary,");
    HNY_TRY(take(supply, frame, !single + size_bytes));
    *size = little_endian(frame->data + frame->size - size_bytes, size_bytes) + (size_bytes == 2 ? 256 : 0);
    return HNY_OK;
}

/* Block_Header: RFC 8878, 3.1.1.2. */
static hny_status read_block(struct hny_supply *supply, struct hny_buffer *frame, uint64_t place,
                             bool *last) {
    enum { HEADER_BYTES = 3, REPEATED = 1, RESERVED = 3 };
    HNY_TRY(take(supply, frame, HEADER_BYTES));
    uint64_t header = little_endian(frame->data + frame->size - HEADER_BYTES, HEADER_BYTES);
    size_t size = header >> 3;
    *last = header & 1;
    if ((header >> 1 & 3) == RESERVED || size > BLOCK_MOST)
        return fail_frame(supply, place, "damaged: expected a block of zstd in the frame");
    return take(supply, frame, (header >> 1 & 3) == REPEATED ? 1 : size);
}

hny_status hny_frame_read(struct hny_supply *supply, uint64_t least, uint64_t most, struct hny_buffer *frame,
                          uint64_t *size) {
    enum { CHECKSUM_BYTES = 4, SLACK = 1024 };
    uint64_t place = hny_supply_taken(supply);
    HNY_TRY(read_header(supply, frame, place, size));
    if (*size < least || *size > most) {
        hny_status status = fail_frame(supply, place, "damaged: the frame");
        return hny_fail_within(status, "%llu bytes stated where %llu to %llu belong",
                               (unsigned long long)*size, (unsigned long long)least,
                               (unsigned long long)most);
    }
    uint64_t longest = *size + *size / 128 + SLACK; /* more than any coder makes of it */
    for (bool last = false; !last;) {
        HNY_TRY(read_block(supply, frame, place, &last));
        if (hny_supply_taken(supply) - place > longest)
            return fail_frame(supply, place, "damaged: a frame longer than its content");
    }
    return take(supply, frame, CHECKSUM_BYTES);
}

hny_status hny_frame_decode(struct hny_frame_decoder *decoder, const char *name, const void *frame,
                            size_t size, void *to, size_t to_size) {
    unsigned char nothing;
    size_t result = ZSTD_decompressDCtx(decoder->context, to_size ? to : &nothing, to_size, frame, size);
    if (ZSTD_isError(result))
        return hny_fail(HNY_ERROR_INPUT, "%s: damaged: %s", name, ZSTD_getErrorName(result));
    if (result != to_size)
        return hny_fail(HNY_ERROR_INPUT, "%s: damaged: %zu bytes, expected %zu", name, result, to_size);
    return HNY_OK;
}

static hny_status digest_pieces(ZSTD_DCtx *context, const char *name, ZSTD_inBuffer *in, uint64_t to_size,
                                struct hny_digest *digest) {
    unsigned char piece[BLOCK_MOST];
    uint64_t sum = 0;
    for (size_t left = 1; left > 0;) {
        ZSTD_outBuffer out = {piece, sizeof piece, 0};
        size_t before = in->pos;
        left = ZSTD_decompressStream(context, &out, in);
        if (ZSTD_isError(left))
            return hny_fail(HNY_ERROR_INPUT, "%s: damaged: %s", name, ZSTD_getErrorName(left));
        HNY_TRY(hny_digest_add(digest, piece, out.pos));
        sum += out.pos;
        if (sum > to_size || (left > 0 && out.pos == 0 && in->pos == before)) break;
    }
    if (sum == to_size && in->pos == in->size) return HNY_OK;
    return hny_fail(HNY_ERROR_INPUT, "%s: damaged: %llu bytes, expected %llu", name, (unsigned long long)sum,
                    (unsigned long long)to_size);
}

hny_status hny_frame_digest(struct hny_frame_decoder *decoder, const char *name, const void *frame,
                            size_t size, uint64_t to_size, char digest[HNY_DIGEST_TEXT]) {
    ZSTD_inBuffer in = {frame, size, 0};
    struct hny_digest *sum = NULL;
    ZSTD_DCtx_reset(decoder->context, ZSTD_reset_session_only);
    ZSTD_DCtx_setParameter(decoder->context, ZSTD_d_windowLogMax, WINDOW_LOG_MOST);
    HNY_TRY(hny_digest_open(&sum));
    hny_status status = digest_pieces(decoder->context, name, &in, to_size, sum);
    hny_status closed = hny_digest_close(&sum, digest);
    return status == HNY_OK ? closed : status;
}
