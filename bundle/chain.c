#include "bundle/chain.h"

#include "bundle/links.h"
#include "bundle/members.h"
#include "bundle/room.h"
#include "bundle/supplies.h"
#include <stdlib.h>
#include <string.h>

/* A tensor of the batch. */
struct part {
    const struct hny_bundle_tensor *tensor;
    size_t number;
    size_t piece;        /* its first member's in the batch of members */
    size_t base;         /* its number in the base's batch */
    unsigned char *made; /* planes put together from both, one behind the other; NULL: none */
    const unsigned char *planes[HNY_PLANES_MOST];
};

/* One bundle of the chain. */
struct layer {
    struct hny_members *members;
    struct hny_bundle_link *links; /* to the layer below; NULL: no delta */
    size_t file, tensor;           /* that come next; TENSOR SIZE_MAX: the file's first */
    struct part *parts;
    size_t part_count, part_room;
    size_t *wanted; /* of the layer below */
    size_t wanted_room;
    struct hny_room room;
};

struct hny_chain {
    struct layer layers[HNY_CHAIN_MOST];
    size_t count;
    struct hny_threads *threads;
    bool digests, alone;
    struct hny_supplies files; /* that were opened for it */
};

/* --- Opening ------------------------------------------------------------------------------------------- */

static hny_status fail_alone(const char *name, const char *parent) {
    return hny_fail(
        HNY_ERROR_INPUT,
        "%s: a delta, which needs the bundle that it builds on, %s: unpack it with --base, or make "
        "one bundle of both with pack --flatten",
        name, parent);
}

/* Whether layer NUMBER builds on the one below. */
static hny_status link_layer(struct hny_chain *chain, size_t number) {
    struct layer *layer = &chain->layers[number];
    const struct hny_bundle *bundle = hny_members_bundle(layer->members);
    const char *name = hny_members_name(layer->members);
    layer->tensor = SIZE_MAX;
    if (number == 0) return bundle->parent && !chain->alone ? fail_alone(name, bundle->parent) : HNY_OK;
    const struct hny_members *below = chain->layers[number - 1].members;
    const struct hny_bundle *base = hny_members_bundle(below);
    if (!bundle->parent) return hny_fail(HNY_ERROR_INPUT, "%s: no delta: it stands on no base", name);
    if (strcmp(bundle->parent, base->full) != 0)
        return hny_fail(HNY_ERROR_INPUT, "%s: builds on the bundle %s, but %s is %s", name, bundle->parent,
                        hny_members_name(below), base->full);
    return hny_bundle_links_check(&layer->links, name, bundle, base);
}

static hny_status open_layers(struct hny_chain *chain, struct hny_supply *const *supplies, size_t count) {
    if (count > HNY_CHAIN_MOST)
        return hny_fail(HNY_ERROR_USAGE, "a chain of %zu bundles, expected at most %d", count,
                        HNY_CHAIN_MOST);
    for (size_t i = 0; i < count; i++) {
        HNY_TRY(hny_members_open(&chain->layers[i].members, supplies[i], chain->threads, chain->digests));
        chain->count++;
        HNY_TRY(link_layer(chain, i));
    }
    return HNY_OK;
}

hny_status hny_chain_open(struct hny_chain **chain, struct hny_supply *const *supplies, size_t count,
                          struct hny_threads *threads, bool digests, bool alone) {
    struct hny_chain *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->threads = threads;
    made->digests = digests;
    made->alone = alone;
    hny_status status = open_layers(made, supplies, count);
    if (status == HNY_OK)
        *chain = made;
    else
        hny_chain_close(&made);
    return status;
}

hny_status hny_chain_open_files(struct hny_chain **chain, const char *const *paths, size_t count,
                                struct hny_threads *threads) {
    struct hny_supplies files = {0};
    hny_status status = hny_supplies_open(&files, paths, count);
    if (status == HNY_OK) status = hny_chain_open(chain, files.supplies, files.count, threads, true, false);
    if (status == HNY_OK)
        (*chain)->files = files;
    else
        hny_supplies_close(&files);
    return status;
}

void hny_chain_close(struct hny_chain **chain) {
    if (!*chain) return;
    for (size_t i = 0; i < (*chain)->count; i++) {
        struct layer *layer = &(*chain)->layers[i];
        if (layer->links)
            hny_bundle_links_free(&layer->links, hny_members_bundle(layer->members)->file_count);
        hny_members_close(&layer->members);
        free(layer->parts);
        free(layer->wanted);
        hny_room_free(&layer->room);
    }
    hny_supplies_close(&(*chain)->files);
    free(*chain);
    *chain = NULL;
}

