#include "pipeline/libretranslate.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(libretranslate);

static const struct hny_text_limits limits = {.characters = 20, .texts = 3, .alternatives = 2};

static hny_status read_body(struct hny_text_request *request, const char *body, bool only_text) {
    json_t *json = NULL;
    cr_assert_eq(hny_json_parse("body", body, strlen(body), &json), HNY_OK, "%s", hny_message());
    return hny_text_request_read(request, &limits, json, only_text);
}

static void expect_text(struct hny_text text, const char *expected) {
    cr_assert(text.size == strlen(expected) && memcmp(text.data, expected, text.size) == 0, "%s", expected);
}

Test(libretranslate, a_request_is_read) {
    struct hny_text_request request;
    cr_assert_eq(read_body(&request,
                           "{\"q\": \"Grüße\", \"source\": \"de\", \"target\": \"pt-BR\", \"api_key\": 7}",
                           false),
                 HNY_OK, "%s", hny_message());
    expect_text(request.texts[0], "Grüße");
    cr_assert(request.count == 1 && !request.list && !request.html && !request.attention);
    cr_assert(request.characters == 5 && request.alternatives == 0);
    cr_assert_str_eq(request.source, "de");
    cr_assert_str_eq(request.target, "pt-BR");
    hny_text_request_free(&request);
    cr_assert_eq(
        read_body(&request,
                  "{\"q\": [\"a\", \"\"], \"source\": \"auto\", \"target\": \"en\", \"format\": \"html\","
                  "\"alternatives\": \"2\", \"attention\": true}",
                  false),
        HNY_OK, "%s", hny_message());
    cr_assert(request.count == 2 && request.list && request.html && request.alternatives == 2);
    cr_assert(!request.attention, "of a list there is no picture");
    hny_text_request_free(&request);
    cr_assert_eq(read_body(&request, "{\"q\": \"a\"}", true), HNY_OK);
    hny_text_request_free(&request);
}

