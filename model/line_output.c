#include "model/line_output.h"

#include "base/json.h"
#include <stdio.h>
#include <string.h>

/* The hypothesis that CHOICE has for part PART. */
static const struct hny_hypothesis *hypothesis_of(const struct hny_line_translation *line,
                                                  const struct hny_line_choice *choice, size_t part) {
    return &line->translations[part].hypotheses[choice->hypotheses[part]];
}

const char *hny_line_piece(const struct hny_tokenizer *tokenizer, int32_t id, struct hny_arena *arena) {
    char text[16];
    if (tokenizer) return hny_tokenizer_piece(tokenizer, id);
    return hny_arena_text(arena, text, (size_t)snprintf(text, sizeof text, "%d", id));
}

/* --- Columns ------------------------------------------------------------------------------------------- */

static hny_status append_words(const struct hny_line_translation *line, const struct hny_line_choice *choice,
                               struct hny_buffer *out) {
    const char *space = "";
    for (size_t p = 0; p < line->parts.part_count; p++) {
        const struct hny_hypothesis *hypothesis = hypothesis_of(line, choice, p);
        for (size_t w = 0; w <= hypothesis->count; w++, space = " ")
            HNY_TRY(hny_buffer_print(out, "%s%.4f", space, (double)hypothesis->word_log_probability[w]));
    }
    return hny_buffer_append(out, "\t", 1);
}

/* "0-0 2-1": source and target pieces, counted through the parts. A piece that looked at the source's end
 * most has no pair. */
static hny_status append_alignment(const struct hny_line_translation *line,
                                   const struct hny_line_choice *choice, struct hny_buffer *out) {
    const char *space = "";
    for (size_t p = 0, source = 0, target = 0; p < line->parts.part_count; p++) {
        const struct hny_hypothesis *hypothesis = hypothesis_of(line, choice, p);
        size_t length = line->translations[p].source_length;
        for (size_t w = 0; w < hypothesis->count; w++) {
            const hny_real *weights = hypothesis->attention + w * length;
            size_t most = 0;
            for (size_t s = 1; s < length; s++)
                if (weights[s] > weights[most]) most = s;
            if (most >= line->parts.parts[p].count) continue;
            HNY_TRY(hny_buffer_print(out, "%s%zu-%zu", space, source + most, target + w));
            space = " ";
        }
        source += line->parts.parts[p].count;
        target += hypothesis->count;
    }
    return hny_buffer_append(out, "\t", 1);
}

static hny_status append_columns(const struct hny_line_style *style, uint64_t number,
                                 const struct hny_line_translation *line, size_t index,
                                 struct hny_buffer *out) {
    const struct hny_line_choice *choice = &line->choices[index];
    if (style->nbest) HNY_TRY(hny_buffer_print(out, "%llu\t", (unsigned long long)number));
    if (style->nbest || style->scores) HNY_TRY(hny_buffer_print(out, "%.4f\t", choice->score));
    if (style->words) HNY_TRY(append_words(line, choice, out));
    if (style->alignment) HNY_TRY(append_alignment(line, choice, out));
    HNY_TRY(hny_buffer_append(out, line->texts[index].data, line->texts[index].size));
    return hny_buffer_append(out, "\n", 1);
}

/* --- JSON ---------------------------------------------------------------------------------------------- */

static json_t *json_text(const struct hny_buffer *text) {
    return json_stringn(text->data ? text->data : "", text->size);
}

/* Appends VALUE, which may be NULL, to the array LIST, or fails. Takes the reference. */
static hny_status json_push(json_t *list, json_t *value) {
    return json_array_append_new(list, value) == 0 ? HNY_OK
                                                   : hny_fail(HNY_ERROR_MEMORY, "out of memory for JSON");
}

static hny_status json_put(json_t *object, const char *name, json_t *value) {
    return json_object_set_new(object, name, value) == 0
               ? HNY_OK
               : hny_fail(HNY_ERROR_MEMORY, "out of memory for JSON");
}

static hny_status put_pieces(json_t *object, const char *name, const struct hny_tokenizer *tokenizer,
                             const int32_t *ids, size_t count) {
    json_t *list = json_array();
    HNY_TRY(json_put(object, name, list));
    for (size_t i = 0; i < count; i++)
        HNY_TRY(json_push(list, tokenizer ? json_string(hny_tokenizer_piece(tokenizer, ids[i]))
                                          : json_integer(ids[i])));
    return HNY_OK;
}

static hny_status push_reals(json_t *list, const hny_real *values, size_t count) {
    for (size_t i = 0; i < count; i++) HNY_TRY(json_push(list, json_real((double)values[i])));
    return HNY_OK;
}

static hny_status put_attention(json_t *object, const struct hny_hypothesis *hypothesis, size_t length) {
    json_t *rows = json_array();
    HNY_TRY(json_put(object, "attention", rows));
    for (size_t w = 0; w <= hypothesis->count; w++) {
        json_t *row = json_array();
        HNY_TRY(json_push(rows, row));
        HNY_TRY(push_reals(row, hypothesis->attention + w * length, length));
    }
    return HNY_OK;
}

