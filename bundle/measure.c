#include "bundle/measure.h"

#include "base/json.h"
#include "bundle/aside.h"
#include "bundle/feed.h"
#include "bundle/loss.h"
#include <stdlib.h>
#include <string.h>

/* A tensor of the batch. */
struct part {
    const struct hny_bundle_tensor *tensor;
    const unsigned char *bytes; /* what will be restored */
    unsigned char *restored;    /* the same where it is not what is there */
    struct hny_bundle_loss loss;
};

struct measuring {
    struct hny_bundle *bundle;
    struct hny_bundle_input *inputs;
    struct hny_feed feed;
    struct hny_digest *digest; /* of the file that is being measured */
    struct hny_aside *source;  /* the same of a file as it is there, before it is rounded */

    struct hny_bundle_file *file; /* of the batch */
    size_t from, count;
    struct part *parts;
    size_t part_room;
    struct hny_room room; /* what will be restored */
};

static bool loses(const struct hny_bundle_tensor *tensor) {
    return tensor->layout == HNY_PLANES_BF16 || tensor->layout == HNY_PLANES_INT8;
}

static hny_status list_parts(struct measuring *measuring) {
    size_t size = 0;
    if (hny_grow(&measuring->parts, &measuring->part_room, measuring->count, sizeof *measuring->parts) != 0)
        return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < measuring->count; i++) {
        const struct hny_bundle_tensor *tensor = &measuring->file->tensors[measuring->from + i];
        measuring->parts[i] = (struct part){.tensor = tensor, .bytes = tensor->tensor.data};
        if (loses(tensor)) size += hny_room_aligned(tensor->bytes);
    }
    HNY_TRY(hny_room_make(&measuring->room, size));
    unsigned char *at = measuring->room.bytes;
    for (size_t i = 0; i < measuring->count; i++) {
        struct part *part = &measuring->parts[i];
        if (!loses(part->tensor)) continue;
        part->bytes = part->restored = at;
        at += hny_room_aligned(part->tensor->bytes);
    }
    return HNY_OK;
}

static hny_status restore_part(void *context, size_t number, size_t thread) {
    struct measuring *measuring = context;
    struct part *part = &measuring->parts[number];
    const struct hny_bundle_tensor *tensor = part->tensor;
    (void)thread;
    if (!part->restored) return HNY_OK;
    hny_planes_join(tensor->layout, &tensor->tensor, hny_feed_planes(&measuring->feed, number),
                    part->restored);
    hny_bundle_measure_loss(&part->loss, tensor->tensor.data, (const float *)(const void *)part->restored,
                            tensor->bytes / sizeof(float));
    return HNY_OK;
}

/* The file's own digest takes its bytes in order: it is the first of the parts of work, the planes' digests
 * are the others. */
static hny_status measure_piece(void *context, size_t number, size_t thread) {
    struct measuring *measuring = context;
    (void)thread;
    if (number > 0) {
        size_t i = (number - 1) / HNY_PLANES_MOST, plane = (number - 1) % HNY_PLANES_MOST;
        struct hny_bundle_tensor *tensor = &measuring->file->tensors[measuring->from + i];
        struct hny_bundle_member *member = &tensor->members[plane];
        if (plane >= tensor->member_count) return HNY_OK;
        return hny_digest_bytes(hny_feed_planes(&measuring->feed, i)[plane], member->size, member->digest);
    }
    for (size_t i = 0; i < measuring->count; i++)
        HNY_TRY(
            hny_digest_add(measuring->digest, measuring->parts[i].bytes, measuring->parts[i].tensor->bytes));
    return HNY_OK;
}

static hny_status measure_batch(struct measuring *measuring, size_t file) {
    struct hny_threads *threads = measuring->feed.threads;
    HNY_TRY(hny_feed_tensors(&measuring->feed, file, measuring->from, measuring->from + measuring->count));
    HNY_TRY(list_parts(measuring));
    HNY_TRY(hny_threads_run(threads, measuring->count, restore_part, measuring));
    for (size_t i = 0; i < measuring->count; i++)
        hny_bundle_add_loss(&measuring->bundle->loss, &measuring->parts[i].loss);
    return hny_threads_run(threads, 1 + measuring->count * HNY_PLANES_MOST, measure_piece, measuring);
}