static struct layer *newest(const struct hny_chain *chain) {
    return (struct layer *)&chain->layers[chain->count - 1];
}

const struct hny_bundle *hny_chain_bundle(const struct hny_chain *chain) {
    return hny_members_bundle(newest(chain)->members);
}

struct hny_bundle hny_chain_take_bundle(struct hny_chain *chain) {
    struct layer *layer = newest(chain);
    if (layer->links) hny_bundle_links_free(&layer->links, hny_members_bundle(layer->members)->file_count);
    return hny_members_take_bundle(layer->members);
}

/* --- Places -------------------------------------------------------------------------------------------- */

/* Passes over the members of what comes next, and goes on behind it. */
static hny_status step(struct layer *layer, bool skip) {
    const struct hny_bundle_file *file = &hny_members_bundle(layer->members)->files[layer->file];
    bool first = layer->tensor == SIZE_MAX;
    size_t count = first ? !file->same : hny_bundle_member_count(&file->tensors[layer->tensor]);
    for (size_t i = 0; i < count; i++)
        HNY_TRY(skip ? hny_members_skip(layer->members, file, layer->tensor, i)
                     : hny_members_add(layer->members, file, layer->tensor, i));
    layer->tensor = first ? 0 : layer->tensor + 1;
    if (layer->tensor == file->tensor_count) {
        layer->file++;
        layer->tensor = SIZE_MAX;
    }
    return HNY_OK;
}

/* Passes over all up to TENSOR of FILE, and puts its members into the batch. */
static hny_status take(struct layer *layer, size_t file, size_t tensor) {
    while (layer->file < file || (layer->file == file && layer->tensor != tensor)) HNY_TRY(step(layer, true));
    return step(layer, false);
}

/* --- Contents ------------------------------------------------------------------------------------------ */

static hny_status read_first(struct hny_chain *chain, size_t depth, size_t file,
                             const unsigned char **content) {
    struct layer *layer = &chain->layers[depth];
    hny_members_begin(layer->members);
    HNY_TRY(take(layer, file, SIZE_MAX));
    if (hny_members_bundle(layer->members)->files[file].same)
        return read_first(chain, depth - 1, layer->links[file].file, content);
    HNY_TRY(hny_members_decode(layer->members));
    *content = hny_members_at(layer->members, 0);
    return HNY_OK;
}

hny_status hny_chain_first(struct hny_chain *chain, size_t file, const unsigned char **content) {
    return read_first(chain, chain->count - 1, file, content);
}

/* Reads the members of the tensors NUMBERS, which become the layer's parts. */
static hny_status read_parts(struct layer *layer, size_t file, const size_t *numbers, size_t count) {
    const struct hny_bundle_file *of = &hny_members_bundle(layer->members)->files[file];
    size_t piece = 0;
    if (hny_grow(&layer->parts, &layer->part_room, count, sizeof *layer->parts) != 0) return HNY_ERROR_MEMORY;
    hny_members_begin(layer->members);
    for (size_t i = 0; i < count; i++) {
        const struct hny_bundle_tensor *tensor = &of->tensors[numbers[i]];
        layer->parts[i] = (struct part){.tensor = tensor, .number = numbers[i], .piece = piece};
        HNY_TRY(take(layer, file, numbers[i]));
        piece += hny_bundle_member_count(tensor);
    }
    layer->part_count = count;
    return hny_members_decode(layer->members);
}

static size_t planes_bytes(const struct hny_bundle_tensor *tensor) {
    size_t bytes = 0;
    for (size_t i = 0; i < tensor->member_count; i++) bytes += hny_room_aligned(tensor->members[i].size);
    return bytes;
}

static bool is_combined(const struct part *part) {
    return part->tensor->change == HNY_CHANGE_XOR || part->tensor->change == HNY_CHANGE_DIFFERENCE;
}

/* Lists the tensors of the layer below that the parts build on, and makes room for what will be made. */
static hny_status want_base(struct layer *layer, size_t file, size_t *wanted) {
    size_t bytes = 0;
    *wanted = 0;
    if (hny_grow(&layer->wanted, &layer->wanted_room, layer->part_count, sizeof *layer->wanted) != 0)
        return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < layer->part_count; i++) {
        struct part *part = &layer->parts[i];
        if (part->tensor->change == HNY_CHANGE_WHOLE) continue;
        part->base = *wanted;
        layer->wanted[(*wanted)++] = layer->links[file].tensors[part->number];
        if (is_combined(part)) bytes += planes_bytes(part->tensor);
    }
    HNY_TRY(hny_room_make(&layer->room, bytes));
    unsigned char *at = layer->room.bytes;
    for (size_t i = 0; i < layer->part_count; i++) {
        struct part *part = &layer->parts[i];
        if (!is_combined(part)) continue;
        part->made = at;
        at += planes_bytes(part->tensor);
    }
    return HNY_OK;
}