static hny_status put_part(json_t *object, const struct hny_line_style *style, const struct hny_model *model,
                           const struct hny_line_translation *line, const struct hny_line_choice *choice,
                           size_t part) {
    const struct hny_hypothesis *hypothesis = hypothesis_of(line, choice, part);
    HNY_TRY(put_pieces(object, "source", model->source_tokenizer,
                       line->parts.ids.ids + line->parts.parts[part].first, line->parts.parts[part].count));
    HNY_TRY(put_pieces(object, "target", model->target_tokenizer, hypothesis->ids, hypothesis->count));
    HNY_TRY(json_put(object, "ended", json_boolean(hypothesis->ended)));
    HNY_TRY(json_put(object, "score", json_real(hypothesis->score)));
    HNY_TRY(json_put(object, "log_probability", json_real(hypothesis->log_probability)));
    if (style->words) {
        json_t *words = json_array();
        HNY_TRY(json_put(object, "words", words));
        HNY_TRY(push_reals(words, hypothesis->word_log_probability, hypothesis->count + 1));
    }
    if (!style->alignment) return HNY_OK;
    return put_attention(object, hypothesis, line->translations[part].source_length);
}

static hny_status put_choice(json_t *object, const struct hny_line_style *style,
                             const struct hny_model *model, const struct hny_line_translation *line,
                             size_t index) {
    const struct hny_line_choice *choice = &line->choices[index];
    HNY_TRY(json_put(object, "translation", json_text(&line->texts[index])));
    HNY_TRY(json_put(object, "score", json_real(choice->score)));
    HNY_TRY(json_put(object, "log_probability", json_real(choice->log_probability)));
    if (!style->words && !style->alignment) return HNY_OK;
    json_t *parts = json_array();
    HNY_TRY(json_put(object, "parts", parts));
    for (size_t p = 0; p < line->parts.part_count; p++) {
        json_t *part = json_object();
        HNY_TRY(json_push(parts, part));
        HNY_TRY(put_part(part, style, model, line, choice, p));
    }
    return HNY_OK;
}

static hny_status put_line(json_t *object, const struct hny_line_style *style, const struct hny_model *model,
                           uint64_t number, const struct hny_line_translation *line) {
    HNY_TRY(json_put(object, "line", json_integer((json_int_t)number)));
    HNY_TRY(json_put(object, "source", json_text(&line->parts.text)));
    HNY_TRY(put_choice(object, style, model, line, 0));
    if (!style->nbest) return HNY_OK;
    json_t *list = json_array();
    HNY_TRY(json_put(object, "nbest", list));
    for (size_t i = 0; i < line->count; i++) {
        json_t *choice = json_object();
        HNY_TRY(json_push(list, choice));
        HNY_TRY(put_choice(choice, style, model, line, i));
    }
    return HNY_OK;
}

static hny_status append_json(const struct hny_line_style *style, const struct hny_model *model,
                              uint64_t number, const struct hny_line_translation *line,
                              struct hny_buffer *out) {
    json_t *object = json_object();
    hny_status status = object ? put_line(object, style, model, number, line)
                               : hny_fail(HNY_ERROR_MEMORY, "out of memory for JSON");
    if (status == HNY_OK) status = hny_json_print(out, object, false);
    if (status == HNY_OK) status = hny_buffer_append(out, "\n", 1);
    json_decref(object);
    return status;
}

hny_status hny_line_write(const struct hny_line_style *style, const struct hny_model *model, uint64_t number,
                          const struct hny_line_translation *line, struct hny_buffer *out) {
    if (style->json) return append_json(style, model, number, line, out);
    for (size_t i = 0; i < line->count; i++) HNY_TRY(append_columns(style, number, line, i, out));
    return HNY_OK;
}

/* Numbers that JSON tells of translation INDEX: a piece's, and a piece's attention's. */
static uint64_t numbers_of(const struct hny_line_style *style, const struct hny_line_translation *line,
                           size_t index) {
    uint64_t numbers = 0;
    for (size_t p = 0; p < line->parts.part_count; p++) {
        uint64_t pieces = hypothesis_of(line, &line->choices[index], p)->count + 1;
        if (style->words) numbers += pieces;
        if (style->alignment) numbers += pieces * line->translations[p].source_length;
    }
    return numbers;
}

/* What translation INDEX takes at least. */
static uint64_t choice_least(const struct hny_line_style *style, const struct hny_line_translation *line,
                             size_t index) {
    enum { NUMBER_LEAST = 4 }; /* "0.0," */
    return line->texts[index].size + (style->json ? NUMBER_LEAST * numbers_of(style, line, index) : 0);
}

uint64_t hny_line_least(const struct hny_line_style *style, const struct hny_line_translation *line) {
    uint64_t least = style->json ? choice_least(style, line, 0) : 0; /* again in the list of all */
    for (size_t i = 0; i < line->count && (style->nbest || !style->json); i++)
        least += choice_least(style, line, i);
    return least;
}
