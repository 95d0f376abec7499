#include "pipeline/libretranslate.h"

#include "base/memory.h"
#include "base/utf8.h"
#include <stdlib.h>
#include <string.h>

void hny_text_limits_defaults(struct hny_text_limits *limits) {
    *limits = (struct hny_text_limits){.characters = 20000, .texts = 256, .alternatives = 8};
}

void hny_text_request_free(struct hny_text_request *request) {
    free(request->texts);
    json_decref(request->body);
    *request = (struct hny_text_request){0};
}

void hny_text_answer_free(struct hny_text_answer *answer) {
    hny_buffer_free(&answer->text);
    for (size_t i = 0; i < answer->alternative_count; i++) hny_buffer_free(&answer->alternatives[i]);
    free(answer->alternatives);
    *answer = (struct hny_text_answer){0};
}

static hny_status out_of_memory(void) {
    return hny_fail(HNY_ERROR_MEMORY, "out of memory for JSON");
}

/* --- Requests --------------------------------------------------------------------------------------- */

hny_status hny_form_add(json_t *fields, const char *name, struct hny_text value) {
    struct hny_buffer text = {0};
    if (!hny_utf8_valid(name, strlen(name)) || !hny_utf8_valid(value.data, value.size) ||
        memchr(value.data, '\0', value.size))
        return hny_fail(HNY_ERROR_INPUT, "Invalid request: a form's field is not UTF-8, or has a NUL in it");
    if (json_object_get(fields, name)) return HNY_OK;
    HNY_TRY(hny_buffer_append(&text, value.data, value.size));
    size_t size = 0;
    for (size_t i = 0; i < value.size; i++)
        if (value.data[i] != '\r' || i + 1 == value.size || value.data[i + 1] != '\n')
            text.data[size++] = value.data[i];
    bool fine = json_object_set_new(fields, name, json_stringn(text.data, size)) == 0;
    hny_buffer_free(&text);
    return fine ? HNY_OK : out_of_memory();
}

static size_t count_characters(struct hny_text text) {
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) count += ((unsigned char)text.data[i] & 0xc0) != 0x80;
    return count;
}

static hny_status missing(const char *name) {
    return hny_fail(HNY_ERROR_INPUT, "Invalid request: missing %s parameter", name);
}

static hny_status read_texts(struct hny_text_request *request, const struct hny_text_limits *limits) {
    json_t *q = json_object_get(request->body, "q");
    request->list = json_is_array(q);
    request->count = request->list ? json_array_size(q) : 1;
    if (!q || request->count == 0 || (json_is_string(q) && json_string_length(q) == 0)) return missing("q");
    if (request->count > limits->texts)
        return hny_fail(HNY_ERROR_INPUT, "Invalid request: %zu texts exceed the limit of %zu", request->count,
                        limits->texts);
    request->texts = hny_allocate(request->count, sizeof *request->texts);
    if (!request->texts) return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < request->count; i++) {
        const json_t *text = request->list ? json_array_get(q, i) : q;
        if (!json_is_string(text))
            return hny_fail(HNY_ERROR_INPUT, "Invalid request: q is neither a string nor a list of strings");
        request->texts[i] = (struct hny_text){json_string_value(text), json_string_length(text)};
        request->characters += count_characters(request->texts[i]);
    }
    if (request->characters > limits->characters)
        return hny_fail(HNY_ERROR_INPUT, "Invalid request: %zu characters exceed the text limit of %zu",
                        request->characters, limits->characters);
    return HNY_OK;
}

static hny_status read_language(const json_t *body, const char *name, char code[HNY_LANGUAGE_CODE]) {
    const json_t *value = json_object_get(body, name);
    const char *text = json_string_value(value);
    if (!text || !*text) return missing(name);
    if (strlen(text) >= HNY_LANGUAGE_CODE) return hny_fail(HNY_ERROR_INPUT, "%.32s… is not supported", text);
    memcpy(code, text, strlen(text) + 1);
    return HNY_OK;
}

