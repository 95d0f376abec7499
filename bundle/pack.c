#include "bundle/bundle.h"

#include "bundle/delivery.h"
#include "bundle/delta.h"
#include "bundle/measure.h"
#include "bundle/members.h"
#include "bundle/supplies.h"
#include <string.h>

#define SMALL_BYTES ((size_t)1 << 15) /* files up to here take no time at the highest level */
enum { LARGE_LEVEL = 9, MEMBER_NAME = HNY_TAR_NAME + 64 };

struct packing {
    const struct hny_pack_options *options;
    struct hny_bundle bundle;
    struct hny_bundle_input *inputs; /* of a folder; or */
    const char *const *files;        /* a chain of bundles */
    size_t file_count;
    struct hny_threads *threads;
    struct hny_coding coding;
    struct hny_feed feed;
    struct hny_delta delta; /* closed where none is made */
    struct hny_delivery *delivery;
    uint64_t written;
};

/* --- One pass ------------------------------------------------------------------------------------------ */

static hny_status begin_pass(struct packing *packing) {
    const struct hny_pack_options *options = packing->options;
    HNY_TRY(hny_feed_open(&packing->feed, &packing->bundle, packing->inputs, packing->files,
                          packing->file_count, packing->threads));
    if (options->base_count == 0) return HNY_OK;
    return hny_delta_open(&packing->delta, &packing->bundle, &packing->feed, options->bases,
                          options->base_count);
}

static void end_pass(struct packing *packing) {
    hny_delta_close(&packing->delta);
    hny_feed_close(&packing->feed);
}

/* --- The file ------------------------------------------------------------------------------------------ */

static hny_status put_manifest(struct packing *packing) {
    struct hny_bundle *bundle = &packing->bundle;
    struct hny_buffer text = {0};
    hny_status status = hny_bundle_print(bundle, &text);
    if (status == HNY_OK) status = hny_digest_bytes(text.data, text.size, bundle->digest);
    if (status == HNY_OK && text.size > HNY_BUNDLE_MANIFEST_MOST)
        status = hny_fail(HNY_ERROR_INPUT, "too many tensors: a manifest of %zu bytes", text.size);
    if (status == HNY_OK)
        status = hny_delivery_small(packing->delivery, HNY_BUNDLE_MANIFEST, text.data, text.size);
    if (!bundle->parent) memcpy(bundle->full, bundle->digest, sizeof bundle->full);
    hny_buffer_free(&text);
    return status;
}

static hny_status put_signature(struct packing *packing) {
    const struct hny_signing_key *key = packing->options->sign;
    struct hny_bundle *bundle = &packing->bundle;
    const struct hny_signed manifest = hny_bundle_signed(bundle);
    char text[HNY_SIGNATURE_MOST + 1];
    if (!key && !*bundle->signer) return HNY_OK;
    if (key) {
        HNY_TRY(hny_signature_make(key, &manifest, text));
        HNY_TRY(hny_signature_check(bundle->name, text, &manifest, bundle->signer, bundle->signature));
    } else {
        memcpy(text, bundle->signature, sizeof bundle->signature);
    }
    return hny_delivery_small(packing->delivery, HNY_SIGNATURE_MEMBER, text, strlen(text));
}

static hny_status put_first(struct packing *packing, size_t number) {
    const struct hny_bundle_file *file = &packing->bundle.files[number];
    struct hny_coding_piece piece = {.size = file->first.size};
    char name[MEMBER_NAME];
    if (file->same) return HNY_OK;
    HNY_TRY(hny_feed_first(&packing->feed, number, &piece.data));
    piece.level = piece.size <= SMALL_BYTES ? HNY_FRAME_LEVEL_MOST : LARGE_LEVEL;
    hny_coding_begin(&packing->coding);
    HNY_TRY(hny_coding_add(&packing->coding, piece));
    HNY_TRY(hny_coding_run(&packing->coding));
    hny_bundle_member_name(file, SIZE_MAX, 0, name, sizeof name);
    return hny_delivery_member(packing->delivery, name, piece.size, &packing->coding.pieces[0].frame);
}