static hny_status measure_file(struct measuring *measuring, size_t number) {
    struct hny_bundle_file *file = measuring->file = &measuring->bundle->files[number];
    size_t size;
    const void *first = hny_bundle_input_first(&measuring->inputs[number], &size);
    file->first.size = size;
    HNY_TRY(hny_digest_open(&measuring->digest));
    HNY_TRY(hny_digest_bytes(first, file->first.size, file->first.digest));
    HNY_TRY(hny_digest_add(measuring->digest, first, file->first.size));
    for (size_t end, from = 0; from < file->tensor_count; from = end) {
        end = hny_bundle_batch_end(file, from);
        measuring->from = from;
        measuring->count = end - from;
        HNY_TRY(measure_batch(measuring, number));
    }
    return hny_digest_close(&measuring->digest, file->digest);
}

/* --- What config.json says ----------------------------------------------------------------------------- */

/* The model's config.json must not say of a file what is not so. What rounding changes is checked before, and
 * what config.json says is put right. */
static hny_status check_stated(const struct hny_bundle_file *file, const struct hny_bundle_input *input,
                               const char *digest) {
    if (!*input->stated || strcmp(input->stated, digest) == 0) return HNY_OK;
    return hny_fail(HNY_ERROR_INPUT, "%s: damaged: its SHA-256 is %s, but config.json says %s", file->name,
                    digest, input->stated);
}

static hny_status restate(struct measuring *measuring, const struct hny_bundle_file *changed) {
    struct hny_bundle_input *config = &measuring->inputs[0]; /* the list itself comes first */
    struct hny_bundle_file *file = &measuring->bundle->files[0];
    json_t *object = NULL;
    hny_buffer_clear(&config->text);
    HNY_TRY(hny_json_parse(file->name, (const char *)config->map.data, config->map.size, &object));
    json_t *files = json_object_get(object, "files");
    hny_status status = json_object_set_new(files, changed->name, json_string(changed->digest)) == 0
                            ? hny_json_print(&config->text, object, true)
                            : hny_fail(HNY_ERROR_MEMORY, "out of memory for config.json");
    json_decref(object);
    file->bytes = config->text.size;
    return status;
}

/* A file whose numbers are rounded has two digests: they are computed side by side. That it is damaged is
 * said before anything that comes of it. */
static hny_status measure_rounded(struct measuring *measuring, size_t number) {
    struct hny_bundle_file *file = &measuring->bundle->files[number];
    struct hny_bundle_input *input = &measuring->inputs[number];
    char digest[HNY_DIGEST_TEXT];
    HNY_TRY(hny_aside_begin(measuring->source));
    HNY_TRY(hny_aside_add(measuring->source, input->map.data, input->map.size));
    hny_status status = measure_file(measuring, number);
    if (status != HNY_OK && status != HNY_ERROR_INPUT) return status;
    HNY_TRY(hny_aside_end(measuring->source, digest));
    HNY_TRY(check_stated(file, input, digest));
    return status == HNY_OK ? restate(measuring, file) : status;
}

static hny_status measure_split(struct measuring *measuring, size_t number) {
    struct hny_bundle_file *file = &measuring->bundle->files[number];
    if (measuring->bundle->precision != HNY_PRECISION_F32) return measure_rounded(measuring, number);
    HNY_TRY(measure_file(measuring, number));
    return check_stated(file, &measuring->inputs[number], file->digest);
}

static hny_status measure_all(struct measuring *measuring) {
    struct hny_bundle *bundle = measuring->bundle;
    for (size_t i = 0; i < bundle->file_count; i++)
        if (bundle->files[i].split) HNY_TRY(measure_split(measuring, i));
    for (size_t i = 0; i < bundle->file_count; i++) {
        if (bundle->files[i].split) continue;
        HNY_TRY(measure_file(measuring, i));
        HNY_TRY(check_stated(&bundle->files[i], &measuring->inputs[i], bundle->files[i].digest));
    }
    return HNY_OK;
}

hny_status hny_bundle_measure(struct hny_bundle *bundle, struct hny_bundle_input *inputs,
                              struct hny_threads *threads) {
    struct measuring measuring = {.bundle = bundle, .inputs = inputs};
    hny_status status = hny_feed_open(&measuring.feed, bundle, inputs, NULL, 0, threads);
    if (status == HNY_OK) status = hny_aside_create(&measuring.source, hny_threads_count(threads) > 1);
    if (status == HNY_OK) status = measure_all(&measuring);
    hny_aside_destroy(&measuring.source);
    hny_feed_close(&measuring.feed);
    hny_digest_close(&measuring.digest, NULL);
    free(measuring.parts);
    hny_room_free(&measuring.room);
    return status;
}