/* A number, or a form's digits. */
static hny_status read_alternatives(struct hny_text_request *request, const struct hny_text_limits *limits) {
    const json_t *value = json_object_get(request->body, "alternatives");
    long long number = json_integer_value(value);
    if (!value || json_is_null(value)) return HNY_OK;
    if (json_is_string(value)) {
        char *end;
        number = strtoll(json_string_value(value), &end, 10);
        if (*end || end == json_string_value(value)) value = NULL;
    } else if (!json_is_integer(value)) {
        value = NULL;
    }
    if (!value) return hny_fail(HNY_ERROR_INPUT, "Invalid request: alternatives parameter is not a number");
    if (number > 0 && (unsigned long long)number > limits->alternatives)
        return hny_fail(HNY_ERROR_INPUT, "Invalid request: alternatives parameter must be <= %zu",
                        limits->alternatives);
    request->alternatives = number > 0 ? (size_t)number : 0;
    return HNY_OK;
}

static hny_status read_format(struct hny_text_request *request) {
    const json_t *value = json_object_get(request->body, "format");
    const char *format = json_string_value(value);
    if (!value || json_is_null(value) || (format && (!*format || strcmp(format, "text") == 0))) return HNY_OK;
    request->html = format && strcmp(format, "html") == 0;
    return request->html
               ? HNY_OK
               : hny_fail(HNY_ERROR_INPUT, "%.32s format is not supported", format ? format : "This");
}

static hny_status read_request(struct hny_text_request *request, const struct hny_text_limits *limits,
                               bool only_text) {
    const json_t *body = request->body;
    if (!json_is_object(body))
        return hny_fail(HNY_ERROR_INPUT, "Invalid request: the body is no JSON object");
    HNY_TRY(read_texts(request, limits));
    if (only_text) return HNY_OK;
    HNY_TRY(read_language(body, "source", request->source));
    HNY_TRY(read_language(body, "target", request->target));
    HNY_TRY(read_format(request));
    HNY_TRY(read_alternatives(request, limits));
    request->attention = !request->list && json_is_true(json_object_get(body, "attention"));
    return HNY_OK;
}

hny_status hny_text_request_read(struct hny_text_request *request, const struct hny_text_limits *limits,
                                 json_t *body, bool only_text) {
    *request = (struct hny_text_request){.body = body};
    hny_status status = read_request(request, limits, only_text);
    if (status != HNY_OK) hny_text_request_free(request);
    return status;
}

/* --- Answers ---------------------------------------------------------------------------------------- */

static json_t *json_of(const struct hny_buffer *text) {
    return json_stringn(text->data ? text->data : "", text->size);
}

static json_t *json_of_guess(const struct hny_language_guess *guess) {
    return json_pack("{s:f, s:s}", "confidence", guess->confidence, "language", guess->language);
}

static json_t *json_of_text(const struct hny_text_answer *answer) {
    return json_of(&answer->text);
}

static json_t *json_of_source(const struct hny_text_answer *answer) {
    return json_of_guess(&answer->guess);
}

static json_t *json_of_alternatives(const struct hny_text_answer *answer) {
    json_t *list = json_array();
    bool fine = list != NULL;
    for (size_t i = 0; i < answer->alternative_count; i++)
        fine = json_array_append_new(list, json_of(&answer->alternatives[i])) == 0 && fine;
    if (fine) return list;
    json_decref(list);
    return NULL;
}

/* Sets NAME to what MAKE makes of the answer, or of each answer of a list. */
static bool put(json_t *object, const char *name, const struct hny_text_request *request,
                const struct hny_text_answer *answers,
                json_t *(*make)(const struct hny_text_answer *answer)) {
    if (!request->list) return json_object_set_new(object, name, make(&answers[0])) == 0;
    json_t *list = json_array();
    bool fine = list != NULL;
    for (size_t i = 0; i < request->count; i++)
        fine = json_array_append_new(list, make(&answers[i])) == 0 && fine;
    return json_object_set_new(object, name, list) == 0 && fine;
}

