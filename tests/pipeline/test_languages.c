#include "pipeline/languages.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(languages);

static void expect_pair(const char *text, const char *source, const char *target, const char *model) {
    struct hny_pair pair;
    cr_assert(hny_pair_read(text, &pair), "%s", text);
    cr_assert_str_eq(pair.source, source);
    cr_assert_str_eq(pair.target, target);
    cr_assert_str_eq(pair.model, model);
}

Test(languages, a_models_name_tells_its_pair) {
    expect_pair("en-ja", "en", "ja", "en-ja");
    expect_pair("pt-BR-en", "pt-BR", "en", "pt-BR-en");
    expect_pair("en-pt-BR", "en", "pt-BR", "en-pt-BR");
    expect_pair("zh-Hans-zh-Hant-TW", "zh-Hans", "zh-Hant-TW", "zh-Hans-zh-Hant-TW");
    expect_pair("es-419-haw", "es-419", "haw", "es-419-haw");
    expect_pair("en-ja=demo", "en", "ja", "demo");
    expect_pair("en-ja=", "en", "ja", "");
}

Test(languages, other_names_are_no_pairs) {
    static const char *const names[] = {"",         "echo",        "en",          "en-",   "-ja",
                                        "en_ja",    "EN-JA",       "en-ja-",      "e-ja",  "engl-ja",
                                        "en-ja-v2", "en-ja ",      "en-Hans",     "en-BR", "en-41-ja",
                                        "en-brx1",  "en-Hansx-ja", "\xc3\xa9n-ja"};
    struct hny_pair pair;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        cr_assert(!hny_pair_read(names[i], &pair), "%s", names[i]);
}

static void learn(struct hny_languages *languages, const char *state) {
    json_t *json = NULL;
    cr_assert_eq(hny_json_parse("state", state, strlen(state), &json), HNY_OK, "%s", hny_message());
    cr_assert_eq(hny_languages_learn(languages, json), HNY_OK);
    json_decref(json);
}

Test(languages, models_with_workers_are_served_and_stay_so) {
    struct hny_languages languages = {0};
    learn(&languages,
          "{\"models\": [{\"name\": \"en-ja\", \"workers\": 2}, {\"name\": \"en-de\", \"workers\": 0},"
          "{\"name\": \"echo\", \"workers\": 1}, {\"name\": \"a=b\", \"workers\": 1}, {}]}");
    cr_assert_eq(languages.count, 1);
    cr_assert(hny_languages_find(&languages, "en", "ja"));
    cr_assert(!hny_languages_find(&languages, "ja", "en"));
    learn(&languages,
          "{\"models\": [{\"name\": \"en-ja\", \"workers\": 0}, {\"name\": \"en-de\", \"workers\": 1}]}");
    cr_assert(hny_languages_find(&languages, "en", "ja") && hny_languages_find(&languages, "en", "de"));
    learn(&languages, "[]");
    cr_assert(hny_languages_has(&languages, "de") && !hny_languages_has(&languages, "fr"));
    const char *sources[4];
    cr_assert_eq(hny_languages_sources(&languages, sources, 4), 1);
    cr_assert_str_eq(sources[0], "en");
    hny_languages_free(&languages);
}

Test(languages, a_pair_that_was_given_keeps_its_model) {
    struct hny_languages languages = {0};
    struct hny_pair pair;
    cr_assert(hny_pair_read("en-ja=demo", &pair));
    cr_assert_eq(hny_languages_add(&languages, &pair), HNY_OK);
    learn(&languages, "{\"models\": [{\"name\": \"en-ja\", \"workers\": 2}]}");
    cr_assert_str_eq(hny_languages_find(&languages, "en", "ja")->model, "demo");
    hny_languages_free(&languages);
}

Test(languages, the_list_is_libretranslates) {
    struct hny_languages languages = {0};
    struct hny_buffer out = {0};
    learn(&languages,
          "{\"models\": [{\"name\": \"en-ja\", \"workers\": 1}, {\"name\": \"en-pt-BR\", \"workers\": 1},"
          "{\"name\": \"ja-en\", \"workers\": 1}]}");
    cr_assert_eq(hny_languages_write(&languages, &out), HNY_OK);
    cr_assert_str_eq(out.data,
                     "[{\"code\":\"en\",\"name\":\"English\",\"targets\":[\"en\",\"ja\",\"pt-BR\"]},"
                     "{\"code\":\"ja\",\"name\":\"Japanese\",\"targets\":[\"ja\",\"en\"]},"
                     "{\"code\":\"pt-BR\",\"name\":\"Portuguese (Brazil)\",\"targets\":[\"pt-BR\"]}]");
    hny_buffer_clear(&out);
    hny_languages_free(&languages);
    cr_assert_eq(hny_languages_write(&languages, &out), HNY_OK);
    cr_assert_str_eq(out.data, "[]");
    hny_buffer_free(&out);
}