/* Plane PLANE of the I-th tensor of the batch that begins with tensor FROM. */
static struct hny_coding_piece piece_of(const struct packing *packing, const struct hny_bundle_tensor *tensor,
                                        size_t i, size_t plane) {
    struct hny_coding_piece piece = {.size = tensor->members[plane].size};
    if (packing->delta.base)
        piece = hny_delta_piece(&packing->delta, i, plane);
    else
        piece.data = hny_feed_planes(&packing->feed, i)[plane];
    piece.level = packing->options->level;
    return piece;
}

static hny_status put_batch(struct packing *packing, size_t number, size_t from, size_t end) {
    const struct hny_bundle_file *file = &packing->bundle.files[number];
    size_t members = 0;
    char name[MEMBER_NAME];
    for (size_t i = from; i < end; i++) members += hny_bundle_member_count(&file->tensors[i]);
    if (members == 0) return HNY_OK;
    HNY_TRY(hny_feed_tensors(&packing->feed, number, from, end));
    if (packing->delta.base) HNY_TRY(hny_delta_tensors(&packing->delta, number, from, end));
    hny_coding_begin(&packing->coding);
    for (size_t i = from; i < end; i++)
        for (size_t plane = 0; plane < hny_bundle_member_count(&file->tensors[i]); plane++)
            HNY_TRY(hny_coding_add(&packing->coding, piece_of(packing, &file->tensors[i], i - from, plane)));
    HNY_TRY(hny_coding_run(&packing->coding));
    const struct hny_coding_piece *piece = packing->coding.pieces;
    for (size_t i = from; i < end; i++)
        for (size_t plane = 0; plane < hny_bundle_member_count(&file->tensors[i]); plane++, piece++) {
            hny_bundle_member_name(file, i, plane, name, sizeof name);
            HNY_TRY(hny_delivery_member(packing->delivery, name, piece->size, &piece->frame));
        }
    return HNY_OK;
}

static hny_status put_all(struct packing *packing) {
    HNY_TRY(put_manifest(packing));
    HNY_TRY(put_signature(packing));
    for (size_t i = 0; i < packing->bundle.file_count; i++) {
        const struct hny_bundle_file *file = &packing->bundle.files[i];
        HNY_TRY(put_first(packing, i));
        for (size_t end, from = 0; from < file->tensor_count; from = end) {
            end = hny_bundle_batch_end(file, from);
            HNY_TRY(put_batch(packing, i, from, end));
        }
    }
    HNY_TRY(hny_delivery_end(packing->delivery));
    packing->written = hny_delivery_bytes(packing->delivery);
    return hny_delivery_commit(&packing->delivery);
}

/* The changes of a delta, and then the file. BUNDLE says what all members hold as they stand. */
static hny_status put(struct packing *packing, const char *to) {
    HNY_TRY(hny_coding_open(&packing->coding, packing->threads));
    HNY_TRY(begin_pass(packing));
    if (packing->options->base_count > 0) {
        HNY_TRY(hny_delta_choose(&packing->delta, &packing->coding, packing->options->level));
        end_pass(packing);
        HNY_TRY(begin_pass(packing));
    }
    HNY_TRY(hny_delivery_open(&packing->delivery, to));
    return put_all(packing);
}

static void close_packing(struct packing *packing) {
    hny_delivery_abandon(&packing->delivery);
    end_pass(packing);
    hny_coding_close(&packing->coding);
    hny_threads_destroy(&packing->threads);
    hny_bundle_inputs_close(&packing->inputs, packing->bundle.file_count);
}

static hny_status finish(struct packing *packing, hny_status status, struct hny_bundle *bundle,
                         uint64_t *bytes) {
    close_packing(packing);
    packing->bundle.packed = packing->written;
    if (status == HNY_OK && bundle) {
        *bundle = packing->bundle;
        *bytes = packing->written;
    } else {
        hny_bundle_free(&packing->bundle);
    }
    return status;
}

