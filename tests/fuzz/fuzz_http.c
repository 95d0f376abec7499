/* What the gateway reads of HTTP, by the first byte: j a JSON body of /translate, f a form's fields (name,
 * NUL, value, NUL, …), h HTML, t plain text, g Host, Origin and an address, a line each, l the broker's
 * state.
 *
 * Reader: pipeline/libretranslate.c
 *
 * Reader: pipeline/markup.c
 *
 * Reader: pipeline/text_pieces.c
 *
 * Reader: pipeline/text_pieces_html.c
 *
 * Reader: pipeline/inline_markup.c
 *
 * Reader: pipeline/http_guard.c
 *
 * Reader: pipeline/languages.c */
#include "tests/fuzz/fuzz.h"

#include "base/utf8.h"
#include "pipeline/attention_picture.h"
#include "pipeline/http_guard.h"
#include "pipeline/libretranslate.h"
#include "pipeline/markup.h"
#include "pipeline/metrics.h"
#include "pipeline/text_pieces.h"
#include <string.h>

/* --- Texts ------------------------------------------------------------------------------------------ */

static size_t count_tags(const char *text, size_t size) {
    size_t count = 0;
    for (size_t i = 0; i < size; i++) count += text[i] == '<';
    return count;
}

/* Markup is in RESULT, in order but for tags within a sentence, and no other. */
static void check_markup(struct hny_text html, const struct hny_buffer *result) {
    struct hny_markup_run *runs;
    size_t count, end = 0, from = 0, tags = 0;
    FUZZ_CHECK(hny_markup_cut(html, &runs, &count) == HNY_OK);
    for (size_t i = 0; i < count; i++) {
        const char *run = html.data + runs[i].start;
        bool ordered = runs[i].kind == HNY_MARKUP_OTHER;
        FUZZ_CHECK(runs[i].start == end && runs[i].size > 0);
        end += runs[i].size;
        if (runs[i].kind == HNY_MARKUP_TEXT) continue;
        tags += count_tags(run, runs[i].size);
        const char *found = memmem(result->data + from, result->size - from, run, runs[i].size);
        FUZZ_CHECK(found || (!ordered && memmem(result->data, result->size, run, runs[i].size)));
        if (ordered) from = (size_t)(found - result->data) + runs[i].size;
    }
    FUZZ_CHECK(end == html.size && count_tags(result->data, result->size) == tags);
    free(runs);
}

/* Plain text with a mark for each sentence has as many lines as before. */
static void check_lines(struct hny_text text, const struct hny_buffer *result) {
    size_t before = 0, after = 0;
    for (size_t i = 0; i < text.size; i++) before += text.data[i] == '\n';
    for (size_t i = 0; i < result->size; i++) after += result->data[i] == '\n';
    FUZZ_CHECK(before == after);
}

/* With LINE as what is told of each sentence's attention. */
static void translate(struct hny_text text, bool html, const json_t *line) {
    static struct hny_paragraph *paragraph;
    struct hny_text_pieces *pieces;
    struct hny_buffer out = {0};
    if (!paragraph) FUZZ_CHECK(hny_paragraph_create(&paragraph) == HNY_OK);
    FUZZ_CHECK(hny_text_pieces_create(&pieces, paragraph, text, html) == HNY_OK);
    size_t count = hny_text_pieces_count(pieces);
    struct hny_text_translation *translations = calloc(count + 1, sizeof *translations);
    FUZZ_CHECK(translations);
    for (size_t i = 0; i < count; i++) {
        struct hny_text sentence = hny_text_pieces_sentence(pieces, i);
        FUZZ_CHECK(sentence.size > 0 && hny_utf8_valid(sentence.data, sentence.size));
        FUZZ_CHECK(!memchr(sentence.data, '\n', sentence.size) &&
                   !memchr(sentence.data, '\0', sentence.size));
        /* every other one is an echo, and the rest have an attention of whatever is there */
        translations[i].text = i % 2 ? sentence : (struct hny_text){"訳 a&<", strlen("訳 a&<")};
        translations[i].line = i % 3 ? NULL : line;
    }
    FUZZ_CHECK(hny_text_pieces_join(pieces, translations, &out) == HNY_OK);
    FUZZ_CHECK(hny_utf8_valid(out.data, out.size));
    if (html)
        check_markup(text, &out);
    else
        check_lines(text, &out);
    free(translations);
    hny_buffer_free(&out);
    hny_text_pieces_destroy(&pieces);
}