struct combining {
    const struct hny_chain *chain;
    size_t depth;
};

static hny_status combine_part(void *context, size_t number, size_t thread) {
    const struct combining *combining = context;
    const struct layer *layer = &combining->chain->layers[combining->depth];
    struct part *part = &layer->parts[number];
    const unsigned char *from[HNY_PLANES_MOST];
    unsigned char *to[HNY_PLANES_MOST], *at = part->made;
    const struct hny_bundle_tensor *tensor = part->tensor;
    (void)thread;
    for (size_t i = 0; i < hny_bundle_member_count(tensor); i++)
        from[i] = hny_members_at(layer->members, part->piece + i);
    if (tensor->change == HNY_CHANGE_WHOLE) {
        memcpy(part->planes, from, tensor->member_count * sizeof *from);
        return HNY_OK;
    }
    const struct part *base = &combining->chain->layers[combining->depth - 1].parts[part->base];
    if (tensor->change == HNY_CHANGE_SAME) {
        memcpy(part->planes, base->planes, sizeof base->planes);
        return HNY_OK;
    }
    for (size_t i = 0; i < tensor->member_count; i++) {
        part->planes[i] = to[i] = at;
        at += hny_room_aligned(tensor->members[i].size);
    }
    hny_change_apply(tensor->change, tensor->layout, &tensor->tensor, base->planes, from, to);
    return HNY_OK;
}

/* Planes that were put together have the digests that the layer states; those of others were checked. */
static hny_status check_plane(void *context, size_t number, size_t thread) {
    const struct combining *combining = context;
    const struct layer *layer = &combining->chain->layers[combining->depth];
    const struct part *part = &layer->parts[number / HNY_PLANES_MOST];
    size_t plane = number % HNY_PLANES_MOST;
    char digest[HNY_DIGEST_TEXT];
    (void)thread;
    if (!is_combined(part) || plane >= part->tensor->member_count) return HNY_OK;
    const struct hny_bundle_member *member = &part->tensor->members[plane];
    HNY_TRY(hny_digest_bytes(part->planes[plane], member->size, digest));
    if (strcmp(digest, member->digest) == 0) return HNY_OK;
    return hny_fail(HNY_ERROR_INPUT,
                    "%s: altered: with its base, plane %zu of the tensor %s has the SHA-256 %s, but the "
                    "manifest says %s",
                    hny_members_name(layer->members), plane, part->tensor->tensor.name, digest,
                    member->digest);
}

static hny_status read_tensors(struct hny_chain *chain, size_t depth, size_t file, const size_t *numbers,
                               size_t count) {
    struct layer *layer = &chain->layers[depth];
    struct combining combining = {chain, depth};
    size_t wanted = 0;
    HNY_TRY(read_parts(layer, file, numbers, count));
    HNY_TRY(want_base(layer, file, &wanted));
    if (wanted > 0) HNY_TRY(read_tensors(chain, depth - 1, layer->links[file].file, layer->wanted, wanted));
    HNY_TRY(hny_threads_run(chain->threads, count, combine_part, &combining));
    if (!chain->digests) return HNY_OK;
    return hny_threads_run(chain->threads, count * HNY_PLANES_MOST, check_plane, &combining);
}

hny_status hny_chain_tensors(struct hny_chain *chain, size_t file, const size_t *numbers, size_t count) {
    return read_tensors(chain, chain->count - 1, file, numbers, count);
}

const unsigned char *const *hny_chain_planes(const struct hny_chain *chain, size_t i) {
    return newest(chain)->parts[i].planes;
}

hny_status hny_chain_end(struct hny_chain *chain) {
    struct layer *layer = newest(chain);
    hny_members_begin(layer->members);
    while (layer->file < hny_members_bundle(layer->members)->file_count) HNY_TRY(step(layer, true));
    return hny_members_end(layer->members);
}

/* --- A delta alone ------------------------------------------------------------------------------------- */

hny_status hny_chain_check(struct hny_chain *chain) {
    struct layer *layer = newest(chain);
    while (layer->file < hny_members_bundle(layer->members)->file_count) {
        hny_members_begin(layer->members);
        HNY_TRY(step(layer, false));
        HNY_TRY(hny_members_check(layer->members));
    }
    return hny_members_end(layer->members);
}
