#include "model/training_log.h"
#include "base/json.h"
#include "base/lines.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

/* Each curve: where it is drawn, and which figure of which event it shows. */
static const struct figure {
    const char *panel, *name, *event, *key;
} figures[] = {
    {"loss (nats a token)", "training", "update", "loss"},
    {"loss (nats a token)", "validation", "validation", "loss"},
    {"score", "BLEU", "validation", "bleu"},
    {"score", "chrF", "validation", "chrf"},
    {"learning rate", "learning rate", "update", "learning_rate"},
    {"gradient norm", "gradient norm", "update", "gradient_norm"},
    {"speed (tokens a second)", "training", "update", "tokens_per_second"},
};
enum { FIGURE_COUNT = sizeof figures / sizeof *figures };

struct hny_training_log {
    struct hny_curve curves[FIGURE_COUNT];
    size_t x_capacity[FIGURE_COUNT], y_capacity[FIGURE_COUNT];
};

static hny_status add_point(struct hny_training_log *log, size_t figure, double x, double y) {
    struct hny_curve *curve = &log->curves[figure];
    if (hny_grow(&curve->x, &log->x_capacity[figure], curve->count + 1, sizeof *curve->x) != 0 ||
        hny_grow(&curve->y, &log->y_capacity[figure], curve->count + 1, sizeof *curve->y) != 0) {
        return HNY_ERROR_MEMORY;
    }
    curve->x[curve->count] = x;
    curve->y[curve->count++] = y;
    return HNY_OK;
}

static hny_status add_event(struct hny_training_log *log, const json_t *event) {
    const char *name = json_string_value(json_object_get(event, "event"));
    const json_t *update = json_object_get(event, "update");
    if (!name || !json_is_number(update)) return HNY_OK;
    for (size_t i = 0; i < FIGURE_COUNT; i++) {
        const json_t *value = json_object_get(event, figures[i].key);
        if (strcmp(name, figures[i].event) != 0 || !json_is_number(value)) continue;
        HNY_TRY(add_point(log, i, json_number_value(update), json_number_value(value)));
    }
    return HNY_OK;
}

static hny_status add_line(struct hny_training_log *log, const struct hny_lines *lines, const char *text,
                           size_t size) {
    json_error_t error;
    json_t *event = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    unsigned long long number = hny_lines_number(lines);
    hny_status status;
    if (!event) {
        status = hny_fail(HNY_ERROR_INPUT, "%s:%llu: not valid JSON: %s", hny_lines_path(lines), number,
                          error.text);
    } else if (!json_is_object(event)) {
        status = hny_fail(HNY_ERROR_INPUT, "%s:%llu: not a JSON object", hny_lines_path(lines), number);
    } else {
        status = add_event(log, event);
    }
    json_decref(event);
    return status;
}

static hny_status read_lines(struct hny_training_log *log, struct hny_lines *lines) {
    for (;;) {
        const char *text;
        size_t size;
        bool more;
        HNY_TRY(hny_lines_next(lines, &text, &size, &more));
        if (!more) return HNY_OK;
        if (strspn(text, " \t") < size) HNY_TRY(add_line(log, lines, text, size));
    }
}

hny_status hny_training_log_open(struct hny_training_log **log, const char *path) {
    struct hny_lines *lines;
    *log = NULL;
    HNY_TRY(hny_lines_open(&lines, path));
    struct hny_training_log *read = hny_allocate(1, sizeof *read);
    hny_status status = HNY_ERROR_MEMORY;
    if (read) {
        for (size_t i = 0; i < FIGURE_COUNT; i++) {
            read->curves[i] = (struct hny_curve){.panel = figures[i].panel, .name = figures[i].name};
        }
        status = read_lines(read, lines);
    }
    hny_lines_close(&lines);
    if (status == HNY_OK)
        *log = read;
    else
        hny_training_log_close(&read);
    return status;
}

void hny_training_log_close(struct hny_training_log **log) {
    if (!*log) return;
    for (size_t i = 0; i < FIGURE_COUNT; i++) {
        free((*log)->curves[i].x);
        free((*log)->curves[i].y);
    }
    free(*log);
    *log = NULL;
}

size_t hny_training_log_curves(const struct hny_training_log *log, const struct hny_curve **curves) {
    *curves = log->curves;
    return FIGURE_COUNT;
}
