/* The picture of honyaku translate --plot-attention. */
#ifndef HNY_TOOLS_TRANSLATE_PICTURE_H
#define HNY_TOOLS_TRANSLATE_PICTURE_H

#include "model/translator.h"

enum { HNY_TRANSLATE_PICTURE_MAPS = 20 }; /* what is drawn at most: the first sentences */

struct hny_translate_picture {
    struct hny_line_translation lines[HNY_TRANSLATE_PICTURE_MAPS];
    uint64_t numbers[HNY_TRANSLATE_PICTURE_MAPS];
    size_t line_count;
    size_t map_count; /* of all their parts */
};

/* Keeps LINE, which becomes the zero state, if the picture still has room and the line has something to show.
 */
void hny_translate_picture_offer(struct hny_translate_picture *picture, uint64_t number,
                                 struct hny_line_translation *line);

/* Writes PATH. HNY_ERROR_INPUT where nothing was translated. */
hny_status hny_translate_picture_write(const struct hny_translate_picture *picture,
                                       const struct hny_model *model, const char *path);
void hny_translate_picture_free(struct hny_translate_picture *picture); /* back to the zero state */

#endif
