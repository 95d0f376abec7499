/* Values and packed weights in a sealed memory file (memfd_create(2)), made once and mapped by as many
 * processes as like: they share one copy, and none but the first packs anything. */
#ifndef HNY_NN_IMAGE_H
#define HNY_NN_IMAGE_H

#include "nn/parameters.h"

enum { HNY_IMAGE_NAME = 80 }; /* bytes of a name, its NUL included */

/* Moves the values of PARAMETERS, which have no packed weights yet, into a new memory file, packs there all
 * matrices that products read in PRECISION, and seals it: from then on both are read-only. NAME says what the
 * numbers are, such as the digest of their file. *FILE is the caller's to close and to hand on. */
hny_status hny_image_make(struct hny_parameters *parameters, enum hny_precision precision, const char *name,
                          int *file);

/* Gives PARAMETERS, with its tensors registered but neither allocated nor prepared, values and packed weights
 * out of FILE, which may be closed afterwards. HNY_ERROR_INPUT where it is no sealed image of such tensors,
 * called NAME and made for the same precision and library on this kind of processor. */
hny_status hny_image_map(struct hny_parameters *parameters, enum hny_precision precision, const char *name,
                         int file);

#endif
