/* Curves of a training run. */
#include "model/picture.h"
#include "model/svg.h"
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Pixels. */
enum {
    WIDTH = 860,
    LEFT = 84, /* of the axes: room for numbers */
    RIGHT = 836,
    TITLE_HEIGHT = 46,
    PANEL_HEIGHT = 240,
    PANEL_TOP = 34, /* from the panel's top to its axes: room for its title and legend */
    PANEL_BOTTOM = 206,
    FOOT_HEIGHT = 28,
    TICK_SIZE = 11,
    LABEL_SIZE = 12,
    TITLE_SIZE = 16,
};
enum { X_TICKS = 8, Y_TICKS = 5, POINTS_DRAWN = 400, DOTS_UP_TO = 60 };

static const char ink[] = "#24292f", faint[] = "#57606a", grid[] = "#e4e7eb";

/* Told apart by the colour-blind too (Okabe and Ito, "Color Universal Design", 2008). */
static const char *const colours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00"};
enum { COLOUR_COUNT = sizeof colours / sizeof *colours };

struct range {
    double low, high;
};

struct axes {
    struct range x, y;  /* what is shown */
    double top, bottom; /* pixels */
};

static struct hny_text text_of(const char *string) {
    return (struct hny_text){string, strlen(string)};
}

/* Numbers that can be told from zero, and whose differences are numbers still. */
static const double least_magnitude = 1e-300, most_magnitude = 1e300;

static bool is_drawn(const struct hny_curve *curve, size_t i) {
    return fabs(curve->x[i]) <= most_magnitude && fabs(curve->y[i]) <= most_magnitude;
}

static void include(struct range *range, double value) {
    if (value < range->low) range->low = value;
    if (value > range->high) range->high = value;
}

/* The ranges of all points of CURVES [COUNT]; low > high when there are none. */
static void find_ranges(const struct hny_curve *curves, size_t count, struct range *x, struct range *y) {
    *x = *y = (struct range){DBL_MAX, -DBL_MAX};
    for (size_t c = 0; c < count; c++) {
        for (size_t i = 0; i < curves[c].count; i++) {
            if (!is_drawn(&curves[c], i)) continue;
            include(x, curves[c].x[i]);
            include(y, curves[c].y[i]);
        }
    }
}

static bool has_points(const struct hny_curve *curves, size_t count) {
    struct range x, y;
    find_ranges(curves, count, &x, &y);
    return x.low <= x.high;
}

/* A distance between ticks of 1, 2 or 5 times a power of ten that gives at most about TICKS of them. */
static double tick_step(struct range range, int ticks) {
    double rough = (range.high - range.low) / ticks, power = pow(10, floor(log10(rough)));
    double digit = rough / power;
    return power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
}

/* Too narrow for ticks that differ. */
static bool is_narrow(struct range range) {
    return range.high - range.low <= 1e-9 * fmax(fabs(range.low), fabs(range.high)) + least_magnitude;
}

/* RANGE widened to whole ticks; a range of one value gets room on both sides. */
static struct range whole_ticks(struct range range, int ticks) {
    if (is_narrow(range)) {
        double room = fabs(range.low) <= least_magnitude ? 1 : fabs(range.low) * 0.1;
        range = (struct range){range.low - room, range.high + room};
    }
    for (int again = 0; again < 4; again++) { /* a wider range may have wider ticks */
        double step = tick_step(range, ticks);
        range = (struct range){floor(range.low / step + 1e-9) * step, ceil(range.high / step - 1e-9) * step};
    }
    return range;
}

static double place_x(const struct axes *axes, double x) {
    return LEFT + (x - axes->x.low) / (axes->x.high - axes->x.low) * (RIGHT - LEFT);
}

static double place_y(const struct axes *axes, double y) {
    return axes->bottom - (y - axes->y.low) / (axes->y.high - axes->y.low) * (axes->bottom - axes->top);
}

/* VALUE as a tick's label: as many decimals as STEP needs, thousands apart, a power for very small and large
 * ones. */
