#include "bundle/change.h"

#include "base/kernel.h"
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define RUN_LEAST ((size_t)1024) /* elements that are worth a table of codes */
enum { KEYS = 256 };

static const char *const names[HNY_CHANGES] = {
    [HNY_CHANGE_WHOLE] = "whole",
    [HNY_CHANGE_SAME] = "same",
    [HNY_CHANGE_XOR] = "xor",
    [HNY_CHANGE_DIFFERENCE] = "difference",
};

const char *hny_change_name(enum hny_change change) {
    return names[change];
}

/* Planes of real numbers, rotated: the sign is the lowest bit of an element, and the last plane sorts. */
static bool is_real(enum hny_planes_layout layout) {
    return layout == HNY_PLANES_ROTATED || layout == HNY_PLANES_BF16;
}

HNY_KERNEL static void combine(uint64_t size, const unsigned char *restrict a,
                               const unsigned char *restrict b, unsigned char *restrict to) {
    for (uint64_t i = 0; i < size; i++) to[i] = a[i] ^ b[i];
}

/* --- Order --------------------------------------------------------------------------------------------- */

static void count_keys(size_t count, const unsigned char *keys, size_t counts[KEYS]) {
    enum { TABLES = 4 };
    uint32_t tables[TABLES][KEYS];
    memset(counts, 0, KEYS * sizeof *counts);
    for (size_t begin = 0; begin < count;) {
        size_t end = count - begin > UINT32_MAX ? begin + UINT32_MAX : count;
        memset(tables, 0, sizeof tables);
        for (size_t i = begin; i < end; i++) tables[i % TABLES][keys[i]]++;
        for (size_t key = 0; key < KEYS; key++)
            for (size_t table = 0; table < TABLES; table++) counts[key] += tables[table][key];
        begin = end;
    }
}

/* Where the first element of each key goes. */
static void begin_order(size_t count, const unsigned char *keys, size_t next[KEYS]) {
    size_t counts[KEYS], at = 0;
    count_keys(count, keys, counts);
    for (size_t key = 0; key < KEYS; key++) {
        next[key] = at;
        at += counts[key];
    }
}

size_t hny_change_cuts(enum hny_planes_layout layout, const struct hny_safetensors_tensor *tensor,
                       const unsigned char *const *old, size_t cuts[HNY_CHANGE_CUTS]) {
    if (!is_real(layout)) return 0;
    size_t count = hny_safetensors_elements(tensor), counts[KEYS], found = 0, at = 0, last = 0;
    count_keys(count, old[hny_planes_count(layout, tensor) - 1], counts);
    for (size_t key = 0; key + 1 < KEYS; key++) {
        at += counts[key];
        if (at - last < RUN_LEAST || count - at < RUN_LEAST) continue;
        cuts[found++] = last = at;
    }
    return found;
}

/* --- Differences --------------------------------------------------------------------------------------- */

/* All ones in the bits of a number of WIDTH bytes, but for the highest one where a sign took a bit. */
HNY_INLINE uint64_t mask_of(size_t width, bool real) {
    return UINT64_MAX >> (8 * (sizeof(uint64_t) - width) + real);
}

HNY_INLINE uint64_t gather(size_t width, const unsigned char *const *planes, size_t at) {
    uint64_t word = 0;
    for (size_t plane = 0; plane < width; plane++) word |= (uint64_t)planes[plane][at] << 8 * plane;
    return word;
}

HNY_INLINE void scatter(size_t width, unsigned char *const *planes, size_t at, uint64_t word) {
    for (size_t plane = 0; plane < width; plane++) planes[plane][at] = (unsigned char)(word >> 8 * plane);
}

/* NEW - OLD, and the other way round, within the bits of MASK; what is below zero goes to odd numbers. */
HNY_INLINE uint64_t fold(uint64_t new, uint64_t old, uint64_t mask) {
    uint64_t less = (new - old) & mask, negative = less > mask >> 1;
    return (less << 1 & mask) ^ (negative ? mask : 0);
}

HNY_INLINE uint64_t unfold(uint64_t folded, uint64_t old, uint64_t mask) {
    uint64_t less = folded >> 1 ^ (folded & 1 ? mask : 0);
    return (old + less) & mask;
}

