#include "model/picture.h"
#include "base/file.h"
#include "model/svg.h"
#include "model/training_log.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct hny_text text(const char *string) {
    return (struct hny_text){string, strlen(string)};
}

static size_t occurrences(const char *picture, const char *part) {
    size_t count = 0;
    for (const char *at = picture; (at = strstr(at, part)); at += strlen(part)) count++;
    return count;
}

/* PICTURE is XML as far as elements go: every one that opens closes in order, and no < or & stands bare. */
static void expect_well_formed(const char *picture) {
    const char *open[16];
    size_t depth = 0;
    cr_assert_eq(strncmp(picture, "<?xml", 5), 0);
    for (const char *at = strchr(picture, '>') + 1; *at; at++) {
        if (*at == '&') {
            cr_assert(strncmp(at, "&lt;", 4) == 0 || strncmp(at, "&gt;", 4) == 0 ||
                      strncmp(at, "&amp;", 5) == 0 || strncmp(at, "&quot;", 6) == 0);
        }
        cr_assert(*at == '\n' || (unsigned char)*at >= ' ');
        if (*at != '<') continue;
        const char *end = strchr(at, '>');
        cr_assert_not_null(end);
        if (at[1] == '/') {
            cr_assert(depth > 0 && strncmp(open[--depth], at + 2, (size_t)(end - at) - 2) == 0, "%.40s", at);
        } else if (end[-1] != '/') {
            cr_assert_lt(depth, 16);
            open[depth++] = at + 1;
        }
        at = end;
    }
    cr_assert_eq(depth, 0);
}

Test(picture, curves_that_share_a_panel_share_axes_and_legend) {
    double x[] = {1, 2, 3, 4}, falling[] = {4, 3, 2, 1}, rising[] = {1, 2, 3, 4};
    struct hny_curve curves[] = {{"loss", "training", x, falling, 4},
                                 {"loss", "validation", x, falling, 4},
                                 {"score", "BLEU", x, rising, 4},
                                 {"speed", "empty", NULL, NULL, 0}};
    struct hny_buffer out = {0};
    cr_assert_eq(hny_picture_curves(&out, "run", "update", curves, 4), HNY_OK);
    expect_well_formed(out.data);
    cr_assert_eq(occurrences(out.data, "<polyline"), 3);
    cr_assert_eq(occurrences(out.data, ">loss<"), 1);
    cr_assert_eq(occurrences(out.data, ">training<") + occurrences(out.data, ">validation<"), 2);
    cr_assert_eq(occurrences(out.data, ">score<"), 1);
    cr_assert_eq(occurrences(out.data, ">speed<"), 0);
    hny_buffer_free(&out);
}

Test(picture, a_curve_is_drawn_where_its_values_lie) {
    double x[] = {0, 10}, y[] = {0, 10};
    struct hny_curve curve = {"score", "BLEU", x, y, 2};
    struct hny_buffer out = {0};
    cr_assert_eq(hny_picture_curves(&out, "run", "update", &curve, 1), HNY_OK);
    double left, low, right, high;
    cr_assert_eq(
        sscanf(strstr(out.data, "points=\""), "points=\"%lf,%lf %lf,%lf\"", &left, &low, &right, &high), 4);
    cr_assert(left < right && low > high, "SVG's y grows downwards");
    cr_assert_eq(occurrences(out.data, ">10</text>"), 2);
    cr_assert_eq(occurrences(out.data, ">0</text>"), 2);
    hny_buffer_free(&out);
}

Test(picture, ticks_are_round_numbers_that_people_read) {
    double x[] = {1, 20000}, y[] = {0.0002, 0.0019};
    struct hny_curve curve = {"learning rate", "rate", x, y, 2};
    struct hny_buffer out = {0};
    cr_assert_eq(hny_picture_curves(&out, "run", "update", &curve, 1), HNY_OK);
    cr_assert_eq(occurrences(out.data, ">10,000</text>"), 1);
    cr_assert_eq(occurrences(out.data, ">0.0005</text>"), 1);
    cr_assert_eq(occurrences(out.data, ">0.0020</text>"), 1);
    hny_buffer_free(&out);
}