static void print_tick(char label[32], double value, double step) {
    if (fabs(value) < step / 2) value = 0;
    if (value != 0 && (step < 1e-5 || fabs(value) >= 1e7)) {
        snprintf(label, 32, "%.3g", value);
        return;
    }
    int decimals = step >= 1 ? 0 : (int)ceil(-log10(step) - 1e-9);
    snprintf(label, 32, "%.*f", decimals, value);
    size_t size = strlen(label), digits = strspn(label + (*label == '-'), "0123456789");
    for (size_t at = digits + (*label == '-'); digits > 3 && size < 28; digits -= 3) {
        at -= 3;
        memmove(label + at + 1, label + at, ++size - at);
        label[at] = ',';
    }
}

static hny_status draw_x_tick(struct hny_buffer *out, const struct axes *axes, double value, double step) {
    char label[32];
    double x = place_x(axes, value);
    print_tick(label, value, step);
    HNY_TRY(hny_svg_line(out, (struct hny_svg_point){x, axes->top}, (struct hny_svg_point){x, axes->bottom},
                         grid, 1));
    return hny_svg_text(out, (struct hny_svg_point){x, axes->bottom + 16},
                        &(struct hny_svg_style){.size = TICK_SIZE, .anchor = "middle", .fill = faint},
                        text_of(label));
}

static hny_status draw_y_tick(struct hny_buffer *out, const struct axes *axes, double value, double step) {
    char label[32];
    double y = place_y(axes, value);
    print_tick(label, value, step);
    HNY_TRY(hny_svg_line(out, (struct hny_svg_point){LEFT, y}, (struct hny_svg_point){RIGHT, y}, grid, 1));
    return hny_svg_text(out, (struct hny_svg_point){LEFT - 8, y + TICK_SIZE * 0.36},
                        &(struct hny_svg_style){.size = TICK_SIZE, .anchor = "end", .fill = faint},
                        text_of(label));
}

static hny_status draw_axes(struct hny_buffer *out, const struct axes *axes) {
    double x_step = tick_step(axes->x, X_TICKS), y_step = tick_step(axes->y, Y_TICKS);
    for (double k = ceil(axes->x.low / x_step); k * x_step <= axes->x.high * (1 + 1e-9); k++) {
        HNY_TRY(draw_x_tick(out, axes, k * x_step, x_step));
    }
    for (double k = round(axes->y.low / y_step); k * y_step < axes->y.high + y_step / 2; k++) {
        HNY_TRY(draw_y_tick(out, axes, k * y_step, y_step));
    }
    struct hny_svg_point corner = {LEFT, axes->bottom};
    HNY_TRY(hny_svg_line(out, (struct hny_svg_point){LEFT, axes->top}, corner, faint, 1));
    return hny_svg_line(out, corner, (struct hny_svg_point){RIGHT, axes->bottom}, faint, 1);
}

/* Thins CURVE to at most POINTS_DRAWN points, each the mean of a run; returns how many. */
static size_t thin(const struct axes *axes, const struct hny_curve *curve, struct hny_svg_point *points) {
    size_t run = (curve->count + POINTS_DRAWN - 1) / POINTS_DRAWN, drawn = 0;
    for (size_t begin = 0; begin < curve->count; begin += run) {
        size_t end = curve->count - begin < run ? curve->count : begin + run, seen = 0;
        struct hny_svg_point mean = {0, 0};
        for (size_t i = begin; i < end; i++) {
            if (!is_drawn(curve, i)) continue;
            seen++;
            mean.x += (curve->x[i] - mean.x) / (double)seen;
            mean.y += (curve->y[i] - mean.y) / (double)seen;
        }
        if (seen) points[drawn++] = (struct hny_svg_point){place_x(axes, mean.x), place_y(axes, mean.y)};
    }
    return drawn;
}