HNY_INLINE void make(size_t count, size_t width, bool real, const unsigned char *const *old,
                     const unsigned char *const *new, unsigned char *const *to) {
    size_t next[KEYS];
    uint64_t mask = mask_of(width, real);
    if (real) begin_order(count, old[width - 1], next);
    for (size_t i = 0; i < count; i++) {
        uint64_t a = gather(width, old, i), b = gather(width, new, i);
        uint64_t word = fold(b >> real, a >> real, mask);
        if (real) word |= ((a ^ b) & 1) << (8 * width - 1);
        scatter(width, to, real ? next[old[width - 1][i]]++ : i, word);
    }
}

HNY_INLINE void apply(size_t count, size_t width, bool real, const unsigned char *const *old,
                      const unsigned char *const *from, unsigned char *const *new) {
    size_t next[KEYS];
    uint64_t mask = mask_of(width, real);
    if (real) begin_order(count, old[width - 1], next);
    for (size_t i = 0; i < count; i++) {
        uint64_t a = gather(width, old, i), word = gather(width, from, real ? next[old[width - 1][i]]++ : i);
        uint64_t b = unfold(word & mask, a >> real, mask);
        if (real) b = b << 1 | ((a & 1) ^ word >> (8 * width - 1));
        scatter(width, new, i, b);
    }
}

/* One for each width, so that the loops over planes are unrolled. */
#define FOR_WIDTHS(call)                                                                                     \
    do {                                                                                                     \
        if (real && width == 2)                                                                              \
            call(2, true);                                                                                   \
        else if (real)                                                                                       \
            call(4, true);                                                                                   \
        else if (width == 1)                                                                                 \
            call(1, false);                                                                                  \
        else if (width == 2)                                                                                 \
            call(2, false);                                                                                  \
        else if (width == 4)                                                                                 \
            call(4, false);                                                                                  \
        else                                                                                                 \
            call(8, false);                                                                                  \
    } while (0)

static void make_difference(size_t count, size_t width, bool real, const unsigned char *const *old,
                            const unsigned char *const *new, unsigned char *const *to) {
#define MAKE(bytes, rotated) make(count, bytes, rotated, old, new, to)
    FOR_WIDTHS(MAKE);
#undef MAKE
}

static void apply_difference(size_t count, size_t width, bool real, const unsigned char *const *old,
                             const unsigned char *const *from, unsigned char *const *new) {
#define APPLY(bytes, rotated) apply(count, bytes, rotated, old, from, new)
    FOR_WIDTHS(APPLY);
#undef APPLY
}

/* --- Both ways ----------------------------------------------------------------------------------------- */

/* Planes of TENSOR that are elements' bytes, lowest first; those behind them are only ever XORed. */
static size_t element_planes(enum hny_planes_layout layout, const struct hny_safetensors_tensor *tensor) {
    return layout == HNY_PLANES_INT8 ? 1 : hny_planes_count(layout, tensor);
}

static void combine_planes(size_t from, enum hny_planes_layout layout,
                           const struct hny_safetensors_tensor *tensor, const unsigned char *const *a,
                           const unsigned char *const *b, unsigned char *const *to) {
    for (size_t plane = from; plane < hny_planes_count(layout, tensor); plane++)
        combine(hny_planes_size(layout, tensor, plane), a[plane], b[plane], to[plane]);
}

void hny_change_make(enum hny_change change, enum hny_planes_layout layout,
                     const struct hny_safetensors_tensor *tensor, const unsigned char *const *old,
                     const unsigned char *const *new, unsigned char *const *to) {
    size_t width = change == HNY_CHANGE_DIFFERENCE ? element_planes(layout, tensor) : 0;
    if (width) make_difference(hny_safetensors_elements(tensor), width, is_real(layout), old, new, to);
    combine_planes(width, layout, tensor, old, new, to);
}

void hny_change_apply(enum hny_change change, enum hny_planes_layout layout,
                      const struct hny_safetensors_tensor *tensor, const unsigned char *const *old,
                      const unsigned char *const *from, unsigned char *const *new) {
    size_t width = change == HNY_CHANGE_DIFFERENCE ? element_planes(layout, tensor) : 0;
    if (width) apply_difference(hny_safetensors_elements(tensor), width, is_real(layout), old, from, new);
    combine_planes(width, layout, tensor, old, from, new);
}
