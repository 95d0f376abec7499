/* Pictures as SVG: curves of a training run, and what a translation paid attention to. */
#ifndef HNY_MODEL_PICTURE_H
#define HNY_MODEL_PICTURE_H

#include "base/buffer.h"
#include "model/text.h"

/* One curve of a training log. Curves that stand together and have the same panel share its axes. */
struct hny_curve {
    const char *panel; /* its title: "loss (nats a token)" */
    const char *name;  /* in the legend: "validation" */
    double *x, *y;     /* [count]; points that are no numbers are left out */
    size_t count;
};

/* Appends a picture of CURVES [COUNT], a panel above the other, all with the same horizontal axis named
 * X_NAME. Long curves are thinned: a point of the picture is the mean of a run of points. Curves without
 * points are left out; none at all is HNY_ERROR_INPUT. Failure leaves a part of the picture in OUT. */
hny_status hny_picture_curves(struct hny_buffer *out, const char *title, const char *x_name,
                              const struct hny_curve *curves, size_t count);

/* How one translation was attended to. */
struct hny_attention_map {
    const char *title;             /* above it; "" for none */
    const struct hny_text *source; /* [source_count] pieces */
    const struct hny_text *target; /* [target_count] pieces */
    size_t source_count, target_count;
    const float
        *weights; /* [target_count][source_count], 0 to 1; others are drawn as the nearer of the two */
};

/* Appends a picture of MAPS [COUNT], one above the other: source pieces along the top, target pieces down the
 * side, the darker the cell the larger the weight. COUNT 0 is HNY_ERROR_INPUT, and so is a map without
 * pieces. */
hny_status hny_picture_attention(struct hny_buffer *out, const struct hny_attention_map *maps, size_t count);

#endif
