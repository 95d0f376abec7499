#include "nn/image.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "honyaku image 1"
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define PAGE ((size_t)4096)

/* What the file begins with; the values follow a page behind its start, then the packed weights. */
struct header {
    char magic[16];
    char name[HNY_IMAGE_NAME];
    char library[64];
    uint64_t precision;
    uint64_t number_bytes; /* sizeof(hny_real) */
    uint64_t count;        /* of parameters->values */
    uint64_t tensors;      /* a hash of names and shapes */
    uint64_t bytes;        /* of the file */
};

/* Depends on the names, shapes, uses and places of all tensors, and on their order. */
static uint64_t hash_tensors(const struct hny_parameters *parameters) {
    uint64_t hash = 0;
    for (size_t i = 0; i < parameters->tensor_count; i++) {
        const struct hny_tensor *tensor = parameters->tensors[i];
        const uint64_t parts[] = {hny_tensor_key(tensor->name), tensor->shape[0], tensor->shape[1],
                                  tensor->product, tensor->offset};
        for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) hash = (hash ^ parts[k]) * 0x100000001B3u;
    }
    return hash;
}

static struct header header_of(const struct hny_parameters *parameters, enum hny_precision precision,
                               const char *name) {
    struct header header = {.magic = MAGIC,
                            .precision = precision,
                            .number_bytes = sizeof(hny_real),
                            .count = parameters->count,
                            .tensors = hash_tensors(parameters)};
    snprintf(header.name, sizeof header.name, "%s", name);
    snprintf(header.library, sizeof header.library, "%s", hny_product_library());
    return header;
}

static size_t values_end(const struct hny_parameters *parameters) {
    return PAGE + (parameters->count * sizeof(hny_real) + PAGE - 1) / PAGE * PAGE;
}

/* More than values and packed weights can need: padding widens a narrow matrix to at most 64 columns and a
 * flat one to at most 64 rows. What is not used is cut off, and was never real. */
static size_t most_bytes(const struct hny_parameters *parameters) {
    size_t bytes = values_end(parameters);
    for (size_t i = 0; i < parameters->tensor_count; i++) {
        const struct hny_tensor *tensor = parameters->tensors[i];
        if (tensor->product)
            bytes += (tensor->shape[0] + 64) * (tensor->shape[1] + 64) * 2 * sizeof(hny_real);
    }
    return bytes;
}

/* Weights that lie in IMAGE from *AT on, packed unless SOURCES is NULL. */
static hny_status place_weights(struct hny_parameters *parameters, enum hny_precision precision, char *image,
                                size_t bytes, const hny_real *const *sources, size_t *at) {
    *at = values_end(parameters);
    for (size_t i = 0; i < parameters->tensor_count; i++) {
        struct hny_tensor *tensor = parameters->tensors[i];
        size_t used = 0;
        if (!tensor->product) continue;
        hny_weights_destroy(&tensor->weights);
        HNY_TRY(hny_weights_create_in(&tensor->weights, tensor->shape[0], tensor->shape[1], precision,
                                      image + *at, bytes - *at, &used));
        *at += used;
    }
    return sources ? hny_parameters_pack_from(parameters, sources) : HNY_OK;
}

static void forget_weights(struct hny_parameters *parameters) {
    for (size_t i = 0; i < parameters->tensor_count; i++)
        hny_weights_destroy(&parameters->tensors[i]->weights);
}

/* Fills the file through a mapping of its own, and leaves it at its final size. */
static hny_status fill(struct hny_parameters *parameters, enum hny_precision precision, const char *name,
                       const hny_real *const *sources, int file) {
    struct header header = header_of(parameters, precision, name);
    size_t most = most_bytes(parameters), used = 0;
    if (ftruncate(file, (off_t)most) != 0) return hny_fail_errno("a memory file of %zu bytes", most);
    char *image = mmap(NULL, most, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (image == MAP_FAILED) return hny_fail_errno("mapping a memory file of %zu bytes", most);
    hny_parameters_copy(parameters, sources, (hny_real *)(void *)(image + PAGE));
    hny_status status = place_weights(parameters, precision, image, most, sources, &used);
    forget_weights(parameters);
    header.bytes = used;
    memcpy(image, &header, sizeof header);
    munmap(image, most);
    if (status == HNY_OK && ftruncate(file, (off_t)used) != 0)
        status = hny_fail_errno("a memory file of %zu bytes", used);
    return status;
}

/* Maps a sealed file that begins with HEADER, but for its size. A private mapping: kernels before 6.7 refuse
 * a shared one of a file sealed against writing, and what nobody writes is shared all the same. */
static hny_status map(struct hny_parameters *parameters, enum hny_precision precision,
                      const struct header *header, int file) {
    struct stat about;
    int seals = fcntl(file, F_GET_SEALS);
    if (seals < 0 || (seals & SEALS) != SEALS)
        return hny_fail(HNY_ERROR_INPUT, "an image of weights must be a sealed memory file");
    if (fstat(file, &about) != 0) return hny_fail_errno("an image of weights");
    size_t bytes = (size_t)about.st_size, used = 0;
    if (bytes < values_end(parameters))
        return hny_fail(HNY_ERROR_INPUT, "an image of weights of %zu bytes is too small", bytes);
    char *image = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, file, 0);
    if (image == MAP_FAILED) return hny_fail_errno("mapping an image of weights of %zu bytes", bytes);
    struct header found;
    memcpy(&found, image, sizeof found);
    uint64_t said = found.bytes;
    found.bytes = header->bytes;
    if (said != bytes || memcmp(&found, header, sizeof found) != 0) {
        munmap(image, bytes);
        return hny_fail(HNY_ERROR_INPUT,
                        "the image of weights is not of this model, precision and library (%s)",
                        header->library);
    }
    hny_status status = place_weights(parameters, precision, image, bytes, NULL, &used);
    if (status == HNY_OK && used != bytes)
        status = hny_fail(HNY_ERROR_INPUT, "an image of weights of %zu bytes, not %zu", bytes, used);
    if (status != HNY_OK) {
        forget_weights(parameters);
        munmap(image, bytes);
        return status;
    }
    parameters->image = image;
    parameters->image_bytes = bytes;
    parameters->values = (hny_real *)(void *)(image + PAGE);
    return HNY_OK;
}

hny_status hny_image_make(struct hny_parameters *parameters, enum hny_precision precision, const char *name,
                          const hny_real *const *sources, int *file) {
    if (parameters->values) return hny_fail(HNY_ERROR_USAGE, "the parameters are allocated already");
    const struct header header = header_of(parameters, precision, name);
    *file = memfd_create("honyaku weights", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (*file < 0) return hny_fail_errno("making a memory file");
    hny_status status = fill(parameters, precision, name, sources, *file);
    if (status == HNY_OK && fcntl(*file, F_ADD_SEALS, SEALS) != 0)
        status = hny_fail_errno("sealing a memory file");
    if (status == HNY_OK) status = map(parameters, precision, &header, *file);
    if (status == HNY_OK) return HNY_OK;
    close(*file);
    *file = -1;
    return status;
}

hny_status hny_image_map(struct hny_parameters *parameters, enum hny_precision precision, const char *name,
                         int file) {
    if (parameters->values) return hny_fail(HNY_ERROR_USAGE, "the parameters are allocated already");
    const struct header header = header_of(parameters, precision, name);
    return map(parameters, precision, &header, file);
}
