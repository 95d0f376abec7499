/* Values and packed weights in a sealed memory file (memfd_create(2)), made once and mapped by as many
 * processes as like: they share one copy, and none but the first packs anything. */
#ifndef HNY_NN_IMAGE_H
#define HNY_NN_IMAGE_H

#include "nn/parameters.h"

enum { HNY_IMAGE_NAME = 80 }; /* bytes of a name, its NUL included */

/* Gives PARAMETERS, with its tensors registered but neither allocated nor prepared, values and weights packed
 * in PRECISION, both out of SOURCES (as hny_parameters_pack_from has them) and in a new memory file, which is
 * sealed: they are read-only. NAME says what the numbers are, such as the digest of their file. *FILE is the
 * caller's to close and to hand on. */
hny_status hny_image_make(struct hny_parameters *parameters, enum hny_precision precision, const char *name,
                          const hny_real *const *sources, int *file);

/* Gives PARAMETERS, with its tensors registered but neither allocated nor prepared, values and packed weights
 * out of FILE, which may be closed afterwards. HNY_ERROR_INPUT where it is no sealed image of such tensors
 * that lie in the block so, called NAME and made for the same precision and library on this kind of
 * processor. */
hny_status hny_image_map(struct hny_parameters *parameters, enum hny_precision precision, const char *name,
                         int file);

#endif
