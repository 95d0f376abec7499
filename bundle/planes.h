/* A tensor's numbers laid out so that what repeats lies together.
 *
 * Exponents of weights take few values, the lowest bits of their mantissas all: as bytes of one number behind
 * the other they hide each other's order. So the sign, the highest bit, is rotated to the lowest place, which
 * moves the exponent into one byte; then all first bytes are put together, all second bytes, and so on
 * (Hershcovitch et al. 2024, ZipNN). Each such plane is a member of the bundle of its own. */
#ifndef HNY_BUNDLE_PLANES_H
#define HNY_BUNDLE_PLANES_H

#include "model/safetensors.h"

enum hny_planes_layout {
    HNY_PLANES_BYTES,   /* planes of an element's bytes, the lowest first */
    HNY_PLANES_ROTATED, /* the same of F32, F16 or BF16 rotated left by one bit */
    HNY_PLANES_BF16,    /* F32 rounded to its upper half, to the nearest, halves to even; then rotated */
    HNY_PLANES_INT8, /* rows of F32 as nn/product_int8.h quantises them: q, and the largest |x| of each row */
    HNY_PLANES_LAYOUTS,
};

enum { HNY_PLANES_MOST = 8 };

const char *hny_planes_name(enum hny_planes_layout layout); /* as manifests write it: "rotated" */

/* Whether TENSOR can be laid out so: HNY_PLANES_INT8 takes matrices alone. */
bool hny_planes_fit(enum hny_planes_layout layout, const struct hny_safetensors_tensor *tensor);

/* The layout that loses nothing. */
enum hny_planes_layout hny_planes_exact(enum hny_element type);

/* Members that TENSOR becomes, at most HNY_PLANES_MOST, and the bytes of each; what its shape asks for
 * (hny_safetensors_bytes) must fit 64 bits. */
size_t hny_planes_count(enum hny_planes_layout layout, const struct hny_safetensors_tensor *tensor);
uint64_t hny_planes_size(enum hny_planes_layout layout, const struct hny_safetensors_tensor *tensor,
                         size_t plane);

/* Fills PLANES, each of its size, from TENSOR's data. False where a number is not finite and LAYOUT is
 * HNY_PLANES_INT8, which cannot hold it. */
bool hny_planes_split(enum hny_planes_layout layout, const struct hny_safetensors_tensor *tensor,
                      unsigned char *const *planes);

/* The inverse, to DATA. A row that was quantised gives the same q and scale when nn/ quantises it again: its
 * numbers are q·largest/127, and ±largest itself where q is ±127. */
void hny_planes_join(enum hny_planes_layout layout, const struct hny_safetensors_tensor *tensor,
                     const unsigned char *const *planes, void *data);

/* The same by pieces, for threads: how many there are, and one of them, to its place in DATA. */
size_t hny_planes_pieces(enum hny_planes_layout layout, const struct hny_safetensors_tensor *tensor);
void hny_planes_join_piece(enum hny_planes_layout layout, const struct hny_safetensors_tensor *tensor,
                           const unsigned char *const *planes, size_t piece, void *data);

#endif
