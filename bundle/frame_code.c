#include "bundle/frame_code.h"

#include "base/memory.h"
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <zstd.h>

#define SAMPLE_BYTES ((size_t)1 << 14) /* enough to see repetitions at the default level, and quick */
#define WINDOW_LOG_MOST 23             /* every decoder must take windows of 8 MiB (RFC 8878, 3.1.1.1.2) */
#define NOISE_BITS 7.995 /* entropy of a byte from which on coding gains less than it costs to decode */
enum { LEVEL_BOTH = 10 };

struct hny_frame_coder {
    ZSTD_CCtx *context;
    struct hny_buffer other; /* a second try */
};

hny_status hny_frame_coder_create(struct hny_frame_coder **coder) {
    struct hny_frame_coder *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->context = ZSTD_createCCtx();
    if (!made->context) {
        free(made);
        return hny_fail(HNY_ERROR_MEMORY, "out of memory for zstd");
    }
    *coder = made;
    return HNY_OK;
}

void hny_frame_coder_destroy(struct hny_frame_coder **coder) {
    if (!*coder) return;
    ZSTD_freeCCtx((*coder)->context);
    hny_buffer_free(&(*coder)->other);
    free(*coder);
    *coder = NULL;
}

struct parameter {
    ZSTD_cParameter name;
    int value;
};

/* An acceleration that skips over nearly everything, and so turns off coding of literals. */
static const struct parameter stored[] = {{ZSTD_c_compressionLevel, -131072}, {ZSTD_c_windowLog, 17}, {0, 0}};

/* As few chances as zstd allows to find a repetition: on exponents the short ones that are found by chance
 * cost more than they save, and each makes decoding slower. */
static const struct parameter entropy[] = {{ZSTD_c_compressionLevel, 1}, {ZSTD_c_strategy, ZSTD_fast},
                                           {ZSTD_c_minMatch, 7},         {ZSTD_c_hashLog, 6},
                                           {ZSTD_c_windowLog, 17},       {0, 0}};

/* What is coded: SIZE bytes, with runs that end at CUTS. */
struct content {
    const unsigned char *data;
    size_t size;
    const size_t *cuts;
    size_t cut_count;
};

/* Codes the bytes up to END into OUT, which has room for them: ends a block, or with the content the frame.
 */
static size_t code_run(struct hny_frame_coder *coder, const struct content *content, size_t end,
                       ZSTD_inBuffer *in, ZSTD_outBuffer *out) {
    size_t left;
    in->size = end;
    do left = ZSTD_compressStream2(coder->context, out, in, end == content->size ? ZSTD_e_end : ZSTD_e_flush);
    while (!ZSTD_isError(left) && left > 0 && out->pos < out->size);
    return left;
}

static size_t code_runs(struct hny_frame_coder *coder, const struct content *content, char *to, size_t room) {
    ZSTD_inBuffer in = {content->data, 0, 0};
    ZSTD_outBuffer out = {to, room, 0};
    size_t result = ZSTD_CCtx_setPledgedSrcSize(coder->context, content->size);
    for (size_t i = 0; !ZSTD_isError(result) && i < content->cut_count; i++)
        result = code_run(coder, content, content->cuts[i], &in, &out);
    if (!ZSTD_isError(result)) result = code_run(coder, content, content->size, &in, &out);
    return ZSTD_isError(result) ? result : out.pos;
}

