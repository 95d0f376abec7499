#include "tools/arguments.h"

#include "model/config.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool same_name(const char *key, const char *word, size_t length) {
    if (strlen(key) != length) return false;
    for (size_t i = 0; i < length; i++)
        if (key[i] != word[i] && !(key[i] == '_' && word[i] == '-')) return false;
    return true;
}

static const struct hny_option *find_option(const struct hny_command *command, const char *name,
                                            size_t length) {
    for (const struct hny_option *option = command->options; option && option->name; option++)
        if (same_name(option->name, name, length)) return option;
    return NULL;
}

static const struct hny_config_key *find_setting(const struct hny_command *command, const char *name,
                                                 size_t length) {
    for (size_t i = 0; command->settings && i < hny_config_key_count; i++)
        if (same_name(hny_config_keys[i].name, name, length)) return &hny_config_keys[i];
    return NULL;
}

static void give(struct hny_arguments *arguments, const struct hny_option *option, const char *name,
                 const char *value) {
    arguments->given[arguments->given_count++] = (struct hny_argument){option, name, value};
}

static bool is_option(const char *word) {
    return word[0] == '-' && word[1] != '\0';
}

static bool is_number(const char *word) {
    char *end;
    strtod(word, &end);
    return end != word && *end == '\0';
}

static hny_status unknown(const struct hny_command *command, const char *word) {
    return hny_fail(HNY_ERROR_USAGE, "%s: unknown option %s (honyaku %s --help lists them)", command->name,
                    word, command->name);
}

/* A setting: --name=value, --name value, --name and --no-name for switches. */
static hny_status take_setting(struct hny_arguments *arguments, const struct hny_config_key *key, bool off,
                               const char *value, int count, char **words, int *at) {
    if (off && (key->type != HNY_CONFIG_SWITCH || value))
        return hny_fail(HNY_ERROR_USAGE, "%s: %s is no switch that takes no value", arguments->command->name,
                        words[*at]);
    if (key->type == HNY_CONFIG_SWITCH && !value) {
        give(arguments, NULL, key->name, off ? "false" : "true");
        return HNY_OK;
    }
    if (!value) {
        if (*at + 1 >= count)
            return hny_fail(HNY_ERROR_USAGE, "%s: %s needs a value", arguments->command->name, words[*at]);
        value = words[++*at];
    }
    give(arguments, NULL, key->name, value);
    return HNY_OK;
}

static hny_status take_option(struct hny_arguments *arguments, const struct hny_option *option,
                              const char *value, int count, char **words, int *at) {
    const char *word = words[*at];
    if (!option->value) {
        if (value) return hny_fail(HNY_ERROR_USAGE, "%s: %s takes no value", arguments->command->name, word);
        give(arguments, option, option->name, NULL);
        return HNY_OK;
    }
    if (value || option->optional) {
        give(arguments, option, option->name, value);
        return HNY_OK;
    }
    int first = *at;
    while (*at + 1 < count && (*at == first || (option->list && !is_option(words[*at + 1]))) &&
           !(option->list && is_option(words[*at + 1]) && !is_number(words[*at + 1])))
        give(arguments, option, option->name, words[++*at]);
    if (*at == first)
        return hny_fail(HNY_ERROR_USAGE, "%s: %s needs a value", arguments->command->name, word);
    return HNY_OK;
}

static hny_status take_long(struct hny_arguments *arguments, int count, char **words, int *at) {
    const char *name = words[*at] + 2, *equals = strchr(name, '=');
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    const char *value = equals ? equals + 1 : NULL;
    const struct hny_option *option = find_option(arguments->command, name, length);
    if (option) return take_option(arguments, option, value, count, words, at);
    bool off = length > 3 && strncmp(name, "no-", 3) == 0;
    const struct hny_config_key *key = find_setting(arguments->command, name, length);
    if (key) return take_setting(arguments, key, false, value, count, words, at);
    key = off ? find_setting(arguments->command, name + 3, length - 3) : NULL;
    if (key) return take_setting(arguments, key, true, value, count, words, at);
    return unknown(arguments->command, words[*at]);
}

static hny_status take_short(struct hny_arguments *arguments, int count, char **words, int *at) {
    const char *word = words[*at];
    /* one dash before a whole name, as sacreBLEU writes -tok and -sv: before -s with the value "v" */
    const struct hny_option *named = find_option(arguments->command, word + 1, strlen(word + 1));
    if (named) return take_option(arguments, named, NULL, count, words, at);
    for (const struct hny_option *option = arguments->command->options; option && option->name; option++) {
        if (!option->letter) continue;
        if (word[1] == option->letter)
            return take_option(arguments, option, word[2] ? word + 2 : NULL, count, words, at);
    }
    return unknown(arguments->command, word);
}

