#include "bundle/delta.h"

#include <stdlib.h>
#include <string.h>

/* --- Opening ------------------------------------------------------------------------------------------- */

hny_status hny_delta_open(struct hny_delta *delta, struct hny_bundle *bundle, struct hny_feed *feed,
                          const char *const *bases, size_t count) {
    delta->bundle = bundle;
    delta->feed = feed;
    delta->threads = feed->threads;
    HNY_TRY(hny_chain_open_files(&delta->base, bases, count, feed->threads));
    const struct hny_bundle *base = hny_chain_bundle(delta->base);
    if (base->precision != bundle->precision)
        return hny_fail(HNY_ERROR_USAGE, "%s is %s, and a delta has its base's precision, not %s",
                        bases[count - 1], hny_precision_name(base->precision),
                        hny_precision_name(bundle->precision));
    return hny_bundle_links_find(&delta->links, bundle, base);
}

void hny_delta_close(struct hny_delta *delta) {
    if (delta->links) hny_bundle_links_free(&delta->links, delta->bundle->file_count);
    hny_chain_close(&delta->base);
    free(delta->parts);
    free(delta->wanted);
    hny_room_free(&delta->room);
    *delta = (struct hny_delta){0};
}

/* --- Batches ------------------------------------------------------------------------------------------- */

static bool is_combined(enum hny_change change) {
    return change == HNY_CHANGE_XOR || change == HNY_CHANGE_DIFFERENCE;
}

/* Makes parts of the tensors from FROM to before END, and places their changes in the room. CHOOSING: those
 * that have a counterpart in the base get it; else those alone whose change needs it. */
static hny_status begin_batch(struct hny_delta *delta, size_t number, size_t from, size_t end,
                              bool choosing) {
    struct hny_bundle_file *file = &delta->bundle->files[number];
    const struct hny_bundle_link *link = &delta->links[number];
    size_t bytes = 0, wanted = 0;
    delta->count = end - from;
    if (hny_grow(&delta->parts, &delta->part_room, delta->count, sizeof *delta->parts) != 0 ||
        hny_grow(&delta->wanted, &delta->wanted_room, delta->count, sizeof *delta->wanted) != 0)
        return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < delta->count; i++) {
        struct hny_delta_part *part = &delta->parts[i];
        memset(part, 0, sizeof *part);
        part->tensor = &file->tensors[from + i];
        part->planes = hny_feed_planes(delta->feed, i);
        bool based = choosing ? link->tensors[from + i] != SIZE_MAX : is_combined(part->tensor->change);
        if (!based) continue;
        delta->wanted[wanted++] = link->tensors[from + i];
        part->same = true; /* until it is looked at */
        for (size_t plane = 0; plane < part->tensor->member_count; plane++)
            bytes += hny_room_aligned(part->tensor->members[plane].size);
    }
    if (wanted > 0) HNY_TRY(hny_chain_tensors(delta->base, link->file, delta->wanted, wanted));
    HNY_TRY(hny_room_make(&delta->room, bytes));
    unsigned char *at = delta->room.bytes;
    wanted = 0;
    for (size_t i = 0; i < delta->count; i++) {
        struct hny_delta_part *part = &delta->parts[i];
        if (!part->same) continue;
        part->same = false;
        part->base = hny_chain_planes(delta->base, wanted++);
        part->cut_count =
            hny_change_cuts(part->tensor->layout, &part->tensor->tensor, part->base, part->cuts);
        for (size_t plane = 0; plane < part->tensor->member_count; plane++) {
            part->made[plane] = at;
            at += hny_room_aligned(part->tensor->members[plane].size);
        }
    }
    return HNY_OK;
}

static struct hny_coding_piece piece_of(const struct hny_delta_part *part, enum hny_change change,
                                        size_t plane) {
    struct hny_coding_piece piece = {.size = part->tensor->members[plane].size};
    bool combined = is_combined(change);
    piece.data = combined ? part->made[plane] : part->planes[plane];
    /* The planes that are sorted have an element a byte. */
    if (change == HNY_CHANGE_DIFFERENCE && part->cut_count > 0) {
        piece.cuts = part->cuts;
        piece.cut_count = part->cut_count;
    }
    return piece;
}

/* --- First pass ---------------------------------------------------------------------------------------- */

static hny_status compare_part(void *context, size_t number, size_t thread) {
    struct hny_delta *delta = context;
    struct hny_delta_part *part = &delta->parts[number];
    const struct hny_bundle_tensor *tensor = part->tensor;
    (void)thread;
    part->same = part->base != NULL;
    for (size_t i = 0; part->same && i < tensor->member_count; i++)
        part->same = memcmp(part->planes[i], part->base[i], tensor->members[i].size) == 0;
    return HNY_OK;
}

static bool is_tried(const struct hny_delta_part *part) {
    return part->base && !part->same;
}

static hny_status try_part(void *context, size_t number, size_t thread) {
    struct hny_delta *delta = context;
    struct hny_delta_part *part = &delta->parts[number];
    (void)thread;
    if (is_tried(part))
        hny_change_make(delta->change, part->tensor->layout, &part->tensor->tensor, part->base, part->planes,
                        part->made);
    return HNY_OK;
}

static hny_status measure_piece(void *context, size_t number, size_t thread) {
    struct hny_delta *delta = context;
    struct hny_delta_part *part = &delta->parts[number / HNY_PLANES_MOST];
    size_t plane = number % HNY_PLANES_MOST;
    (void)thread;
    if (!is_tried(part) || plane >= part->tensor->member_count) return HNY_OK;
    return hny_digest_bytes(part->made[plane], part->tensor->members[plane].size,
                            part->digests[delta->change][plane]);
}

