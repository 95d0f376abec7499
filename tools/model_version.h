/* A model as it was when it was opened, for child processes that translate: whatever becomes of its folder or
 * its depot, those that are started again have the same. */
#ifndef HNY_TOOLS_MODEL_VERSION_H
#define HNY_TOOLS_MODEL_VERSION_H

#include "bundle/place.h"
#include "tools/tool.h"

struct hny_model_version {
    struct hny_place *place;  /* a bundle's folder lasts as long as children may be started from it */
    struct hny_buffer folder; /* that holds the files themselves */
    int image;                /* the memory file with its packed weights; -1: none */
};

#define HNY_MODEL_VERSION_NONE                                                                               \
    { .image = -1 }

/* Opens MODEL, a folder, a bundle or one of a depot, as the options --model-key, --precision, --shortlist and
 * those of tools/depot_watch.h say: it is fetched and checked, and its weights are packed once for all
 * children. VERSION, before in the state of HNY_MODEL_VERSION_NONE, is to be closed also after a failure. */
hny_status hny_model_version_open(struct hny_model_version *version, const struct hny_arguments *arguments,
                                  const char *model);
void hny_model_version_close(struct hny_model_version *version); /* back to that state */

#endif
