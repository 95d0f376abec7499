#include "model/config.h"

#include "tests/base/scratch.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct hny_config config;

static void start(void) {
    scratch_open();
    hny_config_defaults(&config);
}
TestSuite(config, .init = start, .fini = scratch_close);

static void refuse_setting(const char *name, const char *value, const char *message) {
    struct hny_config before = config;
    cr_assert_eq(hny_config_set(&config, name, value), HNY_ERROR_USAGE, "%s=%s was taken", name, value);
    cr_assert_not_null(strstr(hny_message(), message), "%s", hny_message());
    cr_assert_arr_eq((char *)&config, (char *)&before, sizeof config);
}

/* A value of KEY that is not its default. */
static void other_value(const struct hny_config_key *key, char *value, size_t size) {
    switch (key->type) {
    case HNY_CONFIG_SWITCH:
        snprintf(value, size, "%s", strcmp(key->standard, "true") == 0 ? "false" : "true");
        break;
    case HNY_CONFIG_WORD:
        if (!key->choices) snprintf(value, size, "anything goes");
        for (const char *at = key->choices; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL) {
            snprintf(value, size, "%.*s", (int)strcspn(at, "|"), at);
            if (strcmp(value, key->standard) != 0) break;
        }
        break;
    default:
        snprintf(value, size, "%.17g", strtod(key->standard, NULL) == key->most ? key->least : key->most);
    }
}

Test(config, every_key_comes_back_from_text_through_json_and_a_file) {
    for (size_t i = 0; i < hny_config_key_count; i++) {
        const struct hny_config_key *key = &hny_config_keys[i];
        struct hny_config back;
        struct hny_buffer text = {0};
        char value[64];
        hny_config_defaults(&config);
        other_value(key, value, sizeof value);
        cr_assert_eq(hny_config_set(&config, key->name, value), HNY_OK, "%s", hny_message());
        json_t *object = hny_config_object(&config, HNY_CONFIG_FREE);
        cr_assert_eq(json_object_size(object), hny_config_key_count);
        cr_assert_eq(hny_json_print(&text, object, true), HNY_OK);
        hny_config_defaults(&back);
        cr_assert_eq(hny_config_same(&config, &back, HNY_CONFIG_FREE), HNY_ERROR_USAGE, "%s", key->name);
        cr_assert_eq(strncmp(hny_message(), key->name, strlen(key->name)), 0, "%s", hny_message());
        cr_assert_eq(hny_config_load(&back, scratch_put("config.json", text.data, text.size)), HNY_OK, "%s",
                     hny_message());
        cr_assert_eq(hny_config_same(&config, &back, HNY_CONFIG_FREE), HNY_OK, "%s", hny_message());
        hny_buffer_free(&text);
        json_decref(object);
    }
}

Test(config, defaults_are_inside_their_own_bounds_and_make_sense_together) {
    for (size_t i = 0; i < hny_config_key_count; i++) {
        const struct hny_config_key *key = &hny_config_keys[i];
        cr_assert_eq(hny_config_set(&config, key->name, key->standard), HNY_OK, "%s", hny_message());
    }
    cr_assert_eq(hny_config_check(&config), HNY_OK, "%s", hny_message());
    for (const struct hny_preset *preset = hny_presets; preset->name; preset++) {
        hny_config_defaults(&config);
        cr_assert_eq(hny_config_preset(&config, preset->name), HNY_OK, "%s", hny_message());
        cr_assert_eq(hny_config_check(&config), HNY_OK, "%s: %s", preset->name, hny_message());
    }
    cr_assert_eq(hny_config_preset(&config, "enormous"), HNY_ERROR_USAGE);
    cr_assert_not_null(strstr(hny_message(), "\"enormous\" (known: tiny"), "%s", hny_message());
}

Test(config, names_may_be_written_with_either_dash) {
    cr_assert_eq(hny_config_set(&config, "learning-rate", "0.5"), HNY_OK);
    cr_assert_eq(config.learning_rate, 0.5);
    cr_assert_eq(hny_config_set(&config, "learning_rate", "0.25"), HNY_OK);
    cr_assert_eq(config.learning_rate, 0.25);
    refuse_setting("learningrate", "0.5", "learningrate");
    refuse_setting("learning-rates", "0.5", "learning-rates");
    refuse_setting("learning", "0.5", "learning");
    refuse_setting("", "0.5", "");
}

