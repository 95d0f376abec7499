#include "nn/parameters.h"

#include "base/memory.h"
#include "base/random.h"
#include <fnmatch.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ALIGNMENT ((size_t)16) /* elements: a cache line of floats */

void hny_parameters_free(struct hny_parameters *parameters) {
    for (size_t i = 0; i < parameters->tensor_count; i++) {
        hny_weights_destroy(&parameters->tensors[i]->weights);
        free(parameters->tensors[i]);
    }
    free(parameters->tensors);
    if (parameters->image)
        munmap(parameters->image, parameters->image_bytes);
    else
        free(parameters->values);
    *parameters = (struct hny_parameters){0};
}

struct hny_tensor *hny_parameters_find(const struct hny_parameters *parameters, const char *name) {
    for (size_t i = 0; i < parameters->tensor_count; i++)
        if (strcmp(parameters->tensors[i]->name, name) == 0) return parameters->tensors[i];
    return NULL;
}

/* *COUNT = ROWS × COLUMNS elements and *END the block's end behind them; false where either is too large. */
static bool place(size_t start, size_t rows, size_t columns, size_t *count, size_t *end) {
    size_t bytes = 0;
    if (rows == 0 || columns == 0 || __builtin_mul_overflow(rows, columns, count)) return false;
    if (__builtin_add_overflow(start, *count, end) || __builtin_add_overflow(*end, ALIGNMENT - 1, end))
        return false;
    *end &= ~(ALIGNMENT - 1);
    return !__builtin_mul_overflow(*end, sizeof(hny_real), &bytes);
}

struct hny_tensor *hny_parameters_add(struct hny_parameters *parameters, size_t rows, size_t columns,
                                      enum hny_initial initial, double scale, bool product, const char *name,
                                      ...) {
    struct hny_tensor tensor = {.rank = columns == 1 ? 1 : 2,
                                .shape = {rows, columns},
                                .offset = parameters->count,
                                .initial = initial,
                                .scale = scale,
                                .product = product};
    va_list arguments;
    va_start(arguments, name);
    int length = vsnprintf(tensor.name, sizeof tensor.name, name, arguments);
    va_end(arguments);
    size_t end = 0;
    if (length <= 0 || (size_t)length >= sizeof tensor.name) {
        hny_fail(HNY_ERROR_USAGE, "a tensor's name has 1 to %zu bytes, not %d", sizeof tensor.name - 1,
                 length);
    } else if (parameters->values) {
        hny_fail(HNY_ERROR_USAGE, "tensor %s comes after the parameters were allocated", tensor.name);
    } else if (hny_parameters_find(parameters, tensor.name)) {
        hny_fail(HNY_ERROR_USAGE, "two tensors are called %s", tensor.name);
    } else if (!place(parameters->count, rows, columns, &tensor.count, &end)) {
        hny_fail(HNY_ERROR_USAGE, "tensor %s of %zu × %zu is impossible", tensor.name, rows, columns);
    } else if (hny_grow(&parameters->tensors, &parameters->tensor_capacity, parameters->tensor_count + 1,
                        sizeof(struct hny_tensor *)) == 0) {
        struct hny_tensor *made = hny_allocate(1, sizeof *made);
        if (!made) return NULL;
        *made = tensor;
        made->number = parameters->tensor_count;
        parameters->tensors[parameters->tensor_count++] = made;
        parameters->count = end;
        return made;
    }
    return NULL;
}

