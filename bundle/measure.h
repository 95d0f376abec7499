/* What a manifest says of the files of a folder before they are packed. */
#ifndef HNY_BUNDLE_MEASURE_H
#define HNY_BUNDLE_MEASURE_H

#include "bundle/inputs.h"
#include "base/threads.h"

/* Sets the digests of BUNDLE, of its members as of the files that they will restore, and what rounding loses.
 * Where a file is rounded, its digest in the model's config.json among INPUTS is put right.
 * HNY_ERROR_INPUT where a file has not the digest that config.json gives it. */
hny_status hny_bundle_measure(struct hny_bundle *bundle, struct hny_bundle_input *inputs,
                              struct hny_threads *threads);

#endif
