#include "bundle/links.h"

#include <stdlib.h>
#include <string.h>

static size_t find_file(const struct hny_bundle *base, size_t from, const struct hny_bundle_file *wanted) {
    for (size_t i = from; i < base->file_count; i++)
        if (base->files[i].split == wanted->split && strcmp(base->files[i].name, wanted->name) == 0) return i;
    return SIZE_MAX;
}

static bool fits(const struct hny_bundle_tensor *a, const struct hny_bundle_tensor *b) {
    return a->layout == b->layout && a->tensor.type == b->tensor.type && a->tensor.rank == b->tensor.rank &&
           memcmp(a->tensor.shape, b->tensor.shape, a->tensor.rank * sizeof *a->tensor.shape) == 0;
}

static size_t find_tensor(const struct hny_bundle_file *base, size_t from,
                          const struct hny_bundle_tensor *wanted) {
    for (size_t i = from; i < base->tensor_count; i++)
        if (strcmp(base->tensors[i].tensor.name, wanted->tensor.name) == 0)
            return fits(&base->tensors[i], wanted) ? i : SIZE_MAX;
    return SIZE_MAX;
}

/* What is the same is not checked again when it is read: the base's digests hold for it. */
static bool is_same(const struct hny_bundle_tensor *a, const struct hny_bundle_tensor *b) {
    for (size_t i = 0; i < a->member_count; i++)
        if (strcmp(a->members[i].digest, b->members[i].digest) != 0) return false;
    return true;
}

static bool first_fits(const struct hny_bundle_file *a, const struct hny_bundle_file *b) {
    return a->first.size == b->first.size && strcmp(a->first.digest, b->first.digest) == 0;
}

/* What is being linked; SOURCE is NULL where nothing is asked for. */
struct linking {
    const char *source;
    const struct hny_bundle *bundle, *base;
    struct hny_bundle_link *links;
};

static hny_status fail_link(const struct linking *linking, const char *name, const char *what) {
    return hny_fail(HNY_ERROR_INPUT, "%s: %s: its base has no such %s at its place", linking->source, name,
                    what);
}

static hny_status link_tensors(const struct linking *linking, size_t number) {
    const struct hny_bundle_file *file = &linking->bundle->files[number];
    struct hny_bundle_link *link = &linking->links[number];
    size_t next = 0;
    link->tensors = hny_allocate(file->tensor_count, sizeof *link->tensors);
    if (!link->tensors) return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < file->tensor_count; i++) {
        const struct hny_bundle_tensor *tensor = &file->tensors[i];
        link->tensors[i] = SIZE_MAX;
        if (linking->source && tensor->change == HNY_CHANGE_WHOLE) continue;
        const struct hny_bundle_file *base =
            link->file == SIZE_MAX ? NULL : &linking->base->files[link->file];
        size_t found = base ? find_tensor(base, next, tensor) : SIZE_MAX;
        bool same = tensor->change == HNY_CHANGE_SAME;
        if (linking->source && (found == SIZE_MAX || (same && !is_same(tensor, &base->tensors[found]))))
            return fail_link(linking, tensor->tensor.name, "tensor");
        if (found != SIZE_MAX) next = found + 1;
        link->tensors[i] = found;
    }
    return HNY_OK;
}

static hny_status link_all(const struct linking *linking) {
    size_t next = 0;
    for (size_t i = 0; i < linking->bundle->file_count; i++) {
        const struct hny_bundle_file *file = &linking->bundle->files[i];
        struct hny_bundle_link *link = &linking->links[i];
        link->file = find_file(linking->base, next, file);
        if (linking->source && file->same &&
            (link->file == SIZE_MAX || !first_fits(file, &linking->base->files[link->file])))
            return fail_link(linking, file->name, file->split ? "header" : "file");
        if (link->file != SIZE_MAX) next = link->file + 1;
        if (file->split) HNY_TRY(link_tensors(linking, i));
    }
    return HNY_OK;
}

static hny_status make(struct hny_bundle_link **links, struct linking *linking) {
    linking->links = hny_allocate(linking->bundle->file_count, sizeof *linking->links);
    if (!linking->links) return HNY_ERROR_MEMORY;
    hny_status status = link_all(linking);
    if (status == HNY_OK)
        *links = linking->links;
    else
        hny_bundle_links_free(&linking->links, linking->bundle->file_count);
    return status;
}

hny_status hny_bundle_links_find(struct hny_bundle_link **links, const struct hny_bundle *bundle,
                                 const struct hny_bundle *base) {
    return make(links, &(struct linking){.bundle = bundle, .base = base});
}

hny_status hny_bundle_links_check(struct hny_bundle_link **links, const char *source,
                                  const struct hny_bundle *delta, const struct hny_bundle *base) {
    return make(links, &(struct linking){.source = source, .bundle = delta, .base = base});
}

void hny_bundle_links_free(struct hny_bundle_link **links, size_t files) {
    for (size_t i = 0; *links && i < files; i++) free((*links)[i].tensors);
    free(*links);
    *links = NULL;
}
