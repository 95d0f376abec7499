#include "bundle/bundle.h"

#include "base/json.h"
#include "base/threads.h"
#include "bundle/frame_code.h"
#include "bundle/inputs.h"
#include "bundle/loss.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BATCH_BYTES ((size_t)4 << 20) /* of tensors that are laid out at once, or one tensor */
#define ALIGNMENT ((size_t)64)
#define SMALL_BYTES ((size_t)1 << 15) /* files up to here take no time at the highest level */
enum { LARGE_LEVEL = 9, BETWEEN_LEVEL = 1, MEMBER_NAME = HNY_TAR_NAME + 64 };

/* A member of the batch. */
struct piece {
    struct hny_bundle_member *member;
    size_t tensor, number; /* hny_bundle_member_name */
    const unsigned char *data;
    int level;
    struct hny_buffer frame;
};

/* A tensor of the batch. */
struct part {
    const struct hny_bundle_tensor *tensor;
    size_t index;               /* in its file */
    unsigned char *planes;      /* one behind the other, each at a multiple of ALIGNMENT */
    const unsigned char *bytes; /* what will be restored */
    unsigned char *restored;    /* the same where it is not what is there */
    struct hny_bundle_loss loss;
};

struct packing {
    const struct hny_pack_options *options;
    struct hny_bundle *bundle;
    struct hny_bundle_input *inputs;
    struct hny_threads *threads;
    struct hny_frame_coder **coders; /* one a thread */
    struct hny_digest *digest;       /* of the file that is being measured */
    struct hny_writer *writer;       /* NULL: standard output */
    bool measuring;                  /* the first pass, which needs what will be restored */
    uint64_t written, previous;      /* bytes of the bundle, and of the member before */

    const struct hny_bundle_file *file; /* of the batch */
    struct piece *pieces;
    size_t piece_count, piece_room;
    struct part *parts;
    size_t part_count, part_room;
    unsigned char *room; /* of planes and of what will be restored */
    size_t room_size;
};

/* --- Batches ------------------------------------------------------------------------------------------- */

