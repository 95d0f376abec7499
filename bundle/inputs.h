/* The files of a model folder, opened for packing. */
#ifndef HNY_BUNDLE_INPUTS_H
#define HNY_BUNDLE_INPUTS_H

#include "base/file.h"
#include "bundle/contents.h"

struct hny_bundle_input {
    struct hny_map map;
    struct hny_safetensors *tensors; /* NULL: a file that is packed as it is */
    struct hny_buffer text;          /* what is packed instead of MAP, where there is any */
    char stated[HNY_DIGEST_TEXT];    /* the digest that the model's config.json gives the file; "" */
};

/* Opens what belongs to the model MODEL, or, with TRAINING, what its training needs to go on: settings, log,
 * tokenizers, the pointers and the checkpoints that they name; a checkpoint itself gives all of its files.
 * Sets the files of BUNDLE, whose precision is set, to what is there: names, tensors and layouts, no digests
 * yet. The inputs, as many as BUNDLE has files, are the caller's to hny_bundle_inputs_close, also after a
 * failure. */
hny_status hny_bundle_inputs_open(struct hny_bundle *bundle, struct hny_bundle_input **inputs,
                                  const char *model, bool training);
void hny_bundle_inputs_close(struct hny_bundle_input **inputs, size_t count); /* nulls; NULL is allowed */

/* What is packed of INPUT: of a safetensors file the header alone. */
const void *hny_bundle_input_first(const struct hny_bundle_input *input, size_t *size);

#endif
