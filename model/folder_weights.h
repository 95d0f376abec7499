/* The weights of a model's folder: blocks of numbers to and from their file, and what a model computes with
 * out of it. Which file it is, and whether it is what it should be, is model/folder.h's concern. */
#ifndef HNY_MODEL_FOLDER_WEIGHTS_H
#define HNY_MODEL_FOLDER_WEIGHTS_H

#include "nn/parameters.h"

/* Writes PARAMETERS' tensors with the numbers of each of COUNT blocks to PATH; tensor names get "PREFIX[i]"
 * in front. hny_folder_read_blocks is its inverse and refuses missing tensors and other shapes. */
hny_status hny_folder_write_blocks(const char *path, const struct hny_parameters *parameters,
                                   const hny_real *const *blocks, const char *const *prefixes, size_t count);
hny_status hny_folder_read_blocks(const char *path, const struct hny_parameters *parameters,
                                  hny_real *const *blocks, const char *const *prefixes, size_t count);

/* The following give PARAMETERS, with its tensors registered but no values yet, what the open file WEIGHTS
 * has, which NAME stands for in messages. */

/* All values, for training on. */
hny_status hny_folder_read_weights(int weights, const char *name, struct hny_parameters *parameters);

/* Weights packed in PRECISION straight from the file, and the values that are read besides (hny_tensor_stays)
 * alone. */
hny_status hny_folder_pack_weights(int weights, const char *name, struct hny_parameters *parameters,
                                   enum hny_precision precision);

/* The same in a new image (nn/image.h), which is called as IMAGE says and whose descriptor *FILE becomes. */
hny_status hny_folder_share_weights(int weights, const char *name, struct hny_parameters *parameters,
                                    enum hny_precision precision, const char *image, int *file);

#endif