Test(libretranslate, what_cannot_be_is_refused_in_words) {
    static const struct {
        const char *body, *words;
    } cases[] = {
        {"[]", "no JSON object"},
        {"{\"source\": \"en\", \"target\": \"ja\"}", "missing q"},
        {"{\"q\": \"\", \"source\": \"en\", \"target\": \"ja\"}", "missing q"},
        {"{\"q\": [], \"source\": \"en\", \"target\": \"ja\"}", "missing q"},
        {"{\"q\": 7, \"source\": \"en\", \"target\": \"ja\"}", "neither a string nor a list"},
        {"{\"q\": [7], \"source\": \"en\", \"target\": \"ja\"}", "neither a string nor a list"},
        {"{\"q\": [\"1\",\"2\",\"3\",\"4\"], \"source\": \"en\", \"target\": \"ja\"}",
         "4 texts exceed the limit of 3"},
        {"{\"q\": [\"1234567890\",\"12345678901\"], \"source\": \"en\", \"target\": \"ja\"}",
         "21 characters exceed the text limit of 20"},
        {"{\"q\": \"a\", \"target\": \"ja\"}", "missing source"},
        {"{\"q\": \"a\", \"source\": \"en\"}", "missing target"},
        {"{\"q\": \"a\", \"source\": \"en\", \"target\": \"\"}", "missing target"},
        {"{\"q\": \"a\", \"source\": \"en\", \"target\": \"a-language-that-is-none\"}", "is not supported"},
        {"{\"q\": \"a\", \"source\": \"en\", \"target\": \"ja\", \"format\": \"pdf\"}",
         "pdf format is not supported"},
        {"{\"q\": \"a\", \"source\": \"en\", \"target\": \"ja\", \"format\": 1}", "format is not supported"},
        {"{\"q\": \"a\", \"source\": \"en\", \"target\": \"ja\", \"alternatives\": 3}", "must be <= 2"},
        {"{\"q\": \"a\", \"source\": \"en\", \"target\": \"ja\", \"alternatives\": \"x\"}", "not a number"},
        {"{\"q\": \"a\", \"source\": \"en\", \"target\": \"ja\", \"alternatives\": \"\"}", "not a number"},
        {"{\"q\": \"a\", \"source\": \"en\", \"target\": \"ja\", \"alternatives\": 1.5}", "not a number"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hny_text_request request;
        cr_assert_eq(read_body(&request, cases[i].body, false), HNY_ERROR_INPUT, "%s", cases[i].body);
        cr_assert(strstr(hny_message(), cases[i].words), "%s: %s", cases[i].body, hny_message());
        cr_assert(!request.texts && !request.body);
    }
}

Test(libretranslate, the_limits_themselves_are_allowed) {
    struct hny_text_request request;
    cr_assert_eq(read_body(&request,
                           "{\"q\": [\"猫猫猫猫猫猫猫猫猫猫\", \"12345\", \"12345\"], \"source\": \"ja\","
                           "\"target\": \"en\", \"alternatives\": 2}",
                           false),
                 HNY_OK, "%s", hny_message());
    hny_text_request_free(&request);
    cr_assert_eq(read_body(&request,
                           "{\"q\": \"a\", \"source\": \"ja\", \"target\": \"en\", \"alternatives\": -1}",
                           false),
                 HNY_OK);
    cr_assert_eq(request.alternatives, 0);
    hny_text_request_free(&request);
}

Test(libretranslate, a_forms_fields_are_a_body) {
    json_t *fields = json_object();
    cr_assert_eq(hny_form_add(fields, "q", (struct hny_text){"a\r\nb\rc\n", 7}), HNY_OK);
    cr_assert_eq(hny_form_add(fields, "q", (struct hny_text){"second", 6}), HNY_OK);
    cr_assert_eq(hny_form_add(fields, "x", (struct hny_text){"\xff", 1}), HNY_ERROR_INPUT);
    cr_assert_eq(hny_form_add(fields, "x", (struct hny_text){"a\0b", 3}), HNY_ERROR_INPUT);
    cr_assert_eq(hny_form_add(fields, "\xff", (struct hny_text){"a", 1}), HNY_ERROR_INPUT);
    cr_assert_str_eq(json_string_value(json_object_get(fields, "q")), "a\nb\rc\n");
    cr_assert_eq(json_object_size(fields), 1);
    json_decref(fields);
}

static void expect_answer(const struct hny_text_request *request, const char *picture, const char *expected) {
    struct hny_buffer alternatives[2] = {{0}}, drawn = {0}, out = {0};
    struct hny_text_answer answers[2] = {
        {.guess = {"de", 90}, .alternatives = alternatives, .alternative_count = 2}, {.guess = {"fr", 12.5}}};
    hny_buffer_print(&answers[0].text, "one \"1\"");
    hny_buffer_print(&alternatives[0], "eins");
    hny_buffer_print(&alternatives[1], "uno");
    hny_buffer_print(&drawn, "%s", picture);
    cr_assert_eq(hny_text_answer_write(request, answers, &drawn, &out), HNY_OK);
    cr_assert_str_eq(out.data, expected);
    hny_buffer_free(&answers[0].text);
    hny_buffer_free(&alternatives[0]);
    hny_buffer_free(&alternatives[1]);
    hny_buffer_free(&drawn);
    hny_buffer_free(&out);
}

Test(libretranslate, an_answer_has_the_requests_shape) {
    expect_answer(&(struct hny_text_request){.count = 1, .source = "de"}, "",
                  "{\"translatedText\":\"one \\\"1\\\"\"}");
    expect_answer(&(struct hny_text_request){.count = 1, .source = "auto", .alternatives = 2}, "<svg/>",
                  "{\"translatedText\":\"one "
                  "\\\"1\\\"\",\"detectedLanguage\":{\"confidence\":90.0,\"language\":\"de\"},"
                  "\"alternatives\":[\"eins\",\"uno\"],\"attention\":\"<svg/>\"}");
    expect_answer(&(struct hny_text_request){.count = 2, .list = true, .source = "auto", .alternatives = 2},
                  "",
                  "{\"translatedText\":[\"one \\\"1\\\"\",\"\"],\"detectedLanguage\":[{\"confidence\":90.0,"
                  "\"language\":\"de\"},{\"confidence\":12.5,\"language\":\"fr\"}],"
                  "\"alternatives\":[[\"eins\",\"uno\"],[]]}");
    expect_answer(&(struct hny_text_request){.count = 1, .list = true, .source = "de"}, "",
                  "{\"translatedText\":[\"one \\\"1\\\"\"]}");
}

Test(libretranslate, settings_tell_the_limits) {
    struct hny_languages languages = {0};
    struct hny_buffer out = {0};
    struct hny_pair pair;
    json_t *settings = NULL;
    cr_assert(hny_pair_read("en-ja", &pair));
    hny_languages_add(&languages, &pair);
    cr_assert_eq(hny_settings_write(&limits, &languages, 30, &out), HNY_OK);
    cr_assert_eq(hny_json_parse("settings", out.data, out.size, &settings), HNY_OK);
    cr_assert_eq(json_integer_value(json_object_get(settings, "charLimit")), 20);
    cr_assert_eq(json_integer_value(json_object_get(settings, "batchLimit")), 3);
    cr_assert_eq(json_integer_value(json_object_get(settings, "alternativesLimit")), 2);
    cr_assert_eq(json_integer_value(json_object_get(settings, "frontendTimeout")), 30000);
    cr_assert(json_is_false(json_object_get(settings, "keyRequired")));
    const json_t *target = json_object_get(json_object_get(settings, "language"), "target");
    cr_assert_str_eq(json_string_value(json_object_get(target, "name")), "Japanese");
    json_decref(settings);
    hny_buffer_free(&out);
    hny_languages_free(&languages);
}

Test(libretranslate, every_refusal_has_a_status_of_its_own_words) {
    for (int refusal = HNY_REFUSED_BUSY; refusal < HNY_REFUSALS; refusal++) {
        const struct hny_http_refusal *meaning = hny_http_refusal((enum hny_refusal)refusal);
        cr_assert(meaning->status >= 400 && meaning->status < 600 && *meaning->message);
    }
    cr_assert_eq(hny_http_refusal(HNY_REFUSED_BUSY)->status, 503);
    cr_assert_eq(hny_http_refusal(HNY_REFUSED_DEADLINE)->status, 504);
    cr_assert_eq(hny_http_refusal(HNY_REFUSED_MODEL)->status, 400);
    cr_assert_eq(hny_http_refusal((enum hny_refusal)99)->status, 500);
}

Test(libretranslate, an_error_is_json_whatever_its_words) {
    struct hny_buffer out = {0};
    cr_assert_eq(hny_error_write("a \"b\" \xff", &out), HNY_OK);
    cr_assert_str_eq(out.data, "{\"error\":\"a \\\"b\\\" \xef\xbf\xbd\"}");
    hny_buffer_free(&out);
}
