/* A model as the search sees it: which ids are bytes, and which are never said. */
#ifndef HNY_MODEL_VOCABULARY_VIEW_H
#define HNY_MODEL_VOCABULARY_VIEW_H

#include "decoder/search.h"
#include "model/model.h"

struct hny_vocabulary_view {
    struct hny_search_model model; /* what hny_search_create wants; points into this and into the model */
    int16_t *bytes;
    bool *forbidden;
};

/* MODEL must outlive the view. Pad, unknown and begin are forbidden. */
hny_status hny_vocabulary_view_open(struct hny_vocabulary_view *view, const struct hny_model *model);
void hny_vocabulary_view_close(struct hny_vocabulary_view *view); /* back to the zero state; allowed on it */

#endif
