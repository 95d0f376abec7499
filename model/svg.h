/* The few elements of SVG 1.1 that honyaku's pictures are made of, written to a buffer. What they show is the
 * business of model/picture.h. */
#ifndef HNY_MODEL_SVG_H
#define HNY_MODEL_SVG_H

#include "base/buffer.h"
#include "model/text.h"
#include <stdbool.h>

struct hny_svg_point {
    double x, y; /* pixels; y grows downwards */
};

/* How a text is set. */
struct hny_svg_style {
    double size;        /* pixels */
    const char *anchor; /* "start", "middle" or "end": which part of the text stands at its point */
    const char *fill;   /* "#rrggbb" */
    double turn;        /* degrees clockwise about its point */
    bool bold;
};

/* Begins a picture of WIDTH × HEIGHT pixels on white; hny_svg_end must follow what is drawn. */
hny_status hny_svg_begin(struct hny_buffer *out, double width, double height);
hny_status hny_svg_end(struct hny_buffer *out);

/* TEXT is escaped; characters that XML 1.0 forbids are shown as U+FFFD, so any bytes give a readable file. */
hny_status hny_svg_text(struct hny_buffer *out, struct hny_svg_point at, const struct hny_svg_style *style,
                        struct hny_text text);

/* Appends TEXT escaped as in hny_svg_text and nothing else. */
hny_status hny_svg_escape(struct hny_buffer *out, struct hny_text text);

hny_status hny_svg_line(struct hny_buffer *out, struct hny_svg_point from, struct hny_svg_point to,
                        const char *stroke, double width);

/* A rectangle with its upper left corner at AT; TIP, shown by browsers under the pointer, may be empty. */
hny_status hny_svg_rectangle(struct hny_buffer *out, struct hny_svg_point at, double width, double height,
                             const char *fill, double opacity, struct hny_text tip);

/* A line through POINTS [COUNT]; fewer than 2 are drawn as a dot, none not at all. DOTS marks every point. */
hny_status hny_svg_polyline(struct hny_buffer *out, const struct hny_svg_point *points, size_t count,
                            const char *stroke, double width, bool dots);

/* About how wide TEXT is when set SIZE pixels high: East Asian characters are square, combining marks
 * nothing. */
double hny_svg_width(struct hny_text text, double size);

#endif
