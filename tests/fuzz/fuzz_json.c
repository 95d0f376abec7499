/* The reader of JSON on any bytes: what it takes, it prints so that it reads the same again.
 * Reader: base/json.c */
#include "tests/fuzz/fuzz.h"

#include "base/json.h"
#include <string.h>

static void check_round_trip(const json_t *json, bool indented) {
    struct hny_buffer printed = {0};
    json_t *back = NULL;
    FUZZ_CHECK(hny_json_print(&printed, json, indented) == HNY_OK);
    FUZZ_CHECK(indented || !memchr(printed.data, '\n', printed.size));
    FUZZ_CHECK(hny_json_parse("printed", printed.data, printed.size, &back) == HNY_OK);
    FUZZ_CHECK(json_equal(json, back));
    json_decref(back);
    hny_buffer_free(&printed);
}

static void check_refused_print(void) {
    struct hny_buffer printed = {0};
    FUZZ_CHECK(hny_buffer_append(&printed, "kept", 4) == HNY_OK);
    FUZZ_CHECK(hny_json_print(&printed, NULL, false) != HNY_OK);
    FUZZ_CHECK(printed.size == 4 && strcmp(printed.data, "kept") == 0);
    hny_buffer_free(&printed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    json_t *json = NULL, *loaded = NULL;
    hny_status status = hny_json_parse("input", (const char *)data, size, &json);
    FUZZ_CHECK((status == HNY_OK) == (json != NULL));
    FUZZ_CHECK(hny_json_load(fuzz_file(data, size), &loaded) == status);
    if (status == HNY_OK) {
        FUZZ_CHECK(json_equal(json, loaded));
        check_round_trip(json, false);
        check_round_trip(json, true);
        FUZZ_CHECK(hny_json_save("/dev/null", json) == HNY_OK);
        FUZZ_CHECK(hny_json_save("/dev/full", json) == HNY_ERROR_IO);
    } else {
        FUZZ_CHECK(*hny_message());
        check_refused_print();
    }
    json_decref(json);
    json_decref(loaded);
    return 0;
}