/* --- A folder ------------------------------------------------------------------------------------------ */

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
    struct hny_bundle *bundle = &packing->bundle;
    if (!hny_release_name_fits(options->name) || options->release > HNY_RELEASE_MOST)
        return hny_fail(HNY_ERROR_USAGE, "\"%s\" is no name of a bundle, or its release no number",
                        options->name);
    if (options->languages && !hny_release_name_fits(options->languages))
        return hny_fail(HNY_ERROR_USAGE, "\"%s\" is no pair of languages, as en-ja", options->languages);
    if (options->optimiser && options->precision != HNY_PRECISION_F32)
        return hny_fail(HNY_ERROR_USAGE, "a training goes on from its own numbers alone: f32, not %s",
                        hny_precision_name(options->precision));
    HNY_TRY(hny_threads_create(&packing->threads, options->threads));
    bundle->precision = options->precision;
    bundle->release = options->release;
    HNY_TRY(hny_bundle_inputs_open(bundle, &packing->inputs, model, options->optimiser));
    HNY_TRY(copy_text(bundle, options->name, &bundle->name));
    if (options->languages) HNY_TRY(copy_text(bundle, options->languages, &bundle->languages));
    if (options->scores) HNY_TRY(copy_scores(bundle, options->scores));
    HNY_TRY(hny_bundle_measure(bundle, packing->inputs, packing->threads));
    return put(packing, to);
}

hny_status hny_bundle_pack(const char *model, const char *to, const struct hny_pack_options *options,
                           struct hny_bundle *bundle, uint64_t *bytes) {
    struct packing packing = {.options = options};
    return finish(&packing, pack(&packing, model, to), bundle, bytes);
}

/* --- A chain ------------------------------------------------------------------------------------------- */

/* The manifest of the bundle that restores the same as RESTORED without a base; its signature, if it has one,
 * is known unless a delta of it is to be made. */
static hny_status describe_whole(struct packing *packing, const struct hny_bundle *restored) {
    struct hny_bundle whole = *restored, *bundle = &packing->bundle;
    struct hny_buffer text = {0};
    const char *newest = packing->files[packing->file_count - 1];
    whole.parent = NULL;
    hny_status status = hny_bundle_print(&whole, &text);
    if (status == HNY_OK) status = hny_bundle_parse(bundle, newest, text.data, text.size);
    hny_buffer_free(&text);
    HNY_TRY(status);
    if (strcmp(bundle->digest, restored->full) != 0)
        return hny_fail(HNY_ERROR_INPUT, "%s: its whole bundle has the digest %s, but the manifest says %s",
                        newest, bundle->digest, restored->full);
    if (packing->options->base_count > 0) return HNY_OK;
    memcpy(bundle->signer, restored->signer, sizeof bundle->signer);
    memcpy(bundle->signature, restored->signature, sizeof bundle->signature);
    return HNY_OK;
}

static hny_status flatten(struct packing *packing, const char *to) {
    struct hny_supplies supplies = {0};
    struct hny_bundle restored = {0};
    const struct hny_read_options checking = {.threads = packing->options->threads};
    HNY_TRY(hny_threads_create(&packing->threads, packing->options->threads));
    hny_status status = hny_supplies_open(&supplies, packing->files, packing->file_count);
    if (status == HNY_OK)
        status = hny_bundle_read_chain(supplies.supplies, supplies.count, NULL, &checking, &restored);
    hny_supplies_close(&supplies);
    if (status == HNY_OK) status = describe_whole(packing, &restored);
    hny_bundle_free(&restored);
    return status == HNY_OK ? put(packing, to) : status;
}

hny_status hny_bundle_flatten(const char *const *files, size_t count, const char *to,
                              const struct hny_pack_options *options, struct hny_bundle *bundle,
                              uint64_t *bytes) {
    struct packing packing = {.options = options, .files = files, .file_count = count};
    return finish(&packing, flatten(&packing, to), bundle, bytes);
}
