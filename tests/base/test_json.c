#include "base/json.h"

#include "tests/base/scratch.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

TestSuite(json, .init = scratch_open, .fini = scratch_close);

static hny_status parse(const char *text, json_t **json) {
    return hny_json_parse("a.json", text, strlen(text), json);
}

Test(json, a_value_prints_as_it_was_read) {
    static const char *const texts[] = {
        "{\"b\":1,\"a\":[true,null,\"あ\\n\"],\"c\":{}}", "[]", "3", "\"x\"", "-1.5", "{\"z\":1e+300}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        json_t *json = NULL;
        struct hny_buffer out = {0};
        cr_assert_eq(parse(texts[i], &json), HNY_OK, "%s", hny_message());
        hny_buffer_append(&out, "> ", 2);
        cr_assert_eq(hny_json_print(&out, json, false), HNY_OK);
        if (i < 5) cr_assert_str_eq(out.data + 2, texts[i]);
        hny_buffer_free(&out);
        json_decref(json);
    }
}

Test(json, indented_output_ends_in_lf) {
    json_t *json = NULL;
    struct hny_buffer out = {0};
    cr_assert_eq(parse("{\"a\":[1]}", &json), HNY_OK);
    cr_assert_eq(hny_json_print(&out, json, true), HNY_OK);
    cr_assert_str_eq(out.data, "{\n  \"a\": [\n    1\n  ]\n}\n");
    hny_buffer_free(&out);
    json_decref(json);
}

Test(json, reals_a_person_would_type_print_as_typed_where_all_are_such) {
    static const char *const texts[][2] = {
        {"{\"a\":[0.9995,0.1],\"b\":1e-9}", "{\"a\":[0.9995,0.1],\"b\":1e-9}"},
        {"[0.1,{\"a\":0.33333333333333331}]", "[0.10000000000000001,{\"a\":0.33333333333333331}]"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        json_t *json = NULL;
        struct hny_buffer out = {0};
        cr_assert_eq(parse(texts[i][0], &json), HNY_OK);
        cr_assert_eq(hny_json_print(&out, json, false), HNY_OK);
        cr_assert_str_eq(out.data, texts[i][1]);
        hny_buffer_free(&out);
        json_decref(json);
    }
}

Test(json, reals_come_back_bit_by_bit) {
    static const double reals[] = {
        0.1, 1.0 / 3, 1e-310, 5e-324, 1.7976931348623157e308, -0.0, 3, 0x1.fffffffffffffp-1};
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++) {
        json_t *json = json_real(reals[i]), *back = NULL;
        struct hny_buffer out = {0};
        cr_assert_eq(hny_json_print(&out, json, false), HNY_OK);
        cr_assert_eq(parse(out.data, &back), HNY_OK, "%s: %s", out.data, hny_message());
        double value = json_real_value(back);
        cr_assert_arr_eq(&value, &reals[i], sizeof value, "%s", out.data);
        hny_buffer_free(&out);
        json_decref(json);
        json_decref(back);
    }
}

Test(json, what_is_not_strict_json_is_refused_with_name_and_line) {
    static const char *const texts[] = {
        "",         "{",     "{\"a\":1,\"a\":2}", "[1,]",     "[1] x",   "{'a':1}",     "[01]",
        "\"\xFF\"", "[NaN]", "// x\n1",           "\"a\nb\"", "[1e999]", "\"\\ud800\"",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        json_t *json = NULL;
        cr_assert_eq(parse(texts[i], &json), HNY_ERROR_INPUT, "%s", texts[i]);
        cr_assert_null(json);
        cr_assert_eq(strncmp(hny_message(), "a.json:1: ", 10), 0, "%s", hny_message());
    }
    json_t *json = NULL;
    cr_assert_eq(parse("{\n\"a\": 1,\n\"a\": 2\n}", &json), HNY_ERROR_INPUT);
    cr_assert_eq(strncmp(hny_message(), "a.json:3: ", 10), 0, "%s", hny_message());
    cr_assert_neq(strstr(hny_message(), "duplicate"), NULL, "%s", hny_message());
}

Test(json, a_nul_inside_a_string_is_refused) {
    json_t *json = NULL;
    cr_assert_eq(parse("\"a\\u0000b\"", &json), HNY_ERROR_INPUT);
    cr_assert_eq(hny_json_parse("x", "[1]\0[2]", 7, &json), HNY_ERROR_INPUT);
}

Test(json, deep_nesting_is_refused_without_a_crash) {
    size_t depth = 1000000;
    char *text = malloc(depth + 1);
    memset(text, '[', depth);
    text[depth] = '\0';
    json_t *json = NULL;
    cr_assert_eq(parse(text, &json), HNY_ERROR_INPUT);
    free(text);
}

Test(json, a_file_is_loaded_and_named_in_messages) {
    json_t *json = NULL;
    cr_assert_eq(hny_json_load(scratch_put("good", "{\"a\": 1}\n", 9), &json), HNY_OK, "%s", hny_message());
    cr_assert_eq(json_integer_value(json_object_get(json, "a")), 1);
    json_decref(json);
    json = NULL;
    cr_assert_eq(hny_json_load(scratch_put("bad", "{}\n}", 4), &json), HNY_ERROR_INPUT);
    cr_assert_neq(strstr(hny_message(), "/bad:2: "), NULL, "%s", hny_message());
    cr_assert_eq(hny_json_load(scratch_put("empty", "", 0), &json), HNY_ERROR_INPUT);
    cr_assert_eq(hny_json_load(scratch_path("missing"), &json), HNY_ERROR_IO);
    cr_assert_null(json);
}

Test(json, a_value_that_cannot_be_printed_leaves_the_buffer_as_it_was) {
    struct hny_buffer out = {0};
    hny_buffer_append(&out, "kept", 4);
    cr_assert_neq(hny_json_print(&out, NULL, false), HNY_OK);
    cr_assert_str_eq(out.data, "kept");
    hny_buffer_free(&out);
}
