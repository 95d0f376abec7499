#include "tools/translate_picture.h"

#include "base/file.h"
#include "model/picture.h"
#include "model/line_output.h"
#include <stdio.h>
#include <string.h>

#define END_TEXT "</s>" /* what the end is called in the picture */

void hny_translate_picture_offer(struct hny_translate_picture *picture, uint64_t number,
                                 struct hny_line_translation *line) {
    if (picture->map_count >= HNY_TRANSLATE_PICTURE_MAPS || line->parts.part_count == 0) return;
    picture->lines[picture->line_count] = *line;
    picture->numbers[picture->line_count++] = number;
    picture->map_count += line->parts.part_count;
    *line = (struct hny_line_translation){0};
}

void hny_translate_picture_free(struct hny_translate_picture *picture) {
    for (size_t i = 0; i < picture->line_count; i++) hny_line_translation_free(&picture->lines[i]);
    *picture = (struct hny_translate_picture){0};
}

/* The pieces of COUNT ids, then ends up to LENGTH. */
static hny_status pieces(const struct hny_tokenizer *tokenizer, const int32_t *ids, size_t count,
                         size_t length, struct hny_arena *arena, const struct hny_text **texts) {
    struct hny_text *made = hny_arena_take(arena, length, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < length; i++) {
        const char *text = i < count ? hny_line_piece(tokenizer, ids[i], arena) : END_TEXT;
        if (!text) return HNY_ERROR_MEMORY;
        made[i] = (struct hny_text){text, strlen(text)};
    }
    *texts = made;
    return HNY_OK;
}

static hny_status make_map(const struct hny_model *model, const struct hny_line_translation *line,
                           uint64_t number, size_t part, struct hny_arena *arena,
                           struct hny_attention_map *map) {
    char title[64];
    const struct hny_part *source = &line->parts.parts[part];
    const struct hny_translation *translation = &line->translations[part];
    const struct hny_hypothesis *hypothesis = &translation->hypotheses[line->choices[0].hypotheses[part]];
    int size =
        line->parts.part_count == 1
            ? snprintf(title, sizeof title, "line %llu", (unsigned long long)number)
            : snprintf(title, sizeof title, "line %llu, part %zu", (unsigned long long)number, part + 1);
    *map = (struct hny_attention_map){.title = hny_arena_text(arena, title, (size_t)size),
                                      .source_count = translation->source_length,
                                      .target_count = hypothesis->count + 1,
                                      .weights = hypothesis->attention};
    if (!map->title) return HNY_ERROR_MEMORY;
    HNY_TRY(pieces(model->source_tokenizer, line->parts.ids.ids + source->first, source->count,
                   map->source_count, arena, &map->source));
    return pieces(model->target_tokenizer, hypothesis->ids, hypothesis->count, map->target_count, arena,
                  &map->target);
}

static hny_status draw(const struct hny_translate_picture *picture, const struct hny_model *model,
                       struct hny_arena *arena, struct hny_buffer *out) {
    struct hny_attention_map maps[HNY_TRANSLATE_PICTURE_MAPS];
    size_t count = 0;
    for (size_t i = 0; i < picture->line_count; i++) {
        const struct hny_line_translation *line = &picture->lines[i];
        for (size_t p = 0; p < line->parts.part_count && count < HNY_TRANSLATE_PICTURE_MAPS; p++)
            HNY_TRY(make_map(model, line, picture->numbers[i], p, arena, &maps[count++]));
    }
    if (count == 0)
        return hny_fail(HNY_ERROR_INPUT, "nothing was translated, so there is no attention to draw");
    return hny_picture_attention(out, maps, count);
}

hny_status hny_translate_picture_write(const struct hny_translate_picture *picture,
                                       const struct hny_model *model, const char *path) {
    struct hny_buffer out = {0};
    struct hny_arena *arena = hny_arena_create((size_t)1 << 16);
    hny_status status = arena ? draw(picture, model, arena, &out) : HNY_ERROR_MEMORY;
    if (status == HNY_OK) status = hny_file_write(path, out.data, out.size);
    hny_arena_destroy(&arena);
    hny_buffer_free(&out);
    return status;
}