Test(config, values_outside_of_their_bounds_are_refused_and_change_nothing) {
    refuse_setting("hidden", "0", "from 1 to 65536");
    refuse_setting("hidden", "65537", "from 1 to 65536");
    refuse_setting("hidden", "1.5", "whole number");
    refuse_setting("hidden", "-1", "hidden is -1");
    refuse_setting("hidden", "12 ", "not a number");
    refuse_setting("hidden", "", "not a number");
    refuse_setting("dropout", "inf", "0 to 0.95");
    refuse_setting("dropout", "nan", "0 to 0.95");
    refuse_setting("seed", "9007199254740994", "seed");
    refuse_setting("joint", "yes", "true or false");
    refuse_setting("cell", "transformer", "lstm|gru|rnn");
    refuse_setting("cell", "lstm|gru", "lstm|gru|rnn");
    refuse_setting("cell", "ls", "lstm|gru|rnn");
    refuse_setting("cell", "", "lstm|gru|rnn");
    char longer[sizeof config.symbols + 1];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    refuse_setting("symbols", longer, "at most");
    longer[sizeof longer - 2] = '\0';
    cr_assert_eq(hny_config_set(&config, "symbols", longer), HNY_OK, "%s", hny_message());
    cr_assert_str_eq(config.symbols, longer);
}

Test(config, files_with_unknown_keys_or_wrong_types_are_refused_by_name) {
    static const struct {
        const char *text, *message;
    } wrong[] = {
        {"{\"hiden\": 3}", "unknown setting \"hiden\""},
        {"{\"hidden\": \"3\"}", "hidden must be a whole number"},
        {"{\"hidden\": 3.0}", "hidden must be a whole number"},
        {"{\"hidden\": 0}", "from 1 to 65536"},
        {"{\"dropout\": true}", "dropout must be a number"},
        {"{\"joint\": 1}", "joint must be true or false"},
        {"{\"cell\": 1}", "cell must be a text"},
        {"{\"cell\": \"ltsm\"}", "lstm|gru|rnn"},
        {"{\"learning-rate\": null}", "learning_rate must be a number"},
        {"[]", "expected a JSON object"},
        {"{\"hidden\": 3, \"hidden\": 4}", "duplicate"},
        {"{", "not valid JSON"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *path = scratch_put("wrong.json", wrong[i].text, strlen(wrong[i].text));
        cr_assert_neq(hny_config_load(&config, path), HNY_OK, "taken: %s", wrong[i].text);
        cr_assert_not_null(strstr(hny_message(), wrong[i].message), "%s", hny_message());
        cr_assert_not_null(strstr(hny_message(), "wrong.json"), "%s", hny_message());
    }
    cr_assert_neq(hny_config_load(&config, scratch_path("missing.json")), HNY_OK);
}

Test(config, what_is_left_out_follows_from_the_rest) {
    config.hidden = 96;
    cr_assert_eq(hny_config_check(&config), HNY_OK);
    cr_assert_eq(config.embedding, 96);
    cr_assert_eq(config.readout, 0);
    config.decoder_layers = 1;
    cr_assert_eq(hny_config_check(&config), HNY_OK);
    cr_assert_eq(config.readout, 96);
}

static void refuse_together(const char *settings[], size_t count, const char *message) {
    hny_config_defaults(&config);
    for (size_t i = 0; i + 1 < count; i += 2)
        cr_assert_eq(hny_config_set(&config, settings[i], settings[i + 1]), HNY_OK, "%s", hny_message());
    cr_assert_eq(hny_config_check(&config), HNY_ERROR_USAGE, "%s", message);
    cr_assert_not_null(strstr(hny_message(), message), "%s", hny_message());
}
#define REFUSE(message, ...)                                                                                 \
    refuse_together((const char *[]){__VA_ARGS__},                                                           \
                    sizeof(const char *[]){__VA_ARGS__} / sizeof(const char *), message)

Test(config, combinations_without_sense_are_refused) {
    REFUSE("joint=true", "tie", "three", "joint", "false");
    REFUSE("embedding is 8", "tie", "two", "hidden", "16", "embedding", "8");
    REFUSE("that is 12", "tie", "two", "hidden", "16", "embedding", "16", "readout", "12");
    REFUSE("batch_tokens and batch_sentences", "batch-tokens", "0");
    REFUSE("valid_lines above 0", "valid-metric", "bleu", "valid-lines", "0");
    REFUSE("even hidden width", "bidirectional", "true", "hidden", "15");
}

Test(config, only_keys_of_the_scope_are_compared) {
    struct hny_config now = config;
    now.max_updates = 7;
    cr_assert_eq(hny_config_same(&config, &now, HNY_CONFIG_RUN), HNY_OK);
    cr_assert_eq(hny_config_same(&config, &now, HNY_CONFIG_FREE), HNY_ERROR_USAGE);
    cr_assert_str_eq(hny_message(), "max_updates was 0 when this model was begun and cannot become 7");
    now.learning_rate = 0.1;
    cr_assert_eq(hny_config_same(&config, &now, HNY_CONFIG_MODEL), HNY_OK);
    cr_assert_eq(hny_config_same(&config, &now, HNY_CONFIG_RUN), HNY_ERROR_USAGE);
    cr_assert_not_null(strstr(hny_message(), "cannot become 0.1"), "%s", hny_message());
    now.hidden = 3;
    cr_assert_eq(hny_config_same(&config, &now, HNY_CONFIG_MODEL), HNY_ERROR_USAGE);
}