/* As they come out of JSON: UTF-8 without NUL. */
static void translate_bytes(const char *data, size_t size, bool html) {
    struct hny_buffer text = {0};
    FUZZ_CHECK(hny_utf8_repair(&text, data, size, NULL) == HNY_OK);
    for (size_t i = 0; i < text.size; i++)
        if (!text.data[i]) text.data[i] = ' ';
    translate((struct hny_text){text.data ? text.data : "", text.size}, html, NULL);
    hny_buffer_free(&text);
}

/* --- Bodies ----------------------------------------------------------------------------------------- */

static json_t *read_json(const char *data, size_t size) {
    json_t *json = NULL;
    return hny_json_parse("body", data, size, &json) == HNY_OK ? json : NULL;
}

/* The answer to REQUEST with its own texts as translations and alternatives, which has q's shape. */
static void check_answer(const struct hny_text_request *request) {
    struct hny_buffer out = {0}, picture = {0};
    struct hny_text_answer *answers = calloc(request->count, sizeof *answers);
    FUZZ_CHECK(answers);
    for (size_t i = 0; i < request->count; i++) {
        const struct hny_text *text = &request->texts[i];
        answers[i].alternatives = calloc(1, sizeof *answers[i].alternatives);
        answers[i].alternative_count = 1;
        FUZZ_CHECK(hny_buffer_append(&answers[i].text, text->data, text->size) == HNY_OK);
        FUZZ_CHECK(hny_buffer_append(&answers[i].alternatives[0], text->data, text->size) == HNY_OK);
    }
    if (request->attention) FUZZ_CHECK(hny_buffer_print(&picture, "<svg/>") == HNY_OK);
    FUZZ_CHECK(hny_text_answer_write(request, answers, &picture, &out) == HNY_OK);
    json_t *json = read_json(out.data, out.size);
    FUZZ_CHECK(json_equal(json_object_get(json, "translatedText"), json_object_get(request->body, "q")));
    FUZZ_CHECK(!json_object_get(json, "alternatives") == (request->alternatives == 0));
    FUZZ_CHECK(!json_object_get(json, "attention") == !request->attention);
    json_decref(json);
    hny_buffer_clear(&out);
    FUZZ_CHECK(hny_guesses_write(&answers[0].guess, 1, &out) == HNY_OK);
    for (size_t i = 0; i < request->count; i++) hny_text_answer_free(&answers[i]);
    free(answers);
    hny_buffer_free(&out);
    hny_buffer_free(&picture);
}

static void check_error(void) {
    struct hny_buffer out = {0};
    FUZZ_CHECK(hny_error_write(hny_message(), &out) == HNY_OK);
    json_t *json = read_json(out.data, out.size);
    FUZZ_CHECK(json_is_string(json_object_get(json, "error")));
    json_decref(json);
    hny_buffer_free(&out);
}

static void take_body(json_t *body) {
    static const struct hny_text_limits limits = {.characters = 500, .texts = 8, .alternatives = 4};
    struct hny_text_request request;
    if (!body) return;
    hny_status status = hny_text_request_read(&request, &limits, json_incref(body), true);
    if (status == HNY_OK) hny_text_request_free(&request);
    status = hny_text_request_read(&request, &limits, body, false);
    FUZZ_CHECK(status == HNY_OK || status == HNY_ERROR_INPUT);
    if (status != HNY_OK) {
        FUZZ_CHECK(!request.body && !request.texts);
        check_error();
        return;
    }
    FUZZ_CHECK(request.count <= limits.texts && request.characters <= limits.characters);
    FUZZ_CHECK(request.alternatives <= limits.alternatives && *request.source && *request.target);
    for (size_t i = 0; i < request.count; i++)
        translate(request.texts[i], request.html, json_object_get(body, "line"));
    check_answer(&request);
    hny_text_request_free(&request);
}

