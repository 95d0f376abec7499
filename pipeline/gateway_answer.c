#include "pipeline/gateway_job.h"

#include "base/memory.h"
#include "pipeline/attention_picture.h"
#include <stdlib.h>
#include <string.h>

/* Reads what was told of each sentence besides its translation. */
static void read_lines(struct hny_gateway_job *job) {
    for (size_t i = 0; i < job->count; i++) {
        struct hny_gateway_sentence *sentence = &job->sentences[i];
        const struct hny_piece *options = &sentence->answer.options;
        json_t *all = NULL;
        if (options->size == 0 || hny_json_parse("an answer", options->data, options->size, &all) != HNY_OK)
            continue;
        sentence->line = json_incref(json_array_get(json_object_get(all, "lines"), 0));
        json_decref(all);
    }
}

/* The translation of SENTENCE that is at RANK, or its best one. */
static struct hny_text_translation translation_at(const struct hny_gateway_sentence *sentence, size_t rank) {
    const json_t *list = json_object_get(sentence->line, "nbest"), *choice = json_array_get(list, rank),
                 *text = json_object_get(choice, "translation");
    if (rank > 0 && json_is_string(text))
        return (struct hny_text_translation){{json_string_value(text), json_string_length(text)}, choice};
    return (struct hny_text_translation){{sentence->answer.text, sentence->answer.size}, sentence->line};
}

static hny_status join_text(const struct hny_gateway_job *job, size_t index, size_t rank,
                            struct hny_buffer *out) {
    const struct hny_gateway_text *text = &job->texts[index];
    const struct hny_text *source = &job->request.texts[index];
    if (!text->pieces) return hny_buffer_append(out, source->data, source->size);
    struct hny_text_translation *translations = hny_allocate(text->count, sizeof *translations);
    if (!translations) return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < text->count; i++)
        translations[i] = translation_at(&job->sentences[text->first + i], rank);
    hny_status status = hny_text_pieces_join(text->pieces, translations, out);
    free(translations);
    return status;
}

static bool same_text(const struct hny_buffer *a, const struct hny_buffer *b) {
    return a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

/* An alternative that says the same as another is none. */
static hny_status add_alternative(const struct hny_gateway_job *job, size_t index, size_t rank,
                                  struct hny_text_answer *answer) {
    struct hny_buffer *made = &answer->alternatives[answer->alternative_count];
    HNY_TRY(join_text(job, index, rank, made));
    bool known = same_text(made, &answer->text);
    for (size_t i = 0; i < answer->alternative_count; i++)
        known = known || same_text(made, &answer->alternatives[i]);
    if (known)
        hny_buffer_free(made);
    else
        answer->alternative_count++;
    return HNY_OK;
}

static hny_status make_text(const struct hny_gateway_job *job, size_t index, struct hny_text_answer *answer) {
    size_t most = job->request.alternatives;
    answer->guess = job->texts[index].guess;
    HNY_TRY(join_text(job, index, 0, &answer->text));
    if (most == 0) return HNY_OK;
    answer->alternatives = hny_allocate(most, sizeof *answer->alternatives);
    if (!answer->alternatives) return HNY_ERROR_MEMORY;
    for (size_t rank = 1; rank <= most; rank++) {
        hny_status status = add_alternative(job, index, rank, answer);
        if (status == HNY_OK) continue;
        hny_buffer_free(&answer->alternatives[answer->alternative_count]);
        return status;
    }
    return HNY_OK;
}

static hny_status draw(const struct hny_gateway_job *job, struct hny_buffer *picture) {
    json_t *lines = json_array();
    hny_status status = lines ? HNY_OK : hny_fail(HNY_ERROR_MEMORY, "out of memory for JSON");
    for (size_t i = 0; i < job->count; i++)
        if (job->sentences[i].line) json_array_append(lines, job->sentences[i].line);
    if (status == HNY_OK) status = hny_attention_picture_write(lines, picture);
    json_decref(lines);
    return status;
}

hny_status hny_gateway_compose(struct hny_gateway_job *job, struct hny_buffer *body) {
    const struct hny_text_request *request = &job->request;
    struct hny_buffer picture = {0};
    struct hny_text_answer *answers = hny_allocate(request->count, sizeof *answers);
    hny_status status = answers ? HNY_OK : HNY_ERROR_MEMORY;
    read_lines(job);
    for (size_t i = 0; i < request->count && status == HNY_OK; i++) status = make_text(job, i, &answers[i]);
    if (status == HNY_OK && request->attention) status = draw(job, &picture);
    if (status == HNY_OK) status = hny_text_answer_write(request, answers, &picture, body);
    for (size_t i = 0; answers && i < request->count; i++) hny_text_answer_free(&answers[i]);
    free(answers);
    hny_buffer_free(&picture);
    return status;
}