/* Values whose ticks grow wider as the axis does: no tick may lie below the axis. */
Test(picture, the_axis_reaches_its_lowest_tick) {
    double x[] = {1, 1000}, y[] = {0.22, 1.08};
    struct hny_curve curve = {"norm", "n", x, y, 2};
    struct hny_buffer out = {0};
    cr_assert_eq(hny_picture_curves(&out, "run", "update", &curve, 1), HNY_OK);
    double left, low, right, high, tick_x, tick_y, axis_x, axis_y;
    const char *tick = strstr(out.data, ">0.0</text>");
    cr_assert_not_null(tick);
    while (strncmp(tick, "<text", 5) != 0) tick--;
    cr_assert_eq(sscanf(tick, "<text x=\"%lf\" y=\"%lf\"", &tick_x, &tick_y), 2, "%.80s", tick);
    tick = strstr(out.data, ">1</text>");
    if (!tick) tick = strstr(out.data, ">1,000</text>");
    cr_assert_not_null(tick);
    while (strncmp(tick, "<text", 5) != 0) tick--;
    cr_assert_eq(sscanf(tick, "<text x=\"%lf\" y=\"%lf\"", &axis_x, &axis_y), 2, "%.80s", tick);
    cr_assert_lt(tick_y, axis_y);
    cr_assert_eq(
        sscanf(strstr(out.data, "points=\""), "points=\"%lf,%lf %lf,%lf\"", &left, &low, &right, &high), 4);
    cr_assert_lt(low, tick_y);
    hny_buffer_free(&out);
}

Test(picture, one_point_and_one_value_are_drawn_too) {
    double x[] = {5, 6}, y[] = {2.5, 2.5};
    struct hny_buffer out = {0};
    cr_assert_eq(hny_picture_curves(&out, "run", "update", &(struct hny_curve){"loss", "l", x, y, 1}, 1),
                 HNY_OK);
    cr_assert_eq(occurrences(out.data, "<circle"), 1);
    hny_buffer_clear(&out);
    cr_assert_eq(hny_picture_curves(&out, "run", "update", &(struct hny_curve){"loss", "l", x, y, 2}, 1),
                 HNY_OK);
    expect_well_formed(out.data);
    cr_assert_null(strstr(out.data, "nan"));
    cr_assert_null(strstr(out.data, "inf"));
    hny_buffer_free(&out);
}

Test(picture, points_that_are_no_numbers_are_left_out) {
    double x[] = {1, 2, 3}, y[] = {1, NAN, INFINITY};
    struct hny_curve curve = {"loss", "l", x, y, 3};
    struct hny_buffer out = {0};
    cr_assert_eq(hny_picture_curves(&out, "run", "update", &curve, 1), HNY_OK);
    cr_assert_eq(occurrences(out.data, "<circle"), 1);
    cr_assert_null(strstr(out.data, "nan"));
    y[0] = NAN;
    cr_assert_eq(hny_picture_curves(&out, "run", "update", &curve, 1), HNY_ERROR_INPUT);
    cr_assert(strstr(hny_message(), "run"));
    hny_buffer_free(&out);
}

Test(picture, extreme_values_end_in_a_picture_too) {
    static const double ends[][2] = {
        {0, 5e-324}, {1, 1 + 1e-15}, {-1e308, 1e308}, {-1e300, 1e300}, {1e-200, 1e-199}};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        double x[] = {ends[i][0], ends[i][1], 2}, y[] = {ends[i][1], ends[i][0], 2};
        struct hny_curve curve = {"loss", "l", x, y, 3};
        struct hny_buffer out = {0};
        cr_assert_eq(hny_picture_curves(&out, "run", "update", &curve, 1), HNY_OK);
        expect_well_formed(out.data);
        cr_assert(!strstr(out.data, "nan") && !strstr(out.data, "inf") && out.size < 20000);
        hny_buffer_free(&out);
        curve.count = 2;
        if (fabs(x[0]) <= 1e300) cr_assert_eq(hny_picture_curves(&out, "run", "update", &curve, 1), HNY_OK);
        hny_buffer_free(&out);
    }
}

Test(picture, a_long_curve_is_thinned) {
    enum { POINTS = 100000 };
    double *x = malloc(POINTS * sizeof *x), *y = malloc(POINTS * sizeof *y);
    for (int i = 0; i < POINTS; i++) x[i] = i, y[i] = sin(i / 1000.0);
    struct hny_curve curve = {"loss", "l", x, y, POINTS};
    struct hny_buffer out = {0};
    cr_assert_eq(hny_picture_curves(&out, "run", "update", &curve, 1), HNY_OK);
    cr_assert_lt(out.size, 20000);
    hny_buffer_free(&out);
    free(x);
    free(y);
}

Test(picture, any_title_is_escaped) {
    double x[] = {1, 2};
    struct hny_curve curve = {"a < b", "\"&\"", x, x, 2};
    struct hny_buffer out = {0};
    cr_assert_eq(hny_picture_curves(&out, "学習 <en> & \x01\xff", "更新", &curve, 1), HNY_OK);
    expect_well_formed(out.data);
    cr_assert(strstr(out.data, "学習 &lt;en&gt; &amp; \xef\xbf\xbd\xef\xbf\xbd<"));
    hny_buffer_free(&out);
}