static void take_form(const char *data, size_t size) {
    json_t *fields = json_object();
    for (size_t at = 0; at < size;) {
        size_t name = strnlen(data + at, size - at), value = at + name + 1;
        if (value >= size) break;
        size_t length = strnlen(data + value, size - value);
        hny_status status = hny_form_add(fields, data + at, (struct hny_text){data + value, length});
        FUZZ_CHECK(status == HNY_OK || status == HNY_ERROR_INPUT);
        at = value + length + 1;
    }
    take_body(fields);
}

/* --- The rest --------------------------------------------------------------------------------------- */

/* Host, Origin and address: whoever is welcome has an Origin that names the very Host, or none. */
static void take_guard(char *text) {
    struct hny_http_address address;
    char *origin = strchr(text, '\n'), *bind = origin ? strchr(origin + 1, '\n') : NULL;
    if (!bind) return;
    *origin++ = *bind++ = '\0';
    static const char *const names[] = {"mt.example.org"}, *const origins[] = {"https://site.example"};
    hny_status status = hny_http_address_read(bind, false, &address);
    FUZZ_CHECK(status == HNY_OK || status == HNY_ERROR_USAGE);
    if (status == HNY_OK) FUZZ_CHECK(address.local);
    if (status != HNY_OK && hny_http_address_read(bind, true, &address) != HNY_OK)
        FUZZ_CHECK(hny_http_address_read("8080", false, &address) == HNY_OK);
    const struct hny_http_guard guard = {&address, names, 1, origins, 1};
    enum hny_http_verdict verdict = hny_http_guard_check(&guard, text, *origin ? origin : NULL);
    if (verdict == HNY_HTTP_CROSS) FUZZ_CHECK(strcasecmp(origin, origins[0]) == 0);
    if (verdict == HNY_HTTP_WELCOME && *origin) FUZZ_CHECK(strncasecmp(origin, "http", 4) == 0);
    FUZZ_CHECK(hny_http_guard_check(&guard, text, "null") >= HNY_HTTP_WRONG_HOST);
}

static void take_state(const char *data, size_t size) {
    struct hny_languages languages = {0};
    const struct hny_gateway_counts counts = {0};
    struct hny_buffer out = {0};
    const char *codes[4];
    json_t *state = read_json(data, size);
    if (!state) return;
    FUZZ_CHECK(hny_languages_learn(&languages, state) == HNY_OK);
    for (size_t i = 0; i < languages.count; i++) {
        const struct hny_pair *pair = &languages.pairs[i];
        FUZZ_CHECK(hny_languages_find(&languages, pair->source, pair->target) == pair);
        FUZZ_CHECK(hny_languages_has(&languages, pair->target));
    }
    FUZZ_CHECK(hny_languages_sources(&languages, codes, 4) <= languages.count);
    FUZZ_CHECK(hny_languages_write(&languages, &out) == HNY_OK);
    hny_buffer_clear(&out);
    struct hny_text_limits limits;
    hny_text_limits_defaults(&limits);
    FUZZ_CHECK(hny_settings_write(&limits, &languages, 30, &out) == HNY_OK);
    FUZZ_CHECK(hny_metrics_write(state, &counts, &out) == HNY_OK);
    FUZZ_CHECK(hny_attention_picture_write(json_object_get(state, "lines"), &out) == HNY_OK);
    hny_buffer_free(&out);
    hny_languages_free(&languages);
    json_decref(state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    char *text = strndup((const char *)data + 1, size - 1); /* up to a NUL */
    FUZZ_CHECK(text);
    const char *rest = (const char *)data + 1;
    switch (data[0]) {
    case 'j':
        take_body(read_json(rest, size - 1));
        break;
    case 'f':
        take_form(rest, size - 1);
        break;
    case 'h':
    case 't':
        translate_bytes(rest, size - 1, data[0] == 'h');
        break;
    case 'g':
        take_guard(text);
        break;
    case 'l':
        take_state(rest, size - 1);
        break;
    }
    free(text);
    return 0;
}
