/* A heat map for each translation. */
#include "model/picture.h"
#include "model/svg.h"
#include <math.h>
#include <string.h>

/* Pixels. */
enum {
    CELL = 22,
    PIECE_SIZE = 13,
    TITLE_SIZE = 14,
    MARGIN = 20,
    GAP = 8,
    TITLE_HEIGHT = 30,
    SCALE_WIDTH = 160
};

static const char ink[] = "#24292f", frame[] = "#d0d7de", heat[] = "#0b4a8f";
static const double lean = -55; /* degrees: source pieces stand over narrow columns */

/* Below this a cell cannot be told from white, and is not drawn. */
static const float least_drawn = 0.004f;

struct extent {
    double left;  /* room for target pieces */
    double top;   /* room for leaning source pieces and the title */
    double right; /* room the last source piece leans into */
    double width, height;
};

static double widest(const struct hny_text *pieces, size_t count) {
    double most = 0;
    for (size_t i = 0; i < count; i++) most = fmax(most, hny_svg_width(pieces[i], PIECE_SIZE));
    return most;
}

static struct extent measure(const struct hny_attention_map *map) {
    double leaning = widest(map->source, map->source_count), angle = -lean * M_PI / 180;
    struct extent extent = {
        .left = MARGIN + widest(map->target, map->target_count) + GAP,
        .top = (*map->title ? TITLE_HEIGHT : 0) + leaning * sin(angle) + PIECE_SIZE + GAP,
        .right = leaning * cos(angle) + MARGIN,
    };
    extent.width = extent.left + CELL * (double)map->source_count + extent.right;
    extent.height = extent.top + CELL * (double)map->target_count + MARGIN;
    double title = 2 * MARGIN + hny_svg_width((struct hny_text){map->title, strlen(map->title)}, TITLE_SIZE);
    extent.width = fmax(extent.width, title);
    return extent;
}

static hny_status draw_pieces(struct hny_buffer *out, struct hny_svg_point corner,
                              const struct hny_attention_map *map) {
    const double centre = CELL / 2.0, baseline = PIECE_SIZE * 0.36;
    struct hny_svg_style source = {.size = PIECE_SIZE, .anchor = "start", .fill = ink, .turn = lean};
    struct hny_svg_style target = {.size = PIECE_SIZE, .anchor = "end", .fill = ink};
    for (size_t i = 0; i < map->source_count; i++) {
        struct hny_svg_point at = {corner.x + CELL * (double)i + centre + baseline, corner.y - GAP};
        HNY_TRY(hny_svg_text(out, at, &source, map->source[i]));
    }
    for (size_t i = 0; i < map->target_count; i++) {
        struct hny_svg_point at = {corner.x - GAP, corner.y + CELL * (double)i + centre + baseline};
        HNY_TRY(hny_svg_text(out, at, &target, map->target[i]));
    }
    return HNY_OK;
}

static hny_status draw_cell(struct hny_buffer *out, struct hny_svg_point at, struct hny_text source,
                            struct hny_text target, float weight) {
    struct hny_buffer tip = {0};
    if (!(weight >= least_drawn)) return HNY_OK;
    if (weight > 1) weight = 1;
    hny_status status = hny_buffer_append(&tip, target.data, target.size);
    if (status == HNY_OK) status = hny_buffer_print(&tip, " ← ");
    if (status == HNY_OK) status = hny_buffer_append(&tip, source.data, source.size);
    if (status == HNY_OK) status = hny_buffer_print(&tip, ": %.2f", (double)weight);
    if (status == HNY_OK) {
        status = hny_svg_rectangle(out, at, CELL, CELL, heat, (double)weight,
                                   (struct hny_text){tip.data, tip.size});
    }
    hny_buffer_free(&tip);
    return status;
}