void hny_parameters_shed(struct hny_parameters *parameters) {
    parameters->count = 0;
    for (size_t i = 0; i < parameters->tensor_count; i++) {
        struct hny_tensor *tensor = parameters->tensors[i];
        bool stays = hny_tensor_stays(tensor);
        tensor->offset = stays ? parameters->count : HNY_NOWHERE;
        if (stays) parameters->count += (tensor->count + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    }
}

hny_status hny_parameters_allocate(struct hny_parameters *parameters) {
    if (parameters->values) return hny_fail(HNY_ERROR_USAGE, "the parameters are allocated already");
    parameters->values = hny_allocate(parameters->count, sizeof(hny_real));
    return parameters->values ? HNY_OK : HNY_ERROR_MEMORY;
}

/* FNV-1a (Fowler, Noll, Vo) of NAME. */
uint64_t hny_tensor_key(const char *name) {
    uint64_t hash = 0xCBF29CE484222325u;
    for (; *name; name++) hash = (hash ^ (unsigned char)*name) * 0x100000001B3u;
    return hash;
}

/* Within ± RANGE, four elements a block of random words. */
static void draw_uniform(hny_real *values, size_t count, double range, const struct hny_random *stream) {
    uint32_t words[4];
    for (size_t i = 0; i < count; i++) {
        if (i % 4 == 0) hny_random_block(stream, i / 4, words);
        values[i] = (hny_real)(range * (words[i % 4] * 0x1p-31 - 1));
    }
}

/* Two words an element (Box & Muller 1958). */
static void draw_normal(hny_real *values, size_t count, double deviation, const struct hny_random *stream) {
    const double turn = 6.283185307179586;
    uint32_t words[4];
    for (size_t i = 0; i < count; i++) {
        if (i % 2 == 0) hny_random_block(stream, i / 2, words);
        const uint32_t *pair = words + i % 2 * 2;
        double radius = sqrt(-2 * log((pair[0] + 0.5) * 0x1p-32));
        values[i] = (hny_real)(deviation * radius * cos(turn * (pair[1] * 0x1p-32)));
    }
}

static void fill(hny_real *values, size_t count, double value) {
    for (size_t i = 0; i < count; i++) values[i] = (hny_real)value;
}

static void initialise(const struct hny_tensor *tensor, hny_real *values, uint64_t seed) {
    uint64_t hash = hny_tensor_key(tensor->name);
    struct hny_random stream =
        hny_random_stream(seed, HNY_RANDOM_INITIAL, (uint32_t)(hash >> 32), (uint32_t)hash);
    double fan = (double)tensor->shape[0] + (double)tensor->shape[1];
    switch (tensor->initial) {
    case HNY_INITIAL_ZERO:
        fill(values, tensor->count, 0);
        break;
    case HNY_INITIAL_ONE:
        fill(values, tensor->count, 1);
        break;
    case HNY_INITIAL_VALUE:
        fill(values, tensor->count, tensor->scale);
        break;
    case HNY_INITIAL_UNIFORM:
        draw_uniform(values, tensor->count, tensor->scale, &stream);
        break;
    case HNY_INITIAL_GLOROT:
        draw_uniform(values, tensor->count, tensor->scale * sqrt(6 / fan), &stream);
        break;
    case HNY_INITIAL_NORMAL:
        draw_normal(values, tensor->count, tensor->scale, &stream);
        break;
    }
}

void hny_parameters_initialise(struct hny_parameters *parameters, uint64_t seed) {
    for (size_t i = 0; i < parameters->tensor_count; i++)
        initialise(parameters->tensors[i], parameters->values + parameters->tensors[i]->offset, seed);
}

hny_status hny_parameters_prepare(struct hny_parameters *parameters, enum hny_precision precision,
                                  bool gradient) {
    for (size_t i = 0; i < parameters->tensor_count; i++) {
        struct hny_tensor *tensor = parameters->tensors[i];
        if (!tensor->product) continue;
        hny_weights_destroy(&tensor->weights);
        HNY_TRY(
            hny_weights_create(&tensor->weights, tensor->shape[0], tensor->shape[1], precision, gradient));
    }
    return HNY_OK;
}

static hny_status pack_tensor(void *context, size_t part, size_t thread) {
    (void)thread;
    const struct hny_parameters *parameters = context;
    struct hny_tensor *tensor = parameters->tensors[part];
    if (!tensor->weights) return HNY_OK;
    if (tensor->offset == HNY_NOWHERE)
        return hny_fail(HNY_ERROR_USAGE, "the values of %s are not there to be packed", tensor->name);
    return hny_weights_pack(tensor->weights, parameters->values + tensor->offset);
}

hny_status hny_parameters_pack(struct hny_parameters *parameters, struct hny_threads *threads) {
    if (threads) return hny_threads_run(threads, parameters->tensor_count, pack_tensor, parameters);
    for (size_t i = 0; i < parameters->tensor_count; i++) HNY_TRY(pack_tensor(parameters, i, 0));
    return HNY_OK;
}

void hny_parameters_copy(const struct hny_parameters *parameters, const hny_real *const *sources,
                         hny_real *values) {
    for (size_t i = 0; i < parameters->tensor_count; i++) {
        const struct hny_tensor *tensor = parameters->tensors[i];
        if (tensor->offset != HNY_NOWHERE)
            memcpy(values + tensor->offset, sources[i], tensor->count * sizeof *values);
    }
}

hny_status hny_parameters_pack_from(struct hny_parameters *parameters, const hny_real *const *sources) {
    for (size_t i = 0; i < parameters->tensor_count; i++) {
        struct hny_weights *weights = parameters->tensors[i]->weights;
        if (weights) HNY_TRY(hny_weights_pack(weights, sources[i]));
    }
    return HNY_OK;
}

size_t hny_parameters_freeze(struct hny_parameters *parameters, const char *pattern) {
    size_t matches = 0;
    for (size_t i = 0; i < parameters->tensor_count; i++) {
        if (fnmatch(pattern, parameters->tensors[i]->name, 0) != 0) continue;
        parameters->tensors[i]->frozen = true;
        matches++;
    }
    return matches;
}

size_t hny_parameters_numbers(const struct hny_parameters *parameters, bool frozen) {
    size_t numbers = 0;
    for (size_t i = 0; i < parameters->tensor_count; i++)
        if (parameters->tensors[i]->frozen == frozen) numbers += parameters->tensors[i]->count;
    return numbers;
}