/* Prints OBJECT where it is FINE; takes over the reference. */
static hny_status print(json_t *object, bool fine, struct hny_buffer *out) {
    hny_status status = object && fine ? hny_json_print(out, object, false) : out_of_memory();
    json_decref(object);
    return status;
}

hny_status hny_text_answer_write(const struct hny_text_request *request,
                                 const struct hny_text_answer *answers, const struct hny_buffer *picture,
                                 struct hny_buffer *out) {
    json_t *object = json_object();
    bool fine = put(object, "translatedText", request, answers, json_of_text);
    if (strcmp(request->source, "auto") == 0)
        fine = put(object, "detectedLanguage", request, answers, json_of_source) && fine;
    if (request->alternatives > 0)
        fine = put(object, "alternatives", request, answers, json_of_alternatives) && fine;
    if (picture->size > 0) fine = json_object_set_new(object, "attention", json_of(picture)) == 0 && fine;
    return print(object, fine, out);
}

hny_status hny_guesses_write(const struct hny_language_guess *guesses, size_t count, struct hny_buffer *out) {
    json_t *list = json_array();
    bool fine = list != NULL;
    for (size_t i = 0; i < count; i++)
        fine = json_array_append_new(list, json_of_guess(&guesses[i])) == 0 && fine;
    return print(list, fine, out);
}

static json_t *json_of_language(const char *code) {
    char name[128];
    hny_language_name(code, name, sizeof name);
    return json_pack("{s:s, s:s}", "code", code, "name", name);
}

hny_status hny_settings_write(const struct hny_text_limits *limits, const struct hny_languages *languages,
                              unsigned seconds, struct hny_buffer *out) {
    const struct hny_pair *first = languages->count > 0 ? &languages->pairs[0] : NULL;
    json_t *settings = json_pack("{s:I, s:I, s:I, s:I, s:b, s:b, s:b, s:b, s:[]}", "charLimit",
                                 (json_int_t)limits->characters, "batchLimit", (json_int_t)limits->texts,
                                 "alternativesLimit", (json_int_t)limits->alternatives, "frontendTimeout",
                                 (json_int_t)seconds * 1000, "apiKeys", false, "keyRequired", false,
                                 "suggestions", false, "filesTranslation", false, "supportedFilesFormat");
    bool fine = settings != NULL;
    if (first) {
        json_t *pair = json_pack("{s:o, s:o}", "source", json_of_language(first->source), "target",
                                 json_of_language(first->target));
        fine = json_object_set_new(settings, "language", pair) == 0;
    }
    return print(settings, fine, out);
}

hny_status hny_error_write(const char *message, struct hny_buffer *out) {
    struct hny_buffer repaired = {0};
    hny_status status = hny_utf8_repair(&repaired, message, strlen(message), NULL);
    if (status == HNY_OK)
        status = print(json_pack("{s:s}", "error", repaired.data ? repaired.data : ""), true, out);
    hny_buffer_free(&repaired);
    return status;
}

const struct hny_http_refusal *hny_http_refusal(enum hny_refusal refusal) {
    static const struct hny_http_refusal failed = {500, "Cannot translate text"};
    static const struct hny_http_refusal refusals[HNY_REFUSALS] = {
        [HNY_REFUSED_BUSY] = {503, "Too many requests at once: ask again later"},
        [HNY_REFUSED_DEADLINE] = {504, "The translation took too long"},
        [HNY_REFUSED_MODEL] = {400, "This pair of languages is not available: no worker has its model"},
        [HNY_REFUSED_TOO_LONG] = {413, "The text is too long"},
        [HNY_REFUSED_POISON] = {500, "Cannot translate text: workers are lost over it"},
        [HNY_REFUSED_CANCELLED] = {503, "The translation was given up"},
        [HNY_REFUSED_LEAVING] = {503, "The service is shutting down"},
        [HNY_REFUSED_BAD] = {400, "Invalid request: the model cannot take this text"},
        [HNY_REFUSED_FAILED] = {500, "Cannot translate text: the worker failed"},
    };
    return (size_t)refusal < HNY_REFUSALS && refusals[refusal].status ? &refusals[refusal] : &failed;
}