static hny_status code(struct hny_frame_coder *coder, const struct content *content,
                       const struct parameter *parameters, struct hny_buffer *frames) {
    enum { RUN_BYTES = 8 }; /* of a block's header, and more than is needed */
    size_t room = ZSTD_compressBound(content->size) + content->cut_count * RUN_BYTES;
    HNY_TRY(hny_buffer_reserve(frames, room));
    char *to = frames->data + frames->size;
    size_t result = ZSTD_CCtx_reset(coder->context, ZSTD_reset_session_and_parameters);
    if (!ZSTD_isError(result)) result = ZSTD_CCtx_setParameter(coder->context, ZSTD_c_checksumFlag, 1);
    for (; !ZSTD_isError(result) && parameters->name; parameters++)
        result = ZSTD_CCtx_setParameter(coder->context, parameters->name, parameters->value);
    if (!ZSTD_isError(result))
        result = content->cut_count > 0
                     ? code_runs(coder, content, to, room)
                     : ZSTD_compress2(coder->context, to, room, content->data, content->size);
    if (ZSTD_isError(result))
        return hny_fail(HNY_ERROR_MEMORY, "zstd cannot code %zu bytes: %s", content->size,
                        ZSTD_getErrorName(result));
    frames->size += result;
    frames->data[frames->size] = '\0';
    return HNY_OK;
}

/* Bits that a byte of DATA holds on its own, by PIECES samples spread over it, or by all of it. */
static double bits_of(const unsigned char *data, size_t size) {
    enum { PIECES = 8, PIECE_BYTES = 1 << 13, TABLES = 4 };
    bool sampled = size > PIECES * PIECE_BYTES;
    size_t pieces = sampled ? PIECES : 1, length = sampled ? PIECE_BYTES : size,
           step = sampled ? size / PIECES : 0;
    uint32_t counts[TABLES][256] = {{0}}; /* so that equal neighbours do not wait for each other's count */
    for (size_t piece = 0; piece < pieces; piece++)
        for (size_t i = 0; i < length; i++) counts[i % TABLES][data[piece * step + i]]++;
    double bits = 0, all = (double)(pieces * length);
    for (size_t value = 0; value < 256; value++) {
        uint32_t count = counts[0][value] + counts[1][value] + counts[2][value] + counts[3][value];
        if (count > 0) bits -= count * log2(count / all);
    }
    return size ? bits / all : 0;
}

/* *LESS: repetitions at LEVEL made the sample of SIZE bytes smaller than entropy alone does. */
static hny_status try_sample(struct hny_frame_coder *coder, const unsigned char *data, size_t size,
                             const struct parameter *level, bool *less) {
    const struct content sample = {.data = data + (size - SAMPLE_BYTES) / 2, .size = SAMPLE_BYTES};
    hny_buffer_clear(&coder->other);
    HNY_TRY(code(coder, &sample, entropy, &coder->other));
    size_t plain = coder->other.size;
    HNY_TRY(code(coder, &sample, level, &coder->other));
    *less = coder->other.size - plain < plain;
    return HNY_OK;
}

hny_status hny_frame_code_runs(struct hny_frame_coder *coder, const void *data, size_t size,
                               const size_t *cuts, size_t count, int level, struct hny_buffer *frames) {
    const struct content content = {data, size, cuts, count};
    struct parameter repeating[] = {{ZSTD_c_compressionLevel, level}, {0, 0}, {0, 0}};
    if (size >> WINDOW_LOG_MOST) repeating[1] = (struct parameter){ZSTD_c_windowLog, WINDOW_LOG_MOST};
    if (size > UINT32_MAX || (size > SAMPLE_BYTES && bits_of(data, size) >= NOISE_BITS))
        return code(coder, &content, stored, frames);
    size_t begin = frames->size;
    bool both = level > 0;
    if (both && size > SAMPLE_BYTES && level < LEVEL_BOTH)
        HNY_TRY(try_sample(coder, data, size, repeating, &both));
    HNY_TRY(code(coder, &content, entropy, frames));
    if (!both) return HNY_OK;
    hny_buffer_clear(&coder->other);
    HNY_TRY(code(coder, &content, repeating, &coder->other));
    if (coder->other.size >= frames->size - begin) return HNY_OK;
    frames->size = begin;
    return hny_buffer_append(frames, coder->other.data, coder->other.size);
}

hny_status hny_frame_code(struct hny_frame_coder *coder, const void *data, size_t size, int level,
                          struct hny_buffer *frames) {
    return hny_frame_code_runs(coder, data, size, NULL, 0, level, frames);
}