static size_t aligned(uint64_t size) {
    return (size_t)(size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static size_t planes_size(const struct hny_bundle_tensor *tensor) {
    size_t size = 0;
    for (size_t i = 0; i < tensor->member_count; i++) size += aligned(tensor->members[i].size);
    return size;
}

static bool loses(const struct hny_bundle_tensor *tensor) {
    return tensor->layout == HNY_PLANES_BF16 || tensor->layout == HNY_PLANES_INT8;
}

/* Keeps what it has for the next batch: buffers that are warm. */
static hny_status add_piece(struct packing *packing, struct piece piece) {
    size_t before = packing->piece_room;
    if (hny_grow(&packing->pieces, &packing->piece_room, packing->piece_count + 1, sizeof piece) != 0)
        return HNY_ERROR_MEMORY;
    if (packing->piece_room > before)
        memset(packing->pieces + before, 0, (packing->piece_room - before) * sizeof piece);
    piece.frame = packing->pieces[packing->piece_count].frame;
    hny_buffer_clear(&piece.frame);
    packing->pieces[packing->piece_count++] = piece;
    return HNY_OK;
}

/* Gives tensors of FILE from *NEXT on to the batch, as many as it holds; *SIZE is the room that they need. */
static hny_status add_parts(struct packing *packing, struct hny_bundle_file *file, size_t *next,
                            size_t *size) {
    size_t bytes = 0;
    for (*size = 0; *next < file->tensor_count; (*next)++) {
        const struct hny_bundle_tensor *tensor = &file->tensors[*next];
        if (packing->part_count > 0 && bytes + tensor->bytes > BATCH_BYTES) return HNY_OK;
        if (hny_grow(&packing->parts, &packing->part_room, packing->part_count + 1, sizeof *packing->parts) !=
            0)
            return HNY_ERROR_MEMORY;
        packing->parts[packing->part_count++] =
            (struct part){.tensor = tensor, .index = *next, .bytes = tensor->tensor.data};
        bytes += tensor->bytes;
        *size += planes_size(tensor) + (packing->measuring && loses(tensor) ? aligned(tensor->bytes) : 0);
    }
    return HNY_OK;
}

/* Places planes and restored numbers of each part in the room, and makes a piece of each plane. */
static hny_status place_parts(struct packing *packing, struct hny_bundle_file *file) {
    unsigned char *at = packing->room;
    for (size_t i = 0; i < packing->part_count; i++) {
        struct part *part = &packing->parts[i];
        part->planes = at;
        for (size_t plane = 0; plane < part->tensor->member_count; plane++) {
            struct hny_bundle_member *member = &file->tensors[part->index].members[plane];
            HNY_TRY(add_piece(packing, (struct piece){.member = member,
                                                      .tensor = part->index,
                                                      .number = plane,
                                                      .data = at,
                                                      .level = packing->options->level}));
            at += aligned(member->size);
        }
        if (!packing->measuring || !loses(part->tensor)) continue;
        part->bytes = part->restored = at;
        at += aligned(part->tensor->bytes);
    }
    return HNY_OK;
}

static hny_status lay_out_part(void *context, size_t number, size_t thread) {
    struct packing *packing = context;
    struct part *part = &packing->parts[number];
    const struct hny_bundle_tensor *tensor = part->tensor;
    unsigned char *planes[HNY_PLANES_MOST], *at = part->planes;
    (void)thread;
    for (size_t i = 0; i < tensor->member_count; i++) {
        planes[i] = at;
        at += aligned(tensor->members[i].size);
    }
    if (!hny_planes_split(tensor->layout, &tensor->tensor, planes))
        return hny_fail(HNY_ERROR_INPUT, "%s: the tensor %s holds what is not finite: int8 cannot",
                        packing->file->name, tensor->tensor.name);
    if (!part->restored) return HNY_OK;
    hny_planes_join(tensor->layout, &tensor->tensor, (const unsigned char *const *)planes, part->restored);
    hny_bundle_measure_loss(&part->loss, part->tensor->tensor.data,
                            (const float *)(const void *)part->restored, part->tensor->bytes / sizeof(float));
    return HNY_OK;
}

static hny_status begin_batch(struct packing *packing, struct hny_bundle_file *file, size_t *next) {
    size_t size;
    packing->file = file;
    packing->piece_count = packing->part_count = 0;
    HNY_TRY(add_parts(packing, file, next, &size));
    if (size > packing->room_size) {
        free(packing->room);
        packing->room_size = 0;
        packing->room = hny_allocate(size, 1);
        if (!packing->room) return HNY_ERROR_MEMORY;
        packing->room_size = size;
    }
    HNY_TRY(place_parts(packing, file));
    return hny_threads_run(packing->threads, packing->part_count, lay_out_part, packing);
}

/* The batch of the one member that a file has, or of its header. */
static hny_status begin_first(struct packing *packing, size_t number) {
    struct hny_bundle_file *file = &packing->bundle->files[number];
    size_t size;
    const unsigned char *data = hny_bundle_input_first(&packing->inputs[number], &size);
    packing->file = file;
    packing->piece_count = packing->part_count = 0;
    file->first.size = size;
    int level = size <= SMALL_BYTES ? HNY_FRAME_LEVEL_MOST : LARGE_LEVEL;
    return add_piece(
        packing, (struct piece){.member = &file->first, .tensor = SIZE_MAX, .data = data, .level = level});
}

/* --- First pass: digests ------------------------------------------------------------------------------- */

/* The file's own digest takes its bytes in order: it is the first of the batch's parts of work, the members'
 * digests the others. */
static hny_status measure_piece(void *context, size_t number, size_t thread) {
    struct packing *packing = context;
    (void)thread;
    if (number > 0) {
        struct hny_bundle_member *member = packing->pieces[number - 1].member;
        return hny_digest_bytes(packing->pieces[number - 1].data, member->size, member->digest);
    }
    if (packing->part_count == 0)
        return hny_digest_add(packing->digest, packing->pieces[0].data, packing->pieces[0].member->size);
    for (size_t i = 0; i < packing->part_count; i++)
        HNY_TRY(hny_digest_add(packing->digest, packing->parts[i].bytes, packing->parts[i].tensor->bytes));
    return HNY_OK;
}

static hny_status measure_batch(struct packing *packing) {
    for (size_t i = 0; i < packing->part_count; i++)
        hny_bundle_add_loss(&packing->bundle->loss, &packing->parts[i].loss);
    return hny_threads_run(packing->threads, 1 + packing->piece_count, measure_piece, packing);
}

static hny_status measure_file(struct packing *packing, size_t number) {
    struct hny_bundle_file *file = &packing->bundle->files[number];
    HNY_TRY(hny_digest_open(&packing->digest));
    HNY_TRY(begin_first(packing, number));
    HNY_TRY(measure_batch(packing));
    for (size_t next = 0; next < file->tensor_count;) {
        HNY_TRY(begin_batch(packing, file, &next));
        HNY_TRY(measure_batch(packing));
    }
    return hny_digest_close(&packing->digest, file->digest);
}

/* The model's config.json must not say of a file what is not so. What rounding changes is checked before, and
 * what config.json says is put right. */
static hny_status check_stated(const struct hny_bundle_file *file, const struct hny_bundle_input *input,
                               const char *digest) {
    if (!*input->stated || strcmp(input->stated, digest) == 0) return HNY_OK;
    return hny_fail(HNY_ERROR_INPUT, "%s: damaged: its SHA-256 is %s, but config.json says %s", file->name,
                    digest, input->stated);
}

static hny_status restate(struct packing *packing, const struct hny_bundle_file *changed) {
    struct hny_bundle_input *config = &packing->inputs[0]; /* the list itself comes first */
    json_t *object = NULL;
    HNY_TRY(hny_json_parse(packing->bundle->files[0].name, (const char *)config->map.data, config->map.size,
                           &object));
    json_t *files = json_object_get(object, "files");
    hny_status status = json_object_set_new(files, changed->name, json_string(changed->digest)) == 0
                            ? hny_json_print(&config->text, object, true)
                            : hny_fail(HNY_ERROR_MEMORY, "out of memory for config.json");
    json_decref(object);
    packing->bundle->files[0].bytes = config->text.size;
    return status;
}

static hny_status measure_split(struct packing *packing, size_t number) {
    struct hny_bundle_file *file = &packing->bundle->files[number];
    struct hny_bundle_input *input = &packing->inputs[number];
    char digest[HNY_DIGEST_TEXT];
    bool rounded = packing->options->precision != HNY_PRECISION_F32;
    if (rounded) {
        HNY_TRY(hny_digest_bytes(input->map.data, input->map.size, digest));
        HNY_TRY(check_stated(file, input, digest));
    }
    HNY_TRY(measure_file(packing, number));
    if (!rounded) return check_stated(file, input, file->digest);
    hny_buffer_clear(&packing->inputs[0].text);
    return restate(packing, file);
}

static hny_status measure_all(struct packing *packing) {
    struct hny_bundle *bundle = packing->bundle;
    for (size_t i = 0; i < bundle->file_count; i++)
        if (bundle->files[i].split) HNY_TRY(measure_split(packing, i));
    for (size_t i = 0; i < bundle->file_count; i++) {
        if (bundle->files[i].split) continue;
        HNY_TRY(measure_file(packing, i));
        HNY_TRY(check_stated(&bundle->files[i], &packing->inputs[i], bundle->files[i].digest));
    }
    return HNY_OK;
}

/* --- Second pass: the file ----------------------------------------------------------------------------- */

static hny_status put(struct packing *packing, const struct hny_buffer *bytes) {
    packing->written += bytes->size;
    if (packing->writer) return hny_writer_write(packing->writer, bytes->data, bytes->size);
    for (size_t at = 0; at < bytes->size;) {
        ssize_t count = write(STDOUT_FILENO, bytes->data + at, bytes->size - at);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return hny_fail_errno("standard output: cannot be written");
        at += (size_t)count;
    }
    return HNY_OK;
}

/* The frame of what stands between two contents: zeros that fill the last block, and TAIL. */
static hny_status put_between(struct packing *packing, const unsigned char *tail, size_t tail_size) {
    unsigned char bytes[HNY_TAR_BLOCK + HNY_TAR_END] = {0};
    size_t padding = hny_tar_padding(packing->previous);
    struct hny_buffer frame = {0};
    memcpy(bytes + padding, tail, tail_size);
    hny_status status = hny_frame_code(packing->coders[0], bytes, padding + tail_size, BETWEEN_LEVEL, &frame);
    if (status == HNY_OK) status = put(packing, &frame);
    hny_buffer_free(&frame);
    return status;
}

static hny_status put_member(struct packing *packing, const char *name, uint64_t size,
                             const struct hny_buffer *frame) {
    unsigned char block[HNY_TAR_BLOCK];
    HNY_TRY(hny_tar_header(block, name, size));
    HNY_TRY(put_between(packing, block, sizeof block));
    packing->previous = size;
    return put(packing, frame);
}

static hny_status code_piece(void *context, size_t number, size_t thread) {
    struct packing *packing = context;
    struct piece *piece = &packing->pieces[number];
    return hny_frame_code(packing->coders[thread], piece->data, piece->member->size, piece->level,
                          &piece->frame);
}

static hny_status put_batch(struct packing *packing) {
    char name[MEMBER_NAME];
    HNY_TRY(hny_threads_run(packing->threads, packing->piece_count, code_piece, packing));
    for (size_t i = 0; i < packing->piece_count; i++) {
        const struct piece *piece = &packing->pieces[i];
        hny_bundle_member_name(packing->file, piece->tensor, piece->number, name, sizeof name);
        HNY_TRY(put_member(packing, name, piece->member->size, &piece->frame));
    }
    return HNY_OK;
}

static hny_status put_manifest(struct packing *packing) {
    struct hny_buffer text = {0}, frame = {0};
    hny_status status = hny_bundle_print(packing->bundle, &text);
    if (status == HNY_OK) status = hny_digest_bytes(text.data, text.size, packing->bundle->digest);
    if (status == HNY_OK && text.size > HNY_BUNDLE_MANIFEST_MOST)
        status = hny_fail(HNY_ERROR_INPUT, "too many tensors: a manifest of %zu bytes", text.size);
    if (status == HNY_OK)
        status = hny_frame_code(packing->coders[0], text.data, text.size, HNY_FRAME_LEVEL_MOST, &frame);
    if (status == HNY_OK) status = put_member(packing, HNY_BUNDLE_MANIFEST, text.size, &frame);
    hny_buffer_free(&text);
    hny_buffer_free(&frame);
    return status;
}

static hny_status put_signature(struct packing *packing) {
    char text[HNY_SIGNATURE_SIZE + 1];
    struct hny_buffer frame = {0};
    struct hny_bundle *bundle = packing->bundle;
    if (!packing->options->sign) return HNY_OK;
    HNY_TRY(hny_signature_make(packing->options->sign, bundle->digest, text));
    memcpy(bundle->signer, packing->options->sign->signer, sizeof bundle->signer);
    hny_status status =
        hny_frame_code(packing->coders[0], text, HNY_SIGNATURE_SIZE, HNY_FRAME_LEVEL_MOST, &frame);
    if (status == HNY_OK) status = put_member(packing, HNY_SIGNATURE_MEMBER, HNY_SIGNATURE_SIZE, &frame);
    hny_buffer_free(&frame);
    return status;
}

static hny_status put_all(struct packing *packing) {
    static const unsigned char end[HNY_TAR_END];
    HNY_TRY(put_manifest(packing));
    HNY_TRY(put_signature(packing));
    for (size_t i = 0; i < packing->bundle->file_count; i++) {
        HNY_TRY(begin_first(packing, i));
        HNY_TRY(put_batch(packing));
        for (size_t next = 0; next < packing->bundle->files[i].tensor_count;) {
            HNY_TRY(begin_batch(packing, &packing->bundle->files[i], &next));
            HNY_TRY(put_batch(packing));
        }
    }
    return put_between(packing, end, sizeof end);
}

static hny_status write_file(struct packing *packing, const char *to) {
    if (strcmp(to, "-") == 0) return put_all(packing);
    HNY_TRY(hny_writer_open(&packing->writer, to));
    HNY_TRY(put_all(packing));
    return hny_writer_commit(&packing->writer);
}

/* --- All of it ----------------------------------------------------------------------------------------- */

static hny_status copy_text(struct hny_bundle *bundle, const char *text, const char **copy) {
    *copy = hny_arena_text(bundle->names, text, strlen(text));
    return *copy ? HNY_OK : HNY_ERROR_MEMORY;
}

static hny_status copy_scores(struct hny_bundle *bundle, const struct hny_bundle_scores *scores) {
    bundle->scores = *scores;
    HNY_TRY(copy_text(bundle, scores->bleu_signature, &bundle->scores.bleu_signature));
    return copy_text(bundle, scores->chrf_signature, &bundle->scores.chrf_signature);
}

static hny_status pack(struct packing *packing, const char *model, const char *to) {
    const struct hny_pack_options *options = packing->options;
    struct hny_bundle *bundle = packing->bundle;
    bundle->precision = options->precision;
    if (options->optimiser && options->precision != HNY_PRECISION_F32)
        return hny_fail(HNY_ERROR_USAGE, "a training goes on from its own numbers alone: f32, not %s",
                        hny_precision_name(options->precision));
    if (!hny_release_name_fits(options->name) || options->release > HNY_RELEASE_MOST)
        return hny_fail(HNY_ERROR_USAGE, "\"%s\" is no name of a bundle, or its release no number",
                        options->name);
    if (options->languages && !hny_release_name_fits(options->languages))
        return hny_fail(HNY_ERROR_USAGE, "\"%s\" is no pair of languages, as en-ja", options->languages);
    bundle->release = options->release;
    HNY_TRY(hny_bundle_inputs_open(bundle, &packing->inputs, model, options->optimiser));
    HNY_TRY(copy_text(bundle, options->name, &bundle->name));
    if (options->languages) HNY_TRY(copy_text(bundle, options->languages, &bundle->languages));
    if (options->scores) HNY_TRY(copy_scores(bundle, options->scores));
    HNY_TRY(hny_threads_create(&packing->threads, options->threads));
    packing->coders = hny_allocate(options->threads, sizeof *packing->coders);
    if (!packing->coders) return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < options->threads; i++) HNY_TRY(hny_frame_coder_create(&packing->coders[i]));
    packing->measuring = true;
    HNY_TRY(measure_all(packing));
    packing->measuring = false;
    return write_file(packing, to);
}

static void close_packing(struct packing *packing) {
    hny_threads_destroy(&packing->threads);
    for (size_t i = 0; packing->coders && i < packing->options->threads; i++)
        hny_frame_coder_destroy(&packing->coders[i]);
    free(packing->coders);
    hny_digest_close(&packing->digest, NULL);
    hny_writer_abandon(&packing->writer);
    hny_bundle_inputs_close(&packing->inputs, packing->bundle->file_count);
    for (size_t i = 0; i < packing->piece_room; i++) hny_buffer_free(&packing->pieces[i].frame);
    free(packing->pieces);
    free(packing->parts);
    free(packing->room);
}

hny_status hny_bundle_pack(const char *model, const char *to, const struct hny_pack_options *options,
                           struct hny_bundle *bundle, uint64_t *bytes) {
    struct hny_bundle made = {0};
    struct packing packing = {.options = options, .bundle = &made};
    hny_status status = pack(&packing, model, to);
    made.packed = packing.written;
    close_packing(&packing);
    if (status == HNY_OK && bundle) {
        *bundle = made;
        *bytes = packing.written;
    } else {
        hny_bundle_free(&made);
    }
    return status;
}