hny_status hny_arguments_parse(struct hny_arguments *arguments, const struct hny_command *command, int count,
                               char **words) {
    *arguments = (struct hny_arguments){.command = command};
    arguments->given = calloc((size_t)count + 1, sizeof *arguments->given);
    arguments->rest = calloc((size_t)count + 1, sizeof *arguments->rest);
    if (!arguments->given || !arguments->rest)
        return hny_fail(HNY_ERROR_MEMORY, "out of memory for arguments");
    bool options = true;
    for (int at = 0; at < count; at++) {
        const char *word = words[at];
        if (options && strcmp(word, "--") == 0)
            options = false;
        else if (options && (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0))
            arguments->help = true;
        else if (options && strncmp(word, "--", 2) == 0)
            HNY_TRY(take_long(arguments, count, words, &at));
        else if (options && is_option(word))
            HNY_TRY(take_short(arguments, count, words, &at));
        else
            arguments->rest[arguments->rest_count++] = word;
    }
    if (arguments->help) return HNY_OK;
    if (arguments->rest_count < command->least)
        return hny_fail(HNY_ERROR_USAGE, "%s: expected %s", command->name, command->arguments);
    if (arguments->rest_count > command->most)
        return hny_fail(HNY_ERROR_USAGE, "%s: unexpected argument \"%s\"", command->name,
                        arguments->rest[command->most]);
    return HNY_OK;
}

void hny_arguments_free(struct hny_arguments *arguments) {
    free(arguments->given);
    free(arguments->rest);
    *arguments = (struct hny_arguments){0};
}

static const struct hny_argument *last_given(const struct hny_arguments *arguments, const char *name) {
    assert(find_option(arguments->command, name, strlen(name)));
    for (size_t i = arguments->given_count; i-- > 0;)
        if (arguments->given[i].option && strcmp(arguments->given[i].name, name) == 0)
            return &arguments->given[i];
    return NULL;
}

bool hny_argument_given(const struct hny_arguments *arguments, const char *name) {
    return last_given(arguments, name) != NULL;
}

const char *hny_argument_text(const struct hny_arguments *arguments, const char *name) {
    const struct hny_argument *given = last_given(arguments, name);
    return given ? given->value : NULL;
}

size_t hny_argument_times(const struct hny_arguments *arguments, const char *name) {
    size_t times = 0;
    for (size_t i = 0; i < arguments->given_count; i++)
        times += arguments->given[i].option && strcmp(arguments->given[i].name, name) == 0;
    return times;
}

const char *hny_argument_at(const struct hny_arguments *arguments, const char *name, size_t index) {
    for (size_t i = 0; i < arguments->given_count; i++)
        if (arguments->given[i].option && strcmp(arguments->given[i].name, name) == 0 && index-- == 0)
            return arguments->given[i].value;
    return NULL;
}

hny_status hny_argument_real(const struct hny_arguments *arguments, const char *name, double least,
                             double most, double *number) {
    const char *text = hny_argument_text(arguments, name);
    if (!text) return HNY_OK;
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !(value >= least && value <= most))
        return hny_fail(HNY_ERROR_USAGE, "--%s: \"%s\" is not a number from %g to %g", name, text, least,
                        most);
    *number = value;
    return HNY_OK;
}

hny_status hny_argument_count(const struct hny_arguments *arguments, const char *name, size_t least,
                              size_t most, size_t *number) {
    const char *text = hny_argument_text(arguments, name);
    if (!text) return HNY_OK;
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno == ERANGE || text[0] < '0' || text[0] > '9' || *end != '\0' || value < least || value > most)
        return hny_fail(HNY_ERROR_USAGE, "--%s: \"%s\" is not a whole number from %zu to %zu", name, text,
                        least, most);
    *number = (size_t)value;
    return HNY_OK;
}

size_t hny_argument_rest(const struct hny_arguments *arguments) {
    return arguments->rest_count;
}

const char *hny_argument_rest_at(const struct hny_arguments *arguments, size_t index) {
    return index < arguments->rest_count ? arguments->rest[index] : NULL;
}

size_t hny_argument_settings(const struct hny_arguments *arguments) {
    size_t count = 0;
    for (size_t i = 0; i < arguments->given_count; i++) count += arguments->given[i].option == NULL;
    return count;
}

void hny_argument_setting(const struct hny_arguments *arguments, size_t index, const char **name,
                          const char **value) {
    for (size_t i = 0; i < arguments->given_count; i++)
        if (!arguments->given[i].option && index-- == 0) {
            *name = arguments->given[i].name;
            *value = arguments->given[i].value;
            return;
        }
}

hny_status hny_output_flush(void) {
    if (fflush(stdout) != 0 || ferror(stdout))
        return hny_fail(HNY_ERROR_IO, "standard output: it could not be written");
    return HNY_OK;
}
