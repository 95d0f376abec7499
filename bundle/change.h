/* What a delta holds of a tensor that its base has too: how its planes differ from the base's.
 *
 * A difference of numbers is small where they have moved little, and counted in the last place of the base's
 * number it is the larger, the smaller that number is. So differences of real numbers lie in the order of the
 * base's exponents, which a reader of the delta knows: numbers whose differences are of a size lie together,
 * and each such run gets codes of its own. */
#ifndef HNY_BUNDLE_CHANGE_H
#define HNY_BUNDLE_CHANGE_H

#include "bundle/planes.h"

enum hny_change {
    HNY_CHANGE_WHOLE,      /* none that is used: the planes stand as they are */
    HNY_CHANGE_SAME,       /* no difference at all: no planes */
    HNY_CHANGE_XOR,        /* each byte of the planes XOR the base's */
    HNY_CHANGE_DIFFERENCE, /* elements less the base's, sorted: BUNDLE.md says exactly how */
    HNY_CHANGES,
};

const char *hny_change_name(enum hny_change change); /* as manifests write it; "whole" of the first */

/* Fills TO from the planes NEW of TENSOR and those of its base OLD, all in LAYOUT and of the same sizes.
 * CHANGE is XOR or DIFFERENCE. */
void hny_change_make(enum hny_change change, enum hny_planes_layout layout,
                     const struct hny_safetensors_tensor *tensor, const unsigned char *const *old,
                     const unsigned char *const *new, unsigned char *const *to);

/* The inverse: fills NEW from OLD and from FROM, what hny_change_make made. Any bytes of FROM give some. */
void hny_change_apply(enum hny_change change, enum hny_planes_layout layout,
                      const struct hny_safetensors_tensor *tensor, const unsigned char *const *old,
                      const unsigned char *const *from, unsigned char *const *new);

/* Where runs of the planes of a DIFFERENCE end that should get codes of their own: places in rising order,
 * none of them 0 or the end. Returns their count, 0 where the planes are not sorted. */
enum { HNY_CHANGE_CUTS = 255 };
size_t hny_change_cuts(enum hny_planes_layout layout, const struct hny_safetensors_tensor *tensor,
                       const unsigned char *const *old, size_t cuts[HNY_CHANGE_CUTS]);

#endif