/* The legend stands at the upper right, from the right. */
static hny_status draw_legend(struct hny_buffer *out, double top, const struct hny_curve *curves,
                              size_t count) {
    const double mark = 18, gap = 6, space = 20;
    double x = RIGHT, y = top + 18;
    for (size_t c = count; c-- > 0;) {
        if (!has_points(&curves[c], 1)) continue;
        struct hny_text name = text_of(curves[c].name);
        x -= hny_svg_width(name, LABEL_SIZE);
        HNY_TRY(hny_svg_text(out, (struct hny_svg_point){x, y},
                             &(struct hny_svg_style){.size = LABEL_SIZE, .anchor = "start", .fill = ink},
                             name));
        HNY_TRY(hny_svg_line(out, (struct hny_svg_point){x - gap - mark, y - 4},
                             (struct hny_svg_point){x - gap, y - 4}, colours[c % COLOUR_COUNT], 3));
        x -= mark + gap + space;
    }
    return HNY_OK;
}

static hny_status draw_panel(struct hny_buffer *out, double top, struct range x,
                             const struct hny_curve *curves, size_t count) {
    struct axes axes = {.x = x, .top = top + PANEL_TOP, .bottom = top + PANEL_BOTTOM};
    struct range own_x, y;
    struct hny_svg_point points[POINTS_DRAWN];
    find_ranges(curves, count, &own_x, &y);
    axes.y = whole_ticks(y, Y_TICKS);
    HNY_TRY(hny_svg_text(
        out, (struct hny_svg_point){LEFT, top + 18},
        &(struct hny_svg_style){.size = LABEL_SIZE, .anchor = "start", .fill = ink, .bold = true},
        text_of(curves[0].panel)));
    HNY_TRY(draw_axes(out, &axes));
    for (size_t c = 0; c < count; c++) {
        size_t drawn = thin(&axes, &curves[c], points);
        HNY_TRY(hny_svg_polyline(out, points, drawn, colours[c % COLOUR_COUNT], 1.8, drawn <= DOTS_UP_TO));
    }
    return count > 1 ? draw_legend(out, top, curves, count) : HNY_OK;
}

/* How many curves from the first of CURVES [COUNT] on share its panel. */
static size_t panel_size(const struct hny_curve *curves, size_t count) {
    size_t size = 1;
    while (size < count && strcmp(curves[size].panel, curves[0].panel) == 0) size++;
    return size;
}

hny_status hny_picture_curves(struct hny_buffer *out, const char *title, const char *x_name,
                              const struct hny_curve *curves, size_t count) {
    struct range x, y;
    size_t panels = 0;
    find_ranges(curves, count, &x, &y);
    if (x.low > x.high) return hny_fail(HNY_ERROR_INPUT, "%s: there is no curve to draw", title);
    if (x.low > 0 && x.low < x.high / 10) x.low = 0;
    if (is_narrow(x)) x = whole_ticks(x, X_TICKS);
    for (size_t c = 0, size; c < count; c += size)
        panels += has_points(curves + c, size = panel_size(curves + c, count - c));
    double top = TITLE_HEIGHT, height = TITLE_HEIGHT + (double)panels * PANEL_HEIGHT + FOOT_HEIGHT;
    HNY_TRY(hny_svg_begin(out, WIDTH, height));
    HNY_TRY(hny_svg_text(
        out, (struct hny_svg_point){LEFT, 30},
        &(struct hny_svg_style){.size = TITLE_SIZE, .anchor = "start", .fill = ink, .bold = true},
        text_of(title)));
    for (size_t c = 0, size; c < count; c += size) {
        size = panel_size(curves + c, count - c);
        if (!has_points(curves + c, size)) continue;
        HNY_TRY(draw_panel(out, top, x, curves + c, size));
        top += PANEL_HEIGHT;
    }
    HNY_TRY(hny_svg_text(out, (struct hny_svg_point){(LEFT + RIGHT) / 2.0, top + 8},
                         &(struct hny_svg_style){.size = LABEL_SIZE, .anchor = "middle", .fill = ink},
                         text_of(x_name)));
    return hny_svg_end(out);
}
