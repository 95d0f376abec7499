#include "model/svg.h"
#include "base/utf8.h"
#include <string.h>
#include <utf8proc.h>

hny_status hny_svg_begin(struct hny_buffer *out, double width, double height) {
    return hny_buffer_print(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
        "viewBox=\"0 0 %.0f %.0f\" font-family=\"DejaVu Sans, Noto Sans, Noto Sans CJK JP, "
        "sans-serif\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n",
        width, height, width, height);
}

hny_status hny_svg_end(struct hny_buffer *out) {
    return hny_buffer_print(out, "</svg>\n");
}

/* Whether XML 1.0 (section 2.2) has the character. */
static bool is_xml(uint32_t code) {
    return code == '\t' || code == '\n' || code == '\r' || (code >= 0x20 && code != 0xfffe && code != 0xffff);
}

static const char *entity(uint32_t code) {
    switch (code) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    }
    return is_xml(code) ? NULL : "\xef\xbf\xbd";
}

hny_status hny_svg_escape(struct hny_buffer *out, struct hny_text text) {
    for (size_t at = 0, size; at < text.size; at += size) {
        uint32_t code;
        int bytes = hny_utf8_decode(text.data + at, text.size - at, &code);
        size = (size_t)(bytes < 0 ? -bytes : bytes);
        const char *replacement = bytes < 0 ? "\xef\xbf\xbd" : entity(code);
        if (replacement)
            HNY_TRY(hny_buffer_append(out, replacement, strlen(replacement)));
        else
            HNY_TRY(hny_buffer_append(out, text.data + at, size));
    }
    return HNY_OK;
}

hny_status hny_svg_text(struct hny_buffer *out, struct hny_svg_point at, const struct hny_svg_style *style,
                        struct hny_text text) {
    HNY_TRY(hny_buffer_print(out,
                             "<text x=\"%.2f\" y=\"%.2f\" font-size=\"%.1f\" text-anchor=\"%s\" fill=\"%s\"",
                             at.x, at.y, style->size, style->anchor, style->fill));
    if (style->bold) HNY_TRY(hny_buffer_print(out, " font-weight=\"bold\""));
    if (style->turn != 0) {
        HNY_TRY(hny_buffer_print(out, " transform=\"rotate(%.1f %.2f %.2f)\"", style->turn, at.x, at.y));
    }
    HNY_TRY(hny_buffer_print(out, ">"));
    HNY_TRY(hny_svg_escape(out, text));
    return hny_buffer_print(out, "</text>\n");
}

hny_status hny_svg_line(struct hny_buffer *out, struct hny_svg_point from, struct hny_svg_point to,
                        const char *stroke, double width) {
    return hny_buffer_print(out,
                            "<line x1=\"%.2f\" y1=\"%.2f\" x2=\"%.2f\" y2=\"%.2f\" stroke=\"%s\" "
                            "stroke-width=\"%.2f\"/>\n",
                            from.x, from.y, to.x, to.y, stroke, width);
}

hny_status hny_svg_rectangle(struct hny_buffer *out, struct hny_svg_point at, double width, double height,
                             const char *fill, double opacity, struct hny_text tip) {
    HNY_TRY(hny_buffer_print(out,
                             "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"%s\" "
                             "fill-opacity=\"%.3f\"",
                             at.x, at.y, width, height, fill, opacity));
    if (tip.size == 0) return hny_buffer_print(out, "/>\n");
    HNY_TRY(hny_buffer_print(out, "><title>"));
    HNY_TRY(hny_svg_escape(out, tip));
    return hny_buffer_print(out, "</title></rect>\n");
}

static hny_status dot(struct hny_buffer *out, struct hny_svg_point at, const char *fill, double radius) {
    return hny_buffer_print(out, "<circle cx=\"%.2f\" cy=\"%.2f\" r=\"%.2f\" fill=\"%s\"/>\n", at.x, at.y,
                            radius, fill);
}

hny_status hny_svg_polyline(struct hny_buffer *out, const struct hny_svg_point *points, size_t count,
                            const char *stroke, double width, bool dots) {
    if (count > 1) {
        HNY_TRY(hny_buffer_print(out,
                                 "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"%.2f\" "
                                 "stroke-linejoin=\"round\" points=\"",
                                 stroke, width));
        for (size_t i = 0; i < count; i++) {
            HNY_TRY(hny_buffer_print(out, "%s%.2f,%.2f", i ? " " : "", points[i].x, points[i].y));
        }
        HNY_TRY(hny_buffer_print(out, "\"/>\n"));
    }
    for (size_t i = 0; i < count && (dots || count == 1); i++)
        HNY_TRY(dot(out, points[i], stroke, 1.6 * width));
    return HNY_OK;
}

double hny_svg_width(struct hny_text text, double size) {
    const double narrow = 0.62; /* of the height: a fair mean of sans-serif letters */
    double width = 0;
    for (size_t at = 0; at < text.size;) {
        uint32_t code;
        int bytes = hny_utf8_decode(text.data + at, text.size - at, &code);
        at += (size_t)(bytes < 0 ? -bytes : bytes);
        int cells = bytes < 0 ? 1 : utf8proc_charwidth((utf8proc_int32_t)code);
        width += cells == 2 ? size : cells == 1 ? narrow * size : 0;
    }
    return width;
}
