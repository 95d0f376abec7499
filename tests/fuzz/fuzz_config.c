/* The reader of settings: a JSON object, or lines NAME=VALUE as the command line gives them, or the name of a
 * preset. Whatever was taken must come back the same through its object. Reader: model/config.c */
#include "tests/fuzz/fuzz.h"

#include "model/config.h"
#include <string.h>

static void check_round_trip(const struct hny_config *config) {
    struct hny_config back;
    struct hny_buffer text = {0};
    json_t *object = hny_config_object(config, HNY_CONFIG_FREE);
    FUZZ_CHECK(object);
    FUZZ_CHECK(hny_json_print(&text, object, true) == HNY_OK);
    hny_config_defaults(&back);
    FUZZ_CHECK(hny_config_load(&back, fuzz_file((const uint8_t *)text.data, text.size)) == HNY_OK);
    FUZZ_CHECK(hny_config_same(config, &back, HNY_CONFIG_FREE) == HNY_OK);
    hny_buffer_free(&text);
    json_decref(object);
}

static void check_values(const struct hny_config *config) {
    for (size_t i = 0; i < hny_config_key_count; i++) {
        const struct hny_config_key *key = &hny_config_keys[i];
        const char *field = (const char *)config + key->offset;
        if (key->type == HNY_CONFIG_WORD) {
            FUZZ_CHECK(memchr(field, '\0', key->size));
        } else if (key->type != HNY_CONFIG_SWITCH) {
            bool count = key->type == HNY_CONFIG_COUNT;
            double value = count ? (double)*(const uint64_t *)field : *(const double *)field;
            FUZZ_CHECK(value >= key->least && value <= key->most);
        }
    }
}

/* Lines NAME=VALUE; a line without = is a preset. False at the first that is refused. */
static bool set_lines(struct hny_config *config, char *text) {
    for (char *rest = text, *line; (line = strsep(&rest, "\n"));) {
        char *equals = strchr(line, '=');
        if (equals) *equals++ = '\0';
        hny_status status = equals ? hny_config_set(config, line, equals) : hny_config_preset(config, line);
        if (status != HNY_OK) return false;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct hny_config config, standard;
    bool taken;
    hny_config_defaults(&config);
    hny_config_defaults(&standard);
    if (size > 0 && data[0] == '@') {
        char *text = strndup((const char *)data + 1, size - 1);
        FUZZ_CHECK(text);
        taken = set_lines(&config, text);
        free(text);
    } else {
        taken = hny_config_load(&config, fuzz_file(data, size)) == HNY_OK;
    }
    if (!taken) FUZZ_CHECK(*hny_message());
    check_values(&config);
    if (hny_config_check(&config) == HNY_OK) check_round_trip(&config);
    if (hny_config_same(&standard, &config, HNY_CONFIG_MODEL) != HNY_OK) FUZZ_CHECK(*hny_message());
    return 0;
}