static hny_status draw_grid(struct hny_buffer *out, struct hny_svg_point corner, size_t columns,
                            size_t rows) {
    double right = corner.x + CELL * (double)columns, bottom = corner.y + CELL * (double)rows;
    for (size_t i = 0; i <= columns; i++) {
        double x = corner.x + CELL * (double)i;
        HNY_TRY(hny_svg_line(out, (struct hny_svg_point){x, corner.y}, (struct hny_svg_point){x, bottom},
                             frame, 0.5));
    }
    for (size_t i = 0; i <= rows; i++) {
        double y = corner.y + CELL * (double)i;
        HNY_TRY(hny_svg_line(out, (struct hny_svg_point){corner.x, y}, (struct hny_svg_point){right, y},
                             frame, 0.5));
    }
    return HNY_OK;
}

static hny_status draw_map(struct hny_buffer *out, double top, const struct hny_attention_map *map) {
    struct extent extent = measure(map);
    struct hny_svg_point corner = {extent.left, top + extent.top};
    if (*map->title) {
        struct hny_svg_style style = {.size = TITLE_SIZE, .anchor = "start", .fill = ink, .bold = true};
        HNY_TRY(hny_svg_text(out, (struct hny_svg_point){MARGIN, top + TITLE_SIZE + 4}, &style,
                             (struct hny_text){map->title, strlen(map->title)}));
    }
    HNY_TRY(draw_pieces(out, corner, map));
    for (size_t row = 0; row < map->target_count; row++) {
        for (size_t column = 0; column < map->source_count; column++) {
            struct hny_svg_point at = {corner.x + CELL * (double)column, corner.y + CELL * (double)row};
            HNY_TRY(draw_cell(out, at, map->source[column], map->target[row],
                              map->weights[row * map->source_count + column]));
        }
    }
    return draw_grid(out, corner, map->source_count, map->target_count);
}

/* What the shades mean: a bar from 0 to 1. */
static hny_status draw_scale(struct hny_buffer *out, double top) {
    enum { STEPS = 40, HEIGHT = 12 };
    struct hny_svg_style style = {.size = PIECE_SIZE - 2, .anchor = "start", .fill = ink};
    HNY_TRY(hny_svg_text(out, (struct hny_svg_point){MARGIN, top + HEIGHT - 2}, &style,
                         (struct hny_text){"0", 1}));
    for (int i = 0; i < STEPS; i++) {
        struct hny_svg_point at = {MARGIN + 12 + (double)i * SCALE_WIDTH / STEPS, top};
        HNY_TRY(hny_svg_rectangle(out, at, (double)SCALE_WIDTH / STEPS, HEIGHT, heat, (i + 0.5) / STEPS,
                                  (struct hny_text){0}));
    }
    static const char end[] = "1: all attention";
    return hny_svg_text(out, (struct hny_svg_point){MARGIN + 16 + SCALE_WIDTH, top + HEIGHT - 2}, &style,
                        (struct hny_text){end, sizeof end - 1});
}

hny_status hny_picture_attention(struct hny_buffer *out, const struct hny_attention_map *maps, size_t count) {
    const double scale_height = 32, scale_width = 2 * MARGIN + SCALE_WIDTH + 160;
    double width = scale_width, height = MARGIN;
    if (count == 0) return hny_fail(HNY_ERROR_INPUT, "there is no attention to draw");
    for (size_t i = 0; i < count; i++) {
        if (maps[i].source_count == 0 || maps[i].target_count == 0) {
            return hny_fail(HNY_ERROR_INPUT,
                            "attention %zu has %zu source and %zu target pieces: nothing to draw", i + 1,
                            maps[i].source_count, maps[i].target_count);
        }
        struct extent extent = measure(&maps[i]);
        width = fmax(width, extent.width);
        height += extent.height;
    }
    HNY_TRY(hny_svg_begin(out, width, height + scale_height));
    double top = MARGIN;
    for (size_t i = 0; i < count; i++) {
        HNY_TRY(draw_map(out, top, &maps[i]));
        top += measure(&maps[i]).height;
    }
    HNY_TRY(draw_scale(out, top));
    return hny_svg_end(out);
}