Test(picture, attention_has_every_piece_once_and_a_cell_for_each_weight) {
    const struct hny_text source[] = {text("▁私"), text("は"), text("<&>")},
                          target[] = {text("▁I"), text("▁am")};
    const float weights[] = {0.5f, 0.25f, 0, 2, NAN, -1};
    struct hny_attention_map map = {"one", source, target, 3, 2, weights};
    struct hny_buffer out = {0};
    cr_assert_eq(hny_picture_attention(&out, &map, 1), HNY_OK);
    expect_well_formed(out.data);
    cr_assert_eq(occurrences(out.data, ">▁私</text>"), 1);
    cr_assert_eq(occurrences(out.data, ">&lt;&amp;&gt;</text>"), 1);
    cr_assert_eq(occurrences(out.data, ">▁am</text>"), 1);
    cr_assert_eq(occurrences(out.data, "<title>"), 3);
    cr_assert(strstr(out.data, "fill-opacity=\"0.250\"><title>▁I ← は: 0.25</title>"));
    cr_assert(strstr(out.data, "fill-opacity=\"1.000\"><title>▁am ← ▁私: 1.00</title>"));
    hny_buffer_free(&out);
}

Test(picture, several_sentences_stand_in_one_picture) {
    const struct hny_text piece = text("a");
    const float weight = 1;
    struct hny_attention_map maps[] = {{"first", &piece, &piece, 1, 1, &weight},
                                       {"", &piece, &piece, 1, 1, &weight}};
    struct hny_buffer out = {0};
    cr_assert_eq(hny_picture_attention(&out, maps, 2), HNY_OK);
    expect_well_formed(out.data);
    cr_assert_eq(occurrences(out.data, ">a</text>"), 4);
    hny_buffer_free(&out);
}

Test(picture, attention_without_pieces_is_refused) {
    const struct hny_text piece = text("a");
    struct hny_attention_map map = {"", &piece, NULL, 1, 0, NULL};
    struct hny_buffer out = {0};
    cr_assert_eq(hny_picture_attention(&out, &map, 1), HNY_ERROR_INPUT);
    cr_assert_eq(hny_picture_attention(&out, NULL, 0), HNY_ERROR_INPUT);
    hny_buffer_free(&out);
}

Test(picture, wide_characters_take_twice_the_room) {
    cr_assert_eq(hny_svg_width(text("日本"), 10), 20);
    cr_assert_lt(hny_svg_width(text("ab"), 10), 15);
    cr_assert_eq(hny_svg_width(text("\xcc\x81"), 10), 0);
}

/* Reads CONTENT as a training log. */
static hny_status read_log(const char *content, struct hny_training_log **log) {
    char path[] = "/tmp/honyaku-log-XXXXXX";
    int file = mkstemp(path);
    cr_assert(file >= 0);
    cr_assert_eq(write(file, content, strlen(content)), (ssize_t)strlen(content));
    close(file);
    hny_status status = hny_training_log_open(log, path);
    unlink(path);
    return status;
}

Test(training_log, figures_become_curves_and_what_is_unknown_or_missing_is_left_out) {
    struct hny_training_log *log;
    const struct hny_curve *curves;
    cr_assert_eq(read_log("{\"event\":\"start\",\"preset\":\"tiny\"}\n"
                          "{\"event\":\"update\",\"update\":10,\"loss\":5.5,\"learning_rate\":0.001}\n"
                          "\n"
                          "{\"event\":\"update\",\"update\":20,\"loss\":null}\n"
                          "{\"event\":\"validation\",\"update\":20,\"loss\":5,\"bleu\":1.5}\n"
                          "{\"loss\":3}\n",
                          &log),
                 HNY_OK, "%s", hny_message());
    size_t count = hny_training_log_curves(log, &curves), points = 0;
    for (size_t i = 0; i < count; i++) points += curves[i].count;
    cr_assert_eq(points, 4);
    cr_assert_str_eq(curves[0].name, "training");
    cr_assert(curves[0].count == 1 && curves[0].x[0] == 10 && curves[0].y[0] == 5.5);
    cr_assert_str_eq(curves[1].name, "validation");
    cr_assert(curves[1].count == 1 && curves[1].x[0] == 20 && curves[1].y[0] == 5);
    cr_assert_str_eq(curves[0].panel, curves[1].panel);
    hny_training_log_close(&log);
    cr_assert_null(log);
}

Test(training_log, a_broken_line_is_named_by_its_number) {
    struct hny_training_log *log;
    cr_assert_eq(read_log("{\"event\":\"start\"}\n{\"event\":\n", &log), HNY_ERROR_INPUT);
    cr_assert_null(log);
    cr_assert(strstr(hny_message(), ":2: "), "%s", hny_message());
    cr_assert_eq(read_log("{}\n{}\n[1]\n", &log), HNY_ERROR_INPUT);
    cr_assert(strstr(hny_message(), ":3: "), "%s", hny_message());
}

Test(training_log, a_missing_file_is_an_error) {
    struct hny_training_log *log;
    cr_assert_eq(hny_training_log_open(&log, "/nowhere/log.jsonl"), HNY_ERROR_IO);
    cr_assert_null(log);
}
