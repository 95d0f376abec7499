#include "pipeline/attention_picture.h"

#include "base/memory.h"
#include "model/picture.h"
#include <stdlib.h>
#include <string.h>

enum { MOST_PIECES = 200 }; /* of a side: a picture of more is no picture */

static const char end_text[] = "</s>"; /* what the end is called in the picture */

/* One map, with the memory that its lists lie in. */
struct map {
    struct hny_text *source, *target;
    float *weights;
};

static void free_map(struct map *map) {
    free(map->source);
    free(map->target);
    free(map->weights);
}

/* Pieces as texts, and an end's mark behind them: attention has a row and a column for it. */
static struct hny_text *read_pieces(const json_t *list) {
    size_t i;
    json_t *piece;
    struct hny_text *pieces = hny_allocate(json_array_size(list) + 1, sizeof *pieces);
    if (!pieces) return NULL;
    json_array_foreach(list, i, piece) {
        const char *text = json_string_value(piece);
        pieces[i] = (struct hny_text){text ? text : "", text ? strlen(text) : 0};
    }
    pieces[json_array_size(list)] = (struct hny_text){end_text, strlen(end_text)};
    return pieces;
}

/* The shape of PART's attention; false where it has none that can be drawn. */
static bool measure(const json_t *part, size_t *rows, size_t *columns) {
    const json_t *attention = json_object_get(part, "attention");
    size_t source = json_array_size(json_object_get(part, "source")),
           target = json_array_size(json_object_get(part, "target"));
    *rows = json_array_size(attention);
    *columns = json_array_size(json_array_get(attention, 0));
    for (size_t i = 0; i < *rows; i++)
        if (json_array_size(json_array_get(attention, i)) != *columns) return false;
    return source > 0 && target > 0 && *columns >= source && *columns <= source + 1 && *rows >= target &&
           *rows <= target + 1 && *columns <= MOST_PIECES && *rows <= MOST_PIECES;
}

static hny_status read_map(const json_t *part, size_t rows, size_t columns, struct map *map,
                           struct hny_attention_map *drawn) {
    const json_t *attention = json_object_get(part, "attention");
    map->source = read_pieces(json_object_get(part, "source"));
    map->target = read_pieces(json_object_get(part, "target"));
    map->weights = hny_allocate(rows * columns, sizeof *map->weights);
    if (!map->source || !map->target || !map->weights) return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < rows * columns; i++)
        map->weights[i] =
            (float)json_number_value(json_array_get(json_array_get(attention, i / columns), i % columns));
    *drawn = (struct hny_attention_map){"", map->source, map->target, columns, rows, map->weights};
    return HNY_OK;
}

hny_status hny_attention_picture_write(const json_t *lines, struct hny_buffer *out) {
    struct map maps[HNY_ATTENTION_PICTURE_MAPS] = {0};
    struct hny_attention_map drawn[HNY_ATTENTION_PICTURE_MAPS];
    size_t count = 0, i, j, rows, columns;
    json_t *line, *part;
    hny_status status = HNY_OK;
    json_array_foreach(lines, i, line) {
        json_array_foreach(json_object_get(line, "parts"), j, part) {
            if (status != HNY_OK || count == HNY_ATTENTION_PICTURE_MAPS || !measure(part, &rows, &columns))
                continue;
            status = read_map(part, rows, columns, &maps[count], &drawn[count]);
            count++;
        }
    }
    if (status == HNY_OK && count > 0) status = hny_picture_attention(out, drawn, count);
    for (i = 0; i < count; i++) free_map(&maps[i]);
    return status;
}
