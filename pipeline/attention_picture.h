/* The picture of what translations looked at, drawn from what the broker's answers tell of it. */
#ifndef HNY_PIPELINE_ATTENTION_PICTURE_H
#define HNY_PIPELINE_ATTENTION_PICTURE_H

#include "base/json.h"

enum { HNY_ATTENTION_PICTURE_MAPS = 20 }; /* that are drawn at most: the first ones */

/* Appends an SVG of LINES, an array of objects as honyaku translate --json --alignment prints them: a map for
 * each part of each line. Parts that are not as they should be are left out; without any nothing is
 * appended. */
hny_status hny_attention_picture_write(const json_t *lines, struct hny_buffer *out);

#endif