/* Codes the members that CHANGE makes of each part, and keeps their sizes and digests. */
static hny_status try_change(struct hny_delta *delta, enum hny_change change, struct hny_coding *coding,
                             int level) {
    delta->change = change;
    hny_coding_begin(coding);
    if (is_combined(change)) {
        HNY_TRY(hny_threads_run(delta->threads, delta->count, try_part, delta));
        HNY_TRY(hny_threads_run(delta->threads, delta->count * HNY_PLANES_MOST, measure_piece, delta));
    }
    for (size_t i = 0; i < delta->count; i++)
        for (size_t plane = 0; is_tried(&delta->parts[i]) && plane < delta->parts[i].tensor->member_count;
             plane++) {
            struct hny_coding_piece piece = piece_of(&delta->parts[i], change, plane);
            piece.level = level;
            HNY_TRY(hny_coding_add(coding, piece));
        }
    HNY_TRY(hny_coding_run(coding));
    const struct hny_coding_piece *piece = coding->pieces;
    for (size_t i = 0; i < delta->count; i++)
        for (size_t plane = 0; is_tried(&delta->parts[i]) && plane < delta->parts[i].tensor->member_count;
             plane++)
            delta->parts[i].sizes[change] += (piece++)->frame.size;
    return HNY_OK;
}

static void decide(const struct hny_delta_part *part) {
    static const enum hny_change others[] = {HNY_CHANGE_DIFFERENCE, HNY_CHANGE_WHOLE};
    struct hny_bundle_tensor *tensor = part->tensor;
    tensor->change = part->same ? HNY_CHANGE_SAME : part->base ? HNY_CHANGE_XOR : HNY_CHANGE_WHOLE;
    for (size_t i = 0; is_tried(part) && i < sizeof others / sizeof *others; i++)
        if (part->sizes[others[i]] < part->sizes[tensor->change]) tensor->change = others[i];
    for (size_t i = 0; is_combined(tensor->change) && i < tensor->member_count; i++)
        memcpy(tensor->members[i].changed, part->digests[tensor->change][i], HNY_DIGEST_TEXT);
}

static hny_status choose_batch(struct hny_delta *delta, size_t file, size_t from, size_t end,
                               struct hny_coding *coding, int level) {
    static const enum hny_change changes[] = {HNY_CHANGE_XOR, HNY_CHANGE_DIFFERENCE, HNY_CHANGE_WHOLE};
    HNY_TRY(hny_feed_tensors(delta->feed, file, from, end));
    HNY_TRY(begin_batch(delta, file, from, end, true));
    HNY_TRY(hny_threads_run(delta->threads, delta->count, compare_part, delta));
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        HNY_TRY(try_change(delta, changes[i], coding, level));
    for (size_t i = 0; i < delta->count; i++) decide(&delta->parts[i]);
    return HNY_OK;
}

static void compare_first(struct hny_delta *delta, size_t number) {
    struct hny_bundle_file *file = &delta->bundle->files[number];
    size_t linked = delta->links[number].file;
    if (linked == SIZE_MAX) return;
    const struct hny_bundle_file *base = &hny_chain_bundle(delta->base)->files[linked];
    file->same = file->first.size == base->first.size && strcmp(file->first.digest, base->first.digest) == 0;
}

/* What the bundle is without changes, and what it builds on. */
static hny_status name_parent(struct hny_delta *delta) {
    struct hny_bundle *bundle = delta->bundle;
    const char *parent = hny_chain_bundle(delta->base)->full;
    HNY_TRY(hny_bundle_find_full(bundle, bundle->full));
    bundle->parent = hny_arena_text(bundle->names, parent, strlen(parent));
    return bundle->parent ? HNY_OK : HNY_ERROR_MEMORY;
}

hny_status hny_delta_choose(struct hny_delta *delta, struct hny_coding *coding, int level) {
    struct hny_bundle *bundle = delta->bundle;
    for (size_t i = 0; i < bundle->file_count; i++) {
        const struct hny_bundle_file *file = &bundle->files[i];
        compare_first(delta, i);
        for (size_t end, from = 0; from < file->tensor_count; from = end) {
            end = hny_bundle_batch_end(file, from);
            HNY_TRY(choose_batch(delta, i, from, end, coding, level));
        }
    }
    return name_parent(delta);
}

/* --- Second pass --------------------------------------------------------------------------------------- */

static hny_status make_part(void *context, size_t number, size_t thread) {
    struct hny_delta *delta = context;
    struct hny_delta_part *part = &delta->parts[number];
    const struct hny_bundle_tensor *tensor = part->tensor;
    (void)thread;
    if (is_combined(tensor->change))
        hny_change_make(tensor->change, tensor->layout, &tensor->tensor, part->base, part->planes,
                        part->made);
    return HNY_OK;
}

hny_status hny_delta_tensors(struct hny_delta *delta, size_t file, size_t from, size_t end) {
    HNY_TRY(begin_batch(delta, file, from, end, false));
    return hny_threads_run(delta->threads, delta->count, make_part, delta);
}

struct hny_coding_piece hny_delta_piece(const struct hny_delta *delta, size_t i, size_t plane) {
    return piece_of(&delta->parts[i], delta->parts[i].tensor->change, plane);
}
